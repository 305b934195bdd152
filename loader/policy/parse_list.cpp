// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// A list file -> ranges. Files of a million lines are ordinary (a country's prefixes): nothing is
// allocated for a good line but the range itself.
#include <algorithm>

#include <fmt/format.h>

#include "loader/policy/draft.hpp"

namespace apiguard {
namespace {

void reserve(const SourceFile& file, Draft& draft) {
  const auto lines = static_cast<std::size_t>(std::count(file.text.begin(), file.text.end(), '\n'));
  draft.policy.ranges.reserve(draft.policy.ranges.size() + lines);
  draft.places.reserve(draft.places.size() + lines);
}

void add_entry(const Entry& entry, const SourceFile& file, const Origin& origin, Draft& draft) {
  const auto offset = static_cast<std::uint32_t>(entry.cidr.data() - file.text.data());
  const Place place{&file, offset};
  if (entry.parsed.host_bits) check_host_bits(entry.parsed, entry.cidr, place, draft);
  draft.add({entry.parsed.prefix, entry.kind, std::string(entry.name), entry.until, origin,
             remark_of(entry)},
            place);
}

}  // namespace

void check_host_bits(const ParsedPrefix& parsed, std::string_view written, Place place,
                     Draft& draft) {
  const auto message = [&] {
    return fmt::format("host bits are set: {} is {}", written, to_string(parsed.prefix));
  };
  if (draft.options.strict) {
    draft.diagnostics.error(*place.file, place.offset, message());
  } else {
    draft.diagnostics.warn(Warning::kHostBits, *place.file, place.offset, message);
  }
}

void read_entries(const SourceFile& file, Diagnostics& diagnostics, const VisitEntry& visit,
                  const VisitRest& visit_rest) {
  if (!check_encoding(file, diagnostics)) return;
  const std::string_view text = file.text;
  bool before_first_entry = true;
  std::uint32_t number = 1;
  for (std::size_t at = 0; at < text.size(); ++number) {
    const std::size_t end = text.find('\n', at);
    if (end == std::string_view::npos) {
      diagnostics.error(file, text.size(),
                        "the last line has no newline: it may be cut off, and a cut "
                        "'128.0.0.0/16' could read '128.0.0.0/1'");
      return;
    }
    const std::string_view line = text.substr(at, end - at);
    const auto scanned = scan_line(line);
    if (!scanned) {
      diagnostics.error(file, at + scanned.error().offset, scanned.error().message);
    } else if (*scanned) {
      visit(**scanned, number, line);
    } else if (visit_rest) {
      visit_rest(line, before_first_entry);
    }
    before_first_entry = before_first_entry && scanned && !*scanned;
    at = end + 1;
  }
}

void parse_list_into(const SourceFile& file, Draft& draft) {
  reserve(file, draft);
  const FileName name = file.name;
  read_entries(
      file, draft.diagnostics,
      [&](const Entry& entry, std::uint32_t line, std::string_view) {
        add_entry(entry, file, Origin{name, line}, draft);
      },
      [&](std::string_view line, bool before_first_entry) {
        read_header(file, line, before_first_entry, draft);
      });
}

}  // namespace apiguard
