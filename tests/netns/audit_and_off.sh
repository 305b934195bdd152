#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# audit drops nothing and counts what enforce would drop; off passes everything and stays attached. Both are
# remembered, and status says so loudly.
. "$(dirname -- "$0")/lib.sh"
start_listener
verb apply

step 'audit'
verb mode audit
same audit "$(status_of /mode)"
answered "$OFFICE4"
answered "$STRANGER4"
answered "$STRANGER6"
counts would_drop unlisted 20 passes --count 20 "$STRANGER4"
counts would_drop unlisted 20 passes --count 20 "$STRANGER6"
counts pass listed 20 passes --count 20 "$OFFICE4"
counts drop unlisted 0 passes "$STRANGER4"
expect 0 guard status
prints 'NOT ENFORCED'
grep -q '^mode = "audit"' "$ETC/apiguard.toml" || die 'the configuration does not say audit'
expect 1 guard check "$STRANGER4" # the list's verdict, whatever the mode
expect 0 guard check "$OFFICE4"

step 'off'
verb mode off
same off "$(status_of /mode)"
same true "$(status_of /interfaces/0/attached)"
answered "$STRANGER4"
answered "$STRANGER6"
counts pass off 21 passes --count 20 "$STRANGER4" # and the one that closes the question
counts pass listed 0 passes "$OFFICE4"
expect 0 guard status
prints 'NOT ENFORCED'
expect 1 guard check "$STRANGER4"

step 'set "" is mode off and leaves the list'
expect 7 guard mode enforce
complains "risk 'drop-peers': 2 sources that an audit saw connect within 24 h"
verb mode enforce --accept-risk drop-peers
enforced
cp "$ETC/authorized-ranges" "$WORK/before"
verb set '' --accept-risk off
same off "$(status_of /mode)"
not_enforced
expect 0 cmp "$WORK/before" "$ETC/authorized-ranges"

step 'enforce again: the list is what it was'
verb mode enforce --accept-risk drop-peers
unanswered "$STRANGER4"
answered "$OFFICE4"
enforced

step 'A mode that is in force already changes nothing'
before=$(generation)
verb mode enforce
same "$before" "$(generation)"
