#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# What happens is told while it happens: to everybody who watches, over changes of the list, and what was too much is
# counted.
. "$(dirname -- "$0")/lib.sh"

WATCHES=()
# watch FILE OPTION...: in the background, listening once this returns.
watch() {
  local file=$1
  shift
  : >"$WORK/$file"
  in_background "$SERVER" "$APIGUARD" --config "$ETC/apiguard.toml" --state-dir "$STATE" --run-dir "$RUN" \
    --pin-dir "$PINS" watch "$@" </dev/null >"$WORK/$file" 2>"$WORK/$file.err"
  WATCHES+=("${PIDS[-1]}")
  # It listens when a packet that nobody asked for is told.
  wait_for "$file" tells_knock "$file"
}
tells_knock() {
  probe "$KNOCK" >/dev/null
  sleep 0.1
  grep -q "$KNOCK" "$WORK/$1"
}
KNOCK=192.0.2.250
stop_watches() {
  local pid
  for pid in "${WATCHES[@]}"; do
    kill -TERM "$pid"
    wait "$pid" || die "a watch ended with status $?"
  done
  WATCHES=()
}
# told FILE REGEX: and a line says so before long.
told() { wait_for "a line of $1 that says '$2'" grep -Eq -- "$2" "$WORK/$1"; }

expect 4 guard watch --for 1s
complains 'nothing is in force'
start_listener
verb apply

step 'Denied, admitted and changes; as text and as JSON, to both who watch'
watch people
watch scripts --json
drops "$STRANGER4"
drops "$STRANGER6"
answered "$OFFICE4"
answered "$OFFICE6"
verb allow 198.18.0.0/15 --name test
told people "^[-0-9T:.]+Z  denied      $STRANGER4 -> $SERVER4:6443  unlisted  gate0$"
told people "  denied      $STRANGER6 -> \[$SERVER6\]:6443  unlisted  gate0$"
told people "  admitted    $OFFICE4 -> $SERVER4:6443  203\.0\.113\.0/24  gate0$"
told people "  admitted    $OFFICE6 -> \[$SERVER6\]:6443  2001:db8:12::/48  gate0$"
told people '  change      generation 2 is in force: mode enforce, \+1 -0, by root: allow 198\.18\.0\.0/15 --name test$'
told scripts "\"event\":\"denied\",\"source\":\"$STRANGER4\",\"destination\":\"$SERVER4\",\"port\":6443,\"interface\":\"gate0\",\"generation\":1,\"verdict\":\"drop\",\"reason\":\"unlisted\",\"range\":null"
told scripts "\"event\":\"admitted\",\"source\":\"$OFFICE6\".*\"range\":\"2001:db8:12::/48\""
told scripts '"event":"change","generation":2,"undone":false,"mode":"enforce","added":1'

step 'Two changes in one second are two'
verb allow 198.51.100.77
verb revoke 198.51.100.77
told people 'change      generation 3 is in force: .*: allow 198\.51\.100\.77$'
told people 'change      generation 4 is in force: .*: revoke 198\.51\.100\.77$'

step 'It goes on over changes of the list'
drops 192.0.2.99
told people '  denied      192\.0\.2\.99 '
told scripts '"source":"192.0.2.99".*"generation":4'
verb mode audit
passes 192.0.2.98
told people '  would deny  192\.0\.2\.98 '
verb mode enforce

step 'A change that nobody confirms'
verb allow 192.0.2.0/24 --confirm-within 2s
told people 'change      generation [0-9]+ is in force again: the change after it was not confirmed'
told scripts '"event":"change","generation":6,"undone":true'
expect 0 guard status
stop_watches
while read -r line; do
  "$TOOLS/json" /event <<<"$line" >/dev/null || die "no object: $line"
done <"$WORK/scripts"

step 'A flood: what is not told is counted'
watch flooded --json
knocks=$(counter drop unlisted)
shown=$(grep -c '"event":"denied"' "$WORK/flooded")
"$TOOLS/spoof" "$CLIENT/world0" 200000 "$STRANGER4" 1000 >"$WORK/sent"
sleep 2.5
stop_watches
dropped=$(($(counter drop unlisted) - knocks)) # a few less than were sent: the queue of a veth is short
[ "$dropped" -gt 100000 ] || die "only $dropped packets came"
told_denied=$(($(grep -c '"event":"denied"' "$WORK/flooded") - shown))
lost=0
while read -r line; do
  lost=$((lost + $("$TOOLS/json" /denied <<<"$line")))
done < <(grep '"event":"lost"' "$WORK/flooded")
say "  $dropped dropped, $told_denied told, $lost counted as lost"
[ "$lost" -gt 0 ] || die 'nothing was lost'
[ "$told_denied" -gt 0 ] || die 'nothing was told'
# The knocks in front may be among what is lost.
if [ $((told_denied + lost)) -lt "$dropped" ] || [ $((told_denied + lost)) -gt $((dropped + knocks)) ]; then
  die "$dropped packets were dropped, $told_denied told, $lost lost"
fi
watch people
"$TOOLS/spoof" "$CLIENT/world0" 5000 "$STRANGER4" 1000 >"$WORK/sent"
# A made-up source may be a listed one.
told people '  lost        [0-9]+ denied packets and [0-9]+ admitted connections are not shown$'
stop_watches

step 'Four may watch; one that was killed makes room'
for number in 1 2 3 4; do watch "w$number"; done
expect 4 guard watch --for 1s
complains 'all 4 places are taken'
kill -KILL "${WATCHES[0]}"
wait "${WATCHES[0]}" || true
WATCHES=("${WATCHES[@]:1}")
watch again
drops 192.0.2.77
for file in w2 w3 w4 again; do told "$file" '  denied      192\.0\.2\.77 '; done
stop_watches

step 'It ends by itself'
verb watch --for 1s
verb watch --for 1s --json
expect 2 guard watch --for ever
