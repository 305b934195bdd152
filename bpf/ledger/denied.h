/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Refused source -> the table of those that come again: layout and idea in apiguard/ledger.h. Only samples come
 * here, and a bucket is small: a flood of random sources cannot make it cost more.
 */
#ifndef APIGUARD_DENIED_H
#define APIGUARD_DENIED_H

#include "ledger/count.h"
#include "ledger/events.h"
#include "parse.h"
#include "ledger/sample.h"

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, APIGUARD_DENIED_BUCKETS);
	__type(key, __u32);
	__type(value, struct apiguard_denied_bucket);
} denied SEC(".maps");

/* Who has been away for so long loses half of the strength. */
#define AWAY (20 * 3600 * 1000000000ULL)
/* Above this strength a packet of somebody else counts half as much as below, and so on. */
#define TENACITY 4
#define PLACE(number) ((number) & (APIGUARD_DENIED_PLACES - 1))

static __always_inline __u64 mixed(__u64 hash, __u64 word)
{
	hash = (hash ^ word) * 0x9e3779b97f4a7c15ULL;
	return hash ^ hash >> 32;
}

/* Nobody outside can tell which sources share a bucket. */
static __always_inline __u64 hash_of(const struct apiguard_denied *what)
{
	const __u64 *source = (const __u64 *)what->source;
	__u64 hash = mixed(own_settings()->secret, source[0]);

	hash = mixed(hash, source[1]);
	return mixed(hash, (__u64)what->since << 32 | what->family);
}

static __always_inline bool is_same(const struct apiguard_denied *a,
				    const struct apiguard_denied *b)
{
	const __u64 *one = (const __u64 *)a->source, *other = (const __u64 *)b->source;

	return a->packets && one[0] == other[0] && one[1] == other[1] && a->family == b->family &&
	       a->since == b->since;
}

/* Who is not there any more makes room in the end, whatever strength it had. */
static __always_inline void age(struct apiguard_denied_bucket *bucket, __u64 now)
{
	__u32 i;

	if (now < bucket->aged + AWAY)
		return;
	bucket->aged = now;
#pragma unroll
	for (i = 0; i < APIGUARD_DENIED_PLACES; i++) {
		if (now >= bucket->sources[i].last + AWAY)
			bucket->strengths[i] /= 2;
	}
}

/* APIGUARD_DENIED_PLACES: nowhere. */
static __always_inline __u32 find_source(const struct apiguard_denied_bucket *bucket, __u32 tag,
					 const struct apiguard_denied *what)
{
	__u32 i;

#pragma unroll
	for (i = 0; i < APIGUARD_DENIED_PLACES; i++) {
		if (bucket->tags[i] == tag && is_same(&bucket->sources[i], what))
			return i;
	}
	return APIGUARD_DENIED_PLACES;
}

/* Of equals the one whose turn it is, so that each stays for as long as it can. */
static __always_inline __u32 find_weakest(const struct apiguard_denied_bucket *bucket)
{
	__u32 weakest = 0, least = ~0U, i, place;

#pragma unroll
	for (i = 0; i < APIGUARD_DENIED_PLACES; i++) {
		place = PLACE(bucket->next + i);
		if (bucket->strengths[place] < least) {
			least = bucket->strengths[place];
			weakest = place;
		}
	}
	return weakest;
}

/* Whether a packet of somebody else wears off one of so much strength. */
static __always_inline bool wears_off(__u32 strength, __u32 chance)
{
	const __u32 halvings = strength / TENACITY;

	return halvings < 32 && !(chance & ((1U << halvings) - 1));
}

static __always_inline void add_to(struct apiguard_denied *there,
				   const struct apiguard_denied *what)
{
	there->packets += what->packets;
	there->last = what->last;
	there->outcome = what->outcome;
	there->reason = what->reason;
}

/* The bucket is locked. */
static __always_inline void put(struct apiguard_denied_bucket *bucket, __u32 tag, __u32 chance,
				const struct apiguard_denied *what)
{
	__u32 place = find_source(bucket, tag, what);
	__u32 *strength;

	age(bucket, what->last);
	if (place < APIGUARD_DENIED_PLACES) {
		add_to(&bucket->sources[PLACE(place)], what);
		strength = &bucket->strengths[PLACE(place)];
		if (*strength + 1)
			(*strength)++;
		return;
	}
	place = PLACE(find_weakest(bucket));
	strength = &bucket->strengths[place];
	if (*strength > 1) {
		if (wears_off(*strength, chance))
			(*strength)--;
		return;
	}
	bucket->sources[place] = *what;
	bucket->tags[place] = tag;
	bucket->next = place + 1;
	*strength = 1;
}

/* Not inlined, so that the layout stands in the BTF of the object. */
static __attribute__((noinline)) int put_denied(const struct apiguard_denied *what)
{
	const __u64 hash = hash_of(what);
	const __u32 chance = bpf_get_prandom_u32();
	__u32 key = hash & (APIGUARD_DENIED_BUCKETS - 1);
	struct apiguard_denied_bucket *bucket = bpf_map_lookup_elem(&denied, &key);

	if (!bucket)
		return 0;
	bpf_spin_lock(&bucket->lock);
	put(bucket, hash >> 32, chance, what);
	bpf_spin_unlock(&bucket->lock);
	return 0;
}

/*
 * Of a sample among the packets that were refused, or would have been. Reads the frame anew: who
 * drops has kept nothing. A global function, so that the verifier walks it once.
 */
__attribute__((noinline)) int note_denied(struct xdp_md *ctx, __u32 reason)
{
	struct packet packet __attribute__((aligned(8))) = {};
	struct apiguard_denied what = {};
	struct apiguard_counters *mine = own_counters();

	if (!mine)
		return 0;
	what.packets = take_sample(&mine->denied);
	what.first = what.last = mine->denied.now;
	what.since = own_settings()->since;
	what.reason = reason;
	what.outcome =
	    own_settings()->mode == APIGUARD_MODE_AUDIT ? APIGUARD_WOULD_DROP : APIGUARD_DROP;
	parse(ctx, &packet);
	__builtin_memcpy(what.source, packet.source, sizeof(what.source));
	what.family = packet.family;
	put_denied(&what);
	tell(ctx, &packet, (__u32)what.outcome << 8 | reason, 0, what.last);
	return 0;
}

#endif
