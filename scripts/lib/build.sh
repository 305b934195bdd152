# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=bash
# Build folders of the tests. Sourced after common.sh.

# configure FOLDER OPTION... and compile FOLDER OPTION...: the log only when it fails, so that CI output stays readable.
# With a ccache, a tree elsewhere on this host finds what this one compiled.
configure() {
  local folder=$1
  shift
  mkdir -p "$folder"
  if command -v ccache >/dev/null; then
    export CCACHE_BASEDIR=$ROOT CCACHE_NOHASHDIR=1
    set -- -DCMAKE_C_COMPILER_LAUNCHER=ccache -DCMAKE_CXX_COMPILER_LAUNCHER=ccache "$@"
  fi
  quietly "$folder/configure.log" cmake -S "$ROOT" -B "$folder" "$@"
}

compile() {
  local folder=$1 started=$SECONDS
  shift
  quietly "$folder/build.log" cmake --build "$folder" --parallel "$(nproc)" "$@"
  say "built ${folder#"$ROOT"/} in $((SECONDS - started)) s"
}

# Everything under sanitizers is built by clang: it alone has a fuzzer, and so the whole loader and the unit tests pass
# through a second compiler without a build of their own.
# CMake forgets the other options where a folder had another compiler before: such a folder is made anew.
configure_sanitized() { # FOLDER
  if [ -e "$1/CMakeCache.txt" ] && ! grep -q '^CMAKE_CXX_COMPILER:.*clang' "$1/CMakeCache.txt"; then
    rm -rf --one-file-system "$1"
  fi
  configure "$1" -DAPIGUARD_SANITIZE=ON -DCMAKE_BUILD_TYPE=Debug -DCMAKE_C_COMPILER=clang -DCMAKE_CXX_COMPILER=clang++
}

# configure_arm64 FOLDER SYSROOT OPTION...: with libraries of a folder that make_sysroot made. Its name below FOLDER is
# the same in every tree, so that a ccache finds what another one compiled.
configure_arm64() {
  local folder=$1 sysroot=$2
  shift 2
  mkdir -p "$folder"
  ln -sfn "$sysroot" "$folder/sysroot"
  configure "$folder" -DCMAKE_TOOLCHAIN_FILE="$ROOT/scripts/lib/arm64.cmake" -DCMAKE_SYSROOT="$folder/sysroot" "$@"
}

# The programs of a folder of tests, as CMake calls them, a line each.
unit_targets() { target_names unit test; }
fuzz_targets() { target_names fuzz fuzz; }
target_names() { # FOLDER SUFFIX
  local file
  for file in "$ROOT/tests/$1"/*_"$2".cpp; do
    file=${file##*/}
    echo "$1_${file%_"$2".cpp}"
  done
}
