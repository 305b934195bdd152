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
	__u32 segment;	 /* offset of the TCP header; 0: not known, or its flags are not there */
	__u32 end;	 /* offset behind the packet, by its own length */
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
#define PORTS_LENGTH 4	/* source and destination port */
#define FLAGS_LENGTH 14 /* a TCP header up to its flags */
#define NO_LIMIT 0xffffffff
/* Offsets from the IPv6 header that nf_defrag_ipv6 can keep: it has eight bits for them. */
#define KEPT_OFFSETS 256

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
	__be16 buffer[2];
	const __be16 *ports = read_bytes(ctx, offset, buffer, PORTS_LENGTH);

	if (!ports)
		return done(packet, PARSE_CANNOT_TELL, APIGUARD_SHORT_TCP);
	packet->dport = ports[1];
	packet->segment = offset;
	return PARSE_TCP;
}

/* A length of 0 is that of a packet too long for the field. No verdict depends on it. */
static __always_inline __u32 end_of(__u32 from, __be16 length)
{
	return length ? from + bpf_ntohs(length) : NO_LIMIT;
}

/* Rows 4 to 10. For the verdict tot_len is never looked at: it could only hide bytes that the
 * kernel will see. */
static __always_inline enum parse_result parse_ipv4(struct xdp_md *ctx, __u32 offset,
						    struct packet *packet)
{
	struct iphdr buffer;
	const struct iphdr *ip = read_bytes(ctx, offset, &buffer, sizeof(buffer));
	__u32 length;

	if (!ip || ip->version != 4 || ip->ihl < 5)
		return done(packet, PARSE_PASS, APIGUARD_MALFORMED);
	length = ip->ihl * 4;
	if (length > sizeof(*ip) && !frame_holds(ctx, offset + length))
		return done(packet, PARSE_PASS, APIGUARD_MALFORMED);
	if (ip->frag_off & bpf_htons(IPV4_OFFSET_MASK))
		return done(packet, PARSE_PASS, APIGUARD_LATER_FRAGMENT);
	if (ip->protocol != IPPROTO_TCP)
		return done(packet, PARSE_PASS, APIGUARD_OTHER_TRAFFIC);

