/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The contract between the XDP program and the loader, first half: what decides about a packet.
 * All of it belongs to a generation. ledger.h is the other half: what is remembered.
 *
 * Every key, value, number and limit that both sides know. Compiles as C11 (BPF) and C++20
 * (loader). Fixed-width members only, padding is named and zero, byte order stands in the type and
 * in the comment. Nothing here is written down twice.
 */
#ifndef APIGUARD_JUDGE_ABI_H
#define APIGUARD_JUDGE_ABI_H

#include <linux/bpf.h>
#include <linux/types.h>

#ifdef __cplusplus
#define APIGUARD_ASSERT(cond, what) static_assert(cond, what)
#else
#define APIGUARD_ASSERT(cond, what) _Static_assert(cond, what)
#endif

/* Raised when the layout or the meaning of a map that outlives a generation changes. */
#define APIGUARD_ABI 2

/* Limits. */
#define APIGUARD_MAX_ENDPOINTS 32   /* endpoints in one policy */
#define APIGUARD_MAX_VLAN_TAGS 4    /* tags looked through; rows 2 and 3 of bpf/README.md */
#define APIGUARD_MAX_EXT_HEADERS 8  /* IPv6 extension headers walked; rows 12 and 13 */
#define APIGUARD_MAX_EXPIRY_STEPS 8 /* prefixes with ever later last ends nested in one another */

enum apiguard_mode {
	APIGUARD_MODE_OFF = 0,
	APIGUARD_MODE_AUDIT = 1,
	APIGUARD_MODE_ENFORCE = 2,
};

/* What became of a packet: each one is counted under exactly one outcome and one reason. */
enum apiguard_outcome {
	APIGUARD_PASS = 0,
	APIGUARD_DROP = 1,
	APIGUARD_WOULD_DROP = 2, /* audit: passed, enforce would have dropped it */
	APIGUARD_OUTCOME_MAX = 3,
};

/* Why. The order is part of the ABI: it indexes the counters. */
enum apiguard_reason {
	APIGUARD_NOT_IP = 0,	     /* row 1 */
	APIGUARD_VLAN_DEPTH = 1,     /* row 3 */
	APIGUARD_MALFORMED = 2,	     /* rows 4, 11 */
	APIGUARD_LATER_FRAGMENT = 3, /* rows 6, 14 */
	APIGUARD_SHORT_TCP = 4,	     /* rows 8, 13a */
	APIGUARD_OTHER_TRAFFIC = 5,  /* rows 10, 17, 18 */
	APIGUARD_EXT_CHAIN = 6,	     /* rows 13, 15, 16 */
	APIGUARD_LISTED = 7,	     /* row 20 */
	APIGUARD_EXCEPTED = 8,	     /* row 21 */
	APIGUARD_EXPIRED = 9,	     /* row 22 */
	APIGUARD_UNLISTED = 10,	     /* row 23 */
	APIGUARD_OFF = 11,	     /* mode off */
	APIGUARD_REASON_MAX = 12,
};

enum apiguard_family {
	APIGUARD_ANY_ADDRESS = 0, /* the endpoint's port on every address of both families */
	APIGUARD_IPV4 = 4,
	APIGUARD_IPV6 = 6,
};

/* Keys of the tries, as BPF_MAP_TYPE_LPM_TRIE wants them. */
struct apiguard_key4 {
	__u32 prefix_len; /* 0..32, host byte order */
	__u8 address[4];  /* network byte order */
};
APIGUARD_ASSERT(sizeof(struct apiguard_key4) == 8, "LPM key: length, then bytes");

struct apiguard_key6 {
	__u32 prefix_len; /* 0..128, host byte order */
	__u8 address[16]; /* network byte order */
};
APIGUARD_ASSERT(sizeof(struct apiguard_key6) == 20, "LPM key: length, then bytes");

/*
 * Value of the tries: two ends, which are all that any number of entries of one prefix comes to.
 * Until the first one an except of the prefix is live, until the second one an allow (or cluster).
 * A live except decides before a live allow. Once both have ended, the prefixes around it decide.
 *
 *    63..8  an end: boot-time clock, nanoseconds, rounded down to a multiple of 256;
 *           0: there is no such entry; APIGUARD_WITHOUT_END: it never ends
 *    7..0   a length in bits: see below
 *
 * The lengths share the words with the ends because 16 bytes are what a node of a trie has room for
 * in its size class: 8 bytes more cost 32 a node (IPv6 on 6.18, IPv4 on kernels before 6.13).
 */
