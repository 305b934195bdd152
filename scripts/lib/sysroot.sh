# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=bash
# Packages of another architecture, of this host's Debian: unpacked, never installed. The host's dpkg does not learn of
# that architecture. Sourced after install.sh and mirror.sh.

# make_sysroot ARCHITECTURE PACKAGE...: a folder in the cache with these packages and all that they depend on, which is
# printed. Each list has a folder of its own. Made under another name and renamed when complete.
make_sysroot() {
  local architecture=$1 folder
  shift
  folder=$(cache_folder)/sysroot-$architecture-$(debian_codename)-$(sha256sum <<<"$*" | cut -c 1-8)
  if [ ! -d "$folder" ]; then
    say "unpacking for $architecture: $*" >&2
    rm -rf "$folder.apt" "$folder.new"
    fetch_for_sysroot "$folder.apt" "$architecture" "$@" || return
    unpack_sysroot "$folder.apt/cache/archives" "$folder.new" || return
    rm -rf "$folder.apt"
    mv "$folder.new" "$folder"
  fi
  echo "$folder"
}

# To that apt nothing is installed, so it takes along whatever they depend on.
fetch_for_sysroot() { # APT ARCHITECTURE PACKAGE...
  local apt=$1 architecture=$2 log status=0
  shift 2
  apt_for_suite "$apt" "$(debian_codename)" "$architecture" || return
  log=$(mktemp)
  {
    quietly "$log" apt_in "$apt" apt-get update &&
      quietly "$log" apt_in "$apt" apt-get install --yes --no-install-recommends --download-only "$@"
  } || status=$?
  rm -f "$log"
  return "$status"
}

# In packages of Debian 12 files may lie in /lib, which is a link to /usr/lib on every host. A link that begins with a
# slash would lead to this host's libraries.
unpack_sysroot() { # ARCHIVES FOLDER
  local package link
  for link in lib bin sbin; do
    mkdir -p "$2/usr/$link"
    ln -s "usr/$link" "$2/$link"
  done
  for package in "$1"/*.deb; do
    dpkg-deb --fsys-tarfile "$package" | tar -x -C "$2" --keep-directory-symlink --no-same-owner \
      --exclude='./usr/share/doc/*' --exclude='./usr/share/man/*' --exclude='./usr/share/locale/*' || return
  done
  find "$2" -type l -lname '/*' -print0 | while IFS= read -r -d '' link; do
    ln -sfn --relative "$2$(readlink "$link")" "$link"
  done
}
