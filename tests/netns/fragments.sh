#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# The kernel as judge: no sequence of frames draws an answer from the protected port to an address that is not listed,
# whoever the frames name: in any order, with lying lengths, overlaps, decoys behind the payload, nested fragment headers,
# up to 20 headers and 600 bytes in front of them. The same sequences without the filter show which shapes the kernel takes
# for a SYN at all, and that connection tracking does put other addresses into some.
#
# APIGUARD_SEED and APIGUARD_SEQUENCES make a run another one, or a longer one.
. "$(dirname -- "$0")/lib.sh"
SEED=${APIGUARD_SEED:-$(od -An -N4 -tu4 /dev/urandom | tr -d ' ')}
SEQUENCES=${APIGUARD_SEQUENCES:-24000}
LISTED=(203.0.113.0/24 2001:db8:12::/48)

# Half of all pieces are never completed: they must not fill the memory for pieces, or nothing more is put together.
# Cookies: a SYN is answered however many are half open.
tune() {
  local netns
  for netns in "$SERVER" "$CLIENT"; do
    in_netns "$netns" sysctl -qw net.ipv4.ipfrag_high_thresh=268435456 net.ipv4.ipfrag_time=2 net.ipv4.ipfrag_max_dist=0 \
      net.ipv6.ip6frag_high_thresh=268435456 net.ipv6.ip6frag_time=2 net.ipv4.tcp_syncookies=2 \
      net.ipv4.tcp_invalid_ratelimit=0
  done
}
# Answers go out whatever address they are for.
route_everywhere() { on_server ip -6 route replace default via "$STRANGER6" dev gate0; }
tune_conntrack() {
  on_server sysctl -qw net.netfilter.nf_conntrack_frag6_high_thresh=268435456 \
    net.netfilter.nf_conntrack_frag6_timeout=2 2>/dev/null || true
}

run() { # SEED
  "$TOOLS/fuzz_fragments" "$CLIENT/world0" "$1" "$SEQUENCES" "${LISTED[@]}" >"$WORK/fuzz" || die "fuzz_fragments, seed $1"
  grep -v '^answer ' "$WORK/fuzz"
}
figure() { awk -v name="$1" '$1 == name { print $2 }' "$WORK/fuzz"; }

without_filter() {
  say "seed $1, no filter"
  run "$1"
  [ "$(figure answers)" -gt 0 ] || die 'no sequence is a SYN to this kernel: the run proves nothing'
  # Shapes that this kernel answers: those of whole and of fragmented packets of both families at least.
  local shape
  for shape in 'v4 whole' 'v4 split' 'v6 whole' 'v6 split' 'v6 decoy behind the payload' 'v6 long front'; do
    awk -v shape="shape $shape" 'index($0, shape) == 1 && $NF > 0 { found = 1 } END { exit !found }' "$WORK/fuzz" ||
      die "no answer to the shape '$shape'"
  done
}

with_filter() {
  say "seed $1, filtered"
  run "$1"
  [ "$(figure answers)" -eq 0 ] || die "$(figure answers) answers, seed $1: $(grep '^answer ' "$WORK/fuzz")"
  [ "$(figure listed)" -gt 0 ] || die "not even a listed address is answered, seed $1: the run proves nothing"
}

# Endpoints of every address, then bound ones, where a rewritten destination tells as well.
filtered() {
  local mode
  for mode in native generic; do
    config "xdp_mode=\"$mode\""
    verb apply
    with_filter "$SEED"
    config "xdp_mode=\"$mode\"" "endpoints=[\"$SERVER4:6443\", \"[$SERVER6]:6443\"]"
    verb apply
    with_filter $((SEED + 1))
    unguard
  done
}
track() {
  on_server nft 'add table inet track; add chain inet track in { type filter hook prerouting priority 0; };
    add rule inet track in ct state new counter accept' 2>"$WORK/err"
}

start_listener
tune
route_everywhere

# Filtered runs come first: a piece that passed without the filter would wait for others in the kernel's memory.
step 'Filtered; the kernel puts the pieces together where it delivers them'
filtered

step 'Filtered, with connection tracking: it puts them together before'
if track; then
  tune_conntrack
  filtered
  step 'Without the filter, with connection tracking'
  without_filter "$SEED"
  [ "$(figure rewritten)" -gt 0 ] ||
    die 'connection tracking here puts no other address into any sequence: what long fronts are for is not shown'
  on_server nft delete table inet track
else
  cat "$WORK/err"
  left_out 'no connection tracking'
fi

# Kernels like 5.10 go on putting pieces together early in a namespace that has once tracked.
step 'Without the filter'
without_filter "$SEED"
