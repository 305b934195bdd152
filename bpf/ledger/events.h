/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What happened -> the ring buffers of those who watch, as long as a budget lasts. */
#ifndef APIGUARD_EVENTS_H
#define APIGUARD_EVENTS_H

#include "ledger/count.h"
#include "parse.h"

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct apiguard_watches);
} watches SEC(".maps");

/* Each is made by its reader. */
struct ring {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, APIGUARD_RING_BYTES);
};
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, APIGUARD_MAX_WATCHERS);
	__type(key, __u32);
	__array(values, struct ring);
} rings SEC(".maps");

static __always_inline bool within_budget(void)
{
	struct apiguard_counters *mine = own_counters();
	const __u64 tick = bpf_jiffies64();

	if (!mine)
		return false;
	if (mine->events.tick != tick) {
		mine->events.tick = tick;
		mine->events.spent = 0;
	}
	return ++mine->events.spent <= APIGUARD_EVENTS;
}

static __always_inline bool is_watched(const struct apiguard_watches *all, __u64 now)
{
	int i;

#pragma unroll
	for (i = 0; i < APIGUARD_MAX_WATCHERS; i++) {
		if (all->watch[i].until > now)
			return true;
	}
	return false;
}

/* Not inlined, so that the layout stands in the BTF of the object. Nobody is woken: readers look
 * when they like. */
static __attribute__((noinline)) bool write_event(__u32 number, struct apiguard_event *event)
{
	void *ring = bpf_map_lookup_elem(&rings, &number);

	return ring && bpf_ringbuf_output(ring, event, sizeof(*event), BPF_RB_NO_WAKEUP) == 0;
}

/* To everybody who watches at event->time. A connection that is not told is counted as lost. */
static __always_inline void tell_all(struct apiguard_watches *all, struct apiguard_event *event)
{
	const bool affordable = within_budget();
	struct apiguard_watch *watch;
	__u32 i;

#pragma unroll
	for (i = 0; i < APIGUARD_MAX_WATCHERS; i++) {
		watch = &all->watch[i];
		if (watch->until <= event->time)
			continue;
		if (affordable && write_event(i, event))
			continue;
		if (event->outcome == APIGUARD_PASS)
			__sync_fetch_and_add(&watch->lost, 1);
	}
}

/* `now` by the boot-time clock; `verdict` is the outcome << 8 | the reason; `length` of the range
 * that admitted it. */
static __attribute__((noinline)) int tell(struct xdp_md *ctx, const struct packet *packet,
					  __u32 verdict, __u32 length, __u64 now)
{
	__u32 key = 0;
	struct apiguard_watches *all = bpf_map_lookup_elem(&watches, &key);
	struct apiguard_event event = {.time = now};

	if (!all || !is_watched(all, now))
		return 0;
	event.generation = own_settings()->generation;
	__builtin_memcpy(event.source, packet->source, 16);
	__builtin_memcpy(event.destination, packet->destination, 16);
	event.ifindex = ctx->ingress_ifindex;
	event.dport = packet->dport;
	event.family = packet->family;
	event.outcome = verdict >> 8;
	event.reason = verdict;
	event.prefix_len = length;
	tell_all(all, &event);
	return 0;
}

#endif
