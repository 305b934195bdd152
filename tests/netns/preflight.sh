#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Before a change takes effect the clients that are connected and would be cut by it are named, and without
# --accept-risk nothing happens. Who is cut already, own addresses and who hangs on a link that nothing judges are not.
. "$(dirname -- "$0")/lib.sh"
POD4=172.20.0.2 VLAN4=172.21.0.2

# A second wire, as to a pod of the same host, which nothing guards at first.
make_pod() {
  ip link add pod0 netns "$SERVER" type veth peer name eth0 netns "$CLIENT"
  bring_up "$SERVER" pod0 172.20.0.1/24
  bring_up "$CLIENT" eth0 "$POD4/24"
}

make_bridge() {
  ip link add port0 netns "$SERVER" type veth peer name eth1 netns "$CLIENT"
  on_server ip link add br0 type bridge
  on_server ip link set port0 master br0
  bring_up "$SERVER" port0
  bring_up "$SERVER" br0 172.22.0.1/24
  bring_up "$CLIENT" eth1 172.22.0.2/24
}

# ---- connections that stay ----

declare -A LINE=()

# hold NAME SOURCE [PORT [ADDRESS [NETNS]]]
hold() {
  local name=$1 source=$2 port=${3:-6443} server=$SERVER4 netns=${5:-$CLIENT} fd
  case $source in *:*) server=$SERVER6 ;; esac
  server=${4:-$server}
  mkfifo "$WORK/$name.in"
  (
    for fd in "${LINE[@]}"; do exec {fd}>&-; done
    exec nsenter --net="/run/netns/$netns" -- "$TOOLS/connect" --hold "$source" "$server" "$port" 2000
  ) <"$WORK/$name.in" >"$WORK/$name.out" &
  PIDS+=($!)
  exec {fd}>"$WORK/$name.in"
  LINE[$name]=$fd
  wait_for "$name to be connected" grep -qx answered "$WORK/$name.out"
}

# release NAME PEER: and wait until the server knows.
release() {
  local fd=${LINE[$1]}
  exec {fd}>&-
  unset "LINE[$1]"
  rm "$WORK/$1.in"
  wait_for "$1 to be gone" gone "$2"
}
gone() { [ -z "$(on_server ss -Htn dst "$1")" ]; }

# lives/cut NAME...: what becomes of a line that it sends.
lives() { sends echo "$@"; }
cut_off() { sends silent "$@"; }
sends() {
  local wanted=$1 name before
  shift
  for name in "$@"; do
    before=$(wc -l <"$WORK/$name.out")
    echo line >&"${LINE[$name]}"
    wait_for "an answer for $name" longer_than "$before" "$WORK/$name.out"
    same "$wanted" "$(tail -n 1 "$WORK/$name.out")" "the connection of $name"
  done
}
# As soon as the sender tries again.
revives() { wait_for "$1 to get through again" in_subshell lives "$1"; }
in_subshell() { ("$@"); }
longer_than() { [ "$(wc -l <"$2")" -gt "$1" ]; }

# ---- refusals ----

# refused VERB...: without a word on stdout but the preview, and nothing is changed.
refused() {
  local before
  before=$(generation)
  cp "$ETC/authorized-ranges" "$WORK/before"
  expect 7 guard "$@"
  complains "refused: nothing was changed|dry run: the change would be refused"
  complains "^apiguard: risk 'drop-peers': "
  same "$before" "$(generation)" 'the generation'
  cmp "$WORK/before" "$ETC/authorized-ranges" || die 'the list was edited'
}
quietly() {
  verb "$@"
  silent_about drop-peers
}
named() { complains "^ +$1(, last seen [0-9]+ (ms|s|min) ago)? \(socket\)\$"; }
after() {
  local pointer
  for pointer in "$@"; do "$TOOLS/json" "$pointer" <"$WORK/out"; done
}

ranges '203.0.113.0/24 name=office' 2001:db8:12::/48
make_pod
start_listener
hold office "$OFFICE4"
hold office-too "$OFFICE4"
hold office6 "$OFFICE6"
hold stranger "$STRANGER4"
hold elsewhere "$STRANGER6" 8443
hold pod "$POD4" 6443 172.20.0.1
hold self "$SERVER4" 6443 "$SERVER4" "$SERVER"
hold loop 127.0.0.1 6443 127.0.0.1 "$SERVER"

step 'The first list: who is connected and not on it is named'
refused apply --dry-run
refused apply
complains '1 connected client would be cut:$'
named '192\.0\.2\.7: 1 connection, no list is in force'
same 1 "$(grep -c connection, "$WORK/err")" 'clients that are named'
same null "$(generation)"
lives stranger office
verb apply --accept-risk drop-peers --json
same '1 192.0.2.7 1 null' "$(after /cut# /cut/0/address /cut/0/connections /cut/0/range | xargs)"
cut_off stranger
lives office office-too office6 elsewhere pod self loop

