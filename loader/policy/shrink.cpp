// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/policy/shrink.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <span>
#include <string_view>

#include <fmt/format.h>

#include "loader/policy/lookup.hpp"
#include "loader/policy/order.hpp"

namespace apiguard {
namespace {

constexpr std::size_t kFewest = 10;  // lines; of fewer than that half is soon gone
constexpr std::size_t kNamed = 3;    // lines in the message

// An address as a number: of IPv4 32 bits, of IPv6 all.
__extension__ using Number = unsigned __int128;

// Both ends belong to it.
struct Interval {
  Number first = 0;
  Number last = 0;
};

Number number_of(const Key& key) {
  if (key.family == Family::kIpv4) return key.high >> 32;
  return Number{key.high} << 64 | key.low;
}

Interval interval_of(const Key& key) {
  const int host_bits = max_length(key.family) - key.length;
  const Number first = number_of(key);
  const Number hosts = host_bits == 0 ? 0 : ~Number{0} >> (128 - host_bits);
  return {first, first | hosts};
}

// All of IPv6 are one more than there are numbers. Told one less, they are still more than twice
// what is less than half of them.
void add_up(Number& sum, const Interval& interval) {
  const Number size = interval.last - interval.first + 1;
  const Number total = sum + size;
  sum = size == 0 || total < sum ? ~Number{0} : total;
}

// Intervals in order, none of which touches the next.
class Intervals {
 public:
  // No earlier than the last one.
  void append(const Interval& interval) {
    const bool joins =
        !all_.empty() && (all_.back().last == ~Number{0} || interval.first <= all_.back().last + 1);
    if (!joins) return all_.push_back(interval);
    all_.back().last = std::max(all_.back().last, interval.last);
  }

  [[nodiscard]] bool hold(const Interval& interval) const {
    auto next = std::upper_bound(
        all_.begin(), all_.end(), interval,
        [](const Interval& one, const Interval& other) { return one.first < other.first; });
    return next != all_.begin() && std::prev(next)->last >= interval.last;
  }

  [[nodiscard]] const std::vector<Interval>& all() const { return all_; }

 private:
  std::vector<Interval> all_;
};

// Both of them.
Intervals united(const Intervals& a, const Intervals& b) {
  std::vector<Interval> all;
  all.reserve(a.all().size() + b.all().size());
  std::merge(a.all().begin(), a.all().end(), b.all().begin(), b.all().end(),
             std::back_inserter(all),
             [](const Interval& one, const Interval& other) { return one.first < other.first; });
  Intervals out;
  for (const Interval& interval : all) out.append(interval);
  return out;
}

// How many addresses are listed in both, and how many in the first alone.
struct Split {
  Number kept = 0;
  Number gone = 0;
};
Split split(const Intervals& listed, const Intervals& kept) {
  Number total = 0;
  for (const Interval& interval : listed.all()) add_up(total, interval);
  Split out;
  auto one = listed.all().begin();
  auto other = kept.all().begin();
  while (one != listed.all().end() && other != kept.all().end()) {
    const Interval common{std::max(one->first, other->first), std::min(one->last, other->last)};
    if (common.first <= common.last) add_up(out.kept, common);
    if (one->last < other->last) {
      ++one;
    } else {
      ++other;
    }
  }
  out.gone = total - out.kept;
  return out;
}

// What the new text admits, of one family: the longest prefix decides.
class Admitted {
 public:
  Admitted(const std::vector<Range>& ranges, std::span<const Key> keys, Timestamp now) {
    for (std::size_t at = 0; at < keys.size();) {
      const auto group = group_at(keys, at);
      if (const Range* range = deciders(ranges, group).at(now))
        enter(interval_of(group.front()), admits(range));
      at += group.size();
    }
    while (!open_.empty()) leave();
  }

  [[nodiscard]] const Intervals& intervals() const { return intervals_; }

 private:
  struct Open {
    Interval interval;
    bool admits = false;
  };

  void enter(const Interval& interval, bool admits) {
    while (!open_.empty() && open_.back().interval.last < interval.first) leave();
    if (!open_.empty() && open_.back().admits && begin_ < interval.first)
      intervals_.append({begin_, interval.first - 1});
    begin_ = interval.first;
    open_.push_back({interval, admits});
  }

  void leave() {
    const Open innermost = open_.back();
    open_.pop_back();
    if (begin_ > innermost.interval.last || ended_) return;
    if (innermost.admits) intervals_.append({begin_, innermost.interval.last});
    begin_ = innermost.interval.last + 1;
    ended_ = begin_ == 0;  // behind the last address there is
  }

  Intervals intervals_;
  // around the place that the walk has come to, widest first
  std::vector<Open> open_;
  // of what the innermost decides and is not told yet
  Number begin_ = 0;
  bool ended_ = false;
};

// The new text, family by family.
class After {
 public:
  After(const Policy& policy, Timestamp now)
      : ranges_(policy.ranges), now_(now), keys_(ordered(policy.ranges)) {}

  // A live allow of the prefix.
  [[nodiscard]] bool lists(const Key& line) const {
    Key sought = line;
    sought.index = 0;
    auto key = std::lower_bound(keys_.begin(), keys_.end(), sought, apiguard::before);
    for (; key != keys_.end() && key->same_prefix(line); ++key) {
      const Range& range = ranges_[key->index];
      if (range.kind != Kind::kExcept && !has_ended(range, now_)) return true;
    }
    return false;
  }

