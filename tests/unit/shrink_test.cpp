// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/policy/shrink.hpp"

#include <chrono>

#include <fmt/format.h>

#include "loader/policy/text.hpp"
#include "tests/support/catch.hpp"

using namespace apiguard;

namespace {

constexpr Timestamp kNow{1'800'000'000s};  // 2027-01-15T08:00:00Z
constexpr const char* kFeed = "authorized-ranges.d/feed.list";
constexpr const char* kOther = "authorized-ranges.d/other.list";
constexpr const char* kOwn = "authorized-ranges";

struct Text {
  std::string feed = {};
  std::string other = {};
  std::string own = "203.0.113.0/24\n";
  std::string cluster = {};
};

Policy policy_of(const Text& text) {
  Sources sources;
  std::string config = "interfaces = [\"eth0\"]\n";
  if (!text.cluster.empty()) config += "cluster = [\"" + text.cluster + "\"]\n";
  sources.config = {"apiguard.toml", "conf", config, true};
  sources.ranges = {kOwn, "list", text.own, true};
  // An empty text is a file that is gone.
  if (!text.feed.empty()) sources.drop_ins.push_back({kFeed, "feed", text.feed, true});
  if (!text.other.empty()) sources.drop_ins.push_back({kOther, "other", text.other, true});
  auto parsed = parse_policy(sources, {.lint = false});
  if (!parsed) FAIL(parsed.error().message);
  return std::move(parsed->policy);
}

// "FAMILY GONE/ENTRIES ADDRESSES" of each file that shrinks.
std::string shrunk(const Text& before, const Text& after) {
  std::string out;
  for (const Shrunk& one :
       find_shrunk(policy_of(before), policy_of(after), {kFeed, kOther, kOwn}, kNow)) {
    out += fmt::format("{}{} IPv{} {}/{} {}", out.empty() ? "" : "; ", one.file,
                       static_cast<int>(one.family), one.gone, one.entries, one.addresses);
  }
  return out;
}

// Lines FRONT1, FRONT2, ... each with what stands behind.
std::string lines(const std::string& front, const std::string& back, int from, int count) {
  std::string out;
  for (int i = from; i < from + count; ++i) out += fmt::format("{}{}{}\n", front, i, back);
  return out;
}
std::string hosts(int from, int count) { return lines("198.51.100.", "", from, count); }
std::string nets6(int from, int count) { return lines("2001:db8:", "::/48", from, count); }

}  // namespace

TEST_CASE("more than half of at least ten lines, no less") {
  CHECK(shrunk({hosts(1, 10)}, {hosts(1, 5)}) == "");
  CHECK(shrunk({hosts(1, 10)}, {hosts(1, 4)}) ==
        "authorized-ranges.d/feed.list IPv4 6/10 6 of 10 addresses");
  CHECK(shrunk({hosts(1, 11)}, {hosts(1, 5)}) ==
        "authorized-ranges.d/feed.list IPv4 6/11 6 of 11 addresses");
  CHECK(shrunk({hosts(1, 9)}, {hosts(1, 1)}) == "");
  CHECK(shrunk({hosts(1, 9)}, {""}) == "");
  CHECK(shrunk({hosts(1, 10)}, {""}) ==
        "authorized-ranges.d/feed.list IPv4 10/10 10 of 10 addresses");
  CHECK(shrunk({hosts(1, 10)}, {"# came empty\n"}) ==
        "authorized-ranges.d/feed.list IPv4 10/10 10 of 10 addresses");
}

TEST_CASE("each family by itself") {
  CHECK(shrunk({hosts(1, 30) + nets6(1, 10)}, {hosts(1, 30) + nets6(1, 4)}) ==
        "authorized-ranges.d/feed.list IPv6 6/10 60 % of the addresses");
  // Six and six are no ten of either.
  CHECK(shrunk({hosts(1, 6) + nets6(1, 6)}, {""}) == "");
  CHECK(shrunk({hosts(1, 30) + nets6(1, 9)}, {hosts(1, 30)}) == "");
  CHECK(shrunk({hosts(1, 10) + nets6(1, 10)}, {""}) ==
        "authorized-ranges.d/feed.list IPv4 10/10 10 of 10 addresses; "
        "authorized-ranges.d/feed.list IPv6 10/10 100 % of the addresses");
}

TEST_CASE("addresses count where lines do not") {
  const std::string few = hosts(1, 10);
  CHECK(shrunk({few + "10.0.0.0/24\n"}, {few}) ==
        "authorized-ranges.d/feed.list IPv4 1/11 256 of 266 addresses");
  // Half of them is not more than half.
  CHECK(shrunk({lines("10.0.", ".0/24", 0, 10)}, {lines("10.0.", ".0/24", 0, 5)}) == "");
  // Overlaps count once: what is inside the /8 adds nothing to it.
  CHECK(
      shrunk({"10.0.0.0/8\n" + lines("10.0.", ".0/24", 0, 20)}, {lines("10.0.", ".0/24", 0, 20)}) ==
      "authorized-ranges.d/feed.list IPv4 1/21 16772096 of 16777216 addresses");
  CHECK(shrunk({"10.0.0.0/8\n" + lines("10.0.", ".0/24", 0, 20)}, {"10.0.0.0/8\n"}) == "");
  CHECK(shrunk({nets6(1, 10) + "2600::/12\n"}, {nets6(1, 10)}) ==
        "authorized-ranges.d/feed.list IPv6 1/11 99 % of the addresses");
}

TEST_CASE("all there is") {
  const std::string few = hosts(1, 10);
  CHECK(shrunk({few + "0.0.0.0/0\n"}, {few}) ==
        "authorized-ranges.d/feed.list IPv4 1/11 4294967030 of 4294967296 addresses");
  CHECK(shrunk({few + "0.0.0.0/0\n"}, {"0.0.0.0/1\n128.0.0.0/1\n"}) == "");
  CHECK(shrunk({few + "0.0.0.0/0\n"}, {"0.0.0.0/1\n" + few}) == "");
  CHECK(shrunk({nets6(1, 10) + "::/0\n"}, {nets6(1, 10)}) ==
        "authorized-ranges.d/feed.list IPv6 1/11 99 % of the addresses");
  CHECK(shrunk({nets6(1, 10) + "::/0\n"}, {"::/1\n8000::/1\n"}) == "");
  CHECK(shrunk({nets6(1, 10) + "::/0\n"}, {nets6(1, 10) + "8000::/1\n"}) == "");
  CHECK(shrunk({nets6(1, 10) + "::/0\n"}, {"203.0.113.9\n"}) ==
        "authorized-ranges.d/feed.list IPv6 11/11 100 % of the addresses");
  CHECK(shrunk({"::/1\n" + lines("ffff::", "", 1, 10)}, {lines("ffff::", "", 1, 10)}) ==
        "authorized-ranges.d/feed.list IPv6 1/11 99 % of the addresses");
  CHECK(shrunk({lines("ffff:ffff:ffff:ffff:ffff:ffff:ffff:fff", "", 0, 9) +
                "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff\n"},
               {""}) == "authorized-ranges.d/feed.list IPv6 10/10 100 % of the addresses");
}

TEST_CASE("what something else lists does not go") {
  const Text all{hosts(1, 20)};
  CHECK(shrunk(all, {"", hosts(1, 20)}) == "");           // renamed
  CHECK(shrunk(all, {hosts(1, 4), hosts(5, 16)}) == "");  // split
  CHECK(shrunk(all, {"", "198.51.100.0/24\n"}) == "");    // wider
  CHECK(shrunk(all, {"", "", hosts(1, 20)}) == "");       // in the CLI's own file
  CHECK(shrunk(all, {"", "", "203.0.113.0/24\n", "198.51.100.0/24"}) == "");  // by the toml
  CHECK(shrunk({"198.51.100.0/24\n" + lines("10.0.", ".0/24", 0, 9)},
               {"198.51.100.0/25\n198.51.100.128/25\n10.0.0.0/8\n"}) == "");  // in parts
  CHECK(shrunk(all, {"", "198.51.100.0/29\n"}) ==
        "authorized-ranges.d/feed.list IPv4 13/20 13 of 20 addresses");
}

TEST_CASE("a wider range in which an except takes them out is no cover") {
  const std::string wide = "198.51.0.0/16\nexcept 198.51.100.0/24\n";
  CHECK(shrunk({hosts(1, 20), wide}, {"", wide}) ==
        "authorized-ranges.d/feed.list IPv4 20/20 20 of 20 addresses");
  // A line that stands is no line that goes, whatever an except says of it.
  CHECK(shrunk({lines("10.0.", ".0/24", 0, 20)},
               {lines("10.0.", ".0/24", 0, 20), "except 10.0.0.0/24\nexcept 10.0.1.0/25\n"}) == "");
  // A list that is turned round.
  CHECK(shrunk({hosts(1, 20)}, {lines("except 198.51.100.", "", 1, 20)}) ==
        "authorized-ranges.d/feed.list IPv4 20/20 20 of 20 addresses");
  CHECK(shrunk({hosts(1, 20)}, {"198.51.100.0/24\nexcept 198.51.100.16/28\n"}) == "");
}

TEST_CASE("what has ended is not there, before and after") {
  const std::string ended = " until=2027-01-01T00:00:00Z";
  const std::string ends = " until=2027-02-01T00:00:00Z";
  CHECK(shrunk({lines("198.51.100.", ended, 1, 20)}, {""}) == "");
  CHECK(shrunk({lines("198.51.100.", ended, 1, 20) + hosts(30, 9)}, {""}) == "");
  CHECK(shrunk({hosts(1, 20)}, {lines("198.51.100.", ended, 1, 20)}) ==
        "authorized-ranges.d/feed.list IPv4 20/20 20 of 20 addresses");
  CHECK(shrunk({hosts(1, 20)}, {lines("198.51.100.", ends, 1, 20)}) == "");
  CHECK(shrunk({hosts(1, 20)}, {"", "198.51.100.0/24" + ended + "\n"}) ==
        "authorized-ranges.d/feed.list IPv4 20/20 20 of 20 addresses");
}

TEST_CASE("a header in either text stands for itself") {
  const std::string header = "#lapse 24h\n";
  CHECK(shrunk({header + hosts(1, 20)}, {header}) == "");
  CHECK(shrunk({header + hosts(1, 20)}, {""}) == "");
  CHECK(shrunk({header + hosts(1, 20)}, {hosts(1, 1)}) == "");
  CHECK(shrunk({hosts(1, 20)}, {header + hosts(1, 1)}) == "");
  // That of another file does not.
  CHECK(shrunk({hosts(1, 20), header}, {"", header}) ==
        "authorized-ranges.d/feed.list IPv4 20/20 20 of 20 addresses");
}

TEST_CASE("excepts and the cluster are no lines of a list, and lines of one prefix are each one") {
  CHECK(shrunk({lines("except 198.51.100.", "", 1, 20) + "198.51.100.0/24\n"}, {""}) == "");
  const std::string twice = lines("198.51.100.", " name=a", 1, 5) + lines("198.51.100.", "", 1, 5);
  CHECK(shrunk({twice}, {lines("198.51.100.", "", 1, 5)}) == "");
  CHECK(shrunk({twice}, {"198.51.100.1\n"}) ==
        "authorized-ranges.d/feed.list IPv4 8/10 4 of 5 addresses");
}

TEST_CASE("the CLI's file, and of several files each") {
  CHECK(shrunk({hosts(1, 20), "", hosts(30, 20)}, {"203.0.113.7\n", "", "203.0.113.0/24\n"}) ==
        "authorized-ranges IPv4 20/20 20 of 20 addresses; "
        "authorized-ranges.d/feed.list IPv4 20/20 20 of 20 addresses");
  // The small one that is gone does not stand for the large one that stays.
  CHECK(shrunk({hosts(1, 9), hosts(30, 100)}, {"", hosts(30, 60)}) == "");
  const auto only = find_shrunk(policy_of({hosts(1, 20), "", hosts(30, 20)}),
                                policy_of({"203.0.113.7\n"}), {kOwn}, kNow);
  REQUIRE(only.size() == 1);
  CHECK(only.front().file == kOwn);
}

TEST_CASE("the message names the first few, and the way on") {
  const auto found = find_shrunk(policy_of({hosts(1, 20)}), policy_of({}), {kFeed, kOwn}, kNow);
  CHECK(describe(found) ==
        "more than half of a list would be removed:\n"
        "    authorized-ranges.d/feed.list: 20 of 20 IPv4 entries, 20 of 20 addresses: "
        "198.51.100.1/32, 198.51.100.2/32, 198.51.100.3/32 and 17 more\n"
        "  if the file is incomplete, complete it and apply it again; a header '#lapse 24h' in a "
        "drop-in lets removed lines expire later, without a question");
  const auto own = find_shrunk(policy_of({"", "", hosts(1, 10) + "10.0.0.0/8\n"}),
                               policy_of({"", "", hosts(1, 10)}), {kOwn}, kNow);
  CHECK(describe(own) ==
        "more than half of a list would be removed:\n"
        "    authorized-ranges: 1 of 11 IPv4 entries, 16777216 of 16777226 addresses: 10.0.0.0/8\n"
        "  if the file is incomplete, complete it and apply it again");
}

TEST_CASE("of 400,000 lines it takes no time that anybody notices") {
  std::string text;
  for (int i = 0; i < 400'000; ++i)
    text += fmt::format("10.{}.{}.{}/32\n", i >> 15 & 127, i >> 7 & 255, (i & 127) * 2);
  const Policy before = policy_of({text});
  const Policy after = policy_of({text.substr(0, text.size() / 3)});
  const auto begin = std::chrono::steady_clock::now();
  CHECK(find_shrunk(before, after, {kFeed}, kNow).size() == 1);
  CHECK(std::chrono::steady_clock::now() - begin < std::chrono::seconds(2));
}
