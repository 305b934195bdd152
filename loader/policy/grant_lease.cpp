// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/policy/grant_lease.hpp"

#include <algorithm>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "loader/base/duration.hpp"
#include "loader/policy/text.hpp"

namespace apiguard {
namespace {

constexpr std::uint8_t kBarred6 = 64;

bool overlap(const Prefix& a, const Prefix& b) { return covers(a, b) || covers(b, a); }

bool lies_in(const std::vector<Prefix>& roofs, const Prefix& prefix) {
  return std::any_of(roofs.begin(), roofs.end(),
                     [&](const Prefix& roof) { return covers(roof, prefix); });
}

std::string listed(const std::vector<Prefix>& prefixes) {
  std::vector<std::string> texts;
  texts.reserve(prefixes.size());
  for (const Prefix& prefix : prefixes) texts.push_back(to_string(prefix));
  return texts.empty() ? "empty" : fmt::format("{}", fmt::join(texts, ", "));
}

std::string called(const std::string& name) {
  return name.empty() ? "without a name" : fmt::format("named '{}'", name);
}

std::string shown(const Bar& bar) {
  if (!bar.prefix) return fmt::format("'{}'", bar.name);
  return bar.name.empty() ? to_string(*bar.prefix)
                          : fmt::format("{} of '{}'", to_string(*bar.prefix), bar.name);
}

// ---- lease

class Granting {
 public:
  Granting(const Book& book, const LeaseLimits& limits, const LeaseOrder& order,
           const Moment& moment)
      : limits_(limits),
        order_(order),
        moment_(moment),
        term_(term_of(std::min(order.lasts, limits.longest), moment)) {
    granted_.book = book;
    prune(granted_.book, limits.longest, moment);
    for (const Lease& lease : granted_.book.leases) {
      if (!is_live(lease.term, moment)) continue;
      ++all_;
      if (lease.name == order.name) ++of_name_;
    }
  }

  Granted run() && {
    if (order_.lasts > limits_.longest) {
      granted_.notes.push_back(fmt::format("lease: --for {} is cut to {}: 'longest' of [leases]",
                                           format_duration(order_.lasts),
                                           format_duration(limits_.longest)));
    }
    granted_.answers.reserve(order_.prefixes.size());
    for (const Prefix& prefix : order_.prefixes) granted_.answers.push_back(answer(prefix));
    return std::move(granted_);
  }

 private:
  LeaseAnswer answer(const Prefix& prefix) {
    if (auto why = outside(prefix)) return refused(prefix, LeaseResult::kOutside, std::move(*why));
    if (auto why = barred(prefix)) return refused(prefix, LeaseResult::kBarred, std::move(*why));
    if (Lease* lease = find(prefix)) return renew(*lease);
    if (auto why = full()) return refused(prefix, LeaseResult::kFull, std::move(*why));
    return add(prefix);
  }

  LeaseAnswer refused(const Prefix& prefix, LeaseResult result, std::string why) const {
    return {prefix, order_.name, result, std::nullopt, std::move(why)};
  }

  [[nodiscard]] std::optional<std::string> outside(const Prefix& prefix) const {
    if (!lies_in(limits_.within, prefix))
      return fmt::format("outside of 'within' of [leases]: {}", listed(limits_.within));
    if (!order_.within.empty() && !lies_in(order_.within, prefix))
      return fmt::format("outside of --within: {}", listed(order_.within));
    return std::nullopt;
  }

  [[nodiscard]] std::optional<std::string> barred(const Prefix& prefix) const {
    for (const Bar& bar : granted_.book.bars) {
      if (!is_live(bar, moment_)) continue;
      const bool named = !bar.prefix && bar.name == order_.name;
      if (!named && !(bar.prefix && overlap(*bar.prefix, prefix))) continue;
      return fmt::format(
          "{} is barred until {} by {}: 'apiguard lease --unbar {}' lets it in again", shown(bar),
          format_timestamp(end_of(bar.term, moment_)), bar.by,
          bar.prefix ? to_string(*bar.prefix) : bar.name);
    }
    return std::nullopt;
  }

