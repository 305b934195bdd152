/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Which packets are looked at more closely: struct apiguard_sampler in apiguard/ledger.h. */
#ifndef APIGUARD_SAMPLE_H
#define APIGUARD_SAMPLE_H

#include <stdbool.h>

#include "apiguard/ledger.h"
#include "maps.h"

#define MAX_MEAN (1 << 24)

/* All that most packets of a flood pay. The kernel inlines the clock. */
static __always_inline bool is_sample(struct apiguard_sampler *sampler)
{
	return sampler->tick != bpf_jiffies64() || --sampler->left == 0;
}

static __always_inline void begin_tick(struct apiguard_sampler *sampler, __u64 tick)
{
	if (tick - sampler->tick != 1 || !sampler->mean)
		sampler->mean = 1; /* it was quiet in between */
	else if (sampler->taken < APIGUARD_SAMPLES / 2 && sampler->mean > 1)
		sampler->mean /= 2;
	sampler->tick = tick;
	sampler->now = bpf_ktime_get_boot_ns();
	sampler->taken = 0;
	sampler->step = 1;
}

/*
 * Of a packet for which is_sample() was true: how many packets it stands for. The distance to the
 * next one is random, so that no rhythm of a sender stays between the samples.
 */
static __always_inline __u32 take_sample(struct apiguard_sampler *sampler)
{
	const __u64 tick = bpf_jiffies64();
	__u32 weight;

	if (sampler->tick != tick)
		begin_tick(sampler, tick);
	weight = sampler->step;
	sampler->taken++;
	if (sampler->taken >= APIGUARD_SAMPLES && sampler->mean < MAX_MEAN) {
		sampler->mean *= 2;
		sampler->taken = APIGUARD_SAMPLES / 2;
	}
	sampler->step = 1;
	if (sampler->mean > 1)
		sampler->step += bpf_get_prandom_u32() & (2 * sampler->mean - 1);
	sampler->left = sampler->step;
	return weight;
}

#endif
