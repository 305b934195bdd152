#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# The archives that the other tests here take: two versions, whose programs in the kernel differ. The first is built a
# second time, from a tree elsewhere: the same tree makes the same bytes. What belongs to an archive is in it.
#
# ARCHIVES is the folder that they go to; one that has both already is taken as it is, where REUSE=yes.
set -euo pipefail
. "$(dirname -- "${BASH_SOURCE[0]}")/../../scripts/lib/common.sh"
. "$ROOT/tests/package/versions.sh"
: "${ARCHIVES:?the folder of the archives}"

WORK=$(mktemp -d "${TMPDIR:-/tmp}/agp-archives.XXXXXX")
trap 'rm -rf "$WORK"' EXIT
ARCH=$(dpkg --print-architecture)
NAME=apiguard-1.0-linux-$ARCH

build_both() {
  step 'Two versions of the archive'
  rm -rf "$ARCHIVES"
  "$ROOT/scripts/tarball" --version 1.0 --output "$ARCHIVES"
  make_other_tree "$WORK/other"
  "$WORK/other/scripts/tarball" --version 2.0 --output "$ARCHIVES"
}

build_again() {
  step 'The same tree, elsewhere, with another umask and younger files'
  (cd "$ROOT" && mkdir -p "$WORK/elsewhere/deep" &&
    cp -r CMakeLists.txt LICENSE LICENSES README.md include bpf loader scripts tests "$WORK/elsewhere/deep/")
  (umask 077 && "$WORK/elsewhere/deep/scripts/tarball" --version 1.0 --output "$WORK/again")
  cmp "$ARCHIVES/$NAME.tar.gz" "$WORK/again/$NAME.tar.gz" || die 'the bytes differ'
  sha256sum "$ARCHIVES/$NAME.tar.gz"
}

# The lists have the names that are there and no others.
is_complete() {
  step 'What is in it'
  tar -xzf "$ARCHIVES/$NAME.tar.gz" -C "$WORK"
  local folder=$WORK/$NAME page file package
  for page in "$ROOT"/loader/man/*.[578]; do
    file=files/share/man/man${page##*.}/${page##*/}
    cmp "$page" "$folder/$file" || die "manual page '$file': is not that of the tree"
  done
  for file in "$ROOT"/loader/report/schema/*.json; do
    cmp "$file" "$folder/files/share/apiguard/schema/${file##*/}" || die "schema '${file##*/}': is not that of the tree"
  done
  for file in install uninstall INSTALL LICENSE LICENCES VERSION systemd/apiguard.service systemd/apiguard-boot.service \
    udev/90-apiguard.rules openrc/apiguard openrc/apiguard-boot files/share/apiguard/wait-for-apiguard.conf \
    files/share/{bash-completion/completions/apiguard,zsh/site-functions/_apiguard,fish/vendor_completions.d/apiguard.fish} \
    files/share/doc/apiguard/{LICENCES,LICENSES/GPL-2.0-only.txt,LICENSES/BSD-2-Clause.txt,changelog,examples/apiguard.toml}; do
    [ -s "$folder/$file" ] || die "file '$file': is not in the archive"
  done
  for package in libc6-dev libstdc++-12-dev libbpf-dev libelf-dev zlib1g-dev libmnl-dev libfmt-dev nlohmann-json3-dev \
    libcli11-dev libtomlplusplus-dev libexpected-dev; do
    grep -q "^  $package [0-9]" "$folder/LICENCES" || die "package '$package': is not in LICENCES"
    grep '^==== ' "$folder/LICENCES" | tr ' ' '\n' | grep -xF "$package" >/dev/null || die "package '$package': its licence is not in LICENCES"
  done
  tar -tvzf "$ARCHIVES/$NAME.tar.gz" | awk '$2 != "0/0" || ($1 != "drwxr-xr-x" && $1 != "-rw-r--r--" && $1 != "-rwxr-xr-x")' >"$WORK/odd"
  [ ! -s "$WORK/odd" ] || die "owner or mode: $(cat "$WORK/odd")"
  ! grep -aqE '/build/tarball|/src/(loader|include|bpf)' "$folder/files/sbin/apiguard" || die 'the program names folders of its build'
}

main() {
  need_root 'it makes a Debian in a folder'
  if [ "${REUSE:-}" = yes ] && [ "$(find "$ARCHIVES" -name '*.tar.gz' | wc -l)" -eq 2 ]; then
    is_complete
    return
  fi
  build_both
  build_again
  is_complete
  say "archives: ok, $SECONDS s"
}

main
