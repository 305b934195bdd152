// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Makes a plan true. The order is the promise:
//
//   1. Write the new text beside the old, the generation into the state directory, while a long
//      list is compiled.
//      A full disk shows here, and a file that cannot be replaced.
//   2. Compile a short list, load and fill the program, pin it. Lack of memory shows here.
//   3. Switch the links. Packets notice this and nothing else.
//   4. Read back: the kernel is asked what runs where.
//   5. Rename the text and the mark of what is in force into place, and read them again.
//   6. Add the connections that were counted during the switch, drop the generation before, save
//      the usage.
//
// Until 3 every failure leaves everything as it was. A failure of 3 to 5 takes everything back.
// What is never taken back is a boot and a way out: each keeps what it could do and says what it
// could not. A kill anywhere is settled by the next verb.
#pragma once

#include <string>
#include <vector>

#include "loader/publish/plan.hpp"

namespace apiguard::publish {

struct Published {
  std::uint64_t generation = 0;
  // none: confirmed
  std::optional<BootTime> deadline;
  // on which the kernel confirms it
  std::vector<std::string> interfaces;
  std::vector<std::string> warnings;
  // Of a boot or a way out: what could not be confirmed. Not empty: the verb ends with
  // Exit::kFailed.
  std::vector<std::string> unconfirmed;
};

// Needs the lock, and a plan made under it.
[[nodiscard]] Result<Published> carry_out(const Host& host, const World& world,
                                          const Request& request, const Plan& plan);

// For a plan that finds everything as it is to be: the same question to the kernel, so that
// "unchanged" is as true as "in force". Exit::kFailed names what is not so.
[[nodiscard]] Result<> check_unchanged(const World& world, const Plan& plan);

// That STATE/in-force names this generation: a boot brings it back. Needs the lock.
[[nodiscard]] Result<> check_mark(const Host& host, std::uint64_t generation);

}  // namespace apiguard::publish
