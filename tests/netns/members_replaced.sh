#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Members of a cluster are replaced one after the other, kept by each source in turn: a drop-in with '#lapse', a knock of
# each, a list of all of them. Two hosts are told the same. Whatever becomes of the sources, of a change that waits, of the
# clock, or by what people type: no member that lives is refused, none is listed beyond its time, nothing is asked.
#
# MEMBERS_REPLACED: how many, 24 unless said otherwise (200 take some minutes).
. "$(dirname -- "$0")/lib.sh"
MEMBERS=${MEMBERS_REPLACED:-24}
INVENTORY=$(cd "$(dirname -- "$0")/../../scripts/members" && pwd)/inventory
LEASE=30 LAPSE=60 # seconds
[ -e "$TOOLS/clock.so" ] || die "no $TOOLS/clock.so"

# ---- two hosts ----

NETNS=("$SERVER" "$SERVER-2")
ip netns add "${NETNS[1]}"
in_netns "${NETNS[1]}" ip link set lo up
SERVER=${NETNS[1]} make_pair 1
FOLDERS=("$WORK/host0" "$WORK/host1")
PIN_DIRS=("$PINS" "$PINS-2")
for h in 0 1; do
  mkdir -p "${FOLDERS[h]}"/{etc/authorized-ranges.d,bin}
  chmod 0755 "${FOLDERS[h]}"/{etc,etc/authorized-ranges.d}
  printf '%s\n' 'interfaces = ["gate'$h'"]' '[leases]' 'max = 1000' 'per_name = 2' >"${FOLDERS[h]}/etc/apiguard.toml"
  echo 203.0.113.0/24 >"${FOLDERS[h]}/etc/authorized-ranges"
  cat >"${FOLDERS[h]}/bin/apiguard" <<TEXT
#!/bin/sh
exec nsenter --net="/run/netns/${NETNS[h]}" -- env LD_PRELOAD="$TOOLS/clock.so" CLOCK_FILE="$WORK/clock" "$APIGUARD" \\
  --config "${FOLDERS[h]}/etc/apiguard.toml" --state-dir "${FOLDERS[h]}/state" --run-dir "${FOLDERS[h]}/run" \\
  --pin-dir "${PIN_DIRS[h]}" "\$@"
TEXT
  chmod +x "${FOLDERS[h]}/bin/apiguard"
