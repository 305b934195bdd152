#!/bin/busybox sh
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=dash
# Process 1 of the machine that scripts/vm boots. Runs the packet table and apiguard on a veth pair, reports on the
# serial console in lines that begin with "VM", ends with "VM PASS" or "VM FAIL", and powers off.
export PATH=/programs:/bin
failed=''

prepare() {
  /bin/busybox --install -s /bin
  mount -t proc proc /proc
  mount -t sysfs sysfs /sys
  mount -t devtmpfs dev /dev
  ln -s /proc/self/fd /dev/fd # as bash wants it
  mkdir -p /dev/pts && mount -t devpts devpts /dev/pts # terminals
  mount -t bpf bpf /sys/fs/bpf
  mount -t tmpfs tmpfs /run
  printf '\nVM kernel %s\n' "$(uname -r)" # on a line of its own: the firmware leaves half of one
}

# busybox sh prefers its own ip, which knows neither veth nor namespaces.
ip() {
  /programs/ip "$@"
}

# passes NAME COMMAND... / fails STATUS NAME COMMAND...: one line of the report each.
passes() {
  name=$1
  shift
  expect 0 "$name" "$@"
}

fails() {
  expect "$@"
}

expect() {
  wanted=$1 name=$2
  shift 2
  "$@"
  status=$?
  if [ "$status" -eq "$wanted" ]; then
    echo "VM ok $name"
  else
    echo "VM not ok $name: exit status $status instead of $wanted"
    failed=yes
  fi
}

# Each behind what it needs; which of them there are differs from kernel to kernel.
load_modules() {
  for module in llc stp mrp garp 8021q bridge tls bonding veth macvlan inet_diag tcp_diag sch_ingress cls_bpf \
    crc32c_generic libcrc32c nfnetlink nf_defrag_ipv4 nf_defrag_ipv6 nf_conntrack nf_tables nft_ct nft_counter; do
    parameters=''
    if [ "$module" = bonding ]; then parameters=max_bonds=0; fi # or it makes one by itself
    # None, or one word.
    # shellcheck disable=SC2086
    if [ -e "/modules/$module.ko" ]; then insmod "/modules/$module.ko" $parameters; fi
  done
}

# The server's end stays in the first namespace, with the filter; the client has its own.
make_stage() {
  load_modules
  ip link set lo up &&
    ip netns add client &&
    ip link add gate0 type veth peer name peer0 netns client &&
    ip address add 192.0.2.1/24 dev gate0 &&
    ip address add 2001:db8::1/64 dev gate0 nodad &&
    ip link set gate0 up &&
    ip -n client address add 192.0.2.2/24 dev peer0 &&
    ip -n client address add 2001:db8::2/64 dev peer0 nodad &&
    ip -n client link set peer0 up &&
    httpd -p '[::]:6443' -h /www
}

configure() {
  mkdir -m 0755 /etc/apiguard
  echo 'interfaces = ["gate0"]' >/etc/apiguard/apiguard.toml
}

# curl's 28 is the timeout: dropped, and not refused or unreachable.
ask() {
  ip netns exec client curl --silent --show-error --max-time 3 "http://$1:6443/livez"
}

# says WORDS COMMAND...: the output holds them.
says() {
  words=$1
  shift
  "$@" | grep -q "$words"
}

# soon COMMAND...: succeeds within half a minute: a machine that runs beside much else is slow.
soon() {
  tries=0
  until "$@" >/tmp/soon 2>&1; do
    tries=$((tries + 1))
    if [ "$tries" -ge 30 ]; then break; fi
    sleep 1
  done
  cat /tmp/soon
  [ "$tries" -lt 30 ]
}

# A watch that runs while somebody is refused and somebody is admitted, until it has told of both.
watch_others() {
  apiguard watch --json --for 90s >/run/events &
  watcher=$!
  soon refused_and_admitted
  kill $watcher
  wait $watcher
  cat /run/events
}
refused_and_admitted() {
  ask 192.0.2.1
  ask '[2001:db8::1]'
  grep -q '"event":"denied"' /run/events && grep -q '"event":"admitted"' /run/events
}

explain() {
  passes 'who was denied' says '"source": "192.0.2.2"' apiguard denied --json
  passes 'listed over IPv6 alone' apiguard set 203.0.113.0/24,2001:db8::/64 --accept-risk all
  watch_others
  passes 'a denied packet is told' grep -q '"event":"denied","source":"192.0.2.2"' /run/events
  passes 'an admitted connection is told' grep -q '"event":"admitted","source":"2001:db8::2"' /run/events
  passes 'mode audit' apiguard mode audit
  passes 'unlisted client in audit' soon ask 192.0.2.1
  passes 'who had a connection' says '^apiguard allow 192.0.2.2/32$' apiguard suggest
  passes 'mode enforce' apiguard mode enforce --accept-risk all
}

