#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# The program of the archive plays what the tests of the tier netns play: those that hang on times, terminals, users,
# completions, output formats and the supervisor, which the C library inside has a hand in.
set -euo pipefail
. "$(dirname -- "${BASH_SOURCE[0]}")/../../scripts/lib/common.sh"
: "${ARCHIVES:?the folder of the archives}" "${TOOLS:?the folder of the tools of tests/support}"

TESTS=(enforces metrics completion schema habits leases journal supervisor knock ranges_that_end preflight watch)
WORK=$(mktemp -d "${TMPDIR:-/tmp}/agp-netns.XXXXXX")
trap 'rm -rf "$WORK"' EXIT

main() {
  local name status failed=''
  need_root 'it makes network namespaces'
  tar -xzf "$ARCHIVES/apiguard-1.0-linux-$(dpkg --print-architecture).tar.gz" -C "$WORK" --strip-components=1
  for name in "${TESTS[@]}"; do
    status=0
    # What they leave out, they say in their own tier.
    APIGUARD_LEFT_OUT='' APIGUARD=$WORK/files/sbin/apiguard bash "$ROOT/tests/netns/$name.sh" >"$WORK/log" 2>&1 </dev/null || status=$?
    case $status in
      0) say "ok $name" ;;
      "$SKIPPED") say "left out $name: $(tail -n 1 "$WORK/log")" ;;
      *)
        tail -n 40 "$WORK/log"
        failed+=" $name"
        ;;
    esac
  done
  [ -z "$failed" ] || die "failed with the program of the archive:$failed"
}

main
