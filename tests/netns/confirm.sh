#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# A change with --confirm-within stays if somebody confirms it, and is undone if not: for packets by the kernel alone, for
# links, text and history by the next verb.
. "$(dirname -- "$0")/lib.sh"
make_pair 1
start_prober 0
start_prober 1
LIST=$ETC/authorized-ranges
LONG=1h SHORT=2s
on() { ask "$1" "$OFFICE4" "$OFFICE6" "$STRANGER4" "$STRANGER6"; } # NUMBER OF THE PAIR
OLD=PPDD NEW=PPPP
judges() { same "$1" "$(on 0)" "${2:-} on gate0"; }
pinned() { find "$PINS/generations" -mindepth 1 -maxdepth 1 -printf '%f\n' | sort -n | xargs; }
linked() { find "$PINS/links" -type f -printf '%f\n' | sed 's/-.*//' | sort | xargs; }
standing() { guard history | awk -v number="$1" '$1 == number { print $3 }'; } # GENERATION
runs_nothing() { ! pgrep -f -- "--pin-dir $PINS" >/dev/null || die 'a process of ours is running'; }
# Until the kernel has gone back by itself.
expires() { wait_for "${1:-gate0} to go back" test_judges "${2:-$OLD}"; }
test_judges() { [ "$(on 0)" = "$1" ]; }
other_passes() { [ "$(on 1)" = PPPP ]; }
remember() { cp -a "$LIST" "$WORK/list" && cp -a "$ETC/apiguard.toml" "$WORK/toml"; }
as_remembered() {
  cmp "$LIST" "$WORK/list" || die "the list differs: ${1:-}"
  cmp "$ETC/apiguard.toml" "$WORK/toml" || die "the toml differs: ${1:-}"
}
let_in() { verb allow "$STRANGER4" "$STRANGER6" --name guest --confirm-within "$1"; }
verb apply
remember

step 'In force at once, and shown as not confirmed'
let_in $LONG
prints 'undone in 59 min|undone in 1 h'
prints "unless 'apiguard confirm' keeps it"
judges $NEW
FIRST=$(generation)
same "false false" "$(guard status --json | "$TOOLS/json" /confirmed /unapplied | xargs)"
[ "$(date -d "$(status_of /confirm_deadline)" +%s)" -gt "$(date +%s)" ] || die 'the deadline is past'
verb status
prints "NOT CONFIRMED: undone at .* unless 'apiguard confirm' keeps it"
same unconfirmed "$(standing "$FIRST")"
same "$((FIRST - 1)) $FIRST" "$(pinned)" 'what it falls back to is kept'

step 'Meanwhile no other change'
for other in apply 'allow 198.18.0.1' 'except 203.0.113.7' 'revoke guest' 'set 198.18.0.1' 'mode audit' 'mode enforce' \
  'apply --boot' 'apply --dry-run' "rollback --confirm-within 1m"; do
  # shellcheck disable=SC2086 # words
  keeps expect 4 guard $other
  complains "generation $FIRST: not confirmed yet"
done
expect 0 guard list
prints guest
expect 0 guard check "$STRANGER4"

step 'Confirmed, it stays, and what it would have fallen back to goes'
verb confirm
prints "generation $FIRST is confirmed"
same 'true null' "$(guard status --json | "$TOOLS/json" /confirmed /confirm_deadline | xargs)"
same "$FIRST" "$(pinned)"
same 'in' "$(standing "$FIRST")"
verb confirm
prints 'no change is pending confirmation'
judges $NEW
changes verb revoke guest
remember

step 'Unconfirmed, the kernel undoes it by itself: nothing of ours runs'
let_in $SHORT
SECOND=$(generation)
judges $NEW
runs_nothing
expires
same "$((SECOND - 1)) $SECOND" "$(pinned)" 'nobody has settled anything'
step 'Only the program that judges counts'
before=$("$TOOLS/json" /counters/drop/unlisted < <(guard status --json 2>"$WORK/err"))
grep -q "generation $SECOND was not confirmed and is undone" "$WORK/err" || die "$(cat "$WORK/err")"
as_remembered 'settled by status'
same "$((SECOND - 1))" "$(generation)"
same "$((SECOND - 1))" "$(pinned)"
same undone "$(standing "$SECOND")"
same 0 "$(guard diff >/dev/null && echo 0)"
judges $OLD
same $((before + 2)) "$(counter drop unlisted)"
expect 8 guard confirm
complains "generation $SECOND: undone, because it was not confirmed"

