#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# A line that vanishes from a drop-in with '#lapse' stays for a while and ends by itself: a node that is replaced, or a
# file that came empty, cuts nobody and asks nothing.
. "$(dirname -- "$0")/lib.sh"
LIST=$ETC/authorized-ranges
FOLDER=$ETC/authorized-ranges.d
NODES=$FOLDER/10-nodes.list
OTHER=$FOLDER/20-other.list
# Node A is a real client.
A=$STRANGER4 B=192.0.2.11 C=192.0.2.12 D=192.0.2.13
NET=192.0.2.0/24

after() { "$TOOLS/json" "$@" <"$WORK/out"; } # values of the JSON that the last verb printed
# nodes LINE...: writes the drop-in.
nodes() { printf '%s\n' "$@" >"$NODES"; }
runs_nothing() { ! pgrep -f -- "--pin-dir $PINS" >/dev/null || die 'a process of ours is running'; }
# lapses ADDRESS / lapses_not ADDRESS: what list and check say of it. END is set to its end.
lapses() {
  verb list
  prints "^$1/32 +(allow|except) .*Z \\(lapsing, in [0-9a-z ]+\\) .* authorized-ranges\\.d/10-nodes\\.list\$"
  END=$(sed -nE "s|^$1/32 .* ([0-9TZ:-]+) \\(lapsing, .*|\\1|p" "$WORK/out")
  guard check "$1" --json >"$WORK/out" || true
  same "$1/32 true" "$(after /range /lapsing | xargs)" "check $1"
}
lapses_not() {
  guard list >"$WORK/out"
  silent_about "^$1/32 .*lapsing"
  guard check "$1" --json >"$WORK/out" || true
  same absent "$(after /lapsing)" "check $1"
}
# The clocks are read one after the other, so that an end may be shown a second off.
same_end() {
  local off=$(($(date -u -d "$1" +%s) - $(date -u -d "$2" +%s)))
  [ "${off#-}" -le 1 ] || die "the end was $1 and is $2"
}
has_passed() { [ "$(date +%s)" -gt "$(date -u -d "$1" +%s)" ]; }
# Of held connections there is one at a time.
let_go() {
  local pid=$HELD_PID
  kill -KILL "$pid"
  wait "$pid" 2>/dev/null || true
}
# begins ADDRESS COMMAND...: the line begins to lapse, and nothing is asked.
begins() {
  local address=$1
  shift
  changes "$@"
  complains "lines? of 'authorized-ranges\\.d/10-nodes\\.list' lapses? until .*: .*$address"
  silent_about '^risk'
  lapses "$address"
}

start_listener
mkdir -m 0755 "$FOLDER"

step 'A node is replaced: the old one stays for its time, the new one is in, nothing is asked'
nodes '#lapse 1m' '# by the inventory' "$A name=node-a" "$B name=node-b"
changes verb apply
hold_connection "$A"
PRINT=$(status_of /fingerprint)
nodes '#lapse 1m' "$B name=node-b" "$C name=node-c"
keeps verb apply --dry-run
complains "1 line of 'authorized-ranges\\.d/10-nodes\\.list' lapses until .*: $A/32: 'apiguard revoke' removes it at once"
prints "^- $A/32  node-a"
keeps verb apply --dry-run --json
same "1 1" "$(after /removed# /warnings# | xargs)"
drops "$C"
begins "$A" verb apply
FIRST=$END
passes "$A" "$B" "$C"
echo two >&"${HELD[1]}"
said echo
runs_nothing

step 'The text knows nothing of it: diff, fingerprint, history'
verb diff
[ "$PRINT" != "$(status_of /fingerprint)" ] || die 'the fingerprint is that of the list before'
WITH=$(status_of /fingerprint)
verb history --json
same '1 1' "$(after /generations/0/added /generations/0/removed | xargs)"

step 'Later changes leave its end as it is, and so does a boot'
keeps verb apply
lapses "$A"
same_end "$FIRST" "$END"
changes verb allow 198.51.100.7 --name unrelated
silent_about lapse
changes verb revoke unrelated
nodes '#lapse 20m' "$C name=node-c" "$B name=node-b"
changes verb apply
nodes '#lapse 1m' "$B name=node-b" "$C name=node-c"
changes verb apply
lapses "$A"
same_end "$FIRST" "$END"
rm -rf "$PINS"
verb apply --boot
lapses "$A"
same_end "$FIRST" "$END"
passes "$A" "$B" "$C"
same "$WITH" "$(status_of /fingerprint)"

step 'A file that came torn is refused; one that came empty, or went whole, cuts nobody'
printf '#lapse 1m\n192.0.2.1' >"$NODES"
keeps expect 3 guard apply
complains '10-nodes\.list:2:10: the last line has no newline'
printf '#lapse 1m\n#lapsed nodes\n' >"$NODES"
keeps expect 3 guard apply
complains "10-nodes\\.list:2:2: unknown key 'lapsed'"
: >"$NODES"
begins "$B" verb apply
lapses "$C"
passes "$A" "$B" "$C"
nodes '#lapse 1m' "$B name=node-b" "$C name=node-c"
changes verb apply
lapses_not "$B"
rm "$NODES"
begins "$B" verb apply
lapses "$C"
passes "$A" "$B" "$C"