confirmation() {
  passes 'it can wait' says '^--confirm-within yes' apiguard version --verbose
  passes 'a change to be confirmed' apiguard allow 192.0.2.0/24 --confirm-within 10s </dev/null
  passes 'listed until then' ask 192.0.2.1
  sleep 11
  fails 28 'undone by the kernel' ask 192.0.2.1
  fails 8 'confirm when it is over' apiguard confirm
  passes 'the same, confirmed' apiguard allow 192.0.2.0/24 --confirm-within 1m </dev/null
  passes 'confirm in time' apiguard confirm
  passes 'listed for good' ask 192.0.2.1
}

# Where the kernel cannot undo a change by itself no change is made that would need it: not the first one, and none to a
# list in force.
no_confirmation() {
  passes 'it cannot wait' says '^--confirm-within no: kernel: cannot undo' apiguard version --verbose
  fails 6 'a change to be confirmed' apiguard allow 192.0.2.0/24 --confirm-within 3s </dev/null
  fails 1 'and nothing waits or is listed' apiguard check 192.0.2.2
  fails 28 'unlisted as before' ask 192.0.2.1
  passes 'the list in force is the old one' says '203.0.113.0/24' apiguard list
  passes 'nothing is pending' says 'no change is pending confirmation' apiguard confirm
  fails 6 'the answer in JSON' apiguard allow 192.0.2.0/24 --confirm-within 3s --json </dev/null
  passes 'detach before the first change' apiguard detach --all
  fails 6 'a first change to be confirmed' apiguard apply --confirm-within 3s --accept-risk all </dev/null
  passes 'nothing is attached by it' ask 192.0.2.1
  passes 'apply without' apiguard apply --accept-risk all
  fails 28 'unlisted again' ask 192.0.2.1
  passes 'the change without' apiguard allow 192.0.2.0/24
  passes 'listed for good' ask 192.0.2.1
  passes 'what works instead: rollback' apiguard rollback --accept-risk all
  fails 28 'taken back' ask 192.0.2.1
  passes 'the same again' apiguard allow 192.0.2.0/24
}

guard() {
  passes 'stage' make_stage
  configure
  passes 'server answers over IPv4 before' ask 192.0.2.1
  passes 'server answers over IPv6 before' ask '[2001:db8::1]'

  passes 'allow' apiguard allow 192.0.2.0/24 2001:db8::/64 --name client
  passes 'listed client over IPv4' soon ask 192.0.2.1
  passes 'listed client over IPv6' soon ask '[2001:db8::1]'
  passes 'check of a listed address' apiguard check 192.0.2.2

  passes 'set' apiguard set 203.0.113.0/24 --accept-risk all
  fails 28 'unlisted client over IPv4' ask 192.0.2.1
  fails 28 'unlisted client over IPv6' ask '[2001:db8::1]'
  fails 1 'check of an unlisted address' apiguard check 192.0.2.2
  passes 'status' apiguard status
  explain

  if [ -e /cannot_wait ]; then no_confirmation; else confirmation; fi
  passes 'revoke' apiguard revoke 192.0.2.0/24 --accept-risk all

  passes 'mode off' apiguard mode off
  passes 'anybody in mode off' ask 192.0.2.1
  passes 'detach' apiguard detach --all
  passes 'server answers after' ask 192.0.2.1
}

# ---- devices on top of others ----

# A pair of interfaces of their own: port0 here, world0 at the client.
make_port() {
  ip link add port0 type veth peer name world0 netns client && ip -n client link set world0 up
}

make_bond() {
  make_port && ip link add bond0 type bond mode active-backup miimon 100 && ip link set port0 master bond0 &&
    ip link set port0 up && ip link set bond0 up && give_addresses bond0 world0
}
make_bridge() {
  make_port && ip link add br0 type bridge && ip link set port0 master br0 && ip link set port0 up &&
    ip link set br0 up && give_addresses br0 world0
}
# The filter is on the parent, which sees the tags.
make_vlan() {
  make_port && ip link set port0 up && ip link add link port0 name port0.7 type vlan id 7 &&
    ip link set port0.7 up && ip -n client link add link world0 name world0.7 type vlan id 7 &&
    ip -n client link set world0.7 up && give_addresses port0.7 world0.7
}
give_addresses() {
  ip address add 198.51.100.1/24 dev "$1" && ip -n client address add 198.51.100.2/24 dev "$2"
}