step 'Uncounted by the generation that has handed over'
let_in $SHORT
expires
before=$(counter drop unlisted) # settles
let_in $SHORT
expires
for attempt in 1 2 3 4 5; do judges $OLD "$attempt"; done
# One for the look that saw it go back; what that cost before does not matter, so only a lower and an exact upper bound.
after=$(counter drop unlisted)
case $((after - before)) in 12 | 13 | 14) ;; *) die "$((after - before)) drops for 6 looks of two" ;; esac
same 0 "$(counter would_drop unlisted)"
as_remembered

step 'confirm when the time is over'
let_in $SHORT
expires
expect 8 guard confirm
complains 'undone, because it was not confirmed'
as_remembered
judges $OLD

step 'Hand edits meanwhile stay, and count as unapplied'
let_in $SHORT
echo '198.18.7.0/24 name=by-hand' >>"$LIST"
expires
expect 0 guard status
complains "file '.*authorized-ranges': was edited while generation .* was pending: left as it is"
for word in by-hand guest; do grep -q $word "$LIST" || die "the edit is gone: $word"; done
same true "$(status_of /unapplied)"
expect 1 guard diff
cp -a "$WORK/list" "$LIST"
verb apply

step 'An edit by hand that apply published stays in its file'
ranges 203.0.113.0/24 2001:db8:12::/48 "$STRANGER4" "$STRANGER6"
verb apply --confirm-within $SHORT
judges $NEW
expires
expect 0 guard status
same true "$(status_of /unapplied)"
cp -a "$WORK/list" "$LIST"
verb apply

step 'A file that was not there is not there again'
rm "$LIST"
config cluster='["203.0.113.0/24", "2001:db8:12::/48"]'
verb apply --accept-risk all
let_in $SHORT
[ -e "$LIST" ] || die 'no list'
expires
verb status
[ ! -e "$LIST" ] || die 'the list is still there'
plain_config
cp -a "$WORK/list" "$LIST"
verb apply
remember

step 'mode: the toml goes back as well'
verb mode audit --confirm-within $SHORT
grep -q audit "$ETC/apiguard.toml" || die 'the toml says nothing of it'
expires
verb status
as_remembered
silent_about 'NOT ENFORCED'

step 'rollback, mode off and detach are accepted'
let_in $LONG
changes verb rollback
judges $OLD
as_remembered
same true "$(status_of /confirmed)"
let_in $LONG
changes verb mode off
same off "$(status_of /mode)"
same true "$(status_of /confirmed)"
verb mode enforce
verb revoke guest
remember
let_in $LONG
unguard
same '' "$(linked)"
verb apply
as_remembered 'after a detach'
judges $OLD

step 'An interface that joins with it passes what it passed before'
config interfaces='["gate0", "gate1"]'
verb apply --confirm-within $SHORT
same $OLD "$(on 1)" gate1
same 'gate0 gate1' "$(linked)"
wait_for 'gate1 to pass' other_passes
judges $OLD
expect 0 guard status
same 'gate0' "$(linked)"
same true "$(status_of /unapplied)"
verb apply --confirm-within $LONG
verb confirm
same $OLD "$(on 1)" gate1

step 'An interface that leaves with it leaves when it is confirmed'
plain_config
verb apply --confirm-within $LONG
same 'gate0 gate1' "$(linked)"
same $OLD "$(on 1)" gate1
expect 0 guard status
verb confirm
same 'gate0' "$(linked)"
same PPPP "$(on 1)" gate1
remember

step 'The first publish of all: unconfirmed, everything passes again'
unguard
rm -rf "$PINS" "$STATE" "$RUN"
verb apply --confirm-within $SHORT
judges $OLD
expires gate0 PPPP
expect 1 guard status
complains 'nothing is in force'
same '' "$(linked)"
[ ! -e "$STATE/in-force" ] || die 'a mark of what was undone'
as_remembered
expect 7 guard apply
complains "risk 'undone'"
verb apply --accept-risk undone
judges $OLD

