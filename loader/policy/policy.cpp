// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/policy/policy.hpp"

#include <algorithm>
#include <compare>
#include <functional>
#include <map>
#include <mutex>
#include <set>
#include <tuple>
#include <utility>

#include <fmt/format.h>

#include "loader/policy/duration.hpp"
#include "loader/policy/order.hpp"
#include "loader/policy/sha256.hpp"
#include "loader/policy/text.hpp"

namespace apiguard {
namespace {

constexpr std::size_t kRecords = 65536;  // bytes that are digested at a time

// Everything that tells one entry from another, in the order of a difference.
std::strong_ordering compare(const Range& a, const Range& b) {
  if (const auto prefix = a.prefix <=> b.prefix; prefix != 0) return prefix;
  const auto order = std::tie(a.kind, a.until, a.name) <=> std::tie(b.kind, b.until, b.name);
  if (order != 0 || (a.remark.empty() && b.remark.empty())) return order;
  const auto review_a = a.remark.review();
  const auto review_b = b.remark.review();
  return std::tie(a.remark.why(), review_a) <=> std::tie(b.remark.why(), review_b);
}

// The distinct entries of a policy.
RangeRefs entries(const Policy& policy) {
  RangeRefs out;
  out.reserve(policy.ranges.size());
  for (const Range& range : policy.ranges) out.push_back(&range);
  const auto less = [](const Range* a, const Range* b) { return compare(*a, *b) < 0; };
  const auto equal = [](const Range* a, const Range* b) { return compare(*a, *b) == 0; };
  if (!std::is_sorted(out.begin(), out.end(), less)) std::stable_sort(out.begin(), out.end(), less);
  out.erase(std::unique(out.begin(), out.end(), equal), out.end());
  return out;
}

// One walk over both sides, each entry once.
void compare_entries(const RangeRefs& before, const RangeRefs& after, Difference& difference) {
  auto old = before.begin();
  auto now = after.begin();
  while (old != before.end() || now != after.end()) {
    const auto order = old == before.end()  ? std::strong_ordering::greater
                       : now == after.end() ? std::strong_ordering::less
                                            : compare(**old, **now);
    if (order > 0) difference.added.push_back(**now);
    if (order < 0) difference.removed.push_back(**old);
    if (order >= 0) ++now;
    if (order <= 0) ++old;
  }
}

bool is_ordered(const std::vector<Range>& ranges) {
  return std::is_sorted(ranges.begin(), ranges.end(),
                        [](const Range& a, const Range& b) { return a.prefix < b.prefix; });
}

void add_deciders(const Deciders& deciders, RangeRefs& out) {
  if (deciders.except != nullptr) out.push_back(deciders.except);
  if (const Range* allow = deciders.deciding_allow()) out.push_back(allow);
}

void add_big_endian(std::string& record, std::uint64_t value) {
  for (int shift = 56; shift >= 0; shift -= 8)
    record += static_cast<char>(static_cast<unsigned char>(value >> shift & 0xff));
}

// As the comment of fingerprint() says.
void add_record(const Range& range, std::string& records) {
  const Prefix& prefix = range.prefix;
  records += static_cast<char>(range.kind);
  records += static_cast<char>(prefix.address.family);
  records += static_cast<char>(prefix.length);
  records += static_cast<char>(range.until ? 1 : 0);
  const std::size_t bytes = prefix.address.family == Family::kIpv4 ? 4 : 16;
  records.append(reinterpret_cast<const char*>(prefix.address.bytes.data()), bytes);
  if (range.until) add_big_endian(records, static_cast<std::uint64_t>(*range.until));
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

std::vector<std::string> texts_of(const std::vector<Prefix>& prefixes) {
  std::vector<std::string> out;
  out.reserve(prefixes.size());
  for (const Prefix& prefix : prefixes) out.push_back(to_string(prefix));
  return out;
}

void add_changed_leases(const LeaseLimits& before, const LeaseLimits& after,
                        std::vector<std::string>& out) {
  const auto add_number = [&](std::string_view what, std::size_t from, std::size_t to) {
    if (from != to) out.push_back(changed(what, fmt::format("{}", from), fmt::format("{}", to)));
  };
  add_number("leases.max", before.max, after.max);
  add_number("leases.per_name", before.per_name, after.per_name);
  if (as_set(texts_of(before.within)) != as_set(texts_of(after.within)))
    out.push_back(changed("leases.within", texts_of(before.within), texts_of(after.within)));
  if (before.longest != after.longest) {
    out.push_back(
        changed("leases.longest", format_duration(before.longest), format_duration(after.longest)));
  }
}

void add_changed_lapses(const std::map<std::string, std::int64_t>& before,
                        const std::map<std::string, std::int64_t>& after,
                        std::vector<std::string>& out) {
  std::map<std::string, std::pair<std::int64_t, std::int64_t>> files;  // 0: none
  for (const auto& [file, lapse] : before) files[file].first = lapse;
  for (const auto& [file, lapse] : after) files[file].second = lapse;
  const auto shown = [](std::int64_t lapse) {
    return lapse == 0 ? "none" : format_duration(lapse);
  };
  for (const auto& [file, lapse] : files) {
    if (lapse.first == lapse.second) continue;
    out.push_back(changed("lapse of " + file, shown(lapse.first), shown(lapse.second)));
  }
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
  add_changed_leases(before.leases, after.leases, out);
  add_changed_lapses(before.lapses, after.lapses, out);
  return out;
}

// Of the deciding ranges those that are asked for.
template <typename Counts>
std::string digest_of(const Policy& policy, const Counts& counts) {
  Sha256 digest;
  digest.add(fmt::format("mode {}\n", to_string(policy.mode)));
  for (const std::string& endpoint : as_set(endpoint_texts(policy))) {
    digest.add(fmt::format("endpoint {}\n", endpoint));
  }
  std::string records;
  for (const Range* range : deciding_ranges(policy.ranges)) {
    if (!counts(*range)) continue;
    add_record(*range, records);
    if (records.size() < kRecords) continue;
    digest.add(records);
    records.clear();
  }
  digest.add(records);
  return digest.hex();
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

std::string to_string(const Origin& origin) {
  const std::string& file = origin.file.text();
  return origin.line == 0 ? file : fmt::format("{}:{}", file, origin.line);
}

const std::string FileName::kNone;

FileName::FileName(std::string_view name) {
  static std::mutex mutex;  // several texts may be parsed at once
  static std::set<std::string, std::less<>> names;
  const std::lock_guard lock(mutex);
  const auto known = names.find(name);
  name_ = known != names.end() ? &*known : &*names.emplace(name).first;
}

RangeRefs deciding_ranges(const std::vector<Range>& ranges) {
  RangeRefs out;
  out.reserve(ranges.size());
  if (!is_ordered(ranges)) {
    const std::vector<Key> keys = ordered(ranges);
    for (std::size_t at = 0; at < keys.size();) {
      const auto group = group_at(keys, at);
      add_deciders(deciders(ranges, group), out);
      at += group.size();
    }
    return out;
  }
  for (std::size_t at = 0; at < ranges.size();) {
    Deciders found;
    const Prefix& prefix = ranges[at].prefix;
    for (; at < ranges.size() && ranges[at].prefix == prefix; ++at) found.add(ranges[at]);
    add_deciders(found, out);
  }
  return out;
}

bool ends_later(const Range& a, const Range& b) {
  if (!a.until || !b.until) return !a.until && b.until;
  return *a.until > *b.until;
}

bool has_ended(const Range& range, Timestamp now) { return range.until && *range.until <= now; }

std::vector<Range> effective_ranges(const std::vector<Range>& ranges) {
  std::vector<Range> out;
  const RangeRefs deciding = deciding_ranges(ranges);
  out.reserve(deciding.size());
  for (const Range* range : deciding) out.push_back(*range);
  return out;
}

std::string fingerprint(const Policy& policy) {
  return digest_of(policy, [](const Range&) { return true; });
}

// Of one prefix an entry without end stands for all of its kind, and is among the deciding ones
// unless an except without end hides it: the others need not be taken out first.
std::string fingerprint_permanent(const Policy& policy) {
  return digest_of(policy, [](const Range& range) { return !range.until; });
}

Difference difference(const Policy& before, const Policy& after) {
  Difference difference;
  compare_entries(entries(before), entries(after), difference);
  difference.settings = changed_settings(before, after);
  return difference;
}

}  // namespace apiguard
