// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// A list file, as the CLI's own and as a drop-in: what is shown of it reads as the same list, and
// cleaning ended lines away changes no verdict at that moment.
#include <algorithm>
#include <string>
#include <vector>

#include "loader/policy/edit.hpp"
#include "loader/policy/lookup.hpp"
#include "loader/policy/text.hpp"
#include "tests/fuzz/fuzz.hpp"

namespace apiguard::fuzz {
namespace {

constexpr Timestamp kNow{1'796'126'400s};  // 2026-12-01T12:00:00Z

SourceFile file_of(std::string_view name, std::string_view text) {
  return {std::string(name), std::string(name), std::string(text), true};
}

// The first and the last address of every range: nothing else can tell two lists apart by one edit.
std::vector<Address> edges_of(const std::vector<Range>& ranges) {
  std::vector<Address> edges;
  for (const Range& range : ranges) {
    edges.push_back(range.prefix.address);
    Address last = range.prefix.address;
    for (unsigned bit = range.prefix.length; bit < max_length(last.family); ++bit)
      last.bytes[bit / 8] |= static_cast<std::uint8_t>(0x80U >> bit % 8);
    edges.push_back(last);
  }
  return edges;
}

void cleaning_changes_no_verdict(const SourceFile& file, const std::vector<Range>& before) {
  const auto cleaned = remove_ended(file, kNow);
  must(cleaned.has_value(), "a list that parses can be cleaned");
  const auto after = parse_ranges(file_of(file.name, cleaned->text));
  must(after.has_value(), "a cleaned list parses", cleaned->text);
  const auto edges = edges_of(before);
  const auto then = deciding_for(before, edges, kNow);
  const auto now = deciding_for(after->policy.ranges, edges, kNow);
  for (std::size_t i = 0; i < edges.size(); ++i)
    must(admits(then[i]) == admits(now[i]), "cleaning changes a verdict", to_string(edges[i]));
  must(std::all_of(after->policy.ranges.begin(), after->policy.ranges.end(),
                   [](const Range& range) { return !has_ended(range, kNow); }),
       "nothing that has ended is left", cleaned->text);
}

void reads_back(std::string_view name, std::string_view text) {
  const SourceFile file = file_of(name, text);
  const auto parsed = parse_ranges(file);
  if (!parsed) {
    must(parsed.error().exit == Exit::kBadFile, "an error is one of the file");
    must(!parsed.error().message.empty(), "an error says what is wrong");
    return;
  }
  const std::string shown = show_ranges(parsed->policy.ranges);
  const auto again = parse_ranges(file_of(name, shown));
  must(again.has_value(), "what is shown parses", shown);
  must(again->policy.ranges == parsed->policy.ranges, "what is shown is the same list", shown);
  same(fingerprint(parsed->policy), fingerprint(again->policy), "fingerprints");
  // Published before, it is taken without a word of advice, and means the same.
  const auto without_lint = parse_ranges(file, {.lint = false});
  must(without_lint && without_lint->policy.ranges == parsed->policy.ranges, "lint judges nothing");
  cleaning_changes_no_verdict(file, parsed->policy.ranges);
}

}  // namespace

void run(std::string_view input) {
  reads_back("authorized-ranges", input);
  reads_back("authorized-ranges.d/nodes.list", input);
}

}  // namespace apiguard::fuzz
