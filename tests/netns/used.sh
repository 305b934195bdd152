#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Connections are noted by range, over changes of the list and reboots; what is in use is never called unused, nor taken
# out unasked.
. "$(dirname -- "$0")/lib.sh"

# ---- boots: the kernel of the test has the boot id that stands here ----

boot() { cat /proc/sys/kernel/random/uuid >"$WORK/boot-id"; }
guard() {
  # shellcheck disable=SC2016
  on_server unshare --mount sh -c 'mount --bind "$0" /proc/sys/kernel/random/boot_id && exec "$@"' "$WORK/boot-id" \
    "$APIGUARD" --config "$ETC/apiguard.toml" --state-dir "$STATE" --run-dir "$RUN" --pin-dir "$PINS" "$@" </dev/null
}
reboot() {
  unguard
  rm -rf "$PINS"
  boot
}

# ---- asking ----

after() { "$TOOLS/json" "$@" <"$WORK/out"; }
# used_by SOURCE: connections of the range that decides.
used_by() { of /connections check "$1"; }
uses() { same "$2" "$(used_by "$1")" "connections of the range of $1"; }
observed() { of /observed_since list; }
# unused DURATION: the ranges that are called so.
unused() { guard list --unused "$1" 2>"$WORK/err" | awk 'NR > 1 { print $1 }' | xargs; }
is_unused() { [[ " $(unused "$1") " == *" $2 "* ]]; }
# release: closes what hold_connection holds.
release() {
  local fd=${HELD[1]} pid=$HELD_PID
  exec {fd}>&-
  wait "$pid" || true
}
many_ranges() { for ((i = 0; i < $1; ++i)); do echo "10.$((i / 250)).$((i % 250)).0/24"; done; }

boot
ranges '203.0.113.0/24 name=office' 2001:db8:12::/48
start_listener
verb apply

step 'A connection is noted by the range that admits it, what is sent over it is not'
same 'null null' "$(of /ranges/0/first_seen list) $(of /ranges/0/last_seen list)"
uses "$OFFICE4" 0
answered "$OFFICE4"
answered "$OFFICE4"
answered "$OFFICE6"
unanswered "$STRANGER4"
hold_connection "$OFFICE4"
echo two >&"${HELD[1]}"
said echo
release
uses "$OFFICE4" 3
uses "$OFFICE6" 1
uses "$STRANGER4" null
SINCE=$(observed)
[ "$SINCE" != null ] || die 'nothing is observed'
verb list --json
same '3 1' "$(after /ranges/0/connections /ranges/1/connections | xargs)"
[[ $(after /ranges/0/first_seen) < $(after /ranges/0/last_seen) ]] || die 'the first connection came last'
[[ $SINCE < $(after /ranges/0/first_seen) ]] || die 'a connection came before it was observed'
verb list
prints '^203\.0\.113\.0/24 +allow +office +- +3 +[-0-9]+T[0-9:]+Z \(.* ago\) +authorized-ranges:1$'
verb check "$OFFICE6"
prints ' 1 +[-0-9]+T[0-9:]+Z \(.* ago\)$'

step 'It stays over changes of the list, and a narrower range takes over'
changes verb allow 198.18.0.1
uses "$OFFICE4" 3
answered "$OFFICE4"
uses "$OFFICE4" 4
changes verb allow "$OFFICE4" --name desk
uses "$OFFICE4" 0
answered "$OFFICE4"
uses "$OFFICE4" 1
uses 203.0.113.8 4
same "$SINCE" "$(observed)"
changes verb revoke desk
uses "$OFFICE4" 4
changes verb mode audit
answered "$STRANGER4"
answered "$OFFICE4"
uses "$OFFICE4" 5
changes verb mode enforce --accept-risk drop-peers
same "$SINCE" "$(observed)"

step 'A list that outgrows the map: no connection is lost or taken for two'
map_of() { bpftool -j map show pinned "$PINS/used-v2" | "$TOOLS/json" /max_entries; }
# In the background, SYNs of the office (with RST, so that nobody answers).
knock() {
  "$TOOLS/probe" "$CLIENT/world0" "$SERVER/gate0" --flags 6 --count 20000 "$OFFICE4" >/dev/null &
  PIDS+=($!)
}
for size in 1500 3000 6000; do
  used=$(used_by "$OFFICE4") listed=$(counter pass listed)
  knock
  many_ranges "$size" >>"$ETC/authorized-ranges"
  sort -u -o "$ETC/authorized-ranges" "$ETC/authorized-ranges"
  changes verb apply
  wait "${PIDS[-1]}"
  knocks=$(($(counter pass listed) - listed))
  [ "$knocks" -gt 100 ] || die "only $knocks knocks arrived"
  uses "$OFFICE4" $((used + knocks))
done
if command -v bpftool >/dev/null; then same 8192 "$(map_of)" 'entries of the map'; else left_out 'no bpftool'; fi
changes verb allow 198.18.0.2
uses 2001:db8:12::1 1
same "$SINCE" "$(observed)"
ranges '203.0.113.0/24 name=office' 2001:db8:12::/48 198.18.0.1
changes verb apply --accept-risk shrink
FOUR=$(used_by "$OFFICE4")

step 'It stays over a reboot'
reboot
expect 0 guard list --json
same 'absent null' "$(after /ranges/0 /observed_since | xargs)"
verb apply --boot
uses "$OFFICE4" "$FOUR"
uses "$OFFICE6" 1
same "$SINCE" "$(observed)" 'observed since, after a boot that brings the list back'
answered "$OFFICE4"
uses "$OFFICE4" $((FOUR + 1))
changes verb allow 198.18.0.3
uses "$OFFICE4" $((FOUR + 1))
reboot
verb apply --boot
reboot
verb apply --boot
uses "$OFFICE4" $((FOUR + 1))
uses 2001:db8:12::1 1

