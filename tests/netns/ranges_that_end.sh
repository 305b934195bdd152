#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# A range that ends does so in the kernel, by itself; what covers it decides then; and its line goes with the next change.
. "$(dirname -- "$0")/lib.sh"
LIST=$ETC/authorized-ranges
DROP_IN=$ETC/authorized-ranges.d/10-tool.list
LONG_AGO=2001-01-01T00:00:00Z
after() { "$TOOLS/json" "$@" <"$WORK/out"; } # values of the JSON that the last verb printed
time_in() { date -u -d "now $*" +%FT%TZ; }
seconds_of() { date -u -d "$1" +%s; }
# end_of CIDR: as it is written in the list.
end_of() { sed -nE "s|^(except )?$1 .*until=([^ ]+).*|\\2|p" "$LIST"; }
has_passed() { [ "$(date +%s)" -gt "$(seconds_of "$1")" ]; }
runs_nothing() { ! pgrep -f -- "--pin-dir $PINS" >/dev/null || die 'a process of ours is running'; }
lists() { grep -Eq -- "$1" "$LIST" || die "no line of the list matches '$1'"; }
lists_not() { ! grep -E -- "$1" "$LIST" >&2 || die "a line of the list matches '$1'"; }
# judged SOURCE VERDICT REASON RANGE
judged() {
  guard check "$1" --json >"$WORK/out" || true
  same "$2 $3 $4" "$(after /verdict /reason /range | xargs)" "check $1"
}
start_listener
mkdir -m 0755 "${DROP_IN%/*}"
echo "198.18.0.7 name=tool until=$LONG_AGO" >"$DROP_IN"
verb apply

step 'allow --for: answered, until the kernel has had enough, with nothing of ours running'
changes verb allow "$STRANGER4" --for 10s --name guest
END=$(end_of "$STRANGER4/32")
grep -Eqx '[0-9-]+T[0-9:]+Z' <<<"$END" || die "the end is no whole second of UTC: '$END'"
hold_connection "$STRANGER4"
judged "$STRANGER4" pass listed "$STRANGER4/32"
same "$END guest" "$(after /until /name | xargs)"
expect 0 guard list
prints "guest +$END \\(in [0-9]+ s\\)"
runs_nothing
wait_for "$END" has_passed "$END"
echo two >&"${HELD[1]}"
said silent
unanswered "$STRANGER4"
BEFORE=$(counter drop expired)
drops --count 5 "$STRANGER4"
# Or more: the connection that is silent tries again.
[ $(($(counter drop expired) - BEFORE)) -ge 5 ] || die 'dropped packets of a range that has ended are not counted so'
judged "$STRANGER4" drop expired "$STRANGER4/32"
same "$END" "$(after /until)"
expect 1 guard check "$STRANGER4"
prints "expired .* $END \\(expired [0-9]+ s ago\\)"
expect 0 guard list
prints "guest +$END \\(expired [0-9]+ s ago\\)"
answered "$OFFICE4"

step 'What covers an ended range decides'
echo '# what we know of them' >>"$LIST"
verb apply
changes verb except 192.0.2.0/24
END=$(time_in +25 seconds)
changes verb allow "$OFFICE4" "$STRANGER4" --until "$END"
changes verb except "$OFFICE6" --until "$END"
judged "$OFFICE4" pass listed "$OFFICE4/32"
judged "$STRANGER4" pass listed "$STRANGER4/32"
judged "$OFFICE6" drop excepted "$OFFICE6/128"
unanswered "$OFFICE6"
answered "$STRANGER4"
runs_nothing
wait_for "$END" has_passed "$END"
answered "$OFFICE4"
unanswered "$STRANGER4"
answered "$OFFICE6"
judged "$OFFICE4" pass listed 203.0.113.0/24
judged "$STRANGER4" drop excepted 192.0.2.0/24
judged "$OFFICE6" pass listed 2001:db8:12::/48

