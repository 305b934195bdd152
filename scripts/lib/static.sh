# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=bash
# The program with everything it needs inside. Runs in the Debian of scripts/tarball. Sourced after install.sh and
# mirror.sh.
. "$ROOT/scripts/lib/sysroot.sh"

# Debian 12 has no archive of libmnl, the next one has.
LIBMNL_SUITE=trixie
SYSROOT='' # of another architecture

# build_static FOLDER ARCH: FOLDER/build/apiguard, FOLDER/build/link.map, which says what is in it, and FOLDER/libmnl.
build_static() {
  local folder=$1 arch=$2
  need_packages
  fetch_libmnl "$folder" "$arch"
  # A compiler cache is used where somebody has installed one.
  if command -v ccache >/dev/null; then
    export CMAKE_CXX_COMPILER_LAUNCHER=ccache CCACHE_DIR=${CCACHE_DIR:-/build/tarball/ccache}
  fi
  local -a elsewhere=("-DCMAKE_LIBRARY_PATH=$folder/libmnl/usr/lib/$(multiarch "$arch")")
  if is_foreign "$arch"; then
    need_sysroot "$folder" "$arch"
    elsewhere=("-DCMAKE_TOOLCHAIN_FILE=$ROOT/scripts/lib/$arch.cmake" "-DCMAKE_SYSROOT=$SYSROOT")
  fi
  quietly "$folder/configure.log" cmake -S "$ROOT" -B "$folder/build" "${elsewhere[@]}" \
    -DAPIGUARD_STATIC=ON -DAPIGUARD_TESTS=OFF -DAPIGUARD_WERROR=OFF -DCMAKE_INSTALL_PREFIX=/usr \
    -DCMAKE_CXX_FLAGS="-ffile-prefix-map=$ROOT=. -ffile-prefix-map=$folder=.${SYSROOT:+ -ffile-prefix-map=$SYSROOT=}" \
    -DCMAKE_EXE_LINKER_FLAGS="-Wl,-Map=$folder/build/link.map"
  quietly "$folder/build.log" cmake --build "$folder/build" --parallel "$(nproc)" --target apiguard
}

is_foreign() { [ "$1" != "$(dpkg --print-architecture)" ]; }
multiarch() { dpkg-architecture --host-arch "$1" --query DEB_HOST_MULTIARCH 2>/dev/null; }

# The newest of this Debian: nobody mends what is inside the program later on.
need_packages() {
  install_missing build static
  apt_quietly update
  apt_quietly upgrade --yes
}

# apt checks the signature.
fetch_libmnl() {
  local folder=$1/libmnl
  apt_for_suite "$folder/apt" "$LIBMNL_SUITE" "$2"
  quietly "$1/apt.log" apt_in "$folder/apt" apt-get update
  (cd "$folder" && quietly "$1/download.log" apt_in "$folder/apt" apt-get download libmnl-dev)
  dpkg-deb --extract "$folder"/libmnl-dev_*.deb "$folder"
}

# CMake looks for libraries of another architecture there alone.
need_sysroot() {
  [ -e "$ROOT/scripts/lib/$2.cmake" ] || die "architecture '$2': cannot be built for on $(dpkg --print-architecture)"
  install_missing "cross-$2"
  # Words by construction.
  # shellcheck disable=SC2046
  SYSROOT=$(make_sysroot "$2" $(packages_for libraries))
  cp "$1/libmnl/usr/lib/$(multiarch "$2")/libmnl.a" "$SYSROOT/usr/lib/$(multiarch "$2")/"
}
