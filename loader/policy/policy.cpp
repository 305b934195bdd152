// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/policy/policy.hpp"

#include <algorithm>
#include <tuple>

#include <fmt/format.h>

#include "loader/policy/order.hpp"
#include "loader/policy/sha256.hpp"
#include "loader/policy/text.hpp"

namespace apiguard {
namespace {

// Everything that tells one entry from another, in the order of a difference.
auto identity(const Range& range) {
  return std::tie(range.prefix, range.kind, range.until, range.name);
}

// The distinct entries of a policy.
std::vector<const Range*> entries(const Policy& policy) {
  std::vector<const Range*> out;
  out.reserve(policy.ranges.size());
  for (const Key& key : ordered(policy.ranges)) out.push_back(&policy.ranges[key.index]);
  const auto less = [](const Range* a, const Range* b) { return identity(*a) < identity(*b); };
  const auto equal = [](const Range* a, const Range* b) { return identity(*a) == identity(*b); };
  if (!std::is_sorted(out.begin(), out.end(), less)) std::stable_sort(out.begin(), out.end(), less);
  out.erase(std::unique(out.begin(), out.end(), equal), out.end());
  return out;
}

// Those of `left` that are not in `right`.
std::vector<Range> missing(const std::vector<const Range*>& left,
                           const std::vector<const Range*>& right) {
  std::vector<Range> out;
  auto other = right.begin();
  for (const Range* range : left) {
    while (other != right.end() && identity(**other) < identity(*range)) ++other;
    const bool found = other != right.end() && identity(**other) == identity(*range);
    if (!found) out.push_back(*range);
  }
  return out;
}

std::vector<std::string> endpoint_texts(const Policy& policy) {
  std::vector<std::string> out;
  for (const Endpoint& endpoint : policy.endpoints) out.push_back(to_string(endpoint));
  return out;
}

// Sorted, each once: the order in which interfaces and endpoints are written means nothing.
std::vector<std::string> as_set(std::vector<std::string> texts) {
  std::sort(texts.begin(), texts.end());
  texts.erase(std::unique(texts.begin(), texts.end()), texts.end());
  return texts;
}

std::string changed(std::string_view what, std::string_view before, std::string_view after) {
  return fmt::format("{}: {} -> {}", what, before, after);
}

std::string changed(std::string_view what, const std::vector<std::string>& before,
                    const std::vector<std::string>& after) {
  return changed(what, fmt::format("{}", fmt::join(before, ", ")),
                 fmt::format("{}", fmt::join(after, ", ")));
}

std::vector<std::string> changed_settings(const Policy& before, const Policy& after) {
  std::vector<std::string> out;
  if (before.mode != after.mode) {
    out.push_back(changed("mode", to_string(before.mode), to_string(after.mode)));
  }
  if (before.xdp_mode != after.xdp_mode) {
    out.push_back(changed("xdp_mode", to_string(before.xdp_mode), to_string(after.xdp_mode)));
  }
  if (as_set(before.interfaces) != as_set(after.interfaces)) {
    out.push_back(changed("interfaces", before.interfaces, after.interfaces));
  }
  if (as_set(endpoint_texts(before)) != as_set(endpoint_texts(after))) {
    out.push_back(changed("endpoints", endpoint_texts(before), endpoint_texts(after)));
  }
  return out;
}

}  // namespace

std::string_view to_string(Mode mode) {
  switch (mode) {
    case Mode::kOff:
      return "off";
    case Mode::kAudit:
      return "audit";
    case Mode::kEnforce:
      return "enforce";
  }
  return "enforce";
}

std::string_view to_string(XdpMode xdp_mode) {
  switch (xdp_mode) {
    case XdpMode::kAuto:
      return "auto";
    case XdpMode::kNative:
      return "native";
    case XdpMode::kGeneric:
      return "generic";
  }
  return "auto";
}

std::string_view to_string(Kind kind) {
  switch (kind) {
    case Kind::kAllow:
      return "allow";
    case Kind::kExcept:
      return "except";
    case Kind::kCluster:
      return "cluster";
  }
  return "allow";
}

std::optional<Mode> parse_mode(std::string_view text) {
  for (const Mode mode : {Mode::kEnforce, Mode::kAudit, Mode::kOff}) {
    if (text == to_string(mode)) return mode;
  }
  return std::nullopt;
}

std::vector<Range> effective_ranges(const std::vector<Range>& ranges) {
  const std::vector<Key> keys = ordered(ranges);
  std::vector<Range> out;
  out.reserve(keys.size());
  for (std::size_t at = 0; at < keys.size();) {
    const auto group = group_at(keys, at);
    out.push_back(ranges[decider(ranges, group).index]);
    at += group.size();
  }
  return out;
}

std::string fingerprint(const Policy& policy) {
  Sha256 digest;
  digest.add(fmt::format("mode {}\n", to_string(policy.mode)));
  for (const std::string& endpoint : as_set(endpoint_texts(policy))) {
    digest.add(fmt::format("endpoint {}\n", endpoint));
  }
  const std::vector<Key> keys = ordered(policy.ranges);
  for (std::size_t at = 0; at < keys.size();) {
    const auto group = group_at(keys, at);
    const Range& range = policy.ranges[decider(policy.ranges, group).index];
    digest.add(fmt::format("{} {} {}\n", to_string(range.kind), to_string(range.prefix),
                           range.until ? format_timestamp(*range.until) : "permanent"));
    at += group.size();
  }
  return digest.hex();
}

Difference difference(const Policy& before, const Policy& after) {
  const auto old_entries = entries(before);
  const auto new_entries = entries(after);
  return {missing(new_entries, old_entries), missing(old_entries, new_entries),
          changed_settings(before, after)};
}

}  // namespace apiguard
