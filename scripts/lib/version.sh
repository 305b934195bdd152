# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=bash
# The version of the tree, and the changelog that belongs to it. Sourced after common.sh.

CHANGELOG=$ROOT/scripts/packaging/debian/changelog

tree_version() {
  sed -nE 's/^project\(apiguard VERSION ([0-9.]+) .*/\1/p' "$ROOT/CMakeLists.txt"
}

# The seconds of its newest entry: all that is packed is as old.
date_of_tree() {
  date --date="$(sed -nE 's/^ -- .*>  (.*)$/\1/p' "$CHANGELOG" | head -n 1)" +%s
}
