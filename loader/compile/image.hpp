// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// What a policy comes to in the maps of one generation. Publishing adds the settings that no policy
// knows (publish/publish.cpp), loading those of the object (datapath/generation.cpp).
#pragma once

#include <cstdint>
#include <vector>

#include "apiguard/judge.h"
#include "loader/base/result.hpp"
#include "loader/base/time.hpp"
#include "loader/compile/index.hpp"
#include "loader/compile/shards.hpp"
#include "loader/policy/policy.hpp"

namespace apiguard {

struct Image {
  apiguard_settings settings{};
  // What the tries hold: one entry a prefix.
  Shards<apiguard_key4> ranges4;
  Shards<apiguard_key6> ranges6;
  // Each says of every source what the tries say, or to ask them.
  Index4 index4;
  Index6 index6;
};

}  // namespace apiguard
