#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# The stage every test here plays on, and its few words. Sourced first; a test is then a list of promises.
#
#    namespace $CLIENT                                     namespace $SERVER
#   ┌──────────────────────────────┐                      ┌──────────────────────────────────┐
#   │ world0  203.0.113.7          │                      │ gate0  198.51.100.1              │
#   │         2001:db8:12::7   the │         veth         │        2001:db8:1::1             │
#   │         office, listed       ├──────────────────────┤                                  │
#   │         192.0.2.7            │                      │ listener  :6443  protected       │
#   │         2001:db8:a::7    the │                      │           :8443  nobody's        │
#   │         stranger, not listed │                      │ apiguard, with folders in $WORK  │
#   └──────────────────────────────┘                      └──────────────────────────────────┘
#
# Neighbours are entered by hand and nothing speaks unasked, so that every packet on the wire is one the test sent and
# counters can be compared exactly. Names hold the test's name and pid, so that runs never meet. nsenter instead of
# `ip netns exec`, whose /sys has no bpffs, and of `ip -n`, which does not run in a chroot. Nothing outside of the two namespaces is touched, and nothing is left.
#
# Every answer with --json is kept and judged by the schema of its verb when the test is over.
#
# APIGUARD is the binary, TOOLS the folder of the tools of tests/support. Exit 77: could not run, claims nothing.
set -euo pipefail

NAME=$(basename -- "$0" .sh)
LEFT_OUT_NAME=netns.$NAME
. "$(dirname -- "${BASH_SOURCE[0]}")/lib/left_out.sh"
SERVER=agt-$NAME-$$-server
CLIENT=agt-$NAME-$$-client
PINS=/sys/fs/bpf/agtest-$NAME-$$
OFFICE4=203.0.113.7 OFFICE6=2001:db8:12::7
STRANGER4=192.0.2.7 STRANGER6=2001:db8:a::7
SERVER4=198.51.100.1 SERVER6=2001:db8:1::1
WORK='' PIDS=() MOUNTS=()
ANSWERS='' # where answers are kept
# Where apiguard runs: with its folders here, overridden by a test that has several instances.
ETC='' STATE='' RUN=''

# ---- saying ----

say() { printf '%s\n' "$*"; }
step() { printf '\n== %s\n' "$*"; }

die() {
  printf 'FAILED: %s\n' "$*" >&2
  printf '  at line %s of %s\n' "$(caller_line)" "$0" >&2
  exit 1
}

# The line of the test itself that led here.
caller_line() {
  local depth
  for depth in "${!BASH_SOURCE[@]}"; do
    if [ "${BASH_SOURCE[$depth]}" = "$0" ]; then
      echo "${BASH_LINENO[$((depth - 1))]}"
      return
    fi
  done
  echo '?'
}

same() {
  [ "$2" = "$1" ] || die "${3:-}${3:+: }expected '$1', got '$2'"
}

# ---- where things run ----

in_netns() {
  local netns=$1
  shift
  answering nsenter --net="/run/netns/$netns" -- "$@"
}
# $! is then the command itself and no shell around it, so that killing it leaves nothing behind.
in_background() {
  local netns=$1
  shift
  keep_path "$@"
  nsenter --net="/run/netns/$netns" -- "$@" &
  PIDS+=($!)
}
on_server() { in_netns "$SERVER" "$@"; }
on_client() { in_netns "$CLIENT" "$@"; }

# ---- answers ----

# answering COMMAND...: runs it. If it is apiguard with --json, its answer is kept. What goes to a file goes there
# directly, so that it can be read meanwhile; what goes to a pipe takes a detour. What goes to a terminal is not kept.
answering() {
  local status=0 detour
  if ! asks_for_json "$@"; then
    "$@"
  elif [ -f /proc/self/fd/1 ] && [ ! -s /proc/self/fd/1 ]; then
    "$@" || status=$?
    keep_answer "$status" /proc/self/fd/9 "$@" 9>&1
    return "$status"
  elif [ -p /proc/self/fd/1 ] || [ -f /proc/self/fd/1 ] || [ /proc/self/fd/1 -ef /dev/null ]; then
    detour=$(answer_file)
    "$@" >"$detour" || status=$?
    keep_answer "$status" "$detour" "$@"
    cat "$detour"
    rm "$detour"
    return "$status"
  else
    "$@"
  fi
}
asks_for_json() {
  case " $* " in *'/apiguard '*) ;; *) return 1 ;; esac
  case " $* " in *' --json '* | *' -o json '* | *' --output json '* | *' --output=json '* | *' -ojson '* | *' -o=json '*) ;; *) false ;; esac
}
answer_file() { echo "$ANSWERS/$EPOCHREALTIME-$BASHPID"; }