step 'A boot meanwhile counts as its end'
let_in $LONG
rm -rf "$PINS"
judges PPPP 'after the boot'
expect 0 guard apply --boot
complains 'was not confirmed and is undone'
judges $OLD
as_remembered

step 'kill -9 anywhere in a change that is to be confirmed'
kill_guard() { # N VERB...: 0 if killed
  local at=$1 killed
  shift
  killed=$(on_server "$TOOLS/kill_at" "$at" "$APIGUARD" --config "$ETC/apiguard.toml" --state-dir "$STATE" --run-dir "$RUN" \
    --pin-dir "$PINS" "$@" </dev/null 2>"$WORK/err" | tail -n 1)
  case $killed in
    killed*) PLACE="'$*' killed at $at" ;;
    ran*) return 1 ;;
    *) die "$killed $(cat "$WORK/err")" ;;
  esac
}
either() { case $(on 0) in "$OLD" | "$NEW") ;; *) die "$PLACE: neither the old list nor the new one" ;; esac }
kills=0
for ((at = 2; ; at += 5, ++kills)); do
  kill_guard "$at" allow "$STRANGER4" "$STRANGER6" --confirm-within 1s || break
  either
  expires
  verb status
  verb apply
  as_remembered "$PLACE"
  same "$(generation)" "$(pinned)" "$PLACE"
  judges $OLD
done
say "  $kills kills of the change"
expires
verb status
as_remembered

step 'kill -9 anywhere in confirm'
kills=0
for ((at = 1; ; at += 2, ++kills)); do
  let_in $LONG
  killed=0
  kill_guard "$at" confirm || killed=1
  verb confirm
  judges $NEW "$at"
  same true "$(status_of /confirmed)"
  same "$(generation)" "$(pinned)" "confirm killed at $at"
  verb revoke guest
  [ $killed = 0 ] || break
done
say "  $kills kills of confirm"

step 'kill -9 anywhere in what undoes it'
remember
kills=0
for ((at = 1; ; at += 3, ++kills)); do
  let_in 1s
  expires
  killed=0
  kill_guard "$at" confirm || killed=1
  judges $OLD "$at"
  verb apply
  as_remembered "undoing killed at $at"
  same "$(generation)" "$(pinned)" "undoing killed at $at"
  [ $killed = 0 ] || break
done
say "  $kills kills of undoing"

step 'At a terminal it counts down and asks'
terminal() { # ANSWER VERB...: types the answer once it is asked
  local answer=$1 asking
  shift
  rm -f "$WORK/keys" "$WORK/terminal"
  mkfifo "$WORK/keys"
  nsenter --net="/run/netns/$SERVER" -- script -qec "$APIGUARD --config $ETC/apiguard.toml --state-dir $STATE --run-dir $RUN \
    --pin-dir $PINS $*" /dev/null <"$WORK/keys" >"$WORK/terminal" 2>&1 &
  asking=$!
  PIDS+=("$asking")
  exec {KEYS}>"$WORK/keys"
  wait_for 'the question' grep -q 'Keep generation' "$WORK/terminal"
  [ -z "$answer" ] || echo "$answer" >&"$KEYS"
  STATUS=0
  wait "$asking" || STATUS=$?
  exec {KEYS}>&-
}
terminal y allow "$STRANGER4" --name guest --confirm-within 1m
same 0 "$STATUS" "$(cat "$WORK/terminal")"
same true "$(status_of /confirmed)"
verb revoke guest
remember
terminal n allow "$STRANGER4" --name guest --confirm-within 1m
same 8 "$STATUS" "$(cat "$WORK/terminal")"
as_remembered
judges $OLD
terminal '' allow "$STRANGER4" --name guest --confirm-within 3s
same 8 "$STATUS" "$(cat "$WORK/terminal")"
if sed '1,/Keep generation/d' "$WORK/terminal" | grep 'writing the files'; then die 'the question is written over'; fi
grep -q '1 s left' "$WORK/terminal" || die "$(cat "$WORK/terminal")"
as_remembered
judges $OLD
