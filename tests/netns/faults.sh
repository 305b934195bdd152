#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# What the machine can deny a verb: bpffs, disk, folders. A change then fails with 4, names what, and changes nothing;
# the ways out work all the same; and once the fault is gone the next verb works.
. "$(dirname -- "$0")/lib.sh"
OTHER=198.18.5.1 # listed by the generation before

# Every folder on a small disk of its own, and a bpffs of its own that may be made read-only.
mount_over "$WORK/bpf" -t bpf agtest
PINS=$WORK/bpf/apiguard
mount_over "$STATE" -t tmpfs -o size=512k,mode=0700 agtest
mount_over "$RUN" -t tmpfs -o size=64k,mode=0755 agtest
mount_over "$ETC" -t tmpfs -o size=64k,mode=0755 agtest

fill() {
  local folder
  for folder in "$@"; do cat /dev/zero >"$folder/fill" 2>/dev/null || true; done
}
empty() { rm -f "${@/%//fill}"; }
readonly_() { mount -o remount,ro "$1"; }
writable() { mount -o remount,rw "$1"; }

# impose FAULT and lift FAULT. What concerns a mount alone is done by `under`, in a mount namespace of the verb's own.
impose() {
  case $1 in
    bpffs-readonly) readonly_ "$WORK/bpf" ;;
    state-full) fill "$STATE" ;;
    state-readonly) readonly_ "$STATE" ;;
    config-full) fill "$ETC" ;;
    config-readonly) readonly_ "$ETC" ;;
    run-full) fill "$RUN" ;;
    run-readonly) readonly_ "$RUN" ;;
    disk-full) fill "$STATE" "$RUN" "$ETC" ;;
    toml-broken) echo 'interfaces = [' >"$ETC/apiguard.toml" ;;
    toml-absent) rm "$ETC/apiguard.toml" ;;
    ranges-broken) echo '300.0.0.0/8' >"$ETC/authorized-ranges" ;;
    state-lost) rm -rf "${STATE:?}"/* ;;
  esac
}
lift() {
  case $1 in
    bpffs-readonly) writable "$WORK/bpf" ;;
    state-full) empty "$STATE" ;;
    state-readonly) writable "$STATE" ;;
    config-full) empty "$ETC" ;;
    config-readonly) writable "$ETC" ;;
    run-full) empty "$RUN" ;;
    run-readonly) writable "$RUN" ;;
    disk-full) empty "$STATE" "$RUN" "$ETC" ;;
  esac
}

# under FAULT VERB...
under() {
  local change=true
  case $1 in
    bpffs-absent) change="umount '$WORK/bpf'" ;;
    bpffs-mounted-readonly) change="mount -o remount,ro,bind '$WORK/bpf'" ;;
  esac
  on_server unshare --mount --propagation private -- sh -c "$change && exec \"\$@\"" sh \
    "$APIGUARD" --config "$ETC/apiguard.toml" --state-dir "$STATE" --run-dir "$RUN" --pin-dir "$PINS" "${@:2}" </dev/null
}

# In force: the office. The generation before listed OTHER as well.
restore() {
  plain_config
  ranges 203.0.113.0/24 2001:db8:12::/48 198.18.5.0/24
  verb apply --accept-risk all
  office
  verb apply
  enforced
  drops "$OTHER"
}

# changes_nothing FAULT STATUS PATTERN VERB...
changes_nothing() {
  local fault=$1 status=$2 pattern=$3 before
  shift 3
  before=$(generation) && cp -r "$ETC" "$WORK/before"
  expect "$status" under "$fault" "$@"
  sed 's/^/  /' "$WORK/err"
  complains "$pattern"
  enforced
  drops "$OTHER" 198.18.6.1
  same "$before" "$(generation)" 'the generation in force'
  expect 0 diff -r --exclude=fill "$WORK/before" "$ETC"
  rm -rf "$WORK/before"
}

# refused FAULT PATTERN: a change by a verb.
refused() {
  step "$1: a change fails and changes nothing"
  restore
  impose "$1"
  changes_nothing "$1" 4 "$2" allow 198.18.6.0/24
  lift "$1"
  say 'and with the fault gone'
  verb allow 198.18.6.0/24
  passes 198.18.6.1
  enforced
}

# still_out FAULT WAY: with the fault still there status tells what is, and the next way out works as well.
still_out() {
  local mode status=0
  case $2 in
    'mode off' | set) mode=off ;;
    'mode audit') mode=audit ;;
    rollback) mode=enforce ;;
    *) return 0 ;;
  esac
  under "$1" status --json >"$WORK/out" 2>"$WORK/err" || status=$?
  [ "$status" -le 1 ] || die "status ends with $status: $(cat "$WORK/err")"
  same "$mode" "$("$TOOLS/json" /mode <"$WORK/out")" 'the mode that status tells'
  expect 0 under "$1" mode off
  not_enforced
  expect 0 under "$1" detach --all
  not_enforced
}

# goes_out FAULT: each way out, from a list in force.
goes_out() {
  local way
  for way in 'mode off' 'mode audit' 'set' rollback 'detach --all'; do
    step "$1: $way"
    restore
    impose "$1"
    case $way in
      set) expect 0 under "$1" set '' --accept-risk off ;;
      *)
        # A verb and its argument.
        # shellcheck disable=SC2086
        expect 0 under "$1" $way
        ;;
    esac
    sed 's/^/  /' "$WORK/err"
    case $way in
      rollback) enforced && passes "$OTHER" ;;
      *) not_enforced ;;
    esac
    still_out "$1" "$way"
    lift "$1"
  done
  step "$1: gone, and everything is as it should be"
  restore
  expect 0 guard status
  expect 0 guard diff
  same "$(generation)" "$(cat "$STATE/in-force")" 'state and kernel'
  same 1 "$(find "$PINS/links" -type f | wc -l)" 'pins of links'
  same 1 "$(find "$PINS/generations" -mindepth 1 -maxdepth 1 | wc -l)" 'generations pinned'
}

all=${APIGUARD_FAULTS:-bpffs-absent bpffs-readonly bpffs-mounted-readonly state-full state-readonly config-full config-readonly run-readonly disk-full toml-broken toml-absent ranges-broken run-full}
for fault in $all; do
  case $fault in
    bpffs-*) refused "$fault" "$WORK/bpf" ;;
    state-*) refused "$fault" "$STATE" ;;
    config-*) refused "$fault" "$ETC" ;;
    disk-full) refused "$fault" 'No space|no space' ;;
    toml-*)
      step "$fault: a change that needs the files fails and changes nothing; one that adds works"
      restore
      impose "$fault"
      changes_nothing "$fault" 3 "$ETC" revoke 203.0.113.0/24
      expect 0 under "$fault" allow 198.18.6.0/24
      complains 'stay'
      passes 198.18.6.1
      enforced
      ;;
    ranges-*)
      step "$fault: a change fails and changes nothing"
      restore
      impose "$fault"
      changes_nothing "$fault" 3 "$ETC" allow 198.18.6.0/24
      ;;
  esac
  goes_out "$fault"
done
