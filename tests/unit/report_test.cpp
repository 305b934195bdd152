// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/policy/text.hpp"
#include "loader/report/change.hpp"
#include "loader/report/check.hpp"
#include "loader/report/diff.hpp"
#include "loader/report/ends.hpp"
#include "loader/report/history.hpp"
#include "loader/report/json.hpp"
#include "loader/report/lease.hpp"
#include "loader/report/list.hpp"
#include "loader/report/names.hpp"
#include "loader/report/status.hpp"
#include "loader/report/table.hpp"
#include "loader/report/terminal.hpp"
#include "tests/support/catch.hpp"

using namespace apiguard;
using namespace apiguard::ledger;
using namespace apiguard::report;

namespace {

Range range_of(const char* cidr, Kind kind = Kind::kAllow, const char* name = "",
               const char* until = nullptr) {
  Range range;
  range.prefix = parse_prefix(cidr)->prefix;
  range.kind = kind;
  range.name = name;
  if (until != nullptr) range.until = *parse_timestamp(until);
  range.origin = {"authorized-ranges", 3};
  return range;
}

Address address_of(const char* text) { return *parse_address(text); }

InterfaceStatus attached(const char* name) {
  InterfaceStatus interface;
  interface.name = name;
  interface.ifindex = 2;
  interface.attached = true;
  interface.xdp_mode = XdpMode::kNative;
  interface.prog_id = 41;
  interface.link_id = 42;
  return interface;
}

Status enforcing() {
  Status status;
  status.mode = Mode::kEnforce;
  status.generation = 17;
  status.fingerprint = "00ff";
  status.endpoints = {Endpoint{std::nullopt, 6443}, Endpoint{address_of("2001:db8::1"), 443}};
  status.ranges4 = 3;
  status.ranges6 = 1;
  InterfaceStatus absent;
  absent.name = "eth9";
  status.interfaces = {attached("eth0"), absent};
  status.counters.packets[APIGUARD_PASS][APIGUARD_LISTED] = 1234;
  status.counters.packets[APIGUARD_PASS][APIGUARD_NOT_IP] = 5;
  status.counters.packets[APIGUARD_DROP][APIGUARD_UNLISTED] = 18446744073709551615U;
  return status;
}

std::string json_of_list(const std::vector<Range>& ranges, const ListUsage& use = {}) {
  std::string text;
  list_json(deciding_ranges(ranges), use, {}, [&text](std::string_view piece) { text += piece; });
  return text;
}

std::string text_of_list(const std::vector<Range>& ranges, const ListUsage& use, Timestamp now) {
  std::string text;
  list_text(deciding_ranges(ranges), use, now, [&text](std::string_view piece) { text += piece; });
  return text;
}

RangeUsage used_range(const char* cidr, std::uint64_t connections, const char* first,
                      const char* last) {
  return {parse_prefix(cidr)->prefix,
          {connections, *parse_timestamp(first), *parse_timestamp(last)},
          {}};
}

}  // namespace

TEST_CASE("a filter of ours whose pins are elsewhere is never told as: every packet passes") {
  Status status;
  CHECK(to_text(status, false).find("every packet passes") != std::string::npos);
  status.unpinned = {{"eth0", 2, 41, 17, Mode::kEnforce}};
  const std::string text = to_text(status, false);
  CHECK(text.find("every packet passes") == std::string::npos);
  CHECK(text.find("judges on eth0 (generation 17, mode enforce)") != std::string::npos);
  CHECK(to_json(status).find("\"unpinned\"") != std::string::npos);
}

TEST_CASE("outcomes and reasons have the names of the contract") {
  CHECK(outcome_name(APIGUARD_PASS) == "pass");
  CHECK(outcome_name(APIGUARD_DROP) == "drop");
  CHECK(outcome_name(APIGUARD_WOULD_DROP) == "would_drop");
  CHECK(outcome_name(APIGUARD_OUTCOME_MAX) == "unknown");
  CHECK(reason_name(APIGUARD_NOT_IP) == "not_ip");
  CHECK(reason_name(APIGUARD_VLAN_DEPTH) == "vlan_depth");
  CHECK(reason_name(APIGUARD_MALFORMED) == "malformed");
  CHECK(reason_name(APIGUARD_LATER_FRAGMENT) == "later_fragment");
  CHECK(reason_name(APIGUARD_SHORT_TCP) == "short_tcp");
  CHECK(reason_name(APIGUARD_OTHER_TRAFFIC) == "other_traffic");
  CHECK(reason_name(APIGUARD_EXT_CHAIN) == "ext_chain");
  CHECK(reason_name(APIGUARD_LISTED) == "listed");
  CHECK(reason_name(APIGUARD_EXCEPTED) == "excepted");
  CHECK(reason_name(APIGUARD_EXPIRED) == "expired");
  CHECK(reason_name(APIGUARD_UNLISTED) == "unlisted");
  CHECK(reason_name(APIGUARD_OFF) == "off");
  CHECK(reason_name(APIGUARD_REASON_MAX) == "unknown");
}

