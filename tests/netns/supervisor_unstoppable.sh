#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# `apiguard run` cannot be stopped by what is around it: whatever fails, is full, stopped or not to be had, it goes on
# guarding, says what is the matter once, and never runs in circles. Processes that it starts are counted, not timed: it
# runs in a PID namespace, where the kernel numbers them.
. "$(dirname -- "$0")/lib.sh"
# shellcheck source=lib/supervised.sh
. "$(dirname -- "$0")/lib/supervised.sh"
command -v strace >/dev/null || skip 'no strace here'
mount_over "$WORK/bpf" -t bpf bpf
PINS=$WORK/bpf/apiguard

new_link() { on_server ip link add "$1" type veth peer name "p-$1"; }
drop_link() { on_server ip link delete "$1"; }
runs_program() { on_server ip link show "$1" | grep -q xdp; }
guarded_link() { wait_for "$1 to be guarded" runs_program "$1"; }
pinned() { [ -e "$PINS/links" ] && [ -n "$(ls "$PINS/links")" ]; }
# While they are pinned again.
unpin_all() { until rm -rf "$PINS" 2>/dev/null; do :; done; }
pins_back() {
  unpin_all
  wait_for 'the pins to be back' pinned
}
fill_pipe() { yes '' | dd of="$1" oflag=nonblock iflag=fullblock bs=4096 2>/dev/null || true; }
# TIMES PATTERN: so often, and not more.
logged_times() { [ "$(grep -cE -- "$2" "$LOG")" -ge "$1" ]; }
says_times() { wait_for "$1 messages '$2'" logged_times "$1" "$2"; }
said_once() { same 1 "$(grep -cE -- "$1" "$LOG")" "messages '$1'"; }

