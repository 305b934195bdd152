#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# TCP to the protected port from a source that is not listed is dropped. Nothing else is.
. "$(dirname -- "$0")/lib.sh"
start_listener

step 'No guard yet: everybody is answered'
answered "$OFFICE4"
answered "$STRANGER4"
answered "$STRANGER6"

step 'One apply: the office is answered, the stranger is not'
verb apply
same enforce "$(status_of /mode)"
answered "$OFFICE4"
answered "$OFFICE6"
unanswered "$STRANGER4"
unanswered "$STRANGER6"

step 'A port that nobody protects: everybody'
answered "$STRANGER4" 8443
answered "$STRANGER6" 8443

same refused "$(on_client "$TOOLS/connect" "$STRANGER4" "$SERVER4" 9 10000)" 'a closed port that nobody protects'

step 'Ping, ARP and neighbour discovery of a stranger'
expect 0 on_client "$TOOLS/ping" "$STRANGER4" "$SERVER4"
expect 0 on_client "$TOOLS/ping" "$STRANGER6" "$SERVER6"
on_client ip neighbour delete "$SERVER4" dev world0
on_client ip neighbour delete "$SERVER6" dev world0
expect 0 on_client "$TOOLS/ping" "$STRANGER4" "$SERVER4"
expect 0 on_client "$TOOLS/ping" "$STRANGER6" "$SERVER6"
know "$CLIENT" world0 02:00:00:00:00:01 "$SERVER4" "$SERVER6"

step 'Every packet is counted exactly once'
counts drop unlisted 100 probe --count 100 "$STRANGER4" >/dev/null
counts drop unlisted 50 probe --count 50 "$STRANGER6" >/dev/null
counts pass listed 70 probe --count 70 "$OFFICE4" >/dev/null
counts pass listed 30 probe --count 30 "$OFFICE6" >/dev/null
# The probe itself sends one more frame a source, to port 8443.
counts pass other_traffic 21 probe --count 20 --port 22 "$STRANGER4" >/dev/null
counts would_drop unlisted 0 probe --count 5 "$STRANGER4" >/dev/null

step 'An established connection is judged packet by packet: it ends with its range, and lives again with it'
hold_connection "$OFFICE4"
verb revoke 203.0.113.0/24 --accept-risk drop-peers
echo two >&"${HELD[1]}"
said silent
verb allow 203.0.113.0/24
said_at_last() {
  local line
  echo three >&"${HELD[1]}" && read -r line <&"${HELD[0]}" && [ "$line" = echo ]
}
wait_for 'the held connection to live again' said_at_last

step 'The filter outlives every process and every file'
rm -rf "$ETC" "$STATE" "$RUN"
enforced