TEST_CASE("colour needs a terminal, and NO_COLOR and TERM may refuse it") {
  CHECK(colour_wanted(true, nullptr, "xterm"));
  CHECK(colour_wanted(true, "", nullptr));
  CHECK_FALSE(colour_wanted(false, nullptr, "xterm"));
  CHECK_FALSE(colour_wanted(true, "1", "xterm"));
  CHECK_FALSE(colour_wanted(true, "0", "xterm"));
  CHECK_FALSE(colour_wanted(true, nullptr, "dumb"));
  CHECK(paint("x", Colour::kGreen, false) == "x");
  CHECK(paint("x", Colour::kGreen, true) == "\033[32mx\033[0m");
  CHECK(paint("x", Colour::kRed, true) == "\033[31mx\033[0m");
  CHECK(paint("x", Colour::kLoud, true) == "\033[1;31mx\033[0m");
}

TEST_CASE("a table aligns its columns and lets no control character through") {
  Table table({"A", "LONG", "C"});
  CHECK(table.empty());
  table.add({"wide cell", "", "x"});
  table.add({"b", "\033[31mred", ""});
  CHECK_FALSE(table.empty());
  CHECK(table.text() ==
        "A          LONG      C\n"
        "wide cell  -         x\n"
        "b          ?[31mred  -\n");
}

TEST_CASE("the preview shows what comes, what goes and which settings change") {
  Difference difference;
  CHECK(preview(difference, true).empty());
  difference.added = {range_of("203.0.113.0/24", Kind::kAllow, "office"),
                      range_of("198.51.100.7", Kind::kAllow, "ci", "2026-12-01T08:00:00Z")};
  difference.removed = {range_of("203.0.113.128/25", Kind::kExcept),
                        range_of("10.20.0.0/16", Kind::kCluster)};
  difference.settings = {"mode: audit -> enforce"};
  CHECK(preview(difference, false) ==
        "+ 203.0.113.0/24  office\n"
        "+ 198.51.100.7/32  ci  until 2026-12-01T08:00:00Z\n"
        "- except 203.0.113.128/25\n"
        "- cluster 10.20.0.0/16\n"
        "mode: audit -> enforce\n");
}

TEST_CASE("the preview is green and red where colour is wanted") {
  Difference difference;
  difference.added = {range_of("203.0.113.0/24")};
  difference.removed = {range_of("192.0.2.0/24")};
  CHECK(preview(difference, true) ==
        "\033[32m+ 203.0.113.0/24\033[0m\n"
        "\033[31m- 192.0.2.0/24\033[0m\n");
}

TEST_CASE("the preview counts what is beyond fifty ranges") {
  Difference difference;
  difference.added.assign(50, range_of("203.0.113.0/24"));
  std::string fifty;
  for (int i = 0; i < 50; ++i) fifty += "+ 203.0.113.0/24\n";
  CHECK(preview(difference, false) == fifty);
  difference.added.resize(53, range_of("203.0.113.0/24"));
  CHECK(preview(difference, false) == fifty + "+ and 3 more\n");
}

