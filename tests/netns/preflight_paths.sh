#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# A client is named by what was seen of it, whichever way its packets and the answers to them go: rules by source, port
# and mark, answers by another interface, tables that take everything. Routine changes ask nothing.
. "$(dirname -- "$0")/lib.sh"
REAL=$APIGUARD
NODE4=198.51.100.99

# A second wire, which nothing guards, by which answers can leave too. Behind its far end, a router, are the same peers.
make_side() {
  ip link add side0 netns "$SERVER" address 02:00:00:00:09:01 type veth peer name side1 netns "$CLIENT" \
    address 02:00:00:00:09:02
  bring_up "$SERVER" side0 10.99.0.1/24
  bring_up "$CLIENT" side1 10.99.0.2/24
  in_netns "$SERVER" ip neighbour replace 10.99.0.2 lladdr 02:00:00:00:09:02 dev side0 nud permanent
  in_netns "$CLIENT" ip neighbour replace 10.99.0.1 lladdr 02:00:00:00:09:01 dev side1 nud permanent
  on_server ip route add default via 10.99.0.2 dev side0 table 100
  on_client sysctl -qw net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.side1.rp_filter=0 net.ipv4.conf.world0.rp_filter=0
  on_server sysctl -qw net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.side0.rp_filter=0 net.ipv4.conf.gate0.rp_filter=0
}

# by_WAY add|del: what sends answers out of side0.
by_source() { on_server ip rule "$1" from "$SERVER4" lookup 100 priority 90; }
by_port() { on_server ip rule "$1" ipproto tcp sport 6443 lookup 100 priority 90; }
by_mark() {
  on_server ip rule "$1" fwmark 7 lookup 100 priority 90
  if [ "$1" = add ]; then
    on_server nft 'add table ip marks; add chain ip marks out { type route hook output priority mangle; };
      add rule ip marks out tcp sport 6443 meta mark set 7'
  else
    on_server nft delete table ip marks
  fi
}
by_main() {
  local peer
  for peer in "$STRANGER4" "$OFFICE4"; do
    if [ "$1" = add ]; then
      on_server ip route replace "$peer" via 10.99.0.2 dev side0
    else
      on_server ip route replace "$peer" dev gate0
    fi
  done
}
no_way() { :; }

WAYS=(no_way by_source by_port by_main)
if command -v nft >/dev/null && on_server nft list ruleset 2>/dev/null; then WAYS+=(by_mark); else left_out 'no nftables'; fi

# hold NAME SOURCE [ADDRESS [NETNS]]
declare -A LINE=()
hold() {
  local name=$1 fd
  mkfifo "$WORK/$name.in"
  (
    for fd in "${LINE[@]}"; do exec {fd}>&-; done
    exec nsenter --net="/run/netns/${4:-$CLIENT}" -- "$TOOLS/connect" --hold "$2" "${3:-$SERVER4}" 6443 5000
  ) <"$WORK/$name.in" >"$WORK/$name.out" &
  PIDS+=($!)
  exec {fd}>"$WORK/$name.in"
  LINE[$name]=$fd
  wait_for "$name to be connected" grep -qx answered "$WORK/$name.out"
}
lives() {
  local before
  before=$(wc -l <"$WORK/$1.out")
  echo line >&"${LINE[$1]}"
  wait_for "an answer for $1" longer_than "$before" "$WORK/$1.out"
  same echo "$(tail -n 1 "$WORK/$1.out")" "the connection of $1"
}
longer_than() { [ "$(wc -l <"$2")" -gt "$1" ]; }

# refused VERB...: and nothing changed.
refused() {
  local before
  before=$(generation)
  expect 7 guard "$@"
  complains "^apiguard: risk 'drop-peers': "
  same "$before" "$(generation)" 'the generation'
}
quietly() {
  verb "$@"
  silent_about drop-peers
}
named() { complains "^ +$1, last seen [0-9]+ (ms|s|min) ago \\(${2:-socket}\\)\$"; }
not_named() { silent_about "^ +$1: "; }
# whatever_way COMMAND...: with every way back in turn.
whatever_way() {
  local way
  for way in "${WAYS[@]}"; do
    say "-- $way"
    "$way" add
    "$@"
    "$way" del
  done
}
# With apiguard alone living in SECONDS from now.
in_seconds() {
  echo "$1" >"$WORK/clock"
  printf '#!/bin/sh\nexec env CLOCK_FILE="%s" LD_PRELOAD="%s" "%s" "$@"\n' "$WORK/clock" "$TOOLS/clock.so" "$REAL" \
    >"$WORK/apiguard"
  chmod +x "$WORK/apiguard"
  APIGUARD=$WORK/apiguard
}

ranges '203.0.113.0/24 name=office' 2001:db8:12::/48
make_side
# As transparent proxies have it, and Cilium.
on_server ip rule add fwmark 0x200 lookup 2004
on_server ip route add local default dev lo table 2004
start_listener

step 'The first list names who is connected, whichever way the answers leave'
hold stranger "$STRANGER4"
hold office "$OFFICE4"
names_stranger() {
  lives stranger
  refused apply
  named "$STRANGER4: 1 connection, no list is in force"
  not_named "$OFFICE4"
}
whatever_way names_stranger

