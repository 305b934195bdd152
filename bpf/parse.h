/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Frame bytes -> struct packet. Knows headers, not maps. Every way of not understanding a packet is
 * a result of its own with its reason; row numbers are those of README.md beside this file.
 */
#ifndef APIGUARD_PARSE_H
#define APIGUARD_PARSE_H

#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <bpf/bpf_endian.h>

#include "frame.h"

enum parse_result {
	PARSE_TCP,	   /* dport is read: endpoint and source decide */
	PARSE_CANNOT_TELL, /* could be TCP to an endpoint: the source decides, else drop by reason
			    */
	PARSE_PASS,	   /* is none of ours */
	PARSE_DROP,	   /* whatever the source */
};

struct packet {
	__u8 source[16]; /* network byte order; IPv4 in the first four bytes */
	__u8 destination[16];
	__be16 dport;
	__u8 family;	 /* enum apiguard_family */
	__u8 port_alone; /* source routing may still change the destination: row 18 */
	__u32 reason;	 /* enum apiguard_reason of every result but PARSE_TCP */
};

struct vlan_header {
	__be16 tci;
	__be16 ethertype;
};

/* The first four bytes of every IPv6 extension header there is to walk. */
struct ext_header {
	__u8 next;
	__u8 length;	 /* its unit depends on the header */
	__be16 fragment; /* of a fragment header: offset, two reserved bits, M */
};

#define IPV4_OFFSET_MASK 0x1fff
#define IPV6_OFFSET_MASK 0xfff8
#define IPV6_MORE 0x0001
#define PORTS_LENGTH 4 /* source and destination port */
#define NO_LIMIT 0xffffffff

#define NEXT_HOP_BY_HOP 0
#define NEXT_ROUTING 43
#define NEXT_FRAGMENT 44
#define NEXT_AH 51
#define NEXT_DESTINATION 60

static __always_inline enum parse_result done(struct packet *packet, enum parse_result result,
					      enum apiguard_reason reason)
{
	packet->reason = reason;
	return result;
}

static __always_inline bool is_vlan(__be16 ethertype)
{
	return ethertype == bpf_htons(ETH_P_8021Q) || ethertype == bpf_htons(ETH_P_8021AD);
}

/* Reads the ports of a TCP header whose chain is complete. */
static __always_inline enum parse_result parse_tcp(struct xdp_md *ctx, __u32 offset,
						   struct packet *packet)
{
	__be16 ports[2];

	if (!read_bytes(ctx, offset, ports, PORTS_LENGTH))
		return done(packet, PARSE_CANNOT_TELL, APIGUARD_SHORT_TCP);
	packet->dport = ports[1];
	return PARSE_TCP;
}

/* Rows 4 to 10. tot_len is never looked at: it could only hide bytes that the kernel will see. */
static __always_inline enum parse_result parse_ipv4(struct xdp_md *ctx, __u32 offset,
						    struct packet *packet)
{
	struct iphdr ip;
	__u32 length;

	if (!read_bytes(ctx, offset, &ip, sizeof(ip)) || ip.version != 4 || ip.ihl < 5)
		return done(packet, PARSE_PASS, APIGUARD_MALFORMED);
	length = ip.ihl * 4;
	if (length > sizeof(ip) && !frame_holds(ctx, offset + length))
		return done(packet, PARSE_PASS, APIGUARD_MALFORMED);
	if (ip.frag_off & bpf_htons(IPV4_OFFSET_MASK))
		return done(packet, PARSE_PASS, APIGUARD_LATER_FRAGMENT);
	if (ip.protocol != IPPROTO_TCP)
		return done(packet, PARSE_PASS, APIGUARD_OTHER_TRAFFIC);

	packet->family = APIGUARD_IPV4;
	packet->port_alone = length > sizeof(ip);
	__builtin_memcpy(packet->source, &ip.saddr, 4);
	__builtin_memcpy(packet->destination, &ip.daddr, 4);
	return parse_tcp(ctx, offset + length, packet);
}

