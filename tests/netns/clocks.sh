#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# The wall clock is wrong: ahead, behind, never set. What has ended stays ended, what has time left comes back once the
# clock is right, and no line is lost. Only the processes of this test see another clock.
. "$(dirname -- "$0")/lib.sh"
. "$(dirname -- "$0")/lib/supervised.sh"
LIST=$ETC/authorized-ranges
LONG_AGO=2001-01-01T00:00:00Z
YEARS=$((30 * 365 * 86400))
CI=198.51.100.7 ENDED=198.51.100.8 GUEST=198.51.100.9
REAL=$APIGUARD

# clock SECONDS [synchronised]: how far it is off, and what the kernel says of it.
clock() { echo "$*" >"$WORK/clock"; }
# behind COMMAND...: with apiguard run by it.
wrap() {
  printf '#!/bin/sh\nexec %s "%s" "$@"\n' "$*" "$REAL" >"$WORK/apiguard"
  chmod +x "$WORK/apiguard"
  APIGUARD=$WORK/apiguard
}
time_in() { date -u -d "now $*" +%FT%TZ; }
lists() { grep -Eq -- "$1" "$LIST" || die "no line of the list matches '$1'"; }
lists_not() { ! grep -E -- "$1" "$LIST" >&2 || die "a line of the list matches '$1'"; }
ended() { wait_for "the end of $1" let_out "$1"; }
let_out() { (drops "$1"); }
back() { wait_for "$1 to be let in again" let_back "$1"; }
let_back() { (passes "$1"); }
boot() {
  rm -rf "$PINS"
  verb apply --boot "$@"
}
is_newer() { [ "$(edition)" -gt "$before" ]; }
# A host without a history.
begin() {
  if [ -e "$PINS" ]; then unguard; fi
  rm -rf "$PINS" "$STATE"
  clock "$@"
  ranges 203.0.113.0/24 2001:db8:12::/48 "$CI name=ci until=$(time_in +1 hour)" "$ENDED until=$LONG_AGO # kept"
}
# Both as they should be, and both lines there.
well_judged() {
  passes "$OFFICE4" "$CI"
  drops "$ENDED" "$STRANGER4"
  lists "^$CI.* until="
}
other=0
unrelated() { verb allow "198.18.$((++other)).0/24"; }

[ -e "$TOOLS/clock.so" ] || die "no $TOOLS/clock.so"
clock 0
wrap env "LD_PRELOAD=$TOOLS/clock.so" "CLOCK_FILE=$WORK/clock"

step 'Ahead for a moment while the supervisor runs: nobody types anything'
begin 0
verb apply
well_judged
supervise
clock "$YEARS"
ended "$CI"
clock 0
back "$CI"
well_judged
lists "^$ENDED"
ends TERM 0
same 0 "$(guard diff >/dev/null; echo $?)" 'diff'
keeps verb apply
unrelated
silent_about 'behind|ahead'
lists_not "^$ENDED"
well_judged
boot
well_judged

step 'The same after a boot that wrote no record, and once more'
begin 0
verb apply
boot
supervise
for _ in 1 2; do
  clock "$YEARS"
  ended "$CI"
  clock 0
  back "$CI"
done
ends TERM 0
well_judged

step 'Without the supervisor the next apply knows'
begin 0
verb apply
clock "$YEARS"
renews verb apply
drops "$CI"
clock 0
renews verb apply
well_judged
keeps verb apply

step 'Verbs while it is ahead take out no line, and what they let in for a while ends for good'
begin 0
verb apply
clock "$YEARS"
unrelated
complains 'more than a day ahead of its last known time'
lists "^$CI"
lists "^$ENDED"
verb allow "$GUEST" --for 3s --name guest
passes "$GUEST"
with_guest=$(generation)
ended "$GUEST"
unrelated
drops "$GUEST"
boot
drops "$GUEST"
clock 0
unrelated
drops "$GUEST"
well_judged
boot
drops "$GUEST"
well_judged
changes verb rollback "$with_guest" # to the text that let it in
lists "^$GUEST.* name=guest"
drops "$GUEST"
verb list
prints '^ *198\.51\.100\.9/32 .*guest .*\(expired '
expect 1 guard check "$GUEST"
prints 'expired .*\(expired '
verb allow "$GUEST" --for 1h
passes "$GUEST"

