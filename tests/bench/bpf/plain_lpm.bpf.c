// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The filter that anyone would write: headers, port, one lookup in an LPM trie, the same counters
 * as apiguard's. No extension headers, no fragments, no deadlines, no exceptions.
 */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/tcp.h>
#include <stdbool.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "apiguard/ledger.h"
#include "sources.h"

char _license[] SEC("license") = "Dual BSD/GPL";

struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 1);
	__type(key, struct apiguard_key4);
	__type(value, __u32);
} plain4 SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 1);
	__type(key, struct apiguard_key6);
	__type(value, __u32);
} plain6 SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct apiguard_counters);
} plain_counters SEC(".maps");

struct vlan_header {
	__be16 tci;
	__be16 ethertype;
};

static __always_inline int verdict(enum apiguard_outcome outcome, enum apiguard_reason reason)
{
	__u32 key = 0;
	struct apiguard_counters *mine = bpf_map_lookup_elem(&plain_counters, &key);

	if (mine)
		mine->packets[outcome][reason]++;
	return outcome == APIGUARD_DROP ? XDP_DROP : XDP_PASS;
}

static __always_inline int by_list(bool listed)
{
	if (listed)
		return verdict(APIGUARD_PASS, APIGUARD_LISTED);
	return verdict(APIGUARD_DROP, APIGUARD_UNLISTED);
}

static __always_inline bool is_protected(const struct tcphdr *tcp)
{
	return tcp->dest == bpf_htons(BENCH_PORT);
}

static __always_inline int filter4(const struct iphdr *ip, const void *end)
{
	struct apiguard_key4 key = {.prefix_len = 32};
	const struct tcphdr *tcp;

	if ((const void *)(ip + 1) > end || ip->ihl < 5)
		return verdict(APIGUARD_PASS, APIGUARD_MALFORMED);
	if (ip->protocol != IPPROTO_TCP)
		return verdict(APIGUARD_PASS, APIGUARD_OTHER_TRAFFIC);
	tcp = (const void *)ip + ip->ihl * 4;
	if ((const void *)(tcp + 1) > end)
		return verdict(APIGUARD_DROP, APIGUARD_SHORT_TCP);
	if (!is_protected(tcp))
		return verdict(APIGUARD_PASS, APIGUARD_OTHER_TRAFFIC);
	__builtin_memcpy(key.address, &ip->saddr, 4);
	return by_list(bpf_map_lookup_elem(&plain4, &key));
}

static __always_inline int filter6(const struct ipv6hdr *ip, const void *end)
{
	const struct tcphdr *tcp = (const void *)(ip + 1);
	struct apiguard_key6 key = {.prefix_len = 128};

	if ((const void *)(ip + 1) > end)
		return verdict(APIGUARD_PASS, APIGUARD_MALFORMED);
	if (ip->nexthdr != IPPROTO_TCP)
		return verdict(APIGUARD_PASS, APIGUARD_OTHER_TRAFFIC);
	if ((const void *)(tcp + 1) > end)
		return verdict(APIGUARD_DROP, APIGUARD_SHORT_TCP);
	if (!is_protected(tcp))
		return verdict(APIGUARD_PASS, APIGUARD_OTHER_TRAFFIC);
	__builtin_memcpy(key.address, &ip->saddr, 16);
	return by_list(bpf_map_lookup_elem(&plain6, &key));
}

static __always_inline int filter(struct xdp_md *ctx)
{
	const void *end = (void *)(long)ctx->data_end;
	const struct ethhdr *ethernet = (void *)(long)ctx->data;
	const struct vlan_header *tag = (const void *)(ethernet + 1);
	const void *ip = ethernet + 1;
	__be16 ethertype;

	if (ip > end)
		return verdict(APIGUARD_PASS, APIGUARD_NOT_IP);
	ethertype = ethernet->h_proto;
	if (ethertype == bpf_htons(ETH_P_8021Q) || ethertype == bpf_htons(ETH_P_8021AD)) {
		ip = tag + 1;
		if (ip > end)
			return verdict(APIGUARD_PASS, APIGUARD_NOT_IP);
		ethertype = tag->ethertype;
	}
	if (ethertype == bpf_htons(ETH_P_IP))
		return filter4(ip, end);
	if (ethertype == bpf_htons(ETH_P_IPV6))
		return filter6(ip, end);
	return verdict(APIGUARD_PASS, APIGUARD_NOT_IP);
}

SEC("xdp.frags")
int lpm_frags(struct xdp_md *ctx)
{
	return filter(ctx);
}

SEC("xdp")
int lpm_plain(struct xdp_md *ctx)
{
	return filter(ctx);
}
