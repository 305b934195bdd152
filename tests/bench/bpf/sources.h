/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the programs of the benchmark and the one that runs them both know. */
#ifndef APIGUARD_BENCH_SOURCES_H
#define APIGUARD_BENCH_SOURCES_H

/* Sources a measurement goes round: more than any cache or branch predictor remembers. A power of
 * two. */
#define BENCH_SOURCES (1 << 20)

#define BENCH_PORT 6443	      /* the protected one */
#define BENCH_OTHER_PORT 8443 /* nobody's */

#endif
