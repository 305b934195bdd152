#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# kill -9 on entry of every system call of `lease` that can change what outlives it (tool_kill_at says which). Whatever
# it hits: nobody who is listed is cut, and the next look brings the kernel to what the book says.
. "$(dirname -- "$0")/lib.sh"
. "$(dirname -- "$0")/lib/killed.sh"
KEEPS=192.0.2.100

place() { # the N-th node
  NODE=10.7.$(($1 / 250)).$(($1 % 250 + 1))
}
is_listed() { # ADDRESS: by what list says
  guard list 2>/dev/null | grep "^$1/32 *allow " >/dev/null
}
agree() { # ADDRESS
  local wanted=drop
  if is_listed "$1"; then wanted=pass; fi
  (verdicts "$wanted" "$1") || die "$PLACE: the list says that $1 is to $wanted"
}
keeps_all() {
  (passes "$OFFICE4" "$KEEPS" && drops "$STRANGER4") || die "$PLACE: another source is judged otherwise"
}

plain_config
office
verb apply
verb lease "$KEEPS" --for 1h --name keeps

step 'lease: at every call'
added=0
for ((at = 1; ; ++at)); do
  place "$at"
  kill_guard "$at" lease "$NODE" --for 1h --name "node-$at" || break
  keeps_all
  works status
  agree "$NODE"
  keeps_all
  if is_listed "$NODE"; then added=$((added + 1)); fi
done
say "  $((at - 1)) kills, after $added of them the lease was there"
[ "$at" -gt 30 ] || die "only $at calls"
[ "$added" -gt 0 ] || die 'the lease was never there'
[ "$added" -lt $((at - 1)) ] || die 'the lease was there whatever was killed'
same 1 "$(guard history | grep -c '^[0-9]')" 'generations in the history'

# The calls are those of lease, but for the book that comes of it.
step 'revoke of a lease: at every third call'
out=0 kills=0
for ((at = 1 + RANDOM % 3; ; at += 3)); do
  NODE=10.8.$((at / 250)).$((at % 250 + 1))
  works lease "$NODE" --for 1h --name "gone-$at"
  kill_guard "$at" revoke "gone-$at" --accept-risk all || break
  kills=$((kills + 1))
  keeps_all
  works status
  agree "$NODE"
  keeps_all
  # What it took out is barred, and nothing else is.
  if is_listed "$NODE"; then
    works lease "$NODE" --for 1h --name "gone-$at"
  else
    out=$((out + 1))
    if guard lease "$NODE" --for 1h --name "gone-$at" >/dev/null 2>&1; then die "$PLACE: gone and not barred"; fi
  fi
done
say "  $kills kills, after $out of them the lease was gone"
[ "$out" -gt 0 ] || die 'the lease was always there'
