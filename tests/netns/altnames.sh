#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# An interface is named by any of its names (`ip link property`): in the configuration, by globs, to `detach` and to the
# supervisor. What is shown is the kernel's name.
. "$(dirname -- "$0")/lib.sh"
. "$(dirname -- "$0")/lib/supervised.sh"
LONG=enx$(printf '0123456789%.0s' {1..12}) # 123 letters

forget

names() { # add|del DEVICE NAME...
  local verb=$1 device=$2 name
  shift 2
  for name in "$@"; do on_server ip link property "$verb" dev "$device" altname "$name"; done
}
names add gate0 enp0s31f6 2>/dev/null || skip 'this kernel or iproute2 has no other names'
make_pair 1
links() { find "$PINS/links" -type f 2>/dev/null | wc -l; }
shown() { status_of "/interfaces/$1/name"; }
detached() { expect 1 guard status && same "$1" "$(links)" 'pins of links'; }

step 'By another name: the kernel shows its own'
config interfaces='["enp0s31f6"]'
verb apply
prints 'in force on gate0'
silent_about 'does not exist'
enforced
same gate0 "$(shown 0)"
same true "$(status_of /interfaces/0/attached)"
verb status
prints gate0
keeps verb apply
prints unchanged

step 'By two of its names it is one target'
config interfaces='["enp0s31f6", "gate0"]'
verb apply
same 1 "$(links)" 'pins of links'
same absent "$(shown 1)"
enforced

step 'Longer than a name of the kernel may be'
names add gate0 "$LONG"
config interfaces='["'"$LONG"'"]'
verb apply
same gate0 "$(shown 0)"
enforced
config interfaces='["'"$LONG-12345"'"]'
expect 3 guard apply
complains 'longer than 127 characters'

step 'Globs'
config interfaces='["enp*"]'
verb apply
same gate0 "$(shown 0)"
same absent "$(shown 1)"
names add gate1 enp0s32f6
keeps verb apply
same gate1 "$(shown 1)"
config interfaces='["enp0s31f6"]'
verb apply
same absent "$(shown 1)"

step 'detach, by any name, and twice'
verb detach enp0s31f6
prints 'detached: gate0$'
detached 0
verb apply --accept-risk detached
verb detach "$LONG" gate0 enp0s31f6
prints 'detached: gate0$'
expect 4 guard detach enp0s32f6
complains "'enp0s32f6': detach: no program of apiguard"
expect 4 guard detach enp0s99
verb apply --accept-risk detached
enforced

step 'None of the names is there'
config interfaces='["enp0s99"]'
expect 4 guard apply
complains "none of the configured ones exists \(enp0s99\): 'ip link' shows"
config interfaces='["enp0s31f6"]'
verb apply

step 'The kernel renames it: the other name stays'
on_server ip link set gate0 down
on_server ip link set gate0 name door0
on_server ip link set door0 up
verb apply
same door0 "$(shown 0)"
silent_about 'another name'
on_server ip link set door0 down
on_server ip link set door0 name gate0
on_server ip link set gate0 up
know "$SERVER" gate0 02:00:00:00:00:02 "$OFFICE4" "$OFFICE6" "$STRANGER4" "$STRANGER6"
verb apply
enforced

step 'It moves to another interface: that one is guarded, and the first is not let go without a word'
names del gate0 enp0s31f6
names add gate1 enp0s31f6
verb apply
complains "interface 'gate0': 'interfaces' does not name it, and it stays guarded"
same 2 "$(links)" 'pins of links'
on 1 'pass drop'
enforced
verb detach gate0
same 1 "$(links)" 'pins of links'
on 1 'pass drop'

step 'It is taken away from the only one: nothing is let go'
names del gate1 enp0s31f6
expect 1 guard status
prints 'does not exist|enp0s31f6'
on 1 'pass drop'
expect 4 guard apply
complains 'none of the configured ones exists'
on 1 'pass drop'
verb mode audit
on 1 'pass pass'
expect 4 guard mode enforce
names add gate1 enp0s31f6
verb mode enforce
on 1 'pass drop'

step 'A boot, and a port that the toml names so'
rm -rf "$PINS" "$RUN"
verb apply --boot
same gate1 "$(shown 0)"
on 1 'pass drop'

step 'The supervisor: a name that is given to an interface, up or down, and one that moves'
unguard
config interfaces='["late", "gate1"]'
verb apply
complains "interface 'late': does not exist"
not_enforced
supervise
names add gate0 late
guarded 0
well
names del gate0 late
on_server ip link delete gate0
make_pair 0
bare 0
on_server ip link set gate0 down
names add gate0 late
on_server ip link set gate0 up
know "$SERVER" gate0 02:00:00:00:00:02 "$OFFICE4" "$OFFICE6" "$STRANGER4" "$STRANGER6"
guarded 0
make_pair 2
names del gate0 late
names add gate2 late
guarded 2
on 0 'pass drop' # nobody asked for it to be let go
names del gate2 late
names add gate0 late
verb detach late
bare 0
sleep 1
on 0 'pass pass'
verb apply --accept-risk detached
guarded 0
ends TERM 0
enforced
