# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=bash
# Prometheus and the node exporter for tests: unpacked, never installed, because installing them starts services that
# listen on every address of the host. Sourced after install.sh.

MONITORING_PROGRAMS=(prometheus promtool prometheus-node-exporter)

# promtool has a package of its own since Debian 13.
monitoring_packages() {
  echo prometheus prometheus-node-exporter
  case $(debian_codename) in bookworm) ;; *) echo promtool ;; esac
}

# Into the cache, once. Made under another name and renamed when complete.
fetch_monitoring() {
  local folder log
  local -a packages
  folder=$(cache_folder)/monitoring
  if has_monitoring "$folder"; then return; fi
  read -ra packages <<<"$(monitoring_packages | xargs)"
  say "unpacking: ${packages[*]}"
  rm -rf "$folder" "$folder.new"
  mkdir -p "$folder.new/deb"
  log=$(mktemp)
  (cd "$folder.new/deb" && quietly "$log" apt-get download "${packages[@]}") ||
    (cd "$folder.new/deb" && apt_quietly update && quietly "$log" apt-get download "${packages[@]}") ||
    die "apt-get could not download all of: ${packages[*]}"
  rm -f "$log"
  unpack_all "$folder.new"
  mv "$folder.new" "$folder"
  has_monitoring "$folder" || die "not all of these are in ${packages[*]}: ${MONITORING_PROGRAMS[*]}"
}

# has_monitoring FOLDER: there, or on this host.
has_monitoring() {
  local program
  for program in "${MONITORING_PROGRAMS[@]}"; do
    PATH=$PATH:$1/usr/bin command -v "$program" >/dev/null || return 1
  done
}

unpack_all() {
  local package
  for package in "$1"/deb/*.deb; do dpkg-deb --extract "$package" "$1"; done
  rm -rf "$1/deb"
}