  [[nodiscard]] const Intervals& admitted(Family family) {
    auto& known = admitted_[family == Family::kIpv4 ? 0 : 1];
    if (!known) known.emplace(ranges_, of(family), now_);
    return known->intervals();
  }

 private:
  [[nodiscard]] std::span<const Key> of(Family family) const {
    const auto border = std::partition_point(
        keys_.begin(), keys_.end(), [](const Key& key) { return key.family == Family::kIpv4; });
    if (family == Family::kIpv4) return {keys_.begin(), border};
    return {border, keys_.end()};
  }

  const std::vector<Range>& ranges_;
  Timestamp now_;
  std::vector<Key> keys_;
  std::array<std::optional<Admitted>, 2> admitted_;
};

std::string addresses_text(Family family, Split split) {
  if (family == Family::kIpv4) {
    const auto gone = static_cast<std::uint64_t>(split.gone);
    return fmt::format("{} of {} addresses", gone, gone + static_cast<std::uint64_t>(split.kept));
  }
  const Number all = split.kept == 0 ? 100 : 99;
  const Number most = ~Number{0} / 256;  // a hundred times as much is still a number
  while (split.gone > most || split.kept > most) {
    split.gone >>= 8;
    split.kept >>= 8;
  }
  const Number percent = split.gone * 100 / std::max<Number>(split.gone + split.kept, 1);
  return fmt::format("{} % of the addresses", static_cast<unsigned>(std::min(percent, all)));
}

// The lines of one file and family, by prefix.
std::optional<Shrunk> shrunk_of(const std::vector<Range>& ranges, const std::vector<Key>& lines,
                                After& after) {
  if (lines.size() < kFewest) return std::nullopt;
  const Range& first = ranges[lines.front().index];
  Shrunk shrunk{first.origin.file.text(), first.prefix.address.family, lines.size(), 0, "", {}};
  const Intervals& admitted = after.admitted(shrunk.family);
  Intervals listed;
  Intervals standing;
  for (const Key& line : lines) {
    const Interval interval = interval_of(line);
    listed.append(interval);
    if (after.lists(line)) {
      standing.append(interval);
    } else if (!admitted.hold(interval)) {
      if (shrunk.prefix.size() < kNamed) shrunk.prefix.push_back(ranges[line.index].prefix);
      ++shrunk.gone;
    }
  }
  const Split addresses = split(listed, united(standing, admitted));
  if (shrunk.gone <= shrunk.entries - shrunk.gone && addresses.gone <= addresses.kept)
    return std::nullopt;
  shrunk.addresses = addresses_text(shrunk.family, addresses);
  return shrunk;
}

using Lines = std::array<std::vector<Key>, 2>;  // IPv4, IPv6

// Live allows of the files that are asked about.
std::map<std::string_view, Lines> lines_of(const Policy& policy, const std::set<std::string>& files,
                                           Timestamp now) {
  std::map<std::string_view, Lines> out;
  for (const std::string& file : files) out[file];
  const std::string* last = nullptr;  // names of files live as long as the process
  Lines* of_last = nullptr;
  for (const Key& key : ordered(policy.ranges)) {
    const Range& range = policy.ranges[key.index];
    if (range.kind != Kind::kAllow || has_ended(range, now)) continue;
    const std::string& file = range.origin.file.text();
    if (last != &file) {
      const auto found = out.find(file);
      of_last = found == out.end() ? nullptr : &found->second;
      last = &file;
    }
    if (of_last != nullptr) (*of_last)[key.family == Family::kIpv4 ? 0 : 1].push_back(key);
  }
  return out;
}

std::string describe(const Shrunk& shrunk) {
  std::vector<std::string> named;
  for (const Prefix& prefix : shrunk.prefix) named.push_back(to_string(prefix));
  const std::size_t more = shrunk.gone - shrunk.prefix.size();
  return fmt::format("\n    {}: {} of {} IPv{} entries, {}{}{}{}", shrunk.file, shrunk.gone,
                     shrunk.entries, shrunk.family == Family::kIpv4 ? 4 : 6, shrunk.addresses,
                     named.empty() ? "" : ": ", fmt::join(named, ", "),
                     more == 0 ? "" : fmt::format(" and {} more", more));
}

}  // namespace

std::vector<Shrunk> find_shrunk(const Policy& before, const Policy& after,
                                const std::set<std::string>& files, Timestamp now) {
  std::set<std::string> asked = files;
  std::erase_if(asked, [&](const std::string& file) {
    return before.lapses.contains(file) || after.lapses.contains(file);
  });
  std::vector<Shrunk> out;
  if (asked.empty()) return out;
  std::optional<After> next;
  for (const auto& [file, families] : lines_of(before, asked, now)) {
    for (const auto& lines : families) {
      if (lines.size() < kFewest) continue;
      if (!next) next.emplace(after, now);
      if (auto shrunk = shrunk_of(before.ranges, lines, *next)) out.push_back(std::move(*shrunk));
    }
  }
  return out;
}

std::string describe(const std::vector<Shrunk>& shrunk) {
  std::string text = "more than half of a list would be removed:";
  for (const Shrunk& one : shrunk) text += describe(one);
  const bool drop_in = std::any_of(shrunk.begin(), shrunk.end(), [](const Shrunk& one) {
    return one.file.find('/') != std::string::npos;
  });
  text += "\n  if the file is incomplete, complete it and apply it again";
  if (drop_in) {
    text +=
        "; a header '#lapse 24h' in a drop-in lets removed lines expire later, without a question";
  }
  return text;
}

}  // namespace apiguard
