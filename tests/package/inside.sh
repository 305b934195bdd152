#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# The half of lifecycle.sh that runs in the Debian of the suite, in namespaces of its own: its promises.
set -euo pipefail

PINS=/sys/fs/bpf/apiguard
OFFICE=203.0.113.7 STRANGER=192.0.2.7

step() { printf '\n== %s\n' "$*"; }
die() {
  printf 'FAILED: %s\n  at line %s\n' "$*" "${BASH_LINENO[0]}" >&2
  exit 1
}

# enter prepare|live ROOT TREE TOOLS STAGE
enter() {
  local what=$1 root=$2 tree=$3 tools=$4 netns=$5
  mkdir -p "$root/tree" "$root/tools"
  mount --bind "$tree" "$root/tree"
  mount --bind "$tools" "$root/tools"
  mount --rbind /dev "$root/dev"
  mount -t proc proc "$root/proc"
  if [ "$what" = live ]; then enter_network "$root" "$netns"; fi
  exec chroot "$root" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/tmp LC_ALL=C.UTF-8 STAGE="$netns" \
    DEBIAN_FRONTEND=noninteractive bash /tree/tests/package/inside.sh "$what"
}

# A sysfs of this network namespace, with a bpffs of this test: pins of the host are out of reach.
enter_network() {
  local root=$1 netns=$2 side
  mount -t sysfs sysfs "$root/sys"
  mount -t bpf bpf "$root/sys/fs/bpf"
  mkdir -p "$root/run/netns"
  for side in server client; do
    : >"$root/run/netns/$netns-$side"
    mount --bind "/run/netns/$netns-$side" "$root/run/netns/$netns-$side"
  done
}

# ---- saying what is ----

# says TEXT: the last dpkg said so.
says() { grep -F -- "$1" /tmp/dpkg.log >/dev/null || die "dpkg did not say '$1'"; }
silent_about() { if grep -F -- "$1" /tmp/dpkg.log; then die "dpkg said '$1'"; fi; }
run_dpkg() {
  printf '$ dpkg %s\n' "$*"
  dpkg "$@" >/tmp/dpkg.log 2>&1 || { cat /tmp/dpkg.log && die "dpkg $*"; }
  sed 's/^/  /' /tmp/dpkg.log
}
package() { echo /packages/apiguard_"$1"~deb*.deb; }
generation() { apiguard status --json 2>/dev/null | /tools/json /generation; }
build_of() { apiguard version | sed -E 's/.*program ([0-9a-f]+),.*/\1/'; }
# Of the program that the newest generation runs.
running_build() {
  sed -nE 's/.*"program_build": "([0-9a-f]+)".*/\1/p' "/var/lib/apiguard/generations/$(generation)/meta.json"
}
same() { [ "$1" = "$2" ] || die "${3:-}: expected '$1', got '$2'"; }

verdict() { /tools/probe "$STAGE-client/world0" "$STAGE-server/gate0" "$1"; }
passes() { same "$1 pass" "$(verdict "$1")" 'verdict'; }
drops() { same "$1 drop" "$(verdict "$1")" 'verdict'; }
enforced() { passes "$OFFICE" && drops "$STRANGER"; }

attached() { [ -n "$(ls -A "$PINS/links" 2>/dev/null)" ]; }
dropped_so_far() {
  local value
  value=$(apiguard status --json 2>/dev/null | /tools/json /counters/drop/unlisted)
  [ "$value" != absent ] || value=0
  echo "$value"
}

# ---- the life ----

# With the network of the host; no /sys, so that the package finds no kernel to work on.
prepare() {
  apt-get -qq update >/tmp/apt.log 2>&1 || { cat /tmp/apt.log && die 'apt-get update'; }
  # It resolves the dependencies; the package itself comes later, by dpkg.
  apt-get -qq --yes --no-install-recommends install "$(package 1.0)" >/tmp/apt.log 2>&1 ||
    { cat /tmp/apt.log && die 'apt-get install'; }
  run_dpkg --purge apiguard
}

first_install() {
  step 'A first install guards nothing and makes nothing'
  run_dpkg --install "$(package 1.0)"
  ! attached || die 'something is attached'
  [ ! -e /etc/apiguard ] || die '/etc/apiguard is there'
  [ ! -e /var/lib/apiguard ] || die '/var/lib/apiguard is there'
  dpkg --listfiles apiguard | grep -qx /usr/sbin/apiguard || die 'no binary in sbin'
  for page in apiguard.8 apiguard.7 apiguard-operation.7 apiguard.toml.5 authorized-ranges.5; do
    dpkg --listfiles apiguard | grep -q "/$page.gz\$" || die "no manual page $page"
  done
  for file in bash-completion/completions/apiguard zsh/vendor-completions/_apiguard \
    fish/vendor_completions.d/apiguard.fish apiguard/schema/{verbs,common,status}.json doc/apiguard/examples/apiguard.toml; do
    dpkg --listfiles apiguard | grep -qx "/usr/share/$file" || die "no $file"
  done
  cp -r /usr/share/doc/apiguard/examples /tmp/
  chmod -R go-w /tmp/examples
  apiguard validate --config /tmp/examples/apiguard.toml || die 'the examples are not valid'
}

put_in_force() {
  step 'An operator puts a list in force'
  mkdir -p /etc/apiguard
  echo 'interfaces = ["gate0"]' >/etc/apiguard/apiguard.toml
  apiguard allow 203.0.113.0/24 --name office
  enforced
}