# guard_device NAME INTERFACES: over a device that make_NAME made; INTERFACES are those of the configuration.
guard_device() {
  passes "$1" "make_$1"
  sleep 2 # carrier, and the port of a bridge
  passes "$1: server answers before" ask 198.51.100.1
  echo "interfaces = [\"$2\"]" >/etc/apiguard/apiguard.toml
  echo '203.0.113.0/24' >/etc/apiguard/authorized-ranges
  # The kernel has no native mode for every one of them.
  passes "$1: apply" apiguard apply --accept-risk all
  fails 28 "$1: unlisted client" ask 198.51.100.1
  passes "$1: allow" apiguard allow 198.51.100.2
  passes "$1: listed client" ask 198.51.100.1
  apiguard status | grep attached
  passes "$1: detach" apiguard detach --all
  ip link delete port0
  ip link delete "$3" 2>/dev/null
}

# A port that carries a program of its own may not join a bond that carries one: a host whose glob matches both, and whose
# interfaces are guarded as soon as they appear, would boot without its network.
guard_bond_at_ports() {
  make_port
  ip link add port1 type veth peer name world1 netns client # not wanted by itself
  echo 'interfaces = ["port0*", "bond*"]' >/etc/apiguard/apiguard.toml
  echo '203.0.113.0/24' >/etc/apiguard/authorized-ranges
  passes 'ports of a bond: apply' apiguard apply --accept-risk all
  apiguard run >/tmp/supervisor.log 2>&1 &
  supervisor=$!
  sleep 2
  ip link add bond0 type bond mode active-backup miimon 100
  sleep 2
  passes 'ports of a bond: one that is guarded joins' ip link set port0 master bond0
  passes 'ports of a bond: another one joins' ip link set port1 master bond0
  ip link set port0 up && ip link set port1 up && ip link set bond0 up && give_addresses bond0 world0
  passes 'ports of a bond: status' soon apiguard status
  apiguard status | grep -c '^port[01].*attached' | grep -qx 2 || passes 'ports of a bond: both are guarded' false
  fails 28 'ports of a bond: unlisted client' ask 198.51.100.1
  passes 'ports of a bond: allow' apiguard allow 198.51.100.2 --accept-risk all
  passes 'ports of a bond: listed client' soon ask 198.51.100.1
  kill $supervisor
  wait $supervisor
  cat /tmp/supervisor.log
  passes 'ports of a bond: detach' apiguard detach --all
  ip link delete port0
  ip link delete port1
  ip link delete bond0
}

devices() {
  guard_bond_at_ports
  guard_device bond 'bond*' bond0
  guard_device bridge br0 br0
  guard_device vlan port0 port0.7
}

# ---- the tiers bpf and netns ----

# test_says NAME COMMAND...: its output only if it fails; 77 says that it could not run.
test_says() {
  name=$1 begun=$(date +%s)
  shift
  timeout "$(cat /tiers)" "$@" >/tmp/log 2>&1 </dev/null
  status=$?
  case $status in
    0) echo "VM ok $name ($(($(date +%s) - begun)) s)" ;;
    77) echo "VM skipped $name: $(tail -n 1 /tmp/log)" ;;
    *)
      tail -n 30 /tmp/log
      echo "VM not ok $name: exit status $status after $(($(date +%s) - begun)) s"
      failed=yes
      ;;
  esac
}

tiers() {
  export APIGUARD=/programs/apiguard TOOLS=/tools APIGUARD_PACKETS=20000 APIGUARD_PATIENCE=600 LC_ALL=C.UTF-8
  export APIGUARD_LEFT_OUT=/tmp/left_out
  export APIGUARD_JUDGE=no # there is no Python
  ulimit -H -n 65536 # as Debian has it or more
  load_modules
  ip link set lo up
  for test in /programs/bpf_*; do
    if [ -e "$test" ]; then test_says "bpf.${test##*/bpf_}" "$test"; fi
  done
  for test in /tests/netns/*.sh; do
    test=${test##*/}
    if [ "$test" != lib.sh ]; then test_says "netns.${test%.sh}" bash "/tests/netns/$test"; fi
  done
  if [ -e "$APIGUARD_LEFT_OUT" ]; then sed 's/^/VM left out /' "$APIGUARD_LEFT_OUT"; fi
}

quick() {
  passes 'packet table' bpf_table
  passes 'version' apiguard version --verbose
  guard
  devices
}

main() {
  prepare
  if [ -e /tiers ]; then tiers; else quick; fi
  if [ -z "$failed" ]; then echo 'VM PASS'; else echo 'VM FAIL'; fi
  poweroff -f
}

main
