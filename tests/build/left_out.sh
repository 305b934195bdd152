#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# scripts/test believes no run that left out more than this host has to, or less; and every condition in
# left_out.expected is one that can be asked for.
set -euo pipefail
TREE=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/../.." && pwd -P)
. "$TREE/scripts/lib/common.sh"
. "$TREE/scripts/lib/left_out.sh"

WORK=$(mktemp -d "${TMPDIR:-/tmp}/agtest-left-out.XXXXXX")
trap 'rm -rf "$WORK"' EXIT
export APIGUARD_LEFT_OUT=$WORK/noted

# judged STATUS NOTED RAN: what becomes of a run with these notes, of these tests.
judged() {
  local wanted=$1 status=0
  printf '%s' "$2" >"$APIGUARD_LEFT_OUT"
  printf '%s\n' "$3" >"$WORK/ran"
  compare_left_out "$WORK/ran" >"$WORK/out" 2>&1 || status=$?
  [ "$status" -eq "$wanted" ] || die "status $status instead of $wanted: $(cat "$WORK/out")"
}
said() { grep -qF -- "$1" "$WORK/out" || die "not said: '$1' but $(cat "$WORK/out")"; }

# Every condition of the list is asked for once, on this host.
expected_here "$TREE" >"$WORK/here"
say 'expected here:' && sed 's/^/  /' "$WORK/here"

holds() { [ "$1" = yes ]; }
ROOT=$WORK
mkdir "$WORK/tests"
printf '# a comment\nyes  netns.one  no tun\nno   netns.one  no moon\nyes  bpf.two    no sun\n\n' >"$WORK/tests/left_out.expected"

judged 0 $'netns.one: no tun\nbpf.two: no sun\n' $'netns.one\nbpf.two'
judged 0 $'netns.one: no tun\nnetns.one: no tun\n' netns.one # noted twice, and the other test did not run
judged 0 '' netns.onerous
judged 1 $'netns.one: no tun\nnetns.one: no moon\n' netns.one
said 'not expected on this host: netns.one: no moon'
judged 1 $'netns.one: no tun\nnetns.three: no idea\n' $'netns.one\nnetns.three'
said 'not expected on this host: netns.three: no idea'
judged 1 '' netns.one
said 'was not: netns.one: no tun'
judged 1 $'bpf.two: no tun\nnetns.one: no tun\n' $'netns.one\nbpf.two'
said 'was not: bpf.two: no sun'
said 'not expected on this host: bpf.two: no tun'

# A test that CTest calls skipped has noted why.
printf ' 3/9 Test  #7: netns.one ....***Skipped   0.1 sec\n10/11 Test #8: bpf.two ...   Passed    0.1 sec\n' >"$WORK/log"
printf 'netns.one: no tun\n' >"$APIGUARD_LEFT_OUT"
check_skipped "$WORK/log" || die 'a skipped test with a reason is refused'
printf 'netns.on: no tun\nbpf.two: netns.one: x\n' >"$APIGUARD_LEFT_OUT"
if check_skipped "$WORK/log" 2>"$WORK/out"; then die 'a skipped test without a reason is believed'; fi
said 'skipped without a reason: netns.one'

# Both ways of noting write the same line.
: >"$APIGUARD_LEFT_OUT"
LEFT_OUT_NAME=netns.one bash -c '. "$1" && left_out "no tun" && skip "no moon"' bash "$TREE/tests/netns/lib/left_out.sh" >/dev/null &&
  die 'skip went on'
note_left_out check.format 'its tool is not installed'
[ "$(cat "$APIGUARD_LEFT_OUT")" = $'netns.one: no tun\nnetns.one: no moon\ncheck.format: its tool is not installed' ] ||
  die "noted: $(cat "$APIGUARD_LEFT_OUT")"
say 'ok'