/* One bit a kind; a mask, because five comparisons would give the verifier six states to follow. */
static __always_inline bool is_extension(__u8 next)
{
	const __u64 kinds = 1ULL << NEXT_HOP_BY_HOP | 1ULL << NEXT_ROUTING | 1ULL << NEXT_FRAGMENT |
			    1ULL << NEXT_AH | 1ULL << NEXT_DESTINATION;

	return next < 64 && (kinds >> next & 1);
}

/* Bytes of an extension header, each kind in its own unit (RFC 8200 section 4, RFC 4302
 * section 2.2). */
static __always_inline __u32 extension_length(__u8 next, __u8 length)
{
	if (next == NEXT_FRAGMENT)
		return 8;
	if (next == NEXT_AH)
		return ((__u32)length + 2) * 4;
	return ((__u32)length + 1) * 8;
}

/*
 * Reads the extension header of kind `next` at `offset`: 0 if the frame does not hold all of it,
 * else
 *
 *    63..32  offset behind it   31..24  0   23..8  fragment field, host order   7..0  kind of what
 * follows
 *
 * A global function, so that the verifier checks it once and takes its result as any number;
 * inlined eight times over, the states multiply. Only scalars and ctx pass: pointers to the
 * caller's stack need 5.13.
 */
__attribute__((noinline)) __u64 read_extension(struct xdp_md *ctx, __u32 offset, __u32 next)
{
	struct ext_header header;
	__u32 end;

	if (!read_bytes(ctx, offset, &header, sizeof(header)))
		return 0;
	end = offset + extension_length(next, header.length);
	if (!frame_holds(ctx, end))
		return 0;
	return (__u64)end << 32 | (__u32)bpf_ntohs(header.fragment) << 8 | header.next;
}

/* Where the walk through the extension headers stands. */
struct chain {
	__u32 offset;	 /* of the next header */
	__u32 limit;	 /* offset behind which no byte of this packet exists: row 15 */
	__u8 next;	 /* kind of the next header */
	__u8 fragmented; /* a fragment header was seen */
};

enum step_result {
	STEP_ON,
	STEP_CANNOT_TELL,
	STEP_LATER_FRAGMENT,
};

/*
 * Over one extension header. A first piece (offset 0, M set) ends where its payload length says,
 * because that is where reassembly cuts it: what stands behind is a decoy.
 */
static __always_inline enum step_result step(struct xdp_md *ctx, struct chain *chain,
					     __u32 first_end, struct packet *packet)
{
	const bool fragment = chain->next == NEXT_FRAGMENT;
	__u64 header;
	__u32 field;

	if (fragment && chain->fragmented)
		return STEP_CANNOT_TELL;
	header = read_extension(ctx, chain->offset, chain->next);
	if (!header)
		return STEP_CANNOT_TELL;
	chain->offset = header >> 32;
	if (fragment) {
		field = header >> 8;
		if (field & IPV6_OFFSET_MASK)
			return STEP_LATER_FRAGMENT;
		if (field & IPV6_MORE)
			chain->limit = first_end;
		chain->fragmented = 1;
	}
	if (chain->offset > chain->limit)
		return STEP_CANNOT_TELL;
	if (chain->next == NEXT_ROUTING)
		packet->port_alone = 1;
	chain->next = header;
	return STEP_ON;
}

/* Rows 12 to 16: from the first header behind the IPv6 header to the last. */
static __always_inline enum step_result walk(struct xdp_md *ctx, struct chain *chain,
					     __u32 first_end, struct packet *packet)
{
	enum step_result result;
	int i;

	/* Unrolled: 5.10 and 6.1 take the loop that clang makes of this for a back-edge. */
#pragma unroll
	for (i = 0; i < APIGUARD_MAX_EXT_HEADERS; i++) {
		if (!is_extension(chain->next))
			return STEP_ON;
		result = step(ctx, chain, first_end, packet);
		if (result != STEP_ON)
			return result;
	}
	return is_extension(chain->next) ? STEP_CANNOT_TELL : STEP_ON;
}