struct apiguard_range {
	__u64 except_until; /* length: of this prefix */
	/* length: where to look once both have ended, that of the nearest prefix around this one
	 * with a later last end; APIGUARD_NO_NEXT: there is none */
	__u64 allow_until;
};
APIGUARD_ASSERT(sizeof(struct apiguard_range) == 16, "no hidden padding");
#define APIGUARD_LENGTH_MASK 0xffULL
#define APIGUARD_END_UNIT 0x100ULL /* the earliest end that is one: what ended before the boot */
#define APIGUARD_WITHOUT_END (~APIGUARD_LENGTH_MASK) /* later than any clock */
#define APIGUARD_NO_NEXT 0xff

/*
 * The tries of a family: shards of one key range after another, so that several CPUs fill them and
 * none is busy for long when an old list is freed. A range that reaches over a start lies in every
 * shard that it touches.
 */
#define APIGUARD_MAX_SHARDS 64
struct apiguard_start {
	__u64 upper; /* first 64 bits of an address, host byte order; IPv4 in the upper half */
	__u64 lower;
};
struct apiguard_shards {
	__u32 count; /* 1..APIGUARD_MAX_SHARDS; 0: the family has no ranges */
	__u32 pad;
	/* First address of each shard, ascending. The first one holds what lies before it too. */
	struct apiguard_start starts[APIGUARD_MAX_SHARDS];
};
APIGUARD_ASSERT(sizeof(struct apiguard_shards) == 8 + 16 * APIGUARD_MAX_SHARDS,
		"no hidden padding");

/*
 * The verdict index: what the longest match of a source says, without walking a trie. Two bits a
 * cell; a cell stands for all sources that share its bits.
 */
enum apiguard_cell {
	APIGUARD_CELL_UNLISTED = 0,
	APIGUARD_CELL_LISTED = 1,
	APIGUARD_CELL_EXCEPTED = 2, /* while no range of the generation ends */
	APIGUARD_CELL_ASK_TRIE = 2, /* the same cell, where some range ends (has_ends) */
	APIGUARD_CELL_DEEPER = 3,   /* its sources differ: one level down */
};

/* top4 and top6: the 65,536 cells of sixteen bits. Cell i stands in bits 2 * (i % 32) of word
 * i / 32. Small enough for the first-level cache: it settles most sources of a flood. */
#define APIGUARD_TOP_WORDS 2048
struct apiguard_top {
	__u64 cells[APIGUARD_TOP_WORDS];
	__u32 first[APIGUARD_TOP_WORDS]; /* number of the first deeper cell of the word: its block
					    (IPv4) or its node (IPv6); they are consecutive */
};
APIGUARD_ASSERT(sizeof(struct apiguard_top) == 24 * 1024, "no hidden padding");

/* Value of blocks4: the 256 cells of the next eight bits, one cache line. */
struct apiguard_block {
	__u64 cells[8];
};
APIGUARD_ASSERT(sizeof(struct apiguard_block) == 64, "one cache line");

/* Value of ranks4, one a block: the deeper cells of a block have consecutive numbers. */
struct apiguard_rank {
	__u32 first;	/* number of the first deeper cell: its leaf */
	__u8 before[8]; /* deeper cells in the words before this one; at most 224 */
	__u8 pad[4];
};
APIGUARD_ASSERT(sizeof(struct apiguard_rank) == 16, "no hidden padding");

/*
 * Value of leaves4: the last eight bits of an IPv4 address, one leaf a deeper /24. Either up to six
 * places where the cell changes
 *
 *    63 0   62 0   61..48  cells of seven stretches, two bits each, the first lowest
 *    47..0  first address of stretches 2 to 7, ascending; those not in use come first and are 0
 *
 * or, with more, the block of dense4 that holds every address:
 *
 *    63 1   31..0  number of the block
 */
#define APIGUARD_LEAF_BOUNDARIES 6
#define APIGUARD_LEAF_CELLS_SHIFT 48
#define APIGUARD_LEAF_DENSE (1ULL << 63)

/*
 * Value of nodes6: a node of a search tree over 63 bits of an IPv6 address, one cache line. Child
 * or stretch i holds what is not less than keys[i - 1] and less than keys[i].
 */
