#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Every change leaves a trace: one entry in the journal, by the verb itself, or a line of syslog where there is no
# journal. What changes nothing leaves none, and a journal that takes nothing stops nobody.
#
# The sockets are at fixed paths. So the whole test plays in a mount namespace of its own, whose /run and /dev are empty
# but for what is needed.
if [ -z "${APIGUARD_JOURNAL_TEST:-}" ] && [ "$(id -u)" -eq 0 ]; then
  APIGUARD_JOURNAL_TEST=1 exec unshare --mount --propagation private -- bash "$0" "$@"
fi
if [ "$(id -u)" -eq 0 ]; then
  mount -t tmpfs none /run
  mkdir -p /run/systemd/journal /run/dev
  for device in null zero random urandom tty ptmx; do
    [ -e "/dev/$device" ] || continue
    touch "/run/dev/$device"
    mount --bind "/dev/$device" "/run/dev/$device"
  done
  mkdir /run/dev/shm
  ln -s /proc/self/fd /run/dev/fd
  mount --rbind /run/dev /dev
fi
. "$(dirname -- "$0")/lib.sh"
. "$(dirname -- "$0")/lib/supervised.sh"

SOCKET=/run/systemd/journal/socket
ENTRIES=$WORK/entries LISTENER=''
listen() { # PATH
  : >"$ENTRIES"
  "$TOOLS/journal" "$1" >>"$ENTRIES" &
  LISTENER=$!
  PIDS+=("$LISTENER")
  wait_for 'the journal' grep -qx ready "$ENTRIES"
  : >"$ENTRIES"
}
deafen() { # PATH
  kill "$LISTENER"
  wait "$LISTENER" 2>/dev/null || true
  rm "$1"
}
entries() { grep -c . "$ENTRIES" || true; }
# What came since the last of these calls: the last entry is the one that is asked about.
LAST=''
one_entry() { # MORE...: exactly one
  wait_for 'an entry' test -s "$ENTRIES"
  same 1 "$(entries)" "entries${1:+ of $*}: $(cat "$ENTRIES")"
  LAST=$(cat "$ENTRIES")
  : >"$ENTRIES"
  case $LAST in *BROKEN*) die "broken: $LAST" ;; esac
}
no_entry() { same '' "$(cat "$ENTRIES")" "entries${1:+ of $*}"; }
# field NAME: all its values, a line each.
field() { tr '\t' '\n' <<<"$LAST" | sed -n "s/^$1=//p"; }
holds() { same "$2" "$(field "$1")" "$1 in '$LAST'"; }

listen "$SOCKET"

step 'A change says what it was, once'
verb apply
one_entry apply
holds MESSAGE_ID 7f2f3c5c0b7e4d0f9a6e52d1c3a8b947
holds PRIORITY 5
holds SYSLOG_IDENTIFIER apiguard
holds SYSLOG_FACILITY 10
holds APIGUARD_VERB apply
holds APIGUARD_GENERATION 1
holds APIGUARD_ADDED 2
holds APIGUARD_REMOVED 0
holds APIGUARD_MODE enforce
holds APIGUARD_CONFIRMED yes
holds APIGUARD_INTERFACES gate0
holds APIGUARD_ENTRY $'+ 203.0.113.0/24\n+ 2001:db8:12::/48'
expect 0 on_server env SSH_CONNECTION='203.0.113.99 50000 198.51.100.1 22' "$APIGUARD" --config "$ETC/apiguard.toml" \
  --state-dir "$STATE" --run-dir "$RUN" --pin-dir "$PINS" allow 198.18.0.0/24 --name ci --for 2h
one_entry allow
holds APIGUARD_VERB allow
holds APIGUARD_COMMAND 'allow 198.18.0.0/24 --name ci --for 2h'
holds APIGUARD_GENERATION 2
holds APIGUARD_ADDED 1
holds APIGUARD_SSH_CLIENT 203.0.113.99
case $(field APIGUARD_BY) in *' from 203.0.113.99') ;; *) die "who: $(field APIGUARD_BY)" ;; esac
case $(field APIGUARD_ENTRY) in '+ 198.18.0.0/24 name=ci until='*) ;; *) die "entry: $LAST" ;; esac
verb revoke ci --accept-risk drop-peers,wide
one_entry revoke
holds APIGUARD_REMOVED 1
holds APIGUARD_RISKS drop-peers,wide
verb mode audit
one_entry mode
holds APIGUARD_SETTING 'mode: enforce -> audit'
holds APIGUARD_MODE audit
verb mode off
one_entry off
holds PRIORITY 4
verb mode enforce
one_entry enforce

step 'Nothing changed, nothing said'
verb apply
verb allow 203.0.113.0/24
verb allow 198.18.7.0/24 --dry-run
expect 7 guard allow 0.0.0.0/1
expect 1 guard revoke nobody-has-this-name
verb status
verb list
verb confirm
no_entry 'verbs that change nothing'

