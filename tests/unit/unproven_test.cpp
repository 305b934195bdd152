// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/propose/unproven.hpp"
#include "loader/base/time.hpp"

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

// Opened every ten seconds for so long.
UnprovenSource checks(const std::string& source, std::int64_t seconds, std::uint64_t beats = 60) {
  const Timestamp since = kNow - (seconds + 1) * 1s;
  return {address(source), 120, 0, since, kNow - 1s, Rhythm{10s, since, kNow - 1s, beats}};
}

UnprovenSource sends(const std::string& source, std::uint64_t packets) {
  return {address(source), packets, packets, kNow - 9ns, kNow - 1ns, std::nullopt};
}

DeniedSource denied(const std::string& source, std::uint64_t packets) {
  DeniedSource one;
  one.source = address(source);
  one.packets = packets;
  one.first = kNow - 100ns;
  one.last = kNow - 50ns;
  return one;
}

std::vector<Range> ranges_of(const std::string& text) {
  const auto parsed = parse_ranges({"authorized-ranges", "list", text, true});
  REQUIRE(parsed);
  return parsed->policy.ranges;
}

std::string told(const std::vector<Unproven>& sources) {
  std::string text;
  for (const Unproven& one : sources) {
    text += (text.empty() ? "" : ", ") + to_string(one.source) + " " + std::to_string(one.packets) +
            " " + std::string(propose::to_string(one.kind)) + (one.rhythm ? " steady" : "");
  }
  return text;
}

}  // namespace

TEST_CASE("a steady rhythm of ten minutes comes first, the longest in front") {
  CHECK(told(find_unproven({denied("192.0.2.1", 900), denied("192.0.2.2", 1000)},
                           {checks("192.0.2.3", 600), checks("192.0.2.4", 599),
                            checks("192.0.2.5", 7200), checks("192.0.2.6", 7200, 2)},
                           {}, {}, kNow)) ==
        "192.0.2.5 120 probe steady, 192.0.2.3 120 probe steady, 192.0.2.2 1000 unknown, "
        "192.0.2.1 900 unknown, 192.0.2.4 120 probe, 192.0.2.6 120 probe");
}

TEST_CASE("who is seen, listed or taken out on purpose is not among them") {
  CHECK(told(find_unproven({denied("192.0.2.1", 5), denied("192.0.2.2", 4)},
                           {sends("192.0.2.1", 3), sends("192.0.2.3", 3), sends("203.0.113.7", 3),
                            sends("198.18.0.1", 1)},
                           {{address("192.0.2.2"), 1, {}, {}, 1}},
                           ranges_of("203.0.113.0/24\nexcept 198.18.0.0/15\n"), kNow)) ==
        "192.0.2.1 5 translated, 192.0.2.3 3 translated");
}

TEST_CASE("a source without an address, behind too many tags, is not named") {
  DeniedSource one = denied("192.0.2.1", 1);
  one.source.reset();
  CHECK(find_unproven({one}, {}, {}, {}, kNow).empty());
}

TEST_CASE("first and last are those of both who know the source") {
  const auto found = find_unproven({denied("192.0.2.1", 5)}, {sends("192.0.2.1", 3)}, {}, {}, kNow);
  REQUIRE(found.size() == 1);
  CHECK(found[0].first == kNow - 100ns);
  CHECK(found[0].last == kNow - 1ns);
}

TEST_CASE("health checks of clouds are known by their addresses") {
  const auto cloud = [](const char* text) {
    const HealthChecks* known = known_health_checks(address(text));
    return known == nullptr ? std::string_view("none") : known->cloud;
  };
  CHECK(cloud("35.191.255.7") == "Google Cloud");
  CHECK(cloud("130.211.3.255") == "Google Cloud");
  CHECK(cloud("130.211.4.0") == "none");
  CHECK(cloud("2600:2d00:1:b029::7") == "Google Cloud");
  CHECK(cloud("168.63.129.16") == "Azure");
  CHECK(cloud("168.63.129.17") == "none");
  CHECK(cloud("100.127.0.1") == "Alibaba Cloud or Tencent Cloud");
  CHECK(cloud("100.128.0.1") == "none");
  CHECK(cloud("2001:db8::1") == "none");
}

TEST_CASE("each is told with its rhythm and the command that lists it; ten of them") {
  std::vector<UnprovenSource> sources{checks("192.0.2.5", 7199), sends("192.0.2.6", 1)};
  CHECK(report::unproven_text(find_unproven({}, sources, {}, {}, kNow), kNow) ==
        "  192.0.2.5  120 packets, every 10 s since 2025-12-31T22:00:00Z (2 h ago): health check?; "
        "to allow it: apiguard allow 192.0.2.5/32\n"
        "  192.0.2.6  1 packet, last 0 s ago: payload for no socket of this host, and no answer is "
        "known: translated?\n");
  for (int i = 10; i < 20; ++i) sources.push_back(sends("192.0.2." + std::to_string(i), 1));
  const std::string text = report::unproven_text(find_unproven({}, sources, {}, {}, kNow), kNow);
  CHECK(text.ends_with("  and 2 more\n"));
  CHECK(text.find("  192.0.2.5  ") == 0);
  CHECK(report::unproven_text({}, kNow).empty());
  CHECK(report::unproven_text(find_unproven({}, {sends("35.191.0.7", 1)}, {}, {}, kNow), kNow)
            .ends_with("; health checks of Google Cloud come from 35.191.0.0/16 130.211.0.0/22 "
                       "2600:2d00:1:b029::/64; to allow it: apiguard allow 35.191.0.7/32\n"));
}

TEST_CASE("JSON has all of them") {
  const auto found =
      find_unproven({}, {checks("192.0.2.5", 7199), sends("192.0.2.6", 1)}, {}, {}, kNow);
  const std::string json = report::suggest_json({}, 2, found);
  CHECK(json.find(R"("unproven": [
    {
      "source": "192.0.2.5",
      "packets": 120,
      "first_seen": "2025-12-31T22:00:00Z",
      "last_seen": "2025-12-31T23:59:59Z",
      "kind": "probe",
      "every_seconds": 10.0,
      "rhythm_since": "2025-12-31T22:00:00Z"
    },)") != std::string::npos);
  CHECK(json.find(R"("kind": "translated",
      "every_seconds": null,)") != std::string::npos);
}

TEST_CASE("a proposed range that health checks come from says so") {
  Suggestions suggestions;
  suggestions.ranges.push_back({{address("168.63.129.16"), 32}, 1, 1, 1, false, std::nullopt});
  CHECK(report::suggest_text(suggestions, 0, {}, kNow)
            .ends_with("# health checks of Azure come from 168.63.129.16/32 "
                       "(learn.microsoft.com/azure/load-balancer/"
                       "load-balancer-custom-probe-overview):\n"
                       "apiguard allow 168.63.129.16/32\n"));
}
