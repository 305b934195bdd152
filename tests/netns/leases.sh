#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Leases: addresses that tools keep listed. They stand in no file and in no history, never overrule a person, and end by
# themselves in the kernel.
. "$(dirname -- "$0")/lib.sh"
. "$(dirname -- "$0")/lib/supervised.sh"

NODE4=192.0.2.6 OTHER4=192.0.2.8 NODE6=2001:db8:a::7
LIST=$ETC/authorized-ranges

# leases ARGUMENTS...: the result of the first of them, and that this is all that changed.
result() { of /leases/0/result lease "$@"; }
# sync NAME LINES ARGUMENTS...: exit status in $status.
sync() {
  local name=$1 lines=$2
  shift 2
  status=0
  printf '%b' "$lines" | on_server "$APIGUARD" --config "$ETC/apiguard.toml" --state-dir "$STATE" --run-dir "$RUN" \
    --pin-dir "$PINS" lease --sync "$name" --for 1h "$@" >"$WORK/out" 2>"$WORK/err" || status=$?
}
syncs() { # STATUS NAME LINES ARGUMENTS...
  local wanted=$1
  shift
  printf '$ ... | apiguard lease --sync %s\n' "$1"
  sync "$@"
  same "$wanted" "$status" "exit status of lease --sync: $(cat "$WORK/err")"
}
ended() { wait_for "the end of $1" let_out "$1"; }
let_out() { (drops "$1"); }
passes_now() { (passes "$@"); }
leases_config() { # LINE... of [leases]
  {
    echo 'interfaces = ["gate0"]'
    if [ $# -gt 0 ]; then echo '[leases]'; fi
    printf '%s\n' "$@"
  } >"$ETC/apiguard.toml"
}
begin() {
  if [ -e "$PINS" ]; then unguard; fi
  rm -rf "$PINS" "$STATE"
  leases_config "$@"
  office
  verb apply
}

step 'Listed until its end, in no file and in no history'
begin
before=$(sha256sum "$LIST" "$ETC/apiguard.toml")
fingerprint=$(status_of /fingerprint)
drops "$NODE4" "$NODE6"
renews verb lease "$NODE4" "$NODE6" --for 1h --name node-1
prints '^2 leases added until .*: 192\.0\.2\.6/32, 2001:db8:a::7/128$'
passes "$NODE4" "$NODE6" "$OFFICE4"
drops "$OTHER4"
same "$before" "$(sha256sum "$LIST" "$ETC/apiguard.toml")" 'the files'
same "$fingerprint" "$(status_of /fingerprint)" 'the fingerprint'
same 1 "$(guard history | grep -c '^[0-9]')" 'generations in the history'
expect 0 guard diff
verb list
prints '^192\.0\.2\.6/32 +allow +node-1 .*leases'
verb check "$NODE4"
prints 'pass +listed +192\.0\.2\.6/32 +node-1'

step 'Renewed when half of its time is over, and never shortened'
same unchanged "$(result "$NODE4" --for 1h --name node-1)" 'again'
same unchanged "$(result "$NODE4" --for 10m --name node-1)" 'for less'
same renewed "$(result "$NODE4" --for 24h --name node-1)" 'for much longer'
same added "$(result "$NODE4" --for 1h --name node-2)" 'by another name'
expect 0 guard lease "$NODE4" "$NODE6" --for 24h --name node-1
prints '^1 lease renewed until .*: 2001:db8:a::7/128$'
prints '^1 lease unchanged until .*: 192\.0\.2\.6/32$'

step 'It ends in the kernel, and leaves what covers it'
verb lease "$OTHER4" 203.0.113.9 --for 2s --name short
passes "$OTHER4" 203.0.113.9
ended "$OTHER4"
passes 203.0.113.9 "$NODE4"

step 'The next changes, a rollback and a boot leave leases alone'
changes verb allow 198.18.0.0/24
passes "$NODE4"
changes verb rollback
passes "$NODE4"
rm -rf "$PINS"
verb apply --boot
passes "$NODE4" "$NODE6" "$OFFICE4"
drops "$OTHER4" "$STRANGER4"

step 'A person is not overruled: an except before the lease'
changes verb except "$OTHER4" --name ban
renews expect 1 guard lease "$OTHER4" --for 1h --name node-3
complains "lease '192\.0\.2\.8/32': not in force: excepted by 192\.0\.2\.8/32: only 'apiguard revoke 192\.0\.2\.8/32'"
drops "$OTHER4"
verb revoke ban
passes "$OTHER4"

step 'An except after it, wider and for a while'
changes verb except 192.0.2.0/29 --for 5s
drops "$NODE4"
expect 1 guard lease "$NODE4" 192.0.2.3 --for 1h --name node-4
complains "lease '192\.0\.2\.3/32': not in force: excepted by 192\.0\.2\.0/29 until"
drops "$NODE4" 192.0.2.3
passes "$OTHER4"
wait_for 'the end of the ban' passes_now "$NODE4" 192.0.2.3

step 'What ends before a ban does is never listed, and an allow beside it does not lift the ban'
verb except 192.0.2.32/28 --for 1h
expect 1 guard lease 192.0.2.33 --for 10m --name node-5
drops 192.0.2.33
keeps expect 1 guard allow 192.0.2.32/28 --for 10m
complains "except.* apiguard revoke 192\.0\.2\.32/28"

step 'revoke takes it out and bars it'
begin
verb lease "$NODE4" "$OTHER4" --for 1h --name node-1
verb lease "$NODE4" --for 1h --name node-2
keeps verb revoke node-1
prints '^- 192\.0\.2\.6/32 +node-1 +until'
complains "lease 'node-1': barred for 48h: 'apiguard lease --unbar node-1'"
drops "$OTHER4"
passes "$NODE4" # node-2 has it still
expect 1 guard lease 192.0.2.9 --for 1h --name node-1
complains "lease '192\.0\.2\.9/32': barred: 'node-1' is barred until .* by "
expect 1 guard lease "$OTHER4" --for 1h --name another
complains "lease '192\.0\.2\.8/32': barred: 192\.0\.2\.8/32 of 'node-1' is barred"
same barred "$(result "$OTHER4" --for 1h)" 'without a name'
drops "$OTHER4" 192.0.2.9
changes verb allow 198.18.0.0/24
rm -rf "$PINS"
verb apply --boot
expect 1 guard lease "$OTHER4" --for 1h
syncs 1 nodes '192.0.2.8\n192.0.2.20\n'
passes 192.0.2.20
drops "$OTHER4"
verb list
prints '^192\.0\.2\.8/32 +node-1 +.*root'
expect 1 guard lease --unbar nobody
renews verb lease --unbar node-1
verb lease "$OTHER4" --for 1h --name node-1
passes "$OTHER4"
expect 1 guard revoke 192.0.2.99

step 'An address of a lease is revoked: for IPv6 its /64, and the name of one that came by SSH'
verb lease "$NODE6" --for 1h --name six
verb revoke "$NODE6"
expect 1 guard lease 2001:db8:a::8 --for 1h --name seven
complains 'barred: 2001:db8:a::/64 is barred until'
verb lease 192.0.2.9 --for 1h --name six # the name is not
verb lease --unbar 2001:db8:a::1
verb lease "$NODE6" 2001:db8:a::9 --for 1h --name six
verb lease 2001:db8:a::10 --for 1h --name other
verb lease 2001:db8:a:1::7 --for 1h --name other
passes "$NODE6" 2001:db8:a::9 2001:db8:a::10 2001:db8:a:1::7
verb revoke "$NODE6" # all that is barred with it goes at once
prints '^- 2001:db8:a::7/128 +six '
prints '^- 2001:db8:a::9/128 +six '
prints '^- 2001:db8:a::10/128 +other '
drops "$NODE6" 2001:db8:a::9 2001:db8:a::10
passes 2001:db8:a:1::7 192.0.2.9
verb lease --unbar 2001:db8:a::1
drops "$NODE6" 2001:db8:a::9 2001:db8:a::10 # until somebody leases them again
verb lease 2001:db8:a::8 --for 1h --name seven
passes 2001:db8:a::8

step 'A range of the list that is revoked does not touch the leases in it'
verb allow 192.0.2.0/24 --name join
verb revoke 192.0.2.0/24
passes 192.0.2.9
verb revoke 192.0.2.0/28 # nothing but leases
drops 192.0.2.9

step 'What is not there is no error for whoever says so, and changes nothing'
verb allow 198.18.40.0/24 --name tool
for gone in nobody 192.0.2.99 2001:db8:a::99; do
  before=$(edition)
  keeps expect 1 guard revoke "$gone"
  keeps verb revoke "$gone" --if-listed
  complains "'$gone(/[0-9]+)?': no such entry: nothing to revoke"
  prints '^unchanged: generation [0-9]+ stays in force$'
  keeps verb revoke "$gone" --if-listed --json
  same 'false 0' "$("$TOOLS/json" /changed /removed# <"$WORK/out" | xargs)" 'changed and removed'
  same "$before" "$(edition)" 'the edition'
done
keeps verb revoke nobody --if-listed --dry-run
echo '198.18.41.0/24 name=by-hand' >>"$LIST"
keeps verb revoke nobody --if-listed # publishes nothing that waits, and asks about nothing
drops 198.18.41.1
sed -i '/by-hand/d' "$LIST"
keeps expect 1 guard revoke 198.18.40.7 --if-listed # it is listed all the same
complains 'apiguard except 198\.18\.40\.7/32'
verb lease 198.18.40.7 --for 1h --name inside
keeps verb revoke 198.18.40.7 # the lease goes, and the range around it is named
complains "lease 198\.18\.40\.7/32: barred"
complains "198\.18\.40\.7/32': no such entry, but it lies inside 198\.18\.40\.0/24 .*apiguard except 198\.18\.40\.7/32"
passes 198.18.40.7
verb lease 2001:db8:b::7 --for 1h --name here
keeps verb revoke nobody here --if-listed
complains "name 'nobody': no such entry: nothing to revoke"
complains "lease 'here': barred"
expect 1 guard lease 2001:db8:b::8 --for 1h --name here
changes verb revoke tool nobody --if-listed
drops 198.18.40.1
verb detach --all
verb revoke nobody --if-listed --json
prints '"generation": null'
not_enforced
verb apply --accept-risk detached

step 'The limits of [leases], and of one key'
begin 'max = 3' 'per_name = 2' 'within = ["192.0.2.0/24", "2001:db8::/32"]' 'longest = "2h"'
same outside "$(result 198.18.0.1 --for 1h --name a)" 'outside of the roof'
same outside "$(result 192.0.2.6 --for 1h --name a --within 192.0.2.8/29,198.18.0.0/16)" 'outside of --within'
same added "$(result 192.0.2.9 --for 1h --name a --within 192.0.2.8/29)" 'inside'
verb lease 192.0.2.10 --for 5h --name a
complains "lease: --for 5h is cut to 2h: 'longest' of \[leases\]"
expect 1 guard lease 192.0.2.11 --for 1h --name a
complains "'per_name' of \[leases\] is 2"
verb lease 192.0.2.9 --for 2h --name a # a renewal never is too many
syncs 1 nodes '192.0.2.20\n192.0.2.21\n'
complains "'max' of \[leases\] is 3"
passes 192.0.2.20
drops 192.0.2.21
syncs 3 nodes '192.0.2.20\n192.0.2.21\n192.0.2.22\n192.0.2.23\n'
complains "4 members of 'nodes', and 'max' of \[leases\] is 3: nothing was changed"
expect 2 guard lease 192.0.2.6 --for 1h --prefix6 56
expect 2 guard lease 192.0.2.0/24 --for 1h
complains "a lease is for one address: 'apiguard allow' adds ranges"
expect 2 guard lease 192.0.2.6 --name a
expect 2 guard lease --for 1h
leases_config 'max = 3' 'within = ["192.0.2.9/32"]'
expect 0 guard apply --accept-risk all
drops 192.0.2.10 192.0.2.20
passes 192.0.2.9
leases_config 'max = 1' 'within = ["192.0.2.0/24"]' # takes out none
verb apply
passes 192.0.2.9 192.0.2.10 192.0.2.20

step 'What was refused is counted, whoever published it, and a folder in its place loses the count alone'
refused() { guard metrics | sed -n "s/^apiguard_leases_refused_total{reason=\"$1\"} //p"; }
begin 'per_name = 2' 'within = ["192.0.2.0/24"]'
rm -f "$RUN/refused-leases"
for reason in barred outside full excepted nested; do same 0 "$(refused "$reason")" "$reason"; done
verb except 192.0.2.8 --name ban
expect 1 guard lease 198.18.0.1 198.18.0.2 192.0.2.8 --for 1h --name a
verb lease 192.0.2.6 --for 1h --name a
expect 1 guard lease 192.0.2.7 --for 1h --name a
verb revoke 192.0.2.6
queued=()
for number in {1..8}; do
  guard lease 192.0.2.6 "192.0.2.3$number" --for 1h --name "many-$number" >/dev/null 2>&1 &
  queued+=($!)
done
for pid in "${queued[@]}"; do
  status=0
  wait "$pid" || status=$?
  same 1 "$status" 'the exit status of each of them'
done
same '8 2 1 1' "$(refused barred) $(refused outside) $(refused full) $(refused excepted)" 'barred, outside, full, excepted'
rm "$RUN/refused-leases"
mkdir "$RUN/refused-leases"
touch "$RUN/refused-leases/file"
same '' "$(refused barred)" 'what cannot be read'
verb lease 192.0.2.40 --for 1h --name fine
expect 1 guard lease 192.0.2.6 --for 1h --name again
same 1 "$(refused barred)" 'counted anew'
rm -rf "$RUN"/refused-leases.aside*

step 'All members of a name: added and renewed, the others left to end'
begin
syncs 0 nodes '192.0.2.6\n192.0.2.8\n192.0.2.9\n192.0.2.10\n192.0.2.11\n192.0.2.12\n2001:db8:a::7\n'
passes "$NODE4" "$NODE6" 192.0.2.12
syncs 0 nodes '192.0.2.20\n'
prints '^1 lease added until'
passes 192.0.2.20 192.0.2.12
syncs 0 nodes ''
complains "standard input: empty: the leases of 'nodes' stay as they are"
syncs 0 nodes '' --json
complains "standard input: empty: the leases of 'nodes' stay as they are"
same 'false 0' "$("$TOOLS/json" /changed /leases# <"$WORK/out" | xargs)" 'changed and leases of empty input'
for wrong in '192.0.2.30\n192.0.2.3' '192.0.2.30\nnode-7\n' '192.0.2.30\n\n' '192.0.2.30/32\n' '192.0.2.30\r\n' \
  '::ffff:192.0.2.30\n'; do
  before=$(edition)
  syncs 3 nodes "$wrong"
  complains '^apiguard: standard input:[12]: .*nothing was changed'
  same "$before" "$(edition)" 'the edition after a wrong line'
  drops 192.0.2.30
done
syncs 3 nodes "192.0.2.30\\n$(printf 'x%.0s' {1..100000})\\n"
complains "^apiguard: standard input:2: 'x{64}\.\.\.': no address: "
[ "$(wc -c <"$WORK/err")" -lt 1000 ] || die 'a long line is shown whole'
drops 192.0.2.30

step 'In every mode'
verb mode off
verb lease 192.0.2.40 --for 1h --name m
verb mode enforce --accept-risk all
passes 192.0.2.40
verb mode audit
verb lease 192.0.2.41 --for 1h --name m
verb check 192.0.2.41
verb mode enforce --accept-risk all
passes 192.0.2.41

step 'While a change waits for its confirmation: the lease joins it, and stays when it is undone'
verb allow "$OTHER4" --confirm-within 6s
keeps verb lease 192.0.2.50 --for 1h --name window
passes "$OTHER4" 192.0.2.50
ended 192.0.2.50 # what it falls back to was loaded before
verb status
passes 192.0.2.50 # whoever settles publishes the book
same true "$(status_of /confirmed)" confirmed
verb allow "$OTHER4" --confirm-within 1m
verb lease 192.0.2.51 --for 1h --name window
verb confirm
passes "$OTHER4" 192.0.2.50 192.0.2.51

step 'A lease never confirms what waits, whatever else is wrong'
verb lease 192.0.2.56 --for 5h --name waits
verb allow 198.18.8.0/24 --confirm-within 4s
rm "$PINS"/denied*
keeps verb lease 192.0.2.56 --for 5h --name waits
keeps verb lease 192.0.2.57 --for 5h --name waits
ended 198.18.8.1
verb status
passes 192.0.2.56 192.0.2.57
drops 198.18.8.1

step 'An older book that somebody puts back is not trusted: what the kernel judges by is, and what was barred stays so'
verb lease 192.0.2.58 --for 5h --name old
cp "$STATE/leases" "$WORK/older"
verb lease 192.0.2.59 --for 5h --name good
cp "$WORK/older" "$STATE/leases"
cp "$WORK/older" "$STATE/leases.2"
verb list
complains 'edition [0-9]+ is older than edition [0-9]+, which is in force'
prints '^192\.0\.2\.58/32 +allow +old '
verb lease 192.0.2.60 --for 5h --name other
passes 192.0.2.58 192.0.2.59 192.0.2.60

step 'With the supervisor: what a change that is undone leaves unpublished, it publishes'
supervise
verb allow 198.18.9.0/24 --confirm-within 3s
verb lease 192.0.2.55 --for 1h --name window
passes 192.0.2.55 198.18.9.1
undone() { (drops 198.18.9.1) && (passes 192.0.2.55); }
wait_for 'the supervisor' undone
says 'the book of leases has a change that is not in force yet: it is published'
ends TERM 0
expect 0 guard status
passes 192.0.2.50 192.0.2.51 192.0.2.55

step 'Edits of others do not matter'
echo '198.18.7.0/24' >>"$LIST"
echo 'mode = [' >>"$ETC/apiguard.toml"
verb lease 192.0.2.60 --for 1h --name e
passes 192.0.2.60
drops 198.18.7.1
leases_config
office

step 'Everything is detached: the book is written, and published with the next apply'
verb detach --all
verb lease 192.0.2.70 --for 1h --name d --json
prints '"generation": null'
verb apply --accept-risk detached
passes 192.0.2.70

step 'The same where the last interface is gone and the other is detached: nothing is loaded for nobody'
make_pair 1
echo 'interfaces = ["gate0", "gate1"]' >"$ETC/apiguard.toml"
verb apply
verb detach gate0
queued=()
for number in 1 2 3; do
  guard lease "192.0.2.7$number" --for 1h --name "at-once-$number" >/dev/null &
  queued+=($!)
done
for pid in "${queued[@]}"; do wait "$pid" || die 'a lease beside others'; done
not_enforced # gate0 stays detached, whoever publishes them
on 1 'pass drop'
in_netns "$SERVER" ip link delete gate1
keeps verb lease 192.0.2.75 --for 1h --name gone
prints '^not in force: everything is detached$'
verb lease 192.0.2.76 --for 1h --name gone --json
prints '"generation": null'
prints '"in_force": false'
verb lease 192.0.2.75 192.0.2.76 --for 1h --name gone
prints '^2 leases unchanged'
supervise
make_pair 1
guarded 1
on_gate1() { ! "$TOOLS/probe" "$CLIENT/world1" "$SERVER/gate1" "$@" | grep -v ' pass$'; }
wait_for 'the book on gate1' on_gate1 192.0.2.75 192.0.2.76
not_enforced
ends TERM 0
leases_config
verb apply --accept-risk detached
passes 192.0.2.71 192.0.2.73 192.0.2.75

step 'A way out and a boot go on beside a copy that is damaged on a disk that takes nothing'
cp -a "$STATE" "$WORK/state.kept"
mount_over "$STATE" -t tmpfs -o mode=0700 tmpfs
cp -a "$WORK/state.kept/." "$STATE/"
printf x >>"$STATE/leases"
mount -o remount,ro "$STATE"
verb mode off
complains 'file .*/leases'
not_enforced
rm -rf "$PINS"
status=0
guard apply --boot >"$WORK/out" 2>"$WORK/err" || status=$?
say "  a boot ends with $status"
passes 192.0.2.70 "$OFFICE4"
drops "$STRANGER4"
umount "$STATE"
verb mode enforce --accept-risk all
passes 192.0.2.70

step 'A damaged copy of the book is mended; without both the leases in the kernel stay'
for copy in leases leases.2; do
  printf x >>"$STATE/$copy"
  verb lease 192.0.2.71 --for 1h --name "$copy"
  passes 192.0.2.70
  cmp "$STATE/leases" "$STATE/leases.2" || die "the copies differ"
done
printf x >"$STATE/leases"
rm "$STATE/leases.2"
changes verb allow 198.18.1.0/24
complains 'lease'
passes 192.0.2.70 192.0.2.71
