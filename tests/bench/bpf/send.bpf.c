// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The sender of live frames (BPF_F_TEST_XDP_LIVE_FRAMES): the next source into the frame, and out
 * of a veth. The kernel hands the pages of judged frames back as they are, so everything that
 * varies is written every time.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#include "sources.h"

char _license[] SEC("license") = "Dual BSD/GPL";

#define CHECKSUM_OFFSET 24 /* behind Ethernet, no tags */
#define SOURCE_OFFSET 26

const volatile __u32 header_sum = 0; /* of the IPv4 header without source and checksum */

__u32 sources[BENCH_SOURCES]; /* network byte order */
__u32 next;
__u32 device; /* where to */

SEC("xdp")
int send(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data;
	const __u32 at = next & (BENCH_SOURCES - 1);
	const __u32 source = sources[at];
	__u32 sum = header_sum + (source & 0xffff) + (source >> 16);

	next = at + 1;
	if (data + SOURCE_OFFSET + sizeof(source) > (void *)(long)ctx->data_end)
		return XDP_ABORTED;
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	*(__u16 *)(data + CHECKSUM_OFFSET) = ~sum;
	*(__u32 *)(data + SOURCE_OFFSET) = source;
	return bpf_redirect(device, 0);
}
