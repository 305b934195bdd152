#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# What is remembered may be lost: whatever sits at the pins of counters, denied, seen, flows, used, watches, rings and
# secret, or has the names of the files `used` and `seen`, a change of the list takes place, says what begins anew, and
# that works afterwards.
. "$(dirname -- "$0")/lib.sh"
KEPT=(counters denied seen flows used watches rings unproven)
misplace() { "$TOOLS/misplace" "$@"; }
pin_of() { echo "$PINS/$1-v2"; }

# ---- what can go wrong with a pin: spoil HOW NAME ----

spoil() {
  local pin
  pin=$(pin_of "$2")
  case $1 in frozen | flags | entries) ;; *) rm -f "$pin" ;; esac
  case "$1 $2" in
    'entries rings') misplace maps 3 "$pin" && return ;;
    'flags rings') misplace maps 4 "$pin" && return ;; # of hash maps: the verifier alone can tell
  esac
  case $1 in
    gone) ;;
    other) misplace map 1 4 4 8 0 "$pin" ;; # a hash map
    program) misplace program "$pin" ;;
    frozen) misplace freeze "$pin" ;;
    entries) misplace like "$pin" "$(flags_of "$2")" 3 ;;
    flags) misplace like "$pin" 0x80 0 ;; # no program may write to it, nobody map it
    folder) mkdir "$pin" && misplace program "$pin/theirs" ;;
    dangling) ln -s "$PINS/nowhere" "$pin" ;;
    link) misplace link "$PINS/links/"gate0-* "$pin" ;;
    *) die "spoil $1" ;;
  esac
}
flags_of() { case $1 in watches) echo 0x400 ;; used) echo 1 ;; *) echo 0 ;; esac; }

# ---- that all of it works ----

refused() { guard denied --top 100 2>/dev/null | grep -F "$1" >/dev/null; }
connections() { of /connections check "$OFFICE4"; }
works() { # WHAT
  local before watcher
  before=$(counter drop unlisted)
  enforced
  same 2 $(($(counter drop unlisted) - before)) "$1: dropped packets that are counted"
  refused "$STRANGER4" || die "$1: denied does not know $STRANGER4"
  before=$(connections)
  answered "$OFFICE4" >/dev/null
  same 1 $(($(connections) - before)) "$1: connections of the office"
  guard watch --for 2s --json >"$WORK/events" 2>"$WORK/err.watch" &
  watcher=$!
  wait_for "$1: an event of $STRANGER4" event_of "$STRANGER4"
  wait "$watcher" || die "$1: watch: $(cat "$WORK/err.watch")"
}
event_of() {
  drops "$1"
  grep -F "$1" "$WORK/events" >/dev/null
}
map_is_back() {
  guard apply --dry-run >"$WORK/dry" 2>&1
  if grep -F "/$1-v2'" "$WORK/dry" >/dev/null; then return 1; fi
}
# Nothing is left to be made anew.
mended() {
  expect 0 guard apply --dry-run
  silent_about "pin '"
}

start_listener
verb mode audit
verb apply
passes "$STRANGER4"
verb mode enforce
for kept in "${KEPT[@]}" secret; do [ -e "$(pin_of "$kept")" ] || die "no pin of $kept"; done
works 'at first'

# verb_number N: every verb that publishes, in turn.
verb_number() {
  case $(($1 % 8)) in
    0) echo "allow 198.18.0.$1" ;;
    1) echo 'mode audit' ;;
    2) echo 'mode enforce' ;;
    3) echo "except 203.0.113.$((100 + $1))" ;;
    4) echo 'mode off' ;;
    5) echo 'rollback' ;;
    6) echo 'apply' ;;
    7) echo 'apply --boot' ;;
  esac
}
judged() {
  case $(status_of /mode) in
    enforce) enforced ;;
    *) not_enforced ;;
  esac
}
at=0
spoiled() { # HOW NAME
  local words=()
  # Without an audit nothing is missed of what an audit keeps.
  case "$1 $2" in 'gone seen' | 'gone flows' | 'gone unproven') expect 0 guard mode audit ;; esac
  spoil "$1" "$2"
  say "-- $1: $2"
  judged
  expect 0 guard apply --dry-run
  if [ "$1 $2" != 'flags rings' ]; then complains "pin '$PINS/$2-v2': .* (start over|is recreated)"; fi
  read -ra words < <(verb_number $at)
  at=$((at + 1))
  [ "$1 $2" != 'flags rings' ] || words=(except 203.0.113.250)
  [[ ${words[*]} = *--boot ]] || words+=(--accept-risk all)
  expect 0 guard "${words[@]}"
  complains "pin '$PINS/$2-v2': .* (start over|is recreated)"
  judged
  mended
}

for how in other gone program frozen entries flags dangling folder link; do
  step "At the pin of each is what is meant by '$how'"
  for kept in "${KEPT[@]}"; do
    case "$how $kept" in
      'entries used' | 'frozen denied') continue ;; # has any size; what has a lock cannot be frozen
    esac
    spoiled "$how" "$kept"
  done
  verb mode enforce --accept-risk all
  works "after $how"
done

step 'A link or folder that had the place is only moved'
[ -e "$PINS/aside-counters-v2-1/theirs" ] || die 'the folder is gone'
[ -e "$PINS/aside-rings-v2-2" ] || die 'the link is gone'
rm -r "$PINS"/aside-*

