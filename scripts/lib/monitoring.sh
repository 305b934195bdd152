# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=bash
# Prometheus and the node exporter for tests: unpacked, never installed, because installing them starts services that
# listen on every address of the host. Sourced after install.sh.

MONITORING_PACKAGES=(prometheus prometheus-node-exporter)

# Into the cache, once. Made under another name and renamed when complete.
fetch_monitoring() {
  local folder log
  folder=$(cache_folder)/monitoring
  if [ -d "$folder" ] || has_monitoring; then return; fi
  say "unpacking: ${MONITORING_PACKAGES[*]}"
  rm -rf "$folder.new"
  mkdir -p "$folder.new/deb"
  log=$(mktemp)
  (cd "$folder.new/deb" && quietly "$log" apt-get download "${MONITORING_PACKAGES[@]}") ||
    (cd "$folder.new/deb" && apt_quietly update && quietly "$log" apt-get download "${MONITORING_PACKAGES[@]}") ||
    die "apt-get could not download all of: ${MONITORING_PACKAGES[*]}"
  rm -f "$log"
  unpack_all "$folder.new"
  mv "$folder.new" "$folder"
}

has_monitoring() {
  command -v prometheus >/dev/null && command -v promtool >/dev/null && command -v prometheus-node-exporter >/dev/null
}

unpack_all() {
  local package
  for package in "$1"/deb/*.deb; do dpkg-deb --extract "$package" "$1"; done
  rm -rf "$1/deb"
}
