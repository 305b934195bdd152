#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# kill -9 on entry of every system call of a publish that can change what outlives it (tool_kill_at says which; at the
# others death leaves the same behind). Whatever it hits: each interface judges by the old list or by the new one, as a
# whole; status works; the next verb works, and after it text, state and kernel say the same.
. "$(dirname -- "$0")/lib.sh"
. "$(dirname -- "$0")/lib/killed.sh"
make_pair 1
start_prober 0
start_prober 1
FIRST4=198.18.1.1 FIRST6=2001:db8:f1::1 SECOND4=198.18.2.1 SECOND6=2001:db8:f2::1
OFFICE=203.0.113.0/24,2001:db8:12::/48
FIRST=$OFFICE,198.18.1.0/24,2001:db8:f1::/48
SECOND=$OFFICE,198.18.2.0/24,2001:db8:f2::/48
# What becomes of the sources below under each list, and under none.
BY_FIRST=PPDDPPDD BY_SECOND=PPDDDDPP BY_NONE=PPPPPPPP

verdicts_of() { # NUMBER OF THE PAIR
  ask "$1" "$OFFICE4" "$OFFICE6" "$STRANGER4" "$STRANGER6" "$FIRST4" "$FIRST6" "$SECOND4" "$SECOND6"
}
one_of() { # VALUE OLD NEW
  case $1 in "$2" | "$3") ;; *) die "$PLACE: judged as $1, which is neither $2 (old) nor $3 (new)" ;; esac
}
text_says() {
  local first second
  first=$(grep -c '^198\.18\.1\.0/24' "$ETC/authorized-ranges")
  second=$(grep -c '^198\.18\.2\.0/24' "$ETC/authorized-ranges")
  case $first$second in
    10) echo "$BY_FIRST" ;;
    01) echo "$BY_SECOND" ;;
    *) die "$PLACE: the text holds $first lines of the first list and $second of the second" ;;
  esac
}

# Right after the kill. Nothing has been put in order yet.
whole() { # OLD NEW
  local status=0
  one_of "$(verdicts_of 0)" "$1" "$2"
  one_of "$(verdicts_of 1)" "$1" "$2"
  guard status >"$WORK/out" 2>"$WORK/err" || status=$?
  case $status in 0 | 1) ;; *) die "$PLACE: status ends with $status: $(cat "$WORK/out" "$WORK/err")" ;; esac
}

# After the next verb.
agree() {
  local wanted number
  wanted=$(text_says)
  same "$wanted" "$(verdicts_of 0)" "$PLACE: text and gate0"
  same "$wanted" "$(verdicts_of 1)" "$PLACE: text and gate1"
  works diff
  works status --json
  number=$("$TOOLS/json" /generation <"$WORK/out")
  same "$number" "$(cat "$STATE/in-force")" "$PLACE: state and kernel"
  same "$number" "$(find "$PINS/generations" -mindepth 1 -maxdepth 1 -printf '%f\n' | xargs)" "$PLACE: generations pinned"
  same '' "$(find "$ETC" -name '*apiguard-new*')" "$PLACE: leftovers of the text"
  same 2 "$(find "$PINS/links" -type f | wc -l)" "$PLACE: pins of links"
}

# The next publish sweeps up what killed ones left.
swept() {
  PLACE='the end'
  works allow 198.18.99.0/24
  works revoke 198.18.99.0/24
  agree
  same '' "$(find "$STATE" -name '.new-*' -o -name '.old-*')" 'leftovers of the state'
  same 10 "$(find "$STATE/generations" -mindepth 1 -maxdepth 1 | wc -l)" 'generations kept'
}
report() { say "$1 system calls, $2 kills, $((SECONDS - START)) s"; }

# The list that is not in the text yet, and what is judged before and after: OLD, NEW, LIST.
turn() {
  OLD=$(text_says)
  if [ "$OLD" = "$BY_FIRST" ]; then
    NEW=$BY_SECOND LIST=$SECOND
  else
    NEW=$BY_FIRST LIST=$FIRST
  fi
}

step 'A change of the list by a verb, two interfaces'
START=$SECONDS PLACE=start
config interfaces='["gate0", "gate1"]'
works set "$FIRST"
for ((at = 1; ; ++at)); do
  turn
  kill_guard "$at" set "$LIST" || break
  whole "$OLD" "$NEW"
  works apply
  agree
done
report "$((at - 1))" "$((at - 1))"
swept

step 'A list edited by hand, then apply'
START=$SECONDS
for ((at = 1; ; ++at)); do
  turn
  tr , '\n' <<<"$LIST" >"$ETC/authorized-ranges"
  kill_guard "$at" apply || break
  whole "$OLD" "$NEW"
  works apply
  agree
  same "$NEW" "$(text_says)" "$PLACE: the text that was edited by hand"
done
report "$((at - 1))" "$((at - 1))"

step 'The first publish, two interfaces'
START=$SECONDS
for ((at = 1; ; ++at)); do
  works detach --all
  rm -rf "$PINS" "$STATE" "$RUN"
  kill_guard "$at" apply || break
  whole "$BY_NONE" "$(text_says)"
  works apply
  agree
done
report "$((at - 1))" "$((at - 1))"

step 'Into mode off, and out of it by rollback'
START=$SECONDS
works apply
for ((at = 1; ; ++at)); do
  on=$(text_says)
  kill_guard "$at" mode off || break
  whole "$on" "$BY_NONE"
  works mode off
  same "$BY_NONE" "$(verdicts_of 0)" "$PLACE, then mode off"
  kill_guard "$at" rollback || true
  whole "$BY_NONE" "$on"
  works mode enforce
  agree
done
report "$((at - 1))" "$((at - 1))"

step 'The verb that is to put things in order is killed as well: some of both'
START=$SECONDS kills=0
works mode enforce
for ((at = 3; ; at += 7)); do
  turn
  kill_guard "$at" set "$LIST" || break
  for ((again = 1 + at % 5; ; again += 5, ++kills)); do
    kill_guard "$again" apply || break
    whole "$OLD" "$NEW"
  done
  works apply
  agree
done
report "$at" "$kills"
swept
