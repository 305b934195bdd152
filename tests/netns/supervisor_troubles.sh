#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# `apiguard run` and what the machine can deny it or the verbs beside it: what was taken off stays off, what could not be
# put right is tried again, and what a boot can guard it guards.
. "$(dirname -- "$0")/lib.sh"
# shellcheck source=lib/supervised.sh
. "$(dirname -- "$0")/lib/supervised.sh"
LIST=$ETC/authorized-ranges
mount_over "$RUN" -t tmpfs -o size=64k,mode=0755 agtest
mount_over "$STATE" -t tmpfs -o size=1m,mode=0700 agtest

fill_run() { cat /dev/zero >"$RUN/fill" 2>/dev/null || true; }
reboot() { # as far as the filter notices: links, maps and the runtime folder are gone
  rm -rf "$PINS" "${RUN:?}"/*
}
# As a verb sees it: the supervisor has files open there.
with_run_readonly() { # VERB...
  on_server unshare --mount --propagation private -- sh -c "mount -o remount,ro,bind '$RUN' && exec \"\$@\"" sh \
    "$APIGUARD" --config "$ETC/apiguard.toml" --state-dir "$STATE" --run-dir "$RUN" --pin-dir "$PINS" "$@" </dev/null
}
ended() { ! kill -0 "$SUPERVISOR" 2>/dev/null; }

step 'Detached where no mark can be left: the supervisor is ended, so that it stays so'
verb apply
supervise
guarded 0
fill_run
verb detach --all
complains "the supervisor \(pid $SUPERVISOR\) is stopped"
wait_for 'the end of the supervisor' ended
on 0 'pass pass'
rm "$RUN/fill"

step 'The same where that is read-only'
verb apply
supervise
expect 0 with_run_readonly detach gate0
complains "the supervisor \(pid $SUPERVISOR\) is stopped"
wait_for 'the end of the supervisor' ended
on 0 'pass pass'

step 'All is detached while nothing is attached: what appears later is left alone, too'
reboot
rm -rf "${STATE:?}"/*
config interfaces='["door0"]'
supervise
verb detach --all
prints 'nothing was attached'
on_server ip link add door0 type veth peer name p-door0
sleep 1.5
expect 1 guard status
same 0 "$(status_of '/interfaces#')"
on_server ip link delete door0
ends TERM 0
plain_config
verb apply --accept-risk detached
enforced

step 'A boot without the files: what was in force is'
mv "$ETC" "$WORK/away"
mkdir "$ETC"
reboot
supervise
guarded 0
ends TERM 0
reboot
verb apply --boot
enforced
rmdir "$ETC"
mv "$WORK/away" "$ETC"

step 'A boot beside an interface without Ethernet header: the others are guarded'
if on_server ip tuntap add dev tun9 mode tun 2>"$WORK/err"; then
  on_server ip link delete tun9
  config interfaces='["gate0", "t*"]'
  verb apply
  on_server ip tuntap add dev tun9 mode tun
  expect 6 guard apply
  complains "interface 'tun9': its packets have no Ethernet header"
  reboot
  verb apply --boot
  complains "interface 'tun9': its packets have no Ethernet header"
  enforced
  verb status
  complains "interface 'tun9': has no Ethernet header and is not guarded"
  config interfaces='["tun9"]'
  expect 6 guard apply
  on_server ip link delete tun9
  plain_config
  verb apply
else
  cat "$WORK/err"
  left_out 'no tun device'
fi

step 'An undo that cannot write the list is not forgotten, and the list is not published as it is'
mount_over "$WORK/elsewhere" -t tmpfs -o size=64k,mode=0755 agtest
mv "$LIST" "$WORK/elsewhere/"
ln -s "$WORK/elsewhere/authorized-ranges" "$LIST"
cp "$LIST" "$WORK/list"
verb apply
supervise
verb allow "$STRANGER4" --confirm-within 2s
mount -o remount,ro "$WORK/elsewhere"
says "file '$LIST': still holds the text of generation [0-9]+, which is undone, .*[Rr]ead-only file system"
guarded 0
expect 4 guard apply
complains 'still holds the text of generation [0-9]+, which is undone'
expect 0 guard status
complains 'still holds the text of generation [0-9]+, which is undone'
verb mode audit # a way out is one all the same
on 0 'pass pass'
verb rollback
guarded 0
ends TERM 0
mount -o remount,rw "$WORK/elsewhere"
cp "$WORK/list" "$LIST"
verb apply
supervise
verb allow "$STRANGER4" --confirm-within 2s
mount -o remount,ro "$WORK/elsewhere"
says 'still holds the text of generation [0-9]+, which is undone'
mount -o remount,rw "$WORK/elsewhere"
says "file '.*': as it was before generation"
cmp "$LIST" "$WORK/list"
guarded 0
keeps verb apply
expect 0 guard diff

step 'Settling that fails is tried again, until it does not'
forget
verb allow "$STRANGER4" --confirm-within 2s
mount -o remount,ro "$STATE"
says '[Rr]ead-only file system'
guarded 0
mount -o remount,rw "$STATE"
says 'was not confirmed and is undone'
cmp "$LIST" "$WORK/list"
well
keeps verb apply
ends TERM 0
