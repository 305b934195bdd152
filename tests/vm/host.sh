#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# The life of a control-plane host: a whole Debian 12 under QEMU with systemd as process 1 and interfaces of virtio, on
# which the package is installed, upgraded and purged, and which is rebooted, cut from power and given new interfaces.
# All the while a stranger and the office send SYNs to a listener that is there before anything else. No SYN of the
# stranger may ever be answered.
#
# usage: host.sh [STEP...]      TOOLS: the tools of tests/support; APIGUARD_CACHE as for scripts/test; PACKAGES: a folder
#                               with the versions 1.0 and 2.0, which are then not built
#
# Exit 77: could not run, claims nothing.
# Commands are for the shell of the machine.
# shellcheck disable=SC2016
set -euo pipefail
. "$(dirname -- "${BASH_SOURCE[0]}")/../../scripts/lib/common.sh"
. "$ROOT/scripts/lib/install.sh"
. "$ROOT/scripts/lib/suite.sh"
. "$ROOT/scripts/lib/machine.sh"
. "$ROOT/scripts/lib/left_out.sh"
. "$ROOT/tests/package/versions.sh"

WORLD=agh-$$
OFFICE4=203.0.113.7 OFFICE6=2001:db8:12::7 STRANGER4=192.0.2.7 STRANGER6=2001:db8:a::7
PLUGGED_OFFICE=203.0.114.7 PLUGGED_STRANGER=192.0.3.7
SERVER4=198.51.100.1 SERVER6=2001:db8:1::1 PLUGGED_SERVER=198.51.100.2
PAUSE=5 # milliseconds between SYNs
STREAM=''
declare -A SENT ANSWERED

die() {
  printf 'FAILED: %s\n  at line %s\n' "$*" "${BASH_LINENO[*]}" >&2
  exit 1
}

# ---- the world outside ----

make_world() {
  ip netns add "$WORLD"
  in_world ip link set lo up
  make_tap world0 1
  make_tap world1 2
  address_tap world0 "$SERVER4" "$SERVER6" "$OFFICE4/32" "$STRANGER4/32" "$OFFICE6/128" "$STRANGER6/128"
  address_tap world1 "$PLUGGED_SERVER" '' "$PLUGGED_OFFICE/32" "$PLUGGED_STRANGER/32"
}
in_world() { nsenter --net="/run/netns/$WORLD" -- "$@"; }
make_tap() {
  in_world ip tuntap add "$1" mode tap
  in_world ip link set "$1" address "02:00:00:00:01:0$2"
  in_world ip link set "$1" up
}
# address_tap TAP SERVER4 SERVER6 ADDRESS...
address_tap() {
  local tap=$1 server address
  for server in "$2" "$3"; do
    if [ -n "$server" ]; then in_world ip route add "$server" dev "$tap"; fi
  done
  shift 3
  for address in "$@"; do
    case $address in
      *:*) in_world ip address add "$address" dev "$tap" nodad ;;
      *) in_world ip address add "$address" dev "$tap" ;;
    esac
  done
}

# stream [--to4 A --host N] TAP SOURCE...: SYNs of them, until end_stream.
stream() {
  local -a options=()
  while [ "${1#--}" != "$1" ]; do options+=("$1" "$2") && shift 2; done
  local tap=$1
  shift
  "$TOOLS/syns" "${options[@]}" "$WORLD/$tap" "$PAUSE" "$@" >"$MACHINE/stream" &
  STREAM=$!
}
stream_all() { stream world0 "$OFFICE4" "$STRANGER4" "$OFFICE6" "$STRANGER6"; }
end_stream() {
  local source sent answered
  kill "$STREAM"
  wait "$STREAM" || die 'the stream of SYNs failed'
  STREAM=''
  while read -r source sent answered; do
    SENT[$source]=$sent ANSWERED[$source]=$answered
    say "  $source: $sent SYNs, $answered answered"
  done <"$MACHINE/stream"
}
never_answered() {
  local source
  for source in "$@"; do
    [ "${SENT[$source]}" -gt 0 ] || die "$source sent nothing"
    [ "${ANSWERED[$source]}" -eq 0 ] || die "${ANSWERED[$source]} SYNs of $source were answered"
  done
}
was_answered() {
  local source
  for source in "$@"; do [ "${ANSWERED[$source]}" -gt 0 ] || die "no SYN of $source was answered"; done
}
all_as_listed() {
  end_stream
  never_answered "$STRANGER4" "$STRANGER6"
  was_answered "$OFFICE4" "$OFFICE6"
}
# For as long as it takes to be answered or not.
for_a_moment() {
  stream_all
  sleep 3
  all_as_listed
}

