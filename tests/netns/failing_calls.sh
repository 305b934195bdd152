#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Every system call of a publish to the kernel itself that can be denied is, one at a time: no memory in the midst of a
# load, no privilege, no lock, no socket, no thread. A verb that fails leaves the old list on every interface and the
# text as it was; one that goes on has the new list in force; and the next verb works in both cases. Calls to files are
# failing_files.sh and failing_looks.sh.
. "$(dirname -- "$0")/lib.sh"
. "$(dirname -- "$0")/lib/denials.sh"
begin

deny_each bpf ENOMEM 100
deny_each bpf EPERM 100
deny_each flock ENOLCK 1
deny_each socket EMFILE 3
deny_each sendto ENOBUFS 3
deny_each recvmsg ENOMEM 3

step 'Without a thread to be had a long list is published all the same, and the way out works'
for ((net = 0; net < 60000; ++net)); do
  printf '10.%d.%d.%d/32\n' $((net / 16384)) $((net / 128 % 128)) $((net % 128 * 2))
done >>"$ETC/authorized-ranges"
for verb in apply 'allow 192.0.2.77' 'mode off' 'mode enforce'; do
  # shellcheck disable=SC2086
  denied clone3 EAGAIN 1+ $verb || die "'$verb' asked for no thread: nothing was tried"
  [ "$STATUS" -eq 0 ] || die "$PLACE: '$verb': status $STATUS: $(cat "$WORK/err")"
done
works diff
say "$TOTAL denials, $SECONDS s"
