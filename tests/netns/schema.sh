#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Every verb with --json has a schema, every schema is of a real answer, and every member in it was seen. Answers that are
# wrong are found.
. "$(dirname -- "$0")/lib.sh"
. "$(dirname -- "$0")/lib/supervised.sh"
SCHEMAS=$(dirname -- "$0")/../support/schemas.py
FOLDER=$ETC/authorized-ranges.d
forget
start_listener

json() { expect "$1" guard "${@:2}" --json; }
# refused VERB...: whatever the reason.
refused() {
  local status=0
  say "$ apiguard $*"
  guard "$@" --json >"$WORK/out" 2>"$WORK/err" || status=$?
  [ "$status" -ne 0 ] || die "'$*' was not refused"
  same "$status" "$("$TOOLS/json" /error/exit <"$WORK/out")" "error of '$*'"
}

# ---- what judges the answers ----

# wrong REGEX STATUS VERB TEXT: an answer that is planted is found, wherever it goes to (WAYS).
WAYS=(file)
mkdir -p "$WORK/planted"
wrong() {
  local message=$1 status=$2 verb=$3 way found kept=$ANSWERS
  printf '%s\n' '#!/bin/sh' "cat <<'TEXT'" "$4" TEXT "exit $status" >"$WORK/planted/apiguard"
  chmod +x "$WORK/planted/apiguard"
  for way in "${WAYS[@]}"; do
    ANSWERS=$(mktemp -d "$WORK/answers.XXXXXX")
    goes_to "$way" "$verb" --json
    if found=$(judge_answers); then die "$way: not found: $4"; fi
    ANSWERS=$kept
    grep -qE -- "$message" <<<"$found" || die "$way: '$message' is not in: $found"
  done
}
planted() { in_netns "$SERVER" "$WORK/planted/apiguard" "$@" || true; }
goes_to() { # WAY VERB...
  case $1 in
    file) planted "${@:2}" >"$WORK/out" ;;
    more)
      echo more >"$WORK/out"
      planted "${@:2}" >>"$WORK/out"
      ;;
    pipe) planted "${@:2}" | cat >"$WORK/out" ;;
    nowhere) planted "${@:2}" >/dev/null ;;
    background)
      in_background "$SERVER" "$WORK/planted/apiguard" "${@:2}" >"$WORK/out"
      wait "$!"
      ;;
  esac
}
# right VERB TEXT
right() {
  local found kept=$ANSWERS
  ANSWERS=$(mktemp -d "$WORK/answers.XXXXXX")
  printf '%s' "$2" >"$WORK/out"
  keep_answer 0 "$WORK/out" /usr/sbin/apiguard --config x "$1" --json
  found=$(judge_answers) || die "refused: $found"
  ANSWERS=$kept
}

step 'An answer that follows no schema is found, with its place'
right diff '{"schema": 1, "differs": false, "generation": 2, "added": [], "removed": [], "settings": []}'
WAYS=(file more pipe nowhere background)
wrong "at '/': .*'unheard_of' was unexpected" 0 diff \
  '{"schema": 1, "differs": false, "generation": 2, "added": [], "removed": [], "settings": [], "unheard_of": 1}'
WAYS=(file)
wrong "at '/': 'settings' is a required property" 0 diff \
  '{"schema": 1, "differs": false, "generation": 2, "added": [], "removed": []}'
wrong "at '/generation': 0 is less than the minimum" 0 diff \
  '{"schema": 1, "differs": false, "generation": 0, "added": [], "removed": [], "settings": []}'
wrong "at '/added/1/cidr': '2001:DB8::/32'" 0 diff '{"schema": 1, "differs": true, "generation": 2, "added": [
  {"cidr": "192.0.2.0/24", "kind": "allow", "name": null, "until": null, "origin": "authorized-ranges:1"},
  {"cidr": "2001:DB8::/32", "kind": "allow", "name": null, "until": null, "origin": "authorized-ranges:2"}],
  "removed": [], "settings": []}'
wrong "at '/added/0/until': '2026-12-01 08:00:00'" 0 diff '{"schema": 1, "differs": true, "generation": 2, "added": [
  {"cidr": "192.0.2.0/24", "kind": "allow", "name": null, "until": "2026-12-01 08:00:00", "origin": "authorized-ranges:1"}],
  "removed": [], "settings": []}'
wrong 'is no JSON' 0 status '{"schema": 1, "generations": ['
wrong "no schema of verb 'doubt'" 0 doubt '{"schema": 1}'
wrong 'the exit status is 4, and the answer says 7' 4 revoke \
  '{"schema": 1, "changed": false, "error": {"exit": 7, "message": "no"}, "risks": [], "cut": [], "warnings": []}'
wrong "at '/': 'risks' is a required property" 2 stauts '{"schema": 1, "changed": false, "error": {"exit": 2, "message": "no"},
  "cut": [], "warnings": []}'
wrong "at '/event': " 0 watch '{"time": "2026-12-01T08:00:00Z", "event": "gone"}'

step 'The verbs that answer in JSON are those that have a schema'
expect 0 "$SCHEMAS" lint "$APIGUARD"

# ---- every verb ----

declare -a QUEUED=()

step 'Nothing is in force'
for name in status list diff history suggest denied; do
  guard "$name" --json >"$WORK/out" || true
  [ -s "$WORK/out" ] || die "$name says nothing"
done
json 0 list --review

