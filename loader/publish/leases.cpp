// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/publish/leases.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "loader/base/duration.hpp"
#include "loader/host/clock.hpp"
#include "loader/host/detached.hpp"
#include "loader/host/files.hpp"
#include "loader/policy/lookup.hpp"
#include "loader/policy/overlay.hpp"

namespace apiguard::publish {

Result<Request> request_book(const Host& host, const World& world, Book book) {
  Request request;
  if (world.in_force && world.in_force->stored && world.in_force->policy() != nullptr) {
    request.sources = world.in_force->stored->sources;
    request.policy = *world.in_force->policy();
    request.kind = Request::Kind::kLeases;
  } else {
    auto files = request_files(host, world, false);
    if (!files) return files;
    request = std::move(*files);
  }
  request.detached = read_detached(host.run_dir);
  request.book = std::move(book);
  return request;
}

namespace {

// Whether the lease of this prefix is one of those that did not fit.
bool is_dropped(const Fitted& fitted, const LeaseAnswer& answer) {
  return std::any_of(fitted.dropped.begin(), fitted.dropped.end(), [&](const Range& range) {
    return is_lease(range) && range.prefix == answer.prefix && range.name == answer.name;
  });
}

std::string describe_except(const Range& range) {
  const std::string end =
      range.until ? fmt::format(" until {}", format_timestamp(*range.until)) : std::string();
  return fmt::format("excepted by {}{}: only 'apiguard revoke {}' removes that",
                     to_string(range.prefix), end, to_string(range.prefix));
}

void refuse_excepted(const Range& except, LeaseAnswer& answer) {
  answer.excepted = true;
  answer.why = describe_except(except);
}

// A lease waits by an except of its own prefix: the one that a person wrote is named instead.
const Range* written(const std::vector<const Range*>& covering, Timestamp now) {
  const auto found = std::find_if(covering.rbegin(), covering.rend(), [&](const Range* range) {
    return range->kind == Kind::kExcept && !has_ended(*range, now);
  });
  return found == covering.rend() ? nullptr : *found;
}

std::vector<Prefix> prefixes_of(const std::vector<LeaseAnswer*>& answers) {
  std::vector<Prefix> prefixes;
  prefixes.reserve(answers.size());
  for (const LeaseAnswer* answer : answers) prefixes.push_back(answer->prefix);
  return prefixes;
}

// What was there before the answer; none: nothing, or it has ended.
const Lease* before(const World& world, const LeaseAnswer& answer) {
  const auto& leases = world.booked().leases;
  const auto found = std::find_if(leases.begin(), leases.end(), [&](const Lease& lease) {
    return lease.prefix == answer.prefix && lease.name == answer.name;
  });
  return found != leases.end() && is_live(found->term, moment_of(world)) ? &*found : nullptr;
}

void refuse_too_deep(const World& world, Book& book, LeaseAnswer& answer) {
  const Lease* old = before(world, answer);
  std::erase_if(book.leases, [&](const Lease& lease) {
    return lease.prefix == answer.prefix && lease.name == answer.name;
  });
  if (old != nullptr) book.leases.push_back(*old);
  answer.result = LeaseResult::kFull;
  answer.too_deep = true;
  answer.until.reset();
  if (old != nullptr) answer.until = end_of(old->term, moment_of(world));
  answer.why =
      fmt::format("it lies inside too many nested ranges that expire: see 'apiguard list'{}",
                  old != nullptr ? "; the lease stays as it was" : "");
}

}  // namespace

std::vector<LeaseAnswer*> pointers_to(std::vector<LeaseAnswer>& answers) {
  std::vector<LeaseAnswer*> pointers;
  pointers.reserve(answers.size());
  for (LeaseAnswer& answer : answers) pointers.push_back(&answer);
  return pointers;
}

void weigh(const World& world, const Policy& text, Book& book,
           const std::vector<LeaseAnswer*>& answers) {
  std::optional<Policy> own;
  Fitted fitted;
  const Policy& judged = policy_in_effect(world, text, book, own, &fitted);
  const Timestamp now = clocks(world).wall;
  const std::vector<Prefix> prefixes = prefixes_of(answers);
  const auto deciding = deciding_over(judged.ranges, prefixes, now);
  const auto covered = covering(text.ranges, prefixes);
  for (std::size_t i = 0; i < answers.size(); ++i) {
    LeaseAnswer& answer = *answers[i];
    if (!answer.why.empty()) continue;
    if (is_dropped(fitted, answer)) {
      refuse_too_deep(world, book, answer);
    } else if (admits(deciding[i])) {
      answer.in_force = true;
    } else if (const Range* except = written(covered[i], now)) {
      refuse_excepted(*except, answer);
    } else if (deciding[i] != nullptr) {
      refuse_excepted(*deciding[i], answer);
    } else {
      answer.why = "it is not listed";
    }
  }
}

Exit exit_of(const std::vector<LeaseAnswer>& answers, Mode mode) {
  const auto any = [&](const auto& asked) {
    return std::any_of(answers.begin(), answers.end(), asked);
  };
  if (any([](const LeaseAnswer& answer) { return answer.too_deep; })) return Exit::kBadFile;
  const bool all_done = !any([&](const LeaseAnswer& answer) {
    return answer.until ? !answer.in_force && mode != Mode::kOff : true;
  });
  return all_done ? Exit::kDone : Exit::kNo;
}

Result<LeaseLimits> limits_in_force(const Host& host, const World& world) {
  if (world.in_force && world.in_force->config) return world.in_force->config->leases;
  const auto sources = read_sources(host.config);
  if (!sources) return fail(sources.error());
  const auto config = parse_config(sources->config, {.lint = false});
  if (!config) return fail(config.error());
  return config->policy.leases;
}

// ---- revoke

namespace {

void show_taken(const std::vector<Lease>& leases, const Moment& moment, std::vector<Range>& to) {
  for (const Lease& lease : leases) {
    if (is_live(lease.term, moment)) to.push_back(range_of(lease, moment));
  }
}

// Lines that lapse go at once.
bool take_lapsing(const Selector& selector, const Moment& moment, Book& book,
                  std::vector<Range>& to) {
  const auto taken = std::erase_if(book.lapsing, [&](const Lapsing& one) {
    const bool named = selector.prefix ? one.prefix == *selector.prefix : one.name == selector.name;
    if (named && is_live(one.term, moment)) to.push_back(range_of(one, moment));
    return named;
  });
  return taken > 0;
}

// Which selectors name lines of the list, and what the others name in the book.
struct Sorted {
  std::vector<Selector> of_list;
  Book book;
  bool from_book = false;
  std::vector<Range> taken;
  std::vector<std::string> notes;
};

void add(std::vector<std::string>& to, const std::vector<std::string>& more) {
  to.insert(to.end(), more.begin(), more.end());
}

// With all that has to be typed before a lease is given again.
std::string describe_bars(const Selector& selector, const std::vector<std::string>& names,
                          std::chrono::nanoseconds longest) {
  std::vector<std::string> ends;
  if (selector.prefix) ends.push_back(to_string(*selector.prefix));
  ends.insert(ends.end(), names.begin(), names.end());
  for (std::string& end : ends) end = fmt::format("'apiguard lease --unbar {}'", end);
  const std::string named =
      selector.prefix ? to_string(*selector.prefix) : fmt::format("'{}'", selector.name);
  const std::string with_names = selector.prefix && !names.empty()
                                     ? fmt::format(", with the name '{}'", fmt::join(names, "', '"))
                                     : std::string();
  return fmt::format("lease {}: barred for {}{}: {} lift{} the bar", named,
                     format_duration(longest), with_names, fmt::join(ends, " and "),
                     ends.size() == 1 ? "s" : "");
}

Result<Sorted> sort(const World& world, const LeaseLimits& limits, const SourceFile& list,
                    const Elsewhere& elsewhere, const QueuedChange& change) {
  const Moment moment = moment_of(world);
  Sorted sorted;
  sorted.book = world.booked();
  const auto& revoke = std::get<RevokeChange>(change.what);
  for (const Selector& selector : revoke.selectors) {
    const auto edited =
        remove_ranges(list, {selector}, elsewhere.entries(), moment.now.wall, revoke.unmatched());
    if (!edited && edited.error().exit != Exit::kNo) return fail(edited.error());
    const bool in_list = edited && edited->changed;
    TakenOut taken =
        take_out_leases(sorted.book, selector, !in_list, limits.longest, change.by, moment);
    const bool leased = !taken.leases.empty();
    if (leased) sorted.book = std::move(taken.book);
    const bool lapsing = take_lapsing(selector, moment, sorted.book, sorted.taken);
    if (in_list) sorted.of_list.push_back(selector);
    if (!edited && !leased && !lapsing) return fail(edited.error());
    if (!in_list && !leased && !lapsing) add(sorted.notes, edited->notes);
    sorted.from_book = sorted.from_book || leased || lapsing;
    if (!edited && selector.prefix) {
      // Nothing of the list was removed: only a range around it is worth a note.
      const auto around =
          remove_ranges(list, {selector}, elsewhere.entries(), moment.now.wall, Unmatched::kNoted);
      if (!around) sorted.notes.push_back(around.error().message);
    }
    if (!leased) continue;
    show_taken(taken.leases, moment, sorted.taken);
    sorted.notes.push_back(describe_bars(selector, taken.barred, limits.longest));
  }
  return sorted;
}

}  // namespace

Result<Request> request_revoke(const Host& host, const World& world, bool strict,
                               const QueuedChange& change) {
  const auto limits = limits_in_force(host, world);
  if (!limits) return fail(limits.error());
  const auto list = read_list(host.config);
  if (!list) return fail(list.error());
  const auto sources = read_sources(host.config);
  if (!sources) return fail(sources.error());
  auto sorted = sort(world, *limits, *list, Elsewhere(*sources), change);
  if (!sorted) return fail(sorted.error());
  if (!sorted->from_book && sorted->of_list.empty()) {
    Request nothing;
    nothing.kind = Request::Kind::kNothing;
    nothing.notes = std::move(sorted->notes);
    return nothing;
  }
  const bool only_book = sorted->of_list.empty();
  auto request =
      only_book ? request_book(host, world, sorted->book)
                : request_edit(host, world, Which::kRanges, strict, [&](const Sources& before) {
                    return remove_ranges(before.ranges, sorted->of_list,
                                         Elsewhere(before).entries(), clocks(world).wall);
                  });
  if (!request) return request;
  // It takes clients out: that is asked about.
  if (request->kind == Request::Kind::kLeases) request->kind = Request::Kind::kBook;
  if (sorted->from_book) request->book = std::move(sorted->book);
  request->taken_out = std::move(sorted->taken);
  add(request->notes, sorted->notes);
  return request;
}

bool touches_book(const World& world, const Book& book, const QueuedChange& change) {
  const auto* revoke = std::get_if<RevokeChange>(&change.what);
  if (revoke == nullptr) return false;
  const Moment moment = moment_of(world);
  const bool known = world.in_force && world.in_force->config;
  const auto longest = known ? world.in_force->config->leases.longest : 1ns;
  return std::any_of(revoke->selectors.begin(), revoke->selectors.end(), [&](const auto& selector) {
    Book rest = book;
    std::vector<Range> taken;
    return take_lapsing(selector, moment, rest, taken) ||
           !take_out_leases(book, selector, true, longest, change.by, moment).leases.empty();
  });
}

}  // namespace apiguard::publish