done
clock() { echo "$*" >"$WORK/clock"; }
clock 0
host() { answering "${FOLDERS[$1]}/bin/apiguard" "${@:2}" </dev/null; }
both() { # STATUS VERB...: on both, and neither asks
  for h in 0 1; do expect "$1" host "$h" "${@:2}" >/dev/null; done
}
value() { { host "$1" "${@:3}" --json || true; } 2>/dev/null | "$TOOLS/json" "$2"; }
seen_by() { # HOST SOURCE...
  "$TOOLS/probe" "$CLIENT/world$1" "${NETNS[$1]}/gate$1" "${@:2}"
}
all() { # pass|drop SOURCE...: on both hosts
  local wanted=$1
  shift
  [ $# -gt 0 ] || return 0
  for h in 0 1; do
    if seen_by "$h" "$@" | grep -v " $wanted\$" >&2; then die "host $h: expected $wanted"; fi
  done
}
now() { cut -d. -f1 /proc/uptime; }

# ---- members ----

listed=() knocking=() pooled=() # who lives, by what keeps them
declare -A DEADLINE=()          # of those that are gone: when they are refused at the latest
born=0 used_again=0
new_member() { # sets ADDRESS: every fourth one that of somebody who is gone
  local address
  born=$((born + 1))
  ADDRESS=10.9.$((born / 200)).$((born % 200 + 1))
  [ $((born % 4)) -eq 0 ] || return 0
  for address in "${!DEADLINE[@]}"; do
    if is_alive "$address"; then continue; fi
    ADDRESS=$address used_again=$((used_again + 1))
    return 0
  done
}
is_alive() { [[ " ${listed[*]} ${knocking[*]} ${pooled[*]} " == *" $1 "* ]]; }
bury() { # ADDRESS SECONDS: what lists it still ends in so many
  local end=$(($(now) + $2 + 2))
  [ "$end" -gt "${DEADLINE[$1]:-0}" ] && DEADLINE[$1]=$end
  return 0
}
living_pass() { all pass "${listed[@]}" "${knocking[@]}" "${pooled[@]}"; }
gone_are_refused() {
  local address over=()
  for address in "${!DEADLINE[@]}"; do
    if ! is_alive "$address" && [ "${DEADLINE[$address]}" -lt "$(now)" ]; then over+=("$address"); fi
  done
  all drop "${over[@]}"
}

# ---- sources ----

NODES=etc/authorized-ranges.d/nodes.list
drop_in() { # STATUS: standard input becomes the drop-in of both
  cat >"$WORK/drop-in"
  for h in 0 1; do
    cp "$WORK/drop-in" "${FOLDERS[h]}/$NODES"
    expect "$1" host "$h" apply >/dev/null
  done
}
nodes() { printf '%s\n' '#lapse 1m' "${listed[@]}"; }
sync() { # STATUS: standard input is all of the pool
  cat >"$WORK/pool"
  for h in 0 1; do expect "$1" sync_host "$h" >/dev/null; done
}
sync_host() { "${FOLDERS[$1]}/bin/apiguard" lease --sync pool --for "${LEASE}s" <"$WORK/pool"; }
inventory() { # STATUS COMMAND...: what the example of a timer does
  for h in 0 1; do expect "$1" env PATH="${FOLDERS[h]}/bin:$PATH" "$INVENTORY" pool "${LEASE}s" "${@:2}" >/dev/null; done
}
pool() { printf '%s\n' "${pooled[@]}"; }
knock() { both 0 lease "$1" --for "${LEASE}s" --name "node-$1" --within 10.9.0.0/16; }

# Which of the troubles the sources have in this round.
trouble_of_drop_in() {
  case $1 in
    0) for h in 0 1; do rm "${FOLDERS[h]}/$NODES"; done && both 0 apply ;; # dies
    1) drop_in 0 </dev/null ;;                                             # comes empty
    2) nodes | head -n 3 | drop_in 0 ;;                                    # is cut at a line
    3) nodes | head -c -2 | drop_in 3 ;;                                   # is cut within one
    4) nodes | sed '3s/$/\/33/' | drop_in 3 ;;                             # lies
  esac
}
trouble_of_pool() {
  case $1 in
    0) inventory 1 false && inventory 1 sh -c 'echo 10.9.99.1; exit 1' ;;
    1) inventory 0 true && sync 0 </dev/null ;;
    2) pool | head -n 2 | sync 0 ;;
    3) pool | head -c -2 | sync 3 ;;
    4) pool | sed '1s/.*/node-7/' | sync 3 && pool | sed '2s/$/\/8/' | sync 3 ;;
  esac
}
trouble_of_knock() {
  case $1 in
    0) ;; # nobody knocks
    *) both 1 lease "198.51.100.$1" --for 1h --name liar --within 10.9.0.0/16 ;;
  esac
}

# A member of each source goes, and another has come before that.
replace_listed() {
  new_member
  listed+=("$ADDRESS")
  nodes | drop_in 0
  living_pass
  local gone=${listed[0]}
  listed=("${listed[@]:1}")
  nodes | drop_in 0
  bury "$gone" "$LAPSE"
}
replace_pooled() {
  new_member
  pooled+=("$ADDRESS")
  bury "${pooled[0]}" "$LEASE"
  pooled=("${pooled[@]:1}")
  pool | sync 0
}
replace_knocking() {
  local address
  new_member
  knocking+=("$ADDRESS")
  bury "${knocking[0]}" "$LEASE"
  knocking=("${knocking[@]:1}")
  for address in "${knocking[@]}"; do knock "$address"; done
}

# ---- the play ----

for h in 0 1; do expect 0 host "$h" apply; done
for _ in 1 2 3 4; do
  new_member && listed+=("$ADDRESS")
  new_member && pooled+=("$ADDRESS")
  new_member && knocking+=("$ADDRESS")
done
nodes | drop_in 0
pool | sync 0
for address in "${knocking[@]}"; do knock "$address"; done
living_pass
all drop 10.9.99.1 10.9.0.1