	packet->family = APIGUARD_IPV4;
	packet->port_alone = length > sizeof(*ip);
	__builtin_memcpy(packet->source, &ip->saddr, 4);
	__builtin_memcpy(packet->destination, &ip->daddr, 4);
	packet->end = end_of(offset, ip->tot_len);
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
 * Reads the extension header of kind `next` at `offset`: 0 if not even its first four bytes are
 * there, else
 *
 *    63..32  offset behind it; 0 if the frame does not hold all of it
 *    31..24  1
 *    23..8   fragment field, host order
 *    7..0    kind of what follows
 *
 * A global function, so that the verifier checks it once and takes its result as any number;
 * inlined eight times over, the states multiply. Only scalars and ctx pass: pointers to the
 * caller's stack need 5.13.
 */
__attribute__((noinline)) __u64 read_extension(struct xdp_md *ctx, __u32 offset, __u32 next)
{
	struct ext_header buffer;
	const struct ext_header *header = read_bytes(ctx, offset, &buffer, sizeof(buffer));
	__u32 end;

	if (!header)
		return 0;
	end = offset + extension_length(next, header->length);
	if (!frame_holds(ctx, end))
		end = 0;
	return (__u64)end << 32 | 1 << 24 | (__u32)bpf_ntohs(header->fragment) << 8 | header->next;
}

/* What walk_extensions() says in one number: the kind of the header behind the chain, and */
#define WALK_CANNOT_TELL (1 << 8)
#define WALK_CUT_OFF (1 << 9) /* cannot tell, because the frame ends */
#define WALK_LATER_FRAGMENT (1 << 10)
#define WALK_ROUTING (1 << 11)	   /* a routing header was seen */
#define WALK_FRAGMENTED (1 << 12)  /* a fragment header was seen */
#define WALK_READ_TWICE (1 << 14)  /* see parse_as_reassembled */
#define WALK_FIRST_PIECE (1 << 13) /* with M set: the packet ends where its payload length says */
#define WALK_DROP (1 << 15)	   /* whatever the source: rows 13b and 15c */
#define WALK_KIND(walked) ((__u8)(walked))
/* Offsets: of the header behind the chain, and behind the fragment header. */
#define WALK_OFFSET(walked) ((__u32)((walked) >> 16) & MAX_OFFSET)
#define WALK_DATA(walked) ((__u32)((walked) >> 32) & MAX_OFFSET)

/* Where the walk through the extension headers stands. */
struct chain {
	__u32 offset; /* of the next header */
	__u32 limit;  /* offset behind which no byte of this packet exists: row 15 */
	__u32 flags;  /* WALK_*, the kind of the next header in the lowest byte */
	__u32 data;   /* offset behind the first fragment header */
	bool again;   /* the second reading: see parse_as_reassembled */
};

/*
 * Over one extension header that lies whole in the packet; false if the walk ends here. A first
 * piece (offset 0, M set) ends where its payload length says, because that is where reassembly
 * cuts it: what stands behind is a decoy. Behind a second fragment header the first reading cannot
 * tell any more, but may still come to what has to be dropped.
 */
static __always_inline bool step(struct xdp_md *ctx, struct chain *chain, __u32 first_end)
{
	const __u8 kind = WALK_KIND(chain->flags);
	const bool fragment = kind == NEXT_FRAGMENT;
	__u64 header;
	__u32 field;

	chain->flags &= ~0xff; /* 0 is an extension header too: no kind is known */
	if (fragment && chain->flags & WALK_FRAGMENTED)
		chain->flags |= WALK_CANNOT_TELL;
	if ((fragment && chain->again) ||
	    chain->offset + sizeof(struct ext_header) > chain->limit) {
		chain->flags |= WALK_CANNOT_TELL;
		return false;
	}
	header = read_extension(ctx, chain->offset, kind);
	chain->flags |= (__u8)header;
	chain->offset = header >> 32;
	if (!chain->offset) {
		chain->flags |= WALK_CANNOT_TELL | WALK_CUT_OFF;
		return false;
	}
	if (fragment) {
		field = header >> 8;
		if (field & IPV6_OFFSET_MASK) {
			chain->flags |= WALK_LATER_FRAGMENT;
			return false;
		}
		if (field & IPV6_MORE) {
			chain->flags |= WALK_FIRST_PIECE;
			chain->limit = first_end;
		}
		if (!(chain->flags & WALK_FRAGMENTED))
			chain->data = chain->offset;
		chain->flags |= WALK_FRAGMENTED;
	}
	if (kind == NEXT_ROUTING)
		chain->flags |= WALK_ROUTING;
	if (chain->offset > chain->limit) {
		chain->flags |= WALK_CANNOT_TELL;
		return false;
	}
	return true;
}

/*
 * Rows 12 to 16: from the extension header at `offset`, whose kind and flags are `from`, to what is
 * none. `first_end`: where the packet ends if it is a first piece. Global for the verifier's sake:
 * see read_extension.
 *
 * Row 15c: nf_defrag_ipv6 keeps where the header in front of the fragment header begins, in eight
 * bits. Beyond them it writes into the addresses, and TCP sees others than those judged here.
 */
__attribute__((noinline)) __u64 walk_extensions(struct xdp_md *ctx, __u32 offset, __u32 from,
						__u32 first_end)
{
	struct chain chain = {.offset = offset, .limit = NO_LIMIT, .flags = from};
	const __u32 too_far = offset - sizeof(struct ipv6hdr) + KEPT_OFFSETS;
	bool in_front = false; /* more than hop-by-hop options so far */
	__u32 before = 0, begin;
	bool fragment;
	int i;

	chain.again = !!(from & WALK_FRAGMENTED);
	if (from & WALK_FIRST_PIECE)
		chain.limit = first_end;

		/* Unrolled: 5.10 and 6.1 take the loop that clang makes of this for a back-edge. */
#pragma unroll
	for (i = 0; i < APIGUARD_MAX_EXT_HEADERS; i++) {
		if (!is_extension(WALK_KIND(chain.flags)))
			break;
		fragment = WALK_KIND(chain.flags) == NEXT_FRAGMENT;
		if (in_front && fragment)
			chain.flags |= WALK_READ_TWICE;
		in_front = i > 0 || WALK_KIND(chain.flags) != NEXT_HOP_BY_HOP;
		begin = chain.offset;
		if (!step(ctx, &chain, first_end))
			break;
		if (fragment && before >= too_far) {
			chain.flags |= WALK_DROP;
			break;
		}
		before = begin;
	}
	if (i == APIGUARD_MAX_EXT_HEADERS && is_extension(WALK_KIND(chain.flags)))
		chain.flags |= WALK_CANNOT_TELL | WALK_DROP;
	return (__u64)(chain.data & 0xffff) << 32 | (chain.offset & 0xffff) << 16 |
	       (chain.flags & 0xffff);
}

/*
 * Where connection tracking has reassembled the packet (one in a single piece included), Linux goes
 * on behind the fragment header that was taken out, but with the kind of the first header that is
 * not hop-by-hop: with headers in front of the fragment header it takes what follows for such a
 * header, whatever the fragment header says it is (seen on 6.18). Destination options and routing
 * headers have one form as far as it matters here, and AH does not get that far. False if this
 * reading comes to TCP where the other one does not.
 */
static __always_inline bool parse_as_reassembled(struct xdp_md *ctx, __u64 walked, __u32 first_end)
{
	__u64 again;

	if (!(walked & WALK_READ_TWICE))
		return true;
	again = walk_extensions(ctx, WALK_DATA(walked),
				(walked & (WALK_FRAGMENTED | WALK_FIRST_PIECE)) | NEXT_DESTINATION,
				first_end);
	/* What is no first piece is whole: nothing is still to come. */
	if (again & WALK_CUT_OFF && !(walked & WALK_FIRST_PIECE))
		return true;
	if (again & WALK_CANNOT_TELL)
		return WALK_KIND(again) != IPPROTO_TCP && !is_extension(WALK_KIND(again));
	return WALK_KIND(again) != IPPROTO_TCP ||
	       (WALK_KIND(walked) == IPPROTO_TCP && WALK_OFFSET(again) == WALK_OFFSET(walked));
}

/* Rows 12 to 18: what the chain of headers comes to. */
static __always_inline enum parse_result parse_chain(struct xdp_md *ctx, __u64 walked,
						     __u32 first_end, struct packet *packet)
{
	enum parse_result result;

	if (walked & WALK_DROP)
		return done(packet, PARSE_DROP, APIGUARD_EXT_CHAIN);
	if (walked & WALK_CANNOT_TELL)
		return done(packet, PARSE_CANNOT_TELL, APIGUARD_EXT_CHAIN);
	if (walked & WALK_LATER_FRAGMENT)
		return done(packet, PARSE_PASS, APIGUARD_LATER_FRAGMENT);
	if (!parse_as_reassembled(ctx, walked, first_end))
		return done(packet, PARSE_CANNOT_TELL, APIGUARD_EXT_CHAIN);
	if (WALK_KIND(walked) != IPPROTO_TCP)
		return done(packet, PARSE_PASS, APIGUARD_OTHER_TRAFFIC);
	if (walked & WALK_FIRST_PIECE && WALK_OFFSET(walked) + PORTS_LENGTH > first_end)
		return done(packet, PARSE_CANNOT_TELL, APIGUARD_EXT_CHAIN);
	packet->port_alone = !!(walked & WALK_ROUTING);
	result = parse_tcp(ctx, WALK_OFFSET(walked), packet);
	if (walked & WALK_FIRST_PIECE && WALK_OFFSET(walked) + FLAGS_LENGTH > first_end)
		packet->segment = 0;
	return result;
}

/* Rows 11 to 17. */
static __always_inline enum parse_result parse_ipv6(struct xdp_md *ctx, __u32 offset,
						    struct packet *packet)
{
	const __u32 payload = offset + sizeof(struct ipv6hdr);
	struct ipv6hdr buffer;
	const struct ipv6hdr *ip = read_bytes(ctx, offset, &buffer, sizeof(buffer));
	__u32 first_end;

