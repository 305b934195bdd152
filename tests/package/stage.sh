# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=bash
# A server and a client in network namespaces of their own, named after STAGE, with the addresses SERVER, OFFICE and
# STRANGER. What is installed runs in that of the server. Sourced by lifecycle.sh and portable/life.sh, which set these.

make_stage() {
  local side
  for side in server client; do
    ip netns add "$STAGE-$side"
    in_netns "$side" ip link set lo up
  done
  ip link add gate0 netns "$STAGE-server" numtxqueues 1 numrxqueues 1 type veth \
    peer name world0 netns "$STAGE-client" numtxqueues 1 numrxqueues 1
  bring_up server gate0 "$SERVER/32"
  bring_up client world0 "$OFFICE/32" "$STRANGER/32"
  in_netns server ip route add "$OFFICE" dev gate0
  in_netns server ip route add "$STRANGER" dev gate0
  in_netns client ip route add "$SERVER" dev world0
}
in_netns() {
  local side=$1
  shift
  nsenter --net="/run/netns/$STAGE-$side" -- "$@"
}
bring_up() {
  local side=$1 device=$2 address
  shift 2
  in_netns "$side" ip link set "$device" up
  for address in "$@"; do in_netns "$side" ip address add "$address" dev "$device"; done
}
