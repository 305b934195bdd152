// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The filter: parse -> judge -> count -> XDP_DROP or XDP_PASS, without state. One question per
 * packet: TCP to a protected endpoint from a source that is not listed?
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#include "confirm.h"
#include "ledger/count.h"
#include "judge.h"
#include "plain.h"
#include "ledger/used.h"

char _license[] SEC("license") = "Dual BSD/GPL";

/*
 * What judge_plain did not settle: outcome << 8 | reason. It is a function of its own, so that plain
 * frames do not pay for it. Counting is another one, because the stacks of functions that call one
 * another share 512 bytes, and noting a denied source uses them up.
 */
static __attribute__((noinline)) int judge_rest(struct xdp_md *ctx)
{
	struct packet packet __attribute__((aligned(8))) = {};
	const struct decision decision = judge(ctx, &packet, false);

	if (decision.outcome == APIGUARD_PASS && decision.reason == APIGUARD_LISTED &&
	    opens_connection(ctx, &packet))
		attribute(ctx, &packet);
	return decision.outcome << 8 | decision.reason;
}

static __attribute__((noinline)) int count_rest(struct xdp_md *ctx, int decided)
{
	__u64 reason = decided & 0xff;

	/* Clang checks the bounds of a copy. Of 64 bits that are masked it makes none. */
	barrier_var(reason);
	return verdict(ctx, decided >> 8, reason & 0xf);
}

static __always_inline int filter(struct xdp_md *ctx)
{
	int result;

	if (own_settings()->mode == APIGUARD_MODE_OFF)
		return verdict(ctx, APIGUARD_PASS, APIGUARD_OFF);
	result = judge_plain(ctx);
	return result == NOT_SETTLED ? count_rest(ctx, judge_rest(ctx)) : result;
}

/* The loader loads one of these two, or of the two below: the kernel lets only a frags-aware
 * program see multi-buffer frames (5.18), and older kernels refuse the flag. */
SEC("xdp.frags")
int apiguard_frags(struct xdp_md *ctx)
{
	return filter(ctx);
}

SEC("xdp")
int apiguard(struct xdp_md *ctx)
{
	return filter(ctx);
}

/*
 * The same two for a generation that waits for its confirmation. Programs of their own, because
 * one that may tail-call pays for it with every packet, and only one of the same kind can stand
 * in the program array of another.
 */
SEC("xdp.frags")
int apiguard_frags_unconfirmed(struct xdp_md *ctx)
{
	return is_overdue() ? hand_over(ctx) : filter(ctx);
}

SEC("xdp")
int apiguard_unconfirmed(struct xdp_md *ctx)
{
	return is_overdue() ? hand_over(ctx) : filter(ctx);
}

/* Not inlined, so that the layout of the answer and the numbers in it stand in the BTF of the
 * object. */
static __attribute__((noinline)) void write_answer(struct apiguard_answer *answer,
						   enum apiguard_outcome outcome,
						   enum apiguard_reason reason,
						   const struct apiguard_range *range)
{
	answer->outcome = outcome;
	answer->reason = reason;
	answer->prefix = range ? APIGUARD_ANSWER_LENGTH + length_of(range) : 0;
	answer->has_range = range ? 1 : 0;
}

/* Never attached: answers `check` for the one frame of a test run, by the same code over the same
 * maps, and counts nothing. */
SEC("xdp")
int apiguard_check(struct xdp_md *ctx)
{
	struct packet packet __attribute__((aligned(8))) = {};
	struct decision decision = judge(ctx, &packet, true);
	struct apiguard_answer *answer = (void *)(long)ctx->data;

	if ((void *)(answer + 1) > (void *)(long)ctx->data_end)
		return XDP_ABORTED;
	write_answer(answer, decision.outcome, decision.reason, decision.range);
	return XDP_PASS;
}

/* Not inlined, so that the layout stands in the BTF of the object. */
static __attribute__((noinline)) bool add_use(const struct apiguard_use *use)
{
	return add_used(&use->key, &use->used);
}

/* Never attached: adds to `used` what the frame of a test run says, so that a map that is in use
 * already loses nothing by it. */
SEC("xdp")
int apiguard_add(struct xdp_md *ctx)
{
	const struct apiguard_use *use = (void *)(long)ctx->data;
	struct apiguard_use copy;

	if ((void *)(use + 1) > (void *)(long)ctx->data_end)
		return XDP_ABORTED;
	__builtin_memcpy(&copy, use, sizeof(copy));
	return add_use(&copy) ? XDP_PASS : XDP_ABORTED;
}