TEST_CASE("JSON of a change") {
  Change change;
  change.changed = true;
  change.generation = 18;
  change.difference.added = {
      range_of("198.51.100.7", Kind::kAllow, "ci", "2026-12-01T08:00:00.5Z")};
  change.difference.removed = {range_of("2001:db8::/32", Kind::kExcept)};
  change.cut.resize(2);
  change.cut[0] = {change.difference.removed[0].prefix.address,
                   3,
                   range_of("2001:db8::/31"),
                   "",
                   publish::HowSeen::kAudit,
                   parse_timestamp("2026-12-01T08:00:00Z").value()};
  change.cut[1] = {Address{Family::kIpv4, {192, 0, 2, 7}},
                   1,
                   std::nullopt,
                   "no list is in force",
                   publish::HowSeen::kSocket,
                   std::nullopt};
  change.cut_ranges = {{range_of("203.0.113.0/24", Kind::kAllow, "office"),
                        {12, {}, *parse_timestamp("2026-12-01T08:00:00.5Z")}}};
  change.warnings = {"range '10.0.0.0/7': wide"};
  CHECK(to_json(change) == R"({
  "schema": 1,
  "changed": true,
  "generation": 18,
  "added": [
    {
      "cidr": "198.51.100.7/32",
      "kind": "allow",
      "name": "ci",
      "until": "2026-12-01T08:00:00.5Z",
      "origin": "authorized-ranges:3"
    }
  ],
  "removed": [
    {
      "cidr": "2001:db8::/32",
      "kind": "except",
      "name": null,
      "until": null,
      "origin": "authorized-ranges:3"
    }
  ],
  "cut": [
    {
      "address": "2001:db8::",
      "connections": 3,
      "range": "2001:db8::/31",
      "last_seen": "2026-12-01T08:00:00Z",
      "seen": "audit"
    },
    {
      "address": "192.0.2.7",
      "connections": 1,
      "range": null,
      "last_seen": null,
      "seen": "socket"
    },
    {
      "address": null,
      "connections": 12,
      "range": "203.0.113.0/24",
      "last_seen": "2026-12-01T08:00:00.5Z",
      "seen": "used"
    }
  ],
  "warnings": [
    "range '10.0.0.0/7': wide"
  ]
})");
}

TEST_CASE("JSON of no change: every member is there") {
  CHECK(to_json(Change{}) == R"({
  "schema": 1,
  "changed": false,
  "generation": null,
  "added": [],
  "removed": [],
  "cut": [],
  "warnings": []
})");
}

TEST_CASE("JSON of a refusal, and of a failure that met no risk") {
  NotChanged refusal;
  refusal.exit = 7;
  refusal.message = "refused: nothing was changed";
  refusal.risks = {{"wide", "new range wider than /8: 10.0.0.0/7"}};
  publish::CutPeer peer;
  peer.peer = *parse_address("192.0.2.9");
  peer.connections = 3;
  refusal.cut = {peer};
  refusal.warnings = {"one"};
  CHECK(to_json(refusal) == R"({
  "schema": 1,
  "changed": false,
  "error": {
    "exit": 7,
    "message": "refused: nothing was changed"
  },
  "risks": [
    {
      "name": "wide",
      "message": "new range wider than /8: 10.0.0.0/7"
    }
  ],
  "cut": [
    {
      "address": "192.0.2.9",
      "connections": 3,
      "range": null,
      "last_seen": null,
      "seen": "socket"
    }
  ],
  "warnings": [
    "one"
  ]
})");
  NotChanged failure;
  failure.exit = 4;
  failure.message = "lock: held";
  CHECK(to_json(failure) == R"({
  "schema": 1,
  "changed": false,
  "error": {
    "exit": 4,
    "message": "lock: held"
  },
  "risks": [],
  "cut": [],
  "warnings": []
})");
}

TEST_CASE("JSON of a difference") {
  Diff diff;
  diff.generation = 17;
  CHECK(to_json(diff) == R"({
  "schema": 1,
  "differs": false,
  "generation": 17,
  "added": [],
  "removed": [],
  "settings": []
})");
  diff.generation.reset();
  diff.difference.settings = {"mode: enforce -> audit"};
  diff.difference.added = {range_of("192.0.2.0/24", Kind::kCluster)};
  CHECK(to_json(diff) == R"({
  "schema": 1,
  "differs": true,
  "generation": null,
  "added": [
    {
      "cidr": "192.0.2.0/24",
      "kind": "cluster",
      "name": null,
      "until": null,
      "origin": "authorized-ranges:3"
    }
  ],
  "removed": [],
  "settings": [
    "mode: enforce -> audit"
  ]
})");
}

TEST_CASE("JSON of the list: what is not known is null") {
  CHECK(json_of_list({range_of("203.0.113.0/24", Kind::kAllow, "office")}) == R"({
  "schema": 1,
  "ranges": [
    {
      "cidr": "203.0.113.0/24",
      "kind": "allow",
      "name": "office",
      "until": null,
      "origin": "authorized-ranges:3",
      "connections": null,
      "first_seen": null,
      "last_seen": null
    }
  ],
  "observed_since": null,
  "bars": []
}
)");
  CHECK(json_of_list({}) == R"({
  "schema": 1,
  "ranges": [],
  "observed_since": null,
  "bars": []
}
)");
}

