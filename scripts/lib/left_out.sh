# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=bash
# What the tests of a run left out, against what this host is expected to leave out. Sourced after common.sh.

# Tests and checks append "TEST: REASON" lines here.
begin_left_out() {
  APIGUARD_LEFT_OUT=$(mktemp)
  export APIGUARD_LEFT_OUT
}

# note_left_out TEST REASON
note_left_out() {
  if [ -n "${APIGUARD_LEFT_OUT:-}" ]; then printf '%s: %s\n' "$1" "$2" >>"$APIGUARD_LEFT_OUT"; fi
}

# ---- what this host cannot do ----

# can_have_link ARGUMENTS...: such a device can be made, in a namespace that goes with the process.
can_have_link() {
  unshare --net ip link add "$@" 2>/dev/null
}

kernel_before() {
  [ "$(printf '%s\n' "$1" "$(uname -r)" | sort -V | head -n 1)" != "$1" ]
}

# holds CONDITION
holds() {
  case $1 in
    no-tun) ! unshare --net ip tuntap add dev apiguardtun mode tun 2>/dev/null ;;
    no-vlan) ! unshare --net sh -c 'ip link add a type dummy && ip link add link a name a.7 type vlan id 7' 2>/dev/null ;;
    no-conntrack) ! unshare --net nft add table inet t '{ chain c { type filter hook input priority 0; ct state new accept; }; }' 2>/dev/null ;;
    no-overlay) ! unshare --mount mount -t overlay overlay -o lowerdir=/etc:/usr /usr 2>/dev/null ;;
    no-immutable-files) ! has_immutable_files ;;
    no-memory-controller) ! has_memory_controller ;;
    no-journald) [ ! -x /lib/systemd/systemd-journald ] || ! command -v journalctl >/dev/null ;;
    native-macvlan) false ;; # no kernel so far
    before-*) kernel_before "${1#before-}" ;;
    no-bti-start-files) [ "$(uname -m)" = aarch64 ] && ! readelf --notes "$(cc -print-file-name=Scrt1.o)" | grep -q 'feature: BTI' ;;
    not-root) [ "$(id -u)" -ne 0 ] ;;
    no-arm64) ! { command -v aarch64-linux-gnu-g++ && command -v qemu-system-aarch64; } >/dev/null ;;
    not-booted) case $(uname -m) in x86_64 | aarch64) false ;; esac ;;
    not-x86_64) [ "$(uname -m)" != x86_64 ] ;;
    no-clang-format-14) ! command -v clang-format-14 >/dev/null ;;
    no-clang-tidy-14) ! command -v clang-tidy-14 >/dev/null ;;
    *) die "tests/left_out.expected: no condition '$1'" ;;
  esac
}

# Where tests have their folders.
has_immutable_files() (
  file=$(mktemp)
  trap 'chattr -i "$file" 2>/dev/null; rm -f "$file"' EXIT
  chattr +i "$file" 2>/dev/null
)

has_memory_controller() {
  [ -e /sys/fs/cgroup/memory/memory.limit_in_bytes ] ||
    grep -qsw memory /sys/fs/cgroup/cgroup.subtree_control /sys/fs/cgroup/unified/cgroup.subtree_control
}

# ---- comparing ----

# expected_here FOLDER: "TEST: REASON" of what this host is expected to leave out.
expected_here() {
  local condition test reason
  while read -r condition test reason; do
    case $condition in '' | '#'*) continue ;; esac
    if holds "$condition"; then printf '%s: %s\n' "$test" "$reason"; fi
  done <"$1/tests/left_out.expected"
}

# compare_left_out RAN: RAN has the names of the tests that ran, one a line. Says what was left out, and fails if that is
# not what this host is expected to leave out of them.
compare_left_out() {
  local ran=$1 line failed=''
  local -a left_out expected
  mapfile -t left_out < <(sort -u "$APIGUARD_LEFT_OUT")
  mapfile -t expected < <(expected_here "$ROOT" | grep -E "^($(paste -sd '|' "$ran" | sed 's/\./\\./g')): " | sort -u)
  if [ ${#left_out[@]} -gt 0 ]; then
    say 'Left out, because this host cannot:'
    printf '  %s\n' "${left_out[@]}"
  fi
  while read -r line; do
    [ -n "$line" ] || continue
    complain "left out, and not expected on this host: $line"
    failed=yes
  done < <(comm -23 <(printf '%s\n' "${left_out[@]}") <(printf '%s\n' "${expected[@]}"))
  while read -r line; do
    [ -n "$line" ] || continue
    complain "expected to be left out on this host, and was not: $line"
    failed=yes
  done < <(comm -13 <(printf '%s\n' "${left_out[@]}") <(printf '%s\n' "${expected[@]}"))
  if [ -n "$failed" ]; then
    complain 'tests/left_out.expected has what hosts are expected to leave out'
    return 1
  fi
}

# A test that ends as skipped has said why.
check_skipped() {
  local log=$1 name failed=''
  while read -r name; do
    grep -q "^$name: " "$APIGUARD_LEFT_OUT" && continue
    complain "skipped without a reason: $name"
    failed=yes
  done < <(sed -nE 's/^ *[0-9]+\/[0-9]+ +Test +#[0-9]+: ([^ ]+) .*\*\*\*Skipped.*/\1/p' "$log")
  [ -z "$failed" ]
}