step 'What was not observed is not called observed: off, detached, or after a boot that nobody served'
changes verb mode off
same null "$(observed)"
same '' "$(unused 1s)"
complains 'no range can be called unused'
changes verb mode enforce --accept-risk drop-peers
NEW=$(observed)
[[ $SINCE < $NEW ]] || die 'observation goes on over mode off'
verb detach gate0
same null "$(observed)"
verb apply --accept-risk detached
[[ $NEW < $(observed) ]] || die 'observation goes on over a detached interface'
uses "$OFFICE4" $((FOUR + 1))
NEW=$(observed)
reboot
verb apply
[[ $NEW < $(observed) ]] || die 'observation goes on over a boot without apply --boot'
NEW=$(observed)
config endpoints='["6443", "8443"]'
verb apply --accept-risk all
[[ $NEW < $(observed) ]] || die 'observation goes on for a new endpoint'
config
verb apply

step 'What is used is not called unused'
changes verb allow "$STRANGER4" --name guest
hold_connection "$OFFICE4"
answered "$STRANGER4"
# Whoever came after the office is called unused; then the office would be, were it not connected.
wait_for 'the guest to be gone' is_unused 1s "$STRANGER4/32"
echo three >&"${HELD[1]}"
said echo
if is_unused 1s 203.0.113.0/24; then die 'a range with a connected client is called unused'; fi
is_unused 1s 198.18.0.1/32 || die 'a range that nobody ever used is not called unused'
if is_unused 1d 198.18.0.1/32; then die 'a range observed for less is called unused'; fi
complains 'less than 1 d ago'
verb list --unused 1s --json
complains_not() { ! grep -E -- "$1" "$WORK/err" >&2 || die "stderr matches '$1'"; }
complains_not 'unused'
changes verb allow 198.18.0.9
if is_unused 1d 198.18.0.9/32; then die 'a range that has just joined is called unused'; fi
if command -v strace >/dev/null; then
  LISTING=("$APIGUARD" --config "$ETC/apiguard.toml" --state-dir "$STATE" --run-dir "$RUN" --pin-dir "$PINS" list --unused 1s)
  on_server strace -o "$WORK/trace" -e trace=socket "${LISTING[@]}" >/dev/null 2>&1 </dev/null
  at=$(grep -n SOCK_DIAG "$WORK/trace" | head -n 1 | cut -d: -f1)
  expect 0 on_server strace -o "$WORK/trace" -e trace=socket -e inject="socket:error=EMFILE:when=$at" "${LISTING[@]}"
  complains "netlink 'sock_diag': .*: no range can be called unused"
  same 1 "$(wc -l <"$WORK/out")" 'lines of a list that names nobody'
else
  left_out 'no strace'
fi
release
wait_for 'the office to be called unused' is_unused 1s 203.0.113.0/24

step 'A range that was used today is not taken out unasked, though nobody is connected'
expect 7 guard revoke guest
complains "^apiguard: risk 'drop-peers': 1 range that admitted a connection within 24 h would be removed:\$"
complains '^ +192\.0\.2\.7/32 \(guest\): 1 connection, last seen .* ago \(used\)$'
expect 7 guard except "$STRANGER4"
changes verb allow 192.0.2.0/24
changes verb revoke guest
answered "$STRANGER4"
expect 7 guard revoke 192.0.2.0/24
same true "$(of /changed revoke 192.0.2.0/24 --dry-run --accept-risk drop-peers)"
verb revoke 192.0.2.0/24 --dry-run --accept-risk drop-peers --json
same 'null 1 192.0.2.0/24' "$(after /cut/0/address /cut/0/connections /cut/0/range | xargs)"
same 1 "$(after /cut#)"
# An end that has come is nobody's loss. The boots above were none: by the machine's clock since its boot, which each of
# them is taken to have lasted, more time has passed than has.
verb apply --trust-clock
END=$(date -u -d 'now +2 seconds' +%FT%TZ)
changes verb allow "$STRANGER4" --until "$END"
answered "$STRANGER4"
has_passed() { [ "$(date +%s)" -gt "$(date -u -d "$1" +%s)" ]; }
wait_for "$END" has_passed "$END"
changes verb allow 198.18.0.10
complains '192\.0\.2\.7/32.* expired'
changes verb revoke 192.0.2.0/24 --accept-risk drop-peers

step 'A state file that is damaged, or cannot be written, stops nothing'
answered "$OFFICE4"
echo 'apiguard used 1' >"$STATE/used"
expect 0 guard list
complains "used': damaged: line 2: "
changes verb allow 198.18.0.11
complains "used': damaged: line 2: .*: connection counts start over"
uses "$OFFICE4" 2 # of this boot: the kernel knows them
changes verb allow 198.18.0.12
silent_about damaged
at_exit() { chattr -i "$STATE/used" 2>/dev/null; }
if chattr +i "$STATE/used" 2>/dev/null; then
  changes verb mode off
  complains 'connections by range may be lost with a reboot'
  verb rollback --accept-risk drop-peers
  same null "$(observed)" 'observed since, where nothing could be written'
  unguard
  chattr -i "$STATE/used"
  rm "$STATE/used"
else
  left_out 'no immutable files'
  unguard
fi
verb apply --accept-risk drop-peers # an audit saw the stranger
uses "$OFFICE4" 2
