#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# A large list under ever less memory: the load fails or the loader is killed in the midst of it, and the old list is in
# force as a whole. Memory is limited by a control group, which the maps are charged to as well; the descriptors by
# setrlimit.
. "$(dirname -- "$0")/lib.sh"
RANGES=100000

LARGE4=10.1.134.159 # the last of the large list; 10.0.0.0/32 is the first
large() {
  seq 0 $((RANGES - 1)) | awk '{ print "10." int($1 / 65536) "." int($1 / 256) % 256 "." $1 % 256 }'
}

make_group() {
  local root
  for root in /sys/fs/cgroup/memory /sys/fs/cgroup /sys/fs/cgroup/unified; do
    [ -e "$root/memory.limit_in_bytes" ] || grep -qw memory "$root/cgroup.subtree_control" 2>/dev/null || continue
    GROUP=$root/agtest-$NAME-$$
    mkdir "$GROUP" 2>/dev/null || continue
    LIMIT=$GROUP/memory.max
    [ -e "$LIMIT" ] || LIMIT=$GROUP/memory.limit_in_bytes
    [ -e "$LIMIT" ] && return
    rmdir "$GROUP"
  done
  return 1
}
at_exit() { [ -z "${GROUP:-}" ] || rmdir "$GROUP"; }

# guard_within LIMIT VERB...: with a limit of prlimit(1).
guard_within() {
  on_server prlimit "$1" "$APIGUARD" --config "$ETC/apiguard.toml" --state-dir "$STATE" --run-dir "$RUN" --pin-dir "$PINS" \
    "${@:2}" </dev/null
}

# limited BYTES VERB...
limited() {
  echo "$1" >"$LIMIT"
  shift
  on_server sh -c "echo \$\$ >'$GROUP/cgroup.procs' && exec \"\$@\"" sh "$APIGUARD" --config "$ETC/apiguard.toml" \
    --state-dir "$STATE" --run-dir "$RUN" --pin-dir "$PINS" "$@" </dev/null >"$WORK/out" 2>"$WORK/err"
}

verb apply
before=$(generation)
{ echo 203.0.113.0/24 && echo 2001:db8:12::/48 && large; } >"$ETC/authorized-ranges"

step 'Too few descriptors'
for limit in 3 5 8 10 12; do
  status=0
  guard_within "--nofile=$limit" apply >"$WORK/out" 2>"$WORK/err" || status=$?
  say "$limit descriptors: status $status: $(tail -n 1 "$WORK/err" | cut -c1-120)"
  # 127: the dynamic loader; 6: libbpf 1.1 goes on without a map and has the program refused.
  case $status in 4 | 6 | 127) ;; *) die "status $status: $(cat "$WORK/err")" ;; esac
  enforced
  drops "$LARGE4"
  same "$before" "$(generation)"
done

step 'Too little memory'
if make_group; then
  failed=0
  for ((mebibytes = 4; mebibytes <= 512; mebibytes = mebibytes * 5 / 4 + 1)); do
    status=0
    limited $((mebibytes << 20)) apply || status=$?
    say "$mebibytes MiB: status $status: $(tail -n 1 "$WORK/err" | cut -c1-120)"
    case $status in
      0) break ;;
      4 | 137) failed=$((failed + 1)) ;; # 137: killed by the kernel for want of memory
      *) die "status $status: $(cat "$WORK/err")" ;;
    esac
    enforced
    drops "$LARGE4" 10.0.0.0
    same "$before" "$(generation)"
    expect 0 guard status
    expect 1 guard diff
  done
  same 0 "$status" 'the status with plenty of memory'
  [ "$failed" -gt 0 ] || die 'no limit was too small'
  passes "$LARGE4" 10.0.0.0
  enforced
  expect 0 guard diff
else
  left_out 'no memory controller'
  verb apply
fi

step 'Back to a short list'
office
verb apply --accept-risk shrink
enforced
drops "$LARGE4"
same 1 "$(find "$PINS/generations" -mindepth 1 -maxdepth 1 | wc -l)" 'generations pinned'
