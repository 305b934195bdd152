#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Changes that wait for the lock are published together: none is lost, each gets an answer of its own, and what one of
# them may not do leaves the others alone. allow and except do not wait for edits in other files.
. "$(dirname -- "$0")/lib.sh"
LIST=$ETC/authorized-ranges
QUEUE=$RUN/queue
verb apply

# ---- many verbs at once ----

# The lock is held until all of them wait, so that they meet whatever the machine does.
HOLDER=''
hold_lock() {
  mkfifo "$WORK/release"
  {
    exec 9>>"$RUN/lock"
    flock 9
    printf '%s apply\n' "$BASHPID" >"$RUN/lock"
    : >"$WORK/held"
    read -r _ <"$WORK/release" || true
  } &
  HOLDER=$!
  PIDS+=("$HOLDER")
  wait_for 'the lock to be taken' test -e "$WORK/held"
}
let_go() {
  echo >"$WORK/release"
  wait "$HOLDER"
  rm -f "$WORK/held" "$WORK/release"
}
tickets() { find "$QUEUE" -name '*.ticket' 2>/dev/null | wc -l; }
queued() { [ "$(tickets)" -eq "$1" ]; }

# start NAME VERB...: its output is in $WORK/NAME.out and .err, and `ended NAME STATUS` is how it ends.
declare -A PID=() TYPED=()
start() {
  local name=$1
  shift
  TYPED[$name]=$*
  nsenter --net="/run/netns/$SERVER" -- "$APIGUARD" --config "$ETC/apiguard.toml" --state-dir "$STATE" --run-dir "$RUN" \
    --pin-dir "$PINS" "$@" </dev/null >"$WORK/$name.out" 2>"$WORK/$name.err" &
  PID[$name]=$!
  PIDS+=($!)
}
# The next is started when the one before has its ticket: the order is then known.
queue() {
  local before
  before=$(tickets)
  start "$@"
  wait_for "$1 to wait" queued $((before + 1))
}
ended() {
  local status=0
  wait "${PID[$1]}" || status=$?
  # Words by construction.
  # shellcheck disable=SC2086
  keep_answer "$status" "$WORK/$1.out" "$APIGUARD" ${TYPED[$1]:-}
  same "$2" "$status" "$1: $(cat "$WORK/$1.out" "$WORK/$1.err"): exit status"
}
says() { grep -Eq -- "$2" "$WORK/$1.err" "$WORK/$1.out" || die "$1 does not say '$2': $(cat "$WORK/$1.out" "$WORK/$1.err")"; }
history_of() { guard history --json | "$TOOLS/json" "$@"; }
consistent() {
  expect 0 guard diff
  expect 0 guard status
  same '' "$(find "$QUEUE" -type f)" 'files left in the queue'
}

step 'Sixty at once, in a long list: all of them are in force, in few generations'
{
  for ((i = 0; i < 20000; ++i)); do echo "$((20 + (i >> 16))).$((i >> 8 & 255)).$((i & 255)).0/24 name=r$i"; done
  cat "$LIST"
} >"$WORK/long"
cp "$LIST" "$WORK/short"
cp "$WORK/long" "$LIST"
verb apply
hold_lock
for number in {1..60}; do start "many$number" except "20.0.1.$number" --for 1h; done
wait_for 'sixty to wait' queued 60
before=$(generation)
let_go
for number in {1..60}; do ended "many$number" 0; done
same 60 "$(grep -c '^except 20\.0\.1\.' "$LIST")" 'lines in the file'
same $((before + 1)) "$(generation)" 'one generation for all of them'
same 60 "$(history_of /generations/0/changes#)"
says many1 'published together with 59 other changes'
consistent
passes 20.0.2.1
drops 20.0.1.1 20.0.1.60

step 'rollback undoes all of them and names them'
verb rollback
complains 'undoes 60 changes'
complains 'except 20\.0\.1\.[0-9]+ --for 1h \(.*\)$'
complains 'and 50 more'
passes 20.0.1.1 20.0.1.60
consistent

step 'Three hundred at once: none is refused for want of time'
cp "$WORK/short" "$LIST"
verb apply --accept-risk all
for number in {1..300}; do start "crowd$number" except "203.0.113.$((number % 250 + 4))" --name "n$number" --for 1h --accept-risk all; done
for number in {1..300}; do ended "crowd$number" 0; done
same 250 "$(grep -c '^except 203\.0\.113\.' "$LIST")" 'lines in the file'
consistent
cp "$WORK/short" "$LIST"
verb apply --accept-risk all