TEST_CASE("JSON of the list: connections of what lists somebody") {
  UsageLog state;
  state.ranges = {used_range("192.0.2.0/24", 4, "2026-11-01T00:00:00Z", "2026-11-02T00:00:00.25Z"),
                  used_range("198.51.100.0/24", 1, "2026-11-01T00:00:00Z", "2026-11-01T00:00:00Z"),
                  used_range("203.0.113.0/24", 9, "2026-11-01T00:00:00Z", "2026-11-02T00:00:00Z")};
  const std::string json =
      json_of_list({range_of("192.0.2.0/24"), range_of("203.0.113.0/24", Kind::kExcept),
                    range_of("203.0.113.0/25", Kind::kCluster)},
                   {&state, parse_timestamp("2026-10-01T00:00:00Z").value()});
  CHECK(json.find(R"(      "connections": 4,
      "first_seen": "2026-11-01T00:00:00Z",
      "last_seen": "2026-11-02T00:00:00.25Z")") != std::string::npos);
  CHECK(json.find(R"(      "connections": null,
      "first_seen": null,
      "last_seen": null)") != std::string::npos);
  CHECK(json.find(R"(      "connections": 0,
      "first_seen": null,
      "last_seen": null)") != std::string::npos);
  CHECK(json.find(R"("observed_since": "2026-10-01T00:00:00Z")") != std::string::npos);
}

TEST_CASE("the list says how often a range was used, and how long ago") {
  const Timestamp now = *parse_timestamp("2026-12-01T08:00:00.5Z");
  UsageLog state;
  state.ranges = {
      used_range("192.0.2.2/32", 1234, "2026-11-01T00:00:00Z", "2026-12-01T04:55:00.75Z")};
  const std::vector<Range> ranges = {range_of("192.0.2.1", Kind::kExcept), range_of("192.0.2.2"),
                                     range_of("192.0.2.3")};
  CHECK(text_of_list(ranges, {&state, std::nullopt}, now) ==
        "CIDR          KIND    NAME  UNTIL  CONNECTIONS  LAST SEEN                             "
        "ORIGIN\n"
        "192.0.2.1/32  except  -     -      -            -                                     "
        "authorized-ranges:3\n"
        "192.0.2.2/32  allow   -     -      1234         2026-12-01T04:55:00Z (3 h 5 min ago)  "
        "authorized-ranges:3\n"
        "192.0.2.3/32  allow   -     -      0            -                                     "
        "authorized-ranges:3\n");
}

TEST_CASE("a moment is told with how long ago it was") {
  const Timestamp now = *parse_timestamp("2026-12-01T08:00:00.9Z");
  const auto text = [&](const char* seen) { return seen_text(*parse_timestamp(seen), now); };
  CHECK(text("2026-12-01T08:00:00.8Z") == "2026-12-01T08:00:00Z (0 s ago)");
  CHECK(text("2026-11-28T04:00:00Z") == "2026-11-28T04:00:00Z (3 d 4 h ago)");
  CHECK(text("2026-12-01T09:00:00Z") == "2026-12-01T09:00:00Z (0 s ago)");
}

TEST_CASE("the list says what is left of ranges that end") {
  const Timestamp now = *parse_timestamp("2026-12-01T08:00:00Z");
  const std::vector<Range> ranges = {
      range_of("192.0.2.1", Kind::kExcept, "", "2026-12-01T08:00:00Z"),
      range_of("192.0.2.2", Kind::kAllow, "", "2026-12-01T08:00:01Z"),
      range_of("192.0.2.3", Kind::kAllow, "ci", "2026-12-01T09:59:59Z"),
      range_of("203.0.113.0/24", Kind::kAllow, "office")};
  CHECK(text_of_list(ranges, {}, now) ==
        "CIDR            KIND    NAME    UNTIL                                   CONNECTIONS  LAST "
        "SEEN"
        "  ORIGIN\n"
        "192.0.2.1/32    except  -       2026-12-01T08:00:00Z (expired 0 s ago)  -            -    "
        "    "
        "  authorized-ranges:3\n"
        "192.0.2.2/32    allow   -       2026-12-01T08:00:01Z (in 1 s)           -            -    "
        "    "
        "  authorized-ranges:3\n"
        "192.0.2.3/32    allow   ci      2026-12-01T09:59:59Z (in 1 h 59 min)    -            -    "
        "    "
        "  authorized-ranges:3\n"
        "203.0.113.0/24  allow   office  -                                       -            -    "
        "    "
        "  authorized-ranges:3\n");
}

TEST_CASE("an end is told with what is left of it, or how long ago it was") {
  const Timestamp now = *parse_timestamp("2026-12-01T08:00:00.9Z");
  const auto text = [&](const char* until) {
    Range range;
    range.until = *parse_timestamp(until);
    return end_text(range, now);
  };
  CHECK(end_text(Range{}, now).empty());
  CHECK(text("2026-12-01T10:00:00Z") == "2026-12-01T10:00:00Z (in 2 h)");
  CHECK(text("2026-12-01T08:00:01Z") == "2026-12-01T08:00:01Z (in 1 s)");
  CHECK(text("2026-12-01T08:00:00.9Z") == "2026-12-01T08:00:00.9Z (expired 0 s ago)");
  CHECK(text("2026-12-01T07:54:30Z") == "2026-12-01T07:54:30Z (expired 5 min ago)");
  CHECK(text("2026-11-28T04:00:00Z") == "2026-11-28T04:00:00Z (expired 3 d 4 h ago)");
  CHECK(text("1678-01-01T00:00:00Z").find(" (expired 127") != std::string::npos);
}

TEST_CASE("a lapsing line is told as such, with the file that it vanished from") {
  const Timestamp now = *parse_timestamp("2026-12-01T08:00:00Z");
  Range range = range_of("192.0.2.1/32", Kind::kAllow, "node-a", "2026-12-01T10:00:00.123456789Z");
  range.origin = {"authorized-ranges.d/nodes.list (lapsing)", 0};
  CHECK(end_text(range, now) == "2026-12-01T10:00:00Z (lapsing, in 2 h)");
  CHECK(end_text(range, *range.until) == "2026-12-01T10:00:00Z (expired 0 s ago)");
  const std::string list = text_of_list({range}, {}, now);
  CHECK(list.find("(lapsing, in 2 h)") != std::string::npos);
  CHECK(list.ends_with("  authorized-ranges.d/nodes.list\n"));
  const Json json = range_json(range);
  CHECK(json["lapsing"] == true);
  CHECK(json["origin"] == "authorized-ranges.d/nodes.list");
  // A file may bear that name without lapsing.
  range.origin.line = 1;
  CHECK_FALSE(range_json(range).contains("lapsing"));
  CHECK(end_text(range, now).find("lapsing") == std::string::npos);
  Check check{address_of("192.0.2.1"), true, "listed", range, Mode::kEnforce};
  CHECK(Json::parse(check_json({check})).contains("lapsing") == false);
  check.range->origin.line = 0;
  CHECK(Json::parse(check_json({check}))["lapsing"] == true);
}

TEST_CASE("a check for people says until when the range holds") {
  const Check ends{address_of("203.0.113.7"),
                   true,
                   "listed",
                   range_of("203.0.113.7", Kind::kAllow, "ci", "2026-12-01T08:00:00Z"),
                   Mode::kEnforce,
                   Usage{12, {}, *parse_timestamp("2026-12-01T06:20:00Z")}};
  Check ended = ends;
  ended.usage = Usage{};
  ended.pass = false;
  ended.reason = "expired";
  CHECK(check_text({ends}, *parse_timestamp("2026-12-01T06:30:00Z")) ==
        "SOURCE       VERDICT  REASON  RANGE           NAME  UNTIL                                 "
        "CONNECTIONS  LAST SEEN\n"
        "203.0.113.7  pass     listed  203.0.113.7/32  ci    2026-12-01T08:00:00Z (in 1 h 30 min)  "
        "12           2026-12-01T06:20:00Z (10 min ago)\n");
  CHECK(check_text({ended}, *parse_timestamp("2026-12-01T08:02:00Z")) ==
        "SOURCE       VERDICT  REASON   RANGE           NAME  UNTIL"
        "                                     CONNECTIONS  LAST SEEN\n"
        "203.0.113.7  drop     expired  203.0.113.7/32  ci    2026-12-01T08:00:00Z (expired 2 min "
        "ago)  0            -\n");
}

TEST_CASE("an origin without a line is its file") {
  Range range = range_of("10.20.0.0/16", Kind::kCluster);
  range.origin = {"apiguard.toml", 0};
  CHECK(json_of_list({range}).find("\"origin\": \"apiguard.toml\"") != std::string::npos);
}

TEST_CASE("JSON of one check is the object itself") {
  Check check{address_of("203.0.113.7"),
              true,
              "listed",
              range_of("203.0.113.0/24", Kind::kAllow, "office", "2026-12-01T08:00:00Z"),
              Mode::kAudit,
              Usage{12, *parse_timestamp("2026-11-01T08:00:00Z"),
                    *parse_timestamp("2026-11-30T08:00:00Z")}};
  CHECK(check_json({check}) == R"({
  "schema": 1,
  "source": "203.0.113.7",
  "verdict": "pass",
  "reason": "listed",
  "range": "203.0.113.0/24",
  "name": "office",
  "until": "2026-12-01T08:00:00Z",
  "mode": "audit",
  "connections": 12,
  "first_seen": "2026-11-01T08:00:00Z",
  "last_seen": "2026-11-30T08:00:00Z"
})");
}

TEST_CASE("JSON of several checks") {
  const Check drop{address_of("2001:db8::7"), false, "unlisted", std::nullopt, Mode::kEnforce};
  const Check except{address_of("203.0.113.200"), false, "excepted",
                     range_of("203.0.113.128/25", Kind::kExcept), Mode::kEnforce};
  CHECK(check_json({drop, except}) == R"({
  "schema": 1,
  "checks": [
    {
      "source": "2001:db8::7",
      "verdict": "drop",
      "reason": "unlisted",
      "range": null,
      "name": null,
      "until": null,
      "mode": "enforce",
      "connections": null,
      "first_seen": null,
      "last_seen": null
    },
    {
      "source": "203.0.113.200",
      "verdict": "drop",
      "reason": "excepted",
      "range": "203.0.113.128/25",
      "name": null,
      "until": null,
      "mode": "enforce",
      "connections": null,
      "first_seen": null,
      "last_seen": null
    }
  ]
})");
  CHECK(check_text({drop, except}, {}) ==
        "SOURCE         VERDICT  REASON    RANGE             NAME  UNTIL  CONNECTIONS  LAST SEEN\n"
        "2001:db8::7    drop     unlisted  -                 -     -      -            -\n"
        "203.0.113.200  drop     excepted  203.0.113.128/25  -     -      -            -\n");
}

TEST_CASE("history, newest first, with the kernel's number in force") {
  GenerationMeta newest;
  newest.generation = 18;
  newest.time = *parse_timestamp("2026-01-02T03:04:05Z");
  newest.by = "alice from 203.0.113.7";
  newest.verb = "allow 203.0.113.0/24";
  newest.mode = Mode::kAudit;
  newest.added = 1;
  GenerationMeta older = newest;
  older.generation = 17;
  older.verb = "apply";
  older.removed = 2;
  History history{{newest, older}, 17};
  CHECK(to_json(history) == R"({
  "schema": 1,
  "generations": [
    {
      "generation": 18,
      "time": "2026-01-02T03:04:05Z",
      "by": "alice from 203.0.113.7",
      "in_force": false,
      "confirmed": true,
      "added": 1,
      "removed": 0,
      "verb": "allow 203.0.113.0/24"
    },
    {
      "generation": 17,
      "time": "2026-01-02T03:04:05Z",
      "by": "alice from 203.0.113.7",
      "in_force": true,
      "confirmed": true,
      "added": 1,
      "removed": 2,
      "verb": "apply"
    }
  ]
})");
  const Range added{parse_prefix("203.0.113.7")->prefix, Kind::kExcept, "", std::nullopt, {}};
  history.generations.back().changes = {{"ticket", "bob", "except 203.0.113.7", {added}, {}}};
  CHECK(to_json(history).find(R"("changes": [
        {
          "by": "bob",
          "verb": "except 203.0.113.7",
          "added": [
            {
              "cidr": "203.0.113.7/32",
              "kind": "except",
              "name": null,
              "until": null
            }
          ],
          "removed": []
        }
      ])") != std::string::npos);
  history.generations.pop_back();
  history.in_force = 18;
  history.generations.front().time += 783489186ns;
  CHECK(to_text(history) ==
        "GENERATION  TIME                  STATE     MODE   CHANGE  BY                      VERB\n"
        "18          2026-01-02T03:04:05Z  in force  audit  +1 -0   alice from 203.0.113.7  "
        "allow 203.0.113.0/24\n");
}

