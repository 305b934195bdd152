#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Who was refused is told, with how often and when; and a flood from made-up sources does not hide who keeps trying.
. "$(dirname -- "$0")/lib.sh"

after() { "$TOOLS/json" "$@" <"$WORK/out"; }
# entry SOURCE MEMBER: of what `denied --json` printed last.
entry() {
  local at=0 source
  while source=$(after "/sources/$at/source") && [ "$source" != absent ]; do
    if [ "$source" = "$1" ]; then
      after "/sources/$at/$2"
      return
    fi
    at=$((at + 1))
  done
  echo absent
}
spoof() { "$TOOLS/spoof" "$CLIENT/world0" "$@"; }

expect 0 guard denied
complains 'nothing is in force'
start_listener
verb apply

step 'Nobody, then everybody who was'
expect 0 guard denied
complains 'no source was denied'
verb denied --json
same absent "$(after /sources/0)"
drops --count 3 "$STRANGER4"
drops "$STRANGER6"
answered "$OFFICE4"
verb denied --json
same 3 "$(entry "$STRANGER4" packets)"
same unlisted "$(entry "$STRANGER4" reason)"
same drop "$(entry "$STRANGER4" verdict)"
same 1 "$(entry "$STRANGER6" packets)"
same absent "$(entry "$OFFICE4" packets)"
same absent "$(after /sources/2)"
[[ $(entry "$STRANGER4" first_seen) < $(entry "$STRANGER6" last_seen) ]] || die 'first and last make no sense'
verb denied
prints "^$STRANGER4 +3 +0 +unlisted +[-0-9]+T[0-9:]+Z \(.* ago\) +[-0-9]+T[0-9:]+Z \(.* ago\) +not listed$"
complains 'apiguard allow'

step 'Every reason'
verb except 203.0.113.7
drops "$OFFICE4"
verb revoke 203.0.113.7
drops --tags 5 203.0.113.9
verb denied --json
same excepted "$(entry "$OFFICE4" reason)"
same vlan_depth "$(entry null reason)"

step 'Only some of them'
verb denied --json --top 1
same "$STRANGER4 absent" "$(after /sources/0/source /sources/1/source | xargs)"
verb denied --top 1
prints '^and [0-9]+ more'
verb denied --json --since 1h
same 3 "$(entry "$STRANGER4" packets)"
sleep 1.2
verb denied --json --since 1s
same absent "$(after /sources/0)"
expect 2 guard denied --since yesterday
expect 2 guard denied --top many

step 'It outlives generations, and whom audit lets pass is told as well'
changes verb allow 198.18.0.1
verb mode audit
passes --count 4 "$STRANGER6"
verb denied --json
same 5 "$(entry "$STRANGER6" packets)"
same would_drop "$(entry "$STRANGER6" verdict)"
same '1 4' "$(entry "$STRANGER6" dropped) $(entry "$STRANGER6" would_drop)"
same 3 "$(entry "$STRANGER4" packets)"
verb mode off
passes "$STRANGER4"
verb denied --json
same 3 "$(entry "$STRANGER4" packets)"

step 'Enforce after audit says whom that drops'
verb mode audit
passes --count 6 "$STRANGER4"
passes --count 2 "$STRANGER6"
verb allow "$STRANGER6" # listed in time
verb mode enforce
complains 'since the audit began, 6 packets from 1 source would have been dropped'
complains "^  $STRANGER4  6 packets, last .* ago: "
silent_about "^  $STRANGER6"
verb mode audit
verb denied
prints "^$STRANGER6 .* listed by $STRANGER6/128$"
verb mode enforce
silent_about 'since the audit began' # that was another audit

step 'One stubborn source among a million random ones'
unguard
rm -rf "$PINS"
office
verb apply
before=$(counter drop unlisted)
sent=$(spoof 1000000 "$STRANGER4" 2000)
came=$(($(counter drop unlisted) - before)) # a few less: the queue of a veth is short
[ "$came" -gt 500000 ] || die "only $came packets of $sent came"
verb denied --json
same "$STRANGER4" "$(after /sources/0/source)"
packets=$(after /sources/0/packets)
say "  500 packets among $sent are told as $packets"
if [ "$packets" -le 100 ] || [ "$packets" -ge 2500 ]; then die "500 packets are told as $packets"; fi
verb denied
prints "^$STRANGER4 +$packets +0 +unlisted"
prints '^and [0-9]+ more'
