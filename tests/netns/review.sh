#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# why= and review=: kept by every verb, shown, and judging nothing; list --review is what an auditor asks for.
. "$(dirname -- "$0")/lib.sh"
LIST=$ETC/authorized-ranges
ranges '203.0.113.0/24 name=office why=NET-1 review=2020-01-31  # the office' '2001:db8:12::/48 review=2199-01-01' \
  '198.18.0.0/24'

step 'It judges nothing'
verb validate
complains '^warning: 1 entry whose review is overdue, since 2020-01-31 \(203\.0\.113\.0/24, .*authorized-ranges:1\)'
verb apply
silent_about 'overdue'
enforced
before=$(status_of /fingerprint)

step 'Given by a verb, and kept by others'
changes verb allow 198.18.0.0/24 --why NET-7 --review 2030-06-30
prints '^\+ 198\.18\.0\.0/24  why NET-7  review 2030-06-30$'
grep -qx '198.18.0.0/24 why=NET-7 review=2030-06-30' "$LIST" || die "the file: $(cat "$LIST")"
same "$before" "$(status_of /fingerprint)" 'the fingerprint'
keeps verb allow 198.18.0.0/24
changes verb allow 203.0.113.0/24 --name hq
grep -qx '203.0.113.0/24 name=hq why=NET-1 review=2020-01-31  # the office' "$LIST" || die "the file: $(cat "$LIST")"
changes verb except 203.0.113.7 --for 1h --why NET-8
expect 1 guard check "$OFFICE4" --json
prints "\"why\": \"NET-8\""
verb revoke 203.0.113.7
expect 2 guard allow 198.18.1.0/24 --why 'a b'
complains "option '--why': unexpected character"
expect 2 guard allow 198.18.1.0/24 --review 2027-02-30
complains "option '--review': '2027-02-30' is not a date: write YYYY-MM-DD"

step 'The report'
verb list --review
sed -n 2p "$WORK/out" | grep -E '^2020-01-31 OVERDUE +203\.0\.113\.0/24 +allow +hq +NET-1 .*authorized-ranges:1$' >/dev/null ||
  die "first is: $(cat "$WORK/out")"
same 2020-01-31 "$(of /ranges/0/review list --review)" 'JSON'
same true "$(of /ranges/0/overdue list --review)" 'JSON'
same NET-1 "$(of /ranges/0/why list --review)" 'JSON'
same 2030-06-30 "$(of /ranges/1/review list --review)" 'JSON'
verb list
prints '^CIDR .* ORIGIN +WHY +REVIEW$'

step 'A date that is none is refused with its place, and nothing changes'
echo '198.18.9.0/24 review=2027-1-1' >>"$LIST"
keeps expect 3 guard apply
complains "authorized-ranges:[0-9]+:22: '2027-1-1' is not a date: write YYYY-MM-DD"
complains '^ +\^$'