upgrade_same() {
  step 'The same version again: nothing to replace, and nothing happens to the filter'
  local before
  before=$(generation)
  run_dpkg --install "$(package 1.0)"
  same "$before" "$(generation)" 'the generation'
  enforced
}

BURST=10000
flood() {
  while [ ! -e /tmp/enough ]; do
    /tools/probe "$STAGE-client/world0" "$STAGE-server/gate0" --count "$BURST" "$STRANGER"
  done
}

# Frames of a stranger come without a pause; one that slips through would be missing among the dropped.
upgrade_under_traffic() {
  step 'Upgrade under traffic: the new program, and not one frame of a stranger passes'
  local before dropped old
  old=$(build_of)
  before=$(generation)
  dropped=$(dropped_so_far)
  flood >/tmp/flood.log 2>&1 &
  run_dpkg --install "$(package 2.0)"
  touch /tmp/enough
  wait "$!" || die "the flood: $(cat /tmp/flood.log)"
  says 'the new program is in force'
  same "$((before + 1))" "$(generation)" 'the generation'
  [ "$(build_of)" != "$old" ] || die 'both versions have the same program'
  same "$(build_of)" "$(running_build)" 'the program in force'
  same "$STRANGER drop" "$(sort -u /tmp/flood.log)" 'the verdict of all frames'
  same "$(($(wc -l </tmp/flood.log) * BURST))" "$(($(dropped_so_far) - dropped))" 'frames that were dropped'
  printf '  %s frames\n' "$(($(dropped_so_far) - dropped))"
  enforced
}

upgrade_in_window() {
  step 'While a change waits for its confirmation an upgrade leaves everything as it is, and says so'
  local before
  apiguard allow 198.18.0.0/24 --confirm-within 1h
  before=$(generation)
  run_dpkg --install "$(package 1.0)"
  says 'the old program stays in force (exit status 4)'
  same "$before" "$(generation)" 'the generation'
  same false "$(apiguard status --json | /tools/json /confirmed)" 'confirmed'
  enforced
  apiguard confirm
  same "$before" "$(generation)" 'the generation'
  apiguard apply --boot
  same "$(build_of)" "$(running_build)" 'the program after the next apply'
}

upgrade_after_detach() {
  step 'What somebody has taken off, an upgrade does not attach again'
  apiguard detach gate0
  run_dpkg --install "$(package 2.0)"
  ! attached || die 'it is attached again'
  passes "$STRANGER"
  apiguard apply --accept-risk detached
  enforced
}

upgrade_without_text() {
  step 'What is in force and not written down is not replaced by an older list'
  local before
  apiguard allow 198.18.1.0/24
  before=$(generation)
  mv "/var/lib/apiguard/generations/$before" /tmp/aside
  run_dpkg --install "$(package 1.0)"
  says '/var/lib/apiguard does not hold the generation in force'
  same "$before" "$(generation)" 'the generation'
  mv /tmp/aside "/var/lib/apiguard/generations/$before"
  enforced
}

in_a_chroot() {
  step 'In a chroot the filter of the host is left alone'
  local before
  before=$(generation)
  mkdir -p /chroot
  for folder in bin etc lib lib64 packages sbin sys tools usr var; do
    if [ -L "/$folder" ]; then cp -a "/$folder" /chroot/; else mkdir -p "/chroot/$folder" && mount --rbind "/$folder" "/chroot/$folder"; fi
  done
  mkdir -p /chroot/proc /chroot/dev /chroot/tmp /chroot/run
  mount --rbind /proc /chroot/proc
  mount --rbind /dev /chroot/dev
  chroot /chroot /var/lib/dpkg/info/apiguard.postinst configure 1.0
  chroot /chroot /var/lib/dpkg/info/apiguard.prerm remove
  same "$before" "$(generation)" 'the generation'
  enforced
}

remove() {
  step 'Removal detaches and says so; the list stays'
  run_dpkg --remove apiguard
  says 'the filter is removed: every packet passes'
  [ ! -e "$PINS" ] || die 'pins are left'
  passes "$STRANGER"
  [ -e /etc/apiguard/authorized-ranges ] || die 'the list is gone'
  [ -e /var/lib/apiguard/in-force ] || die 'the state is gone'
}

reinstall() {
  step 'Installed again it guards nothing until somebody says so, and then what it guarded before'
  run_dpkg --install "$(package 1.0)"
  ! attached || die 'something is attached'
  apiguard apply
  enforced
}

purge() {
  step 'Purge leaves nothing'
  run_dpkg --purge apiguard
  says 'the filter is removed: every packet passes'
  passes "$STRANGER"
  for path in /etc/apiguard /var/lib/apiguard /run/apiguard "$PINS"; do
    [ ! -e "$path" ] || die "$path is left"
  done
  same '' "$(find / -xdev -name '*apiguard*' -not -path '/proc/*' -not -path '/packages/*' -not -path '/tree/*' \
    -not -path '/tools/*' -not -path '/tmp/*' -not -path '/chroot/*' -not -path '/var/cache/*')" 'what is left'
}

remove_without_bpffs() {
  step 'Where there is no bpffs, install, removal and purge work as well'
  umount /sys/fs/bpf
  run_dpkg --install "$(package 1.0)"
  run_dpkg --install "$(package 2.0)"
  run_dpkg --purge apiguard
}

live() {
  first_install
  put_in_force
  upgrade_same
  upgrade_under_traffic
  upgrade_in_window
  upgrade_after_detach
  upgrade_without_text
  in_a_chroot
  remove
  reinstall
  purge
  remove_without_bpffs
}

"$@"
