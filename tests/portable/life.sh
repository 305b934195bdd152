#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# The archive comes and goes: installed, upgraded under traffic, uninstalled and purged in a root of its own, on a stage of
# two network namespaces. Everything the host could notice is in a folder, a mount or a network namespace of this test.
#
# usage: life.sh debian|busybox      a bare Debian 12, or a root that has busybox and not one library
#
# Exit 77: could not run, claims nothing.
set -euo pipefail
. "$(dirname -- "${BASH_SOURCE[0]}")/../../scripts/lib/common.sh"
. "$ROOT/scripts/lib/install.sh"
. "$ROOT/scripts/lib/suite.sh"
. "$ROOT/tests/package/stage.sh"

KIND=${1:?debian or busybox}
STAGE=agr-$$
OFFICE=203.0.113.7 STRANGER=192.0.2.7 SERVER=198.51.100.1
BURST=10000
ISOLATED=(--mount --propagation private --pid --fork --kill-child)
: "${ARCHIVES:?the folder of the archives}" "${TOOLS:?the folder of the tools of tests/support}"
WORK=''

# ---- the roots ----

make_root() {
  "make_$KIND"
  mkdir -p "$WORK"/root/{dev,proc,run,shared,sys,tmp}
  local version
  for version in 1.0 2.0; do
    mkdir "$WORK/root/shared/$version"
    tar -xzf "$ARCHIVES/apiguard-$version-linux-$(dpkg --print-architecture).tar.gz" -C "$WORK/root/shared/$version" \
      --strip-components=1
  done
  cp "$ROOT/tests/portable/inside.sh" "$WORK/root/shared/"
}

# systemd is a name here: no process of it runs. OpenRC is Debian's.
make_debian() {
  local base
  base=$(cache_folder)/bookworm-bare
  make_suite bookworm "$base"
  step 'A Debian to install into'
  mkdir "$WORK/root"
  cp -a --reflink=auto "$base/." "$WORK/root/"
  refresh_suite "$WORK/root"
  quietly "$WORK/openrc.log" unshare "${ISOLATED[@]}" chroot "$WORK/root" /bin/sh -ec 'mount -t proc proc /proc
    apt-get -qq update
    DEBIAN_FRONTEND=noninteractive apt-get -qq --yes --no-install-recommends install openrc'
  mkdir -p "$WORK/root/lib/systemd"
  cp "$WORK/root/bin/true" "$WORK/root/lib/systemd/systemd"
}

make_busybox() {
  local apt name
  step 'A root of busybox'
  apt=$(cache_folder)/apt/bookworm
  apt_for_suite "$apt" bookworm
  quietly "$WORK/apt.log" apt_in "$apt" apt-get update
  mkdir -p "$WORK"/root/{bin,sbin,etc,usr,var/lib} "$WORK/deb"
  (cd "$WORK/deb" && quietly "$WORK/download.log" apt_in "$apt" apt-get download busybox-static)
  dpkg-deb --extract "$WORK"/deb/busybox-static_*.deb "$WORK/deb/root"
  find "$WORK/deb/root" -type f -path '*/bin/busybox' -exec cp {} "$WORK/root/bin/busybox" \;
  for name in $("$WORK/root/bin/busybox" --list); do
    if [ "$name" != busybox ]; then ln -s busybox "$WORK/root/bin/$name"; fi
  done
  [ "$(find "$WORK/root" -name '*.so*' | wc -l)" -eq 0 ] || die 'there are libraries'
}

# ---- the stage ----

probe() { "$TOOLS/probe" "$STAGE-client/world0" "$STAGE-server/gate0" "$@"; }

# answer PID: as long as the other half runs, what it asks for.
answer() {
  local shared=$WORK/root/shared
  while kill -0 "$1" 2>/dev/null; do
    if [ -e "$shared/ask" ]; then
      probe "$(cat "$shared/ask")" >"$shared/answer.new" 2>&1 || true
      rm "$shared/ask"
      mv "$shared/answer.new" "$shared/answer"
    elif [ -e "$shared/flood" ]; then
      rm "$shared/flood"
      flood "$shared" &
    fi
    sleep 0.05
  done
}

flood() {
  while [ ! -e "$1/enough" ]; do probe --count "$BURST" "$STRANGER"; done >"$1/flooded.new" 2>&1
  mv "$1/flooded.new" "$1/flooded"
  say "  $(($(wc -l <"$1/flooded") * BURST)) frames"
}

# ---- inside ----

# A sysfs of this network namespace, with a bpffs of this test. Process 1 is in the root, as on a host.
enter() {
  local root=$1 kind=$2
  mount --bind "$root" "$root"
  mount --rbind /dev "$root/dev"
  mount -t proc proc "$root/proc"
  mount -t sysfs sysfs "$root/sys"
  mount -t bpf bpf "$root/sys/fs/bpf"
  mount -t tmpfs tmpfs "$root/run"
  mount -t tmpfs tmpfs "$root/tmp"
  exec chroot "$root" /bin/sh -c "exec env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/tmp sh /shared/inside.sh $kind"
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
  if [ "$KIND" = enter ]; then
    shift
    enter "$@"
  fi
  need_root 'it makes a root in a folder and loads BPF programs'
  install_missing suite stage
  trap cleanup EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM
  WORK=$(mktemp -d "${TMPDIR:-/tmp}/agp-portable.XXXXXX")
  make_root
  make_stage
  step "The life of an archive: $KIND"
  nsenter --net="/run/netns/$STAGE-server" -- unshare "${ISOLATED[@]}" \
    bash "${BASH_SOURCE[0]}" enter "$WORK/root" "$KIND" </dev/null &
  local inside=$!
  answer "$inside"
  wait "$inside" || die 'the other half failed: see above'
  say "life: ok, $SECONDS s"
}

main "$@"