# keep_answer STATUS FILE COMMAND...: FILE has what it printed.
keep_answer() {
  local kept
  asks_for_json "${@:3}" || return 0
  kept=$(answer_file)
  cat "$2" >"$kept.out"
  printf '%s\0' "$1" "${@:3}" >"$kept.call"
}
# keep_path COMMAND...: its answer will be in the file that is standard output now. Nobody else is to write there.
keep_path() {
  local kept
  asks_for_json "$@" || return 0
  kept=$(answer_file)
  readlink /proc/self/fd/9 9>&1 >"$kept.path"
  printf '%s\0' '' "$@" >"$kept.call"
}

# APIGUARD_JUDGE=no is for machines without Python: the same tests give the same answers elsewhere.
judge_answers() { # [--all]
  [ "${APIGUARD_JUDGE:-}" != no ] || return 0
  [ -n "$(find "$ANSWERS" -name '*.call' -print -quit)" ] || [ $# -gt 0 ] || return 0
  "$(dirname -- "${BASH_SOURCE[0]}")/../support/schemas.py" judge "$ANSWERS" "$@"
}

# ---- apiguard ----

# apiguard as this test's instance, without a word. Verbs that ask have no terminal here.
guard() {
  on_server "$APIGUARD" --config "$ETC/apiguard.toml" --state-dir "$STATE" --run-dir "$RUN" --pin-dir "$PINS" "$@" \
    </dev/null
}

# expect STATUS COMMAND...: shows the command, runs it, wants exactly this exit status. Output is in $WORK/out and
# $WORK/err, and shown if the status is another.
expect() {
  local wanted=$1 status=0
  shift
  case $1 in
    guard) printf '$ apiguard %s\n' "${*:2}" ;;
    *) printf '$ %s\n' "$*" ;;
  esac
  "$@" >"$WORK/out" 2>"$WORK/err" || status=$?
  if [ "$status" -ne "$wanted" ]; then
    sed 's/^/  out: /' "$WORK/out" >&2
    sed 's/^/  err: /' "$WORK/err" >&2
    die "exit status $status instead of $wanted"
  fi
}

# verb ARGUMENTS...: a verb that has to work.
verb() { expect 0 guard "$@"; }

# What the last expect printed on stderr (complains) and stdout (prints), as extended regular expressions.
complains() { contains err "$1"; }
prints() { contains out "$1"; }
contains() {
  grep -E -- "$2" "$WORK/$1" >/dev/null || {
    sed "s/^/  $1: /" "$WORK/$1" >&2
    die "no line of $1 matches '$2'"
  }
}
silent_about() {
  if cat "$WORK/out" "$WORK/err" | grep -E -- "$1" >&2; then die "a line matches '$1'"; fi
}

# As a boot leaves a host: nothing is attached, and nobody took it off.
unguard() {
  verb detach --all
  rm -f "$RUN/detached"
}

# wait_for WHAT COMMAND...: until the command succeeds; gives up after a minute, or as many seconds as APIGUARD_PATIENCE.
wait_for() {
  local what=$1 end=$((SECONDS + ${APIGUARD_PATIENCE:-60}))
  shift
  while [ "$SECONDS" -lt "$end" ]; do
    if "$@" >/dev/null 2>&1; then return; fi
    sleep 0.1
  done
  die "$what: not after ${APIGUARD_PATIENCE:-60} s"
}

# ---- files ----

# config [KEY=TOML...]: writes the configuration; interfaces = ["gate0"] unless said otherwise.
config() {
  local line
  {
    [[ " $* " == *' interfaces='* ]] || echo 'interfaces = ["gate0"]'
    for line in "$@"; do echo "${line%%=*} = ${line#*=}"; done
  } >"$ETC/apiguard.toml"
}

# ranges LINE...: writes the CLI's file.
ranges() {
  local line
  for line in "$@"; do echo "$line"; done >"$ETC/authorized-ranges"
}
plain_config() { config interfaces='["gate0"]'; }
office() { ranges 203.0.113.0/24 2001:db8:12::/48; }

# reseal RECORD: a meta.json that the test has edited gets the digest of what it says now.
reseal() {
  local sum
  sum=$(sed '/"record_digest"/d' "$1" | sha256sum | cut -d' ' -f1)
  sed -i "s/\"record_digest\": \"[0-9a-f]*\"/\"record_digest\": \"$sum\"/" "$1"
}