# over_a_boot COMMAND...: which makes the machine boot, under SYNs from before it to when all is at rest.
over_a_boot() {
  stream_all
  "$@"
  settled
  eventually 60 guarded
  sleep 2
  all_as_listed
}

# ---- what the machine says ----

same() { [ "$1" = "$2" ] || die "${3:-}: expected '$1', got '$2'"; }
tell() {
  local status=0
  printf '$ %s\n' "$*"
  guest "$*" | sed 's/^/  /' || status=$?
  return "$status"
}
# field POINTER: of the status.
field() { guest "apiguard status --json 2>/dev/null | /payload/tools/json $1"; }
generation() { field /generation; }
# eventually SECONDS COMMAND...: succeeds within.
eventually() {
  local deadline=$((SECONDS + $1))
  shift
  until "$@" >/dev/null; do
    [ "$SECONDS" -lt "$deadline" ] || die "not within the time: $*"
    sleep 0.5
  done
}
settled() { eventually 60 guest 'systemctl is-system-running | grep -qxE "running|degraded"'; }
guarded() { guest 'apiguard status >/dev/null'; }

# ---- the life ----

birth() {
  step 'A host without a filter answers everybody'
  start_machine "$WORLD" world0
  stream_all
  settled
  eventually 60 guest "ss -tln | grep -q :6443 && ip -brief address | grep -q $SERVER4"
  sleep 2
  end_stream
  was_answered "$OFFICE4" "$OFFICE6" "$STRANGER4" "$STRANGER6"
}

install() {
  step 'Installed, nothing is guarded and nothing runs; the units are for the next boot'
  tell 'dpkg --install /payload/packages/apiguard_1.0*.deb'
  same 'enabled enabled' "$(guest 'systemctl is-enabled apiguard-boot apiguard' | xargs)" 'units'
  same 'inactive inactive' "$(guest 'systemctl is-active apiguard-boot apiguard' | xargs)" 'units'
  tell 'systemd-analyze verify --man=no apiguard-boot.service apiguard.service'
  tell 'systemd-analyze security --no-pager --threshold=20 apiguard-boot.service | tail -n 1'
  tell 'systemd-analyze security --no-pager --threshold=20 apiguard.service | tail -n 1'
}

configure() {
  step 'An operator lists the office'
  guest "mkdir -p /etc/apiguard && echo 'interfaces = [\"en*\", \"lan*\"]' >/etc/apiguard/apiguard.toml && sync" # as an editor does
  tell "apiguard allow $OFFICE4 $OFFICE6 --name office"
  tell 'systemctl start apiguard.service'
  tell 'apiguard status'
  same native "$(field /interfaces/0/xdp_mode)" 'mode of the virtio interface'
  for_a_moment
}

# A kubelet that notes whether the filter was there when it was started.
wait_for_guard() {
  guest 'printf "[Service]\nType=oneshot\nRemainAfterExit=yes\nExecStart=/bin/sh -c \"apiguard status >/run/kubelet-saw\"\n[Install]\nWantedBy=multi-user.target\n" >/etc/systemd/system/kubelet.service
    mkdir -p /etc/systemd/system/kubelet.service.d
    cp /usr/share/apiguard/wait-for-apiguard.conf /etc/systemd/system/kubelet.service.d/
    systemctl daemon-reload; systemctl enable kubelet.service; sync'
}

reboot() {
  step 'From the first moment of a boot no stranger is answered'
  wait_for_guard
  over_a_boot reboot_machine
  tell 'systemctl status --no-pager --lines=20 apiguard-boot apiguard || true'
  tell 'systemctl is-system-running'
  same active "$(guest 'systemctl is-active kubelet')" 'kubelet, which waits for the filter'
}

