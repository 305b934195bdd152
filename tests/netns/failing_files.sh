#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Every system call of a publish to a file that can be denied is, one at a time: no descriptor, no disk, a disk that
# fails or is read-only. A verb that fails leaves the old list on every interface and the text as it was; one that goes
# on has the new list in force; and the next verb works in both cases. Calls to the kernel itself are failing_calls.sh,
# looks at files failing_looks.sh.
. "$(dirname -- "$0")/lib.sh"
. "$(dirname -- "$0")/lib/denials.sh"
begin

deny_each openat EMFILE 100
deny_each mkdir+mkdirat ENOSPC 3
deny_each write ENOSPC 6
deny_each fsync EIO 10
deny_each rename+renameat+renameat2 EIO 5
deny_each unlink+unlinkat EROFS 8
deny_each fchmod EPERM 4
say "$TOTAL denials, $SECONDS s"