  [[nodiscard]] std::optional<std::string> full() const {
    if (!order_.members && of_name_ >= limits_.per_name) {
      return fmt::format("there are {} leases {}, and 'per_name' of [leases] is {}", of_name_,
                         called(order_.name), limits_.per_name);
    }
    if (all_ >= limits_.max)
      return fmt::format("there are {} leases, and 'max' of [leases] is {}", all_, limits_.max);
    return std::nullopt;
  }

  // One that ended and is still in the book counts for nothing.
  Lease* find(const Prefix& prefix) {
    const auto found = std::find_if(granted_.book.leases.begin(), granted_.book.leases.end(),
                                    [&](const Lease& lease) {
                                      return lease.prefix == prefix && lease.name == order_.name &&
                                             is_live(lease.term, moment_);
                                    });
    return found == granted_.book.leases.end() ? nullptr : &*found;
  }

  // Never shortened. Half of the longer of the two times is what has to be left.
  LeaseAnswer renew(Lease& lease) {
    const Timestamp end = end_of(lease.term, moment_);
    const Timestamp asked = end_of(term_, moment_);
    const std::chrono::nanoseconds whole = std::max(lease.term.duration, term_.duration);
    const std::chrono::nanoseconds left = end - moment_.now.wall;
    if (end >= asked || left > whole / 2)
      return {lease.prefix, lease.name, LeaseResult::kUnchanged, end, ""};
    lease.term = term_;
    lease.by = order_.by;
    lease.from_ssh = order_.from_ssh;
    granted_.changed = true;
    return {lease.prefix, lease.name, LeaseResult::kRenewed, asked, ""};
  }

  LeaseAnswer add(const Prefix& prefix) {
    auto& leases = granted_.book.leases;
    std::erase_if(leases, [&](const Lease& lease) {
      return lease.prefix == prefix && lease.name == order_.name;
    });
    leases.push_back({prefix, order_.name, order_.by, order_.from_ssh, term_});
    ++all_;
    ++of_name_;
    granted_.changed = true;
    return {prefix, order_.name, LeaseResult::kAdded, end_of(term_, moment_), ""};
  }

