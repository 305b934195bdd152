#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# The units, as far as that can be said without booting: they are well formed, their sandbox is tight, and what the
# program asks of the kernel is what the sandbox lets through.
. "$(dirname -- "$0")/lib.sh"
UNITS=$(dirname -- "$APIGUARD")/systemd
[ -d "$UNITS" ] || skip 'no units beside the program'
command -v systemd-analyze >/dev/null || skip 'no systemd-analyze'
command -v strace >/dev/null || skip 'no strace'

mkdir "$WORK/units"
for unit in apiguard-boot.service apiguard.service; do
  sed -E "s,^(Exec[A-Za-z]+=)[^ ]*/apiguard,\1$APIGUARD," "$UNITS/$unit" >"$WORK/units/$unit"
done

step 'Well formed'
for unit in "$WORK"/units/*.service; do
  expect 0 systemd-analyze verify --man=no "$unit"
  silent_about .
  grep -q "^ExecStart=$APIGUARD " "$unit" || die "$unit does not start the program"
done

step 'The drop-in for what listens is well formed as well'
for unit in kubelet k3s rke2-server; do
  mkdir -p "$WORK/units/$unit.service.d"
  printf '[Service]\nExecStart=/bin/true\n' >"$WORK/units/$unit.service"
  cp "$(dirname -- "$0")/../../scripts/systemd/wait-for-apiguard.conf" "$WORK/units/$unit.service.d/"
  SYSTEMD_UNIT_PATH="$WORK/units:" expect 0 systemd-analyze verify --man=no "$WORK/units/$unit.service"
  silent_about .
done

# Whether the clock is synchronised is asked by a call of the group that sets it, which costs 0.3.
step 'The sandbox: exposure of at most 2.3'
for unit in apiguard-boot.service apiguard.service; do
  expect 0 systemd-analyze security --offline=yes --threshold=23 "$WORK/units/$unit"
  tail -n 1 "$WORK/out"
done

# Every system call of a group, as systemd knows them.
calls_of() { # GROUP
  local name
  systemd-analyze syscall-filter "$1" </dev/null | sed -n 's/^ *\([-@a-z_0-9]*\)$/\1/p' | while read -r name; do
    case $name in
      "$1" | '') ;;
      @*) calls_of "$name" ;;
      *) echo "$name" ;;
    esac
  done | sort -u
}
# In the order of the unit: what the first line allows, less what the second takes away, and what the third gives back.
allowed() {
  local line
  sed -n 's/^SystemCallFilter=//p' "$WORK/units/apiguard.service" >"$WORK/filters"
  : >"$WORK/allowed"
  while read -r line; do
    for group in ${line#\~}; do
      case $group in @*) calls_of "$group" ;; *) echo "$group" ;; esac
    done | sort -u >"$WORK/group"
    case $line in
      '~'*) comm -23 "$WORK/allowed" "$WORK/group" ;;
      *) sort -u "$WORK/allowed" "$WORK/group" ;;
    esac >"$WORK/next"
    mv "$WORK/next" "$WORK/allowed"
  done <"$WORK/filters"
}
traced() { # VERB...
  on_server strace -f -qq -o "$WORK/trace.$((++TRACES))" "$APIGUARD" --config "$ETC/apiguard.toml" --state-dir "$STATE" \
    --run-dir "$RUN" --pin-dir "$PINS" "$@" </dev/null >"$WORK/traced.log" 2>&1
}
used() { sed -nE 's/^[0-9]+ +([a-z_0-9]+)\(.*/\1/p' "$WORK"/trace.* | sort -u; }
TRACES=0

step 'What apply, apply --boot, status and run ask of the kernel is let through, or not missed'
allowed
grep -qx bpf "$WORK/allowed" || die 'the filter does not let bpf through'
grep -qx capset "$WORK/allowed" && die 'not what was computed: capset is privileged'
seq -f '10.%.0f.0.0/24' 0 200 >>"$ETC/authorized-ranges"
traced apply
unguard
traced apply --boot
traced status
echo 198.18.0.0/24 >>"$ETC/authorized-ranges"
traced apply
traced run &
PIDS+=($!)
wait_for 'the supervisor' test -e "$RUN/status.json"
supervisor=$(head -n 1 "$RUN/supervisor" | cut -d ' ' -f 1)
on_server ip link delete gate0
make_pair 0
guarded() { guard status >/dev/null 2>&1; }
wait_for 'gate0 to be guarded' guarded
kill -HUP "$supervisor"
rm -r "$PINS/links" || say 'a pin was back already'
wait_for 'gate0 to be guarded' guarded
verb allow 198.18.1.0/24 --confirm-within 1s
expired() { guard status --json | "$TOOLS/json" /confirmed | grep -qx true && enforced_again; }
enforced_again() { [ "$(guard history | grep -c undone)" -eq 1 ]; }
wait_for 'the confirmation to be settled' expired
kill "$supervisor"
wait_for 'its end' test ! -e "/proc/$supervisor"
used >"$WORK/used"
# Privileged ones that are tried and not missed: in the unit there is nothing left to give up, and LimitMEMLOCK= has
# lifted the limit.
comm -13 "$WORK/allowed" "$WORK/used" | grep -vxE 'capset|setrlimit|prlimit64' >"$WORK/refused" || true
[ ! -s "$WORK/refused" ] || die "the sandbox would refuse: $(xargs <"$WORK/refused")"
say "$(wc -l <"$WORK/used") system calls are used, $(wc -l <"$WORK/allowed") are let through"
