// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/compile/sources.hpp"
#include "loader/base/time.hpp"

#include <arpa/inet.h>

#include <cstring>

#include "loader/host/journal.hpp"
#include "loader/ledger/audit_file.hpp"
#include "loader/policy/text.hpp"
#include "loader/report/event.hpp"
#include "loader/report/sources.hpp"
#include "tests/support/catch.hpp"

using namespace apiguard;
using namespace apiguard::ledger;

namespace {

constexpr Timestamp kWall{1'767'225'600s};  // 2026-01-01T00:00:00Z
const Now kNow{kWall, BootTime(1000s)};

Address address(const std::string& text) {
  const auto parsed = parse_address(text);
  REQUIRE(parsed);
  return *parsed;
}

std::vector<Range> ranges_of(const std::string& line) {
  const auto parsed = parse_ranges({"authorized-ranges", "list", line + "\n", true});
  REQUIRE(parsed);
  return parsed->policy.ranges;
}

DeniedSource denied(const char* source, std::uint64_t packets, int first, int last,
                    apiguard_reason reason = APIGUARD_UNLISTED) {
  return {address(source),    packets,       0,     kWall + first * 1ns,
          kWall + last * 1ns, APIGUARD_DROP, reason};
}

apiguard_event event_of(const char* source, const char* destination) {
  apiguard_event event{};
  const Address from = address(source);
  const Address to = address(destination);
  event.time = nanoseconds_of(kNow.boot - 2s);
  event.generation = 7;
  std::memcpy(event.source, from.bytes.data(), 16);
  std::memcpy(event.destination, to.bytes.data(), 16);
  event.ifindex = 3;
  event.dport = htons(6443);
  event.family = from.family == Family::kIpv4 ? APIGUARD_IPV4 : APIGUARD_IPV6;
  event.outcome = APIGUARD_DROP;
  event.reason = APIGUARD_UNLISTED;
  return event;
}

}  // namespace

TEST_CASE("moments of the boot-time clock become those of the wall clock") {
  CHECK(wall_time(kNow.boot, kNow) == kWall);
  CHECK(wall_time(kNow.boot - 5s, kNow) == kWall - 5s);
  CHECK(wall_time(kNow.boot + 1ns, kNow) == kWall + 1ns);  // read after the clocks were
}

TEST_CASE("a source that was counted twice stands there once") {
  const auto sources = united({denied("192.0.2.7", 3, 10, 20), denied("192.0.2.8", 4, 0, 1),
                               denied("192.0.2.7", 2, 5, 30, APIGUARD_EXPIRED)});
  REQUIRE(sources.size() == 2);
  CHECK(sources[0] == denied("192.0.2.7", 5, 5, 30, APIGUARD_EXPIRED));
  CHECK(sources[1].packets == 4);
  CHECK(united({}).empty());
}

TEST_CASE("what was dropped and what would have been is counted apart") {
  apiguard_denied value{};
  value.family = APIGUARD_IPV4;
  value.packets = 7;
  value.outcome = APIGUARD_WOULD_DROP;
  DeniedSource audit = denied_source(value, kNow);
  CHECK(audit.would_drop == 7);
  value.packets = 5;
  value.outcome = APIGUARD_DROP;
  const auto both = united({audit, denied_source(value, kNow)});
  REQUIRE(both.size() == 1);
  CHECK(both[0].packets == 12);
  CHECK(both[0].would_drop == 7);
}

TEST_CASE("the report of denied sources counts what it does not show") {
  std::vector<DeniedSource> sources;
  for (int i = 1; i <= 5; ++i)
    sources.push_back(denied(("192.0.2." + std::to_string(i)).c_str(), 10, 0, 0));
  CHECK(report::denied_text(sources, 3, {}, kWall).find("and 2 more") != std::string::npos);
  CHECK(report::denied_text(sources, 0, {}, kWall).find("more") == std::string::npos);
  const Range office = ranges_of("192.0.2.0/24")[0];
  const std::string text = report::denied_text(sources, 2, {&office, nullptr}, kWall);
  CHECK(text.find("listed by 192.0.2.0/24") != std::string::npos);
  CHECK(text.find("not listed") != std::string::npos);
  Range except = office;
  except.kind = Kind::kExcept;
  except.name = "guests";
  CHECK(
      report::denied_text(sources, 1, {&except}, kWall).find("excepted by 192.0.2.0/24 (guests)") !=
      std::string::npos);
  const std::string json = report::denied_json(sources, 2, {&except, nullptr});
  CHECK(json.find("\"name\": \"guests\"") != std::string::npos);
  CHECK(json.find("\"listed\": true") == std::string::npos);
  CHECK(report::denied_json(sources, 2, {}).find("\"now\": null") != std::string::npos);
  CHECK(report::denied_json({}, 0, {}) == "{\n  \"schema\": 1,\n  \"sources\": []\n}");
  DeniedSource unknown = sources[0];
  unknown.source.reset();
  CHECK(report::denied_json({unknown}, 0, {}).find("\"source\": null") != std::string::npos);
}

TEST_CASE("an event is one line") {
  const apiguard_event event = event_of("192.0.2.7", "198.51.100.1");
  CHECK(report::event_text(event, "eth0", kNow) ==
        "2025-12-31T23:59:58.000Z  denied      192.0.2.7 -> 198.51.100.1:6443  unlisted  eth0");
  CHECK(report::event_json(event, "eth0", kNow) ==
        R"({"time":"2025-12-31T23:59:58Z","event":"denied","source":"192.0.2.7",)"
        R"("destination":"198.51.100.1","port":6443,"interface":"eth0","generation":7,)"
        R"("verdict":"drop","reason":"unlisted","range":null,"name":null})");
  apiguard_event admitted = event_of("2001:db8:12:7::9", "2001:db8:1::1");
  admitted.outcome = APIGUARD_PASS;
  admitted.reason = APIGUARD_LISTED;
  admitted.prefix_len = 48;
  CHECK(report::event_text(admitted, "", kNow) ==
        "2025-12-31T23:59:58.000Z  admitted    2001:db8:12:7::9 -> [2001:db8:1::1]:6443  "
        "2001:db8:12::/48");
  CHECK(report::event_json(admitted, "", kNow).find(R"("interface":null)") != std::string::npos);
  CHECK(report::event_json(admitted, "", kNow).find(R"("range":"2001:db8:12::/48")") !=
        std::string::npos);
  apiguard_event unreached{};
  unreached.outcome = APIGUARD_WOULD_DROP;
  unreached.reason = APIGUARD_VLAN_DEPTH;
  unreached.time = nanoseconds_of(kNow.boot);
  CHECK(report::event_text(unreached, "eth0", kNow) ==
        "2026-01-01T00:00:00.000Z  would deny  a source that was not read  vlan_depth  eth0");
  CHECK(report::event_json(unreached, "eth0", kNow).find(R"("source":null)") != std::string::npos);
}

TEST_CASE("an event names the range where it is known, and no other") {
  apiguard_event event = event_of("192.0.2.7", "198.51.100.1");
  Range range = ranges_of("192.0.2.0/24")[0];
  range.name = "office";
  // What is not listed was denied by nobody, whatever the list says by now.
  CHECK(report::event_text(event, "eth0", kNow, &range).find("office") == std::string::npos);
  event.reason = APIGUARD_EXCEPTED;
  CHECK(report::event_text(event, "eth0", kNow, &range).find("office") == std::string::npos);
  range.kind = Kind::kExcept;
  CHECK(report::event_text(event, "eth0", kNow, &range)
            .ends_with("  excepted by 192.0.2.0/24 (office)  eth0"));
  CHECK(report::event_json(event, "eth0", kNow, &range)
            .find(R"("range":"192.0.2.0/24","name":"office")") != std::string::npos);
  event.outcome = APIGUARD_PASS;
  event.reason = APIGUARD_LISTED;
  event.prefix_len = 24;
  range.kind = Kind::kAllow;
  CHECK(report::event_text(event, "eth0", kNow, &range).ends_with("  192.0.2.0/24 (office)  eth0"));
  event.prefix_len = 25;  // another entry admitted it
  CHECK(report::event_json(event, "eth0", kNow, &range)
            .find(R"("range":"192.0.2.0/25","name":null)") != std::string::npos);
}

TEST_CASE("a journal gets text and fields, nothing that is null") {
  const apiguard_event event = event_of("192.0.2.7", "198.51.100.1");
  CHECK(report::event_words(event, "eth0") ==
        "denied 192.0.2.7 -> 198.51.100.1:6443  unlisted  eth0");
  const Fields fields = report::event_fields(event, "eth0");
  CHECK(fields == Fields{{"APIGUARD_EVENT", "denied"},
                         {"APIGUARD_SOURCE", "192.0.2.7"},
                         {"APIGUARD_DESTINATION", "198.51.100.1"},
                         {"APIGUARD_PORT", "6443"},
                         {"APIGUARD_INTERFACE", "eth0"},
                         {"APIGUARD_GENERATION", "7"},
                         {"APIGUARD_VERDICT", "drop"},
                         {"APIGUARD_REASON", "unlisted"}});
  CHECK(datagram(Level::kNotice, "two\nlines", {{"APIGUARD_X", "a\nb"}}) ==
        "MESSAGE=two lines\nPRIORITY=5\nSYSLOG_IDENTIFIER=apiguard\nAPIGUARD_X=a b\n");
}

TEST_CASE("changes and losses are told as well") {
  GenerationMeta meta;
  meta.generation = 18;
  meta.by = "root";
  meta.verb = "allow 203.0.113.0/24";
  meta.added = 1;
  CHECK(report::event_text(report::ChangeEvent{kWall, 18, false, &meta}) ==
        "2026-01-01T00:00:00.000Z  change      generation 18 is in force: mode enforce, +1 -0, by "
        "root: "
        "allow 203.0.113.0/24");
  CHECK(report::event_text(report::ChangeEvent{kWall, 17, true, nullptr}) ==
        "2026-01-01T00:00:00.000Z  change      generation 17 is in force again: the change after "
        "it was "
        "not confirmed");
  CHECK(report::event_text(report::ChangeEvent{kWall, 0, false, nullptr})
            .ends_with("nothing is in force: every packet passes"));
  CHECK(report::event_json(report::ChangeEvent{kWall, 18, false, &meta}) ==
        R"({"time":"2026-01-01T00:00:00Z","event":"change","generation":18,"undone":false,)"
        R"("mode":"enforce","added":1,"removed":0,"by":"root","verb":"allow 203.0.113.0/24"})");
  CHECK(report::event_json(report::LostEvents{{12, 3}, kWall}) ==
        R"({"time":"2026-01-01T00:00:00Z","event":"lost","denied":12,"admitted":3})");
}

TEST_CASE("a source that was seen goes into the kernel and comes back, over a boot as well") {
  const AuditSource source{address("203.0.113.7"), 12, kWall - 5000s, kWall - 3s, 4};
  const apiguard_seen_key key = seen_key(source);
  const apiguard_seen value = seen_value(source, kNow);  // 5000 s ago there was no boot yet
  CHECK(audit_source(key, value, kNow) == source);
  CHECK(audit_source(key, value, {kWall + 60s, kNow.boot + 60s}) == source);
  CHECK(value.day == 20453);  // 2025-12-31
  const AuditSource six{address("2001:db8::7"), 1, kWall, kWall, 1};
  CHECK(audit_source(seen_key(six), seen_value(six, kNow), kNow) == six);
}

TEST_CASE("sources that were seen are text and back, a damaged text is refused") {
  const std::vector<AuditSource> sources{
      {address("203.0.113.7"), 12, Timestamp(1ns), kWall, 4},
      {address("2001:db8::7"), 1, Timestamp(2ns), Timestamp(3ns), 1}};
  const std::string text = show_audit_file(sources);
  CHECK(text ==
        "apiguard seen 1\n203.0.113.7 12 1 1767225600000000000 4\n2001:db8::7 1 2 3 1\nend\n");
  REQUIRE(parse_audit_file(text));
  CHECK(*parse_audit_file(text) == sources);
  CHECK(parse_audit_file(show_audit_file({}))->empty());
  for (const char* damaged : {"", "apiguard used 1\nend\n", "apiguard seen 1\n",
                              "apiguard seen 1\n203.0.113.7 1 2 3\nend\n",
                              "apiguard seen 1\n203.0.113.7 1 2 3 4 5\nend\n",
                              "apiguard seen 1\n203.0.113 1 2 3 4\nend\n",
                              "apiguard seen 1\n203.0.113.7 x 2 3 4\nend\n"}) {
    INFO(damaged);
    CHECK_FALSE(parse_audit_file(damaged));
  }
}
