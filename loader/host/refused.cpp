// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/host/refused.hpp"

#include <algorithm>
#include <limits>
#include <sstream>

#include <fmt/format.h>

#include "loader/host/expendable_file.hpp"

namespace apiguard {
namespace {

constexpr std::string_view kHead = "apiguard refused-leases 1";

std::string path_of(const std::string& run_dir) { return run_dir + "/refused-leases"; }

bool parse_count(const std::string& line, std::string_view reason, std::uint64_t& count) {
  std::istringstream words(line);
  std::string name, digits, surplus;
  if (!(words >> name >> digits) || words >> surplus || name != reason) return false;
  if (digits.find_first_not_of("0123456789") != std::string::npos || digits.size() > 19)
    return false;
  count = std::stoull(digits);
  return true;
}

}  // namespace

std::string show_refused(const RefusedLeases& refused) {
  std::string text = fmt::format("{}\n", kHead);
  for (std::size_t i = 0; i < refused.size(); ++i)
    text += fmt::format("{} {}\n", to_string(static_cast<Refusal>(i)), refused[i]);
  return text + "end\n";
}

Result<RefusedLeases> parse_refused(const std::string& text) {
  std::istringstream lines(text);
  std::size_t number = 1;
  std::string line;
  const auto wrong = [&](std::string_view why) {
    return fail(Exit::kFailed, fmt::format("line {}: {}", number, why));
  };
  if (!std::getline(lines, line) || line != kHead)
    return wrong("is not the first line of such a file");
  RefusedLeases refused{};
  for (std::size_t i = 0; i < refused.size(); ++i) {
    ++number;
    const std::string_view reason = to_string(static_cast<Refusal>(i));
    if (!std::getline(lines, line) || !parse_count(line, reason, refused[i]))
      return wrong(fmt::format("'{}' and a number are wanted", reason));
  }
  ++number;
  if (!std::getline(lines, line) || line != "end") return wrong("the end is missing");
  return refused;
}

Result<RefusedLeases> read_refused(const std::string& run_dir) {
  const auto text = read_expendable_file(path_of(run_dir));
  if (!text) return fail(text.error());
  if (!*text) return RefusedLeases{};
  auto refused = parse_refused(**text);
  if (!refused)
    return fail_in(fmt::format("file '{}': damaged", path_of(run_dir)), refused.error());
  return refused;
}

Result<> count_refused(const std::string& run_dir, const std::vector<LeaseAnswer>& answers) {
  if (std::none_of(answers.begin(), answers.end(),
                   [](const LeaseAnswer& answer) { return refusal_of(answer).has_value(); }))
    return {};
  auto refused = read_refused(run_dir).value_or(RefusedLeases{});
  constexpr std::uint64_t kMost = std::numeric_limits<std::int64_t>::max();
  for (const LeaseAnswer& answer : answers) {
    const auto refusal = refusal_of(answer);
    if (!refusal) continue;
    std::uint64_t& count = refused[static_cast<std::size_t>(*refusal)];
    if (count < kMost) ++count;
  }
  const auto written = write_expendable_file(path_of(run_dir), show_refused(refused));
  return written ? Result<>() : fail(written.error());
}

}  // namespace apiguard