step 'Changing verbs, with entries of every kind'
mkdir -m 0755 "$FOLDER"
echo '198.18.9.0/24 name=old why=T-1 review=2020-01-01' >"$FOLDER/10-plain.list"
printf '%s\n' '#lapse 1h' '198.18.10.1 name=node why=T-2 review=2020-01-02' 198.18.10.2 >"$FOLDER/20-nodes.list"
config interfaces='["gate0"]' cluster='["10.20.0.0/16"]'
json 0 apply
json 0 allow "$STRANGER4" --name guest --why T-3 --review 2026-01-31 --for 2h
json 0 except 203.0.113.128/25 --name guests
json 0 set 203.0.113.0/24,2001:db8:12::/48,2001:db8:12::7 --accept-risk all
EDITOR=true json 0 edit
json 0 mode audit
json 0 mode enforce --accept-risk all
json 0 revoke 2001:db8:12::7
json 0 rollback
json 0 lease 198.18.20.1 198.18.20.2 --for 1h --name member
json 0 lease 2001:db8:20::1 --for 1h
json 0 revoke member
json 1 lease 198.18.20.1 --for 1h --name member
printf '%s\n' '#lapse 1h' 198.18.10.2 >"$FOLDER/20-nodes.list"
json 0 apply --dry-run
json 0 apply
json 0 check 198.18.10.1
json 0 check 198.18.9.1
json 1 check 198.18.10.1 198.18.9.1 "$OFFICE4" 192.0.2.99
json 0 list
json 0 list --review
json 0 revoke node --dry-run --accept-risk all
echo 198.18.11.0/24 >>"$ETC/authorized-ranges"
json 1 diff
json 0 apply

step 'Changes that are published together'
exec {lock}>>"$RUN/lock"
flock "$lock"
tickets() { [ "$(find "$RUN/queue" -name '*.ticket' | wc -l)" -eq "$1" ]; }
for number in 1 2; do
  guard allow "198.18.3$number.0/24" --name "queued-$number" --for 1h --json >"$WORK/queued$number" 2>/dev/null {lock}>&- &
  QUEUED[number]=$!
  wait_for 'the change to wait' tickets "$number"
done
exec {lock}>&-
for number in 1 2; do wait "${QUEUED[number]}" || die "change $number: status $?"; done
json 0 history
prints '"changes": \['

step 'Refused for a risk, and refused because a change waits'
verb mode enforce --accept-risk all
hold_connection "$OFFICE4"
refused revoke 203.0.113.0/24
refused set 198.0.0.0/7,2001:db8:12::/48
json 0 revoke office 203.0.113.0/24 --if-listed --dry-run --accept-risk all
verb apply --confirm-within 1h --accept-risk all
verb allow 198.18.12.0/24 --confirm-within 1h
json 0 status
refused apply
refused allow 198.18.13.0/24
refused except 203.0.113.192/26
refused revoke 198.18.11.0/24
EDITOR=true refused edit
refused mode enforce
verb confirm
refused rollback 4711
refused lease --unbar nobody
refused detach world9
json 0 lease --unbar member

step 'Sources and events'
in_background "$SERVER" "$APIGUARD" --config "$ETC/apiguard.toml" --state-dir "$STATE" --run-dir "$RUN" --pin-dir "$PINS" \
  watch --json </dev/null >"$WORK/events" 2>/dev/null
WATCH=$!
told() { wait_for "an event '$1'" grep -q "\"event\":\"$1\"" "$WORK/events"; }
knock() {
  drops 192.0.2.251
  grep -q 192.0.2.251 "$WORK/events"
}
wait_for 'an event' knock
answered "$OFFICE4"
told admitted
verb allow 198.18.14.0/24
told change
verb except 203.0.113.128/25 --name guests
drops 203.0.113.200
"$TOOLS/spoof" "$CLIENT/world0" 200000 "$STRANGER4" 1000 >"$WORK/sent"
told lost
kill -TERM "$WATCH"
wait "$WATCH" || die "watch: status $?"
json 0 denied --top 5
json 0 list
verb mode audit
answered "$STRANGER4" # the guest
verb revoke guest --accept-risk all
answered "$STRANGER4"
passes --flags 2 192.0.2.50
json 0 suggest
json 0 denied
verb mode enforce --accept-risk all
json 0 detach --all --dry-run

step 'What a status says of trouble'
json 0 detach gate0
json 1 status
verb apply --accept-risk all
mkdir "$WORK/elsewhere"
expect 1 on_server unshare --mount -- sh -c "mount -t bpf other /sys/fs/bpf && exec \"\$@\"" sh "$APIGUARD" \
  --config "$ETC/apiguard.toml" --state-dir "$WORK/elsewhere" --run-dir "$WORK/elsewhere" --pin-dir "$PINS" status --json
prints '"unpinned": \['
supervise
wait_for 'a snapshot' test -s "$RUN/status.json"
chmod 0711 "$WORK" "$RUN"
install -m 0755 "$APIGUARD" "$WORK/apiguard"
expect 0 on_server setpriv --reuid=65534 --regid=65534 --clear-groups -- "$WORK/apiguard" --config "$ETC/apiguard.toml" \
  --state-dir "$STATE" --run-dir "$RUN" --pin-dir "$PINS" status --json
prints '"snapshot": "'
ends TERM 0
rm "$STATE/in-force"
guard status --json >"$WORK/out" 2>/dev/null || true
prints '"damaged": \{'

step 'All of them were seen'
judge_answers --all >&2 || die 'what is listed above'
