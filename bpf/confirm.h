/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A generation that waits for its confirmation. Past its deadline it is as if it had never been
 * published: the program before it judges and counts, and where that one did not run every packet
 * passes.
 */
#ifndef APIGUARD_CONFIRM_H
#define APIGUARD_CONFIRM_H

#include "plain.h"

static __always_inline bool is_overdue(void)
{
	__u32 key = 0;
	const struct apiguard_confirmation *mine = bpf_map_lookup_elem(&confirmation, &key);

	return mine && mine->deadline && mine->deadline <= bpf_ktime_get_boot_ns();
}

/* Nothing is counted before the tail call: only the program that returns the verdict counts. */
static __always_inline int hand_over(struct xdp_md *ctx)
{
	__u32 interface = ctx->ingress_ifindex;

	if (!bpf_map_lookup_elem(&joined, &interface))
		bpf_tail_call(ctx, &before, 0);
	return verdict(ctx, APIGUARD_PASS, APIGUARD_OFF);
}

#endif