step 'Leases at once, and among changes of the list: an edition, one generation for the others'
before=$(generation)
hold_lock
for number in {1..100}; do start "lease$number" lease "198.51.$number.1" --for 1h --name "node-$number"; done
wait_for 'a hundred to wait' queued 100
let_go
for number in {1..100}; do ended "lease$number" 0; done
same "$before" "$(generation)" 'the generation after nothing but leases'
passes 198.51.1.1 198.51.100.1
hold_lock
queue first lease 198.51.200.1 --for 1h --name mixed
queue allowed allow 198.18.77.0/24 --for 1h
queue second lease 198.51.201.1 --for 1h --name mixed --json
queue banned except 198.51.202.1 --for 1h
queue third lease 198.51.202.1 --for 1h --name mixed
queue outside lease 198.51.203.1 --for 1h --name mixed --within 192.0.2.0/24
queue torn revoke node-1
queue raced lease 198.51.204.1 --for 1h --name raced
queue barred revoke raced
queue late lease 198.51.204.1 --for 1h --name raced
let_go
for name in first allowed second banned torn raced; do ended "$name" 0; done
ended third 1
# Published together or not: what is revoked is gone once the revoke has ended, and comes back by nothing that waited.
ended barred 0
wait "${PID[late]}" || true
drops 198.51.204.1
ended outside 1
says first '^1 lease added until'
says second '"result": "added"'
says third "lease '198\.51\.202\.1/32': not in force: excepted by 198\.51\.202\.1/32"
says outside "lease '198\.51\.203\.1/32': outside: outside of --within"
says allowed 'published together with 1 other change'
passes 198.51.200.1 198.51.201.1 198.18.77.1
drops 198.51.202.1 198.51.203.1 198.51.1.1
same 2 "$(history_of '/generations/0/changes#')" 'changes of the newest generation'
consistent

step 'What goes alone meets all that waited before it, and leads even where it was the last'
for kind in lease allow; do
  hold_lock
  queue before "$kind" 198.51.205.1 --for 1h --name "before-$kind"
  queue goes-alone revoke "before-$kind" --accept-risk all
  queue behind "$kind" 198.51.206.1 --for 1h --name "behind-$kind"
  kill -STOP "${PID[before]}" "${PID[behind]}"
  let_go
  ended goes-alone 0
  drops 198.51.205.1
  kill -CONT "${PID[before]}" "${PID[behind]}"
  ended before 0
  ended behind 0
  drops 198.51.205.1
  passes 198.51.206.1
  consistent
  verb revoke "behind-$kind"
  if [ "$kind" = lease ]; then
    for place in before behind; do verb lease --unbar "$place-lease"; done
  fi
done

step 'Each is judged by the text with those before it, and history tells the order'
hold_lock
queue first allow 198.18.1.0/24 --name one
queue second except 198.18.1.128/25 --json
queue again allow 198.18.1.0/24 --name one
queue third revoke one
queue fourth allow 198.18.1.0/24 --name two
queue nobody revoke nobody
queue missing revoke 198.18.1.0/25
queue absent revoke nobody 203.0.113.77 --if-listed
queue absent-too revoke nobody --if-listed --json
queue wide allow 128.0.0.0/1
before=$(generation)
let_go
for name in first second again third fourth; do ended "$name" 0; done
ended nobody 1
says nobody "name 'nobody'"
ended missing 1
says missing 'apiguard except 198\.18\.1\.0/25'
ended absent 1 # 203.0.113.0/24 lists it
says absent 'apiguard except 203\.0\.113\.77/32'
ended absent-too 0
says absent-too "name 'nobody': no such entry: nothing to revoke"
same false "$("$TOOLS/json" /changed <"$WORK/absent-too.out")"
ended wide 7
says wide "risk 'wide'"
says again 'already listed'
says again "unchanged: generation $((before + 1)) stays in force"
same "true $((before + 1)) 1 198.18.1.128/25 except 0" \
  "$("$TOOLS/json" /changed /generation /added# /added/0/cidr /added/0/kind /removed# <"$WORK/second.out" | xargs)"
