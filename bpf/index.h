/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Source address -> cell, from the verdict index: layouts in apiguard/judge.h, written by
 * loader/compile/. The loader never writes an index that points to a missing element. If one were
 * missing, the result is APIGUARD_CELL_DEEPER, and the trie decides.
 */
#ifndef APIGUARD_INDEX_H
#define APIGUARD_INDEX_H

#include <bpf/bpf_endian.h>

#include "parse.h"

/* The low bit of each two-bit cell that is deeper. */
static __always_inline __u64 deeper_cells(__u64 cells)
{
	return cells & cells >> 1 & 0x5555555555555555;
}

/* Bits set in a word that has none at odd places. BPF has no instruction for it. */
static __always_inline __u32 count_pairs(__u64 word)
{
	word = (word & 0x3333333333333333) + (word >> 2 & 0x3333333333333333);
	word = (word + (word >> 4)) & 0x0f0f0f0f0f0f0f0f;
	return word * 0x0101010101010101 >> 56;
}

/* Cell `index` (the upper bits are ignored) of 32 in a word. */
static __always_inline enum apiguard_cell cell_of(__u64 cells, __u32 index)
{
	return cells >> (index & 31) * 2 & 3;
}

/* Deeper cells in front of it. */
static __always_inline __u32 deeper_before(__u64 cells, __u32 index)
{
	return count_pairs(deeper_cells(cells) & ((1ULL << (index & 31) * 2) - 1));
}

/* The stretch of a sparse leaf that holds `host`: six comparisons of bytes in one word, by the
 * top bit of each difference. */
static __always_inline enum apiguard_cell cell_of_leaf(__u64 leaf, __u64 host)
{
	const __u64 top_bits = 0x0000808080808080;
	const __u64 hosts = host * 0x0000010101010101;
	const __u64 low_reached = (hosts | top_bits) - (leaf & 0x00007f7f7f7f7f7f);
	__u64 reached;

	reached = ((hosts & ~leaf) | (~(hosts ^ leaf) & low_reached)) & top_bits;
	reached = (reached >> 7) * 0x0000010101010101 >> 40 & 0xff;
	return leaf >> (APIGUARD_LEAF_CELLS_SHIFT + 2 * reached) & 3;
}

static __always_inline enum apiguard_cell find_in_leaf(__u32 number, __u32 host)
{
	const struct apiguard_block *block;
	__u64 *leaf = bpf_map_lookup_elem(&leaves4, &number);

	if (!leaf)
		return APIGUARD_CELL_DEEPER;
	if (!(*leaf & APIGUARD_LEAF_DENSE))
		return cell_of_leaf(*leaf, host);
	number = *leaf;
	block = bpf_map_lookup_elem(&dense4, &number);
	return block ? cell_of(block->cells[host >> 5 & 7], host) : APIGUARD_CELL_DEEPER;
}

/* Below a deeper cell of the top, whose number is `number`. Not inlined, so that the sources which
 * the top settles do not save registers for it. */
__attribute__((noinline)) int find_in_block(__u32 number, __u32 source)
{
	const __u32 index = source >> 8 & 0xff;
	const struct apiguard_block *block = bpf_map_lookup_elem(&blocks4, &number);
	const struct apiguard_rank *rank;
	enum apiguard_cell cell;
	__u64 cells;

	if (!block)
		return APIGUARD_CELL_DEEPER;
	cells = block->cells[index >> 5];
	cell = cell_of(cells, index);
	if (cell != APIGUARD_CELL_DEEPER)
		return cell;
	rank = bpf_map_lookup_elem(&ranks4, &number);
	if (!rank)
		return cell;
	number = rank->first + rank->before[index >> 5] + deeper_before(cells, index);
	return find_in_leaf(number, source & 0xff);
}

/* `source` in host byte order. */
static __always_inline enum apiguard_cell find_cell4(__u32 source)
{
	__u32 index = source >> 16;
	enum apiguard_cell cell;
	__u64 cells;

	/* 5.10 and 6.1 know no bounds of what was swapped; the barrier keeps clang from taking out
	 * the mask that gives it some. */
	barrier_var(index);
	index &= 0xffff;
	if (own_settings()->whole4 != APIGUARD_CELL_DEEPER)
		return own_settings()->whole4;
	cells = top4.cells[index >> 5];
	cell = cell_of(cells, index);
	if (cell != APIGUARD_CELL_DEEPER)
		return cell;
	return find_in_block(top4.first[index >> 5] + deeper_before(cells, index), source);
}

/* How many keys of the node are greater; all are below 2^63, and so the difference has a sign. */
static __always_inline __u32 keys_above(const struct apiguard_node *node, __u64 key)
{
	__u32 above = 0;
	int i;

#pragma unroll
	for (i = 0; i < APIGUARD_NODE_KEYS; i++)
		above += (key - node->keys[i]) >> 63;
	return above;
}

/*
 * Walks down from node `number`: number of the deeper cell's node << 2 | cell; all bits set if a
 * node is missing, which is no number either. Global for the verifier's sake: see read_extension.
 */
__attribute__((noinline)) __u64 search_tree(__u32 number, __u64 key)
{
	const struct apiguard_node *node;
	__u64 cells;
	__u32 at;
	int i;

#pragma unroll
	for (i = 0; i < APIGUARD_MAX_NODE_LEVELS; i++) {
		node = bpf_map_lookup_elem(&nodes6, &number);
		if (!node)
			break;
		at = APIGUARD_NODE_KEYS - keys_above(node, key);
		number = node->tail;
		if (!(node->tail & APIGUARD_NODE_LEAF)) {
			number += at;
			continue;
		}
		cells = node->tail >> APIGUARD_NODE_CELLS_SHIFT & 0xffff;
		number += count_pairs(deeper_cells(cells) & ((1ULL << at * 2) - 1));
		return (__u64)number << 2 | (cells >> at * 2 & 3);
	}
	return ~0ULL;
}

/* Both halves in host byte order. */
static __always_inline enum apiguard_cell find_cell6(__u64 upper, __u64 lower)
{
	const __u32 top_shift = 64 - APIGUARD_TOP_BITS - own_settings()->shared6_len;
	const __u32 key_start = APIGUARD_TOP_BITS + own_settings()->shared6_len;
	__u32 index = upper >> top_shift & 0xffff;
	enum apiguard_cell cell;
	__u64 cells, found;

	if (own_settings()->whole6 != APIGUARD_CELL_DEEPER)
		return own_settings()->whole6;
	/* Two shifts: of 64 bits none would be left. */
	if ((upper ^ own_settings()->shared6) >> top_shift >> APIGUARD_TOP_BITS)
		return own_settings()->outside6;
	cells = top6.cells[index >> 5];
	cell = cell_of(cells, index);
	if (cell != APIGUARD_CELL_DEEPER)
		return cell;
	found = search_tree(top6.first[index >> 5] + deeper_before(cells, index),
			    (upper << key_start | lower >> (64 - key_start)) >> 1);
	if ((found & 3) == APIGUARD_CELL_DEEPER)
		found = search_tree(found >> 2, lower & APIGUARD_KEY_MASK);
	return found & 3;
}

static __always_inline enum apiguard_cell find_cell(const struct packet *packet)
{
	if (packet->family == APIGUARD_IPV4)
		return find_cell4(bpf_ntohl(*(const __be32 *)packet->source));
	return find_cell6(bpf_be64_to_cpu(*(const __be64 *)packet->source),
			  bpf_be64_to_cpu(*(const __be64 *)(packet->source + 8)));
}

#endif
