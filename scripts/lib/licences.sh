# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=bash
# What the static program is made of, and its licences: read from what compiler and linker took, not from a list that
# somebody would have to keep. Sourced by scripts/tarball, which sets WORK
# and ARCH.

# files_used: headers and archives outside the tree, a path a line. Those of another architecture by what this one calls
# them.
files_used() {
  {
    sed -nE 's/^LOAD //p' "$WORK/build/link.map"
    find "$WORK/build" -name '*.o.d' -exec cat {} + | tr -s ' \134' '\n'
  } | if [ -n "$SYSROOT" ]; then
    sed -E "\\,^$SYSROOT/,s,$(multiarch "$ARCH"),$(multiarch "$(dpkg --print-architecture)"),; s,^$SYSROOT/,/,"
  else
    cat
  fi | grep '^/usr/'
}

# packages_used: Debian's, a name a line, without an architecture. libmnl-dev is among them for its headers.
packages_used() {
  files_used | sort -u | xargs -d '\n' readlink -f | sort -u | xargs -d '\n' dpkg --search | sed 's/:.*//' | sort -u
}

# With versions, by the file that has their licence: the parts of a compiler share one.
licences() {
  local package file
  local -a packages files
  mapfile -t packages < <(packages_used)
  mapfile -t files < <(for package in "${packages[@]}"; do copyright_of "$package"; done | sort -u)
  cat <<TEXT
apiguard is under GPL-2.0-only OR BSD-2-Clause: see LICENSE and LICENSES.

The program also has in it parts of these packages of Debian $(cat /etc/debian_version), whose sources are in Debian's
archive:

TEXT
  for package in "${packages[@]}"; do version_of "$package"; done
  for file in "${files[@]}"; do
    heading "$(for package in "${packages[@]}"; do
      if [ "$(copyright_of "$package")" = "$file" ]; then echo "$package"; fi
    done | paste -sd ' ')"
    cat "$file"
  done
  common_licences "${files[@]}"
}

heading() { printf '\n\n%s\n==== %s\n%s\n\n' "$RULE" "$1" "$RULE"; }
RULE=$(printf '=%.0s' {1..78})

# scripts/lib/bill_of_materials.py reads these lines. Of libmnl the archive counts and not the headers.
# shellcheck disable=SC2016
version_of() {
  if [ "$1" = libmnl-dev ]; then
    dpkg-deb --show --showformat '  ${Package} ${Version} (source: ${source:Package} ${source:Version})\n' "$WORK"/libmnl/*.deb
    return
  fi
  dpkg-query --show --showformat '  ${Package} ${Version} (source: ${source:Package} ${source:Version})\n' "$1" | head -n 1
}

copyright_of() {
  if [ "$1" = libmnl-dev ]; then
    echo "$WORK/libmnl/usr/share/doc/libmnl-dev/copyright"
    return
  fi
  readlink -f "/usr/share/doc/$1/copyright"
}

# common_licences FILE...: what Debian's files refer to.
common_licences() {
  local name
  while read -r name; do
    [ -f "/usr/share/common-licenses/$name" ] || continue # the end of a sentence, or a wildcard
    heading "$name"
    cat "/usr/share/common-licenses/$name"
  done < <(cat "$@" | grep -oE '/usr/share/common-licenses/[A-Za-z0-9.-]*[A-Za-z0-9]' | sed 's,.*/,,' | sort -u)
}
