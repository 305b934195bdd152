#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# One change at a time: who comes second waits, who waits in vain is told for whom, and the dead hold nothing.
. "$(dirname -- "$0")/lib.sh"
verb apply
start=$(generation)

step 'Eight verbs at once: each of them is in force afterwards'
pids=()
# Where eight of them take longer than one waits, it says so, and is said again.
allow_in_turn() {
  until guard allow "198.18.$1.0/24"; do tail -n 1 "$WORK/at-once.$1" | grep -q 'gave up after 10 s' || return 1; done
}
for number in {1..8}; do
  allow_in_turn "$number" >"$WORK/at-once.$number" 2>&1 &
  pids+=($!)
done
for number in {1..8}; do
  wait "${pids[$((number - 1))]}" || die "verb $number: $(cat "$WORK/at-once.$number")"
done
[ "$(generation)" -le $((start + 8)) ] || die "$(generation) generations for eight changes"
passes 198.18.{1..8}.1
same 8 "$(grep -c '^198\.18' "$ETC/authorized-ranges")" 'lines in the file'
expect 0 guard diff

step 'A verb that is stopped in the middle holds the others up; they name it, and change nothing'
# The editor of `edit` runs without the lock; what is stopped here holds it.
hold() {
  exec 9>>"$RUN/lock"
  flock 9
  printf '%s apply\n' "$BASHPID" >"$RUN/lock"
  exec sleep 600
}
hold &
holder=$!
PIDS+=("$holder")
wait_for 'the lock to be taken' grep -q "^$holder " "$RUN/lock"
before=$(generation)
expect 4 guard allow 198.18.99.0/24
complains "$holder"
complains 'apply'
same "$before" "$(generation)"
drops 198.18.99.1
step 'Reading verbs and dry runs do not wait'
expect 0 guard status
expect 0 guard check "$OFFICE4"
expect 0 guard list
expect 0 guard diff
expect 0 guard allow 198.18.99.0/24 --dry-run

step 'The holder is killed: nobody is held up'
kill -KILL "$holder"
wait "$holder" 2>/dev/null || true
verb allow 198.18.99.0/24
passes 198.18.99.1
