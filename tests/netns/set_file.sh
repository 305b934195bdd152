#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# The whole list at once: set --file takes a text as it is, validate judges one before, and a script whose list came
# out empty turns nothing off.
. "$(dirname -- "$0")/lib.sh"
LIST=$ETC/authorized-ranges
NEW=$WORK/new

# takes VERB...: and the CLI's file is then what is in $NEW, byte for byte.
takes() {
  changes verb "$@"
  cmp "$NEW" "$LIST"
  enforced
}
# refuses STATUS VERB...: and nothing has changed.
refuses() {
  local status=$1
  shift
  cp "$LIST" "$WORK/before"
  keeps expect "$status" guard "$@"
  cmp "$WORK/before" "$LIST"
  enforced
}
# The same with a text on standard input, which guard() closes.
from_input() {
  on_server "$APIGUARD" --config "$ETC/apiguard.toml" --state-dir "$STATE" --run-dir "$RUN" --pin-dir "$PINS" "$@" <"$NEW"
}
# Undone, and settled by a verb that looks.
gone_back() {
  guard status
  cmp "$WORK/before" "$LIST"
}

step 'A text as it is: comments, order, spacing, names, ends'
verb apply
printf '%s\n' '# a head' '' '2001:db8:12::/48   name=office  # v6' 'except 203.0.113.128/25' '203.0.113.0/24' \
  '198.51.100.9 until=2099-01-01T00:00:00Z' '198.51.100.8 until=2020-01-01T00:00:00Z' >"$NEW"
takes set --file "$NEW"
silent_about 'expired at'
keeps verb set --file "$NEW"
prints unchanged

step 'From standard input'
printf '%s\n' 203.0.113.0/24 2001:db8:12::/48 198.18.7.0/24 >"$NEW"
changes expect 0 from_input set --file -
expect 0 cmp "$NEW" "$LIST"
passes 198.18.7.1

step 'A dry run writes nothing, a change that is not confirmed goes back, JSON answers'
printf '%s\n' 203.0.113.0/24 2001:db8:12::/48 >"$NEW"
refuses 0 set --file "$NEW" --dry-run
prints '198.18.7.0/24'
cp "$LIST" "$WORK/before"
changes verb set --file "$NEW" --confirm-within 1s
expect 0 cmp "$NEW" "$LIST"
wait_for 'the end of the window' gone_back
passes 198.18.7.1
expect 0 guard set --file "$NEW" --json --confirm-within 1h
same true "$("$TOOLS/json" /changed <"$WORK/out")"
same 198.18.7.0/24 "$("$TOOLS/json" /removed/0/cidr <"$WORK/out")"
verb confirm
drops 198.18.7.1

step 'What is no list changes nothing'
: >"$NEW"
refuses 3 set --file "$NEW"
complains "'$NEW': has no line that allows a range.*mode off"
printf '# all gone\nexcept 203.0.113.9\n' >"$NEW"
refuses 3 set --file "$NEW"
printf '203.0.113.0/24' >"$NEW"
refuses 3 set --file "$NEW"
complains "$NEW:1:.*newline"
printf '<html>\n' >"$NEW"
refuses 3 set --file "$NEW"
complains "$NEW:1:1:"
printf '203.0.113.0/24\r\n' >"$NEW"
refuses 3 set --file "$NEW"
printf '203.0.113.7/24\n' >"$NEW"
refuses 3 set --file "$NEW" --strict
printf 'interfaces = ["gate0"]\n' >"$NEW"
refuses 3 set --file "$NEW"
refuses 3 set --file "$WORK"
refuses 3 set --file "$WORK/nowhere"
refuses 3 set --file -   # nothing on standard input
complains 'standard input'
refuses 2 set --file
refuses 2 set --file "$NEW" 203.0.113.0/24
refuses 2 set

step 'The cluster lists, but a text that lists nothing is refused all the same'
config interfaces='["gate0"]' cluster='["198.18.0.0/24"]'
verb apply
printf '# none\n' >"$NEW"
refuses 3 set --file "$NEW"
printf '203.0.113.0/24\n2001:db8:12::/48\nexcept 198.18.0.9\n' >"$NEW"
refuses 3 set --file "$NEW"
complains cluster
plain_config
verb apply

