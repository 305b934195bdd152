/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The TCP header of a packet that was parsed, as far as anybody asks about it. */
#ifndef APIGUARD_SEGMENT_H
#define APIGUARD_SEGMENT_H

#include "parse.h"

#define TCP_FLAGS 13 /* offset in a TCP header */
#define TCP_FIN 0x01
#define TCP_SYN 0x02
#define TCP_RST 0x04
#define TCP_ACK 0x10

static __always_inline bool opens(__u8 flags)
{
	return (flags & (TCP_SYN | TCP_ACK)) == TCP_SYN;
}

/* A segment whose flags cannot be read opens nothing. */
static __always_inline bool opens_connection(struct xdp_md *ctx, const struct packet *packet)
{
	__u8 buffer;
	const __u8 *flags;

	if (!packet->segment)
		return false;
	flags = read_bytes(ctx, packet->segment + TCP_FLAGS, &buffer, sizeof(buffer));
	return flags && opens(*flags);
}

struct segment {
	__be16 sport; /* network byte order */
	bool opens;
	bool follows; /* a handshake, or pretends to: ACK, FIN or RST without SYN */
	bool has_payload;
};

/* The first 14 bytes of a TCP header. */
struct segment_header {
	__be16 sport;
	__be16 dport;
	__u8 numbers[8];
	__u8 offset; /* in its upper half: words of the header */
	__u8 flags;
};

/* All zero where the flags are not there. */
static __always_inline struct segment read_segment(struct xdp_md *ctx, const struct packet *packet)
{
	struct segment segment = {};
	struct segment_header buffer;
	const struct segment_header *header;

	if (!packet->segment)
		return segment;
	header = read_bytes(ctx, packet->segment, &buffer, sizeof(buffer));
	if (!header)
		return segment;
	segment.sport = header->sport;
	segment.opens = opens(header->flags);
	segment.follows =
	    !(header->flags & TCP_SYN) && header->flags & (TCP_ACK | TCP_FIN | TCP_RST);
	segment.has_payload = packet->segment + (header->offset >> 4) * 4 < packet->end;
	return segment;
}

#endif
