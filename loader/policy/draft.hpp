// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The policy while it is being read: the values so far, where each range stands, what is wrong.
// Each reader adds to it; only a draft without errors becomes a Policy.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "loader/policy/diagnostics.hpp"
#include "loader/policy/line.hpp"
#include "loader/policy/order.hpp"
#include "loader/policy/policy.hpp"
#include "loader/policy/text.hpp"

namespace apiguard {

// Where the CIDR of a range stands. Files are at most 256 MiB.
struct Place {
  const SourceFile* file = nullptr;
  std::uint32_t offset = 0;
};

struct Draft {
  ParseOptions options;
  Policy policy;
  // one for each of policy.ranges
  std::vector<Place> places;
  // offset of `mode` in the configuration file, if it is there
  std::optional<std::size_t> mode_at;
  Diagnostics diagnostics;

  void add(Range range, Place place) {
    policy.ranges.push_back(std::move(range));
    places.push_back(place);
  }
};

// Host bits are a warning, an error if strict.
void check_host_bits(const ParsedPrefix& parsed, std::string_view written, Place place,
                     Draft& draft);

// Every good line of a list file, its number and its text without the newline; what is wrong with
// the others goes to `diagnostics`. A file that is no text at all has no lines. `visit_rest` gets
// the lines without an entry, and whether they come before the first one.
using VisitEntry = std::function<void(const Entry& entry, std::uint32_t number, std::string_view)>;
using VisitRest = std::function<void(std::string_view line, bool before_first_entry)>;
void read_entries(const SourceFile& file, Diagnostics& diagnostics, const VisitEntry& visit,
                  const VisitRest& visit_rest = nullptr);

// A line without an entry. It may be a header: `#key value`.
void read_header(const SourceFile& file, std::string_view line, bool before_first_entry,
                 Draft& draft);

void parse_config_into(const SourceFile& file, Draft& draft);
void parse_list_into(const SourceFile& file, Draft& draft);

// Warns of what looks wrong in the ranges of an otherwise good draft. `keys`: ordered() of them.
void lint(Draft& draft, std::span<const Key> keys);

}  // namespace apiguard
