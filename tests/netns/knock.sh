#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# SSH is the knock: whoever holds a key lists the address that it comes from, and can do nothing else with it. A real
# sshd and sudo, keys as `lease --authorized-key` prints them, and apiguard in its usual places of a machine of
# namespaces.
. "$(dirname -- "$0")/lib.sh"
. "$(dirname -- "$0")/lib/machine.sh"

machine_guard() { answering on_machine /usr/sbin/apiguard "$@" </dev/null; }
machine_status() { { machine_guard status --json || true; } 2>/dev/null | "$TOOLS/json" "$1"; }
knocks() { # KEY SOURCE USER@HOST [ARGUMENT]...
  ssh_from "$2" "$3" "$1" "${@:4}"
}
keys_of() { # KEY OPTION...: what is printed for it
  on_machine /usr/sbin/apiguard lease --authorized-key "$WORK/$1.pub" --for 1h --name "$1" "${@:2}"
}

users
sudo_and_sshd
mkdir -p "$LAYER/etc/apiguard"
cp "$APIGUARD" "$LAYER/usr/sbin/apiguard"
start_machine 'mount -t tmpfs -o mode=0755 tmpfs /etc/apiguard' 'mount -t tmpfs -o mode=0755 tmpfs /var/lib' \
  'mount -t bpf bpf /sys/fs/bpf'
for KEY in node laptop shell host; do on_machine ssh-keygen -q -t ed25519 -N '' -C "$KEY" -f "$WORK/$KEY"; done
cp "$WORK/host" "$LAYER/etc/ssh/host_key"
printf '%s\n' 'interfaces = ["gate0"]' '[leases]' 'per_name = 2' | put 0644 /etc/apiguard/apiguard.toml
echo 198.18.0.0/24 | put 0644 /etc/apiguard/authorized-ranges
expect 0 machine_guard apply

step 'The lines are printed for the key of a node, and for a user with sudo'
expect 0 keys_of node --within 203.0.113.0/24,2001:db8:12::/48
sed 's/^/  /' "$WORK/out"
prints '^restrict,.*command="/usr/sbin/apiguard lease --from-ssh --for 1h --name node --within 203\.0\.113\.0/24,2001:db8:12::/48" ssh-ed25519 '
cp "$WORK/out" "$WORK/of-root"
expect 0 keys_of laptop --user alice
sed '/^Defaults/,$d' "$WORK/out" | put 0644 /run/keys/alice
sed -n '/^Defaults/,$p' "$WORK/out" | put 0440 /run/sudoers.d/apiguard
put 0644 /run/keys/root <"$WORK/of-root"
put 0644 /run/keys/bob <"$WORK/shell.pub"
expect 2 keys_of node --user 'a b'
daemon /usr/sbin/sshd -D -E "$WORK/sshd.log" -f /etc/ssh/config
listens() { on_machine ss -Hltn "sport = :$1" | grep .; }
wait_for 'sshd' listens 22

step 'Locked out, it knocks and is let in, by both families'
drops "$OFFICE4" "$OFFICE6" "$STRANGER4"
expect 0 knocks node "$OFFICE4" "root@$SERVER4"
prints "^1 lease added until .*: $OFFICE4/32$"
passes "$OFFICE4"
drops "$OFFICE6" "$STRANGER4"
expect 0 knocks node "$OFFICE6" "root@$SERVER6"
passes "$OFFICE4" "$OFFICE6"
same 1 "$(machine_status /generation)" 'the generation'
expect 0 knocks node "$OFFICE4" "root@$SERVER4"
prints '^1 lease unchanged'

step 'What the client asks for is not what runs, and the key lists nobody else'
expect 0 knocks node "$OFFICE4" "root@$SERVER4" "/usr/sbin/apiguard lease $STRANGER4 --for 1h"
expect 0 knocks node "$OFFICE4" "root@$SERVER4" "SSH_CONNECTION='$STRANGER4 1 $SERVER4 22' sh"
drops "$STRANGER4"
expect 255 knocks node "$STRANGER4" "root@$SERVER4" # from=
drops "$STRANGER4"

step 'Through sudo, for a user who is not root'
expect 0 knocks laptop "$STRANGER4" "alice@$SERVER4"
passes "$STRANGER4"
expect 255 knocks node "$OFFICE4" "alice@$SERVER4"
expect 1 as alice env SSH_CONNECTION="192.0.2.99 1 $SERVER4 22" sudo -n /usr/sbin/apiguard lease --from-ssh --for 1h --name laptop
drops 192.0.2.99

step 'Revoked by one address, the name goes with all its leases, and for IPv6 all of the /64'
expect 0 knocks laptop "$STRANGER6" "alice@$SERVER6"
expect 0 machine_guard lease 2001:db8:a::99 --for 1h --name beside
passes "$STRANGER4" "$STRANGER6" 2001:db8:a::99
expect 0 machine_guard revoke 2001:db8:a::55 --if-listed # no lease has it, and nothing is barred
complains 'no such entry'
passes "$STRANGER6" 2001:db8:a::99
expect 0 machine_guard revoke "$STRANGER6" --accept-risk all
drops "$STRANGER4" "$STRANGER6" 2001:db8:a::99
passes "$OFFICE4" "$OFFICE6" # of the name of another key
expect 1 knocks laptop "$STRANGER4" "alice@$SERVER4"
expect 1 machine_guard lease 2001:db8:a::100 --for 1h --name beside
expect 0 machine_guard lease --unbar "$STRANGER6"
expect 1 knocks laptop "$STRANGER4" "alice@$SERVER4"
expect 0 machine_guard lease --unbar laptop
expect 0 knocks laptop "$STRANGER4" "alice@$SERVER4"
passes "$STRANGER4"

step 'Revoked while it knocks without a pause: not one packet is let in after the revoke has ended'
knock_on() {
  while [ ! -e "$WORK/enough" ]; do
    knocks laptop "$STRANGER4" "alice@$SERVER4" >>"$WORK/knocks" 2>&1 || true
  done
}
(knock_on) &
PIDS+=($!)
KNOCKING=$!
answered() { [ "$(grep -c '^1 lease\|barred' "$WORK/knocks")" -ge "$1" ]; }
wait_for 'some knocks' answered 2
expect 0 machine_guard revoke "$STRANGER4" --accept-risk all
complains "barred for 48h, with the name 'laptop': 'apiguard lease --unbar $STRANGER4/32' and 'apiguard lease --unbar laptop' lift the bar"
for ((i = 0; i < 20; ++i)); do drops "$STRANGER4"; done
before=$(grep -c barred "$WORK/knocks" || true)
refused_more() { [ "$(grep -c barred "$WORK/knocks")" -ge $((before + 2)) ]; }
wait_for 'refused knocks' refused_more
drops "$STRANGER4"
touch "$WORK/enough"
wait "$KNOCKING" || true
complains_of_bar() { grep -E "lease '$STRANGER4/32': barred" "$WORK/knocks" >/dev/null; }
complains_of_bar || die 'nothing says that it is barred'
expect 1 knocks laptop "$OFFICE4" "alice@$SERVER4" # the name of a lease that came by SSH is barred with it
expect 0 machine_guard list
prints "^$STRANGER4/32 +- "
expect 0 machine_guard lease --unbar laptop
expect 1 knocks laptop "$STRANGER4" "alice@$SERVER4" # the address is barred still
expect 0 machine_guard lease --unbar "$STRANGER4"
expect 0 knocks laptop "$STRANGER4" "alice@$SERVER4"
passes "$STRANGER4"
