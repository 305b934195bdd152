/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* decision -> per-CPU counters. */
#ifndef APIGUARD_COUNT_H
#define APIGUARD_COUNT_H

#include "maps.h"

/* No other CPU writes our copy, and XDP runs with softirqs off: a plain increment is exact. */
static __always_inline void count(enum apiguard_outcome outcome, enum apiguard_reason reason)
{
	__u32 key = 0;
	struct apiguard_counters *mine = bpf_map_lookup_elem(&counters, &key);

	if (mine && outcome < APIGUARD_OUTCOME_MAX && reason < APIGUARD_REASON_MAX)
		mine->packets[outcome][reason]++;
}

#endif
