/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The contract between the XDP program and the loader, second half: what is remembered. These maps
 * outlive generations and may be lost: no verdict depends on them. The rules are those of
 * apiguard/judge.h.
 */
#ifndef APIGUARD_LEDGER_ABI_H
#define APIGUARD_LEDGER_ABI_H

#include "judge.h"

/*
 * A budget for work that the drop path cannot pay for with every packet. Up to so many packets in a
 * tick of the kernel's clock (bpf_jiffies64) all are samples. Then each stands for itself and for
 * those since the one before it, at random distances whose mean doubles until the budget holds.
 */
#define APIGUARD_SAMPLES 256
struct apiguard_sampler {
	__u64 tick;  /* of the newest sample */
	__u64 now;   /* boot-time clock at the first sample in it, nanoseconds */
	__u32 left;  /* packets until the next sample, if that comes within the tick */
	__u32 step;  /* packets that it will stand for */
	__u32 mean;  /* of the steps; a power of two */
	__u32 taken; /* samples since the mean was set */
};
APIGUARD_ASSERT(sizeof(struct apiguard_sampler) == 32, "no hidden padding");

/* The same for what somebody is to read: so many events in a tick, then none. */
#define APIGUARD_EVENTS 16
struct apiguard_budget {
	__u64 tick;
	__u64 spent;
};

/* Value of the per-CPU counters, key 0. Outlives generations. Packets, written by the program only.
 */
struct apiguard_counters {
	__u64 packets[APIGUARD_OUTCOME_MAX][APIGUARD_REASON_MAX];
	struct apiguard_sampler denied; /* of drops and would-be drops */
	struct apiguard_sampler seen;	/* of what is judged in audit */
	struct apiguard_budget events;
};
APIGUARD_ASSERT(sizeof(struct apiguard_counters) == 8 * 36 + 2 * 32 + 16,
		"counters index by outcome and reason");

/*
 * Value of the map `denied`, which outlives generations: sources that were refused, or would have
 * been, by hash. A source that is not in its bucket takes the weakest place there once that is worn
 * down: a strength grows with every packet of its source, and shrinks with those of others, the
 * less likely the greater it is. So the many that come once wear down each other, and who comes
 * again stays. Places lie behind tags and strengths, which are all that most packets touch.
 */
#define APIGUARD_DENIED_BUCKETS 4096
#define APIGUARD_DENIED_PLACES 8
struct apiguard_denied {
	__u8 source[16]; /* network byte order; IPv4 in the first four bytes */
	__u64 packets;	 /* 0: an empty place */
	__u64 first;	 /* boot-time clock, nanoseconds */
	__u64 last;
	__u32 since;  /* low half of apiguard_settings.since: with every mode a count begins */
	__u8 family;  /* enum apiguard_family; 0: no header that names a source was reached */
	__u8 outcome; /* enum apiguard_outcome */
	__u8 reason;  /* enum apiguard_reason of the newest packet */
	__u8 pad;
};
APIGUARD_ASSERT(sizeof(struct apiguard_denied) == 48, "no hidden padding");

struct apiguard_denied_bucket {
	struct bpf_spin_lock lock; /* the kernel's; always read as 0 */
	__u32 next;		   /* place to begin with when the weakest is looked for */
	__u64 aged; /* when those that stayed away lost strength last: boot-time clock */
	__u32 tags[APIGUARD_DENIED_PLACES]; /* another part of the hash */
	__u32 strengths[APIGUARD_DENIED_PLACES];
	struct apiguard_denied sources[APIGUARD_DENIED_PLACES];
};
APIGUARD_ASSERT(sizeof(struct apiguard_denied_bucket) == 16 + 64 + 48 * APIGUARD_DENIED_PLACES,
		"no hidden padding");

/*
 * Sources and their connections while mode is audit: maps `seen` and `flows`, which outlive
 * generations. A source is there once a segment with ACK, FIN or RST came for which a socket of the
 * host has finished the handshake.
 */
#define APIGUARD_SEEN_SOURCES 16384
#define APIGUARD_SEEN_FLOWS 16384
struct apiguard_seen_key {
	__u8 source[16]; /* network byte order; IPv4 in the first four bytes */
	__u8 family;	 /* enum apiguard_family */
	__u8 pad[7];
};
APIGUARD_ASSERT(sizeof(struct apiguard_seen_key) == 24, "no hidden padding");

