/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Audit: who has connections, listed or not. Source addresses can be made up; a connection that a
 * socket of the host has cannot. So a finished handshake is one, also where no byte is ever sent,
 * as by health checks. Only samples come here, and only in audit.
 */
#ifndef APIGUARD_SEEN_H
#define APIGUARD_SEEN_H

#include <linux/tcp.h>

#include "ledger/count.h"
#include "parse.h"
#include "ledger/sample.h"
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

/* Sources that are not in `seen`, or not yet. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1);
	__type(key, struct apiguard_seen_key);
	__type(value, struct apiguard_unproven);
} unproven SEC(".maps");

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

/* Where no socket has this connection its handshake never came to an end, or another host or
 * namespace is behind this one. That of the ACK which ends a handshake is still to be made. */
static __always_inline bool is_connected(struct xdp_md *ctx, const struct apiguard_flow *flow)
{
	struct bpf_sock *socket = find_socket(ctx, flow);
	__u32 state;

	if (!socket)
		return false;
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

static __always_inline bool is_near(__u64 one, __u64 other)
{
	const __u64 apart = one > other ? one - other : other - one;

	return apart <= other / 8;
}

/* Another segment that opens a connection. One that was missed, or was no sample, breaks no rhythm.
 */
static __always_inline void beat(struct apiguard_unproven *mine, __u64 now)
{
	const __u64 gap = now - mine->opened;

	if (mine->opened && gap < APIGUARD_BURST)
		return;
	if (!mine->opened) {
		mine->since = now;
	} else if (mine->gap && is_near(gap, mine->gap)) {
		mine->gap = gap;
		mine->beats++;
	} else if (mine->gap && is_near(gap, 2 * mine->gap)) {
		mine->beats++;
	} else {
		mine->since = mine->opened;
		mine->gap = gap;
		mine->beats = 1;
	}
	mine->opened = now;
}

/* Not inlined, so that the layout stands in the BTF of the object. Answers of nothing, which
 * anybody can make up, find an entry and make none. */
static __attribute__((noinline)) int add_unproven(const struct apiguard_seen_key *key, __u64 now,
						  bool opens, bool has_payload)
{
	struct apiguard_unproven fresh = {.packets = 1, .first = now, .last = now};
	struct apiguard_unproven *mine = bpf_map_lookup_elem(&unproven, key);

	if (mine) {
		mine->packets++;
		mine->last = now;
		mine->payloads += has_payload;
		if (opens)
			beat(mine, now);
		return 0;
	}
	if (!opens && !has_payload)
		return 0;
	fresh.payloads = has_payload;
	if (opens)
		fresh.opened = fresh.since = now;
	bpf_map_update_elem(&unproven, key, &fresh, BPF_NOEXIST);
	return 0;
}

/* Of who has proven already nothing is noted, so that a segment that opens costs it one look. */
static __attribute__((noinline)) int see_opening(const struct apiguard_flow *flow, __u64 now)
{
	struct apiguard_seen_key key = seen_key(flow);

	/* The port pair is used anew. */
	bpf_map_delete_elem(&flows, flow);
	if (bpf_map_lookup_elem(&seen, &key))
		return 0;
	return add_unproven(&key, now, true, false);
}

/* The socket is looked for at the first such segment of a connection alone. */
static __attribute__((noinline)) int see_flow(struct xdp_md *ctx, const struct apiguard_flow *flow,
					      __u64 now, bool has_payload)
{
	struct apiguard_seen_key key = seen_key(flow);
	const bool known = bpf_map_lookup_elem(&flows, flow);
	const __u8 yes = 1;

	if (!known && !is_connected(ctx, flow))
		return add_unproven(&key, now, false, has_payload);
	if (!known) {
		bpf_map_update_elem(&flows, flow, &yes, BPF_ANY);
		bpf_map_delete_elem(&unproven, &key);
	}
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
	if (!segment.opens && !segment.follows)
		return 0;
	__builtin_memcpy(flow.source, packet.source, sizeof(flow.source));
	__builtin_memcpy(flow.destination, packet.destination, sizeof(flow.destination));
	flow.sport = segment.sport;
	flow.dport = packet.dport;
	flow.family = packet.family;
	if (segment.opens)
		return see_opening(&flow, mine->seen.now);
	return see_flow(ctx, &flow, mine->seen.now, segment.has_payload);
}

#endif
