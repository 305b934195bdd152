/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The maps of one generation that verdicts depend on, and its settings. What is only remembered stands
 * in ledger/. */
#ifndef APIGUARD_MAPS_H
#define APIGUARD_MAPS_H

#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#include "apiguard/judge.h"

/* What this generation is. Written by the loader before loading, frozen, so that the verifier knows
 * the values and drops the code of whatever is not in use. */
const volatile struct apiguard_settings settings = {};

/*
 * To read them. clang does not see where the pointer comes from: it neither takes the zeros above
 * for their values nor loads what it has in a register already, as it must for what is volatile.
 */
static __always_inline const struct apiguard_settings *own_settings(void)
{
	const struct apiguard_settings *own;

	asm("" : "=r"(own) : "0"(&settings));
	return own;
}

/*
 * Ranges: a trie a shard (see apiguard/judge.h). Made and filled by the loader before attach, read by judge.h,
 * never changed after. The families have tries of their own, so that no IPv6 prefix can ever match
 * an IPv4 source. Sizes, not types: clang leaves out the types that only an inner map names.
 */
#define APIGUARD_TRIES(name, key_type)                                    \
	struct name##_trie {                                              \
		__uint(type, BPF_MAP_TYPE_LPM_TRIE);                      \
		__uint(map_flags, BPF_F_NO_PREALLOC | BPF_F_RDONLY_PROG); \
		__uint(max_entries, 1);                                   \
		__uint(key_size, sizeof(key_type));                       \
		__uint(value_size, sizeof(struct apiguard_range));        \
	};                                                                \
	struct {                                                          \
		__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);                 \
		__uint(max_entries, 1);                                   \
		__type(key, __u32);                                       \
		__array(values, struct name##_trie);                      \
	} name SEC(".maps")

APIGUARD_TRIES(ranges4, struct apiguard_key4);
APIGUARD_TRIES(ranges6, struct apiguard_key6);
SEC(".rodata.shards4") const volatile struct apiguard_shards shards4 = {};
SEC(".rodata.shards6") const volatile struct apiguard_shards shards6 = {};

/*
 * The verdict index, compiled from the same ranges: layouts in apiguard/judge.h. Its top is data of the
 * program, which is read without a lookup. The rest is sized and filled like the tries: arrays,
 * because the kernel inlines their lookup; not BPF_F_RDONLY_PROG, which would forbid the loader to
 * write them through a mapping.
 */
SEC(".rodata.top4") const volatile struct apiguard_top top4 = {};
SEC(".rodata.top6") const volatile struct apiguard_top top6 = {};

#define APIGUARD_INDEX_MAP(name, value_type)       \
	struct {                                   \
		__uint(type, BPF_MAP_TYPE_ARRAY);  \
		__uint(map_flags, BPF_F_MMAPABLE); \
		__uint(max_entries, 1);            \
		__type(key, __u32);                \
		__type(value, value_type);         \
	} name SEC(".maps")

APIGUARD_INDEX_MAP(blocks4, struct apiguard_block);
APIGUARD_INDEX_MAP(ranks4, struct apiguard_rank);
APIGUARD_INDEX_MAP(leaves4, __u64);
APIGUARD_INDEX_MAP(dense4, struct apiguard_block);
APIGUARD_INDEX_MAP(nodes6, struct apiguard_node);

/*
 * Of a generation that waits for its confirmation; confirm.h reads them. Pinned with it: the kernel
 * empties a program array when the last pin or descriptor of it goes.
 */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct apiguard_confirmation);
} confirmation SEC(".maps");

/* The filter of the generation before; empty if there was none. */
struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 1);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(__u32));
} before SEC(".maps");

/* Indexes of the interfaces that the generation before did not guard. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u8);
} joined SEC(".maps");

#endif
