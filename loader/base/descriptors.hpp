// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// How many files this process may have open. Links, programs and tries take one each, so the soft
// limit, which is low for the sake of select(2) alone, is raised to the hard one; programs that are
// not ours get it back.
#pragma once

#include <sys/resource.h>

namespace apiguard::descriptors {

// 0: was not raised
inline rlimit before_raise{0, 0};

inline rlimit read_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) limit = {1024, 1024};
  return limit;
}

// A sandbox may refuse it: then it stays as it is.
inline void raise_limit() {
  const rlimit before = read_limit();
  if (before.rlim_cur >= before.rlim_max) return;
  const rlimit raised{before.rlim_max, before.rlim_max};
  if (setrlimit(RLIMIT_NOFILE, &raised) == 0) before_raise = before;
}

inline void lower_limit_again() {
  if (before_raise.rlim_cur != 0) (void)setrlimit(RLIMIT_NOFILE, &before_raise);
}

}  // namespace apiguard::descriptors
