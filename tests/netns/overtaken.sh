#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# A verb is stopped on entry of every system call that makes, moves or removes a name, or reaches into the kernel, and
# stays so. A way out overtakes it and ends with 0. What the way out did stays, in the kernel, in the text and after a
# boot, when the verb goes on: that one changes nothing more, says who overtook it and ends with 4.
#
# A way out waits ten seconds for the verb. So the cases run side by side, each with an interface and folders of its own.
. "$(dirname -- "$0")/lib.sh"
SIDE_BY_SIDE=${OVERTAKEN_SIDE_BY_SIDE:-32}
NEXT=100 FAILED='' ALL=$WORK FRONT=$PINS

# A place of its own for what follows in this shell: interface g$1, folders, pins.
place() { # NUMBER
  NUMBER=$1 WORK=$ALL/$1 PINS=$FRONT-$1
  ETC=$WORK/etc STATE=$WORK/state RUN=$WORK/run
  mkdir -p "$ETC"
  ip link add "g$1" netns "$SERVER" numtxqueues 1 numrxqueues 1 type veth \
    peer name "w$1" netns "$CLIENT" numtxqueues 1 numrxqueues 1
  in_netns "$SERVER" ip link set "g$1" up
  in_netns "$CLIENT" ip link set "w$1" up
  configure enforce
  office
}
configure() { config interfaces="[\"g$NUMBER\"]" mode="\"$1\""; }
leave() {
  in_netns "$SERVER" ip link delete "g$NUMBER"
  rm -rf "$PINS" "$WORK"
}
works() { # VERB...: or what it says is shown
  timeout 300 "$APIGUARD_IN_PLACE" "$@" >"$WORK/out" 2>"$WORK/err" ||
    die "$PLACE: '$*': status $?: $(cat "$WORK/out" "$WORK/err")"
}
# The same as a program, for tools that start it.
make_wrapper() {
  APIGUARD_IN_PLACE=$WORK/apiguard
  printf '#!/bin/sh\nexec nsenter --net=/run/netns/%s -- "%s" --config "%s" --state-dir "%s" --run-dir "%s" --pin-dir "%s" "$@" </dev/null\n' \
    "$SERVER" "$APIGUARD" "$ETC/apiguard.toml" "$STATE" "$RUN" "$PINS" >"$APIGUARD_IN_PLACE"
  chmod +x "$APIGUARD_IN_PLACE"
}

# ---- the verb that is stopped

prepare() { # KIND: sets VERB, and makes what it starts from
  case $1 in
    first) VERB=(apply) ;;
    allow) VERB=(allow 198.18.2.0/24) ;;
    window) VERB=(allow 198.18.2.0/24 --confirm-within 1h) ;;
    enforce)
      configure audit
      VERB=(mode enforce --accept-risk all)
      ;;
    except) VERB=(except 203.0.113.128/25) ;;
  esac
  if [ "$1" = first ]; then return; fi
  works apply
  works allow 198.18.1.0/24
}

# stop_at WHO N VERB...: SAID becomes the line of the tool. WHO names its files.
stop_at() {
  local who=$1 at=$2 fd
  shift 2
  mkfifo "$WORK/go.$who"
  on_server "$TOOLS/kill_at" --stop "$at" "$APIGUARD" --config "$ETC/apiguard.toml" --state-dir "$STATE" --run-dir "$RUN" \
    --pin-dir "$PINS" "$@" <"$WORK/go.$who" >"$WORK/said.$who" 2>"$WORK/err.$who" &
  TOOL=$!
  exec {fd}>"$WORK/go.$who"
  GO=$fd
  wait_for "$PLACE: the verb" grep -q . "$WORK/said.$who"
  SAID=$(head -n 1 "$WORK/said.$who")
}
# lets_go WHO FD PID: STATUS becomes that of the verb.
lets_go() {
  echo >&"$2"
  wait "$3" || die "$PLACE: the tool: $(cat "$WORK/said.$1" "$WORK/err.$1")"
  STATUS=$(sed -n 's/^went on //p' "$WORK/said.$1")
}
# The verb of WHO, which has gone on, was overtaken BY.
ended_as_it_should() { # WHO BY
  same 4 "$STATUS" "$PLACE: the verb that went on: $(cat "$WORK/err.$1")"
  grep -q "overtaken by pid [0-9]* ($2)" "$WORK/err.$1" || die "$PLACE: it says: $(cat "$WORK/err.$1")"
}
# At its first calls the verb has no lock yet, so that it comes behind the way out and not before it.
comes_behind() { # AT
  if grep -q ': overtaken: ' "$WORK/way"; then return 1; fi
  [ "$1" -le 8 ] || die "$PLACE: nobody was overtaken"
}

# ---- what holds

