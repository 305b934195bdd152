#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# The kernel as judge: no sequence of frames from a source that is not listed draws an answer from the protected port,
# in any order, with lying lengths, overlaps, decoys behind the payload, nested fragment headers. The same sequences
# without the filter show which shapes the kernel takes for a SYN at all.
#
# APIGUARD_SEED and APIGUARD_SEQUENCES make a run another one, or a longer one.
. "$(dirname -- "$0")/lib.sh"
SEED=${APIGUARD_SEED:-$(od -An -N4 -tu4 /dev/urandom | tr -d ' ')}
SEQUENCES=${APIGUARD_SEQUENCES:-24000}

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
tune_conntrack() {
  on_server sysctl -qw net.netfilter.nf_conntrack_frag6_high_thresh=268435456 \
    net.netfilter.nf_conntrack_frag6_timeout=2 2>/dev/null || true
}

run() { # SEED
  "$TOOLS/fuzz_fragments" "$CLIENT/world0" "$1" "$SEQUENCES" >"$WORK/fuzz" || die "fuzz_fragments, seed $1"
  grep -v '^answer ' "$WORK/fuzz"
}
answers() { awk '$1 == "answers" { print $2 }' "$WORK/fuzz"; }

without_filter() {
  say "seed $1, no filter"
  run "$1"
  [ "$(answers)" -gt 0 ] || die 'no sequence is a SYN to this kernel: the run proves nothing'
  # Shapes that this kernel answers: those of whole and of fragmented packets of both families at least.
  local shape
  for shape in 'v4 whole' 'v4 split' 'v6 whole' 'v6 split' 'v6 decoy behind the payload'; do
    awk -v shape="shape $shape" 'index($0, shape) == 1 && $NF > 0 { found = 1 } END { exit !found }' "$WORK/fuzz" ||
      die "no answer to the shape '$shape'"
  done
}

with_filter() {
  say "seed $1, filtered"
  run "$1"
  [ "$(answers)" -eq 0 ] || die "$(answers) answers, seed $1: $(grep '^answer ' "$WORK/fuzz")"
}

filtered() {
  local mode
  for mode in native generic; do
    config "xdp_mode=\"$mode\""
    verb apply
    with_filter "$SEED"
    with_filter $((SEED + 1))
    verb detach --all
  done
}
track() {
  on_server nft 'add table inet track; add chain inet track in { type filter hook prerouting priority 0; };
    add rule inet track in ct state new counter accept' 2>"$WORK/err"
}

start_listener
tune

# Filtered runs come first: a piece that passed without the filter would wait for others in the kernel's memory.
step 'Filtered; the kernel puts the pieces together where it delivers them'
filtered

step 'Filtered, with connection tracking: it puts them together before'
if track; then
  tune_conntrack
  filtered
  step 'Without the filter, with connection tracking'
  without_filter "$SEED"
  on_server nft delete table inet track
else
  say "not tried: no connection tracking here: $(cat "$WORK/err")"
fi

step 'Without the filter'
without_filter "$SEED"
