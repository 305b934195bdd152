#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# A long list is let go of trie by trie, by a process that nobody waits for and that holds nothing anybody needs. No packet
# and no `check` ever meets a list with a part missing.
. "$(dirname -- "$0")/lib.sh"
command -v bpftool >/dev/null || skip 'no bpftool'
RANGES=40000 # more than two tries hold
FIRST4=198.18.1.1 FIRST6=2001:db8:f1::1 SECOND4=198.18.2.1 SECOND6=2001:db8:f2::1

# Addresses from every trie of the list, its first and its last among them.
LISTED=(10.0.0.16 10.63.255.31 10.100.7.20 10.156.63.16)
long_list() { # LINE...
  local line
  for line in 203.0.113.0/24 2001:db8:12::/48 "$@"; do echo "$line"; done
  awk -v count="$RANGES" 'BEGIN { for (i = 0; i < count; ++i) printf "10.%d.%d.16/28\n", i / 256, i % 256 }'
}
long_list 198.18.1.0/24 2001:db8:f1::/48 >"$WORK/first"
long_list 198.18.2.0/24 2001:db8:f2::/48 >"$WORK/second"
publish() { # LIST
  cp "$WORK/$1" "$ETC/authorized-ranges"
  guard apply
}

# The processes that this instance left behind. They do not stay for long: nothing is started to find them.
freeing() {
  local comm name words
  for comm in /proc/[0-9]*/comm; do
    { read -r name <"$comm"; } 2>/dev/null || continue
    [ "$name" = apiguard-free ] || continue
    { mapfile -d '' words <"${comm%comm}cmdline"; } 2>/dev/null || continue
    if [[ " ${words[*]} " == *" $PINS "* ]]; then echo "${comm//[!0-9]/}"; fi
  done
}
none_freeing() { [ -z "$(freeing)" ]; }

tries() { # GENERATION: the ids of its tries
  local pin
  for pin in "$PINS/generations/$1"/ranges[46]-*; do bpftool map show pinned "$pin" | awk -F: 'NR == 1 { print $1 }'; done
}
alive() { bpftool map show id "$1" >/dev/null 2>&1; }
all_alive() { for id in "$@"; do alive "$id" || return 1; done; }
all_gone() { for id in "$@"; do if alive "$id"; then return 1; fi; done; }

# Replaces the list and stops who is left behind in the midst of it: STOPPED, and the ids it holds in HELD_TRIES. It is there
# for a second; a machine too slow to see it in that time gets further chances.
replace_and_stop() {
  local attempt list
  for attempt in {1..20}; do
    for list in second first; do
      wait_for 'the one before' none_freeing
      mapfile -t HELD_TRIES < <(tries "$(generation)")
      answer=$(publish "$list" 2>&1) || die "apply: $answer"
      STOPPED=$(freeing)
      if [ -n "$STOPPED" ] && kill -STOP "$STOPPED" 2>/dev/null; then
        PIDS+=("$STOPPED")
        if all_alive "${HELD_TRIES[@]}"; then return; fi
        kill -CONT "$STOPPED" 2>/dev/null || true # or it was at its end
      fi
    done
  done
  die "nobody was seen to let go of anything in $attempt attempts"
}

step 'A short list needs none of this'
verb apply
verb allow 198.18.9.0/24
none_freeing || die 'a process is left behind'

step "Flood, while lists of $RANGES ranges replace each other"
expect 0 publish first
passes "${LISTED[@]}" "$FIRST4" "$FIRST6"
[ "$(tries "$(generation)" | wc -l)" -ge 3 ] || die 'the list is not cut into tries with pins'
total() { echo $(($(counter pass listed) + $(counter drop unlisted))); }
start=$(generation)
before=$(total)
"$TOOLS/flood" "$CLIENT/world0" "$SERVER/gate0" "$OFFICE4" "$OFFICE6" "$STRANGER4" "$STRANGER6" \
  "$FIRST4" "$FIRST6" "$SECOND4" "$SECOND6" 100000000 >"$WORK/flood" &
flood=$!
PIDS+=("$flood")

step 'The verb has answered, and its output is read to the end, while another process holds the tries'
replace_and_stop
say "  process $STOPPED holds maps ${HELD_TRIES[*]}"
for fd in "/proc/$STOPPED/fd"/*; do
  case $(readlink "$fd") in *bpf-map*) ;; *) die "it holds $(readlink "$fd") as well" ;; esac
done
same "${#HELD_TRIES[@]}" "$(find "/proc/$STOPPED/fd" -type l | wc -l)" 'descriptors of the process'
same / "$(readlink "/proc/$STOPPED/cwd")"
flock -n "$RUN/lock" true || die 'the lock is still held'
verb allow 198.18.9.0/24
verb revoke 198.18.9.0/24

step 'It goes on, and away; so do the tries'
kill -CONT "$STOPPED"
wait_for 'the end of the process' none_freeing
wait_for 'the end of the tries' all_gone "${HELD_TRIES[@]}"

step 'Killed, it frees as much'
replace_and_stop
kill -KILL "$STOPPED"
wait_for 'the end of the process' none_freeing
wait_for 'the end of the tries' all_gone "${HELD_TRIES[@]}"

step 'check never answers from half a list, nor misses one that is being replaced'
asked=0
{ for list in second first second first second first; do publish "$list" || echo "apply failed"; done; } \
  >"$WORK/published" 2>&1 &
publisher=$!
PIDS+=("$publisher")
while kill -0 "$publisher" 2>/dev/null; do
  guard check "${LISTED[@]}" "$OFFICE4" "$OFFICE6" >"$WORK/out" 2>"$WORK/err" || die "check: $(cat "$WORK/out" "$WORK/err")"
  asked=$((asked + 1))
done
wait "$publisher"
if grep 'failed' "$WORK/published" >&2; then die 'a list was not published'; fi
[ "$asked" -gt 0 ] || die 'nothing was asked'
say "  asked $asked times"

step 'No packet was misjudged, and every one was counted'
kill "$flood"
wait "$flood" || die 'the flood could not be sent'
cat "$WORK/flood"
tally() { awk -v name="$1" '$1 == name { print $2 }' "$WORK/flood"; }
same 0 "$(tally always_missing)" 'packets of a source that every list holds which did not arrive'
same 0 "$(tally never_arrived)" 'packets of a source that no list holds which did arrive'
same 0 "$(tally unknown)"
[ "$(tally mixed)" -le $(($(generation) - start)) ] || die 'more rounds are mixed than lists were published'
same $((8 * $(tally rounds))) $(($(total) - before))

step 'The ways out let go of a list in the same way'
for way in 'mode off' 'detach --all'; do
  wait_for 'the one before' none_freeing
  mapfile -t HELD_TRIES < <(tries "$(generation)")
  # shellcheck disable=SC2086
  verb $way
  wait_for 'the end of the process' none_freeing
  wait_for 'the end of the tries' all_gone "${HELD_TRIES[@]}"
  if [ "$way" = 'mode off' ]; then verb mode enforce; fi
done
