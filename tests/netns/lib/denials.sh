# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=bash
# Sourced, after lib.sh, by failing_calls.sh, failing_files.sh and failing_looks.sh: system calls of a publish that are
# denied, one at a time. A verb that fails leaves the old list on every interface and the text as it was; one that goes
# on has the new list in force; and the next verb works in both cases.
: "${PINS:?lib.sh comes first}"
command -v strace >/dev/null || skip 'no strace'
make_pair 1
start_prober 0
start_prober 1
FIRST4=198.18.1.1 SECOND4=198.18.2.1
LISTED=203.0.113.0/24,2001:db8:12::/48
FIRST=$LISTED,198.18.1.0/24,2001:db8:f1::/48
SECOND=$LISTED,198.18.2.0/24,2001:db8:f2::/48
BY_FIRST=PDPPDD BY_SECOND=DPPPDD
# In front of the calls of ours come those of the dynamic loader, which has its own words for a failure.
STARTED=127
PLACE=start STATUS=0 TOTAL=0

# Calls that are not watched run at full speed where strace can tell the kernel which are.
STRACE=(strace)
if strace -f --seccomp-bpf -o /dev/null -e trace=openat true 2>/dev/null; then STRACE+=(-f --seccomp-bpf); fi

# shellcheck disable=SC2153 # of lib.sh
verdicts_of() { # NUMBER OF THE PAIR: the source of the first list, of the second, the office, a stranger
  ask "$1" "$FIRST4" "$SECOND4" "$OFFICE4" "$OFFICE6" "$STRANGER4" "$STRANGER6"
}

works() {
  guard "$@" >"$WORK/out" 2>"$WORK/err" || die "$PLACE, then '$*': status $?: $(cat "$WORK/out" "$WORK/err")"
}

# denied CALL ERROR N VERB...: sets STATUS; fails if there was no N-th such call, as where the call does not exist.
denied() {
  local call=$1 error=$2 at=$3
  shift 3
  PLACE="'$1' with $error from $call number $at"
  STATUS=0
  on_server "${STRACE[@]}" -o "$WORK/trace" -e trace="?$call" -e inject="?$call:error=$error:when=$at" "$APIGUARD" \
    --config "$ETC/apiguard.toml" --state-dir "$STATE" --run-dir "$RUN" --pin-dir "$PINS" "$@" \
    </dev/null >"$WORK/out" 2>"$WORK/err" || STATUS=$?
  grep -q '(INJECTED)$' "$WORK/trace"
}

both() { # VERDICTS
  same "$1" "$(verdicts_of 0)" "$PLACE (status $STATUS: $(cat "$WORK/err")): gate0"
  same "$1" "$(verdicts_of 1)" "$PLACE (status $STATUS: $(cat "$WORK/err")): gate1"
}

# Which list is in force, and which one the next attempt is to bring.
old=$BY_FIRST new=$BY_SECOND list=$SECOND
turn() {
  if [ "$list" = "$FIRST" ]; then
    old=$BY_FIRST new=$BY_SECOND list=$SECOND
  else
    old=$BY_SECOND new=$BY_FIRST list=$FIRST
  fi
}

# What a verb that was denied something has left. 'set' of a list that is in force reads back all that makes it so;
# what a failure left is looked at by the reading verbs as well.
judge() { # CALL
  case $STATUS in
    0) both "$new" ;;
    3 | 4 | 5 | 6 | "$STARTED")
      both "$old"
      cmp "$WORK/text" "$ETC/authorized-ranges" || die "$PLACE: failed with $STATUS, and the text is another"
      [ -s "$WORK/err" ] || die "$PLACE: failed with $STATUS without a word"
      case $1:$STATUS in
        *:4 | *:"$STARTED" | bpf:6) ;;
        *) say "$PLACE: status $STATUS: $(tail -n 1 "$WORK/err" | cut -c1-160)" ;;
      esac
      ;;
    *) die "$PLACE: status $STATUS: $(cat "$WORK/err")" ;;
  esac
}

goes_on() {
  # The program was never started: there is nothing that it could have left.
  if [ "$STATUS" -eq "$STARTED" ]; then return; fi
  local failed=$STATUS
  works set "$list"
  both "$new"
  if [ "$failed" -ne 0 ]; then
    works diff
    works status
  fi
  turn
}

# deny_each CALL+CALL... ERROR LEAST: each call of these names is denied in turn. Which of the names a machine has is
# its libc's business; that there are at least so many calls is ours.
deny_each() {
  local names=$1 error=$2 least=$3 call at count=0 failed=0
  for call in ${names//+/ }; do
    for ((at = 1; ; ++at)); do
      cp "$ETC/authorized-ranges" "$WORK/text"
      denied "$call" "$error" "$at" set "$list" || break
      judge "$call"
      if [ "$STATUS" -ne 0 ]; then failed=$((failed + 1)); fi
      goes_on
    done
    # The run that met no such call has changed the list.
    [ "$STATUS" -eq 0 ] || die "$PLACE: nothing was denied, and status $STATUS: $(cat "$WORK/err")"
    both "$new"
    turn
    count=$((count + at - 1))
  done
  say "$names $error: $count calls, $failed of them make the verb fail"
  [ "$count" -ge "$least" ] || die "$names: $count calls, where a publish makes at least $least: nothing is proven"
  TOTAL=$((TOTAL + count))
}

begin() {
  config interfaces='["gate0", "gate1"]'
  works set "$FIRST"
}