TEST_CASE("history tells what waits for its confirmation from what waited in vain") {
  GenerationMeta meta;
  meta.generation = 18;
  meta.confirmed = false;
  const auto has = [&meta](const char* word) {
    return to_text(History{{meta}, 18}).find(word) != std::string::npos;
  };
  CHECK(has(" unconfirmed "));
  meta.undone = true;
  CHECK(has(" undone "));
  meta.undone = false;
  meta.generation = 17;
  CHECK(has(" superseded "));
}

TEST_CASE("bytes that are not UTF-8 do not break JSON") {
  GenerationMeta meta;
  meta.by = "\xff";
  CHECK(to_json(History{{meta}, std::nullopt}).find("\"by\": \"\xef\xbf\xbd\"") !=
        std::string::npos);
}

TEST_CASE("leases of a status, and none where nobody has any") {
  Status status = enforcing();
  CHECK(to_text(status, false).find("leases") == std::string::npos);
  status.leases = {12, 2, 1};
  CHECK(to_text(status, false).find("leases       12, 2 of them expiring soon; 1 barred\n") !=
        std::string::npos);
}

TEST_CASE("what became of leases, for people and for scripts") {
  const auto answer = [](const char* address, LeaseResult result, const char* why) {
    LeaseAnswer one;
    one.prefix = parse_prefix(address)->prefix;
    one.name = "ci";
    one.result = result;
    one.why = why;
    if (*why == '\0') one.until = Timestamp(1'796'112'000s);
    one.in_force = one.until.has_value();
    return one;
  };
  const Leases leases{
      true,
      17,
      42,
      {answer("192.0.2.1", LeaseResult::kRenewed, ""),
       answer("192.0.2.2", LeaseResult::kRenewed, ""), answer("192.0.2.3", LeaseResult::kAdded, ""),
       answer("192.0.2.4", LeaseResult::kOutside, "too far\x1b[2J")},
      {}};
  CHECK(to_text(leases) ==
        "1 lease added until 2026-12-01T08:00:00Z: 192.0.2.3/32\n"
        "2 leases renewed until 2026-12-01T08:00:00Z\n");
  REQUIRE(refusals(leases.answers).size() == 1);
  CHECK(refusals(leases.answers)[0].find("lease '192.0.2.4/32': outside: too far") == 0);
  CHECK(refusals(leases.answers)[0].find('\x1b') == std::string::npos);
  const std::string json = to_json(leases);
  CHECK(json.find("\"edition\": 42") != std::string::npos);
  CHECK(json.find("\"result\": \"outside\"") != std::string::npos);
  CHECK(to_json(Leases{}).find("\"generation\": null") != std::string::npos);
}

TEST_CASE("JSON of a status in enforce") {
  CHECK(to_json(enforcing()) == R"({
  "schema": 1,
  "mode": "enforce",
  "generation": 17,
  "edition": 0,
  "confirmed": true,
  "confirm_deadline": null,
  "unapplied": false,
  "damaged": null,
  "guarded": false,
  "guarded_after_boot": null,
  "fingerprint": "00ff",
  "fingerprint_permanent": null,
  "endpoints": [
    "6443",
    "[2001:db8::1]:443"
  ],
  "ranges": {
    "ipv4": 3,
    "ipv6": 1
  },
  "leases": {
    "in_force": 0,
    "ending_soon": 0,
    "barred": 0
  },
  "interfaces": [
    {
      "name": "eth0",
      "ifindex": 2,
      "attached": true,
      "xdp_mode": "native",
      "prog_id": 41,
      "link_id": 42
    },
    {
      "name": "eth9",
      "ifindex": null,
      "attached": false,
      "xdp_mode": null,
      "prog_id": null,
      "link_id": null
    }
  ],
  "detached": [],
  "warnings": [],
  "counters": {
    "pass": {
      "not_ip": 5,
      "listed": 1234
    },
    "drop": {
      "unlisted": 18446744073709551615
    },
    "would_drop": {}
  }
})");
}

