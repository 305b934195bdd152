#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Interfaces come, go, change their names and move; what is configured is guarded, and what is not there is said.
. "$(dirname -- "$0")/lib.sh"
attached() { status_of "/interfaces/$1/attached"; }
verb apply

step 'Down and up'
on_server ip link set gate0 down
on_server ip link set gate0 up
know "$SERVER" gate0 02:00:00:00:00:02 "$OFFICE4" "$OFFICE6" "$STRANGER4" "$STRANGER6"
expect 0 guard status
enforced

step 'Renamed: still guarded; the list can still be changed'
on_server ip link set gate0 down
on_server ip link set gate0 name door0
on_server ip link set door0 up
lines=$("$TOOLS/probe" "$CLIENT/world0" "$SERVER/door0" "$OFFICE4" "$STRANGER4")
same "$OFFICE4 pass
$STRANGER4 drop" "$lines"
config interfaces='["door0"]'
verb apply
same true "$(attached 0)"
on_server ip link set door0 down
on_server ip link set door0 name gate0
on_server ip link set gate0 up
plain_config
verb apply
enforced
expect 0 guard status

step 'Deleted: status says so. Made again: not guarded until the next apply, which needs no other change'
before=$(generation)
on_server ip link delete gate0
expect 1 guard status
make_pair 0
expect 1 guard status
prints 'NOT ATTACHED'
same false "$(attached 0)"
not_enforced
verb apply
enforced
expect 0 guard status
say "generation $before, then $(generation)"
same 1 "$(find "$PINS/links" -type f | wc -l)" 'pins of links'

step 'Deleted and made again, and the change is one of the list'
on_server ip link delete gate0
make_pair 0
verb allow 198.18.0.0/24
enforced
passes 198.18.0.1

step 'Deleted, and the next verb comes before it is back'
on_server ip link delete gate0
expect 4 guard apply
complains 'gate0'
make_pair 0
verb apply
enforced

step 'One of two is absent: a warning, the other is guarded; then it appears'
config interfaces='["gate0", "gate1"]'
verb apply
complains "interface 'gate1'"
enforced
same false "$(attached 1)"
same null "$(status_of /interfaces/1/ifindex)"
expect 1 guard status
make_pair 1
verb apply
same true "$(attached 1)"
expect 0 guard status
lines=$("$TOOLS/probe" "$CLIENT/world1" "$SERVER/gate1" "$OFFICE4" "$STRANGER4")
same "$OFFICE4 pass
$STRANGER4 drop" "$lines"

step 'One leaves the set: it is let go'
config interfaces='["gate0"]'
verb apply
lines=$("$TOOLS/probe" "$CLIENT/world1" "$SERVER/gate1" "$STRANGER4")
same "$STRANGER4 pass" "$lines"
enforced
expect 0 guard status

step 'Globs: what matches is guarded, lo never'
config interfaces='["gate*", "l*"]'
verb apply
same 'gate0 gate1 l*' "$(guard status --json | "$TOOLS/json" /interfaces/0/name /interfaces/1/name /interfaces/2/name | xargs)"
config interfaces='["*"]'
verb apply
same 2 "$(status_of '/interfaces#')"
expect 0 guard status

step 'A bridge that is matched: its ports are not'
on_server ip link add bridge0 type bridge
on_server ip link set gate1 master bridge0
verb apply --accept-risk generic-xdp
names=$(guard status --json | "$TOOLS/json" /interfaces/0/name /interfaces/1/name /interfaces/2/name | xargs)
same 'bridge0 gate0 absent' "$(xargs -n1 <<<"$names" | sort | grep -v absent | xargs) absent"
on_server ip link set gate1 nomaster
on_server ip link delete bridge0
on_server ip link delete gate1
plain_config
verb apply

step 'None exists: refused, and what is in force stays'
config interfaces='["absent0", "absent*"]'
expect 4 guard apply
complains 'absent0'
enforced
plain_config

step 'Moved into another namespace: it goes on filtering there, by the list in force'
ip netns add "$SERVER-far"
on_server ip link set gate0 netns "$SERVER-far"
in_netns "$SERVER-far" ip link set gate0 up
far() { "$TOOLS/probe" "$CLIENT/world0" "$SERVER-far/gate0" "$@"; }
same "$OFFICE4 pass
$STRANGER4 drop" "$(far "$OFFICE4" "$STRANGER4")"
make_pair 2
config interfaces='["gate2"]'
verb set 203.0.113.0/24,198.18.5.0/24 --accept-risk unapplied
same "$OFFICE4 pass
$STRANGER4 drop
198.18.5.1 pass" "$(far "$OFFICE4" "$STRANGER4" 198.18.5.1)"
verb detach --all
same "$STRANGER4 pass" "$(far "$STRANGER4")"

step 'A device without Ethernet header: refused by name'
if on_server ip tuntap add dev tunnel0 mode tun 2>"$WORK/err"; then
  config interfaces='["tunnel0"]'
  expect 6 guard apply
  complains "interface 'tunnel0'"
  config interfaces='["gate2", "tunnel0"]'
  expect 6 guard apply
  complains "interface 'tunnel0'"
else
  cat "$WORK/err"
  left_out 'no tun device'
fi
