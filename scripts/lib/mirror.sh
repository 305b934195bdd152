# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=bash
# Debian's archive as this host is configured to reach it: other suites come from the same place, so no
# address stands in this tree and a host behind its own mirror works. Sourced after common.sh.

KEYRING=/usr/share/keyrings/debian-archive-keyring.gpg

# The archive's base URI, read from apt itself: it knows both formats of its source files.
host_mirror() {
  local codename
  codename=$(debian_codename)
  # apt expands these names, not the shell.
  # shellcheck disable=SC2016
  apt-get --no-release-info indextargets --format '$(REPO_URI) $(RELEASE) $(COMPONENT)' \
    'Created-By: Packages' |
    awk -v codename="$codename" '
      $3 == "main" && ($2 == codename || $2 ~ /^(old)?(old)?stable$/) && !uri { uri = $1 }
      END { sub("/$", "", uri); print uri }'
}

# The host's settings for fetching (proxy, retries, dates), for another root's apt.conf.d.
host_fetch_settings() {
  apt-config dump | grep -E '^Acquire::(Check-|http|https|Retries|ForceIPv)' || true
}

# debootstrap fetches with wget, which knows nothing of apt's proxy.
export_host_proxy() {
  local proxy
  proxy=$(apt-config shell proxy Acquire::http::Proxy | sed "s/^proxy='\(.*\)'$/\1/")
  case $proxy in
    '' | DIRECT | false) ;;
    *) export http_proxy=${http_proxy:-$proxy} ;;
  esac
}

# apt_for_suite FOLDER SUITE [ARCHITECTURE]: a small apt of its own in FOLDER that knows SUITE and nothing installed. The
# host's apt.conf (proxy and so on) still applies, its sources and state are not touched. Packages are of this host's
# architecture or the one that is named.
apt_for_suite() {
  local folder=$1 suite=$2 architecture=${3:-$(dpkg --print-architecture)} mirror
  mirror=$(host_mirror)
  [ -n "$mirror" ] || { complain "apt on this host has no Debian archive configured" && return 1; }
  mkdir -p "$folder"/lists/partial "$folder"/cache/archives/partial
  : >"$folder/status"
  echo "$architecture" >"$folder/architecture"
  echo "deb [signed-by=$KEYRING] $mirror $suite main" >"$folder/sources.list"
}

# apt_in FOLDER PROGRAM ARGUMENTS...: apt-get or apt-cache on that small apt.
apt_in() {
  local folder=$1 program=$2 architecture
  architecture=$(cat "$folder/architecture")
  shift 2
  "$program" -o APT::Architecture="$architecture" -o APT::Architectures::="$architecture" \
    -o Dir::Etc::sourcelist="$folder/sources.list" -o Dir::Etc::sourceparts=- \
    -o Dir::State::lists="$folder/lists" -o Dir::State::status="$folder/status" \
    -o Dir::Cache="$folder/cache" -o APT::Sandbox::User=root "$@"
}
