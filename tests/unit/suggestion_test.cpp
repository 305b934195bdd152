// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/propose/suggestion.hpp"

#include "loader/policy/text.hpp"
#include "loader/report/sources.hpp"
#include "tests/support/catch.hpp"

using namespace apiguard;
using namespace apiguard::propose;

namespace {

constexpr Timestamp kNow = 1'767'225'600'000'000'000;

Address address(const std::string& text) {
  const auto parsed = parse_address(text);
  REQUIRE(parsed);
  return *parsed;
}

std::vector<SeenSource> seen(const std::vector<std::string>& sources) {
  std::vector<SeenSource> result;
  unsigned number = 0;
  for (const std::string& source : sources)
    result.push_back({address(source), 10, kNow - 1000, kNow - 1, 1 + number++ % 3});
  return result;
}

std::vector<Range> ranges_of(const std::string& text) {
  const auto parsed = parse_ranges({"authorized-ranges", "list", text, true});
  REQUIRE(parsed);
  return parsed->policy.ranges;
}

// "192.0.2.7/32 1, +203.0.113.0/24 2": sources of each, + what is listed.
std::string suggested(const std::vector<std::string>& sources, const std::string& list = "",
                      const SuggestOptions& options = {}) {
  std::string text;
  for (const Suggestion& each : suggest(seen(sources), ranges_of(list), kNow, options).ranges) {
    if (!text.empty()) text += ", ";
    text += (each.listed ? "+" : "") + to_string(each.cidr) + " " + std::to_string(each.sources);
  }
  return text;
}

}  // namespace

TEST_CASE("few sources are suggested one by one") {
  CHECK(suggested({}) == "");
  CHECK(suggested({"192.0.2.7", "192.0.2.200", "192.0.2.201"}) ==
        "192.0.2.7/32 1, 192.0.2.200/32 1, 192.0.2.201/32 1");
  CHECK(suggested({"2001:db8::1"}) == "2001:db8::1/128 1");
}

TEST_CASE("several of one /24 or /64 are put together, no wider than they are apart") {
  CHECK(suggested({"192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.4"}) == "192.0.2.0/29 4");
  CHECK(suggested({"192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.254"}) == "192.0.2.0/24 4");
  CHECK(suggested({"192.0.2.1", "192.0.2.2", "192.0.3.3", "192.0.3.4"}) ==
        "192.0.2.1/32 1, 192.0.2.2/32 1, 192.0.3.3/32 1, 192.0.3.4/32 1");
  CHECK(suggested({"2001:db8::1", "2001:db8::ffff:0:0:1"}) == "2001:db8::/64 2");
  CHECK(suggested({"2001:db8::1", "2001:db8:0:1::1"}) ==
        "2001:db8::1/128 1, 2001:db8:0:1::1/128 1");
}

TEST_CASE("what the list covers is marked, with the range that decides") {
  CHECK(suggested({"192.0.2.7", "203.0.113.7", "203.0.113.8", "203.0.113.200"},
                  "203.0.113.0/24\n203.0.113.192/26\n") ==
        "192.0.2.7/32 1, +203.0.113.0/24 2, +203.0.113.192/26 1");
  // Listed sources of the same /24 do not count as several.
  CHECK(suggested({"192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.4"}, "192.0.2.4\n") ==
        "192.0.2.1/32 1, 192.0.2.2/32 1, 192.0.2.3/32 1, +192.0.2.4/32 1");
}

TEST_CASE("what is taken out on purpose is not suggested, what has ended is") {
  const auto found = suggest(seen({"203.0.113.7", "203.0.113.200", "198.51.100.9"}),
                             ranges_of("203.0.113.0/24\nexcept 203.0.113.128/25\n"
                                       "198.51.100.9 until=2025-01-01T00:00:00Z\n"),
                             kNow, {});
  CHECK(found.excepted == 1);
  REQUIRE(found.ranges.size() == 2);
  CHECK(to_string(found.ranges[0].cidr) == "198.51.100.9/32");
  CHECK_FALSE(found.ranges[0].listed);
  CHECK(found.ranges[1].listed);
}

TEST_CASE("connections add up, days are those of the most constant source") {
  const auto found =
      suggest(seen({"192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.4"}), {}, kNow, {});
  REQUIRE(found.ranges.size() == 1);
  CHECK(found.ranges[0].connections == 40);
  CHECK(found.ranges[0].days == 3);
}

TEST_CASE("at most so many ranges, the cheapest put together first") {
  const std::vector<std::string> sources{"192.0.2.0", "192.0.2.1", "192.0.2.64", "198.51.100.1"};
  CHECK(suggested(sources, "", {.max_ranges = 3}) ==
        "192.0.2.0/31 2, 192.0.2.64/32 1, 198.51.100.1/32 1");
  CHECK(suggested(sources, "", {.max_ranges = 2}) == "192.0.2.0/25 3, 198.51.100.1/32 1");
  // Never wider than allowed.
  CHECK(suggested(sources, "", {.max_ranges = 1}) == "192.0.2.0/25 3, 198.51.100.1/32 1");
  CHECK(suggested({"192.0.2.1", "192.0.3.1"}, "", {.max_ranges = 1}) ==
        "192.0.2.1/32 1, 192.0.3.1/32 1");
  CHECK(suggested({"192.0.2.1", "192.0.3.1"}, "", {.max_ranges = 1, .min_length4 = 20}) ==
        "192.0.2.0/23 2");
  CHECK(suggested({"192.0.2.1", "2001:db8::1"}, "", {.max_ranges = 1}) ==
        "192.0.2.1/32 1, 2001:db8::1/128 1");
  CHECK(suggested({"2001:db8::1", "2001:db8:0:1::1"}, "", {.max_ranges = 1, .min_length6 = 56}) ==
        "2001:db8::/63 2");
}

TEST_CASE("least lengths that are longer than a block hold for it, too") {
  CHECK(suggested({"192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.4", "192.0.2.129"}, "",
                  {.min_length4 = 28}) == "192.0.2.0/29 4, 192.0.2.129/32 1");
}

TEST_CASE("the report ends with commands for what is not listed") {
  const auto found =
      suggest(seen({"192.0.2.7", "203.0.113.7"}), ranges_of("203.0.113.0/24\n"), kNow, {});
  const std::string text = report::suggest_text(found, 17);
  CHECK(text.ends_with("\napiguard allow 192.0.2.7/32\n"));
  CHECK(text.find("allow 203") == std::string::npos);
  CHECK(text.find("17 more sources: no connection was seen") != std::string::npos);
  CHECK(report::suggest_text({}, 0).empty());
  CHECK(report::suggest_json({}, 3).find("\"unestablished_sources\": 3") != std::string::npos);
}
