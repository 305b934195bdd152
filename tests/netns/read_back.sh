#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# "In force" and "unchanged" are what the kernel says: whatever others did to links, pins and interfaces, a verb either
# makes it true or does not say it.
. "$(dirname -- "$0")/lib.sh"

pin_of() { find "$PINS/links" -name "$1-*" ! -name '*-new'; }
link_of() { bpftool -j link show pinned "$(pin_of "$1")" | grep -oE '"id":[0-9]+' | head -n 1 | cut -d: -f2; }
has_program() { on_server ip -details -o link show "$1" | grep 'prog/xdp id' >/dev/null; }

# What a verb may say after something was done to the stage: it is true, or it is not said.
# truthful STATUS VERB...
truthful() {
  local status=$1
  shift
  expect "$status" guard "$@"
  if grep -qE 'in force on|stays in force' "$WORK/out"; then
    has_program gate0 || die "'$*' says in force, and nothing is attached"
    case $(status_of /mode) in
      '"enforce"' | enforce) enforced ;;
      *) not_enforced ;;
    esac
    expect 0 guard status
  fi
}

detached_by_link() { on_server bpftool link detach pinned "$(pin_of gate0)"; }
detached_by_id() { on_server bpftool link detach id "$(link_of gate0)"; }
detached_out_of_sight() { # pins are not visible there: the link goes, its pin stays
  on_server unshare --mount -- sh -c "umount /sys/fs/bpf; bpftool link detach id $(link_of gate0)"
}
made_anew_same_number() {
  local number
  number=$(on_server cat /sys/class/net/gate0/ifindex 2>/dev/null || on_server ip -o link show gate0 | cut -d: -f1)
  on_server ip link delete gate0
  ip link add gate0 netns "$SERVER" index "$number" numtxqueues 1 numrxqueues 1 address 02:00:00:00:00:01 type veth \
    peer name world0 netns "$CLIENT" numtxqueues 1 numrxqueues 1 address 02:00:00:00:00:02
  bring_up "$SERVER" gate0 "$SERVER4/32" "$SERVER6/128"
  bring_up "$CLIENT" world0 "$OFFICE4/32" "$OFFICE6/128" "$STRANGER4/32" "$STRANGER6/128"
  know "$SERVER" gate0 02:00:00:00:00:02 "$OFFICE4" "$OFFICE6" "$STRANGER4" "$STRANGER6"
  know "$CLIENT" world0 02:00:00:00:00:01 "$SERVER4" "$SERVER6"
}
# The kernel takes its time to let go of what lost its last name.
let_go() { ! has_program gate0; }
link_unpinned_and_detached() {
  rm "$(pin_of gate0)"
  wait_for 'the link to go' let_go
}

harms='detached_by_link detached_by_id detached_out_of_sight made_anew_same_number link_unpinned_and_detached'
verbs=('apply' 'allow 198.18.7.0/24' 'allow 203.0.113.0/24' 'set 203.0.113.0/24,2001:db8:12::/48' 'mode enforce'
  'rollback' 'apply --boot' 'revoke 198.18.5.0/24' 'except 203.0.113.200' 'allow 198.18.8.0/24 --confirm-within 1h')

for harm in $harms; do
  for verb in "${verbs[@]}"; do
    step "$harm, then $verb"
    rm -rf "$PINS" "$STATE" "$RUN"
    wait_for 'the stage to be empty' let_go
    plain_config
    ranges 203.0.113.0/24 2001:db8:12::/48 198.18.4.0/24
    verb apply
    ranges 203.0.113.0/24 2001:db8:12::/48 198.18.5.0/24
    verb apply --accept-risk all
    enforced
    "$harm"
    not_enforced
    # shellcheck disable=SC2086 # a verb and its arguments
    truthful 0 $verb --accept-risk all
    enforced
  done
done

step 'The ways into and out of audit and off, over a dead link'
verb confirm
for mode in audit off; do
  verb mode enforce --accept-risk all
  detached_by_link
  truthful 0 mode "$mode"
  has_program gate0 || die "mode $mode attached nothing"
  detached_by_id
  truthful 0 mode "$mode"
  has_program gate0 || die "mode $mode over a dead link said unchanged"
done
verb mode enforce --accept-risk all
enforced

step 'One of two interfaces is dead: both are guarded again'
make_pair 1
config interfaces='["gate0", "gate1"]'
verb apply --accept-risk all
detached_by_link
truthful 0 allow 198.18.9.0/24
on_server bpftool link detach pinned "$(pin_of gate1)"
expect 0 guard allow 198.18.9.0/24
has_program gate1 || die 'gate1 is not attached'
expect 0 guard status

step 'An interface that is gone by then is left out; with none left the verb fails'
on_server ip link delete gate1
verb allow 198.18.10.0/24
complains "interface 'gate1': does not exist"
enforced

step 'Pins are removed, and the kernel has not let go of the link yet: it is waited for'
for _ in {1..5}; do
  rm -rf "$PINS"
  verb apply --accept-risk all
  enforced
  rm -rf "$PINS"
  verb apply --boot
  enforced
done

step 'Pins in another mount of bpffs: status says so, and never that all passes'
mkdir "$WORK/elsewhere"
expect 1 on_server unshare --mount -- sh -c "mount -t bpf other /sys/fs/bpf && exec \"\$@\"" sh "$APIGUARD" \
  --config "$ETC/apiguard.toml" --state-dir "$WORK/elsewhere" --run-dir "$WORK/elsewhere" --pin-dir "$PINS" status
complains "interface 'gate0': runs a filter of apiguard, generation $(generation)"
prints 'NOT KNOWN HERE'
silent_about 'every packet passes'
expect 5 on_server unshare --mount -- sh -c "mount -t bpf other /sys/fs/bpf && exec \"\$@\"" sh "$APIGUARD" \
  --config "$ETC/apiguard.toml" --state-dir "$WORK/elsewhere" --run-dir "$WORK/elsewhere" --pin-dir "$PINS" apply
complains 'a filter of apiguard itself'
enforced

step 'The advice works as printed: a link'
advice=$(grep -oE "bpftool link detach id [0-9]+" "$WORK/err")
# shellcheck disable=SC2086 # a command and its arguments
on_server $advice
not_enforced
verb apply --accept-risk all
enforced

for how in xdpgeneric xdpdrv; do
  step "The advice works as printed: a program put there by netlink ($how)"
  filter=$(find "$PINS/generations/$(generation)" -name filter)
  ip link add spare netns "$SERVER" type veth peer name spare-peer netns "$CLIENT"
  on_server bpftool net attach "$how" pinned "$filter" dev spare
  config interfaces='["gate0", "spare"]'
  expect 5 guard apply
  word=${how#xdp}
  complains "interface 'spare'.*($([ "$word" = drv ] && echo native || echo generic) mode)"
  advice=$(grep -oE "ip link set dev spare $how off" "$WORK/err")
  # shellcheck disable=SC2086
  on_server $advice
  verb apply --accept-risk all
  on_server ip link delete spare
  plain_config
  verb apply --accept-risk all
done
enforced
