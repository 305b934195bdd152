/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * frame -> decision: parse it, compare the endpoint, look the source up. Where the bytes lie is known
 * to parse.h alone. Shared by the filter and the check program, so that both give the same answer.
 */
#ifndef APIGUARD_JUDGE_H
#define APIGUARD_JUDGE_H

#include "index.h"
#include "parse.h"

struct decision {
	enum apiguard_outcome outcome; /* APIGUARD_PASS or APIGUARD_DROP; audit is the caller's */
	enum apiguard_reason reason;
	const struct apiguard_range *range; /* that decided; NULL if none did */
};

static __always_inline struct decision decision(enum apiguard_outcome outcome,
						enum apiguard_reason reason)
{
	return (struct decision){.outcome = outcome, .reason = reason};
}

/* A key long enough for either family; each trie reads the bytes of its own. */
union source_key {
	struct apiguard_key4 ipv4;
	struct apiguard_key6 ipv6;
};

/* The last shard that begins at or before an address, both halves in host byte order. A global
 * function, so that the verifier walks the search once. */
__attribute__((noinline)) __u32 find_shard(__u64 upper, __u64 lower, bool ipv4)
{
	const volatile struct apiguard_shards *shards = ipv4 ? &shards4 : &shards6;
	const volatile struct apiguard_start *start;
	__u32 found = 0, at, step;

#pragma unroll
	for (step = APIGUARD_MAX_SHARDS / 2; step > 0; step /= 2) {
		at = found + step;
		if (at >= shards->count)
			continue;
		start = &shards->starts[at & (APIGUARD_MAX_SHARDS - 1)];
		if (upper > start->upper || (upper == start->upper && lower >= start->lower))
			found = at;
	}
	return found;
}

/* Not inlined, so that the layout of the keys stands in the BTF of the object. */
static __attribute__((noinline)) const struct apiguard_range *
longest_match(void *trie, const union source_key *key)
{
	return bpf_map_lookup_elem(trie, key);
}

/* The trie that holds the source; NULL if the family has no ranges. */
static __always_inline void *find_trie(const struct packet *packet)
{
	const __be64 *source = (const __be64 *)packet->source;
	const bool ipv4 = packet->family == APIGUARD_IPV4;
	__u32 shard = find_shard(bpf_be64_to_cpu(source[0]), bpf_be64_to_cpu(source[1]), ipv4);

	if (ipv4)
		return bpf_map_lookup_elem(&ranges4, &shard);
	return bpf_map_lookup_elem(&ranges6, &shard);
}

static __always_inline __u32 length_of(const struct apiguard_range *range)
{
	return range->except_until & APIGUARD_LENGTH_MASK;
}

/* `word` is one of the two of a range. The clock is read only where something ends. */
static __always_inline bool is_live(__u64 word)
{
	__u64 end = word & ~APIGUARD_LENGTH_MASK;

	if (end == APIGUARD_WITHOUT_END)
		return true;
	return end && end > bpf_ktime_get_boot_ns();
}

/* True, and the decision, if an entry of the prefix is live: an except before an allow. */
static __always_inline bool decides(const struct apiguard_range *range, struct decision *result)
{
	if (is_live(range->except_until))
		*result = decision(APIGUARD_DROP, APIGUARD_EXCEPTED);
	else if (is_live(range->allow_until))
		*result = decision(APIGUARD_PASS, APIGUARD_LISTED);
	else
		return false;
	result->range = range;
	return true;
}

/*
 * Rows 20 to 23: the longest match decides; where all its entries have ended, what covers it and
 * ends later. A lookup with a shorter length in the key finds the next shorter entry, and the
 * loader has left in each entry the length to go on with.
 */
static __always_inline struct decision ask_trie(const struct packet *packet)
{
	const struct apiguard_range *range, *longest;
	struct decision result = decision(APIGUARD_DROP, APIGUARD_EXPIRED);
	union source_key key = {};
	void *trie = find_trie(packet);
	int i;

	if (!trie)
		return decision(APIGUARD_DROP, APIGUARD_UNLISTED);
	key.ipv6.prefix_len = packet->family == APIGUARD_IPV4 ? 32 : 128;
	__builtin_memcpy(key.ipv6.address, packet->source, 16);
	range = longest_match(trie, &key);
	if (!range)
		return decision(APIGUARD_DROP, APIGUARD_UNLISTED);
	longest = range;
#pragma unroll
	for (i = 0; i < APIGUARD_MAX_EXPIRY_STEPS; i++) {
		if (decides(range, &result))
			return result;
		key.ipv6.prefix_len = range->allow_until & APIGUARD_LENGTH_MASK;
		if (!own_settings()->has_ends || key.ipv6.prefix_len == APIGUARD_NO_NEXT)
			break;
		range = longest_match(trie, &key);
		if (!range)
			break;
	}
	result.range = longest;
	return result;
}

/* The index settles nearly every source; `explain` has the trie name the range as well. */
static __always_inline struct decision judge_source(const struct packet *packet, const bool explain)
{
	struct decision result;

	switch (find_cell(packet)) {
	case APIGUARD_CELL_UNLISTED:
		return decision(APIGUARD_DROP, APIGUARD_UNLISTED);
	case APIGUARD_CELL_LISTED:
		result = decision(APIGUARD_PASS, APIGUARD_LISTED);
		break;
	/* Also APIGUARD_CELL_ASK_TRIE: the same cell, where ranges end. */
	case APIGUARD_CELL_EXCEPTED:
		result = decision(APIGUARD_DROP, APIGUARD_EXCEPTED);
		if (!own_settings()->has_ends)
			break;
		return ask_trie(packet);
	default:
		return ask_trie(packet);
	}
	if (explain)
		result.range = ask_trie(packet).range;
	return result;
}

/* Row 18. IPv4 addresses fill the first four of 16 bytes on both sides, the rest is zero. */
static __always_inline bool is_endpoint(const struct packet *packet,
					const struct apiguard_endpoint *endpoint)
{
	const __u64 *bound = (const __u64 *)endpoint->address;
	const __u64 *address = (const __u64 *)packet->destination;

	if (packet->dport != endpoint->port)
		return false;
	if (endpoint->family == APIGUARD_ANY_ADDRESS || packet->port_alone)
		return true;
	return endpoint->family == packet->family && address[0] == bound[0] &&
	       address[1] == bound[1];
}

static __always_inline bool is_protected(const struct packet *packet)
{
	int i;

#pragma unroll
	for (i = 0; i < APIGUARD_MAX_ENDPOINTS; i++) {
		if (i >= own_settings()->endpoint_count)
			break;
		if (is_endpoint(packet, &own_settings()->endpoints[i]))
			return true;
	}
	return false;
}

/* The whole table: what becomes of this frame in enforce mode; if `explain`, by which range.
 * `packet` is zero, and afterwards what was seen. */
static __always_inline struct decision judge(struct xdp_md *ctx, struct packet *packet,
					     const bool explain)
{
	enum parse_result parsed = parse(ctx, packet);
	struct decision result;

	if (parsed == PARSE_PASS)
		return decision(APIGUARD_PASS, packet->reason);
	if (parsed == PARSE_DROP)
		return decision(APIGUARD_DROP, packet->reason);
	if (parsed == PARSE_TCP && !is_protected(packet))
		return decision(APIGUARD_PASS, APIGUARD_OTHER_TRAFFIC);
	result = judge_source(packet, explain);
	if (parsed == PARSE_CANNOT_TELL && result.outcome == APIGUARD_DROP)
		result.reason = packet->reason;
	return result;
}

#endif