step 'Ended lines stay until a change, and go with it'
cp "$LIST" "$WORK/before"
keeps verb apply
keeps verb allow 203.0.113.0/24
changes verb mode audit
changes verb mode enforce --accept-risk drop-peers
verb allow 198.51.100.200 --dry-run
complains "range '$OFFICE4/32': expired at $END: this change removes it from authorized-ranges"
same "$(cat "$WORK/before")" "$(cat "$LIST")"
changes verb allow 198.51.100.200 --name new --json
complains "range '$OFFICE4/32': expired at $END: this change removes it from authorized-ranges"
complains "range '$STRANGER4/32': expired at $END: this change removes it from authorized-ranges"
complains "range '$OFFICE6/128': except expired at $END: this change removes it from authorized-ranges"
same "1 3 $END" "$(after /added# /removed# /removed/0/until | xargs)"
same '203.0.113.0/24
2001:db8:12::/48
# what we know of them
except 192.0.2.0/24
198.51.100.200/32 name=new' "$(cat "$LIST")"
same "198.18.0.7 name=tool until=$LONG_AGO" "$(cat "$DROP_IN")" 'a drop-in is not ours'
expect 0 guard diff
answered "$OFFICE4"
unanswered "$STRANGER4"

step 'Every verb that edits the list cleans it'
# shellcheck disable=SC2016
printf '#!/bin/sh\necho 198.18.7.0/24 >>"$1"\n' >"$WORK/add"
chmod +x "$WORK/add"
export EDITOR="$WORK/add"
for change in 'except 203.0.113.9' 'revoke new' 'edit'; do
  echo "198.18.5.0/24 until=$LONG_AGO # old" >>"$LIST"
  verb apply
  # shellcheck disable=SC2086
  changes verb $change
  complains "range '198.18.5.0/24': expired at $LONG_AGO: this change removes it from authorized-ranges"
  lists_not 198.18.5
done
echo "198.18.5.0/24 until=$LONG_AGO # old" >>"$LIST"
verb apply
changes verb set 203.0.113.0/24,2001:db8:12::/48
lists_not 198.18.5
changes verb rollback
lists '^198\.18\.5\.0/24 until=.* # old$'
drops 198.18.5.1

step 'Ended lines count as lines: cleaning them never empties the list'
ranges "203.0.113.0/24 until=$LONG_AGO"
rm "$DROP_IN"
verb apply --accept-risk drop-peers
changes verb except 198.18.9.0/24
complains 'its ranges have expired and stay'
lists '^203\.0\.113\.0/24 until='
changes verb allow 203.0.113.0/24 2001:db8:12::/48
complains "range '203.0.113.0/24': now permanent"
answered "$OFFICE4"

step 'Allowed again'
SOON=$(time_in +1 hour) LATER=$(time_in +2 hours)
changes verb allow 198.51.100.7 --until "$LATER" --name ci
keeps verb allow 198.51.100.7 --until "$LATER"
complains "range '198.51.100.7/32': already listed"
changes verb allow 198.51.100.7 --until "$SOON"
complains "range '198.51.100.7/32': now expires at $SOON"
lists "^198\\.51\\.100\\.7/32 name=ci until=$SOON\$"
changes verb allow 198.51.100.7 --for 3h
[ "$(seconds_of "$(end_of 198.51.100.7/32)")" -ge "$(seconds_of "$LATER")" ] || die 'three hours end before two'
changes verb allow 198.51.100.7
complains "range '198.51.100.7/32': now permanent"
lists '^198\.51\.100\.7/32 name=ci$'
keeps verb allow 198.51.100.7
keeps verb allow 198.51.100.7 --for 2h
complains "range '198.51.100.7/32': already listed permanently"
echo '198.18.0.0/24' >"$DROP_IN"
verb apply
keeps verb allow 198.18.0.0/24 --for 2h
complains "range '198.18.0.0/24': already listed permanently in authorized-ranges\\.d/10-tool\\.list:1"

