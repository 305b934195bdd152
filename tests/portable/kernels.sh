#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# kernels.sh BUILD: the program of the archive on every kernel, where no library of it lies.
set -euo pipefail
. "$(dirname -- "${BASH_SOURCE[0]}")/../../scripts/lib/common.sh"
: "${ARCHIVES:?the folder of the archives}" "${1:?the build folder}"

WORK=$(mktemp -d "${TMPDIR:-/tmp}/agp-kernels.XXXXXX")
trap 'rm -rf "$WORK"' EXIT
tar -xzf "$ARCHIVES/apiguard-1.0-linux-$(dpkg --print-architecture).tar.gz" -C "$WORK" --strip-components=1
"$ROOT/scripts/vm" --build "$1" --program "$WORK/files/sbin/apiguard"
