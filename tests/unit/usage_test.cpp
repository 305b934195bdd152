// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/base/time.hpp"
#include "loader/ledger/usage_log.hpp"

#include <unistd.h>

#include "loader/host/files.hpp"
#include "loader/policy/text.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/folder.hpp"

using namespace apiguard;
using namespace apiguard::ledger;

namespace {

constexpr Timestamp kWall{1'764'000'000s};
constexpr BootTime kUp{5000s};  // boot-time clock at kWall

Prefix prefix(const std::string& text) {
  const auto parsed = parse_prefix(text);
  REQUIRE(parsed);
  return parsed->prefix;
}

std::vector<Range> ranges_of(const std::string& text) {
  const auto parsed = parse_ranges({"authorized-ranges", "list", text, true});
  REQUIRE(parsed);
  return parsed->policy.ranges;
}

// Seconds after the boot.
RangeHits use(const std::string& cidr, std::uint64_t connections, int first, int last) {
  return {prefix(cidr), connections, BootTime(first * 1s), BootTime(last * 1s)};
}

Now at(Timestamp wall, int boot_seconds) { return {wall, BootTime(boot_seconds * 1s)}; }
Now now() { return {kWall, kUp}; }

Timestamp booted() { return kWall - kUp.time_since_epoch(); }
Timestamp seconds_up(int seconds) { return booted() + seconds * 1s; }

UsageLog folded(const std::vector<RangeHits>& uses) {
  UsageLog state;
  fold(state, "boot-a", {uses, {}}, now());
  return state;
}

Usage total(const UsageLog& state, const std::string& cidr) {
  const RangeUsage* range = find_usage(state, prefix(cidr));
  return range == nullptr ? Usage{} : range->total();
}

std::string names(const RangeRefs& ranges) {
  std::string text;
  for (const Range* range : ranges) text += (text.empty() ? "" : " ") + to_string(range->prefix);
  return text;
}

// Observed since `observed`; "unused for `lasts`" at kWall.
std::string unused(const UsageLog& state, const std::string& list, std::chrono::nanoseconds lasts) {
  const std::vector<Range> ranges = ranges_of(list);
  return names(unused_since(state, deciding_ranges(ranges), kWall - lasts));
}

void publish(UsageLog& state, const std::string& before, const std::string& after, Timestamp time,
             Observed change = {2, true, false}) {
  const std::vector<Range> old = ranges_of(before);
  const std::vector<Range> fresh = ranges_of(after);
  observe(state, change, deciding_ranges(old), deciding_ranges(fresh), time);
}

UsageLog example() {
  UsageLog state;
  state.boot = "0c7a4d52-0000-4000-8000-000000000000";
  state.clock = Timestamp(17ns);
  state.generation = 12;
  state.observed = kWall;
  state.missed = kWall + 3ns;
  state.added = {{prefix("10.0.0.0/8"), kWall + 2ns},
                 {prefix("192.0.2.0/24"), kWall + 1ns},
                 {prefix("2001:db8::/32"), kWall + 2ns}};
  state.ranges = {{prefix("10.0.0.0/8"), {1, Timestamp(2ns), Timestamp(3ns)}, {}},
                  {prefix("2001:db8::/32"),
                   {~std::uint64_t{0}, Timestamp(-5ns), kWall},
                   {7, Timestamp(8ns), Timestamp(9ns)}}};
  return state;
}

}  // namespace

TEST_CASE("a state is read back as it was written") {
  for (const UsageLog& state : {UsageLog{}, example()}) {
    const auto again = parse_usage_log(show_usage_log(state));
    REQUIRE(again);
    CHECK(*again == state);
  }
}

TEST_CASE("the file is text that people can read") {
  CHECK(show_usage_log(example()) ==
        "apiguard used 1\n"
        "boot 0c7a4d52-0000-4000-8000-000000000000\n"
        "clock 17\n"
        "generation 12\n"
        "observed 1764000000000000000\n"
        "missed 1764000000000000003\n"
        "added 1764000000000000001\n"
        "192.0.2.0/24\n"
        "added 1764000000000000002\n"
        "10.0.0.0/8\n"
        "2001:db8::/32\n"
        "used\n"
        "10.0.0.0/8 1 2 3 0 0 0\n"
        "2001:db8::/32 18446744073709551615 -5 1764000000000000000 7 8 9\n"
        "end\n");
}

TEST_CASE("a file that was cut anywhere is damaged") {
  const std::string text = show_usage_log(example());
  for (std::size_t size = 0; size < text.size(); ++size) {
    INFO(size);
    CHECK_FALSE(parse_usage_log(text.substr(0, size)));
  }
}

TEST_CASE("what is no such file is refused with its line") {
  const std::string head = "apiguard used 1\nboot a\nclock 1\ngeneration 1\n";
  const auto reason = [&](const std::string& text) {
    const auto state = parse_usage_log(text);
    REQUIRE_FALSE(state);
    CHECK(state.error().exit == Exit::kFailed);
    return state.error().message;
  };
  CHECK(reason("") == "line 1: is not the expected first line");
  CHECK(reason("apiguard used 2\nend\n") == "line 1: is not the expected first line");
  CHECK(reason(head + "used\n") == "line 6: the end is missing");
  CHECK(reason(head + "clock x\nend\n") == "line 5: no number");
  CHECK(reason(head + "seen 1\nend\n") == "line 5: is not known");
  CHECK(reason(head + "added 1\n192.0.2.0/33\nend\n") == "line 6: no range");
  CHECK(reason(head + "added 1\n192.0.2.0/24 x\nend\n") == "line 6: no range");
  CHECK(reason(head + "added 1\n192.0.2.0/24\nadded 2\n192.0.2.0/24\nused\nend\n") ==
        "line 10: ranges are repeated or out of order");
  CHECK(reason(head + "used\n192.0.2.0/24 1 2 3 4 5\nend\n") == "line 6: expected six numbers");
  CHECK(reason(head + "used\n192.0.2.0/24 1 2 3 4 5 6 7\nend\n") == "line 6: expected six numbers");
  CHECK(reason(head + "used\n192.0.2.0/24 -1 2 3 4 5 6\nend\n") == "line 6: expected six numbers");
  CHECK(reason(head + "used\n192.0.2.0/24 1 2 3 4 5 6\n10.0.0.0/8 1 2 3 4 5 6\nend\n") ==
        "line 8: ranges are repeated or out of order");
  CHECK(reason(head + "used\nend\nmore\n") == "line 6: there is text after the end");
}

TEST_CASE("no file is an empty state, a damaged one is an error, and writing replaces it") {
  const test::Folder folder;
  const auto none = read_usage_log(folder.path());
  REQUIRE(none);
  CHECK(*none == UsageLog{});
  REQUIRE(write_usage_log(folder.path(), example()));
  const auto some = read_usage_log(folder.path());
  REQUIRE(some);
  CHECK(*some == example());
  REQUIRE(write_synced(folder.path() + "/used", "apiguard used 1\n"));
  const auto damaged = read_usage_log(folder.path());
  REQUIRE_FALSE(damaged);
  CHECK(damaged.error().message ==
        "file '" + folder.path() + "/used': damaged: line 2: the end is missing");
  REQUIRE(write_usage_log(folder.path(), {}));
  CHECK(read_usage_log(folder.path()));
}

TEST_CASE("times of the kernel become those of the wall clock") {
  const UsageLog state = folded({use("192.0.2.0/24", 3, 10, 40), use("2001:db8::/32", 1, 7, 7)});
  CHECK(state.boot == "boot-a");
  CHECK(state.clock == booted());
  CHECK(total(state, "192.0.2.0/24") == Usage{3, seconds_up(10), seconds_up(40)});
  CHECK(total(state, "2001:db8::/32") == Usage{1, seconds_up(7), seconds_up(7)});
  CHECK(total(state, "192.0.2.0/25").connections == 0);
}

TEST_CASE("in one boot the kernel's map replaces what it said before") {
  UsageLog state = folded({use("192.0.2.0/24", 3, 10, 40)});
  fold(state, "boot-a", {{use("192.0.2.0/24", 5, 10, 60), use("192.0.2.7/32", 1, 50, 50)}, {}},
       at(kWall + 30s, 5030));
  CHECK(total(state, "192.0.2.0/24") == Usage{5, seconds_up(10), seconds_up(60)});
  CHECK(total(state, "192.0.2.7/32") == Usage{1, seconds_up(50), seconds_up(50)});
}

TEST_CASE("a wall clock that is set moves what was seen in this boot, not what was seen before") {
  UsageLog state = folded({use("192.0.2.0/24", 3, 10, 40)});
  const auto step = 3600s;
  fold(state, "boot-a", {{use("192.0.2.0/24", 4, 10, 41)}, {}}, at(kWall + step, 5000));
  CHECK(total(state, "192.0.2.0/24") == Usage{4, seconds_up(10) + step, seconds_up(41) + step});
}

TEST_CASE("after a boot both are added, and a boot without connections loses none") {
  UsageLog state = folded({use("192.0.2.0/24", 3, 10, 40), use("192.0.2.7/32", 2, 20, 30)});
  const Timestamp later = kWall + 24h;
  fold(state, "boot-b", {{use("192.0.2.0/24", 1, 100, 100)}, {}}, at(later, 200));
  CHECK(total(state, "192.0.2.0/24") == Usage{4, seconds_up(10), later - 100s});
  CHECK(total(state, "192.0.2.7/32") == Usage{2, seconds_up(20), seconds_up(30)});
  fold(state, "boot-c", {}, at(later + 24h, 10));
  fold(state, "boot-d", {}, at(later + 2 * 24h, 10));
  CHECK(total(state, "192.0.2.0/24") == Usage{4, seconds_up(10), later - 100s});
}

TEST_CASE("a map that was lost within a boot is added to by the next one") {
  UsageLog state = folded({use("192.0.2.0/24", 3, 10, 40), use("192.0.2.7/32", 2, 20, 30)});
  fold(state, "boot-a", {{use("192.0.2.0/24", 5, 4000, 4100)}, {}}, now());
  CHECK(total(state, "192.0.2.0/24") == Usage{8, seconds_up(10), seconds_up(4100)});
  CHECK(total(state, "192.0.2.7/32") == Usage{2, seconds_up(20), seconds_up(30)});
  // And is then the one that goes on.
  fold(state, "boot-a", {{use("192.0.2.0/24", 6, 4000, 4200)}, {}}, now());
  CHECK(total(state, "192.0.2.0/24") == Usage{9, seconds_up(10), seconds_up(4200)});
}

TEST_CASE("what found no room is remembered") {
  UsageLog state;
  Hits uses;
  uses.missed = {2, 10'000'000'000, 20'000'000'000};
  fold(state, "boot-a", uses, now());
  CHECK(state.missed == seconds_up(20));
  fold(state, "boot-b", {}, at(kWall + 24h, 10));
  CHECK(state.missed == seconds_up(20));
}

TEST_CASE("copies of a map are united without taking a connection for two") {
  const Hits one{{use("10.0.0.0/8", 3, 5, 9), use("192.0.2.0/24", 1, 4, 4)}, {}};
  const Hits other{{use("10.0.0.0/8", 2, 5, 11), use("198.51.100.0/24", 7, 1, 2)}, {1, 2, 3}};
  const Hits both = united(one, other);
  CHECK(both.ranges == std::vector<RangeHits>{use("10.0.0.0/8", 3, 5, 11),
                                              use("192.0.2.0/24", 1, 4, 4),
                                              use("198.51.100.0/24", 7, 1, 2)});
  CHECK(both.missed.connections == 1);
  CHECK(both.missed.first == 2);
}

TEST_CASE("a prefix is a key of the map and back") {
  for (const char* text : {"0.0.0.0/0", "203.0.113.0/24", "::/0", "2001:db8::1/128"}) {
    const apiguard_used_key key = hits_key(prefix(text));
    CHECK(to_string(hits_of(key, {1, 2, 3}).prefix) == text);
    CHECK(hits_of(key, {1, 2, 3}).last == BootTime(3ns));
  }
}

TEST_CASE("observation begins with the first publish that judges, and goes on") {
  UsageLog state;
  publish(state, "", "192.0.2.0/24\n", kWall, {1, true, true});
  CHECK(state.observed == kWall);
  CHECK(state.generation == 1);
  publish(state, "192.0.2.0/24\n", "192.0.2.0/24\n10.0.0.0/8\n", kWall + 5ns);
  CHECK(state.observed == kWall);
  CHECK(state.added == std::vector<AddedRange>{{prefix("10.0.0.0/8"), kWall + 5ns}});
}

TEST_CASE("a gap begins it anew, off ends it") {
  UsageLog state;
  publish(state, "", "10.0.0.0/8\n", kWall, {1, true, true});
  publish(state, "10.0.0.0/8\n", "10.0.0.0/8\n192.0.2.0/24\n", kWall + 1ns);
  publish(state, "10.0.0.0/8\n192.0.2.0/24\n", "10.0.0.0/8\n192.0.2.0/24\n", kWall + 2ns,
          {3, true, true});
  CHECK(state.observed == kWall + 2ns);
  CHECK(state.added.empty());
  publish(state, "10.0.0.0/8\n", "10.0.0.0/8\n", kWall + 3ns, {4, false, false});
  CHECK_FALSE(state.observed);
  publish(state, "10.0.0.0/8\n", "10.0.0.0/8\n", kWall + 4ns, {5, true, false});
  CHECK(state.observed == kWall + 4ns);
}

TEST_CASE("a range joins when it begins to list somebody, and joins anew after it was gone") {
  UsageLog state;
  publish(state, "", "10.0.0.0/8\nexcept 192.0.2.0/24\n", kWall, {1, true, true});
  // Another name or end is the same range.
  publish(state, "10.0.0.0/8\nexcept 192.0.2.0/24\n", "10.0.0.0/8 name=x\nexcept 192.0.2.0/24\n",
          kWall + 1ns);
  CHECK(state.added.empty());
  publish(state, "10.0.0.0/8\nexcept 192.0.2.0/24\n", "10.0.0.0/8\n192.0.2.0/24\n", kWall + 2ns);
  CHECK(state.added == std::vector<AddedRange>{{prefix("192.0.2.0/24"), kWall + 2ns}});
  publish(state, "10.0.0.0/8\n192.0.2.0/24\n", "10.0.0.0/8\n", kWall + 3ns);
  CHECK(state.added.empty());
  publish(state, "10.0.0.0/8\n", "10.0.0.0/8\n192.0.2.0/24\n", kWall + 4ns);
  CHECK(state.added == std::vector<AddedRange>{{prefix("192.0.2.0/24"), kWall + 4ns}});
}

TEST_CASE("unused is what was observed for so long and admitted nobody since") {
  UsageLog state;
  state.observed = kWall - 40 * 24h;
  state.added = {{prefix("198.51.100.0/24"), kWall - 10 * 24h}};
  state.ranges = {{prefix("10.0.0.0/8"), {5, kWall - 39 * 24h, kWall - 31 * 24h}, {}},
                  {prefix("10.1.0.0/16"),
                   {5, kWall - 39 * 24h, kWall - 31 * 24h},
                   {1, kWall - 29 * 24h, kWall - 29 * 24h}},
                  {prefix("192.0.2.0/24"), {}, {}}};
  const std::string list =
      "10.0.0.0/8\n10.1.0.0/16\n192.0.2.0/24\n198.51.100.0/24\nexcept 203.0.113.0/24\n"
      "2001:db8::/32\n";
  CHECK(unused(state, list, 30 * 24h) == "10.0.0.0/8 192.0.2.0/24 2001:db8::/32");
  CHECK(unused(state, list, 32 * 24h) == "192.0.2.0/24 2001:db8::/32");
  CHECK(unused(state, list, 9 * 24h) ==
        "10.0.0.0/8 10.1.0.0/16 192.0.2.0/24 198.51.100.0/24 2001:db8::/32");
  CHECK(unused(state, list, 40 * 24h) == "192.0.2.0/24 2001:db8::/32");
  CHECK(unused(state, list, 40 * 24h + 1ns).empty());
  state.observed.reset();
  CHECK(unused(state, list, 24h).empty());
}

TEST_CASE("a range that was added, or used, at the very beginning of the time counts in full") {
  UsageLog state;
  state.observed = kWall - 40 * 24h;
  state.added = {{prefix("198.51.100.0/24"), kWall - 30 * 24h}};
  state.ranges = {
      {prefix("10.0.0.0/8"), {1, kWall - 30 * 24h, kWall - 30 * 24h}, {}},
      {prefix("192.0.2.0/24"), {1, kWall - 30 * 24h - 1ns, kWall - 30 * 24h - 1ns}, {}}};
  const std::string list = "10.0.0.0/8\n192.0.2.0/24\n198.51.100.0/24\n";
  // Added then, it has been there for all of the time; used then, it was used within it.
  CHECK(unused(state, list, 30 * 24h) == "192.0.2.0/24 198.51.100.0/24");
  CHECK(unused(state, list, 30 * 24h + 1ns).empty());
  CHECK(unused(state, list, 30 * 24h - 1ns) == "10.0.0.0/8 192.0.2.0/24 198.51.100.0/24");
}

TEST_CASE("ranges that are gone are forgotten when they were not used for long") {
  UsageLog state;
  state.ranges = {{prefix("10.0.0.0/8"), {5, Timestamp(1ns), kWall - 31 * 24h}, {}},
                  {prefix("10.1.0.0/16"), {5, Timestamp(1ns), kWall - 31 * 24h}, {}},
                  {prefix("192.0.2.0/24"), {5, Timestamp(1ns), kWall - 29 * 24h}, {}}};
  const std::vector<Range> ranges = ranges_of("10.1.0.0/16\n");
  forget(state, deciding_ranges(ranges), kWall - 30 * 24h);
  REQUIRE(state.ranges.size() == 2);
  CHECK(to_string(state.ranges[0].prefix) == "10.1.0.0/16");
  CHECK(to_string(state.ranges[1].prefix) == "192.0.2.0/24");
  // Used at the very moment is not used before it.
  forget(state, {}, kWall - 29 * 24h);
  REQUIRE(state.ranges.size() == 1);
  CHECK(to_string(state.ranges[0].prefix) == "192.0.2.0/24");
  forget(state, {}, kWall - 29 * 24h + 1ns);
  CHECK(state.ranges.empty());
}

TEST_CASE(
    "an except with an end beside its allow takes nothing out of what is known of the range") {
  const std::string both = "10.0.0.0/8\nexcept 10.0.0.0/8 until=2030-01-01T00:00:00Z\n";
  UsageLog state;
  state.observed = kWall - 60 * 24h;
  state.ranges = {{prefix("10.0.0.0/8"), {5, Timestamp(1ns), kWall - 31 * 24h}, {}}};
  const std::vector<Range> ranges = ranges_of(both);
  REQUIRE(deciding_ranges(ranges).size() == 2);
  forget(state, deciding_ranges(ranges), kWall - 30 * 24h);
  CHECK(state.ranges.size() == 1);
  publish(state, "10.0.0.0/8\n", both, kWall);
  publish(state, both, "10.0.0.0/8\n", kWall);
  CHECK(state.added.empty());
  CHECK(unused(state, both, 30 * 24h) == "10.0.0.0/8");
}
