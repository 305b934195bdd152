// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/publish/end_option.hpp"

#include <fmt/format.h>

#include "loader/base/time.hpp"
#include "loader/policy/text.hpp"

namespace apiguard::publish {
namespace {

Timestamp second_of(Timestamp time) { return std::chrono::floor<std::chrono::seconds>(time); }

}  // namespace

Result<std::optional<Timestamp>> end_of(const EndOptions& options, Timestamp asked, Timestamp now) {
  if (!options.lasts && !options.until) return std::nullopt;
  const char* option = options.lasts ? "--for" : "--until";
  if (options.until.value_or(Timestamp()) > kLatestEnd ||
      options.lasts.value_or(0s) > kLatestEnd - asked) {
    return fail(Exit::kUsage,
                fmt::format("option '{}': later than the year 2261; leave it out for a permanent "
                            "entry",
                            option));
  }
  const Timestamp exact = options.lasts ? asked + *options.lasts : *options.until;
  const Timestamp end = exact == second_of(exact) ? exact : second_of(exact) + 1s;
  if (end > now) return end;
  return fail(Exit::kUsage, fmt::format("option '{}': {} has passed: it is {}", option,
                                        format_timestamp(end), format_timestamp(second_of(now))));
}

}  // namespace apiguard::publish