same $((before + 1)) "$(generation)"
same 4 "$(history_of /generations/0/changes#)"
same "allow 198.18.1.0/24 --name one|except 198.18.1.128/25 --json|revoke one|allow 198.18.1.0/24 --name two" \
  "$(history_of /generations/0/changes/{0,1,2,3}/verb | paste -sd '|')"
same '198.18.1.0/24 one' "$(history_of /generations/0/changes/2/removed/0/cidr /generations/0/changes/2/removed/0/name | xargs)"
passes 198.18.1.1
drops 198.18.1.129
same 1 "$(grep -c '^198\.18\.1\.0/24 name=two' "$LIST")"
consistent

step 'What undoes another change of the same group is a change all the same'
hold_lock
queue comes allow 198.18.2.0/24
queue goes revoke 198.18.2.0/24
before=$(generation)
let_go
ended comes 0
ended goes 0
same $((before + 1)) "$(generation)"
same 2 "$(history_of /generations/0/changes#)"
drops 198.18.2.1
consistent

step 'One that makes the list wrong leaves: the others are published'
config cluster='["10.20.0.0/16"]'
verb apply
hold_lock
queue good1 allow 198.18.3.0/24
queue bad except 10.20.3.0/24
queue good2 allow 198.18.4.0/24
queue late except 10.20.3.0/24
let_go
ended good1 0
ended good2 0
ended bad 3
ended late 3
says bad '10\.20\.3\.0/24'
passes 198.18.3.1 198.18.4.1
consistent

step 'Ends that are nested too deeply are found out only when all is compiled: who nests them leaves'
hold_lock
length=8 name=''
while [ "$length" -le 27 ]; do
  name="nest$length"
  queue "$name" allow "11.0.0.0/$length" --for "$((100 - length))h"
  length=$((length + 1))
done
queue beside allow 198.18.5.0/24
let_go
ended beside 0
refused=0
for ((length = 8; length <= 27; ++length)); do
  wait "${PID[nest$length]}" || { same 3 "$?" "nest$length" && refused=$((refused + 1)); }
done
[ "$refused" -gt 0 ] || die 'nothing was nested too deeply: the test asks nothing'
passes 198.18.5.1
consistent
while grep -q '^11\.' "$LIST"; do verb revoke "$(grep -m 1 '^11\.' "$LIST" | cut -d' ' -f1)" --accept-risk all; done

step 'A connected client: whoever would cut it is asked by itself, and the others are published'
start_listener
hold_connection "$OFFICE4"
hold_lock
queue cuts except "$OFFICE4"
queue cuts-accepted except 203.0.113.9 --accept-risk drop-peers
queue no-matter allow 198.18.6.0/24
let_go
ended cuts 7
says cuts "risk 'drop-peers'"
ended cuts-accepted 0
ended no-matter 0
passes 198.18.6.1 "$OFFICE4"
drops 203.0.113.9
consistent
verb revoke 203.0.113.9

step 'Who has gone away is not published'
hold_lock
queue stays allow 198.18.7.0/24
queue killed allow 198.18.8.0/24
queue interrupted allow 198.18.9.0/24
queue stays2 allow 198.18.10.0/24
kill -KILL "${PID[killed]}"
kill -TERM "${PID[interrupted]}"
wait "${PID[killed]}" "${PID[interrupted]}" 2>/dev/null || true
let_go
ended stays 0
ended stays2 0
passes 198.18.7.1 198.18.10.1
drops 198.18.8.1 198.18.9.1
if grep -Eq '^198\.18\.(8|9)\.' "$LIST"; then die 'the change of one that went away is in the file'; fi
consistent

step 'What nobody waits for, or cannot be read, is no obstacle'
mkdir -p "$QUEUE"
for number in {1..50}; do echo nonsense >"$QUEUE/00000000000000000$number-1-0.ticket"; done
echo nonsense >"$QUEUE/00000000000000000077-1-0.answer"
ln -s /etc/passwd "$QUEUE/00000000000000000078-1-0.ticket"
verb allow 198.18.11.0/24
consistent

