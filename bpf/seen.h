/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Audit: who has connections, listed or not. Source addresses can be made up; a segment with
 * payload of a connection that the host has cannot. Only samples come here, and only in audit.
 */
#ifndef APIGUARD_SEEN_H
#define APIGUARD_SEEN_H

#include <linux/tcp.h>

#include "count.h"
#include "parse.h"
#include "sample.h"
#include "segment.h"

/* Sized by the loader: nothing outside audit. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1);
	__type(key, struct apiguard_seen_key);
	__type(value, struct apiguard_seen);
} seen SEC(".maps");

/* Connections that `seen` has counted. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1);
	__type(key, struct apiguard_flow);
	__type(value, __u8);
} flows SEC(".maps");

#define DAY (24 * 3600 * 1000000000ULL)

/* States of a socket that has finished its handshake (enum in net/tcp_states.h): established, and
 * all ways to close. */
#define CONNECTED_STATES (1 << 1 | 1 << 4 | 1 << 5 | 1 << 6 | 1 << 8 | 1 << 9 | 1 << 11)

static __always_inline struct bpf_sock *find_socket(struct xdp_md *ctx,
						    const struct apiguard_flow *flow)
{
	struct bpf_sock_tuple tuple = {};

	if (flow->family == APIGUARD_IPV4) {
		__builtin_memcpy(&tuple.ipv4.saddr, flow->source, 4);
		__builtin_memcpy(&tuple.ipv4.daddr, flow->destination, 4);
		tuple.ipv4.sport = flow->sport;
		tuple.ipv4.dport = flow->dport;
		return bpf_skc_lookup_tcp(ctx, &tuple, sizeof(tuple.ipv4), BPF_F_CURRENT_NETNS, 0);
	}
	__builtin_memcpy(tuple.ipv6.saddr, flow->source, 16);
	__builtin_memcpy(tuple.ipv6.daddr, flow->destination, 16);
	tuple.ipv6.sport = flow->sport;
	tuple.ipv6.dport = flow->dport;
	return bpf_skc_lookup_tcp(ctx, &tuple, sizeof(tuple.ipv6), BPF_F_CURRENT_NETNS, 0);
}

/* Where something listens and this connection is not known, its handshake never came to an end.
 * Where nothing does, another host or namespace is behind this one, and payload has to do. */
static __always_inline bool is_connected(struct xdp_md *ctx, const struct apiguard_flow *flow)
{
	struct bpf_sock *socket = find_socket(ctx, flow);
	__u32 state;

	if (!socket)
		return true;
	state = socket->state;
	bpf_sk_release(socket);
	return state < 32 && CONNECTED_STATES >> state & 1;
}

/* Not inlined, so that the layouts stand in the BTF of the object. */
static __attribute__((noinline)) int add_seen(const struct apiguard_seen_key *key, __u64 now,
					      bool connection)
{
	const __u32 day = (now + own_settings()->wall) / DAY;
	struct apiguard_seen fresh = {.first = now, .last = now, .days = 1, .day = day};
	struct apiguard_seen *mine = bpf_map_lookup_elem(&seen, key);

	if (!mine) {
		fresh.connections = 1;
		bpf_map_update_elem(&seen, key, &fresh, BPF_NOEXIST);
		return 0;
	}
	if (connection)
		__sync_fetch_and_add(&mine->connections, 1);
	mine->last = now;
	if (mine->day != day) {
		mine->day = day;
		mine->days++;
	}
	return 0;
}

static __always_inline struct apiguard_seen_key seen_key(const struct apiguard_flow *flow)
{
	struct apiguard_seen_key key = {.family = flow->family};

	__builtin_memcpy(key.source, flow->source, sizeof(key.source));
	return key;
}

static __attribute__((noinline)) int see_flow(struct xdp_md *ctx, const struct apiguard_flow *flow,
					      __u64 now)
{
	struct apiguard_seen_key key = seen_key(flow);
	const bool known = bpf_map_lookup_elem(&flows, flow);
	const __u8 yes = 1;

	if (!known && !is_connected(ctx, flow))
		return 0;
	if (!known)
		bpf_map_update_elem(&flows, flow, &yes, BPF_ANY);
	return add_seen(&key, now, !known);
}

/* Of a sample among the packets that are judged. A global function, so that the verifier walks it
 * once. */
__attribute__((noinline)) int note_seen(struct xdp_md *ctx)
{
	struct packet packet __attribute__((aligned(8))) = {};
	struct apiguard_flow flow __attribute__((aligned(8))) = {};
	struct apiguard_counters *mine = own_counters();
	struct segment segment;

	if (!mine)
		return 0;
	take_sample(&mine->seen);
	if (parse(ctx, &packet) != PARSE_TCP)
		return 0;
	segment = read_segment(ctx, &packet);
	if (!segment.opens && !segment.has_payload)
		return 0;
	__builtin_memcpy(flow.source, packet.source, sizeof(flow.source));
	__builtin_memcpy(flow.destination, packet.destination, sizeof(flow.destination));
	flow.sport = segment.sport;
	flow.dport = packet.dport;
	flow.family = packet.family;
	/* The port pair is used anew. */
	if (segment.opens)
		return bpf_map_delete_elem(&flows, &flow);
	return see_flow(ctx, &flow, mine->seen.now);
}

#endif