step 'Who is cut already is not named again'
quietly allow 198.18.0.1
quietly except 203.0.113.128/25

step 'A range with live connections: named with address, count and range, in a dry run as well'
refused revoke office --dry-run
refused revoke office
named '203\.0\.113\.7: 2 connections, listed by 203\.0\.113\.0/24 \(office\)'
refused revoke 2001:db8:12::/48 --json
named '2001:db8:12::7: 1 connection, listed by 2001:db8:12::/48 \(authorized-ranges:2\)'
refused set 198.18.0.1
complains '2 connected clients would be cut:$'
refused except "$OFFICE4"
refused except 203.0.113.0/28 --accept-risk wide
before=$(generation)
verb revoke office --dry-run --accept-risk all --json
same 'true 1 203.0.113.7 2 203.0.113.0/24' "$(after /changed /cut# /cut/0/address /cut/0/connections /cut/0/range | xargs)"
same "$before" "$(generation)"
lives office office-too office6

step 'A narrower range keeps them'
quietly allow "$OFFICE4" --name desk
quietly revoke office
lives office
refused revoke desk
named '203\.0\.113\.7: 2 connections, listed by 203\.0\.113\.7/32 \(desk\)'

step 'audit and off cut nobody; enforce again does'
quietly mode audit
quietly revoke desk
revives stranger
refused mode enforce
named '203\.0\.113\.7: 2 connections, mode audit drops nothing today'
named '192\.0\.2\.7: 1 connection, mode audit drops nothing today'
quietly mode off
refused mode enforce
named '203\.0\.113\.7: 2 connections, mode off passes everything today'
quietly allow 203.0.113.0/24 --name office
verb mode enforce --accept-risk drop-peers
cut_off stranger
lives office

step 'A newly protected port, an address it is bound to, a newly guarded interface'
config endpoints='["6443", "8443"]'
refused apply
named '2001:db8:a::7: 1 connection, port 8443 is not protected yet'
config endpoints='["6443", "[2001:db8:1::1]:8443"]'
refused apply
config endpoints='["6443", "198.51.100.1:8443"]'
quietly apply
config interfaces='["gate0", "pod0"]'
refused apply
named '172\.20\.0\.2: 1 connection, may arrive on pod0, which is not guarded yet'
verb apply --accept-risk drop-peers
cut_off pod
quietly allow 198.18.0.2
lives self loop office
config
quietly apply
revives pod

step 'What is on top of a guarded interface is guarded: a bridge'
make_bridge
hold bridged 172.22.0.2 6443 172.22.0.1
quietly allow 198.18.0.3
config interfaces='["gate0", "port0"]'
refused apply
named '172\.22\.0\.2: 1 connection, may arrive on port0, which is not guarded yet'
verb apply --accept-risk drop-peers
cut_off bridged
config
quietly apply
revives bridged
release bridged 172.22.0.2

step 'What is on top of a guarded interface is guarded: a VLAN'
if on_server ip link add link gate0 name gate0.7 type vlan id 7 2>"$WORK/err"; then
  on_client ip link add link world0 name world0.7 type vlan id 7
  bring_up "$SERVER" gate0.7 172.21.0.1/24
  bring_up "$CLIENT" world0.7 "$VLAN4/24"
  quietly allow 172.21.0.0/24
  hold tagged "$VLAN4" 6443 172.21.0.1
  refused revoke 172.21.0.0/24
  named '172\.21\.0\.2: 1 connection, listed by 172\.21\.0\.0/24 .*'
  release tagged "$VLAN4"
  verb revoke 172.21.0.0/24 --accept-risk drop-peers # it admitted one just now
else
  cat "$WORK/err"
  left_out 'no VLAN device'
fi

step 'A rollback is looked at as well'
quietly allow "$STRANGER4" --name guest
revives stranger
refused rollback
named '192\.0\.2\.7: 1 connection, listed by 192\.0\.2\.7/32 \(guest\)'
verb rollback --accept-risk drop-peers
cut_off stranger

step 'A listener of IPv4 alone'
in_background "$SERVER" "$TOOLS/listener" -4 9443 >"$WORK/listener4.log" 2>&1 </dev/null
wait_for 'the listener' grep -qx ready "$WORK/listener4.log"
hold office4 "$OFFICE4" 9443
hold late "$STRANGER4" 9443
config endpoints='["6443", "9443"]'
refused apply
complains '1 connected client would be cut:$'
named '192\.0\.2\.7: 1 connection, port 9443 is not protected yet'
config endpoints='["9443"]'
refused apply
config
quietly apply

