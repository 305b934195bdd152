#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Leases and bars while clocks are wrong, machines boot, a change waits for its confirmation, ends are nested too deeply,
# or the book is lost. Only the processes of this test see another clock, or another boot.
. "$(dirname -- "$0")/lib.sh"
. "$(dirname -- "$0")/lib/supervised.sh"
YEARS=$((30 * 365 * 86400))
NODE=192.0.2.6 OTHER=192.0.2.8 CI=198.51.100.7
REAL=$APIGUARD
[ -e "$TOOLS/clock.so" ] || die "no $TOOLS/clock.so"

# clock SECONDS [synchronised]: how far it is off, and what the kernel says of it.
clock() { echo "$*" >"$WORK/clock"; }
# Every apiguard below has that clock, and the boot that this file names.
cat >"$WORK/apiguard" <<TEXT
#!/bin/sh
exec unshare --mount sh -c 'mount --bind "$WORK/boot_id" /proc/sys/kernel/random/boot_id && exec "\$@"' sh \\
  env LD_PRELOAD="$TOOLS/clock.so" CLOCK_FILE="$WORK/clock" "$REAL" "\$@"
TEXT
chmod +x "$WORK/apiguard"
APIGUARD=$WORK/apiguard
boots=0
new_boot() { printf '00000000-0000-4000-8000-%012d\n' $((++boots)) >"$WORK/boot_id"; }
boot() {
  new_boot
  rm -rf "$PINS" "$RUN"
  verb apply --boot
}
begin() {
  if [ -e "$PINS" ]; then unguard; fi
  rm -rf "$PINS" "$STATE"
  clock "$@"
  new_boot
  plain_config
  # The kernel's clock of the boot goes on over every boot of this test, and what lasts is as much nearer to its end.
  printf '%s\n' '[leases]' 'longest = "30d"' >>"$ETC/apiguard.toml"
  office
  verb apply
}
after() { "$TOOLS/json" "$@" <"$WORK/out"; } # values of the JSON that the last verb printed
barred() { # ADDRESS NAME
  keeps expect 1 guard lease "$1" --for 1h --name "$2"
  complains "lease '$1/32': barred: "
  drops "$1"
}
let_out() { (drops "$1"); }
ended() { wait_for "the end of $1" let_out "$1"; }
is_newer() { [ "$(edition)" -gt "$before" ]; }
seconds_until() { echo $(($(date -u -d "$1" +%s) - $(date +%s))); }

step 'A boot whose clock is ahead: what is barred stays so, and so it does when the clock is right'
begin 0
verb lease "$NODE" --for 1h --name node
verb lease "$OTHER" --for 29d --name other
verb revoke node
barred "$NODE" another
for off in "$YEARS" $((2 * YEARS)) 0; do
  clock "$off"
  boot
  barred "$NODE" another
  barred 192.0.2.9 node
  guard list >"$WORK/out"
  prints "^$NODE/32 +node +"
done
passes "$OTHER" # its time is left
for change in 1 2; do # what is written meanwhile does not forget it
  clock "$YEARS"
  boot
  verb lease "192.0.2.2$change" --for 1h --name "meanwhile-$change"
  barred "$NODE" another
  clock 0
  boot
  barred "$NODE" another
done
clock 0 synchronised
boot
barred "$NODE" another
verb lease --unbar node
verb lease "$NODE" --for 1h --name node
passes "$NODE"

step 'By a clock that the kernel calls right a bar ends when its time is over'
begin 0
verb lease "$NODE" --for 1h --name node
verb revoke node
clock $((719 * 3600)) synchronised
boot
barred "$NODE" node
clock $((721 * 3600)) synchronised
boot
verb lease "$NODE" --for 1h --name node
passes "$NODE"

