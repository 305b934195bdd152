#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# A way out does what it can, whatever else is on the host; what a person edits, undoes or loses meanwhile is neither
# overwritten nor brought back.
. "$(dirname -- "$0")/lib.sh"
passes_all() { passes "$OFFICE4" "$STRANGER4"; }

each_way_out() { # WHAT
  local way
  for way in 'mode off' 'mode audit'; do
    step "$1: $way"
    # shellcheck disable=SC2086 # words
    verb $way
    passes_all
    verb mode enforce --accept-risk all
  done
  step "$1: rollback"
  verb mode audit
  verb rollback --accept-risk all
}

config interfaces='["gate*"]'
verb apply
verb allow 198.18.1.0/24
each_way_out 'As it is'

if on_server ip tuntap add dev gate-tun mode tun 2>/dev/null; then
  for way in 'mode audit' 'mode off'; do
    step "An interface without Ethernet header matches: $way"
    # shellcheck disable=SC2086
    verb $way
    complains 'gate-tun'
    passes_all
  done
  on_server ip link delete gate-tun
else
  left_out 'no tun device'
fi

step 'A program of somebody else is on another interface that matches'
verb mode enforce --accept-risk all
ip link add gate9 netns "$SERVER" type veth peer name world9 netns "$CLIENT"
on_server bpftool net attach xdpgeneric pinned "$PINS/generations/$(generation)/filter" dev gate9
expect 5 guard apply
expect 4 guard mode off
complains "interface 'gate9'"
passes_all
on_server ip link set dev gate9 xdpgeneric off
on_server ip link delete gate9
verb mode enforce --accept-risk all
enforced

step 'The guarded interface bears another name'
config interfaces='["gate0"]'
verb apply --accept-risk all
on_server ip link set gate0 down
on_server ip link set gate0 name lan0
on_server ip link set lan0 up
verb mode off
prints 'in force on lan0'
on_server ip link set lan0 down
on_server ip link set lan0 name gate0
on_server ip link set gate0 up
know "$SERVER" gate0 02:00:00:00:00:02 "$OFFICE4" "$OFFICE6" "$STRANGER4" "$STRANGER6"
verb mode enforce --accept-risk all
enforced

step 'The list is saved by a person while a verb publishes: theirs stays, and the verb fails'
mkfifo "$WORK/go"
exec {GO}<>"$WORK/go"
in_background "$SERVER" "$TOOLS/kill_at" --stop 60 "$APIGUARD" --config "$ETC/apiguard.toml" --state-dir "$STATE" \
  --run-dir "$RUN" --pin-dir "$PINS" allow 198.18.2.0/24 <&"$GO" >"$WORK/said" 2>"$WORK/err"
wait_for 'the verb to be stopped' grep -q stopped "$WORK/said"
echo '192.0.2.0/24 # by hand' >>"$ETC/authorized-ranges"
echo >&"$GO"
wait_for 'the verb to end' grep -q 'went on' "$WORK/said"
if grep -q 'went on 0' "$WORK/said"; then
  grep -q 'by hand' "$ETC/authorized-ranges" || die 'what a person saved is gone'
else
  grep -q 'was edited during the change' "$WORK/err" || die "it says: $(cat "$WORK/err")"
  grep -q 'by hand' "$ETC/authorized-ranges" || die 'what a person saved is gone'
  enforced
fi

step 'A first change that nobody confirmed is not what the next boot publishes'
verb detach --all
rm -rf "$PINS" "$STATE" "$RUN"
office
verb apply --confirm-within 1h
rm -rf "$PINS" "$RUN"
expect 4 guard apply --boot
complains 'they hold an undone change'
expect 1 guard status
passes_all

step 'State lost, or older than what runs: a boot over live links keeps what runs'
verb apply --accept-risk all
cp -a "$STATE" "$WORK/backup"
verb except 203.0.113.64/26
echo 'mode = "off"' >>"$ETC/apiguard.toml"
for loss in gone older; do
  rm -rf "${STATE:?}"
  if [ "$loss" = older ]; then cp -a "$WORK/backup" "$STATE"; fi
  expect 4 guard apply --boot
  drops "$STRANGER4" 203.0.113.65
  guard status --json >"$WORK/out" 2>/dev/null || true
  grep -q '"damaged": {' "$WORK/out" || die "status says nothing of a state that is $loss"
done
plain_config
verb apply --accept-risk all
enforced
