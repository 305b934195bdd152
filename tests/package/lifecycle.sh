#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# The package comes and goes: two versions of it are built, installed, upgraded under traffic, removed and purged in a
# Debian of its own, on a stage of two network namespaces. Everything the host could notice is in a folder, a mount
# namespace or a network namespace of this test.
#
# usage: lifecycle.sh [SUITE [OLDER]]      bookworm (the default) or trixie; OLDER: the version before was built for that
#                                          Debian; APIGUARD_CACHE as for scripts/test; PACKAGES: a folder with the
#                                          versions 1.0 and 2.0, which are then not built
#
# Exit 77: could not run, claims nothing.
set -euo pipefail
. "$(dirname -- "${BASH_SOURCE[0]}")/../../scripts/lib/common.sh"
. "$ROOT/scripts/lib/install.sh"
. "$ROOT/scripts/lib/suite.sh"
. "$ROOT/tests/package/versions.sh"
. "$ROOT/tests/package/stage.sh"

SUITE=${1:-bookworm} OLDER=${2:-${1:-bookworm}}
STAGE=agp-$$
OFFICE=203.0.113.7 STRANGER=192.0.2.7 SERVER=198.51.100.1
ISOLATED=(--mount --propagation private --pid --fork --kill-child)
WORK=''

# A copy of a bare Debian, so that the one in the cache stays as it is.
make_root() {
  local base
  base=$(cache_folder)/$SUITE-bare
  make_suite "$SUITE" "$base"
  refresh_suite "$base"
  step 'A Debian to install into'
  cp -a --reflink=auto "$base" "$WORK/root"
  mkdir -p "$WORK/root/packages"
}

# As `cmake --install` does it; with what the compiler of the suite can.
program_is_hardened() {
  local package
  step 'The program of the package is hardened'
  for package in "$WORK"/packages/*.deb; do
    rm -rf "$WORK/extracted"
    dpkg-deb --extract "$package" "$WORK/extracted"
    APIGUARD=$WORK/extracted/usr/sbin/apiguard BUILD='' FORTIFIED=ON STRIPPED=ON bash "$ROOT/tests/build/hardened.sh"
  done
}

cleanup() {
  local status=$? side
  trap - EXIT
  set +e
  for side in server client; do
    if [ -e "/run/netns/$STAGE-$side" ]; then ip netns delete "$STAGE-$side"; fi
  done
  if [ -n "$WORK" ]; then rm -rf --one-file-system "$WORK"; fi
  exit "$status"
}

main() {
  need_root 'it makes a Debian in a folder and loads BPF programs'
  : "${TOOLS:?the folder of the tools of tests/support}"
  install_missing suite stage
  trap cleanup EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM
  WORK=$(mktemp -d "${TMPDIR:-/tmp}/agp-lifecycle.XXXXXX")
  make_packages "$SUITE" "$WORK" "$OLDER"
  program_is_hardened
  make_root
  cp "$WORK"/packages/*.deb "$WORK/root/packages/"
  make_stage
  step 'What the package depends on'
  unshare "${ISOLATED[@]}" "$ROOT/tests/package/inside.sh" enter prepare "$WORK/root" "$ROOT" "$TOOLS" "$STAGE"
  step 'The life of a package'
  # Process 1 of the Debian is in its root, as on a host; else the maintainer scripts would see a chroot.
  in_netns server unshare "${ISOLATED[@]}" "$ROOT/tests/package/inside.sh" enter live "$WORK/root" "$ROOT" "$TOOLS" "$STAGE"
  say "lifecycle: ok, $SECONDS s"
}

main