step 'Who connects while the question waits is asked about as well'
if command -v script >/dev/null; then
  on_client ip address add 203.0.113.8/32 dev world0
  know "$SERVER" gate0 02:00:00:00:00:02 203.0.113.8
  mkfifo "$WORK/keys"
  nsenter --net="/run/netns/$SERVER" -- script -qec "$APIGUARD --config $ETC/apiguard.toml --state-dir $STATE --run-dir $RUN --pin-dir $PINS \
    revoke office" /dev/null <"$WORK/keys" >"$WORK/terminal" 2>&1 &
  asking=$!
  PIDS+=("$asking")
  exec {keys}>"$WORK/keys"
  wait_for 'the question' grep -q '1 connected client would be cut:' "$WORK/terminal"
  hold newcomer 203.0.113.8
  echo y >&"$keys"
  wait_for 'the other question' grep -q '2 connected clients would be cut:' "$WORK/terminal"
  lives newcomer office
  echo y >&"$keys"
  wait "$asking" || die "$(cat "$WORK/terminal")"
  grep -q 'something changed while the question waited' "$WORK/terminal" || die "$(cat "$WORK/terminal")"
  cut_off newcomer office
  quietly allow 203.0.113.0/24 --name office
else
  left_out 'no script'
fi

step 'sock_diag that fails: a change is not made, a way out goes on; a kernel without it warns'
# without_sock_diag ERROR STATUS VERB...
without_sock_diag() {
  local error=$1 status=$2 at
  shift 2
  local -a command=("$APIGUARD" --config "$ETC/apiguard.toml" --state-dir "$STATE" --run-dir "$RUN" --pin-dir "$PINS" "$@")
  on_server strace -o "$WORK/trace" -e trace=socket "${command[@]}" --dry-run >/dev/null 2>&1 </dev/null || true
  at=$(grep -n SOCK_DIAG "$WORK/trace" | head -n 1 | cut -d: -f1)
  [ -n "$at" ] || die "'$*' does not ask who is connected"
  expect "$status" on_server strace -o "$WORK/trace" -e trace=socket -e inject="socket:error=$error:when=$at" "${command[@]}"
  grep -q 'SOCK_DIAG.*(INJECTED)$' "$WORK/trace" || die "another call failed: $(cat "$WORK/trace")"
  complains "netlink 'sock_diag': open: "
}
if command -v strace >/dev/null; then
  before=$(generation)
  without_sock_diag EMFILE 4 allow 198.18.0.4
  same "$before" "$(generation)"
  without_sock_diag EPROTONOSUPPORT 0 allow 198.18.0.4
  complains 'that this change cuts are not known'
  same $((before + 1)) "$(generation)"
  without_sock_diag EMFILE 0 rollback
  same $((before + 2)) "$(generation)"
else
  left_out 'no strace'
fi

step 'Five thousand clients: the first ten are named, the others counted'
# Any address in 10/8 is the client's.
on_client ip route add local 10.0.0.0/8 dev lo
on_server ip route add 10.0.0.0/8 via "$OFFICE4" dev gate0 onlink
ulimit -n "$(ulimit -Hn)"
in_background "$SERVER" "$TOOLS/listener" 7443 >"$WORK/crowd-listener.log" 2>&1 </dev/null
wait_for 'the listener' grep -qx ready "$WORK/crowd-listener.log"
mkfifo "$WORK/crowd.in"
# Behind the &, because opening the pipe waits for its other end.
nsenter --net="/run/netns/$CLIENT" -- "$TOOLS/crowd" 10.1.0.0 5000 "$SERVER4" 7443 <"$WORK/crowd.in" \
  >"$WORK/crowd.out" 2>&1 &
PIDS+=($!)
exec {crowd}>"$WORK/crowd.in"
wait_for 'the crowd' grep -qx connected "$WORK/crowd.out"
config endpoints='["7443"]'
quietly allow 10.0.0.0/8
quietly apply
refused revoke 10.0.0.0/8
complains '5000 connected clients would be cut:$'
same 10 "$(grep -c '^ *10\.1\.0\..*: 1 connection, listed by 10\.0\.0\.0/8 ' "$WORK/err")"
complains '^ +\.\.\. and 4990 more with 4990 connections'
quietly allow 10.1.0.0/20
refused revoke 10.0.0.0/8
complains '904 connected clients would be cut:$'
verb revoke 10.0.0.0/8 --accept-risk drop-peers --json
same '904 10.1.16.0 10.0.0.0/8' "$(after /cut# /cut/0/address /cut/0/range | xargs)"
exec {crowd}>&-