step 'An except with an end stands beside the allow of its range'
cp "$LIST" "$WORK/before"
changes verb except 198.51.100.7 --for 1h30m
complains "allow and except of 198\\.51\\.100\\.7/32: the except .* wins until .*; from then on the allow decides"
same "$(cat "$WORK/before")" "$(head -n -1 "$LIST")"
lists "^except 198\\.51\\.100\\.7/32 until="
drops 198.51.100.7
verb list
prints '^198\.51\.100\.7/32 +except .*\(in 1 h'
prints '^198\.51\.100\.7/32 +allow +ci '
keeps expect 1 guard allow 198.51.100.7 --for 1h
complains "range '198.51.100.7/32': excepted until .* \\(authorized-ranges:[0-9]+\\), .*: apiguard revoke 198.51.100.7/32"
changes verb allow 198.51.100.7
complains "range '198.51.100.7/32': allow replaces except"
same "$(cat "$WORK/before")" "$(cat "$LIST")"
passes 198.51.100.7
changes verb allow 198.51.100.9 --for 1h
changes verb except 198.51.100.9 --for 30m
complains "range '198.51.100.9/32': except replaces allow, which does not come back when it expires"
lists_not '^198\.51\.100\.9/'
changes verb except 198.51.100.7 --for 1h
changes verb revoke 198.51.100.7
lists_not 198.51.100.7
drops 198.51.100.7
ranges 203.0.113.0/24 2001:db8:12::/48
config 'cluster=["203.0.113.0/24"]'
verb apply
keeps expect 3 guard except 203.0.113.0/24 --for 1h
complains 'except of 203\.0\.113\.0/24 inside the cluster range'
plain_config
verb apply

step 'An allow decides again when the except of its range ends, and no verb changes that'
END=$(time_in +20 seconds)
# In the list: all of IPv4, taken out for a while. In drop-ins: two ends of one range, and an allow and an except the other way round.
ranges 0.0.0.0/0 "except 0.0.0.0/0 until=$END" "except $STRANGER4 until=$LONG_AGO" "$STRANGER4 until=$LONG_AGO" 2001:db8:12::/48
echo "except 2001:db8:12::/48 until=$END
except 2001:db8:12::/48 until=$LONG_AGO" >"$DROP_IN"
verb apply --accept-risk all
drops "$OFFICE4" "$STRANGER4" "$OFFICE6"
judged "$STRANGER4" drop excepted 0.0.0.0/0
judged "$OFFICE6" drop excepted 2001:db8:12::/48
same "$END" "$(after /until)"
unanswered "$OFFICE4"
runs_nothing
wait_for "$END" has_passed "$END"
answered "$OFFICE4"
passes "$STRANGER4" "$OFFICE6"
drops "$STRANGER6"
judged "$STRANGER4" pass listed 0.0.0.0/0
same null "$(after /until)"
judged "$OFFICE6" pass listed 2001:db8:12::/48
guard denied >"$WORK/out"
prints "^$STRANGER4 .* listed by 0\\.0\\.0\\.0/0"
changes verb allow 198.51.100.77
complains "range '0.0.0.0/0': except expired at $END: this change removes it from authorized-ranges"
lists_not except
passes "$OFFICE4" "$STRANGER4" "$OFFICE6"
drops "$STRANGER6"
keeps verb apply
passes "$OFFICE6"
rm "$DROP_IN"
verb apply
passes "$OFFICE6"
drops "$STRANGER6"
verb set 203.0.113.0/24,2001:db8:12::/48 --accept-risk all

step 'No end that is none'
cp "$LIST" "$WORK/before"
keeps expect 2 guard allow 198.51.100.8 --until "$LONG_AGO"
complains "option '--until': $LONG_AGO has passed: it is "
keeps expect 2 guard allow 198.51.100.8 --until 2100-01-01T00:00:00
complains 'the zone is missing'
keeps expect 2 guard allow 198.51.100.8 --for 0s
keeps expect 2 guard allow 198.51.100.8 --for 300y
keeps expect 2 guard except 198.51.100.8 --for -1h
keeps expect 2 guard allow 198.51.100.8 --for 100000d
complains "option '--for': later than the year 2261"
same "$(cat "$WORK/before")" "$(cat "$LIST")"
