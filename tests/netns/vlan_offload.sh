#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Tags are looked through: real connections through 0 to 6 tags with VID 0, which the kernel strips, with the outermost
# in the frame or beside it (offload), native and generic. The verdict does not depend on where a tag is kept.
. "$(dirname -- "$0")/lib.sh"
start_listener

through() { # COUNT of tags
  say "$1 tags"
  "$TOOLS/push_tags" "$CLIENT/world0" "$1"
}
offload() { # ON OR OFF AT THE SENDER, AT THE RECEIVER
  on_client ethtool -K world0 txvlan "$1" tx-vlan-stag-hw-insert "$1" >/dev/null
  on_server ethtool -K gate0 rxvlan "$2" rx-vlan-stag-hw-parse "$2" >/dev/null
  same "$1" "$(on_client ethtool -k world0 | awk '$1 == "tx-vlan-offload:" { print $2 }')" 'tx-vlan-offload'
  same "$2" "$(on_server ethtool -k gate0 | awk '$1 == "rx-vlan-offload:" { print $2 }')" 'rx-vlan-offload'
}

step 'Without the filter the kernel answers at every depth, wherever the tag is'
for tx in on off; do
  offload "$tx" on
  for count in 0 1 4 6; do
    through "$count"
    answered "$STRANGER4"
    answered "$STRANGER6"
  done
done

for mode in native generic; do
  through 0
  config "xdp_mode=\"$mode\""
  verb apply
  for at in 'on on' 'on off' 'off on'; do
    tx=${at% *} rx=${at#* }
    step "$mode, txvlan $tx, rxvlan $rx"
    offload "$tx" "$rx"
    for count in 0 1 4; do
      through "$count"
      answered "$OFFICE4"
      answered "$OFFICE6"
      unanswered "$STRANGER4"
      unanswered "$STRANGER6"
    done
    # Offload keeps one of them out of the program's sight, which shows that the tag really was beside the frame:
    # five are four then.
    through 5
    unanswered "$STRANGER4"
    unanswered "$STRANGER6"
    if [ "$tx" = on ]; then answered "$OFFICE4"; else unanswered "$OFFICE4"; fi
    through 6
    unanswered "$OFFICE4"
    unanswered "$STRANGER6"
  done
  through 0
  unguard
done

step 'More than four tags in the frame: dropped whatever the source, and counted so'
plain_config
verb apply
for tags in 0 1 2 3 4; do
  counts drop unlisted 2 drops --tags "$tags" "$STRANGER4" "$STRANGER6"
  counts pass listed 2 passes --tags "$tags" "$OFFICE4" "$OFFICE6"
done
for tags in 5 6 16; do counts drop vlan_depth 2 drops --tags "$tags" "$STRANGER4" "$OFFICE4"; done
