#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# A hook that belongs to somebody else: exit 5, who it is, and nothing is replaced, of theirs or of ours.
. "$(dirname -- "$0")/lib.sh"

# hook DEVICE: the id of the program there.
hook() { on_server ip -details -o link show "$1" | grep -oE 'prog/xdp id [0-9]+' | awk '{ print $3 }'; }

# The other program is that of another instance: put there by a link, which netlink cannot replace, or by netlink.
mkdir -m 0755 "$WORK/other"
echo 203.0.113.0/24 >"$WORK/other/authorized-ranges"
guard_other() {
  on_server "$APIGUARD" --config "$WORK/other/apiguard.toml" --state-dir "$WORK/other-state" \
    --run-dir "$WORK/other-run" --pin-dir "$PINS-other" "$@" </dev/null
}
config_other() { printf 'interfaces = ["%s"]\nxdp_mode = "%s"\nmode = "off"\n' "$@" >"$WORK/other/apiguard.toml"; }

# refused INTERFACE MODE: with the id of whose it is, and no trace of the attempt.
refused() {
  local theirs
  theirs=$(hook "$1")
  config interfaces="[\"$1\"]" xdp_mode="\"$2\""
  expect 5 guard apply
  complains "interface '$1'.*program $theirs 'apiguard"
  expect 5 guard apply --dry-run
  expect 5 guard allow 198.18.0.0/24
  expect 5 guard apply --boot
  same "$theirs" "$(hook "$1")" 'the program on the hook'
  same null "$(generation)" 'the generation in force'
  if [ -e "$STATE/in-force" ]; then die 'a refused change is marked as in force'; fi
  if grep -q 198.18 "$ETC/authorized-ranges"; then die 'a refused change stays in the text'; fi
  same '' "$(find "$STATE/generations" "$PINS" -mindepth 2 2>/dev/null)" 'what a refused change left'
}

for theirs in native generic; do
  step "A link of another program, in $theirs mode"
  config_other gate0 "$theirs"
  expect 0 guard_other apply --accept-risk detached
  for ours in auto native generic; do refused gate0 "$ours"; done
  expect 0 guard_other detach --all
done

for theirs in xdpdrv xdpgeneric; do
  step "Another program, by netlink: $theirs"
  config_other gate0 native
  expect 0 guard_other apply --accept-risk detached
  ip link add spare netns "$SERVER" type veth peer name spare-peer netns "$CLIENT"
  on_server ip link set spare up
  expect 0 on_server bpftool net attach "$theirs" pinned "$(find "$PINS-other/generations" -name filter)" dev spare
  expect 0 guard_other detach --all
  [ -n "$(hook spare)" ] || die 'the other program is not there'
  for ours in auto native generic; do refused spare "$ours"; done

  step 'Of two interfaces one is taken: the other is as it was'
  config interfaces='["gate0", "spare"]'
  expect 5 guard apply
  not_enforced
  config interfaces='["spare", "gate0"]'
  expect 5 guard apply
  not_enforced

  step 'A boot guards what it can, and says what it cannot'
  expect 4 guard apply --boot
  complains "interface 'spare'"
  prints 'is in force on gate0:'
  enforced
  expect 1 guard status
  unguard
  on_server ip link delete spare
  rm -rf "$STATE"
done

step 'Ours stays: against link set, against a netlink program, against another instance'
plain_config
verb apply
ours=$(hook gate0)
expect 2 on_server ip link set dev gate0 xdp off
expect 2 on_server ip link set dev gate0 xdpdrv off
on_server ip link set dev gate0 xdpgeneric off || true # removes nothing: there is none in that mode
for kind in xdp xdpdrv xdpgeneric; do
  if on_server bpftool net attach "$kind" pinned "$PINS/generations/$(generation)/check" dev gate0 overwrite; then
    die "a program put there by netlink ($kind) replaced ours"
  fi
done
config_other gate0 auto
expect 5 guard_other apply
same "$ours" "$(hook gate0)" 'the program on the hook'
expect 0 guard status
enforced

step 'Below a bridge that carries a program kernels since 5.15 attach none: said, and what was in force stays'
unguard
on_server ip link add br0 type bridge
on_server ip link set gate0 master br0
on_server ip link set br0 up
config 'interfaces=["br0"]'
verb apply --accept-risk generic-xdp
config 'interfaces=["br0", "gate0"]'
STATUS=0
guard apply --accept-risk generic-xdp >"$WORK/out" 2>"$WORK/err" || STATUS=$?
case $STATUS in
  0) say "  not refused: $(uname -r) attaches below, too" ;;
  5) complains "interface 'gate0': attach xdp: an interface on top of it carries a program" ;;
  *) die "status $STATUS: $(cat "$WORK/err")" ;;
esac
expect 0 guard status
unguard
verb apply --accept-risk generic-xdp # the port first
expect 0 guard status
