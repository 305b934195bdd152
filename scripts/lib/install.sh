# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=bash
# Debian packages by purpose, and the installation of those that are missing. Sourced after common.sh.
# The names are the same in Debian 12 and 13, and in Ubuntu 24.04 but for one; a bare `debootstrap --variant=minbase`
# root is enough.

packages_for() {
  case $1 in
    build)
      echo cmake make g++ pkgconf clang "$(bpftool_package)"
      packages_for libraries
      ;;
    # Of the architecture that is built for. The others are programs that run here.
    libraries)
      echo libbpf-dev libelf-dev zlib1g-dev libmnl-dev \
        libcli11-dev libtomlplusplus-dev libfmt-dev libexpected-dev nlohmann-json3-dev
      ;;
    cross-arm64) echo g++-aarch64-linux-gnu ;;
    cross-package-arm64) echo crossbuild-essential-arm64 ;;
    vm-arm64) echo qemu-system-arm ;;
    stage) echo iproute2 openssl curl util-linux mount ;;
    # Of systemd only systemd-analyze is used; without systemd-sysv it becomes nobody's init.
    test) echo catch2 e2fsprogs iproute2 ethtool procps strace systemd util-linux mount openssl curl kmod nftables jq zsh fish python3-jsonschema git openssh-client ;;
    fuzz) echo catch2 libclang-rt-dev ;;
    coverage) echo gcovr ;;
    bench) echo catch2 iproute2 nftables ipset iptables kmod util-linux mount ;;
    vm) echo e2fsprogs "qemu-system-$(emulated)" cpio xz-utils binutils iproute2 curl util-linux ;;
    release) echo git openssh-client python3 ;;
    static) echo build-essential dpkg-dev ;;
    package) echo build-essential debhelper dpkg-dev fakeroot lintian ;;
    lint) lint_packages ;;
    suite) echo debootstrap debian-archive-keyring util-linux mount ;;
    *) die "no package list named '$1'" ;;
  esac
}

# In Ubuntu 24.04 `bpftool` is no package that can be installed.
bpftool_package() {
  case $(debian_codename) in noble) echo linux-tools-generic ;; *) echo bpftool ;; esac
}

# Which systems the scripts are tried on. Others that have apt may do as well, and are told.
say_untried() (
  . /etc/os-release
  case ${VERSION_CODENAME:-} in bookworm | trixie) return ;; esac
  say "${PRETTY_NAME:-this system}: apiguard is not tested here, only on Debian 12 and 13; if a step fails, please report it"
)

# As the packages of QEMU call the architecture of this host.
emulated() {
  case $(dpkg --print-architecture) in
    arm64) echo arm ;;
    *) echo x86 ;;
  esac
}

# Formatting differs from one clang-format to the next, so one version decides: the one of Debian 12.
# Debian 13 does not have it; scripts/check says there what it could not run.
lint_packages() {
  echo shellcheck mandoc groff-base reuse python3-jsonschema
  if [ "$(debian_codename)" = bookworm ]; then
    echo clang-format-14 clang-tidy-14
  fi
}

debian_codename() (
  . /etc/os-release
  echo "${VERSION_CODENAME:-unknown}"
)

is_installed() {
  dpkg-query --show --showformat='${db:Status-Status}\n' "$1" 2>/dev/null | grep -qx installed
}

# missing_packages PURPOSE...: the names dpkg does not have, one a line.
missing_packages() {
  local purpose package
  for purpose in "$@"; do
    # The lists are words by construction.
    # shellcheck disable=SC2046
    for package in $(packages_for "$purpose"); do
      is_installed "$package" || echo "$package"
    done
  done | sort -u
}

# install_missing PURPOSE...: nothing happens, not even `apt-get update`, if nothing is missing.
install_missing() {
  command -v dpkg-query >/dev/null || die "needs Debian 12 or 13, or Ubuntu 24.04: this host has no dpkg"
  local -a missing
  mapfile -t missing < <(missing_packages "$@")
  [ ${#missing[@]} -gt 0 ] || return 0

  local names=${missing[*]}
  [ "$(id -u)" -eq 0 ] || die "needs root to install: $names"
  command -v apt-get >/dev/null || die "no apt-get on this host; install: $names"
  say "installing: $names"
  apt_quietly update || die "apt-get update failed: see above"
  apt_quietly install --yes --no-install-recommends "${missing[@]}" ||
    die "apt-get could not install all of: $names"
}

# No question, no progress bar; another apt that runs at this moment (a fresh host's first timers) is waited for.
apt_quietly() {
  local log
  log=$(mktemp)
  DEBIAN_FRONTEND=noninteractive quietly "$log" \
    apt-get -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0 "$@" </dev/null
  local status=$?
  rm -f "$log"
  return "$status"
}