step 'A change that waits, and how it ends'
verb allow 198.18.1.0/24 --confirm-within 5m
one_entry allow
holds APIGUARD_CONFIRMED waiting
waiting=$(field APIGUARD_GENERATION)
verb confirm
one_entry confirm
holds APIGUARD_VERB confirm
holds APIGUARD_CONFIRMED yes
holds APIGUARD_GENERATION "$waiting"
verb allow 198.18.2.0/24 --confirm-within 1s
one_entry allow
waiting=$(field APIGUARD_GENERATION)
sleep 1.5
verb status # settles it
one_entry undo
holds APIGUARD_VERB undo
holds APIGUARD_CONFIRMED no
holds APIGUARD_GENERATION "$waiting"
holds PRIORITY 4
verb allow 198.18.2.0/24 --accept-risk undone
one_entry allow
verb rollback
one_entry rollback
holds APIGUARD_REMOVED 1

step 'A drop-in that comes with the change, and a long command'
printf '198.18.4.0/24\n' >"$WORK/x"
verb apply --with x.list="$WORK/x"
one_entry 'apply --with'
holds APIGUARD_ENTRY '+ 198.18.4.0/24'
rm "$ETC/authorized-ranges.d/x.list"
verb apply
one_entry apply
holds APIGUARD_ENTRY '- 198.18.4.0/24'
mapfile -t long < <(seq -f '198.19.%g.0/24' 0 200)
say "\$ apiguard allow ... (${#long[@]} ranges)"
guard allow "${long[@]}" >/dev/null 2>&1
one_entry 'a long command'
holds APIGUARD_ADDED 201
same 21 "$(field APIGUARD_ENTRY | grep -c .)" 'entries that are named'
field APIGUARD_ENTRY | tail -1 | grep -x -- '+ and 181 more' >/dev/null || die "the rest is not counted: $LAST"
verb rollback
one_entry rollback

step 'Changes that are published together: an entry each'
# The lock is held until all of them wait.
mkfifo "$WORK/release"
{
  exec 9>>"$RUN/lock"
  flock 9
  : >"$WORK/held"
  read -r _ <"$WORK/release" || true
} &
PIDS+=($!)
wait_for 'the lock' test -e "$WORK/held"
pids=()
for i in 1 2 3 4; do
  guard allow "198.18.10$i.0/24" --name "many-$i" >"$WORK/many-$i" 2>&1 &
  pids+=($!)
done
waiting() { [ "$(find "$RUN/queue" -name '*.ticket' | wc -l)" -eq 4 ]; }
wait_for 'four that wait' waiting
echo >"$WORK/release"
for pid in "${pids[@]}"; do wait "$pid"; done
same 4 "$(entries)" "entries of four: $(cat "$ENTRIES")"
for i in 1 2 3 4; do
  same 1 "$(grep -c "APIGUARD_ENTRY=+ 198.18.10$i.0/24 name=many-$i" "$ENTRIES")" "entries of many-$i"
done
: >"$ENTRIES"

step 'Leases: one entry a minute, which sums them up'
verb lease 192.0.2.6 --for 1h --name node-1
one_entry lease
holds APIGUARD_VERB lease
holds APIGUARD_ADDED 1
case $(field APIGUARD_ENTRY) in 'added 192.0.2.6/32 name=node-1 until='*' by '*) ;; *) die "entry: $LAST" ;; esac
verb lease 192.0.2.8 --for 1h --name node-2
verb lease 192.0.2.9 192.0.2.10 --for 1h --name node-3
verb lease 192.0.2.9 --for 1h --name node-3 # changes nothing
no_entry 'more leases in the same minute'
# A minute later, by the stamp: the next verb that locks tells the sum.
sed -i -E 's/"leases_at":[0-9]+/"leases_at":1/' "$RUN/traced"
verb confirm
one_entry 'the sum'
holds APIGUARD_VERB lease
holds APIGUARD_ADDED 3
same 3 "$(field APIGUARD_ENTRY | grep -c .)" 'leases that are named'
verb revoke node-1
one_entry 'a revoke of a lease'
holds APIGUARD_VERB revoke
verb lease --unbar node-1
one_entry unbar
holds APIGUARD_VERB lease

step 'Killed between the change and its entry: the next verb says it'
verb allow 198.18.20.0/24
one_entry allow
told=$(field APIGUARD_GENERATION)
sed -i -E "s/\"generation\":[0-9]+/\"generation\":$((told - 1))/" "$RUN/traced"
verb confirm
one_entry 'what was not said'
holds APIGUARD_VERB allow
holds APIGUARD_GENERATION "$told"
holds APIGUARD_ENTRY ''
verb confirm
no_entry 'once more'

