#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Every system call of a publish that can be denied is, one at a time: no memory in the midst of a load, no disk, no
# descriptor. A verb that fails leaves the old list on every interface and the text as it was; one that goes on has the
# new list in force; and the next verb works in both cases.
. "$(dirname -- "$0")/lib.sh"
command -v strace >/dev/null || skip 'no strace'
make_pair 1
start_prober 0
start_prober 1
FIRST4=198.18.1.1 SECOND4=198.18.2.1
OFFICE=203.0.113.0/24,2001:db8:12::/48
FIRST=$OFFICE,198.18.1.0/24,2001:db8:f1::/48
SECOND=$OFFICE,198.18.2.0/24,2001:db8:f2::/48

verdicts_of() { # NUMBER OF THE PAIR: the source of the first list, of the second, the office, a stranger
  ask "$1" "$FIRST4" "$SECOND4" "$OFFICE4" "$OFFICE6" "$STRANGER4" "$STRANGER6"
}
BY_FIRST=PDPPDD BY_SECOND=DPPPDD

works() {
  guard "$@" >"$WORK/out" 2>"$WORK/err" || die "$PLACE, then '$*': status $?: $(cat "$WORK/out" "$WORK/err")"
}

# denied CALL ERROR N VERB...: sets STATUS; fails if there was no N-th such call.
denied() {
  local call=$1 error=$2 at=$3
  shift 3
  PLACE="'$1' with $error from $call number $at"
  STATUS=0
  on_server strace -o "$WORK/trace" -e trace="$call" -e inject="$call:error=$error:when=$at" "$APIGUARD" \
    --config "$ETC/apiguard.toml" --state-dir "$STATE" --run-dir "$RUN" --pin-dir "$PINS" "$@" \
    </dev/null >"$WORK/out" 2>"$WORK/err" || STATUS=$?
  grep -q '(INJECTED)$' "$WORK/trace"
}

both() { # VERDICTS
  same "$1" "$(verdicts_of 0)" "$PLACE (status $STATUS: $(cat "$WORK/err")): gate0"
  same "$1" "$(verdicts_of 1)" "$PLACE (status $STATUS: $(cat "$WORK/err")): gate1"
}

# In front of the calls of ours come those of the dynamic loader, which has its own words for a failure.
STARTED=127

PLACE=start
config interfaces='["gate0", "gate1"]'
works set "$FIRST"
old=$BY_FIRST new=$BY_SECOND list=$SECOND
total=0
for denial in bpf:ENOMEM bpf:EPERM openat:EMFILE mkdir:ENOSPC write:ENOSPC fsync:EIO rename:EIO \
  unlink:EROFS fchmod:EPERM flock:ENOLCK socket:EMFILE sendto:ENOBUFS recvmsg:ENOMEM newfstatat:EIO getdents64:EIO; do
  call=${denial%:*} error=${denial#*:}
  failed=0
  for ((at = 1; ; ++at)); do
    cp "$ETC/authorized-ranges" "$WORK/text"
    denied "$call" "$error" "$at" set "$list" || break
    case $STATUS in
      0) both "$new" ;;
      3 | 4 | 5 | 6 | "$STARTED")
        both "$old"
        cmp "$WORK/text" "$ETC/authorized-ranges" || die "$PLACE: failed with $STATUS, and the text is another"
        [ -s "$WORK/err" ] || die "$PLACE: failed with $STATUS without a word"
        case $call:$STATUS in
          *:4 | *:"$STARTED" | bpf:6) ;;
          *) say "$PLACE: status $STATUS: $(tail -n 1 "$WORK/err" | cut -c1-160)" ;;
        esac
        failed=$((failed + 1))
        ;;
      *) die "$PLACE: status $STATUS: $(cat "$WORK/err")" ;;
    esac
    works set "$list"
    both "$new"
    works diff
    works status
    # The next attempt goes the other way.
    if [ "$list" = "$FIRST" ]; then
      old=$BY_FIRST new=$BY_SECOND list=$SECOND
    else
      old=$BY_SECOND new=$BY_FIRST list=$FIRST
    fi
  done
  say "$call $error: $((at - 1)) calls, $failed of them make the verb fail"
  total=$((total + at - 1))
  # The run that met no such call has changed the list.
  if [ "$STATUS" -eq 0 ] && [ "$(verdicts_of 0)" = "$new" ]; then
    if [ "$list" = "$FIRST" ]; then
      old=$BY_FIRST new=$BY_SECOND list=$SECOND
    else
      old=$BY_SECOND new=$BY_FIRST list=$FIRST
    fi
  fi
done

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
say "$total denials, $SECONDS s"
