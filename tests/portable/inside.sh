#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck disable=SC3043,SC2086
# The half of life.sh that runs in the root it made, by that root's own shell: dash or busybox. /shared has the archives
# and what the other half answers: verdicts come from there, because nothing else has to be installed here.
set -eu
PINS=/sys/fs/bpf/apiguard
OFFICE=203.0.113.7 STRANGER=192.0.2.7
KIND=$1
LOG=/tmp/said

step() { printf '\n== %s\n' "$*"; }
die() {
  printf 'FAILED: %s\n' "$*" >&2
  exit 1
}
same() { [ "$1" = "$2" ] || die "$3: expected '$1', got '$2'"; }

# ---- saying what is ----

# run COMMAND...: it succeeds, and what it says is in LOG.
run() {
  printf '$ %s\n' "$*"
  "$@" >"$LOG" 2>&1 || { cat "$LOG" && die "$*"; }
  sed 's/^/  /' "$LOG"
}
# refused WORDS COMMAND...: it fails and says so, and nothing has changed.
refused() {
  local words=$1
  shift
  printf '$ %s\n' "$*"
  files >/tmp/before
  ! "$@" >"$LOG" 2>&1 || die "not refused: $*"
  sed 's/^/  /' "$LOG"
  says "$words"
  files >/tmp/after
  diff /tmp/before /tmp/after || die "refused, and files changed: $*"
}
says() { grep -F -- "$1" "$LOG" >/dev/null || die "'$1' is not said"; }
silent_about() { ! grep -F -- "$1" "$LOG" || die "'$1' is said"; }

# files: everything that is here, with what it holds.
files() {
  here -exec stat -c '%A %u:%g %N' {} + | sort
  here -type f -exec sha256sum {} + | sort
}
here() {
  find / -xdev \( -path /shared -o -path /tmp -o -path /proc -o -path /run -o -path /dev -o -path /sys -o -path /var/log \) \
    -prune -o "$@"
}

apiguard() { "$PREFIX/sbin/apiguard" "$@"; }
archive() { echo /shared/"$1"; }
generation() { apiguard status --json 2>/dev/null | sed -nE 's/^ *"generation": ([0-9]+),?$/\1/p' | head -n 1; }
build_of() { apiguard version | sed -E 's/.*program ([0-9a-f]+),.*/\1/'; }
running_build() {
  sed -nE 's/.*"program_build": "([0-9a-f]+)".*/\1/p' "/var/lib/apiguard/generations/$(generation)/meta.json"
}
attached() { [ -n "$(ls -A "$PINS/links" 2>/dev/null)" ]; }

# verdict SOURCE: "SOURCE pass" or "SOURCE drop", of the half outside.
verdict() {
  rm -f /shared/answer
  echo "$1" >/shared/ask.new
  mv /shared/ask.new /shared/ask
  while [ ! -e /shared/answer ]; do sleep 0.1; done
  cat /shared/answer
}
passes() { same "$1 pass" "$(verdict "$1")" verdict; }
drops() { same "$1 drop" "$(verdict "$1")" verdict; }
enforced() { passes "$OFFICE" && drops "$STRANGER"; }

# ---- the life ----

# pretends PROGRAM TEXT: in front of PATH.
pretends() {
  mkdir -p /tmp/fake
  printf '#!/bin/sh\n%s\n' "$2" >"/tmp/fake/$1"
  chmod 0755 "/tmp/fake/$1"
}
with_pretended() { PATH=/tmp/fake:$PATH "$@"; }

# strange PATH WORDS: where somebody else's file is, nothing is installed.
strange() {
  mkdir -p "${1%/*}"
  : >"$1"
  refused "$2" "$(archive 1.0)/install"
  rm "$1"
}

refuses() {
  step 'What is no host for it is refused, with the way on'
  # busybox asks no PATH for what it has itself.
  if [ "$KIND" = debian ]; then
    pretends uname 'echo 5.4.0-9'
    refused "kernel '5.4.0-9': is too old" with_pretended "$(archive 1.0)/install"
    rm /tmp/fake/uname
    pretends id 'echo 1000'
    refused 'is not root' with_pretended "$(archive 1.0)/install"
    rm /tmp/fake/id
  fi
  pretends dpkg-query 'echo installed'
  refused "package 'apiguard': is installed on this host: run 'apt remove apiguard' first" with_pretended "$(archive 1.0)/install"
  refused "run 'apt remove apiguard' or 'apt purge apiguard' instead" with_pretended "$(archive 1.0)/uninstall"
  rm /tmp/fake/dpkg-query
  refused 'not an absolute path' "$(archive 1.0)/install" --prefix usr
  refused "nothing is installed below '/usr'" "$(archive 1.0)/uninstall"
  strange /usr/local/sbin/apiguard "program '/usr/local/sbin/apiguard': is installed, but not from an archive"
  strange /usr/share/man/man8/apiguard.8 "file '/usr/share/man/man8/apiguard.8': exists"
}