step 'A text of other hands asks what a change of ours asks'
printf '203.0.113.0/24\n2001:db8:12::/48\n0.0.0.0/1\n' >"$NEW"
refuses 7 set --file "$NEW"
complains "risk 'wide'"
complains "set --file $NEW --accept-risk wide"
mkdir "$ETC/authorized-ranges.d"
echo 198.18.9.0/24 >"$ETC/authorized-ranges.d/waits.list"
printf '203.0.113.0/24\n2001:db8:12::/48\n198.18.8.0/24\n' >"$NEW"
refuses 7 set --file "$NEW"
complains "risk 'unapplied'"
rm "$ETC/authorized-ranges.d/waits.list"
takes set --file "$NEW"

step 'The broken file of a colleague is mended by it'
echo 'nonsense' >>"$LIST"
expect 3 guard apply
printf '203.0.113.0/24\n2001:db8:12::/48\n' >"$NEW"
takes set --file "$NEW"
printf 'nonsense' >"$LIST"
echo 198.18.6.0/24 >>"$NEW"
takes set --file "$NEW"

step 'A list longer than an argument may be'
{
  printf '203.0.113.0/24\n2001:db8:12::/48\n'
  for ((i = 0; i < 30000; ++i)); do echo "10.$((i / 250)).$((i % 250)).0/24"; done
} >"$NEW"
changes expect 0 from_input set --file -
expect 0 cmp "$NEW" "$LIST"
enforced
verb set 203.0.113.0/24,2001:db8:12::/48 --accept-risk shrink

step 'An empty list by mistake'
for more in '' --dry-run --json '--confirm-within 1m'; do
  # shellcheck disable=SC2086 # none, or two words
  refuses 7 set '' $more
  complains "risk 'off'"
  complains 'mode off'
done
same enforce "$(status_of /mode)"
refuses 2 set ' '
refuses 2 set ','
cp "$ETC/apiguard.toml" "$WORK/toml"
refuses 7 set "$(cat "$WORK/nowhere" 2>/dev/null)"
expect 0 cmp "$WORK/toml" "$ETC/apiguard.toml"
changes verb set '' --accept-risk off
same off "$(status_of /mode)"
keeps verb set '' # nothing is turned off by it any more
verb mode enforce
verb mode off # the way out never asks
keeps verb mode off
verb mode enforce
enforced
if command -v script >/dev/null; then
  nsenter --net="/run/netns/$SERVER" -- script -qec "$APIGUARD --config $ETC/apiguard.toml --state-dir $STATE --run-dir $RUN \
    --pin-dir $PINS set ''" /dev/null </dev/null >"$WORK/out" 2>&1
  same off "$(status_of /mode)" 'on a terminal'
  verb mode enforce
else
  left_out 'no script for a terminal'
fi

step 'validate: what is written elsewhere, whatever it is called'
printf '203.0.113.0/24\n' >"$WORK/ansible-tmp-1.2"
keeps expect 2 guard validate "$WORK/ansible-tmp-1.2"
complains 'give --kind toml or --kind ranges'
keeps expect 0 guard validate --kind ranges "$WORK/ansible-tmp-1.2"
prints '1 range \(1 IPv4, 0 IPv6\)'
expect 3 guard validate --kind toml "$WORK/ansible-tmp-1.2"
cp "$ETC/apiguard.toml" "$WORK/apiguard.toml.j2"
expect 0 guard validate "$WORK/apiguard.toml.j2"
prints '1 endpoint'
cp "$LIST" "$WORK/authorized-ranges.new"
expect 0 guard validate "$WORK/authorized-ranges.new" "$WORK/apiguard.toml.j2"
expect 3 guard validate --kind ranges "$WORK/apiguard.toml.j2"
complains "$WORK/apiguard.toml.j2:1:"
printf '203.0.113.0/24\n10.0.0.300\n' >"$NEW"
expect 3 from_input validate --kind ranges -
complains "standard input:2:8: octet '300'"
expect 2 from_input validate -
complains 'standard input: it has no name'
cp "$ETC/apiguard.toml" "$NEW"
expect 0 from_input validate --kind toml -
prints 'standard input: OK'
expect 0 guard validate --kind ranges - # nothing is a list of nothing
expect 3 guard validate --kind toml -
expect 2 guard validate --kind toml - -
expect 2 guard validate --kind list "$LIST"
expect 3 guard validate "$WORK/nowhere.list"
expect 3 guard validate "$LIST" "$WORK/nowhere.list"
complains nowhere