  const LeaseLimits& limits_;
  const LeaseOrder& order_;
  const Moment& moment_;
  Term term_;
  Granted granted_;
  std::size_t all_ = 0;
  std::size_t of_name_ = 0;
};

// ---- revoke

bool is_named(const Lease& lease, const Selector& selector, bool inside) {
  if (!selector.prefix) return lease.name == selector.name;
  if (covers(lease.prefix, *selector.prefix)) return true;
  return inside && covers(*selector.prefix, lease.prefix);
}

// An IPv6 host has the whole of its /64 to choose its next address from.
Prefix barred_by(const Prefix& prefix) {
  if (prefix.address.family == Family::kIpv4 || prefix.length <= kBarred6) return prefix;
  return prefix_around(prefix.address, kBarred6);
}

void add_bar(Book& book, Bar bar, const Moment& moment) {
  std::erase_if(book.bars, [&](const Bar& known) {
    return known.prefix == bar.prefix && known.name == bar.name &&
           end_of(known.term, moment) <= end_of(bar.term, moment);
  });
  book.bars.push_back(std::move(bar));
}

bool bars(const Bar& bar, const Selector& selector) {
  if (!selector.prefix) return bar.name == selector.name;
  return bar.prefix && overlap(*bar.prefix, *selector.prefix);
}

}  // namespace

std::string_view to_string(LeaseResult result) {
  switch (result) {
    case LeaseResult::kAdded:
      return "added";
    case LeaseResult::kRenewed:
      return "renewed";
    case LeaseResult::kUnchanged:
      return "unchanged";
    case LeaseResult::kBarred:
      return "barred";
    case LeaseResult::kOutside:
      return "outside";
    case LeaseResult::kFull:
      return "full";
  }
  return "";
}

std::string_view to_string(Refusal refusal) {
  switch (refusal) {
    case Refusal::kBarred:
      return "barred";
    case Refusal::kOutside:
      return "outside";
    case Refusal::kFull:
      return "full";
    case Refusal::kExcepted:
      return "excepted";
    case Refusal::kNested:
      return "nested";
    case Refusal::kCount:
      break;
  }
  return "";
}

std::optional<Refusal> refusal_of(const LeaseAnswer& answer) {
  if (answer.too_deep) return Refusal::kNested;
  if (answer.excepted) return Refusal::kExcepted;
  switch (answer.result) {
    case LeaseResult::kBarred:
      return Refusal::kBarred;
    case LeaseResult::kOutside:
      return Refusal::kOutside;
    case LeaseResult::kFull:
      return Refusal::kFull;
    default:
      return std::nullopt;
  }
}

Result<> check_order(const LeaseOrder& order, const LeaseLimits& limits) {
  if (!order.members || order.prefixes.size() <= limits.max) return {};
  return fail(Exit::kBadFile,
              fmt::format("lease: {} members of '{}', and 'max' of [leases] is {}: nothing was "
                          "changed",
                          order.prefixes.size(), order.name, limits.max));
}

Granted grant(const Book& book, const LeaseLimits& limits, const LeaseOrder& order,
              const Moment& moment) {
  return Granting(book, limits, order, moment).run();
}

TakenOut take_out_leases(const Book& book, const Selector& selector, bool inside,
                         std::chrono::nanoseconds longest, const std::string& by,
                         const Moment& moment) {
  TakenOut out{book, {}, {}};
  prune(out.book, longest, moment);
  const auto take = [&](const auto& asked) {
    std::erase_if(out.book.leases, [&](const Lease& lease) {
      const bool taken = asked(lease);
      if (taken) out.leases.push_back(lease);
      return taken;
    });
  };
  take([&](const Lease& lease) { return is_named(lease, selector, inside); });
  if (out.leases.empty()) return out;
  // What will be barred is not left in force until it ends.
  std::set<std::string> names;
  if (!selector.prefix) names.insert(selector.name);
  for (const Lease& lease : out.leases) {
    if (lease.from_ssh && !lease.name.empty()) names.insert(lease.name);
  }
  const std::optional<Prefix> around =
      selector.prefix ? std::optional(barred_by(*selector.prefix)) : std::nullopt;
  take([&](const Lease& lease) {
    return names.contains(lease.name) ||
           (around && covers(*around, lease.prefix) && around->address.family == Family::kIpv6);
  });
  const Term term = term_of(longest, moment);
  if (around) add_bar(out.book, {"", around, by, term}, moment);
  for (const std::string& name : names) add_bar(out.book, {name, std::nullopt, by, term}, moment);
  for (const Lease& lease : out.leases) {
    if (names.contains(lease.name))
      add_bar(out.book, {lease.name, barred_by(lease.prefix), by, term}, moment);
  }
  out.barred.assign(names.begin(), names.end());
  return out;
}

std::optional<Book> unbar(const Book& book, const Selector& selector, const Moment& moment) {
  Book after = book;
  const auto taken = std::erase_if(
      after.bars, [&](const Bar& bar) { return is_live(bar, moment) && bars(bar, selector); });
  return taken == 0 ? std::nullopt : std::optional(std::move(after));
}

std::vector<Bar> live_bars(const Book& book, const Moment& moment) {
  std::vector<Bar> live;
  std::copy_if(book.bars.begin(), book.bars.end(), std::back_inserter(live),
               [&](const Bar& bar) { return is_live(bar, moment); });
  return live;
}

std::vector<Lease> live_leases(const Book& book, const Moment& moment) {
  std::vector<Lease> live;
  std::copy_if(book.leases.begin(), book.leases.end(), std::back_inserter(live),
               [&](const Lease& lease) { return is_live(lease.term, moment); });
  return live;
}

}  // namespace apiguard
