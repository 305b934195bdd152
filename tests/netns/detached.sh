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
complains "interface 'gate0': not attached: detached by"
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
complains "interface 'gate1': not attached: detached"
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

step 'An apply that nobody confirms: what was detached is so again, for everybody'
verb detach gate1
supervise
verb apply --accept-risk detached --confirm-within 2s
same 'true true' "$(attached_to)" 'in the window'
half() { [ "$(attached_to)" = 'true false' ]; }
wait_for 'the undoing' half
sleep 2
same 'true false' "$(attached_to)" 'after the supervisor settled it'
ends TERM 0
verb allow 198.18.40.0/24
same 'true false' "$(attached_to)" 'after a change of the list'
verb apply --accept-risk detached --confirm-within 1m
verb confirm
same 'true true' "$(attached_to)" 'confirmed'
verb allow 198.18.41.0/24
[ ! -e "$RUN/detached" ] || die "the mark outlives the confirmation: $(cat "$RUN/detached")"

step 'Changes that are published together leave it, too'
verb detach gate1
exec 9>>"$RUN/lock"
flock 9
for number in 42 43; do
  guard allow "198.18.$number.0/24" >"$WORK/queued$number" 2>&1 9>&- &
  PIDS+=($!)
done
two_wait() { [ "$(find "$RUN/queue" -name '*.ticket' | wc -l)" -eq 2 ]; }
wait_for 'two to wait' two_wait
flock -u 9
exec 9>&-
both_end() { grep -q 'in force' "$WORK/queued42" && grep -q 'in force' "$WORK/queued43"; }
wait_for 'both to end' both_end
same 'true false' "$(attached_to)" 'after changes that waited'
grep -q "interface 'gate1': not attached: detached" "$WORK/queued42" || die "nothing is said: $(cat "$WORK/queued42")"
passes 198.18.42.1 198.18.43.1

step 'Renamed it is the same interface'
config interfaces='["gate*"]'
verb apply --accept-risk detached
verb detach gate1
on_server ip link set gate1 down
on_server ip link set gate1 name gate9
on_server ip link set gate9 up
verb allow 198.18.44.0/24
complains "interface 'gate9': not attached: detached"
same 'true false' "$(attached_to)"
supervise
sleep 2
same 'true false' "$(attached_to)" 'with a supervisor'
ends TERM 0
on_server ip link set gate9 down
on_server ip link set gate9 name gate1
on_server ip link set gate1 up
config interfaces='["gate0", "gate1"]'

step 'What others left on an interface that is guarded is void'
verb apply --accept-risk detached
printf '* \ngate0\ngate1\n' >"$RUN/detached"
expect 0 guard status
if grep -q '^detached' "$WORK/out"; then die 'it is called detached'; fi
verb allow 198.18.45.0/24
[ ! -e "$RUN/detached" ] || die "void marks stay: $(cat "$RUN/detached")"

step 'Accepting the risk takes away no mark that it does not name; a terminal means all'
verb detach gate1
on_server ip link delete gate1
echo 198.18.46.0/24 >>"$LIST"
verb apply --accept-risk detached
[ -s "$RUN/detached" ] || die 'the mark of what is not there is gone'
echo 198.18.47.0/24 >>"$LIST"
on_terminal apply
[ ! -e "$RUN/detached" ] || die 'a terminal leaves a mark'
ip link add gate1 netns "$SERVER" type veth peer name world1 netns "$CLIENT"
on_server ip link set gate1 up
verb apply

step 'A way out is for the interface that is not there as well'
verb detach gate1
on_server ip link delete gate0
verb mode off
silent_about 'everything is detached'
supervise
make_pair 0
bare 0
sleep 1
bare 0
ends TERM 0
verb mode enforce --accept-risk all
enforced

step 'Where everything is detached, what is risky about a list is asked about'
verb detach --all
cp "$LIST" "$WORK/list"
expect 7 guard set ''
complains "risk 'off'"
expect 7 guard allow 0.0.0.0/0
complains "risk 'wide'"
for number in {1..20}; do echo "198.19.$number.0/24"; done >"$LIST"
echo 198.19.1.0/24 >"$WORK/short"
expect 7 guard set --file "$WORK/short"
complains "risk 'shrink'"
cp "$WORK/list" "$LIST"
verb allow 198.18.48.0/24
complains 'a boot restores generation [0-9]+'
printf 'interfaces = [\n' >"$ETC/apiguard.toml"
verb mode off
prints 'everything is detached'
config interfaces='["gate0", "gate1"]'
verb apply --accept-risk all

step 'A list that came empty while everything was detached: what lapses does, and what shrinks is asked about'
mkdir -p "$ETC/authorized-ranges.d"
NODES=$ETC/authorized-ranges.d/nodes.list OTHERS=$ETC/authorized-ranges.d/others.list
{ echo '#lapse 24h' && for number in {1..12}; do echo "198.19.1.$number"; done; } >"$NODES"
for number in {1..12}; do echo "198.19.2.$number"; done >"$OTHERS"
verb apply
verb detach --all
echo '#lapse 24h' >"$NODES"
: >"$OTHERS"
expect 7 guard apply --accept-risk detached
complains "risk 'shrink'"
verb apply --accept-risk detached,shrink
passes 198.19.1.1 198.19.1.12
drops 198.19.2.1
rm "$NODES" "$OTHERS"

step 'A rollback to fewer interfaces lets the others go'
config interfaces='["gate0"]'
verb apply --accept-risk all
before=$(generation)
config interfaces='["gate0", "gate1"]'
verb apply --accept-risk all
verb allow 198.18.60.0/24
verb rollback "$before" --accept-risk all
silent_about 'stays guarded'
[ -z "$(find "$PINS/links" -name 'gate1-*')" ] || die 'gate1 stays guarded'
enforced
config interfaces='["gate0", "gate1"]'
verb apply --accept-risk all

step 'A mark of an older version, without a time, and a torn one'
verb detach gate1
echo gate1 >"$RUN/detached"
verb allow 198.18.8.0/24
complains "interface 'gate1': not attached: detached by hand"
printf 'gate1 no-time' >"$RUN/detached"
verb revoke 198.18.8.0/24
same 'true false' "$(attached_to)"
expect 1 guard status
prints 'detached +gate1: '
verb apply --accept-risk all
same 'true true' "$(attached_to)"
