#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# A finished handshake is a connection, whether a byte follows or not. What is translated into another namespace counts
# where this host answered it. Whoever is not proven to be there is named, and is no risk.
. "$(dirname -- "$0")/lib.sh"
POD=agt-$NAME-$$-pod
CHECK_FIN=198.18.7.1 CHECK_RST=198.18.8.1 HOLDS=198.18.9.1

after() { "$TOOLS/json" "$1" <"$WORK/out"; }
after_json() { for pointer in "$@"; do after "$pointer"; done | xargs; }
# row CIDR: what the table says of it. unproven_line ADDRESS: what is said of one that is not proven.
row() { awk -v cidr="$1" '$1 == cidr { $1 = ""; print substr($0, 2) }' "$WORK/out"; }
has_address() {
  local address
  for address in "$@"; do
    on_client ip address add "$address/32" dev world0
    know "$SERVER" gate0 02:00:00:00:00:02 "$address"
  done
}
connect() { on_client "$TOOLS/connect" "$@" "$SERVER4" 6443 5000 >/dev/null; }
suggested() {
  verb suggest
  [ -n "$(row "$1")" ]
}
# hold NAME SOURCE
declare -A LINE=()
hold() {
  local fd
  mkfifo "$WORK/$1.in"
  (
    for fd in "${LINE[@]}"; do exec {fd}>&-; done
    exec nsenter --net="/run/netns/$CLIENT" -- "$TOOLS/connect" --hold "$2" "$SERVER4" 6443 5000
  ) <"$WORK/$1.in" >"$WORK/$1.out" &
  PIDS+=($!)
  exec {fd}>"$WORK/$1.in"
  LINE[$1]=$fd
  wait_for "$1 to be connected" grep -qx answered "$WORK/$1.out"
}
talk() {
  local before
  before=$(wc -l <"$WORK/$1.out")
  echo line >&"${LINE[$1]}"
  wait_for "an answer for $1" longer_than "$before" "$WORK/$1.out"
  same echo "$(tail -n 1 "$WORK/$1.out")" "the connection of $1"
}
longer_than() { [ "$(wc -l <"$2")" -gt "$1" ]; }

has_address "$CHECK_FIN" "$CHECK_RST" "$HOLDS"
start_listener
verb apply
verb mode audit

step 'Health checks that close without a byte are connections: by FIN, by RST'
for _ in 1 2 3; do
  connect "$CHECK_FIN"
  connect --reset "$CHECK_RST"
done
verb suggest
same '1 3 1 no' "$(row "$CHECK_FIN/32")"
say "by RST: $(row "$CHECK_RST/32")"
# An RST that comes in one batch with the ACK before it meets no socket yet.
for _ in $(seq 20); do
  suggested "$CHECK_RST/32" && break
  connect --reset "$CHECK_RST"
  sleep 0.1
done
prints "^apiguard allow $CHECK_RST/32$"
same 0 "$(of /unestablished_sources suggest)"

step 'They are a reason to ask before enforce'
expect 7 guard mode enforce
complains "^ +$CHECK_FIN: 3 connections, mode audit drops nothing today, last seen [0-9]+ s ago \\(audit\\)$"

step 'Segments of nothing prove nothing and raise nothing'
verb allow "$CHECK_FIN" "$CHECK_RST" --name checks
passes --flags 17 192.0.2.60             # FIN, ACK
passes --flags 4 192.0.2.61              # RST
passes --flags 20 192.0.2.62             # RST, ACK
passes --flags 2 192.0.2.63              # SYN
passes --flags 24 --padding 9 192.0.2.64 # payload
verb suggest --json
same '5 5' "$(after /unestablished_sources) $(after /unproven#)"
expect 0 guard mode enforce --dry-run
silent_about "risk 'drop-peers'"
complains '^no connection of 5 of them was seen:$'
complains '^  192\.0\.2\.64  1 packet, last [0-9]+ s ago: payload for no socket of this host'

step 'At most ten are named'
for last in $(seq 70 80); do passes --flags 2 "192.0.2.$last"; done
verb suggest
same 10 "$(grep -c '^  192\.0\.2\.' "$WORK/out")"
prints '^  and 6 more$'
same 16 "$(of /unproven# suggest)"
expect 0 guard mode enforce --dry-run
same 10 "$(grep -c '^  192\.0\.2\.' "$WORK/err")"