# ---- asking ----

# of POINTER VERB...: one value of the JSON that a verb prints, whatever its exit status.
of() {
  local pointer=$1
  shift
  { guard "$@" --json || true; } 2>/dev/null | "$TOOLS/json" "$pointer"
}
status_of() { of "$1" status; }
generation() { status_of /generation; }
edition() { status_of /edition; }

# changes COMMAND... / keeps COMMAND...: and the generation in force is the next one, or the same.
moves() {
  local by=$1 before
  shift
  before=$(generation)
  [ "$before" != null ] || before=0
  "$@"
  same $((before + by)) "$(generation)" "the generation after '${*:2}'"
}
changes() { moves 1 "$@"; }
keeps() { moves 0 "$@"; }
# renews COMMAND...: and the generation in force is the same, in a newer edition.
renews() {
  local before
  before=$(edition)
  keeps "$@"
  [ "$(edition)" -gt "$before" ] || die "the edition after '$*' is still $before"
}

# counter OUTCOME REASON
counter() {
  local value
  value=$(of "/counters/$1/$2" status)
  [ "$value" != absent ] || value=0
  echo "$value"
}

# counts OUTCOME REASON NUMBER COMMAND...: the command moves this counter by exactly so much.
counts() {
  local outcome=$1 reason=$2 number=$3 before
  shift 3
  before=$(counter "$outcome" "$reason")
  "$@"
  same "$number" $(($(counter "$outcome" "$reason") - before)) "packets counted as $outcome $reason"
}

# ---- packets ----

# probe [OPTION...] SOURCE...: one TCP frame a source from world0 to gate0, port 6443; a "SOURCE pass|drop" a line.
probe() { "$TOOLS/probe" "$CLIENT/world0" "$SERVER/gate0" "$@"; }

# passes/drops [OPTION...] SOURCE...: and that is what becomes of all of them.
passes() { verdicts pass "$@"; }
drops() { verdicts drop "$@"; }
verdicts() {
  local wanted=$1 lines
  shift
  lines=$(probe "$@") || die "probe $*"
  if grep -v " $wanted\$" <<<"$lines" >&2; then die "probe $*: expected $wanted"; fi
}

# start_prober NUMBER and ask NUMBER SOURCE...: a probe of that pair which stays, for tests that ask often. Answers in
# letters, P or D a source.
declare -A ASK=() SAY=()
start_prober() {
  local fd
  mkfifo "$WORK/ask$1" "$WORK/say$1"
  "$TOOLS/probe" "$CLIENT/world$1" "$SERVER/gate$1" - <"$WORK/ask$1" >"$WORK/say$1" &
  PIDS+=($!)
  exec {fd}>"$WORK/ask$1"
  ASK[$1]=$fd
  exec {fd}<"$WORK/say$1"
  SAY[$1]=$fd
}
ask() {
  local number=$1 letters
  shift
  echo "$*" >&"${ASK[$number]}"
  read -r letters <&"${SAY[$number]}" || die 'the prober is gone'
  echo "$letters"
}

enforced() {
  passes "$OFFICE4" "$OFFICE6"
  drops "$STRANGER4" "$STRANGER6"
}
not_enforced() { passes "$OFFICE4" "$OFFICE6" "$STRANGER4" "$STRANGER6"; }

# A client that connects. Silence is judged after 300 ms, before it would repeat its SYN; an answer may take long.
answered() { connects answered 10000 "$@"; }
unanswered() { connects silent 300 "$@"; }
connects() {
  local wanted=$1 patience=$2 source=$3 port=${4:-6443} server=$SERVER4 outcome
  case $source in *:*) server=$SERVER6 ;; esac
  server=${5:-$server}
  outcome=$(on_client "$TOOLS/connect" "$source" "$server" "$port" "$patience") || true
  say "  $source -> $server port $port: $outcome"
  same "$wanted" "$outcome" "$source -> $server port $port"
}

# hold_connection SOURCE: one that stays. `echo WORD >&"${HELD[1]}"` sends a line, `said WORD` is what became of it.
hold_connection() {
  coproc HELD { exec nsenter --net="/run/netns/$CLIENT" -- "$TOOLS/connect" --hold "$1" "$SERVER4" 6443 2000; }
  PIDS+=("$HELD_PID")
  said answered
  echo one >&"${HELD[1]}"
  said echo
}
said() {
  local line && read -r line <&"${HELD[0]}" && same "$1" "$line" 'the held connection'
}

# ---- the stage ----