# In a PID namespace. The supervisor is the child of unshare.
supervise_counted() { # [COMMAND IN FRONT]...
  supervise unshare --pid --fork --kill-child -- "$@"
  COUNTED=$(pgrep -P "$SUPERVISOR")
}
# Processes that it has started; asking takes one.
processes() { nsenter --target "$COUNTED" --pid -- cat /proc/sys/kernel/ns_last_pid; }
at_most() { [ "$(processes)" -le "$1" ] || die "$(processes) processes were started, more than $1"; }
end_counted() {
  kill -TERM "$COUNTED"
  { wait "$SUPERVISOR" || true; } 2>/dev/null
}
reboot() {
  rm -rf "$PINS" "${RUN:?}"/*
}

step 'At its start it says what it guards'
verb apply
supervise
says 'apiguard: guards gate0 by generation [0-9]+, mode enforce'
ends TERM 0
verb detach --all
supervise
says 'nothing is in force: detached by hand: waits for'
ends TERM 0
reboot
rm -rf "${STATE:?}"/*
config interfaces='["door*"]'
supervise
says 'nothing is in force: waits for an interface of: door\*'
ends TERM 0
plain_config
verb apply --accept-risk all

step 'A bpffs that is read-only when it starts: what is in force stays, no process is started for it, and it is said'
mount -o remount,ro "$WORK/bpf"
supervise_counted
says_times 2 'is in force, but the pins at .* cannot be held'
at_most 12
enforced
mount -o remount,rw "$WORK/bpf"
well
new_link late0
drop_link late0
pins_back
end_counted

step 'A boot that fails again and again: at growing distances'
reboot
in_background "$SERVER" "$TOOLS/usurp" attach gate0 >"$WORK/usurper"
usurper=$!
wait_for 'the usurper' grep -qx attached "$WORK/usurper"
supervise_counted
says "'apply --boot' failed with status [0-9]+: retry in 5 s"
says "'apply --boot' failed with status [0-9]+: retry in 10 s"
at_most 14
kill "$usurper"
guarded 0
end_counted

step 'The same, with every call of bpf refused, while interfaces come and go'
reboot
config interfaces='["gate0", "w*"]'
supervise_counted strace -D -f -o /dev/null -e trace=bpf -e inject=bpf:error=EPERM
says "'apply --boot' failed with status [0-9]+: retry in 5 s"
for ((i = 0; i < 40; ++i)); do
  new_link "w$i"
  drop_link "w$i"
done
says_times 3 "'apply --boot' failed with status"
at_most 40
end_counted
plain_config
verb apply --accept-risk all

step 'Fewer descriptors than links: it holds what it can, says so once, and guards all'
{ for ((i = 0; i < 70; ++i)); do echo "link add w$i type veth peer name p-w$i"; done; } >"$WORK/batch"
on_server ip -batch "$WORK/batch"
config interfaces='["gate0", "w*"]'
verb apply --accept-risk all
supervise_counted prlimit --nofile=64:64
says 'links: [0-9]+ of 71 cannot be held open: the limit of open files is 64: .*LimitNOFILE'
same 71 "$(status_of '/interfaces#')"
new_link w99
guarded_link w99
unpin_all
wait_for 'the pins to be back' pinned
well
said_once 'cannot be held open: the limit of open files'
at_most 40
end_counted
supervise prlimit --nofile=64:4096
says 'guards .* and 64 more by generation'
same 0 "$(grep -c 'cannot be held open' "$LOG" || true)"

step 'Interfaces that go in a crowd do not cost a round each'
forget
{ for ((i = 0; i < 70; ++i)); do echo "link delete w$i"; done; } >"$WORK/batch"
on_server ip -batch "$WORK/batch"
few_links() { [ "$(find "$PINS/links" -type f | wc -l)" -eq 2 ]; }
wait_for 'the dead links to go' few_links
drop_link w99
ends TERM 0
config interfaces='["gate0", "w*"]'
verb apply --accept-risk all

step 'Standard error and the journal are full: it guards, repairs and ends all the same, and counts'
mkfifo "$WORK/fifo"
exec {fifo}<>"$WORK/fifo"
fill_pipe "$WORK/fifo"
forget
in_background "$SERVER" env NOTIFY_SOCKET="$WORK/notify" "$APIGUARD" --config "$ETC/apiguard.toml" --state-dir "$STATE" \
  --run-dir "$RUN" --pin-dir "$PINS" run </dev/null >"$WORK/run.out" 2>&"$fifo"
SUPERVISOR=$!
wait_for 'the supervisor' notified READY=1
for name in w0 w1 w2; do
  new_link "$name"
  guarded_link "$name"
done
pins_back
dropped() { guard metrics | grep -E '^apiguard_messages_dropped_total [1-9]'; }
wait_for 'the metric to count them' dropped
cat <&"$fifo" >>"$LOG" &
PIDS+=($!)
says 'apiguard: [0-9]+ messages were dropped because nobody read them'
ends TERM 0
exec {fifo}>&-

step 'Its reader is gone'
exec {gone}> >(true)
wait_for 'the end of the reader' sh -c "! kill -0 $! 2>/dev/null"
forget
in_background "$SERVER" env NOTIFY_SOCKET="$WORK/notify" "$APIGUARD" --config "$ETC/apiguard.toml" --state-dir "$STATE" \
  --run-dir "$RUN" --pin-dir "$PINS" run </dev/null >"$WORK/run.out" 2>&"$gone"
SUPERVISOR=$!
wait_for 'the supervisor' notified READY=1
pins_back
drop_link w0
new_link w0
guarded_link w0
ends TERM 0
exec {gone}>&-

step 'The service manager reads nothing for a while: nobody waits for it, and it learns how things stand'
supervise
manager=${PIDS[0]}
kill -STOP "$manager"
for ((i = 10; i < 26; ++i)); do
  new_link "w$i"
  guarded_link "w$i"
done
pins_back
forget
kill -CONT "$manager"
wait_for 'the last STATUS' notified 'STATUS=generation [0-9]+, enforce, 20 of 20 interfaces attached'
for ((i = 10; i < 26; ++i)); do drop_link "w$i"; done

step 'Notices of more interfaces than the socket holds: all of them are guarded'
kill -STOP "$SUPERVISOR"
{
  for ((i = 30; i < 90; ++i)); do echo "link add w$i type veth peer name p-w$i"; done
  for ((round = 0; round < 10; ++round)); do
    for ((i = 30; i < 90; ++i)); do echo "link set w$i alias $round"; done
  done
} >"$WORK/batch"
on_server ip -batch "$WORK/batch"
kill -CONT "$SUPERVISOR"
for ((i = 30; i < 90; ++i)); do guarded_link "w$i"; done
for ((i = 30; i < 90; ++i)); do echo "link delete w$i"; done >"$WORK/batch"
on_server ip -batch "$WORK/batch"

step 'A verb whose output nobody reads: it does not keep the lock, and says all of it once somebody does'
mkfifo "$WORK/full"
exec {full}<>"$WORK/full"
fill_pipe "$WORK/full"
guard allow 198.18.7.0/24 >&"$full" 2>&1 &
stuck=$!
PIDS+=("$stuck")
wait_for 'the verb to be done with' sh -c "grep -q 198.18.7.0/24 '$ETC/authorized-ranges'"
verb allow 198.18.8.0/24
kill -0 "$stuck" || die 'the verb did not wait for its reader'
cat <&"$full" >"$WORK/read" &
PIDS+=($!)
wait "$stuck" || die "the verb ended with $?"
wait_for 'its last word' grep -q 'generation [0-9]* is in force on' "$WORK/read"
grep -qx '+ 198.18.7.0/24' "$WORK/read"
exec {full}>&-

step 'A verb that is stopped with the lock: who holds it is said once, and when it is over, and nothing was missed'
forget
(
  exec {lock}<>"$RUN/lock"
  flock -x "$lock"
  printf '%s allow\n' "$BASHPID" >"$RUN/lock"
  kill -STOP "$BASHPID"
) &
holder=$!
PIDS+=("$holder")
is_stopped() { grep '^State:.*T' "/proc/$holder/status" >/dev/null; }
wait_for 'the verb to hold the lock' is_stopped
# A new interface asks for a round, which meets the lock.
new_link w9
says "lock '.*/lock': held by pid $holder \(allow\) for [0-9]+ s, which is stopped: until then no interface is newly guarded: 'kill -CONT $holder'"
wait_for 'the status to say it' sh -c "grep -q 'held by pid $holder' '$RUN/status.json'"
runs_program w9 && die 'guarded although the lock is held'
kill -CONT "$holder"
says "lock '.*/lock': is free again after [0-9]+ s"
guarded_link w9
said_once 'held by pid'
ends TERM 0

step 'No instance of inotify, no timer, no signalfd: looks take the place of notices'
for call in inotify_init1 inotify_add_watch timerfd_create signalfd4; do
  supervise strace -D -o /dev/null -e trace="$call" -e inject="$call:error=EMFILE"
  says '[Tt]oo many open files: without notices, polled every half second instead'
  drop_link w9
  new_link w9
  guarded_link w9
  rm "$PINS/links/"gate0-*
  says "pin '.*gate0-[0-9]+': was removed: pinned again"
  ends TERM 0
done

step 'Descriptors run out while it runs, and come back'
supervise
prlimit --pid "$SUPERVISOR" --nofile=8:4096
rm "$PINS/links/"gate0-*
says '[Tt]oo many open files'
enforced
prlimit --pid "$SUPERVISOR" --nofile=4096:4096
well
wait_for 'the pin to be back' sh -c "ls '$PINS/links' | grep -q '^gate0-'"

step 'The runtime folder is removed while it runs: it is there again, with the lock of the supervisor'
rm -rf "$RUN"
alone_again() { expect 4 guard run; complains 'held by pid'; }
wait_for 'the lock of the supervisor' test -e "$RUN/supervisor"
says 'is back, and the supervisor is registered in it'
alone_again
new_link w8
guarded_link w8
ends TERM 0

step 'A process of its own is stopped: it is ended, and the work can be done again'
supervise
exec {lock}<>"$RUN/lock"
flock -x "$lock"
kill -HUP "$SUPERVISOR"
child_of_reload() { pgrep -P "$SUPERVISOR" -f 'apply$'; }
wait_for 'the reload to wait for the lock' child_of_reload
kill -STOP "$(child_of_reload)"
says "process 'apply' \(pid [0-9]+\) is stopped: it is killed in 10 s"
says 'reload: failed with status 137'
exec {lock}>&-
drop_link w8
new_link w8
guarded_link w8
forget
kill -HUP "$SUPERVISOR"
says 'reload: done'
ends TERM 0

step '/proc cannot be read'
supervise unshare --mount --propagation private -- sh -c 'mount -t tmpfs -o ro none /proc && exec "$@"' sh
pins_back
drop_link w8
new_link w8
guarded_link w8
ends TERM 0

step 'Strays among the links stop nothing: a program, a map, a folder, a dangling link, a link of another kind'
verb apply --accept-risk all
"$TOOLS/stray" program "$PINS/links/zz"
"$TOOLS/stray" map "$PINS/links/eth9-9"
on_server "$TOOLS/stray" link "$PINS/links/sk"
new_link other0
on_server "$TOOLS/stray" xdp "$PINS/links/other" other0
mkdir "$PINS/links/folder"
ln -s "$PINS/nowhere" "$PINS/links/dangling"
stray_names='zz eth9-9 sk other folder dangling'
all_there() {
  for name in $stray_names; do
    if [ ! -e "$PINS/links/$name" ] && [ ! -L "$PINS/links/$name" ]; then die "$name is gone"; fi
  done
}
despite_strays() { # VERB...
  verb "$@"
  for name in $stray_names; do complains "pin '.*/links/$name': is not a link of apiguard: left alone"; done
  all_there
}
despite_strays mode audit
despite_strays mode off
despite_strays mode enforce --accept-risk all
despite_strays allow 198.18.0.0/24 --accept-risk all
despite_strays rollback
despite_strays apply
despite_strays apply --boot
expect 0 guard status
enforced
supervise
says "pin '.*/links/zz': is not a link of apiguard: left alone"
rm "$PINS/links/"gate0-*
says "pin '.*gate0-[0-9]+': was removed: pinned again"
said_once "links/zz': is not a link of apiguard"
on_server "$TOOLS/usurp" update "$(ls -d "$PINS/links/"gate0-*)"
says 'another process replaced the program on its link'
guarded 0
all_there
ends TERM 0
verb detach --all
not_enforced
all_there
