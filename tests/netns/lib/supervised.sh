# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Sourced, after lib.sh, by tests of `apiguard run`: a supervisor as under a service manager.
: "${PINS:?lib.sh comes first}"
LOG=$WORK/log
SUPERVISOR=''
supervise_with=()
NOTIFIED=$WORK/notified

# As under a service manager: no terminal, messages in a file.
supervise() { # [COMMAND IN FRONT]...
  forget
  in_background "$SERVER" env NOTIFY_SOCKET="$WORK/notify" "$@" "$APIGUARD" --config "$ETC/apiguard.toml" \
    --state-dir "$STATE" --run-dir "$RUN" --pin-dir "$PINS" run "${supervise_with[@]}" </dev/null >"$WORK/run.out" 2>>"$LOG"
  SUPERVISOR=$!
  wait_for 'the supervisor' notified READY=1
}
at_exit() {
  [ "$status" -eq 0 ] || sed 's/^/  log: /' "$LOG" "$NOTIFIED" >&2
}
# SIGNAL STATUS: ends it so, and it says so.
ends() {
  local status=0
  kill "-$1" "$SUPERVISOR"
  { wait "$SUPERVISOR" || status=$?; } 2>/dev/null # without a word about who was killed
  same "$2" "$status" "the exit status after SIG$1"
}
# What the service manager was told, and what the journal, since the last forget.
notified() { grep -E -- "$1" "$NOTIFIED" >/dev/null; }
logged() { grep -E -- "$1" "$LOG" >/dev/null; }
forget() { : >"$NOTIFIED" && : >"$LOG"; }
says() { wait_for "a message '$1'" logged "$1"; }
on() { "$TOOLS/probe" "$CLIENT/world$1" "$SERVER/${3:-gate$1}" "$OFFICE4" "$STRANGER4" | sed 's/.* //' | xargs | grep -x -- "$2"; }
guarded() { wait_for "gate$1 to be guarded" on "$1" 'pass drop' "${2:-gate$1}"; }
bare() { wait_for "gate$1 to be without program" on "$1" 'pass pass' "${2:-gate$1}"; }
well() { wait_for 'status to be well' guard status; }

"$TOOLS/notified" "$WORK/notify" >>"$NOTIFIED" &
PIDS+=($!)
wait_for 'the listener for notifications' notified ready

