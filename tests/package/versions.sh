# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=bash
# Two versions of the package, 1.0 and 2.0, whose programs in the kernel differ. Sourced after suite.sh.

# make_packages SUITE FOLDER [OLDER]: into FOLDER/packages; built there, or those of $PACKAGES. 1.0 is for the Debian OLDER,
# for a host that takes the package of the next Debian with the upgrade to it.
make_packages() {
  local suite=$1 folder=$2 older=${3:-$1}
  if [ -n "${PACKAGES:-}" ]; then
    cp -r "$PACKAGES" "$folder/packages"
    return
  fi
  step 'Two versions of the package'
  build_package "$ROOT" "$older" 1.0 "$folder/packages"
  make_other_tree "$folder/other"
  build_package "$folder/other" "$suite" 2.0 "$folder/packages"
  rm -rf "$folder/other"
}

build_package() {
  local tree=$1 suite=$2 version=$3 output=$4
  local -a elsewhere=()
  if [ "$suite" != "$(debian_codename)" ]; then elsewhere=(--suite "$suite"); fi
  "$tree/scripts/package" "${elsewhere[@]}" --version "$version" --output "$output"
}

# Line numbers are part of the debug information of the program, and so of what it is told apart by.
make_other_tree() {
  mkdir "$1"
  (cd "$ROOT" && cp -a CMakeLists.txt LICENSE LICENSES README.md include bpf loader scripts tests "$1/")
  sed -i '1a /* the next version */' "$1/bpf/apiguard.bpf.c"
}
