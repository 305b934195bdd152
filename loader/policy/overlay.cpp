// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/policy/overlay.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "loader/policy/lapse.hpp"
#include "loader/policy/lookup.hpp"
#include "loader/policy/order.hpp"
#include "loader/policy/text.hpp"

namespace apiguard {
namespace {

// No name of a file that is read: those of drop-ins end in ".list".
constexpr std::string_view kLeases = "leases";
constexpr std::string_view kLapsing = " (lapsing)";

constexpr Timestamp kNever = Timestamp::min();
constexpr Timestamp kForEver = Timestamp::max();

bool is_before(const Range& a, const Range& b) { return a.prefix < b.prefix; }

Timestamp end_of(const Range* range) {
  if (range == nullptr) return kNever;
  return range->until.value_or(kForEver);
}

// ---- lapsing lines

bool has_replacement(const std::vector<const Range*>& covering, const Lapsing& lapsing) {
  return std::any_of(covering.begin(), covering.end(),
                     [&](const Range* line) { return replaces(*line, lapsing); });
}

bool is_in_cluster(const std::vector<const Range*>& covering) {
  return std::any_of(covering.begin(), covering.end(),
                     [](const Range* line) { return line->kind == Kind::kCluster; });
}

std::vector<Range> lapsing_ranges(const Policy& text, const Book& book, const Moment& moment) {
  std::vector<const Lapsing*> live;
  std::vector<Prefix> prefixes;
  for (const Lapsing& one : book.lapsing) {
    if (!is_live(one.term, moment)) continue;
    live.push_back(&one);
    prefixes.push_back(one.prefix);
  }
  const auto covered = covering(text.ranges, prefixes);
  std::vector<Range> out;
  for (std::size_t i = 0; i < live.size(); ++i) {
    const Lapsing& one = *live[i];
    if (has_replacement(covered[i], one)) continue;
    if (one.kind == Kind::kExcept && is_in_cluster(covered[i])) continue;
    out.push_back(range_of(one, moment));
  }
  std::stable_sort(out.begin(), out.end(), is_before);
  return out;
}

// ---- what the list without leases says of a prefix as time goes on

enum class Answer : std::uint8_t { kUnlisted, kListed, kExcepted };

class Outlook {
 public:
  // `covering`: what covers the whole prefix, widest first.
  explicit Outlook(const std::vector<const Range*>& covering) {
    for (const Range* range : covering) {
      if (groups_.empty() || groups_.back().prefix != range->prefix)
        groups_.push_back({range->prefix, {}});
      groups_.back().deciders.add(*range);
    }
  }

  struct Span {
    Answer answer = Answer::kUnlisted;
    Timestamp until = kForEver;
  };
  // The answer at a time, and how long the range stands that gives it.
  [[nodiscard]] Span at(Timestamp time) const {
    for (std::size_t i = groups_.size(); i-- > 0;) {
      const Range* range = groups_[i].deciders.at(time);
      if (range == nullptr) continue;
      return {admits(range) ? Answer::kListed : Answer::kExcepted, end_of(range)};
    }
    return {};
  }

  // Of the time from `time` on in which the answer is the one asked for. `time` if it is another.
  [[nodiscard]] Timestamp end_of_excepted(Timestamp time) const {
    return walk(time, [](Answer answer) { return answer == Answer::kExcepted; });
  }
  [[nodiscard]] Timestamp end_of_not_excepted(Timestamp time) const {
    return walk(time, [](Answer answer) { return answer != Answer::kExcepted; });
  }

  // Whether an allow of that very prefix never ends.
  [[nodiscard]] bool lists_for_ever(const Prefix& prefix, Timestamp time) const {
    const Span span = at(time);
    return span.answer == Answer::kListed && span.until == kForEver && !groups_.empty() &&
           groups_.back().prefix == prefix && groups_.back().deciders.at(time) != nullptr;
  }
  // Until when an except of that very prefix stands; kNever: there is none.
  [[nodiscard]] Timestamp own_except(const Prefix& prefix) const {
    if (groups_.empty() || groups_.back().prefix != prefix) return kNever;
    return end_of(groups_.back().deciders.except);
  }

 private:
  struct Group {
    Prefix prefix;
    Deciders deciders;
  };

  template <typename Asked>
  [[nodiscard]] Timestamp walk(Timestamp time, const Asked& asked) const {
    while (time != kForEver) {
      const Span span = at(time);
      if (!asked(span.answer)) return time;
      time = span.until;
    }
    return time;
  }

  std::vector<Group> groups_;
};

// ---- leases

class LeaseRanges {
 public:
  LeaseRanges(const Policy& text, const Moment& moment, Overlay& overlay)
      : text_(text), moment_(moment), overlay_(overlay) {}