step 'The supervisor publishes an edition while a change waits: it goes on waiting, and is undone or confirmed'
for end in undone confirmed; do
  begin 0
  verb lease "$NODE" --for 5h --name node
  supervise
  verb allow 198.18.1.0/24 --confirm-within 15s
  passes 198.18.1.1 "$NODE"
  before=$(edition)
  waits=$(generation)
  clock 7200
  wait_for 'an edition by the supervisor' is_newer
  same "$waits false" "$(generation) $(status_of /confirmed)" 'generation and whether it is confirmed'
  passes 198.18.1.1 "$NODE"
  keeps expect 4 guard allow 198.18.2.0/24 # it waits still
  if [ "$end" = confirmed ]; then
    verb confirm
    sleep 15
    passes 198.18.1.1 "$NODE"
    same "$waits true" "$(generation) $(status_of /confirmed)" 'after its deadline'
  else
    ended 198.18.1.1
    passes "$NODE" "$OFFICE4"
    undone() { [ "$(generation)" = $((waits - 1)) ]; }
    wait_for 'the supervisor to settle' undone
    passes "$NODE" "$OFFICE4"
    drops 198.18.1.1 "$STRANGER4"
  fi
  ends TERM 0
  clock 0
done

step 'A book that is lost is recovered by the clock that its edition was loaded with'
lose_book() {
  printf x >"$STATE/leases"
  rm -f "$STATE/leases.2"
}
for off in 1800 -1800; do
  begin 0
  echo "$CI name=ci until=$(date -u -d 'now +1 hour' +%FT%TZ)" >>"$ETC/authorized-ranges"
  verb apply
  verb lease "$NODE" --for 2h --name node
  lose_book
  clock "$off" # nobody has computed the ends anew since
  guard list --json >"$WORK/out" 2>/dev/null
  same 1 "$(grep -c '"name": "recovered"' "$WORK/out")" 'what is recovered: the lease alone, and no line of the text'
  verb lease "$OTHER" --for 1h --name other
  complains '1 are recovered from the kernel'
  passes "$NODE" "$OTHER" "$CI"
  guard list --json >"$WORK/out" 2>/dev/null
  end=$(grep -B3 -A4 '"name": "recovered"' "$WORK/out" | sed -n 's/.*"until": "\(.*\)".*/\1/p')
  # A clock that is behind is not believed: time goes on from the newest generation.
  left=$(($(seconds_until "$end") - (off > 0 ? off : 0)))
  if [ "$left" -lt 7000 ] || [ "$left" -gt 7200 ]; then die "the lease of 2 h has $left s left"; fi
  clock 0
  verb apply
  passes "$NODE" "$OTHER" "$CI"
done

step 'Nested too deeply: a lease is refused by itself, and the older one of that address is in force once it fits'
begin 0
verb lease 11.0.0.1 --for 30m --name old
for ((length = 8; length < 16; ++length)); do
  verb allow "11.0.0.0/$length" --for "$((40 - length))h" --accept-risk all
done
complains "lease '11\\.0\\.0\\.1/32' of 'old': not listed: nested with more than 7 ranges that expire one after another"
passes 11.0.0.1 11.0.0.2 # by the ranges around it
keeps expect 3 guard lease 11.0.0.1 192.0.2.30 --for 40m --name new
complains "lease '11\\.0\\.0\\.1/32': full: it lies inside too many nested ranges that expire"
passes 192.0.2.30
printf '11.0.0.1\n192.0.2.31\n' >"$WORK/members"
sync() { on_server "$APIGUARD" --config "$ETC/apiguard.toml" --state-dir "$STATE" --run-dir "$RUN" --pin-dir "$PINS" \
  lease --sync pool --for 40m <"$WORK/members"; }
keeps expect 3 sync
passes 192.0.2.31
before=$(guard list | grep -c ' new ')
same 1 "$before" 'leases called new'
keeps expect 3 guard lease 11.0.0.1 --for 24h --name old
complains 'the lease stays as it was'
same 5 "$(guard metrics | grep -c '^apiguard_leases_refused_total')" 'reasons'
guard metrics | grep -x 'apiguard_leases_refused_total{reason="nested"} 3' >/dev/null || die 'they are not counted'
changes verb revoke 11.0.0.0/15 --accept-risk all # it fits again, and nobody renews it
passes 11.0.0.1
for ((length = 8; length < 15; ++length)); do verb revoke "11.0.0.0/$length" --accept-risk all; done
passes 11.0.0.1
drops 11.0.0.2
verb list
prints '^11\.0\.0\.1/32 +allow +old '