struct apiguard_seen {
	__u64 connections;
	__u64 first; /* boot-time clock, nanoseconds */
	__u64 last;
	__u32 days; /* of UTC, on which it was seen */
	__u32 day;  /* the newest of them, since 1970 */
};
APIGUARD_ASSERT(sizeof(struct apiguard_seen) == 32, "no hidden padding");

/*
 * Map `unproven`, likewise: sources that came in audit, of which no such segment was seen yet. Who
 * asks whether a port is open, made-up addresses, and connections that are translated into another
 * namespace or host. The key is that of `seen`. Times on the boot-time clock, nanoseconds.
 */
#define APIGUARD_UNPROVEN_SOURCES 16384
#define APIGUARD_BURST 100000000ULL /* openings this close together are one: nanoseconds */
struct apiguard_unproven {
	__u64 packets; /* samples */
	__u64 first;
	__u64 last;
	__u64 payloads; /* of these, with payload that no socket of the host has a connection for */
	__u64 opened;	/* when the newest segment came that opens a connection; 0: none did */
	__u64 since;	/* when the first one came of those that are evenly spaced */
	__u64 gap;	/* between two of them; 0: there was one alone */
	__u32 beats;	/* gaps since then */
	__u32 pad;
};
APIGUARD_ASSERT(sizeof(struct apiguard_unproven) == 64, "no hidden padding");

struct apiguard_flow {
	__u8 source[16];
	__u8 destination[16];
	__be16 sport; /* network byte order */
	__be16 dport;
	__u8 family; /* enum apiguard_family */
	__u8 pad[3];
};
APIGUARD_ASSERT(sizeof(struct apiguard_flow) == 40, "no hidden padding");

/* What a reader of events gets through a ring buffer of its own: map `rings`, by number. */
#define APIGUARD_MAX_WATCHERS 4
#define APIGUARD_RING_BYTES (256 * 1024)
struct apiguard_event {
	__u64 time;	  /* boot-time clock, nanoseconds */
	__u64 generation; /* that judged */
	__u8 source[16];  /* network byte order; IPv4 in the first four bytes */
	__u8 destination[16];
	__u32 ifindex;
	__be16 dport;	 /* network byte order; 0 if it was not read */
	__u8 family;	 /* enum apiguard_family; 0: no source was reached */
	__u8 outcome;	 /* enum apiguard_outcome; APIGUARD_PASS: a connection was admitted */
	__u8 reason;	 /* enum apiguard_reason */
	__u8 prefix_len; /* of the range that admitted it */
	__u8 pad[6];
};
APIGUARD_ASSERT(sizeof(struct apiguard_event) == 64, "no hidden padding");

/* Value of the map `watches`, key 0, which outlives generations. Written through a mapping by the
 * readers, each its own; `lost` by the program. */
struct apiguard_watch {
	__u64 until; /* boot-time clock, nanoseconds: nothing is written to the ring from then on */
	/* admitted connections of which no event was written; of denied packets the counters tell */
	__u64 lost;
};
struct apiguard_watches {
	struct apiguard_watch watch[APIGUARD_MAX_WATCHERS];
};

/*
 * Which range admitted how many connections: map `used`, which outlives generations. An entry is
 * made by the first connection of a range. The key of zeros, made by the loader, stands for those
 * that found no room.
 */
struct apiguard_used_key {
	__u8 family;	 /* enum apiguard_family; 0: see above */
	__u8 prefix_len; /* 0..32 or 0..128 */
	__u8 pad[6];
	__u8
	    address[16]; /* network byte order, 0 behind the prefix; IPv4 in the first four bytes */
};
APIGUARD_ASSERT(sizeof(struct apiguard_used_key) == 24, "no hidden padding");

/* Segments with SYN and without ACK. Times on the boot-time clock, nanoseconds. */
struct apiguard_used {
	__u64 connections;
	__u64 first;
	__u64 last;
};
APIGUARD_ASSERT(sizeof(struct apiguard_used) == 24, "no hidden padding");

/* What the adding program reads from the frame it is given, and adds to `used`. Its return value is
 * XDP_PASS when it did. */
struct apiguard_use {
	struct apiguard_used_key key;
	struct apiguard_used used;
};
APIGUARD_ASSERT(sizeof(struct apiguard_use) == 48, "no hidden padding");

#endif
