/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Bytes of the frame, wherever they lie. Headers beyond the linear part of a multi-buffer frame are
 * read with the kernel's accessor (5.18); without it (plain program) the linear part is the frame.
 */
#ifndef APIGUARD_FRAME_H
#define APIGUARD_FRAME_H

#include <linux/bpf.h>
#include <stdbool.h>
#include <bpf/bpf_helpers.h>

#include "maps.h"

/* No header we look for starts further in: 14 + 4 tags + 40 + 8 extension headers of 2,048 bytes. A
 * bound the verifier needs for packet pointers (MAX_PACKET_OFF), never one that a packet can reach.
 */
#define MAX_OFFSET 0x7fff

/* Copies `length` (a constant) bytes at `offset`; false if the frame does not hold them all. */
static __always_inline bool read_bytes(struct xdp_md *ctx, __u32 offset, void *to,
				       const __u32 length)
{
	void *data = (void *)(long)ctx->data;
	void *end = (void *)(long)ctx->data_end;
	void *from;

	if (offset > MAX_OFFSET)
		return false;
	from = data + offset;
	if (from + length <= end) {
		__builtin_memcpy(to, __builtin_assume_aligned(from, 4), length);
		return true;
	}
	return settings.frags && bpf_xdp_load_bytes(ctx, offset, to, length) == 0;
}

/* Whether the frame is at least `length` bytes long. */
static __always_inline bool frame_holds(struct xdp_md *ctx, __u32 length)
{
	void *data = (void *)(long)ctx->data;
	void *end = (void *)(long)ctx->data_end;

	if (length > MAX_OFFSET)
		return false;
	if (data + length <= end)
		return true;
	return settings.frags && bpf_xdp_get_buff_len(ctx) >= length;
}

#endif
