#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Audit ends in a list: of those who really connected, and of nobody whose address was made up.
. "$(dirname -- "$0")/lib.sh"

after() { "$TOOLS/json" "$@" <"$WORK/out"; }
# talks SOURCE: connects, sends a line, hears it.
talks() {
  local said
  said=$(echo hello | on_client "$TOOLS/connect" --hold "$1" "${2:-$SERVER4}" 6443 5000 | xargs)
  same 'answered echo' "$said" "$1"
}
# has_address SOURCE...: a client has it, and the server knows where.
has_address() {
  local address
  for address in "$@"; do
    case $address in
      *:*) on_client ip address add "$address/128" dev world0 nodad ;;
      *) on_client ip address add "$address/32" dev world0 ;;
    esac
    know "$SERVER" gate0 02:00:00:00:00:02 "$address"
  done
}
# row CIDR: what the table says of it.
row() { awk -v cidr="$1" '$1 == cidr { $1 = ""; print substr($0, 2) }' "$WORK/out"; }

# kind_of SOURCE: what the JSON says of one that is not proven.
kind_of() { grep -A 5 "\"source\": \"$1\"" "$WORK/out" | sed -n 's/.*"kind": "\(.*\)",/\1/p'; }

expect 0 guard suggest
complains 'nothing is in force'
start_listener
verb apply
expect 0 guard suggest
complains 'mode audit'
complains 'no source was seen'

step 'Whoever has connections is suggested, listed or not'
verb mode audit
talks "$STRANGER4"
talks "$STRANGER4"
talks "$STRANGER6" "$SERVER6"
talks "$OFFICE4"
verb suggest
same '1 2 1 no' "$(row "$STRANGER4/32")"
same '1 1 1 no' "$(row "$STRANGER6/128")"
same '1 1 1 yes' "$(row 203.0.113.0/24)"
prints "^apiguard allow $STRANGER4/32$"
prints "^apiguard allow $STRANGER6/128$"
silent_about 'allow 203'
verb suggest --json
same "$STRANGER4/32 1 2 false" "$(after /ranges/0/cidr /ranges/0/sources /ranges/0/connections /ranges/0/listed | xargs)"
same "203.0.113.0/24 true" "$(after /ranges/1/cidr /ranges/1/listed | xargs)"
same 0 "$(after /unestablished_sources)"

step 'A source that never got past the handshake is named, and not suggested'
passes --flags 2 192.0.2.50 192.0.2.51           # SYN
passes --flags 16 192.0.2.52                     # ACK of nothing
passes --flags 24 --padding 100 192.0.2.53       # payload of nothing, made up
passes --flags 2 --padding 100 2001:db8:a:5::1   # SYN with data
passes --flags 24 --padding 100 2001:db8:a:5::2
verb suggest --json
same 6 "$(after /unestablished_sources)"
same 6 "$(after /unproven#)"
same 'probe translated probe translated' \
  "$(kind_of 192.0.2.50) $(kind_of 192.0.2.53) $(kind_of 2001:db8:a:5::1) $(kind_of 2001:db8:a:5::2)"
verb suggest
silent_about 'allow 192\.0\.2\.5[0-3]'
prints '^6 more sources: no connection was seen'
prints '^  192\.0\.2\.50  1 packet, last [0-9]+ s ago: opens connections and finishes none$'
prints '^  192\.0\.2\.53  1 packet, last [0-9]+ s ago: payload for no socket of this host'

step 'A boot forgets nobody'
unguard
rm -rf "$PINS"
expect 0 guard apply --boot
verb suggest --json
same "$STRANGER4/32 2" "$(after /ranges/0/cidr /ranges/0/connections | xargs)"
talks "$STRANGER4"
verb suggest --json
same "$STRANGER4/32 3" "$(after /ranges/0/cidr /ranges/0/connections | xargs)"
passes --flags 2 192.0.2.{50,51,52,53} 2001:db8:a:5::1 2001:db8:a:5::2

step 'Several of one network are put together, no wider than /24'
has_address 198.18.7.{1,2,3,14} 198.18.9.{1,2}
for last in 1 2 3 14; do talks "198.18.7.$last"; done
for last in 1 2; do talks "198.18.9.$last"; done
verb suggest
same '4 4 1 no' "$(row 198.18.7.0/28)"
same '1 1 1 no' "$(row 198.18.9.1/32)"
verb suggest --max-ranges 3
same '2 2 1 no' "$(row 198.18.9.0/30)"
complains 'cannot merge further: limited by'
verb suggest --max-ranges 3 --min-prefix4 20
same '6 6 1 no' "$(row 198.18.0.0/20)"
expect 2 guard suggest --min-prefix4 33
expect 2 guard suggest --max-ranges 0

step 'An IPv6 host is its /64'
has_address 2001:db8:b:1:91d3:44a0:7be1:9c02 2001:db8:b:2:8c1a:11:fe22:3301 2001:db8:b:2:91d3:44a0:7be1:9c02
for one in 1:91d3:44a0:7be1:9c02 2:8c1a:11:fe22:3301 2:91d3:44a0:7be1:9c02; do talks "2001:db8:b:$one" "$SERVER6"; done
verb suggest
same '2 2 1 no' "$(row 2001:db8:b:2::/64)"
prints '^# .* temporary address, .* 2001:db8:b:1::/64:$'
prints '^apiguard allow 2001:db8:b:1:91d3:44a0:7be1:9c02/128$'
silent_about '/6[0-35-9]|/[789][0-9]'

step 'Its commands are a list with which enforce drops nobody who talked'
expect 7 guard mode enforce --dry-run
complains "risk 'drop-peers': [0-9]+ sources that an audit saw connect within 24 h would be cut:$"
complains "^  $STRANGER4  [0-9]+ packets, [0-9]+ connections, last .* ago$"
verb suggest
grep '^apiguard allow' "$WORK/out" >"$WORK/commands"
while read -r _ words; do
  # shellcheck disable=SC2086
  verb $words </dev/null
done <"$WORK/commands"
verb suggest
silent_about ' no$'
verb mode enforce
complains 'since the audit began, 6 packets from 6 sources would have been dropped'
for source in "$STRANGER4" "$OFFICE4" 198.18.7.1 198.18.7.14; do talks "$source"; done

step 'What an except range takes out is not suggested'
verb except "$STRANGER4" --accept-risk drop-peers
verb mode audit
talks "$STRANGER4"
verb suggest
silent_about "^$STRANGER4"
prints '^1 more source: covered by an except range'