start_listener() {
  in_background "$SERVER" "$TOOLS/listener" 6443 8443 >"$WORK/listener.log" 2>&1 </dev/null
  wait_for 'the listener' grep -qx ready "$WORK/listener.log"
}

# Born inside its namespace: the host never sees it, not even for a moment. One queue, so that frames stay in order.
make_pair() {
  local number=$1
  ip link add "gate$number" netns "$SERVER" numtxqueues 1 numrxqueues 1 address "02:00:00:00:0$number:01" type veth \
    peer name "world$number" netns "$CLIENT" numtxqueues 1 numrxqueues 1 address "02:00:00:00:0$number:02"
  bring_up "$SERVER" "gate$number" "$SERVER4/32" "$SERVER6/128"
  bring_up "$CLIENT" "world$number" "$OFFICE4/32" "$OFFICE6/128" "$STRANGER4/32" "$STRANGER6/128"
  know "$SERVER" "gate$number" "02:00:00:00:0$number:02" "$OFFICE4" "$OFFICE6" "$STRANGER4" "$STRANGER6"
  know "$CLIENT" "world$number" "02:00:00:00:0$number:01" "$SERVER4" "$SERVER6"
}

# No link-local address and no duplicate address detection: an interface that says nothing of its own accord.
bring_up() {
  local netns=$1 device=$2 address
  shift 2
  in_netns "$netns" ip link set "$device" addrgenmode none
  in_netns "$netns" ip link set "$device" up
  for address in "$@"; do
    case $address in
      *:*) in_netns "$netns" ip address add "$address" dev "$device" nodad ;;
      *) in_netns "$netns" ip address add "$address" dev "$device" ;;
    esac
  done
}

# know NETNS DEVICE MAC ADDRESS...: routes and neighbours. The last pair that is made carries the traffic of real clients.
know() {
  local netns=$1 device=$2 mac=$3 address
  shift 3
  for address in "$@"; do
    in_netns "$netns" ip neighbour replace "$address" lladdr "$mac" dev "$device" nud permanent
    in_netns "$netns" ip route replace "$address" dev "$device"
  done
}

mount_bpffs() {
  mountpoint -q /sys/fs/bpf && return
  mount -t bpf bpf /sys/fs/bpf || skip 'cannot mount bpffs on /sys/fs/bpf'
}

make_stage() {
  local netns
  [ "$(id -u)" -eq 0 ] || skip 'needs root'
  : "${APIGUARD:?the binary}" "${TOOLS:?the folder of the tools}"
  mount_bpffs
  WORK=$(mktemp -d "${TMPDIR:-/tmp}/agtest-$NAME.XXXXXX")
  ANSWERS=$(mktemp -d "${TMPDIR:-/tmp}/agtest-$NAME-answers.XXXXXX")
  ETC=$WORK/etc STATE=$WORK/state RUN=$WORK/run
  mkdir -m 0755 "$ETC"
  for netns in "$SERVER" "$CLIENT"; do
    ip netns add "$netns" || skip 'cannot make a network namespace'
    in_netns "$netns" ip link set lo up
  done
  make_pair 0
  plain_config
  office
}

# mount_over FOLDER ARGUMENTS...: a mount that cleanup takes away.
mount_over() {
  local folder=$1
  shift
  mkdir -p "$folder"
  mount "$@" "$folder"
  MOUNTS+=("$folder")
}

# Whatever was made, of all of it, and one failure does not stop the rest.
cleanup() {
  local status=$? pid at netns
  trap - EXIT
  set +e
  if [ "$status" -eq 0 ] && ! judge_answers >&2; then status=1; fi
  if [ "$status" -ne 0 ] && [ "$status" -ne 77 ]; then say "$NAME: FAILED with status $status"; fi
  for pid in "${PIDS[@]}"; do kill -KILL "$pid" 2>/dev/null && wait "$pid" 2>/dev/null; done
  if declare -F at_exit >/dev/null; then at_exit; fi # what the test itself has made elsewhere
  rm -rf "$PINS" "$PINS"-*
  for netns in "/run/netns/agt-$NAME-$$-"*; do
    if [ -e "$netns" ]; then ip netns delete "${netns##*/}"; fi
  done
  for ((at = ${#MOUNTS[@]} - 1; at >= 0; --at)); do umount "${MOUNTS[$at]}" 2>/dev/null; done
  if [ -n "$WORK" ]; then rm -rf "$WORK" "$ANSWERS"; fi
  if [ "$status" -eq 0 ]; then say "$NAME: ok, $SECONDS s"; fi
  exit "$status"
}
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

make_stage
