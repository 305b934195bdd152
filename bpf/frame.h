/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Bytes of the frame, wherever they lie. Headers beyond the linear part of a multi-buffer frame are
 * read with the kernel's accessor (5.18); without it (plain program) the linear part is the frame.
 */
#ifndef APIGUARD_FRAME_H
#define APIGUARD_FRAME_H

#include <linux/bpf.h>
#include <stdbool.h>
#include <stddef.h>
#include <bpf/bpf_helpers.h>

#include "maps.h"

/* No header we look for starts further in: 14 + 4 tags + 40 + 8 extension headers of 2,048 bytes. A
 * bound the verifier needs for packet pointers (MAX_PACKET_OFF), never one that a packet can reach.
 */
#define MAX_OFFSET 0x7fff

/*
 * The `length` (a constant) bytes at `offset`, NULL if the frame does not hold them all: where they
 * lie if that is in the linear part, else copied to `buffer`. Nearly every frame is linear, and
 * what is not copied costs nothing.
 */
static __always_inline const void *read_bytes(struct xdp_md *ctx, __u32 offset, void *buffer,
					      const __u32 length)
{
	void *data = (void *)(long)ctx->data;
	void *end = (void *)(long)ctx->data_end;
	void *from;

	if (offset > MAX_OFFSET)
		return NULL;
	/* Once more, for verifiers that forget what was compared when it was kept on the stack. */
	barrier_var(offset);
	from = data + (offset & MAX_OFFSET);
	if (from + length <= end)
		return from;
	if (own_settings()->frags && bpf_xdp_load_bytes(ctx, offset, buffer, length) == 0)
		return buffer;
	return NULL;
}

/* Whether the frame is at least `length` bytes long. */
static __always_inline bool frame_holds(struct xdp_md *ctx, __u32 length)
{
	void *data = (void *)(long)ctx->data;
	void *end = (void *)(long)ctx->data_end;

	if (length > MAX_OFFSET)
		return false;
	barrier_var(length);
	if (data + (length & MAX_OFFSET) <= end)
		return true;
	return own_settings()->frags && bpf_xdp_get_buff_len(ctx) >= length;
}

#endif
