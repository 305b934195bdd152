#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# A list that others write and that came empty, torn or not at all is asked about before it cuts anybody; what
# configuration management does every day is not. And what nobody reads is named.
. "$(dirname -- "$0")/lib.sh"
FEED=$ETC/authorized-ranges.d/feed.list
OTHER=$ETC/authorized-ranges.d/other.list
mkdir "$ETC/authorized-ranges.d"

# hosts FROM TO: so many lines.
hosts() {
  local i
  for ((i = $1; i <= $2; ++i)); do echo "198.18.0.$i name=node-$i"; done
}
# feed FROM TO: as a tool replaces it.
feed() {
  hosts "$1" "$2" >"$FEED.new" && mv "$FEED.new" "$FEED"
}
# shrinks VERB...: refused for that alone, and nothing has changed.
shrinks() {
  keeps expect 7 guard "$@"
  complains "risk 'shrink'"
  complains 'complete it and apply it again'
  complains "apiguard .*--accept-risk shrink"
  silent_about "risk '(drop-peers|wide|unapplied|undone)'"
  enforced
}

step 'A feed that came empty, torn, or not at all'
feed 1 30
verb apply
: >"$FEED"
shrinks apply
complains 'authorized-ranges.d/feed.list: 30 of 30 IPv4 entries, 30 of 30 addresses: 198.18.0.1/32, .* and 27 more'
complains "#lapse 24h"
shrinks apply --dry-run
shrinks apply --confirm-within 1m
shrinks apply --json
rm "$FEED"
shrinks apply
feed 1 14
shrinks apply
complains '16 of 30 IPv4 entries'
feed 17 31
shrinks apply
passes 198.18.0.1 198.18.0.30
drops 198.18.0.31

step 'Half is enough, a person may go on, and a boot does'
feed 1 15
changes verb apply
feed 1 7
shrinks apply
verb apply --boot
enforced
passes 198.18.0.15
changes verb apply --accept-risk shrink
drops 198.18.0.15
silent_about "risk 'shrink'"

step 'Fewer than ten lines come and go as they like'
feed 1 9
changes verb apply
rm "$FEED"
changes verb apply

step 'What configuration management does every day'
feed 1 40
changes verb apply
mv "$FEED" "$OTHER" # another name
changes verb apply
hosts 1 20 >"$OTHER" # two files of one
hosts 21 40 >"$FEED"
changes verb apply
hosts 1 40 | sort -r | sed 's/node-/host-/' >"$OTHER" # another order, other names
rm "$FEED"
changes verb apply
echo '198.18.0.0/25' >"$OTHER" # aggregated
changes verb apply
hosts 1 40 >"$OTHER" # and not
changes verb apply
hosts 1 40 >>"$ETC/authorized-ranges" # into the other file
rm "$OTHER"
changes verb apply
office
hosts 1 40 >"$OTHER"
changes verb apply
hosts 15 54 >"$OTHER" # some nodes go, as many come
changes verb apply
hosts 15 54 | sed 's/$/ until=2099-01-01T00:00:00Z/' >"$OTHER"
changes verb apply
config interfaces='["gate0"]' cluster='["198.18.0.0/24"]' # by the toml
rm "$OTHER"
changes verb apply
plain_config

step 'By the addresses: one wide line of many'
{
  hosts 1 12
  echo 198.19.0.0/16
} >"$OTHER"
verb apply
hosts 1 12 >"$OTHER"
shrinks apply
complains '1 of 13 IPv4 entries, 65536 of 65548 addresses: 198.19.0.0/16$'
{
  hosts 1 12
  printf '198.19.%s\n' 0.0/17 128.0/17
} >"$OTHER"
changes verb apply
{
  hosts 1 12
  printf '198.18.0.0/15\n'
} >"$OTHER"
changes verb apply

step 'IPv6 by itself'
for ((i = 1; i <= 12; ++i)); do echo "2001:db8:ff$(printf %02x "$i")::/48"; done >>"$OTHER"
changes verb apply
hosts 1 12 >"$OTHER"
echo 198.18.0.0/15 >>"$OTHER"
shrinks apply
complains '12 of 12 IPv6 entries, 100 % of the addresses'
rm "$OTHER"
shrinks apply
complains 'IPv4 entries' # each of them is named
complains 'IPv6 entries'
changes verb apply --accept-risk all

step 'A header is its own answer'
{
  echo '#lapse 1h'
  hosts 1 30
} >"$FEED"
changes verb apply
echo '#lapse 1h' >"$FEED"
changes verb apply
complains '30 lines of .* lapse until'
passes 198.18.0.1
verb revoke node-1 --accept-risk all
hosts 1 30 >"$FEED" # returned without it
changes verb apply
{
  echo '#lapse 1h'
  hosts 1 2
} >"$FEED"
changes verb apply
rm "$FEED"
changes verb apply

step 'The file of the CLI: edited by others and replaced by set, not by the verbs that name what goes'
hosts 1 30 >>"$ETC/authorized-ranges"
changes verb apply
office
shrinks apply
hosts 1 30 >>"$ETC/authorized-ranges"
shrinks set 203.0.113.0/24,2001:db8:12::/48
complains 'authorized-ranges: 30 of 31 IPv4 entries'
printf '%s\n' 203.0.113.0/24 2001:db8:12::/48 >"$WORK/short"
shrinks set --file "$WORK/short"
mapfile -t nodes < <(seq -f node-%g 1 30)
changes verb revoke "${nodes[@]}"
silent_about "risk 'shrink'"
hosts 1 30 >>"$ETC/authorized-ranges"
changes verb apply
edited() { EDITOR='sed -i /node-/d' verb edit; }
changes edited
silent_about "risk 'shrink'"
verb rollback
changes verb mode audit
changes verb mode enforce
silent_about "risk 'shrink'"
office
shrinks apply
verb apply --accept-risk shrink

step 'A drop-in of the change: refused, it was never there'
feed 1 30
changes verb apply
hosts 1 3 >"$WORK/short"
shrinks apply --with feed.list="$WORK/short"
same 30 "$(wc -l <"$FEED")"
changes verb apply --with feed.list="$WORK/short" --accept-risk shrink
same 3 "$(wc -l <"$FEED")"

step 'Edits in drop-ins that allow and except leave alone raise nothing; set and revoke ask as they do'
feed 1 30
changes verb apply
: >"$FEED"
changes verb allow 198.51.100.9
changes verb except 203.0.113.9 --for 1h
passes 198.18.0.30
keeps expect 7 guard revoke 198.51.100.9
complains "risk 'unapplied'"
silent_about "risk 'shrink'"
keeps expect 7 guard set 203.0.113.0/24,2001:db8:12::/48,198.51.100.9
complains "risk 'unapplied'"
complains "risk 'shrink'"

step 'A list whose lines have ended is no list that shrinks'
hosts 1 30 | sed 's/$/ until=2020-01-01T00:00:00Z/' >"$FEED"
changes verb apply --accept-risk shrink
: >"$FEED"
changes verb apply

step 'Long lists'
for ((i = 0; i < 60000; ++i)); do echo "10.$((i / 250)).$((i % 250)).0/24"; done >"$FEED"
changes verb apply
head -n 29999 "$FEED" >"$FEED.new" && mv "$FEED.new" "$FEED"
shrinks apply
complains '30001 of 60000 IPv4 entries, 7680256 of 15360000 addresses'