into_an_image() {
  step 'Into an image, with another prefix: the host is not asked, and nothing is left of it'
  local before
  mkdir -p /tmp/image/lib/systemd
  cp /bin/sh /tmp/image/lib/systemd/systemd
  before=$(cd /tmp/image && find . | sort)
  run "$(archive 1.0)/install" --destdir /tmp/image --prefix /opt/apiguard
  grep -q '^ExecStart=/opt/apiguard/sbin/apiguard apply --boot$' /tmp/image/etc/systemd/system/apiguard-boot.service ||
    die 'the unit does not name the program'
  same /etc/systemd/system/apiguard.service "$(readlink /tmp/image/etc/systemd/system/sysinit.target.wants/apiguard.service)" 'what enables'
  [ ! -e /opt/apiguard ] || die 'the host has it'
  # Who disables a unit means it.
  rm /tmp/image/etc/systemd/system/sysinit.target.wants/apiguard.service
  run "$(archive 2.0)/install" --destdir /tmp/image --prefix /opt/apiguard
  [ ! -e /tmp/image/etc/systemd/system/sysinit.target.wants/apiguard.service ] || die 'it is enabled again'
  run /tmp/image/opt/apiguard/share/apiguard/uninstall --destdir /tmp/image
  same "$before" "$(cd /tmp/image && find . | sort)" 'the image'
  rm -r /tmp/image
}

first_install() {
  step 'A first install guards nothing and makes nothing'
  run "$(archive 1.0)/install"
  ! attached || die 'something is attached'
  [ ! -e /etc/apiguard ] || die '/etc/apiguard is there'
  [ ! -e /var/lib/apiguard ] || die '/var/lib/apiguard is there'
  same '755 0:0' "$(stat -c '%a %u:%g' /usr/sbin/apiguard)" 'the program'
  same '644 0:0' "$(stat -c '%a %u:%g' /usr/share/man/man8/apiguard.8)" 'the manual page'
  case $KIND in
    debian)
      [ -e /usr/lib/systemd/system/apiguard.service ] || die 'no unit'
      [ -L /etc/systemd/system/sysinit.target.wants/apiguard-boot.service ] || die 'the unit is not enabled'
      [ -x /etc/init.d/apiguard-boot ] || die 'no script of OpenRC'
      [ -L /etc/runlevels/boot/apiguard ] || die 'the script of OpenRC is not enabled'
      ;;
    busybox) says 'this host has neither systemd nor OpenRC' ;;
  esac
}

put_in_force() {
  step 'An operator puts a list in force'
  mkdir -p /etc/apiguard
  echo 'interfaces = ["gate0"]' >/etc/apiguard/apiguard.toml
  run apiguard allow 203.0.113.0/24 --name office
  enforced
}

upgrade_same() {
  step 'The same version again: nothing happens to the filter'
  local before
  before=$(generation)
  run "$(archive 1.0)/install"
  same "$before" "$(generation)" 'the generation'
  enforced
}

# Frames of a stranger come without a pause.
upgrade_under_traffic() {
  step 'Upgrade under traffic: the new program, and not one frame of a stranger passes'
  local before old
  old=$(build_of)
  before=$(generation)
  touch /shared/flood
  run "$(archive 2.0)/install"
  touch /shared/enough
  while [ ! -e /shared/flooded ]; do sleep 0.1; done
  says 'the new program is in force'
  same "$((before + 1))" "$(generation)" 'the generation'
  [ "$(build_of)" != "$old" ] || die 'both versions have the same program'
  same "$(build_of)" "$(running_build)" 'the program in force'
  same "$STRANGER drop" "$(sort -u /shared/flooded)" 'the verdict of all frames'
  enforced
}