TEST_CASE("JSON of a status with nothing in force: every member is there") {
  CHECK(to_json(Status{}) == R"({
  "schema": 1,
  "mode": null,
  "generation": null,
  "edition": null,
  "confirmed": true,
  "confirm_deadline": null,
  "unapplied": false,
  "damaged": null,
  "guarded": false,
  "guarded_after_boot": null,
  "fingerprint": null,
  "fingerprint_permanent": null,
  "endpoints": [],
  "ranges": {
    "ipv4": null,
    "ipv6": null
  },
  "leases": {
    "in_force": 0,
    "ending_soon": 0,
    "barred": 0
  },
  "interfaces": [],
  "detached": [],
  "warnings": [],
  "counters": {
    "pass": {},
    "drop": {},
    "would_drop": {}
  }
})");
}

TEST_CASE("a status says what a person took off, by whom and when") {
  Status status;
  const auto time = *parse_timestamp("2026-01-02T03:04:05.5Z");
  status.detached = {{"*", time, "root from 203.0.113.7", 0},
                     {"eth0", time, "root from 203.0.113.7", 2}};
  CHECK(to_text(status, false) ==
        "NOT ENFORCED: everything is detached: every packet passes\n"
        "detached     everything by root from 203.0.113.7 at 2026-01-02T03:04:05Z: "
        "'apiguard apply' on a terminal attaches again\n");
  status = enforcing();
  status.detached = {{"eth1", {}, "", 0}};
  CHECK(to_text(status, false).find("detached     eth1: 'apiguard apply'") != std::string::npos);
  CHECK(to_text(status, false).find("NOT ENFORCED") == std::string::npos);
  CHECK(to_json(status).find(
            "\"detached\": [\n    {\n      \"name\": \"eth1\",\n      \"by\": null,\n"
            "      \"time\": null\n    }\n  ]") != std::string::npos);
}

