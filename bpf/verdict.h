/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* decision -> counted, noted where it is a sample, and what the kernel is to do. */
#ifndef APIGUARD_VERDICT_H
#define APIGUARD_VERDICT_H

#include "ledger/denied.h"
#include "ledger/seen.h"

/* What is judged in audit, listed or not. */
static __always_inline void see(struct xdp_md *ctx, struct apiguard_counters *mine)
{
	if (mine && is_sample(&mine->seen))
		note_seen(ctx);
}

static __always_inline void refuse(struct xdp_md *ctx, enum apiguard_outcome outcome,
				   enum apiguard_reason reason)
{
	struct apiguard_counters *mine = count(outcome, reason);

	if (mine && is_sample(&mine->denied))
		note_denied(ctx, reason);
	if (outcome == APIGUARD_WOULD_DROP)
		see(ctx, mine);
}

/* Each outcome has a branch of its own. The verifier removes the branches that the constant mode
 * rules out, but only while they have not joined again. */
static __always_inline int verdict(struct xdp_md *ctx, enum apiguard_outcome outcome,
				   enum apiguard_reason reason)
{
	struct apiguard_counters *mine;

	if (outcome != APIGUARD_DROP) {
		mine = count(APIGUARD_PASS, reason);
		if (reason == APIGUARD_LISTED && own_settings()->mode == APIGUARD_MODE_AUDIT)
			see(ctx, mine);
		return XDP_PASS;
	}
	if (own_settings()->mode == APIGUARD_MODE_AUDIT) {
		refuse(ctx, APIGUARD_WOULD_DROP, reason);
		return XDP_PASS;
	}
	refuse(ctx, APIGUARD_DROP, reason);
	return XDP_DROP;
}

#endif