step 'A ticket of another version is refused by that name'
hold_lock
exec {theirs}>"$QUEUE/00000000000000000001-1-0.ticket"
flock "$theirs"
echo '{"version": 99, "kind": "teleport"}' >&"$theirs"
start ours allow 198.18.12.0/24
wait_for 'ours to wait' queued 2
let_go
ended ours 0
same 4 "$("$TOOLS/json" /exit <"$QUEUE/00000000000000000001-1-0.answer")"
"$TOOLS/json" /error <"$QUEUE/00000000000000000001-1-0.answer" | grep 'version 99' >/dev/null || die 'the version is not named'
exec {theirs}>&-
verb revoke 198.18.12.0/24
consistent

step 'A ticket that no verb of ours would leave is refused as the verb would, and nothing of it is listed'
hold_lock
exec {theirs}>"$QUEUE/00000000000000000001-1-0.ticket"
flock "$theirs"
echo '{"version":2,"by":"root","verb":"lease","json":false,"colour":false,"accepted":[],"warnings":[],"kind":"lease",
  "prefixes":["198.51.230.0/24"],"name":"wide","lasts":3600000000000,"within":[],"from_ssh":false,"members":false}' \
  >&"$theirs"
start ours lease 198.51.231.1 --for 1h --name narrow
wait_for 'ours to wait' queued 2
let_go
ended ours 0
same 2 "$("$TOOLS/json" /exit <"$QUEUE/00000000000000000001-1-0.answer")"
"$TOOLS/json" /error <"$QUEUE/00000000000000000001-1-0.answer" | grep 'a lease is for one address' >/dev/null || die 'it is not named'
exec {theirs}>&-
drops 198.51.230.1
passes 198.51.231.1
verb revoke narrow
verb allow 198.18.12.0/24 # clears the answer that nobody waits for
verb revoke 198.18.12.0/24
consistent

step 'A window is open: each of them is refused, as alone'
verb allow 198.18.13.0/24 --confirm-within 1h
hold_lock
queue window1 allow 198.18.14.0/24
queue window2 revoke 198.18.10.0/24
let_go
ended window1 4
ended window2 4
verb confirm
consistent

step 'Edits in the toml and in drop-ins stay unapplied, and are named'
mkdir -p "$ETC/authorized-ranges.d"
echo 198.18.20.0/24 >"$ETC/authorized-ranges.d/10-tool.list"
config endpoints='["6443", "8443"]' cluster='["10.20.0.0/16"]'
hold_lock
queue edits1 allow 198.18.15.0/24
queue edits2 except 198.18.15.128/25
queue edits3 revoke 198.18.10.0/24
let_go
ended edits1 0
ended edits2 0
says edits1 'stay unapplied'
says edits1 '198\.18\.20\.0/24'
says edits1 'endpoints: '
ended edits3 7
says edits3 "risk 'unapplied'"
passes 198.18.15.1
drops 198.18.15.129 198.18.20.1
verb except 198.18.16.0/24
complains 'stay unapplied'
drops 198.18.20.1
same true "$(status_of /unapplied)"

step 'A toml that is broken, or is gone, keeps nobody from allowing'
echo 'interfaces = [' >"$ETC/apiguard.toml"
verb allow 198.18.17.0/24
complains 'apiguard validate'
passes 198.18.17.1
printf '10.0.0.0/08\n' >"$ETC/authorized-ranges.d/10-tool.list"
verb except 198.18.17.128/25
drops 198.18.17.129
rm "$ETC/apiguard.toml"
verb allow 198.18.18.0/24
passes 198.18.18.1
expect 3 guard revoke 198.18.18.0/24
config cluster='["10.20.0.0/16"]'
rm "$ETC/authorized-ranges.d/10-tool.list"
consistent

step 'Edits in the list itself are asked about, but for what is asked for'
echo '198.18.30.0/24 name=by-hand' >>"$LIST"
keeps expect 7 guard allow 198.18.31.0/24
complains '198\.18\.30\.0/24'
changes verb allow 198.18.30.0/24 --name by-hand
passes 198.18.30.1
consistent

step 'What is in force and missing in the file is written there, and nothing is published'
sed -i '/198\.18\.30\.0/d' "$LIST"
keeps verb allow 198.18.30.0/24
grep -q '^198\.18\.30\.0/24 name=by-hand$' "$LIST" || die 'it is not in the file, with its name'
consistent
passes 198.18.30.1

step 'The run folder has no room for a queue: each goes alone'
rm -rf "$QUEUE"
echo file >"$QUEUE"
changes verb allow 198.18.32.0/24
rm "$QUEUE"
consistent

# ---- leaders that die or stop ----