#define APIGUARD_NODE_KEYS 7
struct apiguard_node {
	__u64 keys[APIGUARD_NODE_KEYS]; /* ascending; APIGUARD_NO_KEY behind those in use */
	/*
	 *    48      1: a leaf
	 *    47..32  of a leaf: cells of its eight stretches, two bits each, the first lowest
	 *    31..0   number of the first child; of a leaf, of the node of its first deeper cell
	 */
	__u64 tail;
};
APIGUARD_ASSERT(sizeof(struct apiguard_node) == 64, "one cache line");
#define APIGUARD_NO_KEY (1ULL << 63) /* greater than all keys */
#define APIGUARD_KEY_MASK (APIGUARD_NO_KEY - 1)
#define APIGUARD_NODE_CELLS_SHIFT 32
#define APIGUARD_NODE_LEAF (1ULL << 48)
#define APIGUARD_MAX_NODE_LEVELS 9 /* eight-way: more leaves than any list has */

/* IPv6: the bits that all ranges share come before the sixteen of the top. */
#define APIGUARD_MAX_SHARED6 47
#define APIGUARD_TOP_BITS 16
#define APIGUARD_KEY_BITS 63

/* One protected endpoint. */
struct apiguard_endpoint {
	__u8 address[16]; /* network byte order; IPv4 in the first four bytes, rest 0 */
	__be16 port;	  /* network byte order */
	__u8 family;	  /* enum apiguard_family */
	__u8 pad[5];
};
APIGUARD_ASSERT(sizeof(struct apiguard_endpoint) == 24, "no hidden padding");

/* Frozen .rodata of one generation: what the verifier specialises the program by. Loaders of other
 * versions read it: members keep their places, new ones come last. */
struct apiguard_settings {
	__u64 generation;
	__u64 build; /* first 8 bytes of the SHA-256 of the object: which program this is */
	/* first 8 bytes of the SHA-256 of the pin directory: whose it is without its pins */
	__u64 instance;
	__u32 abi;	     /* APIGUARD_ABI of the loader that published it */
	__u8 mode;	     /* enum apiguard_mode */
	__u8 frags;	     /* 1: the frags-aware program runs */
	__u8 has_ends;	     /* 1: some range ends; verdicts read the clock only then */
	__u8 endpoint_count; /* 0..APIGUARD_MAX_ENDPOINTS */
	struct apiguard_endpoint endpoints[APIGUARD_MAX_ENDPOINTS];
	/* upper half of an address, host byte order: the bits that all IPv6 ranges share, rest 0 */
	__u64 shared6;
	__u8 shared6_len; /* bits; 0..APIGUARD_MAX_SHARED6 */
	__u8 outside6;	  /* enum apiguard_cell of sources without these bits */
	__u8 whole4;	  /* enum apiguard_cell of all IPv4 sources; deeper: see top4 */
	__u8 whole6;	  /* the same of IPv6 */
	__u8 unconfirmed; /* 1: published with a deadline; see apiguard_confirmation */
	__u8 pad[3];
	/* if unconfirmed: the generation that judges past the deadline; 0: none did before, every
	 * packet passes */
	__u64 before;
	__u64 since;   /* the generation with which this mode began */
	__u64 secret;  /* for hashes of what comes from the network; the same all boot long */
	__u64 wall;    /* wall clock less boot-time clock, nanoseconds, when this was published */
	__u64 edition; /* of the generation: the same text with another book; 0: there was none */
	__u64 before_edition; /* if unconfirmed: that of `before` */
};
APIGUARD_ASSERT(sizeof(struct apiguard_settings) == 96 + 24 * APIGUARD_MAX_ENDPOINTS,
		"no hidden padding");

/*
 * Value of the map `confirmation`, key 0, of a generation that was published unconfirmed. Written
 * by the loader, read by the program. Past the deadline the program hands every packet to the one
 * before it, whether anything of ours still runs or not.
 */
struct apiguard_confirmation {
	__u64 deadline; /* boot-time clock, nanoseconds; 0: confirmed */
};
APIGUARD_ASSERT(sizeof(struct apiguard_confirmation) == 8, "no hidden padding");

/*
 * What the check program writes over the first bytes of the frame it was given. Its return value is
 * XDP_PASS when it wrote an answer, XDP_ABORTED otherwise. The verdict is the list's, whatever the
 * mode.
 */
struct apiguard_answer {
	__u32 outcome;	 /* APIGUARD_PASS or APIGUARD_DROP */
	__u32 reason;	 /* enum apiguard_reason: which kind of entry of the prefix decided */
	__u32 prefix;	 /* APIGUARD_ANSWER_LENGTH + length of the prefix that decided. Programs of
			    older builds, which loaders ask as well, write the number of the prefix
			    in the list here, from 0; to their loaders a length is no number. */
	__u32 has_range; /* 0: no range decided */
};
APIGUARD_ASSERT(sizeof(struct apiguard_answer) == 16, "no hidden padding");
#define APIGUARD_ANSWER_LENGTH (1U << 31)

#endif