json() { answering "$APIGUARD_IN_PLACE" status --json 2>/dev/null | "$TOOLS/json" "$1"; }
xdp_on() { in_netns "$SERVER" ip -d link show "$1" | grep -q 'prog/xdp'; }
is_bare() { ! xdp_on "$1"; }
agrees() { # kernel, state and folders
  same "$(cat "$STATE/in-force")" "$(json /generation)" "$PLACE: state and kernel"
  same '' "$(find "$ETC" "$STATE" "$RUN" -name '*apiguard-new*' -o -name '.new-*' -o -name '.old-*' -o -name '*.next')" \
    "$PLACE: leftovers"
}
holds() { # WAY
  case $1 in
    'mode off')
      same off "$(json /mode)" "$PLACE: the mode"
      same true "$(json /interfaces/0/attached)" "$PLACE: attached"
      grep -qx 'mode = "off"' "$ETC/apiguard.toml" || die "$PLACE: the text: $(cat "$ETC/apiguard.toml")"
      agrees
      ;;
    'mode audit')
      same audit "$(json /mode)" "$PLACE: the mode"
      agrees
      ;;
    rollback)
      if "$APIGUARD_IN_PLACE" check 198.18.2.1 >"$WORK/out" 2>&1; then die "$PLACE: what was rolled back is listed"; fi
      works diff
      agrees
      ;;
    'detach --all')
      if xdp_on "g$NUMBER"; then die "$PLACE: a program is attached"; fi
      same null "$(json /generation)" "$PLACE: generation"
      grep -q '^\* ' "$RUN/detached" || die "$PLACE: no mark"
      ;;
  esac
}
# A host that was booted has no pins and no run directory.
boot() {
  rm -rf "$PINS" "$RUN"
  wait_for "$PLACE: nothing attached" is_bare "g$NUMBER"
  works apply --boot
}

# ---- a case: KIND of verb, WAY out, where it is stopped

overtake() { # NUMBER KIND WAY AT
  local way=$3
  PLACE="$2 stopped at $4, then $3"
  place "$1"
  make_wrapper
  prepare "$2"
  stop_at verb "$4" "${VERB[@]}"
  case $SAID in stopped*) PLACE="$PLACE ($SAID)" ;; *) die "$PLACE: $SAID" ;; esac
  # shellcheck disable=SC2086 # words
  works $way
  mv "$WORK/err" "$WORK/way"
  holds "$way"
  lets_go verb "$GO" "$TOOL"
  if comes_behind "$4"; then
    leave
    return
  fi
  ended_as_it_should verb "$way"
  holds "$way"
  if [ "$way" = 'mode off' ] || [ "$way" = rollback ]; then
    boot
    holds "$way"
  else
    works apply --accept-risk detached
    agrees
  fi
  leave
}

# How many places there are to stop the verb of a KIND.
count() {
  (
    PLACE="counting $1"
    place "$NEXT"
    make_wrapper
    prepare "$1"
    stop_at verb 0 "${VERB[@]}" >&2
    exec {GO}>&-
    case $SAID in "ran "*" 0") ;; *) die "$PLACE: $SAID: $(cat "$WORK/err.verb")" ;; esac
    leave
    cut -d ' ' -f 2 <<<"$SAID"
  )
}

one_done() { wait -n || FAILED=yes; }
beside() { # COMMAND...: in a shell of its own, beside others
  while [ "$(jobs -rp | wc -l)" -ge "$SIDE_BY_SIDE" ]; do one_done; done
  [ -z "$FAILED" ] || die 'see above'
  NEXT=$((NEXT + 1))
  ("$1" "$NEXT" "${@:2}") &
}
all_done() {
  while [ -n "$(jobs -rp)" ]; do one_done; done
  [ -z "$FAILED" ] || die 'see above'
}

every() { # KIND WAY STEP
  local at last
  NEXT=$((NEXT + 1))
  last=$(count "$1")
  say "$1: $last calls, then $2, every ${3}th"
  for ((at = 1 + ($3 > 1 ? RANDOM % $3 : 0); at <= last; at += $3)); do beside overtake "$1" "$2" "$at"; done
}

step 'Stopped at every call, then mode off'
for kind in allow first enforce window; do every "$kind" 'mode off' "${OVERTAKEN_STEP:-1}"; done
all_done

step 'The other ways out, at some calls'
every allow 'detach --all' 6
every first 'detach --all' 5
every except rollback 6
every window rollback 9
every enforce 'mode audit' 9
all_done
say "$SECONDS s"

step 'Two ways out at once: both work, one after the other'
both() { # NUMBER AT
  PLACE="two ways out at once, stopped at $2"
  place "$1"
  make_wrapper
  prepare allow
  stop_at verb "$2" "${VERB[@]}"
  "$APIGUARD_IN_PLACE" mode off >"$WORK/out.1" 2>"$WORK/err.1" &
  local first=$! mode
  works mode audit
  wait "$first" || die "$PLACE: mode off: $(cat "$WORK/err.1")"
  same 1 "$(cat "$WORK/err" "$WORK/err.1" | grep -c ': overtaken: ')" "$PLACE: overtaken"
  mode=$(json /mode)
  case $mode in off | audit) ;; *) die "$PLACE: mode $mode" ;; esac
  lets_go verb "$GO" "$TOOL"
  same 4 "$STATUS" "$PLACE: the verb that went on"
  same "$mode" "$(json /mode)" "$PLACE: the mode"
  grep -qx "mode = \"$mode\"" "$ETC/apiguard.toml" || die "$PLACE: the text: $(cat "$ETC/apiguard.toml")"
  agrees
  leave
}
for at in 9 15 25; do beside both "$at"; done

