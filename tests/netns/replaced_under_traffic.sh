#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# A list is replaced as a whole: over hundreds of generations under a flood no packet is judged by a mixture, an empty list or
# nothing, and no counter is lost.
. "$(dirname -- "$0")/lib.sh"
GENERATIONS=${APIGUARD_GENERATIONS:-200} # even
FIRST4=198.18.1.1 FIRST6=2001:db8:f1::1 SECOND4=198.18.2.1 SECOND6=2001:db8:f2::1
FIRST=203.0.113.0/24,2001:db8:12::/48,198.18.1.0/24,2001:db8:f1::/48
SECOND=203.0.113.0/24,2001:db8:12::/48,198.18.2.0/24,2001:db8:f2::/48

tally() { awk -v name="$1" '$1 == name { print $2 }' "$WORK/flood"; }

expect 0 guard set "$FIRST"
passes "$OFFICE4" "$OFFICE6" "$FIRST4" "$FIRST6"
drops "$STRANGER4" "$STRANGER6" "$SECOND4" "$SECOND6"
start=$(generation)
total() { echo $(($(counter pass listed) + $(counter drop unlisted))); }
before=$(total)

step "Flood, while $GENERATIONS lists are published in turn"
"$TOOLS/flood" "$CLIENT/world0" "$SERVER/gate0" "$OFFICE4" "$OFFICE6" "$STRANGER4" "$STRANGER6" \
  "$FIRST4" "$FIRST6" "$SECOND4" "$SECOND6" 100000000 >"$WORK/flood" &
flood=$!
PIDS+=("$flood")
for ((at = 0; at < GENERATIONS; at += 2)); do
  guard set "$SECOND" >"$WORK/out" 2>&1 || die "set: $(cat "$WORK/out")"
  guard set "$FIRST" >"$WORK/out" 2>&1 || die "set: $(cat "$WORK/out")"
done
kill "$flood"
wait "$flood" || die 'the flood could not be sent'
cat "$WORK/flood"

same "$GENERATIONS" $(($(generation) - start)) 'generations published'
same 0 "$(tally always_missing)" 'packets of a source that every list holds which did not arrive'
same 0 "$(tally never_arrived)" 'packets of a source that no list holds which did arrive'
same 0 "$(tally unknown)"
for list in first second; do
  [ "$(tally "$list")" -gt 0 ] || die "the $list list was never seen"
done
[ "$(tally mixed)" -le "$GENERATIONS" ] || die 'more rounds are mixed than lists were published'

step 'Counters survived all of it: every frame of every round'
same $((8 * $(tally rounds))) $(($(total) - before))
