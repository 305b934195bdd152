#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# The XDP mode is what the configuration says, falls back only with consent, and makes no difference to any verdict.
. "$(dirname -- "$0")/lib.sh"
start_listener
xdp_mode() { status_of "/interfaces/${1:-0}/xdp_mode"; }
everything_enforced() {
  enforced
  answered "$OFFICE4"
  unanswered "$STRANGER4"
  unanswered "$STRANGER6"
  answered "$STRANGER4" 8443
}
# Headers in the linear part, beyond its 3,520 bytes, and data beyond it.
large_frames_enforced() {
  counts drop unlisted 2 drops --padding 8000 "$STRANGER4" "$STRANGER6"
  counts pass listed 2 passes --padding 8000 "$OFFICE4" "$OFFICE6"
  counts drop unlisted 3 drops --options 1 --count 3 "$STRANGER6"
  counts drop unlisted 3 drops --options 3 --count 3 "$STRANGER6"
  counts drop ext_chain 0 drops --options 3 "$STRANGER6"
  counts pass listed 3 passes --options 3 --count 3 "$OFFICE6"
  counts pass other_traffic 4 passes --options 3 --count 3 --port 22 "$STRANGER6"
}

step 'auto on a driver that can: native'
config 'xdp_mode="auto"'
verb apply
same native "$(xdp_mode)"
everything_enforced

step 'Attached native, generic wanted: refused with the way on'
config 'xdp_mode="generic"'
expect 4 guard apply
complains 'detach gate0'
same native "$(xdp_mode)"
enforced
verb detach gate0
not_enforced
verb apply --accept-risk detached
same generic "$(xdp_mode)"
everything_enforced
config 'xdp_mode="native"'
expect 4 guard apply
complains 'detach gate0'
same generic "$(xdp_mode)"
enforced
config 'xdp_mode="auto"'
verb apply # auto takes what is there
same generic "$(xdp_mode)"
unguard

step 'MTU 9000'
on_client ip link set world0 mtu 9000
on_server ip link set gate0 mtu 9000
for mode in generic native; do
  config "xdp_mode=\"$mode\""
  status=0
  guard apply >"$WORK/out" 2>&1 || status=$?
  if [ "$mode" = native ] && [ "$status" -eq 6 ]; then
    cat "$WORK/out"
    left_out 'no frags-aware program in native mode'
    continue
  fi
  same 0 "$status" "apply in $mode mode: $(cat "$WORK/out")"
  same "$mode" "$(xdp_mode)"
  step "MTU 9000, $mode"
  everything_enforced
  large_frames_enforced
  unguard
done

on_server ip link set gate0 mtu 1500
on_client ip link set world0 mtu 1500

step 'A device that has no native mode: explicit native is refused, auto asks, explicit generic does not'
on_server ip link add link gate0 name upper0 address 02:00:00:00:00:11 type macvlan mode bridge
on_server ip link set upper0 up
config 'interfaces=["upper0"]' 'xdp_mode="native"'
status=0
guard apply >"$WORK/out" 2>&1 || status=$?
if [ "$status" -eq 0 ]; then
  left_out 'macvlan has a native mode'
else
  same 6 "$status" "$(cat "$WORK/out")"
  grep -q "interface 'upper0'" "$WORK/out" || die 'the interface is not named'
  config 'interfaces=["upper0"]' 'xdp_mode="auto"'
  expect 7 guard apply
  complains "risk 'generic-xdp'"
  complains '--accept-risk generic-xdp'
  same null "$(generation)"
  expect 7 guard apply --accept-risk wide
  config 'interfaces=["gate0", "upper0"]' 'xdp_mode="auto"'
  expect 7 guard apply
  not_enforced # the one that could be attached was put back
  verb apply --accept-risk generic-xdp
  same native "$(xdp_mode 0)"
  same generic "$(xdp_mode 1)"
  enforced
  config 'interfaces=["upper0"]' 'xdp_mode="generic"'
  unguard
  verb apply
  same generic "$(xdp_mode)"
  lines=$("$TOOLS/probe" "$CLIENT/world0" "$SERVER/gate0" "$STRANGER4")
  same "$STRANGER4 pass" "$lines" 'the lower device is not guarded'
fi
