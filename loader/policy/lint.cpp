// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// What is legal and looks wrong: each finding says what, where, and what to do. One sort and one
// walk over the ranges; only the findings that are told become text.
#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "loader/policy/draft.hpp"

namespace apiguard {
namespace {

struct Finding {
  Warning kind = Warning::kCount;
  // the range it is about
  std::uint32_t index = 0;
  // the range it refers to
  std::uint32_t other = 0;
};

constexpr Prefix ipv4(std::uint8_t a, std::uint8_t b, std::uint8_t length) {
  return {{Family::kIpv4, {a, b}}, length};
}

// ---- single ranges -----------------------------------------------------------------------------

// A private range, and what is written when it was missed: lengths min..max, either inside `area`
// or, where that is the range itself, around it.
struct Neighbour {
  Prefix meant;
  Prefix area;
  std::uint8_t min_length = 0;
  std::uint8_t max_length = 0;
};

constexpr std::array<Neighbour, 5> kNeighbours{{
    {ipv4(10, 0, 8), ipv4(10, 0, 8), 5, 7},            // 10.0.0.0/7
    {ipv4(172, 16, 12), ipv4(172, 0, 8), 8, 16},       // 172.0.0.0/16, 172.32.0.0/16, 172.0.0.0/8
    {ipv4(192, 168, 16), ipv4(192, 168, 16), 8, 15},   // 192.0.0.0/8, 192.168.0.0/15
    {ipv4(192, 168, 16), ipv4(192, 186, 16), 16, 24},  // digits swapped
    {ipv4(100, 64, 10), ipv4(100, 64, 10), 8, 9},      // 100.0.0.0/8
}};

const Neighbour* missed_private_range(const Prefix& prefix) {
  for (const Neighbour& near : kNeighbours) {
    if (prefix.length < near.min_length || prefix.length > near.max_length) continue;
    const bool related = covers(near.area, prefix) || covers(prefix, near.area);
    if (related && !covers(near.meant, prefix)) return &near;
  }
  return nullptr;
}

// Why no packet from outside has such a source; "" if one may.
std::string_view why_nothing_matches(const Prefix& prefix) {
  static constexpr Address kLoopback6{Family::kIpv6,
                                      {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}};
  static constexpr Prefix kMulticast6{{Family::kIpv6, {0xff}}, 8};
  if (prefix == ipv4(0, 0, 32)) {
    return "it is not a usable address; AKS reads it as the cluster's own egress: here, put that "
           "under 'cluster'";
  }
  if (prefix == Prefix{{Family::kIpv6, {}}, 128})
    return "it is not a usable address; remove the entry";
  if (covers(ipv4(127, 0, 8), prefix) || prefix == Prefix{kLoopback6, 128}) {
    return "loopback never passes a guarded interface; remove the entry";
  }
  if (covers(ipv4(224, 0, 4), prefix) || covers(kMulticast6, prefix)) {
    return "a multicast address is never a source; remove the entry";
  }
  return "";
}

void check_alone(const std::vector<Range>& ranges, std::vector<Finding>& findings) {
  for (std::uint32_t i = 0; i < ranges.size(); ++i) {
    const Range& range = ranges[i];
    if (missed_private_range(range.prefix) != nullptr) {
      findings.push_back({Warning::kNearMiss, i, i});
    }
    if (range.kind == Kind::kExcept) continue;
    if (range.prefix.length == 0) findings.push_back({Warning::kEverything, i, i});
    if (!why_nothing_matches(range.prefix).empty()) {
      findings.push_back({Warning::kMatchesNothing, i, i});
    }
  }
}

// ---- ranges of one prefix ----------------------------------------------------------------------

std::uint32_t index_in(const std::vector<Range>& ranges, const Range* range) {
  return static_cast<std::uint32_t>(range - ranges.data());
}

// An allow is told of the except in front of it, once that outlasts it or it is the one that
// decides afterwards; all else of the deciders that it is like.
void check_group(const std::vector<Range>& ranges, std::span<const Key> group,
                 const Deciders& found, std::vector<Finding>& findings) {
  if (group.size() == 1) return;
  for (const Key& key : group) {
    const Range* range = &ranges[key.index];
    const bool excepts = range->kind == Kind::kExcept;
    const bool beaten = !excepts && found.except != nullptr &&
                        (range == found.allow || !ends_later(*range, *found.except));
    const Range* like = excepts ? found.except : found.allow;
    if (beaten) {
      findings.push_back({Warning::kAllowAndExcept, key.index, index_in(ranges, found.except)});
    } else if (range != like) {
      findings.push_back({Warning::kRepeatedRange, key.index, index_in(ranges, like)});
    }
  }
}

// ---- ranges inside ranges ----------------------------------------------------------------------

// 128-bit arithmetic, as much as is needed.
struct Number {
  std::uint64_t high = 0;
  std::uint64_t low = 0;

