#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# `apiguard run`: interfaces are guarded as they come, what others take away is put back, what has expired is settled; and
# whatever becomes of it, nothing is detached.
. "$(dirname -- "$0")/lib.sh"
LIST=$ETC/authorized-ranges
# shellcheck source=lib/supervised.sh
. "$(dirname -- "$0")/lib/supervised.sh"
pins_of_links() { find "$PINS/links" -type f | wc -l; }
link_pin() { echo "$PINS/links/$1"-*; } # NAME OF AN INTERFACE
appears() { on_server ip link add "$1" type veth peer name "p-$1"; } # NAME
# The supervisor may be faster than rm.
remove_pins() { rm -r "$PINS" 2>"$WORK/rm" || say "  some were back already: $(tail -n 1 "$WORK/rm")"; }
snapshot() { "$TOOLS/json" "$1" <"$RUN/status.json"; } # POINTER

step 'Nothing is in force and no interface is there: it waits, and guards the moment one appears'
config interfaces='["door*"]'
supervise
wait_for 'a status' notified 'STATUS=nothing is in force'
appears door0
well
same door0 "$(status_of /interfaces/0/name)"
wait_for 'a status' notified 'STATUS=generation 1, enforce, 1 of 1 interfaces attached'
same 1 "$(generation)"
on_server ip link delete door0
ends TERM 0
wait_for 'the end' notified STOPPING=1
plain_config
verb apply
enforced

step 'It keeps the metrics where it was told, as soon as their folder is there'
supervise_with=(--textfile "$WORK/metrics/apiguard.prom")
supervise
sleep 1.5
mkdir "$WORK/metrics"
tells_generation() { grep -qx "apiguard_generation $1" "$WORK/metrics/apiguard.prom"; }
wait_for 'the metrics' tells_generation "$(generation)"
changes verb allow 198.18.99.1
wait_for 'the metrics of the next generation' tells_generation "$(generation)"
# But for what counts or passes by itself.
told_alike() { diff <(guard metrics | grep -v _packets_total) <(grep -v _packets_total "$WORK/metrics/apiguard.prom"); }
wait_for 'the metrics that the verb tells' told_alike
supervise_with=()
ends TERM 0

step 'It runs alone'
DROPPED_BEFORE=$(status_of /counters/drop/unlisted)
supervise
expect 4 guard run
complains "lock '.*supervisor': held by pid $SUPERVISOR \(run\)"

step 'Who is denied and who is admitted is in its log, not without end'
events_come() { on 0 'pass drop' >/dev/null && logged "apiguard: denied $STRANGER4 -> $SERVER4:6443  unlisted  gate0"; }
wait_for 'an event' events_come
probe --flags 6 "$OFFICE4" >/dev/null
says "apiguard: admitted $OFFICE4 -> $SERVER4:6443  203\.0\.113\.0/24  gate0"
drops --count 50 "$STRANGER4"
sleep 1.5
TOLD=$(grep -c 'apiguard: denied' "$LOG")
[ "$TOLD" -le 10 ] || die 'more than ten of a kind in a minute'
LOST=$(($(status_of /counters/drop/unlisted) - DROPPED_BEFORE - TOLD))
tells_lost() { guard metrics | grep -qx "apiguard_events_lost_total{event=\"denied\"} $LOST"; }
wait_for "the metrics to say that $LOST events are lost" tells_lost
say "  $TOLD told, $LOST lost"

step 'Deleted and made again: guarded again, and the pin of the old link is gone'
for turn in 1 2 3; do
  say "turn $turn"
  on_server ip link delete gate0
  make_pair 0
  guarded 0
done
one_pin() { [ "$(pins_of_links)" -eq 1 ]; }
wait_for 'one pin of a link' one_pin
says "interface 'gate0': guarded by generation"
well

step 'Another one appears that the globs match: its own link; one that they do not match: none'
config interfaces='["gate*"]'
verb apply
make_pair 1
guarded 1
appears other0
well
same 'gate0 gate1' "$(guard status --json | "$TOOLS/json" /interfaces/0/name /interfaces/1/name | sort | xargs)"

step 'Renamed to a name that matches, and away from it: what is guarded stays so'
appears away1
on_server ip link set away1 name gate7
says "interface 'gate7': guarded"
on_server ip link set gate7 name away1
well
same true "$(guard status --json | "$TOOLS/json" /interfaces/2/attached)"
on_server ip link delete away1
on_server ip link delete other0
no_pin_of() { [ ! -e "$(link_pin "$1")" ]; }
wait_for 'the pin to go' no_pin_of gate7

step 'A pin is removed: pinned again before anybody notices'
forget
rm "$(link_pin gate0)"
says 'links/gate0.*was removed: pinned again'
well
on 0 'pass drop'

