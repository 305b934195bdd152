# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=bash
# Another Debian in a folder, for its compilers and libraries. The kernel stays the host's. Sourced after install.sh.
. "$ROOT/scripts/lib/mirror.sh"

# run_in_suite SUITE COMMAND...: the tree is /src there, and /build a folder that stays.
run_in_suite() {
  local suite=$1 base
  shift
  need_root 'it makes a Debian in a folder and works inside'
  step "Debian $suite in a folder"
  install_missing suite
  base=$(cache_folder)/$suite
  make_suite "$suite" "$base"
  refresh_suite "$base"
  # The mounts belong to this process and its children: whatever ends it, they are gone, and the host never sees them.
  unshare --mount --propagation private -- bash -euo pipefail -c "$(declare -f enter_suite); enter_suite \"\$@\"" \
    enter_suite "$ROOT" "$base" "$@"
}

# make_suite SUITE FOLDER [PACKAGE,...]: made under another name and renamed when complete, so that an interrupted run
# leaves nothing that looks whole.
make_suite() {
  local suite=$1 base=$2 include=ca-certificates${3:+,$3} started=$SECONDS mirror log
  [ -d "$base" ] && return
  mirror=$(host_mirror)
  [ -n "$mirror" ] || die "apt on this host has no Debian archive configured"
  log=$(mktemp)
  export_host_proxy
  rm -rf --one-file-system "$base.new"
  # In a mount namespace of its own: a run that is cut off leaves no /proc of the host mounted there.
  quietly "$log" unshare --mount --propagation private -- debootstrap --variant=minbase --include="$include" --keyring="$KEYRING" "$suite" "$base.new" \
    "$mirror" || die "debootstrap of $suite failed"
  rm -f "$log"
  mv "$base.new" "$base"
  say "made $base in $((SECONDS - started)) s"
}

# How to reach the archive may have changed since the folder was made.
refresh_suite() {
  local base=$1
  host_fetch_settings >"$base/etc/apt/apt.conf.d/90host"
  cp -L /etc/resolv.conf /etc/hosts "$base/etc/"
}

# Runs in a mount namespace of its own. The tree is read-only there: a build that writes into it would be caught.
enter_suite() {
  local tree=$1 base=$2
  shift 2
  mkdir -p "$base/src" "$base/build"
  mount --bind "$base" "$base" # or / is no mount point there, and nothing can be unshared
  mount --bind "$tree" "$base/src"
  mount -o remount,ro,bind "$base/src"
  mount -t proc proc "$base/proc"
  mount --rbind /sys "$base/sys"
  mount --rbind /dev "$base/dev"
  # A bpffs of its own: pins of the host are out of reach, and ours vanish with it.
  mount -t bpf bpf "$base/sys/fs/bpf"
  mount -t tmpfs tmpfs "$base/run"
  mount -t tmpfs tmpfs "$base/tmp"
  exec chroot "$base" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/tmp LC_ALL=C.UTF-8 \
    "$@"
}
