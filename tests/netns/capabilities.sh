#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# CAP_BPF, CAP_NET_ADMIN and CAP_PERFMON are enough for the whole normal way; without them the verb says so. Of what root
# has the program works with these three, and gives up most of the rest before it reads a word.
. "$(dirname -- "$0")/lib.sh"
command -v setpriv >/dev/null || skip 'no setpriv'

guard_with() { # CAPABILITIES VERB...
  local capabilities=$1
  shift
  on_server setpriv --bounding-set="-all,$capabilities" --inh-caps="-all" -- \
    "$APIGUARD" --config "$ETC/apiguard.toml" --state-dir "$STATE" --run-dir "$RUN" --pin-dir "$PINS" "$@" </dev/null
}
THREE=+bpf,+net_admin,+perfmon
ulimit -l unlimited 2>/dev/null || true # as the units have it, for kernels before 5.11
setpriv --bounding-set="-all,$THREE" true 2>/dev/null || skip 'setpriv knows no CAP_BPF'

step 'From nothing to a guarded port and back, with three capabilities'
expect 0 guard_with "$THREE" apply
enforced
expect 0 guard_with "$THREE" status
expect 0 guard_with "$THREE" check "$OFFICE4"
expect 1 guard_with "$THREE" check "$STRANGER4"
expect 0 guard_with "$THREE" allow 198.18.0.0/24
passes 198.18.0.1
expect 0 guard_with "$THREE" revoke 198.18.0.0/24
expect 0 guard_with "$THREE" rollback
expect 0 guard_with "$THREE" list
expect 0 guard_with "$THREE" diff
expect 0 guard_with "$THREE" history
expect 0 guard_with "$THREE" mode audit
not_enforced
expect 0 guard_with "$THREE" mode enforce
enforced
expect 0 guard status

step 'One of them missing: the change fails, says why, and the list in force stays'
for missing in bpf net_admin perfmon; do
  two=$(tr , '\n' <<<"$THREE" | grep -v "^+$missing\$" | paste -sd,)
  say "without $missing"
  status=0
  guard_with "$two" allow 198.18.1.0/24 >"$WORK/out" 2>&1 || status=$?
  case $status in
    0) same net_admin "$missing" 'a capability that was not needed' ;; # updating a link asks for none on some kernels
    *) same 4 "$status" "$(cat "$WORK/out")" ;;
  esac
  sed 's/^/  /' "$WORK/out"
  enforced
  [ "$status" -eq 0 ] || drops 198.18.1.1
done

step 'An occupied hook is named by what three capabilities can see'
expect 0 guard_with "$THREE" detach --all
mkdir -m 0755 "$WORK/other"
cp "$ETC/apiguard.toml" "$ETC/authorized-ranges" "$WORK/other/"
expect 0 on_server "$APIGUARD" --config "$WORK/other/apiguard.toml" --state-dir "$WORK/other-state" \
  --run-dir "$WORK/other-run" --pin-dir "$PINS-other" apply
expect 5 guard_with "$THREE" apply
complains "interface 'gate0'.*program [0-9]+"

step 'No capability at all'
rm -rf "$PINS-other"
expect 0 guard apply --accept-risk detached
expect 4 guard_with +chown allow 198.18.1.0/24
enforced

step 'Root: a verb that waits works with three, keeps six aside, and what it starts has what root has'
# 12, 38, 39: CAP_NET_ADMIN, CAP_PERFMON, CAP_BPF; aside 0, 1, 2, 19, 21: CAP_CHOWN, CAP_DAC_*, CAP_SYS_PTRACE, CAP_SYS_ADMIN.
WORKS=000000c000001000 ASIDE=0000000000280007
set_of() { awk -v name="$1:" '$1 == name { print $2 }' "$2"; } # CapEff|CapPrm STATUS
both() { printf '%016x\n' $((0x$1 & 0x$2)); }
cat >"$WORK/editor" <<TEXT
#!/bin/sh
cp /proc/self/status "$WORK/of-editor"
pid=\${1##*/edit-}
cp "/proc/\${pid%.list}/status" "$WORK/of-verb"
TEXT
chmod +x "$WORK/editor"
cp /proc/self/status "$WORK/of-us"
verb apply
EDITOR=$WORK/editor expect 0 guard edit
OURS=$(set_of CapPrm "$WORK/of-us")
same "$(both "$OURS" "$WORKS")" "$(set_of CapEff "$WORK/of-verb")" 'what edit works with'
same "$(both "$OURS" "$(printf '%016x' $((0x$WORKS | 0x$ASIDE)))")" "$(set_of CapPrm "$WORK/of-verb")" 'what edit has at hand'
same "$(both "$OURS" "$(set_of CapBnd "$WORK/of-us")")" "$(set_of CapEff "$WORK/of-editor")" 'what its editor has'

step 'A file of a group keeps it, in a folder that only its owner may enter'
mkdir -m 0700 "$WORK/alice"
mkdir -m 0755 "$WORK/alice/etc"
cp "$ETC/apiguard.toml" "$ETC/authorized-ranges" "$WORK/alice/etc"
chown 1000:1000 "$WORK/alice"
chgrp 1000 "$WORK/alice/etc/authorized-ranges"
chmod 0640 "$WORK/alice/etc/authorized-ranges"
expect 0 on_server "$APIGUARD" --config "$WORK/alice/etc/apiguard.toml" --state-dir "$STATE" --run-dir "$RUN" \
  --pin-dir "$PINS" allow 198.18.3.0/24 --accept-risk all
same '0:1000 640' "$(stat -c '%u:%g %a' "$WORK/alice/etc/authorized-ranges")"
expect 0 guard validate "$WORK/alice/etc/authorized-ranges"
