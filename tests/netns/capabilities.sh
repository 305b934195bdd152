#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# CAP_BPF, CAP_NET_ADMIN and CAP_PERFMON are enough for the whole normal way; without them the verb says so.
. "$(dirname -- "$0")/lib.sh"
command -v setpriv >/dev/null || skip 'no setpriv here'

guard_with() { # CAPABILITIES VERB...
  local capabilities=$1
  shift
  on_server setpriv --bounding-set="-all,$capabilities" --inh-caps="-all" -- \
    "$APIGUARD" --config "$ETC/apiguard.toml" --state-dir "$STATE" --run-dir "$RUN" --pin-dir "$PINS" "$@" </dev/null
}
THREE=+bpf,+net_admin,+perfmon
setpriv --bounding-set="-all,$THREE" true 2>/dev/null || skip 'setpriv does not know these capabilities'

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
expect 0 guard apply
expect 4 guard_with +chown allow 198.18.1.0/24
enforced