reboot_with_typo() {
  step 'With a typo in the list a boot enforces what was in force'
  local before
  before=$(field /fingerprint)
  guest 'echo 10.0.0.0/99 >>/etc/apiguard/authorized-ranges'
  over_a_boot reboot_machine
  same "$before" "$(field /fingerprint)" 'fingerprint'
  tell 'apiguard status || true'
  guest 'sed -i /10.0.0.0/d /etc/apiguard/authorized-ranges'
  tell 'apiguard apply'
}

reboot_without_files() {
  step 'With its files gone a boot enforces what was in force, too'
  local before
  before=$(field /fingerprint)
  guest 'mv /etc/apiguard /etc/apiguard.away'
  over_a_boot reboot_machine
  same "$before" "$(field /fingerprint)" 'fingerprint'
  same active "$(guest 'systemctl is-active apiguard')" 'the supervisor'
  guest 'rm -rf /etc/apiguard && mv /etc/apiguard.away /etc/apiguard'
  tell 'apiguard diff'
}

plug_in() {
  step 'An interface that is plugged in is guarded before it answers a stranger'
  stream --to4 "$PLUGGED_SERVER" --host 2 world1 "$PLUGGED_OFFICE" "$PLUGGED_STRANGER"
  guest "apiguard allow $PLUGGED_OFFICE --name plugged" >/dev/null
  monitor "netdev_add tap,id=world1,ifname=world1,script=no,downscript=no"
  monitor "device_add virtio-net-pci,netdev=world1,mac=02:00:00:00:00:02,id=plugged"
  eventually 60 guest "ip -brief address | grep -q $PLUGGED_SERVER"
  sleep 3
  end_stream
  never_answered "$PLUGGED_STRANGER"
  was_answered "$PLUGGED_OFFICE"
  tell 'apiguard status'
  same 'guarded by generation' "$(guest 'journalctl -b -o cat | grep -oE "guarded by generation|Configuring with .*plugged" | head -n 1')" \
    'what came first'
  same 2 "$(guest 'ls /sys/fs/bpf/apiguard/links | wc -l')" 'links'
}

name_plugged() { guest "ip -brief link | grep 02:00:00:00:00:02 | cut -d' ' -f1"; }
rename() {
  step 'Renamed, it stays guarded; under a name that is not configured too, until somebody detaches it'
  local name
  name=$(name_plugged)
  for to in lan0 other0 lan1; do
    stream --to4 "$PLUGGED_SERVER" --host 2 world1 "$PLUGGED_OFFICE" "$PLUGGED_STRANGER"
    guest "ip link set $name down && ip link set $name name $to && ip link set $to up"
    sleep 4
    end_stream
    never_answered "$PLUGGED_STRANGER"
    was_answered "$PLUGGED_OFFICE"
    tell 'apiguard status || true'
    name=$to
  done
}

unplug() {
  step 'Unplugged, it is gone, and the rest stays as it was'
  monitor 'device_del plugged'
  eventually 30 guest '! ip -brief link | grep 02:00:00:00:00:02'
  eventually 10 guest '[ "$(ls /sys/fs/bpf/apiguard/links | wc -l)" -eq 1 ]'
  tell 'apiguard status'
  for_a_moment
}

upgrade() {
  step 'Upgrade under traffic'
  local before pid
  before=$(generation)
  pid=$(guest 'systemctl show -p MainPID --value apiguard')
  stream_all
  tell 'dpkg --install /payload/packages/apiguard_2.0*.deb'
  eventually 30 guarded
  all_as_listed
  same "$((before + 1))" "$(generation)" 'generation'
  same active "$(guest 'systemctl is-active apiguard')" 'the supervisor'
  [ "$pid" != "$(guest 'systemctl show -p MainPID --value apiguard')" ] || die 'the supervisor is the old program'
}

kill_supervisor() {
  step 'The supervisor is killed: nothing happens to the filter, and it is back'
  local pid
  pid=$(guest 'systemctl show -p MainPID --value apiguard')
  stream_all
  guest "kill -KILL $pid"
  eventually 30 guest "systemctl is-active -q apiguard && [ \"\$(systemctl show -p MainPID --value apiguard)\" != $pid ]"
  guest 'rm /sys/fs/bpf/apiguard/links/*'
  eventually 10 guest 'ls /sys/fs/bpf/apiguard/links/*'
  guarded
  tell 'systemctl reload apiguard'
  all_as_listed
  tell 'journalctl -b -o cat -u apiguard | tail -n 12'
}