step 'All pins are removed: all of them are back, counters and list included'
forget
before=$(counter drop unlisted)
remove_pins
says '(was|were) removed: pinned again'
well
on 0 'pass drop'
expect 0 guard check "$OFFICE4"
expect 1 guard check "$STRANGER4"
[ "$(counter drop unlisted)" -gt "$before" ] || die 'the counters began anew'
keeps verb apply

step 'A link is detached by another tool: attached again'
forget
"$TOOLS/usurp" detach "$(link_pin gate0)"
guarded 0
says "interface 'gate0': guarded"
well

step 'A program is replaced by another tool: put back'
forget
"$TOOLS/usurp" update "$(link_pin gate0)"
guarded 0
says 'another process replaced the program on its link: generation [0-9]+ is restored'
"$TOOLS/usurp" update "$(link_pin gate0)"
"$TOOLS/usurp" update "$(link_pin gate1)"
guarded 0
guarded 1
well

step 'What a verb detached stays detached until an apply that accepts it'
forget
verb detach gate0
bare 0
on_server ip link set gate0 down # notices that it might be misled by
on_server ip link set gate0 up
rm "$(link_pin gate1)"
says 'links/gate1.*was removed: pinned again'
bare 0
guarded 1
expect 1 guard status
verb apply --accept-risk detached
guarded 0
well
verb detach --all
bare 0
appears gate7
forget
on_server ip link delete gate7
bare 0
bare 1
verb apply --accept-risk detached
guarded 0
guarded 1

step 'Verbs work as ever, and what they replace is let go'
changes verb allow 198.18.0.0/24
changes verb revoke 198.18.0.0/24
changes verb mode audit
on 0 'pass pass'
changes verb mode enforce
guarded 0
one_generation() { [ "$(find "$PINS/generations" -mindepth 1 -maxdepth 1 | wc -l)" -eq 1 ]; }
wait_for 'one generation to be pinned' one_generation

step 'An expired confirmation is settled by itself: files too'
cp "$LIST" "$WORK/list"
forget
verb allow "$STRANGER4" --confirm-within 1s
says 'was not confirmed and is undone'
cmp "$LIST" "$WORK/list"
guarded 0
well
verb allow "$STRANGER4" --confirm-within 1h
verb confirm
confirmed() { [ "$(snapshot /confirmed)" = true ]; }
wait_for 'the snapshot to say so' confirmed
on 0 'pass pass'
verb revoke "$STRANGER4"
guarded 0

step 'A hook that belongs to another program is told, not taken, and guarded once it is free'
appears gate7
well
verb detach gate7 # makes room for the other program
in_background "$SERVER" "$TOOLS/usurp" attach gate7 >"$WORK/usurper"
usurper=$!
wait_for 'the usurper' grep -x attached "$WORK/usurper"
rm -f "$RUN/detached"
forget
on_server ip link set gate7 up
says "interface 'gate7': attach xdp: the hook belongs to program"
expect 1 guard status
kill "$usurper"
says "interface 'gate7': guarded"
well
on_server ip link delete gate7

step 'A device without Ethernet header does not keep the others from being guarded'
if on_server ip tuntap add dev gate8 mode tun 2>"$WORK/err"; then
  on_server ip link delete gate1
  make_pair 1
  guarded 1
  well
  verb status
  complains "interface 'gate8': has no Ethernet header and is not guarded"
  on_server ip link delete gate8
else
  cat "$WORK/err"
  left_out 'no tun device'
fi
well

step 'Reload: the files are published, and the manager is told in the order that it wants'
forget
echo 198.18.7.0/24 >>"$LIST"
kill -HUP "$SUPERVISOR"
says 'reload: done'
passes 198.18.7.1
wait_for 'the end of the reload' notified READY=1
grep -E 'RELOADING|READY' "$NOTIFIED" >"$WORK/order"
same 'RELOADING=1 READY=1' "$(sed 's/ MONOTONIC.*//' "$WORK/order" | xargs)"
grep -E '^RELOADING=1 MONOTONIC_USEC=[0-9]+$' "$WORK/order" >/dev/null || die 'no time of the reload'

step 'Reload with a broken file: said, and what was in force stays'
forget
echo 'not a range' >>"$LIST"
kill -HUP "$SUPERVISOR"
says 'reload: failed with status 3'
says 'authorized-ranges:[0-9]+:'
wait_for 'the status' notified 'the last reload failed with status 3'
guarded 0
passes 198.18.7.1
sed -i '$d' "$LIST"
verb apply

