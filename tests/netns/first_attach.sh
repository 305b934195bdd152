#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Before a first attach: a driver that resets its link is a risk, another one is named. And who enforces is told where
# nothing brings the filter back after a reboot.
#
# Whether units are enabled is asked only of the usual state folder: the test plays in a mount namespace of its own.
if [ -z "${APIGUARD_FIRST_ATTACH_TEST:-}" ] && [ "$(id -u)" -eq 0 ]; then
  APIGUARD_FIRST_ATTACH_TEST=1 exec unshare --mount --propagation private -- bash "$0" "$@"
fi
if [ "$(id -u)" -eq 0 ]; then
  for folder in /run /var/lib; do mount -t tmpfs none "$folder"; done
fi
. "$(dirname -- "$0")/lib.sh"

# behind DRIVER STATUS VERB...: the verb with cards of this driver.
behind() {
  local driver=$1 wanted=$2
  shift 2
  printf '%s: ' "$driver"
  expect "$wanted" on_server env LD_PRELOAD="$TOOLS/driver.so" DRIVER="$driver" "$APIGUARD" --config "$ETC/apiguard.toml" \
    --state-dir "$STATE" --run-dir "$RUN" --pin-dir "$PINS" "$@" </dev/null
}

step 'A driver that resets its link is asked about, once'
behind ixgbe 7 apply
complains "risk 'link-reset': .*gate0 \(ixgbe\).*apiguard-boot.service.*reboot"
complains 'refused: nothing was changed; .* apply --accept-risk link-reset$'
same null "$(generation)" 'what is in force'
behind ixgbe 7 apply --dry-run
behind mlx5_core 7 allow 198.18.0.0/24
behind ixgbe 0 apply --accept-risk link-reset
enforced
behind ixgbe 0 allow 198.18.0.0/24 # a replacement resets nothing
silent_about 'link'
behind ixgbe 0 apply
silent_about 'link'

step 'A boot, a way out and generic mode are asked nothing'
unguard
behind igb 0 apply --boot
silent_about 'link-reset'
unguard
config xdp_mode='"generic"'
behind igb 0 apply
silent_about 'link-reset'
unguard
plain_config

step 'Software has nothing to reset'
verb apply
silent_about 'driver|link-reset'

step 'Without systemd nothing is said of a reboot'
silent_about 'reboot'
STATE=/var/lib/apiguard
unguard
rm -rf "$PINS" "$RUN"
verb apply
silent_about 'reboot'

step 'With systemd, and no unit enabled'
mkdir -p /run/systemd/system
mount_over /etc/systemd/system -t tmpfs none
verb apply
complains '^warning: units: none guards this host after a reboot, .*systemctl enable apiguard-boot.service apiguard.service'
same 1 "$(grep -c reboot "$WORK/err")" 'warnings'
verb mode enforce
complains 'after a reboot'
expect 0 guard status
complains 'after a reboot'
same false "$(status_of /guarded_after_boot)" 'JSON'
verb apply --json
prints 'after a reboot'
verb mode audit
silent_about 'reboot'
verb allow 198.18.1.0/24
silent_about 'reboot'
verb apply --boot
silent_about 'reboot'
expect 0 guard list
silent_about 'reboot'
expect 0 env APIGUARD_MARKED_STREAM=1:2 nsenter --net="/run/netns/$SERVER" -- "$APIGUARD" --config "$ETC/apiguard.toml" \
  --state-dir "$STATE" --run-dir "$RUN" --pin-dir "$PINS" apply
silent_about 'reboot'

step 'Enabled'
mkdir /etc/systemd/system/sysinit.target.wants
touch "$WORK/unit"
ln -s "$WORK/unit" /etc/systemd/system/sysinit.target.wants/apiguard-boot.service
verb apply
silent_about 'reboot'
expect 0 guard status
silent_about 'reboot'
same true "$(status_of /guarded_after_boot)" 'JSON'
