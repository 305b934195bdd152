// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/base/time.hpp"
#include "loader/policy/grant_lease.hpp"

#include "tests/support/catch.hpp"

#include "loader/policy/text.hpp"

using namespace apiguard;

namespace {

Prefix prefix(const char* text) { return parse_prefix(text)->prefix; }

Moment at(std::int64_t seconds) {
  return {{Timestamp(1'800'000'000s + seconds * 1s), BootTime((5000 + seconds) * 1s)}, "boot"};
}

LeaseOrder order(std::vector<Prefix> prefixes, const char* name,
                 std::chrono::nanoseconds lasts = 1h) {
  LeaseOrder one;
  one.prefixes = std::move(prefixes);
  one.name = name;
  one.lasts = lasts;
  one.by = "root";
  return one;
}

LeaseResult only(const Granted& granted) {
  REQUIRE(granted.answers.size() == 1);
  return granted.answers[0].result;
}

}  // namespace

TEST_CASE("a lease is added, stays while more than half of its time is left, and is renewed") {
  const LeaseLimits limits;
  const auto ci = order({prefix("192.0.2.7")}, "ci");
  const Granted first = grant({}, limits, ci, at(0));
  CHECK(only(first) == LeaseResult::kAdded);
  CHECK(first.changed);
  CHECK(first.book.leases.size() == 1);
  CHECK(first.answers[0].until == at(3600).now.wall);

  const Granted early = grant(first.book, limits, ci, at(1799));
  CHECK(only(early) == LeaseResult::kUnchanged);
  CHECK_FALSE(early.changed);
  CHECK(early.book == first.book);

  const Granted late = grant(first.book, limits, ci, at(1800));
  CHECK(only(late) == LeaseResult::kRenewed);
  CHECK(late.book.leases.size() == 1);
  CHECK(late.answers[0].until == at(5400).now.wall);

  const Granted after = grant(first.book, limits, ci, at(3600));
  CHECK(only(after) == LeaseResult::kAdded);
  CHECK(after.book.leases.size() == 1);
}

TEST_CASE("a lease is never shortened, and one for much longer is renewed at once") {
  const LeaseLimits limits;
  const auto day = order({prefix("192.0.2.7")}, "ci", 24h);
  const Granted first = grant({}, limits, day, at(0));
  const auto hour = order({prefix("192.0.2.7")}, "ci");
  CHECK(only(grant(first.book, limits, hour, at(60))) == LeaseResult::kUnchanged);
  CHECK(only(grant(first.book, limits, hour, at(std::int64_t{82800}))) == LeaseResult::kUnchanged);
  CHECK(only(grant(first.book, limits, hour, at(std::int64_t{82801}))) == LeaseResult::kRenewed);
  const Granted small = grant({}, limits, hour, at(0));
  CHECK(only(grant(small.book, limits, day, at(1))) == LeaseResult::kRenewed);
}

TEST_CASE("an address may have leases by several names, and each counts") {
  LeaseLimits limits;
  limits.max = 3;
  limits.per_name = 2;
  Granted granted = grant({}, limits, order({prefix("192.0.2.7")}, "a"), at(0));
  granted = grant(granted.book, limits, order({prefix("192.0.2.7")}, "b"), at(0));
  CHECK(only(granted) == LeaseResult::kAdded);
  granted =
      grant(granted.book, limits, order({prefix("192.0.2.8"), prefix("192.0.2.9")}, "b"), at(0));
  CHECK(granted.answers[0].result == LeaseResult::kAdded);
  CHECK(granted.answers[1].result == LeaseResult::kFull);
  CHECK(granted.answers[1].why.find("'per_name' of [leases] is 2") != std::string::npos);
  const Granted other = grant(granted.book, limits, order({prefix("192.0.2.9")}, "c"), at(0));
  CHECK(only(other) == LeaseResult::kFull);
  CHECK(other.answers[0].why.find("'max' of [leases] is 3") != std::string::npos);
  // What has ended does not count, and a renewal never is too many.
  CHECK(only(grant(granted.book, limits, order({prefix("192.0.2.9")}, "c"), at(3600))) ==
        LeaseResult::kAdded);
  limits.max = 1;
  CHECK(only(grant(granted.book, limits, order({prefix("192.0.2.8")}, "b"), at(3000))) ==
        LeaseResult::kRenewed);
}

TEST_CASE("leases without a name share one, and members of a name are not counted by it") {
  LeaseLimits limits;
  limits.per_name = 1;
  auto two = order({prefix("192.0.2.7"), prefix("192.0.2.8")}, "");
  CHECK(grant({}, limits, two, at(0)).answers[1].result == LeaseResult::kFull);
  two.name = "nodes";
  two.members = true;
  CHECK(grant({}, limits, two, at(0)).answers[1].result == LeaseResult::kAdded);
  limits.max = 1;
  CHECK_FALSE(check_order(two, limits));
  limits.max = 2;
  CHECK(check_order(two, limits));
}

TEST_CASE("the roof is that of the configuration and that of the key, whole") {
  LeaseLimits limits;
  limits.within = {prefix("192.0.2.0/24"), prefix("2001:db8::/56")};
  auto asked = order({prefix("192.0.3.1"), prefix("192.0.2.1"), prefix("2001:db8::/64"),
                      prefix("2001:db8:0:100::/64")},
                     "a");
  const Granted granted = grant({}, limits, asked, at(0));
  CHECK(granted.answers[0].result == LeaseResult::kOutside);
  CHECK(granted.answers[1].result == LeaseResult::kAdded);
  CHECK(granted.answers[2].result == LeaseResult::kAdded);
  CHECK(granted.answers[3].result == LeaseResult::kOutside);
  asked.within = {prefix("192.0.2.128/25")};
  CHECK(grant({}, limits, asked, at(0)).answers[1].result == LeaseResult::kOutside);
  limits.within.clear();
  CHECK(grant({}, limits, asked, at(0)).answers[1].result == LeaseResult::kOutside);
}

TEST_CASE("what lasts longer than 'longest' is cut to it, and said") {
  LeaseLimits limits;
  limits.longest = 1h;
  const Granted granted = grant({}, limits, order({prefix("192.0.2.7")}, "a", 5h), at(0));
  CHECK(granted.answers[0].until == at(3600).now.wall);
  REQUIRE(granted.notes.size() == 1);
  CHECK(granted.notes[0].find("is cut to 1h") != std::string::npos);
}

TEST_CASE("a name is revoked with the addresses of its leases") {
  const LeaseLimits limits;
  Granted granted =
      grant({}, limits, order({prefix("192.0.2.7"), prefix("2001:db8::7")}, "a"), at(0));
  granted = grant(granted.book, limits, order({prefix("192.0.2.9")}, "b"), at(0));
  const TakenOut out = take_out_leases(granted.book, {std::nullopt, "a"}, true, 1h, "root", at(1));
  CHECK(out.leases.size() == 2);
  CHECK(out.book.leases.size() == 1);
  const auto result = [&](const char* address, const char* name, std::int64_t when) {
    return only(grant(out.book, limits, order({prefix(address)}, name), at(when)));
  };
  CHECK(result("192.0.2.20", "a", 2) == LeaseResult::kBarred);
  CHECK(result("192.0.2.7", "c", 2) == LeaseResult::kBarred);
  CHECK(result("2001:db8::8", "c", 2) == LeaseResult::kBarred);  // its /64
  CHECK(result("2001:db8:0:1::8", "c", 2) == LeaseResult::kAdded);
  CHECK(result("192.0.2.9", "b", 2) == LeaseResult::kUnchanged);
  CHECK(result("192.0.2.20", "a", 3601) == LeaseResult::kAdded);  // the bar has ended
}

TEST_CASE("an address is revoked, and the name of a lease that came by SSH") {
  const LeaseLimits limits;
  auto asked = order({prefix("192.0.2.7")}, "ci");
  const Selector address{prefix("192.0.2.7"), ""};
  const auto barred = [&](bool from_ssh) {
    asked.from_ssh = from_ssh;
    const Granted granted = grant({}, limits, asked, at(0));
    const TakenOut out = take_out_leases(granted.book, address, false, 1h, "root", at(0));
    // These two are named to whoever revoked it, and end all of it.
    CHECK(out.barred == (from_ssh ? std::vector<std::string>{"ci"} : std::vector<std::string>{}));
    auto book = unbar(out.book, address, at(1));
    REQUIRE(book);
    for (const std::string& name : out.barred) book = unbar(*book, {std::nullopt, name}, at(1));
    REQUIRE(book);
    CHECK(live_bars(*book, at(1)).empty());
    return only(grant(out.book, limits, order({prefix("192.0.2.8")}, "ci"), at(1)));
  };
  CHECK(barred(true) == LeaseResult::kBarred);
  CHECK(barred(false) == LeaseResult::kAdded);
}

TEST_CASE(
    "a range takes leases out only where that is asked for, an address inside a lease always") {
  const LeaseLimits limits;
  const Granted granted =
      grant({}, limits, order({prefix("192.0.2.7"), prefix("2001:db8::/64")}, "a"), at(0));
  const auto taken = [&](const char* cidr, bool inside) {
    return take_out_leases(granted.book, {prefix(cidr), ""}, inside, 1h, "root", at(0))
        .leases.size();
  };
  CHECK(taken("192.0.2.0/24", false) == 0);
  CHECK(taken("192.0.2.0/24", true) == 1);
  CHECK(taken("192.0.2.7", false) == 1);
  CHECK(taken("2001:db8::5", false) == 1);
  CHECK(taken("192.0.2.8", true) == 0);
  const TakenOut none = take_out_leases(granted.book, {std::nullopt, "b"}, true, 1h, "root", at(0));
  CHECK(none.book == granted.book);
}

TEST_CASE("a bar is taken out by its name, or by an address in it") {
  const LeaseLimits limits;
  const Granted granted = grant({}, limits, order({prefix("2001:db8::7")}, "a"), at(0));
  const TakenOut out = take_out_leases(granted.book, {std::nullopt, "a"}, true, 1h, "root", at(0));
  CHECK(live_bars(out.book, at(1)).size() == 2);
  const auto by_name = unbar(out.book, {std::nullopt, "a"}, at(1));
  REQUIRE(by_name);
  CHECK(live_bars(*by_name, at(1)).empty());
  const auto by_address = unbar(out.book, {prefix("2001:db8::99"), ""}, at(1));
  REQUIRE(by_address);
  REQUIRE(live_bars(*by_address, at(1)).size() == 1);
  CHECK(live_bars(*by_address, at(1))[0].name == "a");
  CHECK_FALSE(unbar(out.book, {std::nullopt, "b"}, at(1)));
  CHECK_FALSE(unbar(out.book, {std::nullopt, "a"}, at(3601)));
}
