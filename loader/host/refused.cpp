// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/host/refused.hpp"

#include <algorithm>
#include <limits>

#include <fmt/format.h>

#include "loader/base/line_reader.hpp"
#include "loader/host/expendable_file.hpp"

namespace apiguard {
namespace {

constexpr std::string_view kHead = "apiguard refused-leases 1";

std::string path_of(const std::string& run_dir) { return run_dir + "/refused-leases"; }

constexpr std::uint64_t kMost = std::numeric_limits<std::int64_t>::max();

bool parse_count(std::string_view line, std::string_view reason, std::uint64_t& count) {
  return take_word(line) == reason && take_number(line, count) && line.empty() && count <= kMost;
}

}  // namespace

std::string show_refused(const RefusedLeases& refused) {
  std::string text = fmt::format("{}\n", kHead);
  for (std::size_t i = 0; i < refused.size(); ++i)
    text += fmt::format("{} {}\n", to_string(static_cast<Refusal>(i)), refused[i]);
  return text + "end\n";
}

Result<RefusedLeases> parse_refused(const std::string& text) {
  auto lines = LineReader::open(text, kHead);
  if (!lines) return fail(lines.error());
  RefusedLeases refused{};
  for (std::size_t i = 0; i < refused.size(); ++i) {
    const std::string_view reason = to_string(static_cast<Refusal>(i));
    if (!lines->next() || !parse_count(lines->line(), reason, refused[i]))
      return lines->wrong(fmt::format("expected '{}' and a number", reason));
  }
  if (auto whole = lines->check_end(); !whole) return fail(whole.error());
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