# lead_and_die AT: two wait, one that leads them is killed at its AT-th system call. False: it was not.
lead_and_die() {
  local at=$1 octet=$2
  hold_lock
  queue before allow "198.19.$octet.0/25"
  before_count=$(tickets)
  on_server "$TOOLS/kill_at" "$at" "$APIGUARD" --config "$ETC/apiguard.toml" --state-dir "$STATE" --run-dir "$RUN" \
    --pin-dir "$PINS" except "198.19.$octet.64/26" --accept-risk all </dev/null >"$WORK/killed" 2>&1 &
  PID[leader]=$!
  PIDS+=($!)
  wait_for 'the leader to wait or to die' leader_waits "$((before_count + 1))"
  queue behind revoke "temporary$octet"
  let_go
  wait "${PID[leader]}" || true
  ended before 0
  ended behind 0
  grep -q '^killed' "$WORK/killed"
}
leader_waits() { queued "$1" || ! kill -0 "${PID[leader]}" 2>/dev/null; }

step 'A leader is killed on its way: whoever waits goes on, and nothing is lost'
config cluster='["10.20.0.0/16"]'
killed=0 octet=0
for ((at = 1; ; at += 9)); do
  octet=$((octet + 1))
  verb allow "198.20.$octet.0/24" --name "temporary$octet"
  if ! lead_and_die "$at" "$octet"; then break; fi
  killed=$((killed + 1))
  passes "198.19.$octet.1"
  drops "198.20.$octet.1"
  same 1 "$(grep -c "^198\.19\.$octet\.0/25" "$LIST")" "killed at $at: lines in the file"
  expect 0 guard diff
done
say "$killed kills"
[ "$killed" -ge 5 ] || die 'too few kills to say anything'
verb allow 198.18.40.0/24
consistent

step 'A leader is stopped in the middle of its publish: the others are never told that nothing was changed'
verb allow 198.18.50.0/24
mkfifo "$WORK/go"
stopped=0
for ((at = 20; at <= 44; at += 12)); do
  hold_lock
  number=$((50 + at))
  on_server "$TOOLS/kill_at" --stop "$at" "$APIGUARD" --config "$ETC/apiguard.toml" --state-dir "$STATE" --run-dir "$RUN" \
    --pin-dir "$PINS" allow "198.18.$number.0/25" <"$WORK/go" >"$WORK/leader" 2>"$WORK/leader.err" &
  leader=$!
  PIDS+=("$leader")
  exec {go}>"$WORK/go"
  wait_for 'the leader to wait' queued 1
  queue "stuck$at" allow "198.18.$number.128/25"
  # The other one is stopped until the leader has the lock.
  kill -STOP "${PID[stuck$at]}"
  let_go
  wait_for 'the leader to be stopped' grep -q . "$WORK/leader"
  kill -CONT "${PID[stuck$at]}"
  ended "stuck$at" 4
  grep -q '^stopped' "$WORK/leader" && stopped=$((stopped + 1))
  says "stuck$at" 'which is stopped'
  taken=no
  if grep -Eq 'has taken this change|is part of generation' "$WORK/stuck$at.err"; then taken=yes; fi
  echo >&"$go"
  wait "$leader" || die "the leader: $(cat "$WORK/leader" "$WORK/leader.err")"
  exec {go}>&-
  passes "198.18.$number.1"
  # What was withdrawn is not published; what was taken is as the history says.
  published=no
  if grep -q "^198\.18\.$number\.128/25" "$LIST"; then published=yes; fi
  [ "$published" = no ] || [ "$taken" = yes ] || die "stopped at $at: withdrawn, and published"
  say "stopped at $at: taken $taken, published $published"
  verb allow 198.18.50.0/24 # sweeps up what the other one did not hear
  consistent
done
[ "$stopped" -ge 2 ] || die 'no leader was stopped'

step 'A leader is stopped: who waits in vain ends with 4, and is not published when it goes on'
exec 8>>"$RUN/lock"
flock 8
printf '1 apply\n' >"$RUN/lock"
start vain allow 198.18.41.0/24
start vain2 revoke 198.18.40.0/24
ended vain 4
ended vain2 4
says vain 'gave up after 10 s'
exec 8>&-
drops 198.18.41.1
passes 198.18.40.1
verb allow 198.18.42.0/24
drops 198.18.41.1
consistent