step 'The snapshot: for everybody, and as true as status'
wait_for 'a snapshot' test -e "$RUN/status.json"
same 644 "$(stat -c %a "$RUN/status.json")"
same "$(generation)" "$(snapshot /generation)"
echo 198.18.8.0/24 >>"$LIST"
unapplied() { [ "$(snapshot /unapplied)" = true ]; }
wait_for 'edits to be seen' unapplied
verb apply
chmod 0711 "$WORK"
install -m 0755 "$APIGUARD" "$WORK/apiguard"
as_nobody() {
  on_server setpriv --reuid=65534 --regid=65534 --clear-groups -- "$WORK/apiguard" --config "$ETC/apiguard.toml" \
    --state-dir "$STATE" --run-dir "$RUN" --pin-dir "$PINS" "$@" </dev/null
}
followed() { [ "$(snapshot /generation)" = "$(generation)" ]; }
wait_for 'the snapshot to follow' followed
expect 0 as_nobody status
complains "this is a snapshot of .* s ago, by 'apiguard run'"
prints 'gate0 +attached'
expect 0 as_nobody status --json
same "$(generation) 2" "$("$TOOLS/json" /generation '/interfaces#' <"$WORK/out" | xargs)"
[ "$("$TOOLS/json" /snapshot <"$WORK/out")" != absent ] || die 'the JSON does not say that it is a snapshot'
expect 4 as_nobody list

step 'Killed: nothing changes, nothing is lost; started again it takes over'
ends KILL 137
on 0 'pass drop'
expect 0 guard status
verb allow 198.18.9.0/24
on_server ip link delete gate1
make_pair 1
on 1 'pass pass' # nobody is there to guard it
supervise
guarded 1
well

step 'Killed in the middle of anything, again and again, while interfaces come and go'
for turn in {1..15}; do
  on_server ip link delete gate1
  make_pair 1
  sleep "0.0$((turn % 10))"
  ends KILL 137
  on 0 'pass drop'
  supervise
  guarded 1
done
well
same 2 "$(pins_of_links)" 'pins of links'

step 'The rule of udev ends when an interface is guarded, and at once for others'
gate() { on_server env APIGUARD_CONFIG="$ETC/apiguard.toml" APIGUARD_STATE_DIR="$STATE" APIGUARD_RUN_DIR="$RUN" \
  APIGUARD_PIN_DIR="$PINS" "$APIGUARD" __guarded "$1"; }
gate lo
for door in gate7 gate8 gate9; do
  appears "$door"
  gate "$door"
  [ -e "$(link_pin "$door")" ] || die 'it ended before the interface was guarded'
  on_server ip link delete "$door"
done
kill -STOP "$SUPERVISOR"
appears gate6
gate gate6 # in the end
[ ! -e "$(link_pin gate6)" ] || die 'guarded by nobody'
on_server ip link delete gate6
kill -CONT "$SUPERVISOR"
well

step 'Ended by the manager: nothing is detached'
ends TERM 0
wait_for 'the end' notified STOPPING=1
on 0 'pass drop'
on 1 'pass drop'
expect 0 guard status

step 'Watchdog: fed at half of its time'
supervise WATCHDOG_USEC=400000
fed() { [ "$(grep -c '^WATCHDOG=1$' "$NOTIFIED")" -ge 3 ]; }
wait_for 'three turns' fed
ends TERM 0

step 'An end by a clock that was set since is computed anew: another edition of the same generation'
verb allow 198.18.20.0/24 --for 2h --name timed
echo 100 >"$WORK/clock"
before=$(edition)
generation=$(generation)
supervise env "LD_PRELOAD=$TOOLS/clock.so" "CLOCK_FILE=$WORK/clock"
anew() { [ "$(edition)" -gt "$before" ]; }
wait_for 'a new edition' anew
same "$generation" "$(generation)" generation
says 'the clock was moved by [0-9]+ s: expiry times are computed again'
says 'the same list, with expiry times by the current clock'
passes 198.18.20.1
expect 0 guard diff
ends TERM 0
keeps supervise env "LD_PRELOAD=$TOOLS/clock.so" "CLOCK_FILE=$WORK/clock"
verb rollback
drops 198.18.20.1
ends TERM 0

step 'bpffs is unmounted: packets are judged as before, and all is pinned again once it is back'
FS=$WORK/bpffs
mount_over "$FS" -t bpf bpf
unguard
rm -rf "$PINS" # cleanup knows only the place that is set last
PINS=$FS/pins
plain_config
verb apply
supervise
on 0 'pass drop'
umount "$FS"
says "pin '.*': is out of reach: this process keeps its links"
on 0 'pass drop'
mount -t bpf bpf "$FS"
says "pin '.*': is in reach again"
says 'more: were removed: pinned again'
well
on 0 'pass drop'
keeps verb apply
unguard
ends TERM 0

step 'Under the three capabilities of its unit, the same'
command -v setpriv >/dev/null || skip 'no setpriv'
verb apply
supervise setpriv --bounding-set=-all,+bpf,+net_admin,+perfmon --inh-caps=-all --
on_server ip link delete gate0
make_pair 0
guarded 0
"$TOOLS/usurp" update "$(link_pin gate0)"
guarded 0
remove_pins
well
ends TERM 0
unguard
