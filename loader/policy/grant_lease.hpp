// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// What tools and people do to the leases and bars of a book. Pure; the book that comes back is to
// be written and published.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "loader/base/result.hpp"
#include "loader/policy/book.hpp"
#include "loader/policy/edit.hpp"
#include "loader/policy/policy.hpp"

namespace apiguard {

// `lease`: keep these listed.
struct LeaseOrder {
  // a /32, a /128 or a wider IPv6 prefix each; no two are the same
  std::vector<Prefix> prefixes;
  // empty: none, which is a name like any other for `per_name`
  std::string name;
  // more than 0; cut to `longest`
  std::chrono::nanoseconds lasts{};
  // narrows the roof; empty: does not
  std::vector<Prefix> within;
  bool from_ssh = false;
  // they are all that bear the name now: `per_name` does not hold
  bool members = false;
  std::string by;
};

enum class LeaseResult : std::uint8_t {
  kAdded,
  kRenewed,
  // more than half of its time is left
  kUnchanged,
  // a person took it out
  kBarred,
  // of the roof
  kOutside,
  // `max` or `per_name` are reached
  kFull
};
[[nodiscard]] std::string_view to_string(LeaseResult result);

// Why an address that somebody asked for is not listed.
enum class Refusal : std::uint8_t {
  kBarred,
  kOutside,
  kFull,
  // by a person: the lease waits for the end of that
  kExcepted,
  // too deeply
  kNested,
  kCount
};
[[nodiscard]] std::string_view to_string(Refusal refusal);

struct LeaseAnswer {
  Prefix prefix;
  std::string name;
  LeaseResult result = LeaseResult::kAdded;
  // by the wall clock of the moment; none: there is no lease
  std::optional<Timestamp> until;
  // there is none, or it is not in force; empty: it is
  std::string why;
  // whoever publishes the book says so
  bool in_force = false;
  // it is in the book, and a person excepts it
  bool excepted = false;
  // refused because of the ends around it (compile/fit_book.hpp)
  bool too_deep = false;
};

// None: it is in force, or nothing is.
[[nodiscard]] std::optional<Refusal> refusal_of(const LeaseAnswer& answer);

struct Granted {
  Book book;
  // one for each prefix, in their order
  std::vector<LeaseAnswer> answers;
  bool changed = false;
  std::vector<std::string> notes;
};

// Exit::kBadFile: more members than `max`; nothing is to be changed.
[[nodiscard]] Result<> check_order(const LeaseOrder& order, const LeaseLimits& limits);

// A lease is known by its prefix and its name: two sources may keep the same address, and each
// lets go of its own. What has been ended for longer than `longest` goes.
[[nodiscard]] Granted grant(const Book& book, const LeaseLimits& limits, const LeaseOrder& order,
                            const Moment& moment);

// `revoke`: which leases a selector names. A name all that bear it. A CIDR those that it is part
// of or equal to, and with `inside` also those inside of it.
struct TakenOut {
  Book book;
  // that went, ended ones among them
  std::vector<Lease> leases;
  // names; unbar() of each of them and of the selector ends it all
  std::vector<std::string> barred;
};
// Bars the name, or the address, for `longest`: a name with the addresses of its
// leases; an address, for IPv6 its /64, and with it the name of a lease that came by SSH. Nothing
// is named: the book stays as it is.
[[nodiscard]] TakenOut take_out_leases(const Book& book, const Selector& selector, bool inside,
                                       std::chrono::nanoseconds longest, const std::string& by,
                                       const Moment& moment);

// `lease --unbar`: takes out the bars of a name, or those that an address lies in or that lie in
// the CIDR. None: there is no such bar.
[[nodiscard]] std::optional<Book> unbar(const Book& book, const Selector& selector,
                                        const Moment& moment);

// Those that count at this moment.
[[nodiscard]] std::vector<Bar> live_bars(const Book& book, const Moment& moment);
[[nodiscard]] std::vector<Lease> live_leases(const Book& book, const Moment& moment);

}  // namespace apiguard
