// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Makes a plan true. The order is the promise:
//
//   write the new text beside the old, the generation into the state directory      (a full disk
//   shows here) load and fill the program, pin it (lack of memory shows here) switch the links
//   (packets notice this and nothing else) rename the text and the mark of what is in force into
//   place drop the generation before, keep which ranges were used
//
// Until the links are switched every failure leaves everything as it was. A kill anywhere is
// settled by the next verb.
#pragma once

#include <string>
#include <vector>

#include "loader/publish/plan.hpp"

namespace apiguard::publish {

struct Published {
  std::uint64_t generation = 0;
  std::uint64_t deadline = 0;  // boot-time clock, nanoseconds; 0: confirmed
  std::vector<std::string> warnings;
};

// Needs the lock, and a plan made under it.
[[nodiscard]] Result<Published> carry_out(const Places& places, const World& world,
                                          const Request& request, const Plan& plan);

}  // namespace apiguard::publish
