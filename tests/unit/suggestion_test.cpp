// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/propose/suggestion.hpp"

#include "loader/policy/text.hpp"
#include "loader/report/sources.hpp"
#include "tests/support/catch.hpp"

using namespace apiguard;
using namespace apiguard::propose;

namespace {

constexpr Timestamp kNow{1'767'225'600s};

Address address(const std::string& text) {
  const auto parsed = parse_address(text);
  REQUIRE(parsed);
  return *parsed;
}

std::vector<AuditSource> seen(const std::vector<std::string>& sources) {
  std::vector<AuditSource> result;
  unsigned number = 0;
  for (const std::string& source : sources)
    result.push_back({address(source), 10, kNow - 1000ns, kNow - 1ns, 1 + number++ % 3});
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

TEST_CASE("two of one IPv6 /64 are the /64, and no length in between") {
  CHECK(suggested({"2001:db8:5:6:8c1a:11ff:fe22:3301", "2001:db8:5:6:91d3:44a0:7be1:9c02"}) ==
        "2001:db8:5:6::/64 2");
  CHECK(suggested({"2001:db8::1", "2001:db8::2", "2001:db8::3"}) == "2001:db8::/64 3");
  // Yesterday's address is listed, today's is not.
  CHECK(suggested({"2001:db8:5:6:8c1a:11:22:3301", "2001:db8:5:6:91d3:44a0:7be1:9c02"},
                  "2001:db8:5:6:8c1a:11:22:3301\n") ==
        "2001:db8:5:6::/64 1, +2001:db8:5:6:8c1a:11:22:3301/128 1");
  CHECK(suggested({"2001:db8::1", "2001:db8::2"}, "", {.min_length6 = 112}) == "2001:db8::/112 2");
  CHECK(suggested({"2001:db8::1", "2001:db8::1:2"}, "", {.min_length6 = 112}) ==
        "2001:db8::1/128 1, 2001:db8::1:2/128 1");
  // Everybody on every link is no network.
  CHECK(suggested({"fe80::1", "fe80::2"}) == "fe80::1/128 1, fe80::2/128 1");
}

TEST_CASE("IPv6 networks are put together at lengths that networks have") {
  const std::vector<std::string> sources{"2001:db8:0:10::1", "2001:db8:0:13::1", "2001:db8:0:1e::1",
                                         "2001:db8:0:ff::1"};
  CHECK(suggested(sources, "", {.max_ranges = 2, .min_length6 = 48}) ==
        "2001:db8:0:10::/60 3, 2001:db8:0:ff::1/128 1");
  CHECK(suggested(sources, "", {.max_ranges = 1, .min_length6 = 48}) == "2001:db8::/56 4");
  CHECK(suggested(sources, "", {.max_ranges = 1, .min_length6 = 57}) ==
        "2001:db8:0:10::/60 3, 2001:db8:0:ff::1/128 1");
  CHECK(suggested({"2001:db8::1", "2001:db8:0:1::1"}, "", {.max_ranges = 1, .min_length6 = 62}) ==
        "2001:db8::1/128 1, 2001:db8:0:1::1/128 1");
}

TEST_CASE("which interface ids look random") {
  for (const char* one : {"2001:db8:5:6:91d3:44a0:7be1:9c02", "fd00::a1b2:0:c3d4:e5f6",
                          "2001:db8::9:1234:5678:9abc"}) {
    CHECK(looks_random(address(one)));
  }
  for (const char* one :
       {"2001:db8::1", "2001:db8::ffff:ffff", "2001:db8::192:168:10:254", "2001:db8::1:2:3",
        "2001:db8:5:6:8c1a:11ff:fe22:3301", "2001:db8::dead:0:0:1", "64:ff9b::c000:207",
        "2001:db8:a1b2:c3d4::", "203.0.113.7"}) {
    CHECK_FALSE(looks_random(address(one)));
  }
}

TEST_CASE("a single address that looks random is proposed with a word on its network") {
  const auto found = suggest(
      seen({"2001:db8:5:6:91d3:44a0:7be1:9c02", "2001:db8:5:7::1", "2001:db8:5:8:8c1a:11ff:fe22:1",
            "fe80::91d3:44a0:7be1:9c02", "2001:db8:5:9:91d3:44a0:7be1:9c02"}),
      ranges_of("2001:db8:5:9:91d3:44a0:7be1:9c02\n"), kNow, {});
  const std::string text = report::suggest_text(found, 0, {}, kNow);
  CHECK(text.find(
            "# looks like a temporary address, its host also uses others of 2001:db8:5:6::/64:\n"
            "apiguard allow 2001:db8:5:6:91d3:44a0:7be1:9c02/128\n") != std::string::npos);
  CHECK(text.find("temporary") == text.rfind("temporary"));
  const std::string json = report::suggest_json(found, 0, {});
  CHECK(json.find("\"network\": \"2001:db8:5:6::/64\"") != std::string::npos);
  CHECK(json.find("\"network\": null") != std::string::npos);
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
        "2001:db8::/60 2");
}

TEST_CASE("least lengths that are longer than a block hold for it, too") {
  CHECK(suggested({"192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.4", "192.0.2.129"}, "",
                  {.min_length4 = 28}) == "192.0.2.0/29 4, 192.0.2.129/32 1");
}

TEST_CASE("the report ends with commands for what is not listed") {
  const auto found =
      suggest(seen({"192.0.2.7", "203.0.113.7"}), ranges_of("203.0.113.0/24\n"), kNow, {});
  const std::string text = report::suggest_text(found, 17, {}, kNow);
  CHECK(text.ends_with("\napiguard allow 192.0.2.7/32\n"));
  CHECK(text.find("allow 203") == std::string::npos);
  CHECK(text.find("17 more sources: no connection was seen") != std::string::npos);
  CHECK(report::suggest_text({}, 0, {}, kNow).empty());
  CHECK(report::suggest_json({}, 3, {}).find("\"unestablished_sources\": 3") != std::string::npos);
}
