// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The files together -> Policy: what each reader found, and the rules that hold between files.
#include <algorithm>

#include <fmt/format.h>

#include "loader/policy/draft.hpp"
#include "loader/policy/order.hpp"

namespace apiguard {
namespace {

struct Clash {
  // indexes of ranges
  std::uint32_t except = 0;
  std::uint32_t cluster = 0;
};

// In order a range comes before all that lies inside it: the cluster range that may cover a key is
// the last one that lay inside no other.
std::vector<Clash> find_clashes(const std::vector<Range>& ranges, std::span<const Key> keys) {
  std::vector<Clash> clashes;
  std::optional<std::uint32_t> cluster;
  for (const Key& key : keys) {
    const Range& range = ranges[key.index];
    const bool inside = cluster && covers(ranges[*cluster].prefix, range.prefix);
    if (inside && range.kind == Kind::kExcept) clashes.push_back({key.index, *cluster});
    if (!inside && range.kind == Kind::kCluster) cluster = key.index;
  }
  return clashes;
}

// An except may not take out what `cluster` promises.
void check_cluster(Draft& draft, std::span<const Key> keys) {
  const auto& ranges = draft.policy.ranges;
  std::vector<Clash> clashes = find_clashes(ranges, keys);
  std::sort(clashes.begin(), clashes.end(),
            [](const Clash& a, const Clash& b) { return a.except < b.except; });
  for (const Clash& clash : clashes) {
    const Place& place = draft.places[clash.except];
    const Range& cluster = ranges[clash.cluster];
    draft.diagnostics.error(
        *place.file, place.offset,
        fmt::format("except of {} inside the cluster range {} ({}), which is always listed",
                    to_string(ranges[clash.except].prefix), to_string(cluster.prefix),
                    to_string(cluster.origin)));
  }
}

void check_empty(const SourceFile& config, Draft& draft) {
  if (draft.policy.mode == Mode::kOff) return;
  for (const Range& range : draft.policy.ranges) {
    if (range.kind != Kind::kExcept) return;
  }
  const std::string message = fmt::format(
      "mode '{}' with an empty list: no client would be listed; add a range ('apiguard allow "
      "CIDR') or turn the filter off ('apiguard mode off')",
      to_string(draft.policy.mode));
  if (draft.mode_at) {
    draft.diagnostics.error(config, *draft.mode_at, message);
  } else {
    draft.diagnostics.error(config, message);
  }
}

// By prefix, so that nobody has to sort them again.
void arrange(std::vector<Range>& ranges, std::span<const Key> keys) {
  std::vector<Range> arranged;
  arranged.reserve(keys.size());
  for (const Key& key : keys) arranged.push_back(std::move(ranges[key.index]));
  ranges = std::move(arranged);
}

// The checks between ranges are told where they are written, and so come before the ranges move.
Result<Parsed> finish(Draft& draft, const SourceFile* config = nullptr) {
  if (draft.diagnostics.failed()) return fail(draft.diagnostics.to_error());
  const std::vector<Key> keys = ordered(draft.policy.ranges);
  if (config != nullptr) {
    check_cluster(draft, keys);
    check_empty(*config, draft);
    if (draft.diagnostics.failed()) return fail(draft.diagnostics.to_error());
  }
  if (draft.options.lint) lint(draft, keys);
  if (!std::is_sorted(keys.begin(), keys.end(),
                      [](const Key& a, const Key& b) { return a.index < b.index; })) {
    arrange(draft.policy.ranges, keys);
  }
  return Parsed{std::move(draft.policy), draft.diagnostics.warnings()};
}

}  // namespace

Result<Parsed> parse_config(const SourceFile& file, const ParseOptions& options) {
  Draft draft;
  draft.options = options;
  parse_config_into(file, draft);
  return finish(draft);
}

Result<Parsed> parse_ranges(const SourceFile& file, const ParseOptions& options) {
  Draft draft;
  draft.options = options;
  parse_list_into(file, draft);
  return finish(draft);
}

Result<Parsed> parse_policy(const Sources& sources, const ParseOptions& options) {
  Draft draft;
  draft.options = options;
  parse_config_into(sources.config, draft);
  parse_list_into(sources.ranges, draft);
  for (const SourceFile& file : sources.drop_ins) parse_list_into(file, draft);
  auto parsed = finish(draft, &sources.config);
  if (parsed && options.lint)
    parsed->warnings.insert(parsed->warnings.end(), sources.warnings.begin(),
                            sources.warnings.end());
  return parsed;
}

}  // namespace apiguard