cut_in_window() {
  step 'The power is cut while a change waits for its confirmation: the one before is enforced'
  local before
  before=$(field /fingerprint)
  tell "apiguard allow $STRANGER4 $STRANGER6 --confirm-within 10m"
  cut_power
  over_a_boot start_machine "$WORLD" world0
  same "$before" "$(field /fingerprint)" 'fingerprint'
  tell 'apiguard status'
}

boot_without_interface() {
  step 'A boot on which the interface is late: guarded before it is configured'
  cut_power
  stream_all
  start_machine "$WORLD"
  eventually 60 guest '[ "$(systemctl is-active apiguard-boot)" = failed ]' # it found none
  eventually 60 guest '[ "$(systemctl is-active kubelet)" = activating ]' # it waits for the filter
  monitor 'netdev_add tap,id=world0,ifname=world0,script=no,downscript=no'
  monitor 'device_add virtio-net-pci,netdev=world0,mac=02:00:00:00:00:01'
  eventually 60 guest "ip -brief address | grep -q $SERVER4"
  eventually 60 guarded
  settled
  sleep 2
  all_as_listed
  same active "$(guest 'systemctl is-active kubelet')" 'kubelet'
  same 'is in force on' "$(guest 'journalctl -b -o cat | grep -oE "is in force on|Configuring with .*lan.network" | head -n 1')" \
    'what came first'
  tell 'journalctl -b -o cat -u apiguard | head -n 12'
}

CUTS=${APIGUARD_CUTS:-3}
# Changes one after another; each that was answered with success is noted outside of the machine.
CHANGES='n=0; while n=$((n + 1)); do apiguard allow 10.1.$((n / 250)).$((n % 250)) --name "n$n" >/dev/null || exit
  echo "CHANGED $(apiguard status --json 2>/dev/null | /payload/tools/json /generation)" >/dev/ttyS0; done'
cut_in_apply() {
  step 'The power is cut in the midst of changes: the last one that was answered, or one that was under way'
  local cut before answered now more
  for ((cut = 1; cut <= CUTS; ++cut)); do
    before=$(generation)
    guest "sed -i /10.1/d /etc/apiguard/authorized-ranges; apiguard apply >/dev/null
      setsid bash -c '$CHANGES' >/tmp/changes 2>&1 &"
    sleep "$((4 + RANDOM % 4)).$((RANDOM % 10))"
    cut_power
    answered=$(grep -ao 'CHANGED [0-9]*' "$MACHINE/console.log" | tail -n 1 | cut -d' ' -f2)
    over_a_boot start_machine "$WORLD" world0
    now=$(generation)
    say "  generation $answered was answered, $now is in force"
    [ "${answered:-0}" -gt "$before" ] || die 'no change was answered before the cut'
    [ "$now" -ge "$answered" ] || die 'a change that was answered with success is lost'
    [ "$now" -le "$((answered + 2))" ] || die 'a change that nobody made'
    guest 'apiguard validate' >/dev/null || die 'the files are damaged'
    # The text is written before the list is published.
    more=$(guest 'apiguard diff 2>/dev/null' || true)
    [ "$(grep -c '^[+-]' <<<"$more")" -le 1 ] || die "files and kernel differ by more than one change: $more"
  done
}

step_clock() {
  step 'The clock is stepped: a range ends by the new time, and does not come back with the old one'
  tell "apiguard allow $STRANGER4 --for 1h --name guest"
  stream world0 "$STRANGER4"
  sleep 2
  end_stream
  was_answered "$STRANGER4"
  guest 'date --set "+2 hours"'
  sleep 3
  for_a_moment
  guest 'date --set "-2 hours"'
  sleep 3
  for_a_moment
  tell 'apiguard status'
  far_off
}

