# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=bash
# What a test cannot do on this host is said, and noted in the file that APIGUARD_LEFT_OUT names, where scripts/test
# compares it with what this host is expected to leave out (expected). Sourced; NAME is the test as CTest calls it.

# left_out REASON: a part of the test. The reason is a fixed text, so that it can be expected.
left_out() {
  printf '  left out: %s\n' "$*"
  if [ -n "${APIGUARD_LEFT_OUT:-}" ]; then printf '%s: %s\n' "${LEFT_OUT_NAME:?}" "$*" >>"$APIGUARD_LEFT_OUT"; fi
}

# skip REASON: the whole test, or what is left of it.
skip() {
  left_out "$@"
  printf 'skipped: %s\n' "$*"
  exit 77
}
