#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# With --json a changing verb that is refused, or fails, answers on standard output as well: one object, which says so.
. "$(dirname -- "$0")/lib.sh"
LIST=$ETC/authorized-ranges
start_listener

# answer POINTER...: of the one object on standard output.
answer() { "$TOOLS/json" "$@" <"$WORK/out" | xargs; }
# refuses STATUS VERB...: with that status and an object that has it, and nothing has changed.
refuses() {
  local status=$1
  shift
  keeps expect "$status" guard "$@" --json
  same "1 false $status" "$(answer /schema /changed /error/exit)" "answer of '$*'"
  grep -F -- "$("$TOOLS/json" /error/message <"$WORK/out" | head -n 1)" "$WORK/err" >/dev/null ||
    die "'$*': standard error has another message"
}

step 'A risk is named, with a dry run and without, and the message has the way on'
verb apply
refuses 7 allow 198.0.0.0/7
same '1 wide' "$(answer /risks# /risks/0/name)"
refuses 7 allow 198.0.0.0/7 --dry-run
same '1 wide' "$(answer /risks# /risks/0/name)"
answer /error/message | grep -e '--accept-risk wide' >/dev/null || die 'no way on'

step 'Clients and ranges that the change would cut are in it'
hold_connection "$OFFICE4"
refuses 7 revoke 203.0.113.0/24
same "drop-peers $OFFICE4" "$(answer /risks/0/name /cut/0/address)"
refuses 7 set 198.0.0.0/7,2001:db8:12::/48
answer /risks/0/name /risks/1/name | grep -w wide >/dev/null || die 'one of two risks is missing'
answer /risks/0/name /risks/1/name | grep -w drop-peers >/dev/null || die 'one of two risks is missing'
refuses 7 set 198.0.0.0/7,2001:db8:12::/48 --accept-risk drop-peers
same '1 wide' "$(answer /risks# /risks/0/name)"

step 'What fails before it is judged has no risks'
refuses 1 revoke nobody
same '0 0 0' "$(answer /risks# /cut# /warnings#)"
refuses 4 detach world9
refuses 4 rollback 4711
refuses 1 lease --unbar nobody
refuses 3 apply --with "office.list=$WORK/not-there"
cp "$LIST" "$WORK/list"
echo 'nonsense' >>"$LIST"
refuses 3 apply
refuses 3 allow 198.18.1.0/24
cp "$WORK/list" "$LIST"

step 'A holder of the lock that does not let go'
exec {fd}<>"$RUN/lock"
flock "$fd"
refuses 4 allow 198.18.1.0/24
refuses 4 set 203.0.113.0/24
exec {fd}>&-

step 'What was changed is not told as unchanged, and without --json nothing is'
changes verb allow 198.18.1.0/24 --json
same true "$(answer /changed)"
keeps expect 7 guard allow 198.0.0.0/7
[ ! -s "$WORK/out" ] || prints '^\+ 198\.0\.0\.0/7'
