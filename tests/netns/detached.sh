#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# What a person detached stays so: verbs of the list change the text, or the rest of the interfaces, and say it; only an
# apply on a terminal, or one that accepts the risk, attaches again.
. "$(dirname -- "$0")/lib.sh"
. "$(dirname -- "$0")/lib/supervised.sh"
LIST=$ETC/authorized-ranges
start_listener

# The same on a terminal, with what is typed on standard input; what it says is in $WORK/out.
on_terminal() {
  printf '$ apiguard %s (on a terminal)\n' "$*"
  nsenter --net="/run/netns/$SERVER" -- script -qec "$APIGUARD --config $ETC/apiguard.toml --state-dir $STATE \
    --run-dir $RUN --pin-dir $PINS $*" /dev/null >"$WORK/out" 2>&1
}
is_detached() { not_enforced && [ -s "$RUN/detached" ]; }

step 'Before: a dry run names who would get in, and changes nothing'
verb apply
unanswered "$STRANGER4"
verb detach --all --dry-run
prints 'would be detached: gate0'
prints "$STRANGER4: [0-9]+ packets"
verb detach gate0 --dry-run --json
same "false true gate0 $STRANGER4" "$("$TOOLS/json" /changed /dry_run /interfaces/0 /gets_in/0/source <"$WORK/out" | xargs)"
enforced
[ ! -e "$RUN/detached" ] || die 'a dry run left a mark'
expect 2 guard detach
expect 4 guard detach world9

step 'All is detached: status says by whom and when'
SSH_CONNECTION='192.0.2.99 1 198.51.100.1 22' verb detach --all --json
same 'true gate0' "$("$TOOLS/json" /changed /interfaces/0 <"$WORK/out" | xargs)"
expect 1 guard status
prints 'NOT ENFORCED: everything is detached'
prints 'detached +everything by .+ from 192\.0\.2\.99 at 20[0-9-]+T'
expect 1 guard status --json
same '*' "$("$TOOLS/json" /detached/1/name /detached/0/name <"$WORK/out" | sort | head -n 1)"
is_detached

step 'Verbs of the list change the text, and say that it is not in force'
in_text() { grep -Eq -- "$1" "$LIST" || die "'$1' is not in the list"; }
not_in_text() { if grep -Eq -- "$1" "$LIST"; then die "'$1' is in the list"; fi; }
cp "$LIST" "$WORK/list"
verb allow 198.18.1.0/24 --name one
prints '^not in force: everything is detached$'
prints '^\+ 198\.18\.1\.0/24 '
[ "$(grep -c '^[+-] ' "$WORK/out")" -eq 1 ] || die 'more than the change is shown'
complains "interface 'gate0': stays detached: taken off by"
in_text '^198\.18\.1\.0/24 name=one$'
verb except 198.18.1.128/25
verb allow 198.18.2.0/24 --for 1h --json
same 'true null 198.18.2.0/24' "$("$TOOLS/json" /changed /generation /added/0/cidr <"$WORK/out" | xargs)"
verb allow 198.18.1.0/24 --name one
verb revoke one
not_in_text 'name=one'
expect 1 guard revoke nobody
before=$(cat "$LIST")
verb allow 198.18.3.0/24 --dry-run
same "$before" "$(cat "$LIST")" 'the list after a dry run'
expect 4 guard allow 198.18.3.0/24 --confirm-within 1h
same "$before" "$(cat "$LIST")" 'the list after a change that cannot be confirmed'
EDITOR='sed -i s,198.18.2.0,198.18.22.0,' guard edit >"$WORK/out" || die "edit: $?"
in_text '^198\.18\.22\.0/24'
verb set 203.0.113.0/24,198.18.5.0/24,2001:db8:12::/48
in_text '^198\.18\.5\.0/24'
is_detached

step 'A text that could not be published is refused as ever'
printf 'nonsense\n' >>"$LIST"
expect 3 guard allow 198.18.6.0/24
sed -i '/^nonsense$/d' "$LIST"
is_detached

step 'What is for packets alone fails, and the other way out works'
cp "$ETC/apiguard.toml" "$WORK/toml"
expect 4 guard mode enforce
complains 'everything is detached'
expect 4 guard mode audit
cmp "$ETC/apiguard.toml" "$WORK/toml"
expect 4 guard rollback
verb mode off
is_detached
grep -q 'mode *= *"off"' "$ETC/apiguard.toml" || die 'off is not in the toml'
cp "$WORK/toml" "$ETC/apiguard.toml"

step 'A boot by hand, an upgrade and a supervisor leave it'
verb apply --boot
prints 'everything is detached'
is_detached
supervise
sleep 2
is_detached
ends TERM 0

step 'Unattended, apply asks; with the risk accepted it attaches again, and the mark goes'
expect 7 guard apply
complains "risk 'detached'"
complains "interface 'gate0': detached by .+ at 20"
is_detached
expect 7 guard apply --dry-run
expect 7 guard apply --json
verb apply --accept-risk detached,unapplied
enforced
[ ! -e "$RUN/detached" ] || die 'the mark is still there'
passes 198.18.5.1
verb apply

step 'On a terminal nothing is asked'
verb detach --all
on_terminal apply
enforced
[ ! -e "$RUN/detached" ] || die 'the mark is still there'

step 'One of two interfaces: the other is published to, and this one stays'
ip link add gate1 netns "$SERVER" type veth peer name world1 netns "$CLIENT"
on_server ip link set gate1 up
on_client ip link set world1 up
config interfaces='["gate0", "gate1"]'
verb apply
verb detach gate1
attached_to() { echo "$(status_of /interfaces/0/attached) $(status_of /interfaces/1/attached)"; }
same 'true false' "$(attached_to)"
expect 1 guard status
complains "interface 'gate1': not attached"
prints 'detached +gate1 by '
verb allow 198.18.7.0/24
complains "interface 'gate1': stays detached"
prints 'is in force on gate0'
passes 198.18.7.1
verb mode audit
verb mode enforce
verb apply --boot
verb rollback --accept-risk all
verb mode enforce --accept-risk all
same 'true false' "$(attached_to)" 'after the verbs that leave it'
expect 7 guard apply
supervise
sleep 2
same 'true false' "$(attached_to)" 'with a supervisor'
kill -HUP "$SUPERVISOR"
says "risk 'detached'"
same 'true false' "$(attached_to)" 'after a reload'
ends TERM 0
enforced

step 'An interface of the mark that is not there is no risk, and the mark stays'
on_server ip link delete gate1
verb apply
[ -s "$RUN/detached" ] || die 'the mark is gone'
ip link add gate1 netns "$SERVER" type veth peer name world1 netns "$CLIENT"
on_server ip link set gate1 up
expect 7 guard apply
verb apply --accept-risk detached
same 'true true' "$(attached_to)"

step 'A mark of an older version, without a time, and a torn one'
verb detach gate1
echo gate1 >"$RUN/detached"
verb allow 198.18.8.0/24
complains "interface 'gate1': stays detached: taken off by hand"
printf 'gate1 no-time' >"$RUN/detached"
verb revoke 198.18.8.0/24
same 'true false' "$(attached_to)"
expect 1 guard status
prints 'detached +gate1: '
verb apply --accept-risk all
same 'true true' "$(attached_to)"
