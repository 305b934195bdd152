#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# run.sh PROGRAM SECONDS FOLDER: one fuzzer for so long, from its kept corpus and what it has found by itself before
# (FOLDER/corpus/NAME). An input that breaks something is kept as FOLDER/found/NAME-..., and the command that repeats it
# is the last thing said.
set -euo pipefail
PROGRAM=${1:?the program} PATIENCE=${2:?seconds} FOLDER=${3:?a folder}
HERE=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd -P)
NAME=${PROGRAM##*/fuzz_}
# What starts and stops at once has fuzzed nothing.
LEAST=1000

mkdir -p "$FOLDER/corpus/$NAME" "$FOLDER/found"
LOG=$FOLDER/$NAME.log
STARTED=$FOLDER/$NAME.started
touch "$STARTED"
status=0
"$PROGRAM" -max_total_time="$PATIENCE" -timeout=20 -rss_limit_mb=2048 -print_final_stats=1 -verbosity=1 \
  -artifact_prefix="$FOLDER/found/$NAME-" "$FOLDER/corpus/$NAME" "$HERE/corpus/$NAME" >"$LOG" 2>&1 || status=$?

if [ "$status" -ne 0 ]; then
  tail -n 60 "$LOG"
  find "$FOLDER/found" -name "$NAME-*" -newer "$STARTED" -printf "found: %p\nagain: $PROGRAM %p\n"
  echo "When it is mended: move the input to tests/fuzz/corpus/$NAME/."
  exit 1
fi
runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$LOG")
if [ "${runs:-0}" -lt "$LEAST" ]; then
  tail -n 20 "$LOG"
  echo "fuzz_$NAME: ran ${runs:-no} inputs, fewer than $LEAST: it tries nothing"
  exit 1
fi
echo "fuzz_$NAME: $runs inputs in $PATIENCE s, $(find "$FOLDER/corpus/$NAME" -type f | wc -l) kept in $FOLDER/corpus/$NAME"