step 'Own addresses are no clients, also those that no interface has'
on_server ip route add local 10.77.0.0/24 dev lo
hold self 10.77.0.5 10.77.0.6 "$SERVER"
refused apply
not_named 10.77.0.5
complains '1 connected client would be cut:$'

step 'Without any audit: a revoke and a narrower range name the client, whichever way the answers leave'
verb apply --accept-risk drop-peers
cuts_office() {
  lives office
  refused revoke office
  named "$OFFICE4: 1 connection, listed by 203\\.0\\.113\\.0/24 \\(office\\)"
  refused set 203.0.113.128/25
  named "$OFFICE4: 1 connection, listed by 203\\.0\\.113\\.0/24 \\(office\\)"
  refused except 203.0.113.0/28
  refused except "$OFFICE4" --json
  quietly set '203.0.113.0/25,203.0.113.128/25' --dry-run # a split takes nothing out
}
whatever_way cuts_office
hold office-too "$OFFICE4" # while a program counts connections
expect 0 guard revoke office --dry-run --accept-risk all --json
same 'socket null used' "$("$TOOLS/json" /cut/0/seen <"$WORK/out") $("$TOOLS/json" /cut/1/address <"$WORK/out") \
$("$TOOLS/json" /cut/1/seen <"$WORK/out")"
"$TOOLS/json" /cut/0/last_seen <"$WORK/out" | grep -E '^20[0-9]{2}-.*Z$' >/dev/null || die 'no last_seen'

step 'A second interface that is guarded anew may be the one that somebody comes in by'
config interfaces='["gate0", "side0"]'
refused apply
complains "^ +$STRANGER4: 1 connection, may arrive on side0, which is not guarded yet"
config

step 'Routine changes: runners and nodes come and go, lists are written anew; nothing asks, whoever is connected'
mkdir -p "$ETC/authorized-ranges.d"
# nodes LINE...: as configuration management writes them.
nodes() {
  printf '%s\n' '#lapse 1h' "$@" >"$ETC/nodes"
  mv "$ETC/nodes" "$ETC/authorized-ranges.d/nodes.list"
}
on_client ip address add "$NODE4/32" dev world0
know "$SERVER" gate0 02:00:00:00:00:02 "$NODE4"
nodes "$NODE4"
quietly apply
hold node "$NODE4"
for number in $(seq 8); do
  quietly allow "198.18.0.$number" --name "ci-$number" --for 1h
  nodes "10.20.$number.0/24 name=node" # the connected one is not among them: it lapses
  quietly apply
  quietly lease "198.19.0.$number" --name "runner-$number" --for 1h
  quietly revoke "ci-$number"
  quietly set '203.0.113.0/25,203.0.113.128/25'
  quietly apply
  nodes "$NODE4"
  quietly apply
  quietly set 203.0.113.0/24
done
lives office
lives node
rm -r "$ETC/authorized-ranges.d"
quietly apply
verb revoke "$NODE4" --accept-risk drop-peers
fd=${LINE[node]}
exec {fd}>&-
unset 'LINE[node]'

step 'Audit, too short to know: everybody who is connected; after ten minutes whom it saw'
verb mode audit
hold late "$STRANGER4" # the audit judges its segments
lives late
refused mode enforce
named "$STRANGER4: 2 connections, mode audit drops nothing today"
lives office
if [ -e "$TOOLS/clock.so" ]; then
  # Who never came in by what is judged, and is connected all the same.
  on_client ip address add 192.0.2.77/32 dev side1
  on_client ip route add "$SERVER4" via 10.99.0.1 dev side1 table 101
  on_client ip rule add from 192.0.2.77 lookup 101
  on_server ip route add 192.0.2.77 via 10.99.0.2 dev side0
  hold elsewhere 192.0.2.77
  lives elsewhere
  refused mode enforce
  complains '^ +192\.0\.2\.77: 1 connection, mode audit drops nothing today'
  in_seconds 700
  refused mode enforce
  complains "^ +$STRANGER4: 2 connections, mode audit drops nothing today"
  not_named 192.0.2.77
  APIGUARD=$REAL
else
  left_out 'no clock.so'
fi

step 'Who is not connected just now is known by the audit, for a day'
for name in stranger late; do
  fd=${LINE[$name]}
  exec {fd}>&-
  unset "LINE[$name]"
done
gone() { [ -z "$(on_server ss -Htn dst "$STRANGER4")" ]; }
wait_for 'the stranger to be gone' gone
whatever_way refused mode enforce
complains '[12] sources? that an audit saw connect within 24 h would be cut:$'
named "$STRANGER4: [12] connections?, mode audit drops nothing today" audit
expect 0 guard mode enforce --dry-run --accept-risk drop-peers --json
grep -q '"seen": "audit"' "$WORK/out" || die 'the audit is not named'
if [ -e "$TOOLS/clock.so" ]; then
  in_seconds $((25 * 3600))
  expect 0 guard mode enforce --dry-run --accept-risk drop-peers
  silent_about "$STRANGER4: .*\\(audit\\)"
  APIGUARD=$REAL
fi

step 'Whom the list admits since is no reason to ask; taken out again, the audit names it'
verb allow "$STRANGER4" --name guest
verb mode enforce --accept-risk drop-peers # for those who are not guarded
silent_about "$STRANGER4"
refused revoke guest
named "$STRANGER4: [12] connections?, listed by 192\\.0\\.2\\.7/32 \\(guest\\)" audit
