// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// A list file -> ranges. Files of a million lines are ordinary (a country's prefixes): nothing is
// allocated for a good line but the range itself.
#include <algorithm>

#include <fmt/format.h>

#include "loader/policy/draft.hpp"
#include "loader/policy/line.hpp"

namespace apiguard {
namespace {

Range to_range(const Entry& entry, const SourceFile& file, std::uint32_t line) {
  return Range{entry.parsed.prefix, entry.kind, std::string(entry.name), entry.until,
               Origin{file.name, line}};
}

void reserve(const SourceFile& file, Draft& draft) {
  const auto lines = static_cast<std::size_t>(std::count(file.text.begin(), file.text.end(), '\n'));
  draft.policy.ranges.reserve(draft.policy.ranges.size() + lines);
  draft.places.reserve(draft.places.size() + lines);
}

void add_entry(const Entry& entry, const SourceFile& file, std::uint32_t line, Draft& draft) {
  const auto offset = static_cast<std::uint32_t>(entry.cidr.data() - file.text.data());
  const Place place{&file, offset};
  if (entry.parsed.host_bits) check_host_bits(entry.parsed, entry.cidr, place, draft);
  draft.add(to_range(entry, file, line), place);
}

void read_line(std::string_view text, const SourceFile& file, std::uint32_t line, Draft& draft) {
  const auto scanned = scan_line(text);
  if (!scanned) {
    const auto begin = static_cast<std::size_t>(text.data() - file.text.data());
    draft.diagnostics.error(file, begin + scanned.error().offset, scanned.error().message);
  } else if (*scanned) {
    add_entry(**scanned, file, line, draft);
  }
}

}  // namespace

void check_host_bits(const ParsedPrefix& parsed, std::string_view written, Place place,
                     Draft& draft) {
  const std::string message =
      fmt::format("host bits are set: {} is {}", written, to_string(parsed.prefix));
  if (draft.options.strict) {
    draft.diagnostics.error(*place.file, place.offset, message);
  } else {
    draft.diagnostics.warn(Warning::kHostBits, *place.file, place.offset, message);
  }
}

void read_ranges(const SourceFile& file, Draft& draft) {
  if (!check_encoding(file, draft.diagnostics)) return;
  reserve(file, draft);
  const std::string_view text = file.text;
  std::uint32_t line = 1;
  for (std::size_t at = 0; at < text.size(); ++line) {
    const std::size_t end = text.find('\n', at);
    if (end == std::string_view::npos) {
      draft.diagnostics.error(file, text.size(),
                              "the last line has no newline: it may be cut off, and a cut "
                              "'128.0.0.0/16' could read '128.0.0.0/1'");
      return;
    }
    read_line(text.substr(at, end - at), file, line, draft);
    at = end + 1;
  }
}

}  // namespace apiguard