/* Rows 11 to 17. */
static __always_inline enum parse_result parse_ipv6(struct xdp_md *ctx, __u32 offset,
						    struct packet *packet)
{
	struct chain chain = {.offset = offset + sizeof(struct ipv6hdr), .limit = NO_LIMIT};
	enum step_result walked;
	struct ipv6hdr ip;

	if (!read_bytes(ctx, offset, &ip, sizeof(ip)) || ip.version != 6)
		return done(packet, PARSE_PASS, APIGUARD_MALFORMED);
	packet->family = APIGUARD_IPV6;
	__builtin_memcpy(packet->source, &ip.saddr, 16);
	__builtin_memcpy(packet->destination, &ip.daddr, 16);
	chain.next = ip.nexthdr;

	walked = walk(ctx, &chain, chain.offset + bpf_ntohs(ip.payload_len), packet);
	if (walked == STEP_LATER_FRAGMENT)
		return done(packet, PARSE_PASS, APIGUARD_LATER_FRAGMENT);
	if (walked == STEP_CANNOT_TELL)
		return done(packet, PARSE_CANNOT_TELL, APIGUARD_EXT_CHAIN);
	if (chain.next != IPPROTO_TCP)
		return done(packet, PARSE_PASS, APIGUARD_OTHER_TRAFFIC);
	if (chain.offset + PORTS_LENGTH > chain.limit)
		return done(packet, PARSE_CANNOT_TELL, APIGUARD_EXT_CHAIN);
	return parse_tcp(ctx, chain.offset, packet);
}

/*
 * Looks through VLAN tags from `offset`, where the first one stands: 0 if the frame ends before the
 * EtherType behind a tag, else offset behind the last tag read << 16 | EtherType, network order.
 * Global for the verifier's sake: see read_extension.
 */
__attribute__((noinline)) __u32 skip_vlan_tags(struct xdp_md *ctx)
{
	__u32 offset = sizeof(struct ethhdr);
	struct vlan_header tag;
	int i;

#pragma unroll
	for (i = 0; i < APIGUARD_MAX_VLAN_TAGS; i++) {
		if (!read_bytes(ctx, offset, &tag, sizeof(tag)))
			return 0;
		offset += sizeof(tag);
		if (!is_vlan(tag.ethertype))
			break;
	}
	return offset << 16 | tag.ethertype;
}

/* Rows 1 to 3, then the family's. */
static __always_inline enum parse_result parse(struct xdp_md *ctx, struct packet *packet)
{
	__u32 offset = sizeof(struct ethhdr);
	struct ethhdr ethernet;
	__be16 ethertype;
	__u32 tagged;

	if (!read_bytes(ctx, 0, &ethernet, sizeof(ethernet)))
		return done(packet, PARSE_PASS, APIGUARD_NOT_IP);
	ethertype = ethernet.h_proto;
	if (is_vlan(ethertype)) {
		tagged = skip_vlan_tags(ctx);
		if (!tagged)
			return done(packet, PARSE_PASS, APIGUARD_NOT_IP);
		ethertype = tagged;
		offset = tagged >> 16;
		/* The kernel strips any number of tags with VID 0, so passing a deeper stack is a
		 * bypass. */
		if (is_vlan(ethertype))
			return done(packet, PARSE_DROP, APIGUARD_VLAN_DEPTH);
	}
	if (ethertype == bpf_htons(ETH_P_IP))
		return parse_ipv4(ctx, offset, packet);
	if (ethertype == bpf_htons(ETH_P_IPV6))
		return parse_ipv6(ctx, offset, packet);
	return done(packet, PARSE_PASS, APIGUARD_NOT_IP);
}

#endif