step 'A line that returns, in another file, is forgotten: it vanishes from there at once'
echo "$B name=node-b" >"$OTHER"
changes verb apply
lapses_not "$B"
passes "$B"
rm "$OTHER"
changes verb apply
lapses_not "$B"
drops "$B"
passes "$A" "$C"

step 'A line of the same prefix replaces it, for good'
changes verb except "$C"
lapses_not "$C"
drops "$C"
changes verb revoke "$C"
lapses_not "$C"
drops "$C"

step 'A lapsing except lapses as well'
nodes '#lapse 1m' "$NET name=net" "except $D"
changes verb apply --accept-risk wide
drops "$D"
nodes '#lapse 1m' "$NET name=net"
begins "$D" verb apply
drops "$D"
expect 1 guard check "$D" --json
same 'drop excepted true' "$(after /verdict /reason /lapsing | xargs)"
nodes '#lapse 1m' "$NET name=net" "$D name=d"
changes verb apply
lapses_not "$D"
passes "$D"

step 'What others list anyhow does not lapse'
nodes '#lapse 1m' "$NET name=net"
changes verb apply
silent_about lapses
lapses_not "$D"
echo "$NET" >>"$LIST"
rm "$NODES"
changes verb apply
silent_about lapses
passes "$D"
sed -i "\\|^$NET|d" "$LIST"
changes verb apply --accept-risk drop-peers
drops "$D"

step 'The end comes by itself, with nothing of ours running'
lapses "$A"
same_end "$FIRST" "$END"
answered "$A"
runs_nothing
BEFORE=$(generation)/$(edition)
wait_for "$FIRST" has_passed "$FIRST"
unanswered "$A"
drops "$A"
guard list >"$WORK/out"
silent_about lapsing
expect 1 guard check "$A"
same "$BEFORE" "$(generation)/$(edition)"
changes verb allow 198.51.100.8
drops "$A"
verb revoke 198.51.100.8

let_go

step 'The longer of the two headers counts'
nodes '#lapse 10m' "$A name=node-a" "$B name=node-b"
changes verb apply
nodes '#lapse 1m' "$B name=node-b"
begins "$A" verb apply
[ "$(date -u -d "$END" +%s)" -gt $(($(date +%s) + 400)) ] || die "the header in force said 10m, and the end is $END"
nodes '#lapse 1h'
begins "$B" verb apply
[ "$(date -u -d "$END" +%s)" -gt $(($(date +%s) + 3000)) ] || die "the new header says 1h, and the end is $END"

step 'An end of its own that comes sooner stays'
SOON=$(date -u -d 'now +5 minutes' +%FT%TZ)
nodes '#lapse 1h' "$D until=$SOON"
changes verb apply
nodes '#lapse 1h'
begins "$D" verb apply
same_end "$SOON" "$END"

step 'A rollback publishes its text with the book as it is now'
passes "$A" "$B" "$D"
nodes '#lapse 1h' "$C name=node-c"
changes verb apply
changes verb rollback
passes "$A" "$B" "$D"
drops "$C"
changes verb apply
passes "$A" "$B" "$C"
lapses "$A"
lapses "$B"

step 'A change that is taken back leaves the line where it was, and it lapses anew'
nodes '#lapse 1h' "$C name=node-c" "198.51.100.20 name=late"
changes verb apply
nodes '#lapse 1h' "$C name=node-c"
begins 198.51.100.20 verb apply --confirm-within 1h
passes 198.51.100.20
verb rollback
lapses_not 198.51.100.20
passes 198.51.100.20
begins 198.51.100.20 verb apply --accept-risk undone
verb revoke 198.51.100.20
drops 198.51.100.20

step 'Mode off and back'
changes verb mode off
passes "$STRANGER6"
lapses "$A"
changes verb mode enforce
drops "$STRANGER6"
passes "$A" "$B"

step 'An allow that a new except covers ends at once, and this is asked about'
nodes '#lapse 1h' "$C name=node-c"
hold_connection "$A"
keeps expect 7 guard except "$NET"
complains "risk 'drop-peers': 1 connected client would be cut"
complains "$A: [0-9] connections?, listed by $A/32 \\(node-a\\)"
changes verb except "$NET" --accept-risk drop-peers
complains '3 lapsing lines end now: a new except covers them'
lapses_not "$A"
drops "$A" "$B"
passes "$C"
let_go
changes verb revoke "$NET"
drops "$A" "$B"
passes "$C"

