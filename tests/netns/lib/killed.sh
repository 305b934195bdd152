# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=bash
# A verb that is killed at one of its system calls, and what has to work then. Sourced after lib.sh.

# kill_guard N VERB...: succeeds if it was killed, fails if the verb ended before its N-th system call.
kill_guard() {
  local at=$1
  shift
  KILLED=$(on_server "$TOOLS/kill_at" "$at" "$APIGUARD" --config "$ETC/apiguard.toml" --state-dir "$STATE" \
    --run-dir "$RUN" --pin-dir "$PINS" "$@" </dev/null 2>"$WORK/err" | tail -n 1)
  PLACE="'$*' killed at system call $at (${KILLED##* })"
  case $KILLED in
    killed*) ;;
    "ran "*" 0") return 1 ;;
    *) die "$PLACE: $KILLED: $(cat "$WORK/err")" ;;
  esac
}

works() { # VERB...: or what it says is shown
  guard "$@" >"$WORK/out" 2>"$WORK/err" || die "$PLACE, then '$*': status $?: $(cat "$WORK/out" "$WORK/err")"
}
