#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Every system call of a publish that looks at a file or into a folder and can be denied is, one at a time. A verb that
# fails leaves the old list on every interface and the text as it was; one that goes on has the new list in force; and
# the next verb works in both cases. Calls that change something are failing_files.sh.
. "$(dirname -- "$0")/lib.sh"
. "$(dirname -- "$0")/lib/denials.sh"
begin

deny_each newfstatat EIO 200
deny_each getdents64 EIO 50
say "$TOTAL denials, $SECONDS s"
