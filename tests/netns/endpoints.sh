#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# An endpoint bound to an address protects the port there and nowhere else.
. "$(dirname -- "$0")/lib.sh"
OTHER4=198.51.100.2 OTHER6=2001:db8:1::2
bring_up "$SERVER" gate0 "$OTHER4/32" "$OTHER6/128"
know "$CLIENT" world0 02:00:00:00:00:01 "$OTHER4" "$OTHER6"
start_listener

step 'IPv4 address and port'
config endpoints="[\"$SERVER4:6443\"]"
verb apply
unanswered "$STRANGER4"
answered "$OFFICE4"
answered "$STRANGER4" 6443 "$OTHER4"
answered "$STRANGER6"

step 'Both families, and a second port of one address'
config endpoints="[\"$SERVER4:6443\", \"[$SERVER6]:6443\", \"$OTHER4:8443\"]"
verb apply
unanswered "$STRANGER4"
unanswered "$STRANGER6"
unanswered "$STRANGER4" 8443 "$OTHER4"
answered "$STRANGER4" 8443
answered "$STRANGER6" 6443 "$OTHER6"
answered "$STRANGER4" 6443 "$OTHER4"
same "$SERVER4:6443" "$(status_of /endpoints/0)"
expect 1 guard check "$STRANGER4"
expect 1 guard check "$STRANGER4" --to "$SERVER4:6443"
expect 0 guard check "$STRANGER4" --to "$OTHER4:6443"

step 'A port alone, as a number: on every address'
config endpoints='[6443]'
verb apply
unanswered "$STRANGER4" 6443 "$OTHER4"
unanswered "$STRANGER6" 6443 "$OTHER6"

step 'Refused: every address written as an address'
config endpoints='["0.0.0.0:6443"]'
expect 3 guard apply
complains '0\.0\.0\.0'
drops "$STRANGER4"

step 'Refused when first protected: a port that this host picks for its own connections'
config endpoints='["6443", "40000"]'
on_server sysctl -qw net.ipv4.ip_local_port_range='32768 60999'
expect 3 guard apply
complains 'net\.ipv4\.ip_local_reserved_ports'
on_server sysctl -qw net.ipv4.ip_local_reserved_ports=40000
verb apply
drops --port 40000 "$STRANGER4"
on_server sysctl -qw net.ipv4.ip_local_reserved_ports=
ranges 203.0.113.0/24 2001:db8:12::/48 198.18.0.0/24
verb apply
complains 'ip_local_port_range'