step 'Two jumps, each with a change'
begin 0
verb apply
for years in 1 2; do
  clock $((years * YEARS))
  unrelated
done
clock "$YEARS"
unrelated
clock 0
unrelated
silent_about 'behind'
well_judged

step 'Set back by less than a day: time goes on from the newest generation'
SOON=$(time_in +30 minutes)
begin 3600
echo "198.51.100.10 until=$SOON" >>"$LIST"
echo "198.51.100.11 until=$(time_in +90 minutes)" >>"$LIST"
verb apply
passes 198.51.100.11
drops 198.51.100.10 "$CI"
clock 0
boot
complains "clock '.*': is (59 min|1 h).* behind the time of generation 1: .* apiguard apply --trust-clock"
passes 198.51.100.11
drops 198.51.100.10 "$CI"
keeps expect 2 guard allow "$GUEST" --until "$SOON"
complains "option '--until': $SOON has passed: it is .* behind .* generation 1: .* --trust-clock"
verb allow "$GUEST" --for 4s
complains 'is .* behind'
passes "$GUEST"
ended "$GUEST"
unrelated
complains 'expired lines stay in the files'
drops "$GUEST" 198.51.100.10
for line in "$ENDED" "$CI" 198.51.100.10 "$GUEST"; do lists "^$line"; done
boot
drops "$GUEST" 198.51.100.10

step "A person's word ends it, for later verbs and boots as well"
keeps expect 2 guard apply --trust-clock --boot
keeps verb apply --trust-clock --dry-run
changes verb apply --trust-clock
silent_about 'behind'
well_judged
passes 198.51.100.10
changes verb apply --trust-clock # as often as it is given
drops "$GUEST"
boot
silent_about 'behind'
well_judged
unrelated
silent_about 'behind'
lists_not "^$ENDED"
well_judged
verb allow "$GUEST" --until "$SOON"
passes "$GUEST"
clock -7200
unrelated
complains 'behind'

step 'Ahead at the very first generation: by NTP, or by a word'
begin "$YEARS"
verb apply
drops "$CI"
clock 0
unrelated
complains 'is .* behind the time of generation 1'
drops "$CI"
lists "^$CI"
clock 0 synchronised
renews verb apply
silent_about behind
well_judged
clock 0
unrelated
silent_about behind
well_judged
boot
well_judged

step 'The supervisor notices by itself that it became synchronised'
begin "$YEARS"
verb apply
clock 0
boot
drops "$CI"
supervise
drops "$CI"
clock 0 synchronised
back "$CI"
ends TERM 0
well_judged

# No verb in between: what it publishes would hold the time as well.
step 'What ended by a clock that went on stays ended while the clock is far off, and afterwards'
anew() { # CLOCK: the supervisor computes the ends by it
  local before
  before=$(edition)
  clock "$1"
  wait_for "the ends by a clock that is $1 s off" is_newer
}
begin 0
verb apply
verb allow "$GUEST" --for 1h --name guest
passes "$GUEST"
supervise
anew 7200
drops "$GUEST"
clock 0
for far in "$YEARS" $((2 * YEARS)); do
  anew "$far"
  drops "$GUEST"
  anew 0
  drops "$GUEST"
done
ends TERM 0
boot
drops "$GUEST"

step 'A boot in 1970, without NTP'
begin 0
verb apply
clock "-$(date +%s)"
boot
complains 'is .* behind the time of generation 1'
well_judged
supervise
verb allow "$GUEST" --for 3s
passes "$GUEST"
ended "$GUEST"
clock 0
wait_for 'the supervisor to be done' let_back "$CI"
ends TERM 0
unrelated
silent_about behind
drops "$GUEST"
well_judged

step 'In a time namespace deadlines are those of the kernel'
if unshare --time --fork --boottime 100000 true 2>/dev/null; then
  for seconds in 100000 -100; do
    if [ "$seconds" -lt 0 ] && [ "$(cut -d. -f1 /proc/uptime)" -lt 200 ]; then continue; fi
    wrap unshare --time --fork --boottime "$seconds"
    begin 0
    verb apply
    well_judged
    verb allow "$GUEST" --for 3s
    passes "$GUEST"
    ended "$GUEST"
    verb allow "$STRANGER4" --confirm-within 2s
    passes "$STRANGER4"
    ended "$STRANGER4"
    verb status
    well_judged
  done
else
  say 'the kernel has no time namespaces: there is nothing to get wrong'
fi