step 'The secret is of this boot, everywhere the same, and made anew where it is lost'
secret=$(misplace get "$(pin_of secret)")
[ "$secret" != 0 ] || die 'no secret'
from_boot_id=$(printf '%u' "0x$(tr -d '\n' </proc/sys/kernel/random/boot_id | sha256sum | cut -c1-16)")
[ "$secret" != "$from_boot_id" ] || die 'the secret is made of the boot id'
same 700 "$(stat -c %a "$PINS")" 'the mode of the folder'
for spoil in frozen gone program other; do # the generation in force still has it: nothing is lost
  spoil "$spoil" secret
  [ "$spoil" = frozen ] || { expect 0 guard apply --dry-run && complains "pin '.*/secret-v2': .*recreated"; }
  changes verb allow "198.18.1.$((at = at + 1))"
  same "$secret" "$(misplace get "$(pin_of secret)")" "the secret after $spoil"
  refused "$STRANGER4" || die "denied was lost with the pin of the secret ($spoil)"
  mended
done
shown="$secret|$(printf '%x' "$secret")"
for line in 'status --json' 'version --verbose' 'history --json' 'denied --json' metrics; do
  read -ra words <<<"$line"
  verb "${words[@]}"
  silent_about "$shown"
done
if grep -rE "$shown" "$STATE" "$RUN" "$ETC"; then die 'the secret stands in a file'; fi
unguard
misplace set "$(pin_of secret)" 0
verb apply --accept-risk all
complains "pin '.*/secret-v2': holds no value: a new secret is created: denied sources start over"
again=$(misplace get "$(pin_of secret)")
case $again in "$secret" | 0) die 'the secret was not made anew' ;; esac
works 'with another secret'
unguard # what is kept outlives it
verb apply --accept-risk all
same "$again" "$(misplace get "$(pin_of secret)")" 'the secret after a detach'
refused "$STRANGER4" || die 'denied was lost with a detach'

step 'Whatever has the name of a file, and a disk that is full'
lose() { # HOW FILE
  rm -rf "$STATE/${2:?}"
  case $1 in
    fifo) mkfifo "$STATE/$2" ;;
    folder) mkdir "$STATE/$2" && echo theirs >"$STATE/$2/theirs" ;;
    empty) : >"$STATE/$2" ;;
    garbage) head -c 100000 /dev/urandom >"$STATE/$2" ;;
    cut) echo "apiguard $2 1" >"$STATE/$2" ;;
    link) ln -s /dev/zero "$STATE/$2" ;;
    theirs) echo "apiguard $2 1" >"$STATE/$2" && chown 65534 "$STATE/$2" ;;
  esac
}
for how in fifo folder empty garbage cut link theirs; do
  for file in used seen; do
    say "-- $how: $file"
    verb mode enforce --accept-risk all
    lose "$how" "$file"
    rm "$(pin_of seen)" # so that an audit begins with what the file has kept
    expect 0 guard mode audit --dry-run
    complains "file '$STATE/$file': .* start over"
    expect 0 guard list
    if [ "$file" = used ]; then complains "file '$STATE/used': "; fi
    expect 0 guard mode audit
    complains "file '$STATE/$file': .* start over"
    same 1 "$(grep -c "file '$STATE/$file': " "$WORK/err")" 'lines about it'
    same "regular file" "$(stat -c %F "$STATE/$file")"
    same end "$(tail -n 1 "$STATE/$file")"
    not_enforced
  done
done
# shellcheck disable=SC2317 # the library calls it
at_exit() { chattr -i "$STATE/used" "$STATE/seen" 2>/dev/null; }
if chattr +i "$STATE/used" "$STATE/seen" 2>/dev/null; then # they cannot be written at all
  changes verb allow 198.18.3.1
  complains 'connections by range may be lost with a reboot'
  chattr -i "$STATE/used" "$STATE/seen"
else
  left_out 'no immutable files'
fi
for file in used seen; do [ -e "$STATE/$file.aside-1/theirs" ] || die "what was kept in $file is gone"; done
verb mode enforce --accept-risk all
works 'with files made anew'

step 'Ranges used lately are named as far as that can be read, and the verb goes on'
answered "$OFFICE4" >/dev/null
expect 7 guard set 2001:db8:12::/48
complains "risk 'drop-peers'"
spoil program used
rm -rf "$PINS/generations/$(generation)/used" "$STATE/used"
expect 0 guard set 2001:db8:12::/48 --accept-risk shrink
complains 'not all recently used ranges that this change removes are known'
drops "$OFFICE4"
verb rollback --accept-risk all
works 'after it'

step 'Who only reads says what cannot be read, and goes on'
for kept in counters denied used watches rings seen; do spoil program "$kept"; done
rm -f "$PINS/generations/$(generation)/used"
for line in status list denied suggest 'watch --for 1s' "check $OFFICE4"; do
  read -ra words <<<"$line"
  expect 0 guard "${words[@]}"
  complains "pin '$PINS/.*-v2': "
done
expect 0 guard metrics
prints '^apiguard_'
verb apply
works 'after all of them at once'

step 'A supervisor goes on, too, and puts back what it holds'
# shellcheck source=lib/supervised.sh
. "$(dirname -- "$0")/lib/supervised.sh"
# shellcheck disable=SC2119
supervise
misplace program "$(pin_of counters)"
spoil dangling denied
misplace map 1 4 4 8 0 "$(pin_of used)"
wait_for 'the map of counters' map_is_back counters
wait_for 'the map of denied sources' map_is_back denied
wait_for 'the map of connections' map_is_back used
works 'with a supervisor'
kill -TERM "$SUPERVISOR"
wait "$SUPERVISOR" || die "the supervisor ended with status $?"
mended
