/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The frames that nearly all traffic is made of: at most one VLAN tag, IPv4 without options and no
 * later fragment, or IPv6 without extension headers, with their ports in the linear part. Same rows
 * as parse.h, and nothing more: every frame pays for what stands here.
 *
 * Not settled here, even in a plain frame: a segment of a listed source that opens a connection,
 * for its range has to be found and credited, and every source that only the trie can judge,
 * because a range ends.
 */
#ifndef APIGUARD_PLAIN_H
#define APIGUARD_PLAIN_H

#include "judge.h"
#include "ledger/used.h"
#include "verdict.h"

/* No member is aligned in a frame; x86 and arm64 do not mind, and clang is told that it may. */
struct plain_ethernet {
	__u8 addresses[12];
	__be16 ethertype;
	struct vlan_header tag; /* if there is one */
};

/* Another reading of the frame, by judge_rest, gives the verdict. */
#define NOT_SETTLED (-1)

/*
 * Whether the segment behind an IP header of this EtherType and length opens a connection, or may
 * for all that can be seen here. Behind another EtherType stands one tag, as judge_plain saw. Reads
 * the frame anew: to keep pointers into it over the search for a cell would cost drops, which do
 * not ask.
 */
static __always_inline bool may_open(struct xdp_md *ctx, const __u16 ip_type, const __u32 ip_length)
{
	const struct plain_ethernet *ethernet;
	const __u8 *segment, *end;

	barrier_var(ctx);
	ethernet = (void *)(long)ctx->data;
	end = (void *)(long)ctx->data_end;
	segment = (const __u8 *)ethernet + sizeof(struct ethhdr) + ip_length;
	if (segment + sizeof(struct vlan_header) + FLAGS_LENGTH > end)
		return true;
	if (ethernet->ethertype != bpf_htons(ip_type))
		segment += sizeof(struct vlan_header);
	return opens(segment[TCP_FLAGS]);
}

/* A segment that opens a connection must be credited to its range, which the slow path finds. So
 * must the trie be asked where a range ends. */
static __always_inline int by_cell(struct xdp_md *ctx, enum apiguard_cell cell, const __u16 ip_type,
				   const __u32 ip_length)
{
	if (cell == APIGUARD_CELL_UNLISTED)
		return verdict(ctx, APIGUARD_DROP, APIGUARD_UNLISTED);
	if (cell == APIGUARD_CELL_LISTED) {
		if (may_open(ctx, ip_type, ip_length))
			return NOT_SETTLED;
		return verdict(ctx, APIGUARD_PASS, APIGUARD_LISTED);
	}
	/* Where ranges end this cell is APIGUARD_CELL_ASK_TRIE. */
	if (cell == APIGUARD_CELL_EXCEPTED && !own_settings()->has_ends)
		return verdict(ctx, APIGUARD_DROP, APIGUARD_EXCEPTED);
	return NOT_SETTLED;
}

static __always_inline int plain_ipv4(struct xdp_md *ctx, void *header)
{
	struct packet packet = {.family = APIGUARD_IPV4};
	const struct iphdr *ip = header;
	const __be16 *ports = header + sizeof(*ip);

	if (*(const __u8 *)header != 0x45 || ip->frag_off & bpf_htons(IPV4_OFFSET_MASK))
		return NOT_SETTLED;
	packet.dport = ports[1];
	__builtin_memcpy(packet.destination, &ip->daddr, 4);
	if (ip->protocol != IPPROTO_TCP || !is_protected(&packet))
		return verdict(ctx, APIGUARD_PASS, APIGUARD_OTHER_TRAFFIC);
	return by_cell(ctx, find_cell4(bpf_ntohl(ip->saddr)), ETH_P_IP, sizeof(*ip));
}

static __always_inline int plain_ipv6(struct xdp_md *ctx, void *header, void *end)
{
	struct packet packet = {.family = APIGUARD_IPV6};
	const struct ipv6hdr *ip = header;
	const __be16 *ports = header + sizeof(*ip);
	__be64 source[2];

	if ((void *)(ports + 2) > end || *(const __u8 *)header >> 4 != 6 ||
	    is_extension(ip->nexthdr))
		return NOT_SETTLED;
	packet.dport = ports[1];
	__builtin_memcpy(packet.destination, &ip->daddr, 16);
	if (ip->nexthdr != IPPROTO_TCP || !is_protected(&packet))
		return verdict(ctx, APIGUARD_PASS, APIGUARD_OTHER_TRAFFIC);
	__builtin_memcpy(source, &ip->saddr, 16);
	return by_cell(ctx, find_cell6(bpf_be64_to_cpu(source[0]), bpf_be64_to_cpu(source[1])),
		       ETH_P_IPV6, sizeof(*ip));
}

/* The verdict, counted, or NOT_SETTLED and nothing done. */
static __always_inline int judge_plain(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data;
	void *end = (void *)(long)ctx->data_end;
	const struct plain_ethernet *ethernet = data;
	void *header = data + sizeof(struct ethhdr);
	__be16 ethertype;

	/* One comparison for all that IPv4 needs, with a tag or without. */
	if ((void *)(ethernet + 1) + sizeof(struct iphdr) + PORTS_LENGTH > end)
		return NOT_SETTLED;
	ethertype = ethernet->ethertype;
	if (is_vlan(ethertype)) {
		ethertype = ethernet->tag.ethertype;
		header += sizeof(struct vlan_header);
	}
	if (ethertype == bpf_htons(ETH_P_IP))
		return plain_ipv4(ctx, header);
	if (ethertype == bpf_htons(ETH_P_IPV6))
		return plain_ipv6(ctx, header, end);
	return NOT_SETTLED;
}

#endif