upgrade_in_window() {
  step 'While a change waits for its confirmation an older version leaves everything as it is, and says so'
  local before
  run apiguard allow 198.18.0.0/24 --confirm-within 1h
  before=$(generation)
  run "$(archive 1.0)/install"
  says 'the old program stays in force (exit status 4)'
  same "$before" "$(generation)" 'the generation'
  enforced
  run apiguard confirm
  run apiguard apply --boot
  same "$(build_of)" "$(running_build)" 'the program after the next apply'
}

upgrade_after_detach() {
  step 'What somebody has taken off, an upgrade does not attach again'
  run apiguard detach gate0
  run "$(archive 2.0)/install"
  ! attached || die 'it is attached again'
  passes "$STRANGER"
  run apiguard apply --accept-risk detached
  enforced
}

upgrade_without_text() {
  step 'What is in force and not written down is not replaced by an older list'
  local before
  run apiguard allow 198.18.1.0/24
  before=$(generation)
  mv "/var/lib/apiguard/generations/$before" /tmp/aside
  run "$(archive 1.0)/install"
  says '/var/lib/apiguard does not hold the generation in force'
  same "$before" "$(generation)" 'the generation'
  mv /tmp/aside "/var/lib/apiguard/generations/$before"
  enforced
}

# The host of process 1 is another one then.
in_a_chroot() {
  step 'In a chroot the filter of the host is left alone'
  local before folder
  before=$(generation)
  mkdir -p /tmp/chroot
  for folder in bin etc lib lib64 sbin shared sys usr var; do
    if [ -L "/$folder" ]; then
      cp -a "/$folder" /tmp/chroot/
    elif [ -d "/$folder" ]; then
      mkdir -p "/tmp/chroot/$folder"
      mount -o bind,rec "/$folder" "/tmp/chroot/$folder" 2>/dev/null || mount --rbind "/$folder" "/tmp/chroot/$folder"
    fi
  done
  mkdir -p /tmp/chroot/proc /tmp/chroot/tmp /tmp/chroot/run /tmp/chroot/dev
  mount -t proc proc /tmp/chroot/proc
  : >/tmp/chroot/dev/null
  mount -o bind /dev/null /tmp/chroot/dev/null
  run chroot /tmp/chroot "$(archive 1.0)/install"
  silent_about 'program'
  same "$before" "$(generation)" 'the generation'
  enforced
}

uninstall_keeps() {
  step 'Uninstalled, the filter is off and the list stays; what was changed by hand stays'
  run /usr/share/apiguard/uninstall
  says 'the filter is removed: every packet passes'
  [ ! -e "$PINS" ] || die 'pins are left'
  passes "$STRANGER"
  [ ! -e /usr/sbin/apiguard ] || die 'the program is left'
  [ -e /etc/apiguard/authorized-ranges ] || die 'the list is gone'
  [ -e /var/lib/apiguard/in-force ] || die 'the state is gone'
}

reinstall() {
  step 'Installed again it guards nothing until somebody says so, and then what it guarded before'
  run "$(archive 1.0)/install"
  ! attached || die 'something is attached'
  run apiguard apply
  enforced
}

purge() {
  step 'Purged, it leaves nothing'
  rm -f /etc/init.d/localmount
  run /usr/share/apiguard/uninstall --purge
  says 'the filter is removed: every packet passes'
  passes "$STRANGER"
  files >/tmp/files.after
  diff /tmp/files.before /tmp/files.after || die 'the root is not as it was'
  for path in /run/apiguard "$PINS"; do [ ! -e "$path" ] || die "$path is left"; done
}

without_bpffs() {
  step 'Where there is no bpffs, install, upgrade and purge work as well'
  umount /sys/fs/bpf
  run "$(archive 1.0)/install"
  run "$(archive 2.0)/install"
  run /usr/share/apiguard/uninstall --purge
  files >/tmp/files.after
  diff /tmp/files.before /tmp/files.after || die 'the root is not as it was'
}

# A disk that is full: the program of before is whole, and what it guards is guarded.
full_disk() {
  step 'Where the files cannot be written, nothing changes'
  mount -t tmpfs -o size=4k tmpfs /usr/share/doc/apiguard
  ! "$(archive 2.0)/install" >"$LOG" 2>&1 || die 'not refused'
  sed 's/^/  /' "$LOG"
  says 'cannot be written, so nothing was changed'
  umount /usr/share/doc/apiguard
  enforced
  ! find / -xdev -name '*.apiguard-new' | grep . || die 'half of a file is left'
}

