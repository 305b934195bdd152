/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* decision -> per-CPU counters. */
#ifndef APIGUARD_COUNT_H
#define APIGUARD_COUNT_H

#include "apiguard/ledger.h"
#include "maps.h"

/* Packets by outcome and reason. Written by the filter, read by the loader, handed on from
 * generation to generation. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct apiguard_counters);
} counters SEC(".maps");

/* What this CPU counts. No other CPU writes it, and XDP runs with softirqs off: plain arithmetic is
 * exact. */
static __always_inline struct apiguard_counters *own_counters(void)
{
	__u32 key = 0;

	return bpf_map_lookup_elem(&counters, &key);
}

/* Returns own_counters(). */
static __always_inline struct apiguard_counters *count(enum apiguard_outcome outcome,
						       enum apiguard_reason reason)
{
	struct apiguard_counters *mine = own_counters();

	if (mine && outcome < APIGUARD_OUTCOME_MAX && reason < APIGUARD_REASON_MAX)
		mine->packets[outcome][reason]++;
	return mine;
}

#endif