	if (!ip || ip->version != 6)
		return done(packet, PARSE_PASS, APIGUARD_MALFORMED);
	packet->family = APIGUARD_IPV6;
	__builtin_memcpy(packet->source, &ip->saddr, 16);
	__builtin_memcpy(packet->destination, &ip->daddr, 16);
	packet->end = end_of(payload, ip->payload_len);
	if (ip->nexthdr == IPPROTO_TCP)
		return parse_tcp(ctx, payload, packet);
	if (!is_extension(ip->nexthdr))
		return done(packet, PARSE_PASS, APIGUARD_OTHER_TRAFFIC);
	first_end = payload + bpf_ntohs(ip->payload_len);
	return parse_chain(ctx, walk_extensions(ctx, payload, ip->nexthdr, first_end), first_end,
			   packet);
}

/*
 * Looks through VLAN tags from `offset`, where the first one stands: 0 if the frame ends before the
 * EtherType behind a tag, else offset behind the last tag read << 16 | EtherType, network order.
 * Global for the verifier's sake: see read_extension.
 */
__attribute__((noinline)) __u32 skip_vlan_tags(struct xdp_md *ctx)
{
	__u32 offset = sizeof(struct ethhdr);
	__be16 ethertype = 0;
	const struct vlan_header *tag;
	struct vlan_header buffer;
	int i;

#pragma unroll
	for (i = 0; i < APIGUARD_MAX_VLAN_TAGS; i++) {
		tag = read_bytes(ctx, offset, &buffer, sizeof(buffer));
		if (!tag)
			return 0;
		offset += sizeof(*tag);
		ethertype = tag->ethertype;
		if (!is_vlan(ethertype))
			break;
	}
	return offset << 16 | ethertype;
}

/* Rows 1 to 3, then the family's. */
static __always_inline enum parse_result parse(struct xdp_md *ctx, struct packet *packet)
{
	__u32 offset = sizeof(struct ethhdr);
	struct ethhdr buffer;
	const struct ethhdr *ethernet = read_bytes(ctx, 0, &buffer, sizeof(buffer));
	__be16 ethertype;
	__u32 tagged;

	if (!ethernet)
		return done(packet, PARSE_PASS, APIGUARD_NOT_IP);
	ethertype = ethernet->h_proto;
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