TEST_CASE("a status for people") {
  Status status = enforcing();
  status.unapplied = true;
  CHECK(to_text(status, true) ==
        "mode         enforce\n"
        "generation   17\n"
        "fingerprint  00ff\n"
        "endpoints    6443 [2001:db8::1]:443\n"
        "ranges       3 IPv4, 1 IPv6\n"
        "unapplied    the files differ: see 'apiguard diff'\n"
        "\n"
        "INTERFACE  STATE     XDP MODE  PROGRAM  LINK\n"
        "eth0       attached  native    41       42\n"
        "eth9       absent    -         -        -\n"
        "\n"
        "OUTCOME  REASON    PACKETS\n"
        "pass     not_ip    5\n"
        "pass     listed    1234\n"
        "drop     unlisted  18446744073709551615\n");
}

TEST_CASE("damaged state is said loudly, first, with the command that helps, and in JSON") {
  Status status = enforcing();
  status.damaged = DamagedState{18, 17, "generation '18': digest differs"};
  const auto begins = [&](const std::string& text) {
    return to_text(status, false)
        .starts_with("DAMAGED: generation '18': digest differs: " + text + ": 'apiguard diff'");
  };
  CHECK(begins("generation 17 is in force in its place"));
  CHECK(to_json(status).find(R"("damaged": {
    "generation": 18,
    "published": 17,
    "why": "generation '18': digest differs"
  })") != std::string::npos);
  status.damaged->generation = 17;
  CHECK(begins("the list in force is unchanged"));
  status.damaged->published.reset();
  CHECK(begins("nothing is in force"));
  CHECK(to_text(status, false).find("'apiguard apply' publishes them") != std::string::npos);
}