step 'A revoke takes lapsing lines out at once, by range or name, and asks who is connected'
nodes '#lapse 1h' "$A name=node-a" "$B name=pool" "$C name=node-c" "$D name=pool"
changes verb apply
nodes '#lapse 1h' "$C name=node-c"
begins "$A" verb apply
hold_connection "$A"
keeps expect 7 guard revoke "$A"
complains "risk 'drop-peers'"
lapses "$A"
renews verb revoke "$A" --accept-risk drop-peers
prints "^- $A/32  node-a  until "
drops "$A"
let_go
passes "$B" "$C" "$D"
lapses_not "$A"
lapses "$B"
keeps expect 1 guard revoke "$A" # there is none any more
complains "range '$A/32': no such entry"
keeps expect 3 guard revoke "$C"
keeps verb revoke pool --dry-run --json
same '2 true' "$(after /removed# /removed/0/lapsing | xargs)"
passes "$B" "$D"
echo "198.51.100.9 name=pool" >>"$LIST"
changes verb apply
changes verb revoke pool --json
same '3 absent true' "$(after /removed# /removed/0/lapsing /removed/1/lapsing | xargs)"
drops "$B" "$D" 198.51.100.9
verb history --json
same 1 "$(after /generations/0/removed)" 'what is taken out of the book is no part of the history'
passes "$C"
verb apply --boot
drops "$A" "$B" "$D"

step 'Without the header first, lines go at once, and this is asked about'
nodes '#lapse 1h' "$A name=node-a"
changes verb apply
lapses "$C"
passes "$A"
hold_connection "$A"
nodes "$A name=node-a"
changes verb apply
prints '^lapse of authorized-ranges\.d/10-nodes\.list: 1h -> none'
rm "$NODES"
keeps expect 7 guard apply
complains "risk 'drop-peers'"
changes verb apply --accept-risk drop-peers
drops "$A"
passes "$C"

step 'A kill -9 anywhere between book and kernel cuts nobody'
kill_guard() { # N VERB...: succeeds if it was killed, fails if the verb ended before its N-th system call
  local at=$1 killed
  shift
  killed=$(on_server "$TOOLS/kill_at" "$at" "$APIGUARD" --config "$ETC/apiguard.toml" --state-dir "$STATE" \
    --run-dir "$RUN" --pin-dir "$PINS" "$@" </dev/null 2>"$WORK/err" | tail -n 1)
  say "  $killed"
  case $killed in
    killed*) ;;
    "ran "*" 0") return 1 ;;
    *) die "killed at $at: $killed: $(cat "$WORK/err")" ;;
  esac
}
for ((at = 1; at < 1000; at += 4)); do
  nodes '#lapse 1h' "$A name=node-a" "$B name=node-b"
  verb apply
  nodes '#lapse 1h' "$B name=node-b"
  if ! kill_guard "$at" apply; then break; fi
  passes "$A" "$B" "$C"
  verb apply
  lapses "$A"
  passes "$A" "$B" "$C"
  verb diff
done
[ "$at" -gt 20 ] || die "the verb made no more than $at system calls that matter"

step 'No boot fails over a header, be it in the files or in what was published before'
unguard
rm -rf "$PINS" "$STATE"
nodes '#nodes of ours' "$A name=node-a"
expect 3 guard apply
complains "10-nodes\\.list:1:2: unknown key 'nodes'"
verb apply --boot
complains "10-nodes\\.list:1:2: unknown key 'nodes'"
passes "$A"
rm -rf "$PINS"
verb apply --boot
silent_about 'unknown key'
passes "$A" "$OFFICE4"
drops "$B"
for mode in audit off; do changes verb mode "$mode"; done
keeps expect 3 guard mode enforce
keeps expect 3 guard allow 198.51.100.7
nodes "$A name=node-a"
changes verb mode enforce --accept-risk unapplied
drops "$B"
nodes "$B"
changes verb apply --accept-risk drop-peers
changes verb rollback 1 # whose text has the header
passes "$A"
drops "$B"

step 'A change that fails leaves the book as it was'
nodes '#lapse 1m' '# by the inventory' "192.0.2.21 name=node-e" "192.0.2.22 name=node-f"
verb apply --accept-risk all
nodes '#lapse 1m' '# by the inventory' "192.0.2.22 name=node-f"
# without_state VERB...: no generation can be written, and the book can.
without_state() {
  # Words of the inner shell.
  # shellcheck disable=SC2016
  on_server unshare --mount --propagation private -- \
    sh -c 'mount --bind "$1" "$1" && mount -o remount,ro,bind "$1" && shift && exec "$@"' sh "$STATE/generations" \
    "$APIGUARD" --config "$ETC/apiguard.toml" --state-dir "$STATE" --run-dir "$RUN" --pin-dir "$PINS" "$@" </dev/null
}
expect 4 without_state apply
complains 'read-only file system'
if grep -sF 192.0.2.21 "$STATE/leases"; then die 'the book has a line of a change that failed'; fi
lapses_not 192.0.2.21
nodes '#lapse 1m' '# by the inventory' "192.0.2.21 name=node-e" "192.0.2.22 name=node-f"
verb apply
silent_about 'earlier command'