step 'The supervisor: repairs, and what ends while nobody types'
supervise
no_entry 'a supervisor that begins'
pin=$(find "$PINS" -name '*gate0*' | head -1)
rm "$pin"
one_entry 'a pin that is back'
holds APIGUARD_VERB repair
holds PRIORITY 4
verb allow 198.18.21.0/24 --confirm-within 1s
two() { [ "$(entries)" -eq 2 ]; }
wait_for 'an entry of the undo' two
grep -q 'APIGUARD_VERB=undo' "$ENTRIES" || die "no undo: $(cat "$ENTRIES")"
: >"$ENTRIES"
ends TERM 0

step 'Stderr that is the stream of the journal: a priority in front of every line, and nowhere else'
: >"$WORK/stream"
STREAM=$(stat -c %d:%i "$WORK/stream")
streamed() { # JOURNAL_STREAM FILE ARGUMENTS...: every line of FILE, what the verb says
  JOURNAL_STREAM=$1 guard "${@:3}" >"$WORK/out" 2>"$2" || true
  [ -s "$2" ] || die "'${*:3}' said nothing"
}
marked() { grep -cE "^<$1>" "$2" || true; }
streamed "$STREAM" "$WORK/stream" revoke nobody-has-this-name
same "$(wc -l <"$WORK/stream")" "$(marked 3 "$WORK/stream")" "errors of $(cat "$WORK/stream")"
streamed "$STREAM" "$WORK/stream" allow 203.0.113.99/24 --dry-run
[ "$(marked 4 "$WORK/stream")" -ge 1 ] || die "no warning is marked: $(cat "$WORK/stream")"
same "$(wc -l <"$WORK/stream")" "$(marked '[3-6]' "$WORK/stream")" "lines of $(cat "$WORK/stream")"
streamed "$STREAM" "$WORK/no-stream" revoke nobody-has-this-name # stderr is another file than the one that is named
same 0 "$(marked '[0-7]' "$WORK/no-stream")" 'lines that are marked'
streamed '' "$WORK/stream" revoke nobody-has-this-name
same 0 "$(marked '[0-7]' "$WORK/stream")" 'lines that are marked'
no_entry 'verbs that change nothing'
supervise JOURNAL_STREAM="$(stat -c %d:%i "$LOG")"
says '^<5>apiguard: guards gate0'
ends TERM 0
same 0 "$(grep -vcE '^<[3-6]>' "$LOG" || true)" "lines of the supervisor without a mark: $(cat "$LOG")"
: >"$ENTRIES"

step 'detach, and a boot'
verb detach gate0
one_entry detach
holds APIGUARD_VERB detach
holds APIGUARD_INTERFACES gate0
holds PRIORITY 4
verb detach --all
no_entry 'a detach of nothing'
rm -rf "$RUN"
verb apply --boot
one_entry boot
holds APIGUARD_VERB boot
holds APIGUARD_COMMAND 'apply --boot'

step 'A journal that takes no more stops nobody'
kill -STOP "$LISTENER"
for i in $(seq 20); do verb allow "198.18.$((200 + i)).0/24" 2>"$WORK/lost"; done
complains 'journal: cannot be written: it has no entry of this change'
kill -CONT "$LISTENER"
deafen "$SOCKET"

step 'Without a journal: one line of syslog'
listen /dev/log
verb allow 198.18.30.0/24 --name syslog
one_entry syslog
grep -E "^<85>[A-Z][a-z]{2} [ 0-9][0-9] [0-9:]{8} apiguard\[[0-9]+\]: generation [0-9]+: allow 198\.18\.30\.0/24 --name syslog: \+1 -0, mode enforce; by " \
  <<<"$LAST" >/dev/null || die "the line: $LAST"
deafen /dev/log

step 'With neither nobody says a word'
verb revoke syslog
same '' "$(cat "$WORK/err")" 'stderr'
ln -s /nowhere "$SOCKET"
verb allow 198.18.30.0/24
same '' "$(cat "$WORK/err")" 'stderr'
rm "$SOCKET"

step 'A real journal'
journald=/lib/systemd/systemd-journald
if [ ! -x "$journald" ] || ! command -v journalctl >/dev/null; then
  left_out 'a real journal: no systemd-journald here'
else
  echo 0123456789abcdef0123456789abcdef >"$WORK/machine-id"
  if [ -e /etc/machine-id ]; then mount --bind "$WORK/machine-id" /etc/machine-id; fi
  mkdir -p /run/log/journal
  "$journald" >"$WORK/journald" 2>&1 &
  PIDS+=($!)
  wait_for 'journald' test -S "$SOCKET"
  verb allow 198.18.31.0/24 --name journald
  read_back() { journalctl -D /run/log/journal -o json MESSAGE_ID=7f2f3c5c0b7e4d0f9a6e52d1c3a8b947 | grep -- '"APIGUARD_COMMAND":"allow 198.18.31.0/24 --name journald"'; }
  wait_for 'the entry' read_back
  # Of a process that has exited before journald looks at it there is no _COMM.
  read_back | grep -- '"APIGUARD_ADDED":"1"' | grep -- '"SYSLOG_IDENTIFIER":"apiguard"' >/dev/null || die "the entry: $(read_back)"
fi