TEST_CASE("what is not enforced is said loudly and first") {
  const std::string audit =
      "NOT ENFORCED: mode is audit: packets that enforce would drop are passed and counted as "
      "would_drop";
  Status status = enforcing();
  CHECK(not_enforced(status).empty());
  status.mode = Mode::kAudit;
  CHECK(not_enforced(status) == audit);
  CHECK(to_text(status, true).find("\033[1;31m" + audit + "\033[0m\n") == 0);
  CHECK(to_text(status, false).find(audit + "\nmode         audit\n") == 0);
  status.mode = Mode::kOff;
  CHECK(not_enforced(status) == "NOT ENFORCED: mode is off: every packet passes");
  status.interfaces.front().attached = false;
  CHECK(not_enforced(status) == "NOT ENFORCED: no interface is attached: every packet passes");
  CHECK(to_text(status, false).find("eth0       NOT ATTACHED") != std::string::npos);
  CHECK(not_enforced(Status{}) == "NOT ENFORCED: nothing is in force: every packet passes");
  CHECK(to_text(Status{}, false) == "NOT ENFORCED: nothing is in force: every packet passes\n");
}

TEST_CASE("a status that is not confirmed says until when it holds") {
  Status status = enforcing();
  CHECK(not_confirmed(status).empty());
  status.confirmed = false;
  status.confirm_deadline = Timestamp(1'767'225'600s + 500ms);
  CHECK(not_confirmed(status) ==
        "NOT CONFIRMED: undone at 2026-01-01T00:00:00Z unless 'apiguard confirm' keeps it");
  CHECK(to_text(status, false).find("NOT CONFIRMED") == 0);
  CHECK(to_json(status).find("\"confirmed\": false,\n  \"confirm_deadline\": "
                             "\"2026-01-01T00:00:00.5Z\"") != std::string::npos);
}

TEST_CASE("a generation whose text is not known shows what the kernel tells") {
  Status status;
  status.generation = 18;
  status.mode = Mode::kOff;
  status.interfaces = {attached("eth0")};
  CHECK(to_text(status, false)
            .find("generation   18\n"
                  "fingerprint  ?\n"
                  "endpoints    -\n"
                  "ranges       ? IPv4, ? IPv6\n") != std::string::npos);
}