changed_by_hand() {
  [ "$KIND" = debian ] || return 0
  step 'What was changed by hand stays, and the new one lies beside it'
  echo '# mine' >>/usr/lib/systemd/system/apiguard.service
  cp -r "$(archive 2.0)" /tmp/newer
  echo '# newer' >>/tmp/newer/systemd/apiguard.service
  run /tmp/newer/install
  says "file '/usr/lib/systemd/system/apiguard.service': was changed by hand, so it stays"
  same '# mine' "$(tail -n 1 /usr/lib/systemd/system/apiguard.service)" 'the changed unit'
  same '# newer' "$(tail -n 1 /usr/lib/systemd/system/apiguard.service.new)" 'the new unit'
  run /tmp/newer/install
  silent_about 'was changed by hand'
  run /usr/share/apiguard/uninstall
  says "file '/usr/lib/systemd/system/apiguard.service': was changed by hand, so it stays"
  same '# mine' "$(tail -n 1 /usr/lib/systemd/system/apiguard.service)" 'the changed unit after removal'
  rm -r /tmp/newer
  run "$(archive 1.0)/install"
  same '# mine' "$(tail -n 1 /usr/lib/systemd/system/apiguard.service)" 'the changed unit after another install'
  [ -L /etc/systemd/system/sysinit.target.wants/apiguard-boot.service ] || die 'the unit is not enabled'
  run apiguard apply
  enforced
}

# ---- OpenRC, which is Debian's and not process 1 here ----

# until_ COMMAND...: within ten seconds.
until_() {
  local left=100
  until "$@" >/dev/null 2>&1; do
    left=$((left - 1))
    [ "$left" -gt 0 ] || die "never: $*"
    sleep 0.1
  done
}
supervisor() { pgrep -x apiguard; }
pgrep() {
  local file
  for file in /proc/[0-9]*/comm; do
    if [ "$(cat "$file" 2>/dev/null)" = "$2" ]; then
      file=${file%/comm}
      echo "${file#/proc/}"
      return
    fi
  done
  return 1
}
# has_field NAME VALUE: of the supervisor's /proc/PID/status.
has_field() { grep -q "^$1:[[:space:]]*$2\$" "/proc/$(supervisor)/status" || die "supervisor: $(grep "^$1:" "/proc/$(supervisor)/status")"; }

openrc() {
  [ "$KIND" = debian ] || return 0
  step 'OpenRC attaches at boot and keeps a supervisor, which an upgrade restarts'
  local before folder
  for folder in daemons exclusive failed inactive options scheduled started starting stopping tmp wasinactive; do
    mkdir -p "/run/openrc/$folder"
  done
  touch /run/openrc/softlevel
  printf '#!/sbin/openrc-run\nstart() { return 0; }\n' >/etc/init.d/localmount
  chmod 0755 /etc/init.d/localmount
  rm -r "$PINS" # as a reboot does
  passes "$STRANGER"
  run rc-service apiguard-boot start
  enforced
  run rc-service apiguard start
  until_ supervisor
  has_field NoNewPrivs 1
  # The program keeps what it needs.
  grep '^Cap' "/proc/$(supervisor)/status"
  # A container may not ask for it.
  if (echo -900 >/proc/self/oom_score_adj) 2>/dev/null; then
    same -900 "$(cat "/proc/$(supervisor)/oom_score_adj")" oom_score_adj
  fi
  run rc-service apiguard reload
  before=$(supervisor)
  run "$(archive 2.0)/install"
  until_ supervisor
  [ "$before" != "$(supervisor)" ] || die 'the supervisor was not restarted'
  same "$(build_of)" "$(running_build)" 'the program in force'
  enforced
  kill -9 "$(supervisor)"
  sleep 0.2
  until_ supervisor
  run rc-service apiguard stop
  run rc-service apiguard-boot stop
  ! supervisor || die 'the supervisor is there'
  enforced
  run rc-service apiguard start
  until_ supervisor
}

main() {
  PREFIX=/usr
  mkdir -p /tmp
  refuses
  into_an_image
  files >/tmp/files.before
  first_install
  put_in_force
  upgrade_same
  upgrade_under_traffic
  upgrade_in_window
  upgrade_after_detach
  upgrade_without_text
  in_a_chroot
  full_disk
  changed_by_hand
  openrc
  uninstall_keeps
  reinstall
  purge
  without_bpffs
}

main
