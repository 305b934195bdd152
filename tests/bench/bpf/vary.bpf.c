// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The harness of the micro benchmark: writes the next of 2^20 sources into the frame, then goes on
 * in the program under test, as it is shipped. What it costs itself is measured with an empty
 * program in the slot.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#include "sources.h"

char _license[] SEC("license") = "Dual BSD/GPL";

/* Written before loading, so that the verifier drops the code of the other family. */
const volatile __u32 source_offset = 0; /* bytes from the start of the frame */
const volatile __u32 source_words = 1;	/* 1: IPv4; 4: IPv6 */
const volatile __u32 destination4 = 0;	/* what stands behind an IPv4 source; network byte order */

__u32 sources[4 * BENCH_SOURCES]; /* network byte order, one behind the other */
__u32 next;			  /* one CPU runs this program */

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} under_test SEC(".maps");

/*
 * Stores of eight bytes: a program under test that reads four or eight of them gets them from the
 * store buffer. A load wider than the store would stall, which no frame of a driver does.
 */
static __always_inline int vary(struct xdp_md *ctx)
{
	__u64 *to = (void *)(long)ctx->data + source_offset;
	const __u32 at = next & (BENCH_SOURCES - 1);
	const __u64 *from;

	next = at + 1;
	if ((void *)(to + 2) > (void *)(long)ctx->data_end)
		return XDP_ABORTED;
	if (source_words == 1) {
		*to = (__u64)destination4 << 32 | sources[at];
	} else {
		from = (const __u64 *)&sources[4 * at];
		to[0] = from[0];
		to[1] = from[1];
	}
	bpf_tail_call_static(ctx, &under_test, 0);
	return XDP_ABORTED; /* the slot is empty */
}

/* A program array takes programs of one kind only: this one's. */
SEC("xdp.frags")
int vary_frags(struct xdp_md *ctx)
{
	return vary(ctx);
}

SEC("xdp")
int vary_plain(struct xdp_md *ctx)
{
	return vary(ctx);
}

SEC("xdp.frags")
int drop_frags(struct xdp_md *ctx)
{
	return XDP_DROP;
}

SEC("xdp")
int drop_plain(struct xdp_md *ctx)
{
	return XDP_DROP;
}

SEC("xdp.frags")
int pass_frags(struct xdp_md *ctx)
{
	return XDP_PASS;
}

SEC("xdp")
int pass_plain(struct xdp_md *ctx)
{
	return XDP_PASS;
}
