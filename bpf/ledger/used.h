/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Listed source -> one connection more for the range that admitted it. Only segments that open one come here, and
 * they can pay for a walk through the trie. Where ranges end, judge.h has asked the trie before.
 */
#ifndef APIGUARD_USED_H
#define APIGUARD_USED_H

#include "ledger/events.h"
#include "judge.h"
#include "segment.h"

/* Connections by range: layouts in apiguard/ledger.h. Counted by the filter; sized, read, copied and
 * tidied by the loader; handed on from generation to generation. Without preallocation: most ranges are never used. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 1);
	__type(key, struct apiguard_used_key);
	__type(value, struct apiguard_used);
} used SEC(".maps");

/* Adds to an entry that exists. CPUs meet here; the moment that one of them overwrites with is
 * no older than what the other one wrote by more than it takes to write it. */
static __always_inline void add(struct apiguard_used *to, const struct apiguard_used *what)
{
	__sync_fetch_and_add(&to->connections, what->connections);
	if (what->first < to->first)
		to->first = what->first;
	if (what->last > to->last)
		to->last = what->last;
}

/* False if there is no room. Not inlined, so that the layouts stand in the BTF of the object. */
static __attribute__((noinline)) bool add_used(const struct apiguard_used_key *key,
					       const struct apiguard_used *what)
{
	struct apiguard_used *mine = bpf_map_lookup_elem(&used, key);

	if (!mine) {
		if (bpf_map_update_elem(&used, key, what, BPF_NOEXIST) == 0)
			return true;
		/* Another CPU was first, or there is no room. */
		mine = bpf_map_lookup_elem(&used, key);
		if (!mine)
			return false;
	}
	add(mine, what);
	return true;
}

/* The first `bits` of 64. */
static __always_inline __u64 first_bits(__u32 bits)
{
	return bits >= 64 ? ~0ULL : ~(~0ULL >> (bits & 63));
}

static __always_inline struct apiguard_used_key key_of(const struct packet *packet, __u32 length)
{
	const __be64 *source = (const __be64 *)packet->source;
	struct apiguard_used_key key = {.family = packet->family, .prefix_len = length};
	__be64 *address = (__be64 *)key.address;

	address[0] = source[0] & bpf_cpu_to_be64(first_bits(length));
	address[1] = source[1] & bpf_cpu_to_be64(first_bits(length > 64 ? length - 64 : 0));
	return key;
}

/* Credits a connection to the range that listed its source. The trie is asked (once more, where
 * judge_source did): the index, which settles nearly all of them, does not name ranges. */
static __attribute__((noinline)) int attribute(struct xdp_md *ctx, const struct packet *packet)
{
	const struct apiguard_range *range = ask_trie(packet).range;
	struct apiguard_used once = {.connections = 1};
	struct apiguard_used_key key;
	struct apiguard_used *missed;

	if (!range)
		return 0;
	once.first = once.last = bpf_ktime_get_boot_ns();
	tell(ctx, packet, (__u32)APIGUARD_PASS << 8 | APIGUARD_LISTED, length_of(range), once.last);
	key = key_of(packet, length_of(range));
	if (add_used(&key, &once))
		return 0;
	__builtin_memset(&key, 0, sizeof(key));
	missed = bpf_map_lookup_elem(&used, &key);
	if (missed)
		add(missed, &once);
	return 0;
}

#endif