# A clock that came up in another century, and is put right: what was published then has a time that is far away.
far_off() {
  step 'The clock is far off for a while: the supervisor neither runs hot nor publishes again and again'
  local before
  guest 'date --set "+73 years"'
  sleep 3
  before=$(ticks)
  for_a_moment
  [ "$(ticks)" -lt "$((before + 100))" ] || die 'the supervisor runs hot'
  guest 'date --set "-73 years"'
  sleep 3
  before=$(generation)
  tell 'systemctl reload apiguard'
  sleep 3
  tell 'systemctl reload apiguard'
  for_a_moment
  same "$before" "$(generation)" 'generation'
  tell 'apiguard status'
}
ticks() { # of the supervisor, 100 a second
  local user system
  read -r user system <<<"$(guest 'cut -d" " -f14,15 /proc/$(systemctl show -P MainPID apiguard)/stat')"
  echo $((user + system))
}

remove() {
  step 'Removal takes the filter off and says so; the list stays'
  tell 'dpkg --remove apiguard | tee /tmp/dpkg.log'
  guest 'grep -q "the filter is removed: every packet passes" /tmp/dpkg.log' || die 'it was not said'
  guest 'grep -q "kubelet.service.d/wait-for-apiguard.conf. makes a unit wait" /tmp/dpkg.log' || die 'who waits was not said'
  guest '[ -e /etc/apiguard/authorized-ranges ]' || die 'the list is gone'
  same '' "$(guest 'ls /sys/fs/bpf/apiguard 2>/dev/null; pgrep apiguard')" 'what is left'
  stream_all
  sleep 2
  end_stream
  was_answered "$STRANGER4" "$STRANGER6"
}

purge() {
  step 'Purge leaves nothing, and a boot after it is as before'
  guest 'systemctl disable kubelet.service; rm -r /etc/systemd/system/kubelet.service*' # of this test
  tell 'dpkg --purge apiguard'
  same '' "$(guest 'find / -xdev -name "*apiguard*" -not -path "/proc/*" -not -path "/var/log/*"; ls -d /run/apiguard 2>/dev/null')" 'what is left'
  reboot_machine
  settled
  tell 'systemctl is-system-running; systemctl --failed'
}

LIFE=(birth install configure reboot reboot_with_typo reboot_without_files plug_in rename unplug upgrade kill_supervisor
  cut_in_window boot_without_interface cut_in_apply step_clock remove purge)

# ---- running ----

cleanup() {
  local status=$?
  trap - EXIT
  set +e
  if [ -n "$STREAM" ]; then kill "$STREAM"; fi
  if [ -n "${QEMU:-}" ]; then kill -KILL "$QEMU"; fi
  wait
  if [ -n "${KEEP:-}" ]; then say "kept: $MACHINE"; else rm -rf "$MACHINE"; fi
  ip netns delete "$WORLD" 2>/dev/null
  exit "$status"
}

make_payload() {
  local tool
  make_packages "$MACHINE_SUITE" "$MACHINE"
  mkdir -p "$MACHINE"/payload/{packages,tools}
  cp "$MACHINE"/packages/*.deb "$MACHINE/payload/packages/" # a compiler cache may lie beside them
  for tool in listener json; do strip -o "$MACHINE/payload/tools/$tool" "$TOOLS/$tool"; done
  quietly "$MACHINE/mke2fs.log" mke2fs -q -t ext4 -d "$MACHINE/payload" "$MACHINE/payload.img" 64M
}

main() {
  need_root 'it makes a network namespace and taps'
  : "${TOOLS:?the folder of the tools of tests/support}"
  if [ "$(uname -m)" != x86_64 ]; then
    note_left_out host.life 'a machine of x86_64 alone'
    exit "$SKIPPED"
  fi
  install_missing vm suite
  CACHE=$(cache_folder)
  trap 'exit 130' INT
  trap 'exit 143' TERM
  MACHINE=$(mktemp -d "${TMPDIR:-/tmp}/agh.XXXXXX")
  trap cleanup EXIT
  make_image
  cp --sparse=always "$CACHE/machine/disk" "$MACHINE/disk"
  make_payload
  make_world
  local part
  if [ $# -gt 0 ]; then LIFE=("$@"); fi
  for part in "${LIFE[@]}"; do "$part"; done
  say "host: ok, $SECONDS s"
}

main "$@"
