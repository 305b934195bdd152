#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# tidy.sh BUILD FILE OPTION...: clang-tidy of one source. A source in which it found nothing is not looked at again
# while all that it depends on is the same: the source and its headers with their comments (which hold NOLINT), the
# options, the rules and the version. Only "nothing was found" is kept, an empty file each, for thirty days.
set -euo pipefail
CLANG_TIDY=clang-tidy-14 CLANG=clang++-14
BUILD=$1 FILE=$2
shift 2
ROOT=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/../.." && pwd)
KEPT=${XDG_CACHE_HOME:-${HOME:-/nonexistent}/.cache}/apiguard/tidy

# The options of the build, without its compiler, the outputs and the warnings.
options_of_build() {
  jq -r --arg file "$FILE" 'first(.[] | select(.file == $file)) | .command' "$BUILD/compile_commands.json" |
    tr ' ' '\n' | grep -E '^-(D|I|isystem|std=|O|f)|^/' | grep -vE '\.o$|ccache$|\+\+$' |
    awk '$0 == "-isystem" { getline path; print $0; print path; next } /^-/'
}

# Paths differ between two trees of the same content.
key() {
  local -a options
  mapfile -t options < <(options_of_build)
  {
    "$CLANG_TIDY" --version
    cat "$ROOT/.clang-tidy" "${BASH_SOURCE[0]}"
    printf '%s\n' "$@" "${FILE#"$ROOT"/}"
    printf '%s\n' "${options[@]//"$ROOT"/}"
    "$CLANG" -w -E -P -C "${options[@]}" "$FILE"
  } | sha256sum | cut -d ' ' -f 1
}

is_kept() { [ -n "$KEY" ] && [ -e "$KEPT/$KEY" ] && touch "$KEPT/$KEY"; }

keep() {
  [ -n "$KEY" ] || return 0
  mkdir -p "$KEPT" 2>/dev/null || return 0
  find "$KEPT" -type f -mtime +30 -delete
  : >"$KEPT/$KEY"
}

KEY=$(key "$@" 2>/dev/null) || KEY=''
if is_kept; then exit 0; fi
if "$CLANG_TIDY" -p "$BUILD" --quiet "${@/#/--extra-arg=}" "$FILE"; then keep; else exit 1; fi