  friend bool operator==(const Number&, const Number&) = default;
};

Number first_of(const Key& key) { return {key.high, key.low}; }

Number last_of(const Key& key) {
  const auto ones = [](int from) { return from >= 64 ? 0 : ~std::uint64_t{0} >> from; };
  const int length = key.length;
  return {key.high | ones(length), key.low | (length > 64 ? ones(length - 64) : ~std::uint64_t{0})};
}

Number successor(Number number) {
  ++number.low;
  if (number.low == 0) ++number.high;
  return number;
}

// Walks the deciding ranges in order, holding those around the current one, and learns for each
// whether a wider one makes it redundant, and whether narrower ones leave it nothing to decide.
class Nesting {
 public:
  void enter(const Key& key);
  void leave_all();
  void report(std::vector<Finding>& findings) const;

 private:
  struct Node {
    Key key;
    // permanent, same kind, nothing of another kind between
    std::optional<std::uint32_t> cover;
    // narrower permanent ranges decide everything before it
    Number frontier;
    // ... and everything at all
    bool full = false;
  };

  static std::optional<std::uint32_t> cover_below(const Node& parent, Kind kind);
  void leave();

  std::vector<Node> open_;
  std::vector<Finding> covered_;
  std::vector<std::uint32_t> full_;
};

std::optional<std::uint32_t> Nesting::cover_below(const Node& parent, Kind kind) {
  if (parent.key.kind != kind) return std::nullopt;
  return parent.key.permanent ? parent.key.index : parent.cover;
}

void Nesting::enter(const Key& key) {
  while (!open_.empty() && !covers(open_.back().key, key)) leave();
  Node node{key, std::nullopt, first_of(key), false};
  if (!open_.empty()) node.cover = cover_below(open_.back(), key.kind);
  if (node.cover) covered_.push_back({Warning::kCovered, key.index, *node.cover});
  open_.push_back(node);
}

// Hands on to the parent what this range, or those inside it, decide for good.
void Nesting::leave() {
  const Node node = open_.back();
  open_.pop_back();
  if (node.full) full_.push_back(node.key.index);
  if (open_.empty()) return;
  Node& parent = open_.back();
  if (parent.full || parent.frontier != first_of(node.key)) return;
  if (!node.key.permanent && !node.full) {
    parent.frontier = node.frontier;
  } else if (last_of(node.key) == last_of(parent.key)) {
    parent.full = true;
  } else {
    parent.frontier = successor(last_of(node.key));
  }
}

void Nesting::leave_all() {
  while (!open_.empty()) leave();
}

// Of a range and the narrower ones that fill it, only the wide one is called needless: who followed
// both pieces of advice would lose them all.
void Nesting::report(std::vector<Finding>& findings) const {
  std::vector<std::uint32_t> full = full_;
  std::sort(full.begin(), full.end());
  for (const std::uint32_t index : full) findings.push_back({Warning::kNeverDecides, index, index});
  for (const Finding& finding : covered_) {
    if (!std::binary_search(full.begin(), full.end(), finding.other)) findings.push_back(finding);
  }
}

// ---- all of it ---------------------------------------------------------------------------------

// The key of the range that decides before all others of its prefix.
const Key& first_decider(const std::vector<Range>& ranges, std::span<const Key> group,
                         const Deciders& found) {
  const std::uint32_t first =
      index_in(ranges, found.except != nullptr ? found.except : found.allow);
  return *std::find_if(group.begin(), group.end(),
                       [first](const Key& key) { return key.index == first; });
}

std::vector<Finding> find_all(const std::vector<Range>& ranges, std::span<const Key> keys) {
  std::vector<Finding> findings;
  check_alone(ranges, findings);
  Nesting nesting;
  for (std::size_t at = 0; at < keys.size();) {
    const auto group = group_at(keys, at);
    const Deciders found = deciders(ranges, group);
    check_group(ranges, group, found, findings);
    nesting.enter(first_decider(ranges, group, found));
    at += group.size();
  }
  nesting.leave_all();
  nesting.report(findings);
  return findings;
}

std::string near_miss_text(const Range& range) {
  const Neighbour* near = missed_private_range(range.prefix);
  const bool around = covers(range.prefix, near->meant);
  return fmt::format("{} {} the private range {}: is that what you meant?", to_string(range.prefix),
                     around ? "is wider than" : "lies outside of", to_string(near->meant));
}

// What becomes of an allow when the except of its prefix ends.
std::string outcome_of(const Range& allow, const Range& except) {
  if (!except.until) return "wins; remove one of the two";
  const std::string end = format_timestamp(*except.until);
  if (!ends_later(allow, except)) {
    return fmt::format("wins until {}, and the allow has expired by then; remove one of the two",
                       end);
  }
  if (!allow.until) return fmt::format("wins until {}; from then on the allow decides", end);
  return fmt::format("wins until {}; from then on the allow decides until {}", end,
                     format_timestamp(*allow.until));
}

std::string text_of(const Finding& finding, const std::vector<Range>& ranges) {
  const Range& range = ranges[finding.index];
  const Range& other = ranges[finding.other];
  const std::string cidr = to_string(range.prefix);
  switch (finding.kind) {
    case Warning::kAllowAndExcept:
      return fmt::format("allow and except of {}: the except ({}) {}", cidr,
                         to_string(other.origin), outcome_of(range, other));
    case Warning::kRepeatedRange:
      return fmt::format("{} never decides here: {} has the same range; remove one of the two",
                         cidr, to_string(other.origin));
    case Warning::kNeverDecides:
      return fmt::format("{} never decides: narrower entries fill it; remove it or them", cidr);
    case Warning::kCovered:
      return fmt::format("{} is already covered by {} ({}); remove one of the two", cidr,
                         to_string(other.prefix), to_string(other.origin));
    case Warning::kNearMiss:
      return near_miss_text(range);
    case Warning::kEverything:
      return fmt::format("{} allows every {} address: only an 'except' drops one", cidr,
                         range.prefix.address.family == Family::kIpv4 ? "IPv4" : "IPv6");
    default:
      return fmt::format("{} matches nothing: {}", cidr, why_nothing_matches(range.prefix));
  }
}

}  // namespace

void lint(Draft& draft, std::span<const Key> keys) {
  std::vector<Finding> findings = find_all(draft.policy.ranges, keys);
  std::sort(findings.begin(), findings.end(),
            [](const Finding& a, const Finding& b) { return a.index < b.index; });
  for (const Finding& finding : findings) {
    const Place& place = draft.places[finding.index];
    draft.diagnostics.warn(finding.kind, *place.file, place.offset,
                           [&] { return text_of(finding, draft.policy.ranges); });
  }
}

}  // namespace apiguard
