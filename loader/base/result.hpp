// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// What every function that can fail returns. An Error carries the text for the operator, the exit
// status it leads to, and the errno where the kernel said no; nothing branches on the text.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <tl/expected.hpp>

namespace apiguard {

// Exit status of the command line; fixed by contract.
enum class Exit {
  kDone = 0,
  kNo = 1,
  kUsage = 2,
  kBadFile = 3,
  kFailed = 4,
  kOccupied = 5,
  kUnsupported = 6,
  kRefused = 7,
  kRolledBack = 8,
};

struct Error {
  // "kind 'name': what failed: reason", no newline at the end
  std::string message;
  // status of the verb that ends with this error
  Exit exit = Exit::kFailed;
  // errno, 0 if none
  int os_error = 0;
  // with --json: stdout has the answer already
  bool answered = false;
};

template <typename T = void>
using Result = tl::expected<T, Error>;

[[nodiscard]] inline tl::unexpected<Error> fail(Error error) {
  return tl::unexpected<Error>(std::move(error));
}

[[nodiscard]] inline tl::unexpected<Error> fail(Exit exit, std::string message, int os_error = 0) {
  return fail(Error{std::move(message), exit, os_error});
}

// Puts context in front, so that messages read from the outside in.
[[nodiscard]] inline tl::unexpected<Error> fail_in(std::string_view context, Error error) {
  error.message = std::string(context) + ": " + error.message;
  return fail(std::move(error));
}

}  // namespace apiguard
