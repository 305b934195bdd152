// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// What the reading verbs share. They look at the world as the changing verbs do, but change and
// lock nothing.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "loader/base/number.hpp"
#include "loader/base/result.hpp"
#include "loader/ledger/host.hpp"
#include "loader/policy/policy.hpp"
#include "loader/publish/usage.hpp"
#include "loader/publish/world.hpp"
#include "loader/report/view.hpp"

namespace apiguard::cli {

// publish::look(), with "needs root" in front where privilege is what is missing.
[[nodiscard]] Result<publish::World> look_for_reading(const Host& host);

// With "needs root" in front where privilege is what is missing.
[[nodiscard]] tl::unexpected<Error> fail_reading(Error error);

// publish::read_usage(), with what is wrong on stderr.
[[nodiscard]] publish::UsageView read_usage_or_say(const Host& host, const publish::World& world);

// "the text of what is in force is not known: REASON"; Exit::kFailed.
[[nodiscard]] Error text_unknown(const publish::InForce& in_force);

// For people: why no generation is in force, and the command that helps.
[[nodiscard]] std::string nothing_in_force(const Host& host);

// Of standard output: everything with --wide, and where it is no terminal.
[[nodiscard]] report::View view_of(bool wide);

// One text on stdout, ending in a newline.
void print(std::string_view text);
// A piece of one, as it is.
void to_stdout(std::string_view piece);
// A message for people, on stderr: "apiguard: TEXT".
void note(std::string_view text);
// The same for an answer in words, which is no trouble: "TEXT".
void tell(std::string_view text);
// "warning: TEXT" on stderr: warnings name their file themselves.
void print_warnings(const std::vector<std::string>& warnings);

struct FamilyCounts {
  std::size_t ipv4 = 0;
  std::size_t ipv6 = 0;
};
// Of the ranges that decide.
[[nodiscard]] FamilyCounts count_ranges(const std::vector<Range>& ranges);

}  // namespace apiguard::cli
