# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=bash
# What every script here needs. Sourced; sets ROOT, the top of the tree.

ROOT=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/../.." && pwd -P)
export ROOT

# bpftool and debootstrap are there, and not every root's PATH is.
PATH=$PATH:/usr/sbin:/sbin

# CTest's SKIP_RETURN_CODE everywhere in this tree: could not run, and claims nothing.
SKIPPED=77
export SKIPPED

say() { printf '%s\n' "$*"; }

step() { printf '\n== %s\n' "$*"; }

complain() { printf '%s: %s\n' "${0##*/}" "$*" >&2; }

die() {
  complain "$*"
  exit 1
}

need_root() {
  [ "$(id -u)" -eq 0 ] || die "needs root: $1"
}

# quietly LOG COMMAND...: output goes to LOG and is shown only when the command fails.
quietly() {
  local log=$1
  shift
  "$@" >"$log" 2>&1 && return
  local status=$?
  tail -n 60 "$log" >&2
  complain "failed with status $status: $*"
  return "$status"
}

# What is fetched once and kept: outside the tree, so that the tree stays what was checked out.
cache_folder() {
  local folder=${APIGUARD_CACHE:-/var/cache/apiguard-test}
  mkdir -p "$folder"
  (cd "$folder" && pwd -P)
}