step 'Who came at a steady rhythm for ten minutes is named first, with the command that lists it'
passes --flags 2 192.0.2.99
if command -v bpftool >/dev/null; then
  # Seconds on the boot-time clock: what a balancer would leave there after a quarter of an hour.
  read -r now _ </proc/uptime
  now=${now%.*}
  # le64 NUMBER...: a byte a word.
  le64() {
    local number i
    for number in "$@"; do
      for i in 0 8 16 24 32 40 48 56; do printf '%d ' $((number >> i & 255)); done
    done
  }
  early=$(((now - 900) * 1000000000)) late=$((now * 1000000000))
  # packets first last payloads opened since gap beats
  read -r -a bytes <<<"$(le64 90 "$early" "$late" 0 "$late" "$early" 10000000000 90)"
  bpftool map update pinned "$PINS/unproven-v2" key 192 0 2 99 0 0 0 0 0 0 0 0 0 0 0 0 4 0 0 0 0 0 0 0 value "${bytes[@]}"
  verb suggest
  same 192.0.2.99 "$(grep -m 1 '^  192\.0\.2\.' "$WORK/out" | awk '{ print $1 }')"
  prints '^  192\.0\.2\.99  [0-9]+ packets, every 10 s since 20.*Z \(1[45] min ago\): health check\?; to allow it: apiguard allow 192\.0\.2\.99/32$'
  verb suggest --json
  same '192.0.2.99 probe' "$(after_json /unproven/0/source /unproven/0/kind)"
else
  left_out 'no bpftool'
fi

step 'A connection that is translated into another namespace counts once this host answered it'
if command -v nft >/dev/null && on_server nft list ruleset >/dev/null 2>&1; then
  ip netns add "$POD"
  ip link add pod0 netns "$SERVER" type veth peer name eth0 netns "$POD"
  bring_up "$SERVER" pod0 172.18.0.1/24
  bring_up "$POD" eth0 172.18.0.2/24
  in_netns "$POD" ip route add default via 172.18.0.1
  on_server sysctl -qw net.ipv4.ip_forward=1 net.ipv4.conf.all.rp_filter=0
  in_background "$POD" "$TOOLS/listener" 6443 >"$WORK/pod.log" 2>&1 </dev/null
  wait_for 'the listener of the pod' grep -qx ready "$WORK/pod.log"
  on_server nft 'add table ip nat; add chain ip nat in { type nat hook prerouting priority dstnat; };
    add rule ip nat in iifname gate0 tcp dport 6443 dnat to 172.18.0.2:6443'
  hold translated "$HOLDS" # the listener of the host, in front, never hears of it
  talk translated
  talk translated
  same '' "$(on_server ss -Htn dst "$HOLDS")" 'sockets of the host'
  verb suggest
  prints "^apiguard allow $HOLDS/32$"
  expect 7 guard mode enforce
  complains "^ +$HOLDS: 1 connection, mode audit drops nothing today, last seen [0-9]+ s ago \\(audit\\)$"
  # Made-up payload is translated too, and nobody answered it.
  passes --flags 24 --padding 9 192.0.2.65
  verb suggest --json
  grep -A 5 '"source": "192.0.2.65"' "$WORK/out" | grep -q '"kind": "translated"' || die 'not translated'
  ip netns del "$POD"
else
  left_out 'no nftables'
fi

step 'Five thousand clients that say nothing: named while they are connected, a sample of them seen when they close at once'
verb allow "$HOLDS" --name translated
on_server nft delete table ip nat 2>/dev/null || true
on_client ip route add local 10.0.0.0/8 dev lo
on_server ip route add 10.0.0.0/8 via "$OFFICE4" dev gate0 onlink
ulimit -n "$(ulimit -Hn)"
mkfifo "$WORK/crowd.in"
nsenter --net="/run/netns/$CLIENT" -- "$TOOLS/crowd" 10.1.0.0 5000 "$SERVER4" 6443 <"$WORK/crowd.in" >"$WORK/crowd.out" 2>&1 &
PIDS+=($!)
exec {crowd}>"$WORK/crowd.in"
wait_for 'the crowd' grep -qx connected "$WORK/crowd.out"
expect 7 guard mode enforce
complains '5000 connected clients would be cut:$'
exec {crowd}>&-
sampled() {
  verb suggest --json
  [ "$("$TOOLS/json" /unestablished_sources <"$WORK/out")" -lt 4900 ]
}
wait_for 'a sample of the crowd to be seen' sampled
expect 7 guard mode enforce
complains '[0-9]+ sources that an audit saw connect within 24 h would be cut:$'
