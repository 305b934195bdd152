#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# The program is hardened as built and as installed: read from the binary, whatever flags the build was given. What is
# installed carries no debug information.
#
# APIGUARD is the binary, BUILD its build folder (empty: that of a package, which is installed), FORTIFIED=OFF a build without optimisation, which cannot have
# _FORTIFY_SOURCE. STRIPPED=OFF a build for a package, which strips by itself. LINKED=static a build of scripts/tarball, and
# RUNS=no one for another processor.
set -euo pipefail
: "${APIGUARD:?the binary}" "${BUILD?the build folder}" "${FORTIFIED:?ON or OFF}" "${STRIPPED:?ON or OFF}"
LINKED=${LINKED:-shared} RUNS=${RUNS:-yes}
export LC_ALL=C
LEFT_OUT_NAME=build.hardened
. "$(dirname -- "${BASH_SOURCE[0]}")/../netns/lib/left_out.sh"

die() {
  printf 'FAILED: %s\n' "$*" >&2
  exit 1
}

# has FILE WHAT PATTERN OPTION...: a line that readelf prints with these options matches.
has() {
  local file=$1 what=$2 pattern=$3
  shift 3
  readelf --wide "$@" "$file" >"$WORK/readelf" 2>&1 || die "readelf $* $file: $(cat "$WORK/readelf")"
  grep -Eq -- "$pattern" "$WORK/readelf" || die "$file: $what: readelf $* shows no '$pattern'"
  printf '  %s\n' "$what"
}
has_not() {
  local file=$1 what=$2 pattern=$3
  shift 3
  readelf --wide "$@" "$file" >"$WORK/readelf" 2>&1 || die "readelf $* $file: $(cat "$WORK/readelf")"
  ! grep -E -- "$pattern" "$WORK/readelf" >&2 || die "$file: $what"
  printf '  %s\n' "$what"
}

# Indirect jumps and returns, where the processor can watch them. One object without the note takes it from the whole.
watches_jumps() {
  case $(readelf --file-header "$1") in
    *X86-64*)
      has "$1" 'control flow: IBT and SHSTK' 'x86 feature: IBT, SHSTK' --notes
      lands_on_pads "$1"
      ;;
    *AArch64*)
      if readelf --notes "$(cc -print-file-name=Scrt1.o)" | grep -q 'AArch64 feature: BTI'; then
        has "$1" 'control flow: BTI and PAC' 'AArch64 feature: BTI, PAC' --notes
      else
        left_out 'start files of the C library without the mark of BTI'
      fi
      ;;
    *) die "$1: a processor whose protections this test does not know: name them here" ;;
  esac
}

# The mark is a promise: where the loader jumps to, an endbr64 (f3 0f 1e fa) stands.
lands_on_pads() {
  local file=$1 address word
  for word in 'Entry point address:' '(INIT)' '(FINI)'; do
    address=$(readelf --wide --file-header --dynamic "$file" | grep -F -- "$word" | grep -o '0x[0-9a-f]*' | tail -n 1)
    [ -n "$address" ] || die "$file: no '$word'"
    objdump -d --start-address="$address" --stop-address=$((address + 4)) "$file" | grep -q endbr64 ||
      die "$file: no landing pad at '$word' $address"
  done
  printf '  landing pads where the loader jumps to\n'
}

# calls FILE WHAT PATTERN: a static program has no undefined symbols that would tell; the rooms it is linked of have.
calls() {
  if [ "$LINKED" = shared ]; then
    has "$1" "$2" " $3(@| )" --dyn-syms
    return
  fi
  local room
  for room in host datapath cli; do has "$BUILD/libapiguard_$room.a" "$2 in $room" " UND $3\$" --syms; done
}

# Nothing of the host's is loaded, and no mark is kept that the C library inside would break.
needs_nothing() {
  has_not "$1" 'no interpreter' '^ +INTERP ' --program-headers
  has_not "$1" 'no shared library' '\(NEEDED\)' --dynamic
  has_not "$1" 'no mark of landing pads' 'feature: (IBT|BTI)' --notes
}

hardened() {
  printf '%s\n' "$1"
  has "$1" 'position independent' 'Type: +DYN ' --file-header
  has "$1" 'is a PIE by its own flags' 'FLAGS_1\).*Flags:.* PIE' --dynamic
  has "$1" 'symbols bound before main' 'FLAGS_1\).*Flags: NOW' --dynamic
  has "$1" 'their table read-only then' '^ +GNU_RELRO ' --program-headers
  has_not "$1" 'no executable stack' '^ +GNU_STACK .* RWE ' --program-headers
  has_not "$1" 'no segment both writable and executable' '^ +LOAD .* RWE ' --program-headers
  has_not "$1" 'no search path of libraries' 'R(UN)?PATH' --dynamic
  calls "$1" 'stack protector' '__stack_chk_fail'
  if [ "$LINKED" = static ]; then needs_nothing "$1"; else watches_jumps "$1"; fi
  if [ "$FORTIFIED" = ON ]; then
    calls "$1" 'checked copies' '__[a-z_0-9]+_chk'
  else
    left_out 'a build without optimisation'
  fi
}

stripped() { has_not "$1" 'no debug information' '\.(debug_info|symtab)' --sections; }

WORK=$(mktemp -d "${TMPDIR:-/tmp}/agtest-hardened.XXXXXX")
trap 'rm -rf "$WORK"' EXIT

hardened "$APIGUARD"
if [ -z "$BUILD" ]; then
  stripped "$APIGUARD"
  exit
fi

DESTDIR="$WORK/root" cmake --install "$BUILD" --prefix /usr >"$WORK/log" 2>&1 || die "cmake --install: $(cat "$WORK/log")"
installed=$WORK/root/usr/sbin/apiguard
hardened "$installed"
if [ "$RUNS" = yes ]; then "$installed" version >/dev/null || die 'the installed program does not start'; fi
if [ "$STRIPPED" = ON ]; then stripped "$installed"; fi
printf 'built: %s kB, installed: %s kB\n' $(($(stat -c %s "$APIGUARD") / 1024)) $(($(stat -c %s "$installed") / 1024))
