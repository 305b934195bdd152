#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# The program alone: a root that has nothing but itself, its examples, /proc and /sys. Nothing crashes, and nothing is
# answered wrongly for want of a library, a time zone or a list of users.
set -euo pipefail
. "$(dirname -- "${BASH_SOURCE[0]}")/../../scripts/lib/common.sh"
: "${ARCHIVES:?the folder of the archives}"

WORK=$(mktemp -d "${TMPDIR:-/tmp}/agp-empty.XXXXXX")
trap 'rm -rf --one-file-system "$WORK"' EXIT
EMPTY=$WORK/root

make_root() {
  mkdir -p "$WORK/archive" "$EMPTY"/{proc,sys,etc,var/lib,run}
  tar -xzf "$ARCHIVES/apiguard-1.0-linux-$(dpkg --print-architecture).tar.gz" -C "$WORK/archive" --strip-components=1
  cp "$WORK/archive/files/sbin/apiguard" "$EMPTY/apiguard"
  cp -r "$WORK/archive/files/share/doc/apiguard/examples" "$EMPTY/etc/apiguard"
}

# alone ARGUMENT...: in namespaces of its own.
alone() {
  # $0 and the rest are of the inner shell.
  # shellcheck disable=SC2016
  unshare --mount --net --pid --fork --kill-child sh -c '
    mount --bind "$0" "$0" && mount -t proc proc "$0/proc" && mount --bind /sys "$0/sys" && exec chroot "$0" /apiguard "$@"' \
    "$EMPTY" "$@" </dev/null >"$WORK/out" 2>"$WORK/err"
}

# ends STATUS WORDS ARGUMENT...: with this status, and saying so.
ends() {
  local wanted=$1 words=$2 status=0
  shift 2
  alone "$@" || status=$?
  [ "$status" -eq "$wanted" ] || die "apiguard $*: status $status instead of $wanted: $(cat "$WORK/out" "$WORK/err")"
  grep -qF -- "$words" "$WORK/out" "$WORK/err" || die "apiguard $*: does not say '$words': $(cat "$WORK/out" "$WORK/err")"
  printf '  %s\n' "apiguard $*"
}

main() {
  need_root 'it makes namespaces'
  make_root
  step 'The program in a root without anything'
  ends 0 'apiguard ' version
  ends 0 'libbpf' version --verbose
  ends 0 'usage' --help
  ends 0 'OK: 5 ranges (4 IPv4, 1 IPv6), 1 endpoint' validate
  ends 0 'nothing is in force' list
  ends 0 '"ranges": []' list --json
  ends 1 'NOT ENFORCED' status
  ends 2 "verb 'colour': unknown" colour
  ends 0 'GENERATION' history
  ends 0 'apiguard_packets_total' metrics
  ends 0 'allow' __complete al
  # No time zone, no user, no host has a name here.
  echo '198.51.100.9 until=2030-12-01T08:00:00Z' >>"$EMPTY/etc/apiguard/authorized-ranges"
  ends 0 'OK: 6 ranges' validate
  echo '198.51.100.9 until=yesterday' >>"$EMPTY/etc/apiguard/authorized-ranges"
  ends 3 "/etc/apiguard/authorized-ranges:" validate
  say 'empty: ok'
}

main