  // `without`: the list without leases.
  void add(const std::vector<Lease>& leases, const std::vector<Range>& without);

 private:
  [[nodiscard]] bool is_within(const Prefix& prefix) const;
  void add(const Lease& lease, const Outlook& outlook);
  void leave_out(const Lease& lease, std::string_view why);

  const Policy& text_;
  const Moment& moment_;
  Overlay& overlay_;
};

void LeaseRanges::add(const std::vector<Lease>& leases, const std::vector<Range>& without) {
  std::vector<const Lease*> live;
  std::vector<Prefix> prefixes;
  for (const Lease& lease : leases) {
    if (!is_live(lease.term, moment_)) continue;
    if (!is_within(lease.prefix)) {
      leave_out(lease, "it is outside 'within' of [leases]");
      continue;
    }
    live.push_back(&lease);
    prefixes.push_back(lease.prefix);
  }
  const auto covered = covering(without, prefixes);
  for (std::size_t i = 0; i < live.size(); ++i) add(*live[i], Outlook(covered[i]));
}

bool LeaseRanges::is_within(const Prefix& prefix) const {
  return std::any_of(text_.leases.within.begin(), text_.leases.within.end(),
                     [&](const Prefix& roof) { return covers(roof, prefix); });
}

// The allow cannot begin anew: two ends are all that a prefix has. So it ends where the list says
// excepted once more.
void LeaseRanges::add(const Lease& lease, const Outlook& outlook) {
  const Timestamp now = moment_.now.wall;
  if (outlook.lists_for_ever(lease.prefix, now)) return;
  const Timestamp except_until = outlook.end_of_excepted(now);
  const Timestamp end = apiguard::end_of(lease.term, moment_);
  if (except_until >= end) return leave_out(lease, "an except covers it until it expires");
  const Timestamp allow_until = std::min(end, outlook.end_of_not_excepted(except_until));
  const Origin origin{kLeases, 0};
  if (except_until > now && except_until != outlook.own_except(lease.prefix))
    overlay_.ranges.push_back({lease.prefix, Kind::kExcept, "", except_until, origin});
  overlay_.ranges.push_back({lease.prefix, Kind::kAllow, lease.name, allow_until, origin});
}

void LeaseRanges::leave_out(const Lease& lease, std::string_view why) {
  overlay_.left_out.push_back(
      fmt::format("lease '{}' of '{}': not listed: {}", to_string(lease.prefix), lease.name, why));
}

}  // namespace

Range range_of(const Lapsing& lapsing, const Moment& moment) {
  const Origin origin{fmt::format("{}{}", lapsing.file, kLapsing), 0};
  return {lapsing.prefix, lapsing.kind, lapsing.name, apiguard::end_of(lapsing.term, moment),
          origin};
}

Range range_of(const Lease& lease, const Moment& moment) {
  return {lease.prefix, Kind::kAllow, lease.name, apiguard::end_of(lease.term, moment),
          Origin{kLeases, 0}};
}

Overlay overlay(const Policy& text, const Book& book, const Moment& moment) {
  Overlay overlay;
  overlay.ranges = lapsing_ranges(text, book, moment);
  if (book.leases.empty()) return overlay;
  LeaseRanges leases(text, moment, overlay);
  if (overlay.ranges.empty()) {
    leases.add(book.leases, text.ranges);
  } else {
    leases.add(book.leases, with_ranges(text, overlay.ranges).ranges);
  }
  std::stable_sort(overlay.ranges.begin(), overlay.ranges.end(), is_before);
  return overlay;
}

Policy with_ranges(Policy text, std::vector<Range> ranges) {
  const auto middle = static_cast<std::ptrdiff_t>(text.ranges.size());
  text.ranges.insert(text.ranges.end(), std::make_move_iterator(ranges.begin()),
                     std::make_move_iterator(ranges.end()));
  const auto begin = text.ranges.begin();
  if (!std::is_sorted(begin, begin + middle, is_before))
    std::stable_sort(begin, begin + middle, is_before);
  if (middle > 0 && !ranges.empty())
    std::inplace_merge(begin, begin + middle, text.ranges.end(), is_before);
  return text;
}

Policy with_book(Policy text, const Book& book, const Moment& moment) {
  Overlay added = overlay(text, book, moment);
  return with_ranges(std::move(text), std::move(added.ranges));
}

bool is_lease(const Range& range) {
  return range.origin.line == 0 && range.origin.file.text() == kLeases;
}

bool is_lapsing(const Range& range) {
  return range.origin.line == 0 && range.origin.file.text().ends_with(kLapsing);
}

std::string origin_of(const Range& range) {
  std::string origin = to_string(range.origin);
  if (is_lapsing(range)) origin.resize(origin.size() - kLapsing.size());
  return origin;
}

}  // namespace apiguard
