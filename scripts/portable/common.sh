# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=sh disable=SC2034
# What `install` and `uninstall` of the archive share. POSIX, for busybox. They do what the maintainer scripts of the
# Debian package do, and for the same reasons.

PINS=/sys/fs/bpf/apiguard
UNITS='apiguard-boot.service apiguard.service'
SCRIPTS='apiguard-boot apiguard' # of OpenRC

say() { echo "apiguard: $*"; }
die() {
  echo "apiguard: $*" >&2
  exit 1
}

# ---- where ----

# set_places: of PREFIX and DESTDIR.
set_places() {
  case $PREFIX in /*) ;; *) die "prefix '$PREFIX': not an absolute path" ;; esac
  case $DESTDIR in '' | /*) ;; *) die "destdir '$DESTDIR': not an absolute path" ;; esac
  PREFIX=${PREFIX%/}
  DESTDIR=${DESTDIR%/}
  SHARE=$PREFIX/share/apiguard
  MANIFEST=$SHARE/manifest
  PROGRAM=$PREFIX/sbin/apiguard
}

has_systemd() { [ -x "$DESTDIR/usr/lib/systemd/systemd" ] || [ -x "$DESTDIR/lib/systemd/systemd" ]; }
has_openrc() { [ -x "$DESTDIR/sbin/openrc-run" ] || [ -x "$DESTDIR/usr/sbin/openrc-run" ]; }
has_udev() { [ -x "$DESTDIR/bin/udevadm" ] || [ -x "$DESTDIR/sbin/udevadm" ] || [ -x "$DESTDIR/usr/bin/udevadm" ]; }

# Files of an image, or of a chroot, have no kernel: the one that runs is that of a host whose filter is none of our
# business.
has_kernel() {
  [ -z "$DESTDIR" ] || return 1
  [ "$(stat -L -c %d:%i /proc/1/root/ 2>/dev/null)" = "$(stat -L -c %d:%i /)" ]
}
runs_systemd() { has_kernel && [ -d /run/systemd/system ]; }
runs_openrc() { has_kernel && [ -d /run/openrc ] && command -v rc-service >/dev/null; }

need_root() { [ "$(id -u)" -eq 0 ] || die "user '$(id -un)': is not root: run this with sudo or doas"; }

# The package's files are dpkg's.
refuse_beside_package() {
  [ -z "$DESTDIR" ] && command -v dpkg-query >/dev/null || return 0
  case $(dpkg-query --show --showformat '${db:Status-Status}' apiguard 2>/dev/null) in
    '' | not-installed | config-files) ;;
    *) die "package 'apiguard': is installed on this host: $1" ;;
  esac
}

# ---- the manifest: KIND DIGEST PATH, a line each ----
#
# program  replaced and removed as it is        config  what was changed by hand is kept, as conffiles are
# link     what enables a unit                  folder  removed if empty

digest() { sha256sum <"$1" | cut -d ' ' -f 1; }

# digest_in MANIFEST PATH: what was installed there, or nothing.
digest_in() {
  [ -e "$1" ] || return 0
  awk -v path="$2" '$3 == path && $1 != "folder" { print $2 }' "$1"
}

# is_changed DIGEST FILE
is_changed() { [ -e "$2" ] && [ "$(digest "$2")" != "$1" ]; }