step "$MEMBERS members are replaced, whatever becomes of their sources"
rounds=$(((MEMBERS + 2) / 3)) waits=no
for ((round = 0; round < rounds; ++round)); do
  trouble=$((round % 5))
  say "round $round: $born members, trouble $trouble, a change waits: $waits"
  case $round in
    1) both 0 allow 198.18.1.0/24 --name person ;;
    2)
      both 0 allow 198.18.2.0/24 --confirm-within 1h
      waits=yes
      ;;
    4)
      expect 0 host 0 confirm
      expect 0 host 1 rollback
      expect 0 host 1 allow 198.18.2.0/24 --accept-risk undone # a person says so
      waits=no
      ;;
    5) clock 7200 ;; # it steps, and is set back
    6) both 0 revoke person ;;
    7) clock 5400 ;;
  esac
  if [ $waits = yes ]; then
    nodes | drop_in 4
    living_pass
  else
    trouble_of_drop_in "$trouble"
    living_pass
    nodes | drop_in 0
    # The last of them is not to be waited for long.
    if [ $((round * 4)) -lt $((rounds * 3)) ]; then replace_listed; fi
    living_pass
  fi
  before="$(value 0 /generation status) $(value 1 /generation status)"
  trouble_of_pool "$trouble"
  living_pass
  trouble_of_knock "$trouble"
  replace_pooled
  living_pass
  replace_knocking
  living_pass
  same "$before" "$(value 0 /generation status) $(value 1 /generation status)" 'generations while leases come and go'
  gone_are_refused
  all drop 198.51.100.1 10.9.99.1
done
say "$born members, $used_again addresses used again"
[ "$used_again" -gt 0 ] || die 'no address was used again: the test asks nothing'

step 'Both hosts were told the same, and say so'
leases_of() { # HOST: of those who live; of the others one may have ended between the two questions
  host "$1" list 2>/dev/null | awk '$NF == "leases" { print $1, $3 }' | sort -u >"$WORK/leases"
  printf '%s/32 \n' "${pooled[@]}" "${knocking[@]}" | grep -Ff - "$WORK/leases"
}
same $((${#pooled[@]} + ${#knocking[@]})) "$(leases_of 0 | cut -d' ' -f1 | sort -u | wc -l)" 'those who live and have a lease'
same "$(leases_of 0)" "$(leases_of 1)" 'leases of the two'
same "$(value 0 /fingerprint_permanent status)" "$(value 1 /fingerprint_permanent status)" 'what does not end'
for h in 0 1; do
  host "$h" history --json >"$WORK/history" 2>/dev/null
  if grep -E '"verb": "lease' "$WORK/history" >&2; then die 'a lease stands in the history of people'; fi
done

step 'Revoked while a timer knocks: not one SYN is let in after the revoke has ended'
TIMER=192.0.2.7
let_in() { seen_by 0 "$TIMER" | grep -q ' pass$'; }
knock_on() {
  while [ ! -e "$WORK/enough" ]; do
    host 0 lease "$TIMER" --for 1h --name timer >>"$WORK/knocks" 2>&1 || true
    sleep 0.2
  done
}
admitted() { value 0 /counters/pass/listed status; }
refused() { value 0 /counters/drop/unlisted status; }
syns() { # SECONDS of them, without a pause
  "$TOOLS/syns" "$CLIENT/world0" 2 "$TIMER" >"$WORK/syns" &
  PIDS+=($!)
  sleep "$1"
  kill -TERM $!
  wait $! || true
}
knock_on &
PIDS+=($!)
knocker=$!
knocked() { grep -q '^1 lease' "$WORK/knocks"; }
wait_for 'a knock' knocked
before=$(admitted)
syns 1
[ "$(admitted)" -gt $((before + 20)) ] || die 'no SYN was let in before: the test asks nothing'
for _ in 1 2 3; do
  expect 0 host 0 revoke "$TIMER" --accept-risk all
  before=$(admitted) drops=$(refused)
  syns 1
  same "$before" "$(admitted)" 'packets let in after the revoke'
  [ "$(refused)" -gt $((drops + 20)) ] || die 'no SYN arrived'
  expect 0 host 0 lease --unbar "$TIMER"
  wait_for 'a knock after the bar' let_in
done
touch "$WORK/enough"
wait "$knocker" || true
grep -q barred "$WORK/knocks" || die 'no knock met the bar'
expect 0 host 0 revoke "$TIMER" --accept-risk all

step 'Whoever is gone is refused when its time is over, and whoever lives by a line stays'
for address in "${pooled[@]}" "${knocking[@]}"; do bury "$address" "$LEASE"; done
pooled=() knocking=()
last=0
for address in "${!DEADLINE[@]}"; do
  if ! is_alive "$address" && [ "${DEADLINE[$address]}" -gt "$last" ]; then last=${DEADLINE[$address]}; fi
done
all_ended() { [ "$(now)" -gt "$last" ]; }
APIGUARD_PATIENCE=120 wait_for 'the last end' all_ended
gone_are_refused
living_pass
for h in 0 1; do same 0 "$(value "$h" /leases/in_force status)" 'leases in force'; done
