# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=bash
# sshd and sudo for tests: unpacked, never installed, because installing sshd starts a service that listens on every
# address of the host. A test lays them over /usr in a mount namespace of its own. Sourced after install.sh.

# fetch_ssh: into the cache, once, with the libraries that this host lacks. Made under another name and renamed when
# complete.
fetch_ssh() {
  local folder
  folder=$(cache_folder)/ssh
  if has_ssh "$folder"; then return; fi
  say 'unpacking: openssh-server sudo'
  rm -rf "$folder" "$folder.new"
  mkdir -p "$folder.new/deb/partial"
  download_ssh "$folder.new/deb" || { apt_quietly update && download_ssh "$folder.new/deb"; } ||
    die 'apt-get could not download openssh-server and sudo'
  unpack_ssh "$folder.new"
  mv "$folder.new" "$folder"
  has_ssh "$folder" || die 'no sshd, ssh or sudo in openssh-server and sudo'
}

# has_ssh FOLDER: there, or on this host.
has_ssh() {
  local program
  for program in sshd ssh sudo visudo; do
    PATH=$PATH:$1/usr/sbin:$1/usr/bin command -v "$program" >/dev/null || return 1
  done
}

download_ssh() {
  apt_quietly install --download-only --yes --no-install-recommends -o Dir::Cache::archives="$1" \
    -o APT::Sandbox::User=root openssh-server openssh-client sudo
}

# In packages of Debian 12 libraries may lie in /lib, which is a link to /usr/lib on every host.
unpack_ssh() {
  local package
  for package in "$1"/deb/*.deb; do dpkg-deb --extract "$package" "$1"; done
  rm -rf "$1/deb"
  if [ -d "$1/lib" ]; then cp -a "$1/lib/." "$1/usr/lib/"; fi
}