step 'The verb is killed after it was overtaken'
killed() { # NUMBER AT
  PLACE="killed after it was overtaken, stopped at $2"
  place "$1"
  make_wrapper
  prepare allow
  stop_at verb "$2" "${VERB[@]}"
  works mode off
  holds 'mode off'
  kill -KILL "$TOOL" # and the verb with it
  wait "$TOOL" 2>/dev/null || true
  holds 'mode off'
  works allow 198.18.3.0/24
  same off "$(json /mode)" "$PLACE: the mode"
  agrees
  leave
}
for at in 8 18 28; do beside killed "$at"; done

step 'A way out is stopped, and overtaken by another one'
twice() { # NUMBER AT, whether the way out goes on before the verb
  local verb verb_go off off_go
  PLACE="mode off stopped at $2, then detach"
  place "$1"
  make_wrapper
  prepare allow
  stop_at verb 12 "${VERB[@]}"
  verb=$TOOL verb_go=$GO
  stop_at off "$2" mode off
  off=$TOOL off_go=$GO
  case $SAID in stopped*) PLACE="$PLACE ($SAID)" ;; *) die "$PLACE: $SAID" ;; esac
  works detach --all
  mv "$WORK/err" "$WORK/way"
  holds 'detach --all'
  if [ "$3" = first ]; then lets_go off "$off_go" "$off"; else lets_go verb "$verb_go" "$verb"; fi
  same 4 "$STATUS" "$PLACE: the first that went on"
  holds 'detach --all'
  if [ "$3" = first ]; then lets_go verb "$verb_go" "$verb"; else lets_go off "$off_go" "$off"; fi
  same 4 "$STATUS" "$PLACE: the second that went on"
  holds 'detach --all'
  leave
}
for at in 6 7 8 10 13 16 20 24 28 32; do beside twice "$at" "$([ $((at % 2)) = 0 ] && echo first || echo last)"; done

step 'A way out is stopped while it overtakes: another one does not wait for it, and it comes behind'
off_and_detached() {
  holds 'detach --all'
  grep -qx 'mode = "off"' "$ETC/apiguard.toml" || die "$PLACE: the text: $(cat "$ETC/apiguard.toml")"
}
behind() { # NUMBER AT
  local verb verb_go
  PLACE="mode off stopped while it overtakes, at $2"
  place "$1"
  make_wrapper
  prepare allow
  stop_at verb 12 "${VERB[@]}"
  verb=$TOOL verb_go=$GO
  stop_at off "$2" mode off
  works detach --all
  holds 'detach --all'
  lets_go off "$GO" "$TOOL"
  same 0 "$STATUS" "$PLACE: mode off: $(cat "$WORK/err.off")"
  off_and_detached
  lets_go verb "$verb_go" "$verb"
  same 4 "$STATUS" "$PLACE: the verb that went on"
  off_and_detached
  leave
}
for at in 3 4 5; do beside behind "$at"; done

step 'The supervisor is stopped in the middle of a round'
# Its round is about to guard an interface that was not there before.
supervisor() { # NUMBER AT
  local pid
  PLACE="supervisor stopped at $2"
  place "$1"
  make_wrapper
  config interfaces="[\"[gh]$1\"]"
  works apply
  ip link add "h$1" netns "$SERVER" numtxqueues 1 numrxqueues 1 type veth \
    peer name "v$1" netns "$CLIENT" numtxqueues 1 numrxqueues 1
  stop_at run "$2" run
  works detach --all
  holds 'detach --all'
  echo >&"$GO"
  wait_for "$PLACE: its pid" grep -q '^[0-9]' "$RUN/supervisor"
  pid=$(head -n 1 "$RUN/supervisor" | cut -d ' ' -f 1)
  wait_for "$PLACE: a snapshot" grep -q '"generation": *null' "$RUN/status.json"
  holds 'detach --all'
  if xdp_on "h$1"; then die "$PLACE: a program is attached to the new interface"; fi
  works apply --accept-risk detached
  wait_for "$PLACE: guarded again" xdp_on "h$1"
  xdp_on "g$1" || die "$PLACE: not guarded"
  kill "$pid"
  wait "$TOOL" || die "$PLACE: the tool"
  agrees
  in_netns "$SERVER" ip link delete "h$1"
  leave
}
for at in $(seq 3 3 40); do beside supervisor "$at"; done
all_done

step 'Another verb waits in vain: it says that the holder is stopped, and how it goes on'
place $((NEXT + 1))
make_wrapper
PLACE='another verb'
prepare allow
stop_at verb 10 "${VERB[@]}"
expect 4 guard allow 198.18.4.0/24
complains 'which is stopped'
complains 'kill -CONT [0-9]+'
lets_go verb "$GO" "$TOOL"
same 0 "$STATUS" 'the verb that went on'
works allow 198.18.4.0/24
leave
WORK=$ALL PINS=$FRONT
