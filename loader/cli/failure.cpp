// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/cli/failure.hpp"

#include <unistd.h>

#include <cerrno>
#include <string_view>

#include <fmt/format.h>

#include "loader/cli/reading.hpp"
#include "loader/report/change.hpp"

namespace apiguard::cli {
namespace {

bool asks_for_json(const LeaseOptions& options) { return options.json; }
bool asks_for_json(const DetachOptions& options) { return options.json; }

template <typename Options>
bool asks_for_json(const Options& options) {
  if constexpr (requires { options.flags.json; }) {
    return options.flags.json;
  } else {
    return false;
  }
}

void answer(Exit exit, const std::string& message) {
  report::NotChanged refusal;
  refusal.exit = static_cast<int>(exit);
  refusal.message = message;
  print(report::to_json(refusal));
}

}  // namespace

void answer_failure(const CommandLine& line, const Error& error) {
  const bool wanted =
      std::visit([](const auto& options) { return asks_for_json(options); }, line.verb);
  if (!wanted || error.answered) return;
  answer(error.exit, error.message);
}

Error with_privilege(const CommandLine& line, Error error) {
  constexpr std::string_view kNeedsRoot = "needs root";
  const bool denied = error.os_error == EACCES || error.os_error == EPERM;
  if (!denied || geteuid() == 0 || error.message.starts_with(kNeedsRoot)) return error;
  error.message =
      fmt::format("{}: {}: 'sudo apiguard {}'", kNeedsRoot, error.message, line.command);
  return error;
}

void answer_refused_words(const Printed& printed) {
  if (!printed.refused.empty()) answer(printed.exit, printed.refused);
}

}  // namespace apiguard::cli
