// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/ledger/usage_log.hpp"

#include <algorithm>

namespace apiguard::ledger {
namespace {

bool is_admitting(const Range* range) { return range->kind != Kind::kExcept; }

Usage usage_of(const RangeHits& use, Timestamp clock) {
  return {use.connections, clock + use.first.time_since_epoch(),
          clock + use.last.time_since_epoch()};
}

// Whether the map that says `use` is the one (or a copy of it) that said `known`, when the clocks
// were `clock` apart: its first connection is the same to the nanosecond.
bool goes_on(const Usage& known, Timestamp clock, const RangeHits& use) {
  return known.connections > 0 && known.connections <= use.connections &&
         known.first - clock == use.first.time_since_epoch();
}

// Walks entries that stand by prefix, beside others that do.
template <typename T>
class Beside {
 public:
  explicit Beside(const std::vector<T>& entries) : at_(entries.begin()), end_(entries.end()) {}

  // Prefixes ascend from call to call. Null if there is no entry.
  const T* at(const Prefix& prefix) {
    while (at_ != end_ && at_->prefix < prefix) ++at_;
    return at_ != end_ && at_->prefix == prefix ? &*at_ : nullptr;
  }

 private:
  typename std::vector<T>::const_iterator at_;
  typename std::vector<T>::const_iterator end_;
};

// The same over ranges.
class Among {
 public:
  explicit Among(const RangeRefs& ranges) : at_(ranges.begin()), end_(ranges.end()) {}

  bool admits(const Prefix& prefix) {
    while (at_ != end_ && (*at_)->prefix < prefix) ++at_;
    for (auto same = at_; same != end_ && (*same)->prefix == prefix; ++same) {
      if (is_admitting(*same)) return true;
    }
    return false;
  }

 private:
  RangeRefs::const_iterator at_;
  RangeRefs::const_iterator end_;
};

std::vector<AddedRange> added_by(const RangeRefs& before, const RangeRefs& after, Timestamp at) {
  std::vector<AddedRange> added;
  Among known(before);
  for (const Range* range : after) {
    if (is_admitting(range) && !known.admits(range->prefix)) added.push_back({range->prefix, at});
  }
  return added;
}

// What is new wins: a range that was taken out and put in again begins anew.
void add(std::vector<AddedRange>& to, const std::vector<AddedRange>& more) {
  std::vector<AddedRange> all;
  all.reserve(to.size() + more.size());
  const auto by_prefix = [](const AddedRange& a, const AddedRange& b) {
    return a.prefix < b.prefix;
  };
  std::merge(more.begin(), more.end(), to.begin(), to.end(), std::back_inserter(all), by_prefix);
  const auto same = [](const AddedRange& a, const AddedRange& b) { return a.prefix == b.prefix; };
  all.erase(std::unique(all.begin(), all.end(), same), all.end());
  to = std::move(all);
}

}  // namespace

Usage operator+(const Usage& a, const Usage& b) {
  if (a.connections == 0) return b;
  if (b.connections == 0) return a;
  return {a.connections + b.connections, std::min(a.first, b.first), std::max(a.last, b.last)};
}

void fold(UsageLog& state, const std::string& boot, const Hits& uses, const Now& now) {
  const bool same_boot = state.boot == boot;
  const Timestamp clock = now.wall - now.boot.time_since_epoch();
  std::vector<RangeUsage> ranges;
  ranges.reserve(std::max(state.ranges.size(), uses.ranges.size()));
  auto use = uses.ranges.begin();
  const auto add_new = [&](const RangeHits& fresh) {
    ranges.push_back({fresh.prefix, {}, usage_of(fresh, clock)});
  };
  for (RangeUsage known : state.ranges) {
    while (use != uses.ranges.end() && use->prefix < known.prefix) add_new(*use++);
    const bool is_used = use != uses.ranges.end() && use->prefix == known.prefix;
    const bool continued = same_boot && is_used && goes_on(known.current, state.clock, *use);
    if (!continued) known.earlier = known.earlier + known.current;
    known.current = is_used ? usage_of(*use++, clock) : Usage{};
    ranges.push_back(known);
  }
  while (use != uses.ranges.end()) add_new(*use++);
  if (uses.missed.connections > 0) {
    const Timestamp last = clock + boot_time_of(uses.missed.last).time_since_epoch();
    state.missed = std::max(state.missed.value_or(last), last);
  }
  state.ranges = std::move(ranges);
  state.boot = boot;
  state.clock = clock;
}

const RangeUsage* find_usage(const UsageLog& state, const Prefix& prefix) {
  const auto found =
      std::lower_bound(state.ranges.begin(), state.ranges.end(), prefix,
                       [](const RangeUsage& range, const Prefix& to) { return range.prefix < to; });
  return found != state.ranges.end() && found->prefix == prefix ? &*found : nullptr;
}

void observe(UsageLog& state, const Observed& change, const RangeRefs& before,
             const RangeRefs& after, Timestamp at) {
  state.generation = change.generation;
  if (!change.judged) {
    state.observed.reset();
    state.added.clear();
    return;
  }
  if (change.gap || !state.observed) {
    state.observed = at;
    state.added.clear();
    return;
  }
  add(state.added, added_by(before, after, at));
  Among there(after);
  std::erase_if(state.added, [&](const AddedRange& range) { return !there.admits(range.prefix); });
}

void forget(UsageLog& state, const RangeRefs& ranges, Timestamp oldest) {
  Among there(ranges);
  std::erase_if(state.ranges, [&](const RangeUsage& range) {
    return !there.admits(range.prefix) && range.total().last < oldest;
  });
}

RangeRefs unused_since(const UsageLog& state, const RangeRefs& ranges, Timestamp since) {
  RangeRefs unused;
  if (!state.observed || *state.observed > since) return unused;
  Beside<AddedRange> added(state.added);
  Beside<RangeUsage> used(state.ranges);
  for (const Range* range : ranges) {
    const AddedRange* joined = added.at(range->prefix);
    const RangeUsage* seen = used.at(range->prefix);
    if (!is_admitting(range) || (joined != nullptr && joined->since > since)) continue;
    if (seen == nullptr || seen->total().connections == 0 || seen->total().last < since)
      unused.push_back(range);
  }
  return unused;
}

}  // namespace apiguard::ledger
