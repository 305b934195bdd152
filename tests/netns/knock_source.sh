#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Where an SSH session comes from is believed of the session itself and of nothing else. A real sshd, sudo and su, in a
# machine of namespaces: network (that of the server), processes and mounts. Its /usr and /etc are this host's with
# sshd, sudo and our files laid over them. Its /usr/sbin/apiguard is tools/ssh_source, which asks for the source alone.
. "$(dirname -- "$0")/lib.sh"
. "$(dirname -- "$0")/lib/machine.sh"
LINK4=fe80::1 LINK7=fe80::7

knocks() { # SOURCE USER@HOST [ARGUMENT]...: by the key whose command is apiguard
  ssh_from "$1" "$2" lease "${@:3}"
}
is_source() { # ADDRESS knocks ...
  expect 0 "${@:2}"
  same "$1" "$(cat "$WORK/out")" 'the source'
}
# refused REASON COMMAND...
refused() {
  expect 1 "${@:2}"
  complains "connection '.*': take its source: .*$1"
  same '' "$(cat "$WORK/out")" 'what is printed'
}
FROM_SSH='lease --from-ssh --for 24h --name laptop --within 192.0.2.0/24,203.0.113.0/24,2001:db8::/32,127.0.0.0/8,198.51.100.0/24,::1/128'
WITHIN=${FROM_SSH##* }

# hold_session: a session of root's from the office that stays. SESSION is what sshd says of it.
hold_session() {
  coproc HOLD { exec nsenter --target "$INIT" --mount --net="/run/netns/$CLIENT" -- ssh "${SSH_OPTIONS[@]}" -b "$OFFICE4" \
    -i "$WORK/shell" "root@$SERVER4" 'printenv SSH_CONNECTION; cat'; }
  PIDS+=("$HOLD_PID")
  read -r SESSION <&"${HOLD[0]}"
  [[ $SESSION == "$OFFICE4 "*" $SERVER4 22" ]] || die "the session says '$SESSION'"
}

users
sudo_and_sshd
cp "$TOOLS/ssh_source" "$LAYER/usr/sbin/apiguard"
start_machine
for KEY in lease shell host; do on_machine ssh-keygen -q -t ed25519 -N '' -C "$KEY of $NAME" -f "$WORK/$KEY"; done
cp "$WORK/host" "$LAYER/etc/ssh/host_key"

step 'The lines that are printed are taken by sshd and sudo as they are'
print_key() { on_machine /usr/sbin/apiguard --authorized-key "$@"; }
print_key "$WORK/lease.pub" laptop "$WITHIN" >"$WORK/of-root"
print_key "$WORK/lease.pub" laptop "$WITHIN" alice >"$WORK/both"
sed '/^Defaults/,$d' "$WORK/both" >"$WORK/of-alice"
sed -n '/^Defaults/,$p' "$WORK/both" | put 0440 /run/sudoers.d/apiguard
sed 's/^/  /' "$WORK/both"
same 1 "$(wc -l <"$WORK/of-root")" 'lines of root'
expect 0 on_machine ssh-keygen -l -f "$WORK/of-root"
prints "lease of $NAME"
expect 0 on_machine visudo -c -s -f /etc/sudoers
prints 'sudoers.d/apiguard: parsed OK'
cat "$WORK/of-root" "$WORK/shell.pub" | put 0644 /run/keys/root
cat "$WORK/of-alice" "$WORK/shell.pub" | put 0644 /run/keys/alice
put 0644 /run/keys/bob <"$WORK/shell.pub"
expect 0 on_machine /usr/sbin/sshd -T -f /etc/ssh/config
expect 3 print_key "$WORK/lease" laptop ''
complains 'PRIVATE key'
expect 3 print_key /run/keys/root laptop ''
complains 'there are 2 lines'

daemon /usr/sbin/sshd -D -E "$WORK/sshd.log" -f /etc/ssh/config
listens() { on_machine ss -Hltn "sport = :$1" | grep .; }
wait_for 'sshd' listens 22
in_netns "$CLIENT" ip address add "$LINK7/64" dev world0 nodad
on_server ip address add "$LINK4/64" dev gate0 nodad

step 'A key of root and a key of a user with sudo: the source, of both families'
for WHO in root alice; do
  is_source "$OFFICE4" knocks "$OFFICE4" "$WHO@$SERVER4"
  is_source "$STRANGER4" knocks "$STRANGER4" "$WHO@$SERVER4"
  is_source "$OFFICE6" knocks "$OFFICE6" "$WHO@$SERVER6"
  # What the client asks for is not what runs; what it sets is not what is asked.
  is_source "$STRANGER6" knocks "$STRANGER6" "$WHO@$SERVER6" "SSH_CONNECTION='$OFFICE4 1 $SERVER4 22' sh"
done
sed 's/from="[^"]*"/from="198.18.0.0\/15"/' "$WORK/of-root" | put 0644 /run/keys/root
expect 255 knocks "$OFFICE4" "root@$SERVER4" # from= is what keeps a key where it belongs
cat "$WORK/of-root" "$WORK/shell.pub" | put 0644 /run/keys/root

step 'A second session of one connection'
is_source "$OFFICE4" knocks "$OFFICE4" "alice@$SERVER4" -M -S "$WORK/master" -o ControlPersist=60
is_source "$OFFICE4" knocks "$OFFICE4" "alice@$SERVER4" -S "$WORK/master"
client ssh -F none -S "$WORK/master" -O exit "alice@$SERVER4" 2>/dev/null

step 'Behind a NAT it is the address of the NAT'
if in_netns "$CLIENT" nft -f - <<<'table ip nat { chain out { type nat hook postrouting priority 100; ip saddr '"$STRANGER4"' masquerade; }; }'; then
  is_source "$OFFICE4" knocks "$STRANGER4" "alice@$SERVER4"
  in_netns "$CLIENT" nft delete table ip nat
else
  left_out 'no connection tracking'
fi

step 'Sockets that were accepted by others: an sshd for each connection, of IPv6 for both families, with PAM'
daemon systemd-socket-activate --accept --inetd --listen=2200 \
  /usr/sbin/sshd -i -E "$WORK/sshd.log" -f /etc/ssh/config -o UsePAM=yes
wait_for 'the socket' listens 2200
is_source "$OFFICE4" knocks "$OFFICE4" "alice@$SERVER4" -p 2200
is_source "$OFFICE4" knocks "$OFFICE4" "root@$SERVER4" -p 2200
is_source "$OFFICE6" knocks "$OFFICE6" "alice@$SERVER6" -p 2200

step 'Addresses that are nobody else'
machine_ssh() { on_machine ssh "${SSH_OPTIONS[@]}" -i "$WORK/lease" "$@" </dev/null; }
refused '127.0.0.1 is a loopback address' machine_ssh root@127.0.0.1
refused '::1 is a loopback address' machine_ssh alice@::1
refused "$SERVER4 is an address of this host" machine_ssh "root@$SERVER4"
refused "$SERVER6 is an address of this host" machine_ssh "alice@$SERVER6"
on_server ip route add local 192.0.2.64/26 dev lo
refused '192.0.2.65 is an address of this host' machine_ssh -b 192.0.2.65 "alice@$SERVER4"
refused "$LINK7 is a link-local address" client ssh "${SSH_OPTIONS[@]}" -i "$WORK/shell" "alice@$LINK4%world0" \
  "sudo -n /usr/sbin/apiguard $FROM_SSH" # from= takes no address with a zone

step 'Without a session, and without a word of one'
expect 2 apart /usr/sbin/apiguard lease
complains "variable 'SSH_CONNECTION': it is not set"
for WORDS in '' 'x' "$OFFICE4 1 $SERVER4" "$OFFICE4 1 $SERVER4 22 x" "$OFFICE4 0 $SERVER4 22" 'UNKNOWN 65535 UNKNOWN 65535'; do
  expect 2 apart env SSH_CONNECTION="$WORDS" /usr/sbin/apiguard lease
  complains 'expected CLIENT PORT SERVER PORT'
done

step 'The connection of another session: from outside of any session, by su, by sudo, by sudo -E'
hold_session
NO_SSHD='no ancestor of this process is an sshd that belongs to root'
ALICE=(env SSH_CONNECTION="$SESSION" sudo -n /usr/sbin/apiguard)
read -ra ARGUMENTS <<<"$FROM_SSH"
refused "$NO_SSHD" apart env SSH_CONNECTION="$SESSION" /usr/sbin/apiguard lease
refused "$NO_SSHD" apart su root -c "SSH_CONNECTION='$SESSION' /usr/sbin/apiguard lease"
refused "$NO_SSHD" as alice su root -c "SSH_CONNECTION='$SESSION' /usr/sbin/apiguard lease"
refused "$NO_SSHD" as alice "${ALICE[@]}" "${ARGUMENTS[@]}"
refused "$NO_SSHD" as bob env SSH_CONNECTION="$SESSION" sudo -n -E /usr/sbin/apiguard lease
refused "$NO_SSHD" as bob sudo -n SSH_CONNECTION="$SESSION" /usr/sbin/apiguard lease
refused 'seen from its PID namespace' on_machine env SSH_CONNECTION="$SESSION" /usr/sbin/apiguard lease
refused "no such connection to $SERVER4:22 is established" apart env SSH_CONNECTION="$OFFICE4 1 $SERVER4 22" /usr/sbin/apiguard lease
expect 1 as alice sudo -n /usr/sbin/apiguard lease --from-ssh --for 48h
complains 'password is required' # sudo lets this command alone

step 'The same from another session, which has a connection of its own'
OTHER='sshd [0-9]+, the nearest ancestor of this process that belongs to root, does not hold it'
refused "$OTHER" ssh_from "$STRANGER4" "alice@$SERVER4" shell "SSH_CONNECTION='$SESSION' sudo -n /usr/sbin/apiguard $FROM_SSH"
refused "$OTHER" ssh_from "$STRANGER4" "bob@$SERVER4" shell "SSH_CONNECTION='$SESSION' sudo -n -E /usr/sbin/apiguard lease"
refused "$OTHER" ssh_from "$STRANGER4" "root@$SERVER4" shell "SSH_CONNECTION='$SESSION' /usr/sbin/apiguard lease"
is_source "$STRANGER4" ssh_from "$STRANGER4" "alice@$SERVER4" shell "sudo -n /usr/sbin/apiguard $FROM_SSH"
is_source "$STRANGER4" ssh_from "$STRANGER4" "bob@$SERVER4" shell "su root -c '/usr/sbin/apiguard lease'"
refused "$NO_SSHD" ssh_from "$STRANGER4" "alice@$SERVER4" shell "setsid -f sudo -n /usr/sbin/apiguard $FROM_SSH 2>&1 | cat >&2; exit 1"
[ -d "/proc/$HOLD_PID" ] || die 'the held session has ended'

step 'A socket of ones own, handed to sudo, whose parent is then PID 1'
put 0755 /run/hand <<TEXT
#!/bin/bash
peer=\$(ss -Htn state established '( sport = :2222 )' | awk '{ print \$NF }')
export SSH_CONNECTION="\${peer##*]:} 2222"
peer=\${peer##*ffff:} && SSH_CONNECTION="$OFFICE4 \${peer##*:} $SERVER4 2222"
echo "\$SSH_CONNECTION" >/run/open/handed
setsid --fork sudo -n /usr/sbin/apiguard $FROM_SSH 1>&0 2>/run/open/said
TEXT
daemon systemd-socket-activate --accept --inetd --listen=2222 \
  /usr/bin/setpriv --reuid=alice --regid=alice --clear-groups /run/hand
wait_for 'the socket' listens 2222
in_background "$CLIENT" bash -c "exec 3<>/dev/tcp/$SERVER4/2222; exec sleep 1000"
handed() { on_machine grep -E "$1" /run/open/said; }
wait_for 'the answer' handed .
say "  $(on_machine cat /run/open/handed)"
handed "$NO_SSHD" || die "it says: $(on_machine cat /run/open/said)"

step 'A connection that went out'
in_background "$CLIENT" "$TOOLS/listener" 7000 >/dev/null </dev/null
wait_for 'the listener' in_netns "$CLIENT" bash -c ': >/dev/tcp/127.0.0.1/7000'
put 0755 /run/out <<TEXT
#!/bin/bash
exec 3<>/dev/tcp/$OFFICE4/7000
port=\$(ss -Htn state established '( dport = :7000 )' | awk '{ print \$3 }')
SSH_CONNECTION="$OFFICE4 7000 $SERVER4 \${port##*:}" sudo -n /usr/sbin/apiguard $FROM_SSH <&3
TEXT
refused 'root does not listen on' as alice /run/out

step 'A connection that is gone'
put 0755 /run/late <<TEXT
#!/bin/bash
trap '' HUP PIPE
echo "\$SSH_CONNECTION" >/run/open/waits
while [ ! -e /run/open/go ]; do sleep 0.1; done
sudo -n /usr/sbin/apiguard $FROM_SSH >/run/open/late.new 2>&1
mv /run/open/late.new /run/open/late
TEXT
# Not by a function: $! is then ssh itself.
nsenter --target "$INIT" --mount --net="/run/netns/$CLIENT" -- ssh "${SSH_OPTIONS[@]}" -b "$OFFICE4" -i "$WORK/shell" \
  "alice@$SERVER4" /run/late </dev/null &
GOING=$!
PIDS+=("$GOING")
wait_for 'the session' on_machine grep -q . /run/open/waits
read -r _ GONE _ < <(on_machine cat /run/open/waits)
kill -KILL "$GOING"
{ wait "$GOING" || true; } 2>/dev/null # without a word about who was killed
is_gone() { [ -z "$(on_machine ss -Htn state established "( dport = :$GONE )")" ]; }
wait_for 'the end of the connection' is_gone
on_machine touch /run/open/go
wait_for 'the answer' on_machine test -e /run/open/late
on_machine grep -E 'no such connection .* established' /run/open/late || die "it says: $(on_machine cat /run/open/late)"

step 'An sshd that somebody else has started, or that is started from outside'
daemon setpriv --reuid=bob --regid=bob --clear-groups -- sh -c \
  "sudo -n /usr/sbin/sshd -D -p 2300 -E '$WORK/sshd.log' -f /etc/ssh/config; exit"
wait_for 'sshd of bob' listens 2300
refused 'process [0-9]+, above sshd [0-9]+, does not belong to root' knocks "$OFFICE4" "alice@$SERVER4" -p 2300
nsenter --target "$INIT" --mount --pid --net -- /usr/sbin/sshd -D -p 2400 -E "$WORK/sshd.log" -f /etc/ssh/config </dev/null &
PIDS+=($!)
wait_for 'sshd from outside' listens 2400
refused 'is outside this PID namespace' knocks "$OFFICE4" "alice@$SERVER4" -p 2400
expect 4 nsenter --target "$INIT" --pid --net -- env SSH_CONNECTION="$SESSION" "$TOOLS/ssh_source"
complains "directory '/proc': .*another PID namespace"

step 'Where users see no processes of others'
on_machine mount -o remount,hidepid=2 /proc
for WHO in root alice; do is_source "$OFFICE4" knocks "$OFFICE4" "$WHO@$SERVER4"; done

step 'Without CAP_SYS_PTRACE nothing is believed'
printf 'command="setpriv --bounding-set=-sys_ptrace --inh-caps=-sys_ptrace /usr/sbin/apiguard lease" %s\n' \
  "$(cat "$WORK/shell.pub")" | put 0644 /run/keys/root
expect 4 ssh_from "$OFFICE4" "root@$SERVER4" shell
complains "process '[0-9]+': inspect its"
