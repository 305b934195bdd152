// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/publish/preflight.hpp"

#include "loader/policy/text.hpp"
#include "tests/support/catch.hpp"

using namespace apiguard;
using namespace apiguard::publish;

namespace {

constexpr Timestamp kNow = 1'000;
constexpr int kGate = 2;
constexpr int kOther = 3;

Address address(const std::string& text) {
  const auto parsed = parse_address(text);
  REQUIRE(parsed);
  return *parsed;
}

Policy policy_of(const std::string& list, Mode mode = Mode::kEnforce) {
  Policy policy;
  const auto parsed = parse_ranges({"authorized-ranges", "list", list, true});
  REQUIRE(parsed);
  policy.ranges = parsed->policy.ranges;
  policy.mode = mode;
  policy.endpoints = {{std::nullopt, 6443}};
  return policy;
}

Connection from(const std::string& peer, std::uint16_t port = 6443, int interface = kGate) {
  Connection connection;
  connection.peer = address(peer);
  connection.local = address("198.51.100.1");
  connection.port = port;
  connection.interface = interface;
  return connection;
}

constexpr Timestamp kHour = Timestamp{3600} * 1'000'000'000;

// Each of these ranges used five times, last so many hours ago.
UsedState used(const std::vector<std::pair<const char*, int>>& ranges) {
  UsedState state;
  for (const auto& [cidr, hours] : ranges) {
    const auto parsed = parse_prefix(cidr);
    REQUIRE(parsed);
    state.ranges.push_back({parsed->prefix,
                            {4, -1000 * kHour, -1000 * kHour},
                            {1, kNow - hours * kHour, kNow - hours * kHour}});
  }
  return state;
}

std::string taken(const UsedState& state, const std::string& today, const std::string& next) {
  std::string text;
  for (const CutRange& cut :
       taken_out(state, policy_of(today).ranges, policy_of(next).ranges, kNow))
    text += (text.empty() ? "" : " ") + to_string(cut.range.prefix);
  return text;
}

Today judged_by(const Policy& policy) { return {true, &policy, {kGate}}; }

std::string told(const std::vector<Connection>& connections, const Today& today) {
  return describe(newly_cut(connections, today, kNow));
}

}  // namespace

TEST_CASE("only who the new list does not admit is left") {
  const Policy next = policy_of("203.0.113.0/24\nexcept 203.0.113.128/25\n");
  std::vector<Connection> connections{from("203.0.113.7"), from("203.0.113.200"), from("192.0.2.7"),
                                      from("203.0.113.7")};
  keep_unlisted(connections, next.ranges, kNow);
  REQUIRE(connections.size() == 2);
  CHECK(connections[0].peer == address("203.0.113.200"));
  CHECK(connections[1].peer == address("192.0.2.7"));
}

TEST_CASE("named are those that pass today: by which range, how often, most first") {
  const Policy today = policy_of("203.0.113.0/24 name=office\n2001:db8::/32\n");
  CHECK(told({from("2001:db8::7"), from("203.0.113.7"), from("192.0.2.7"), from("203.0.113.7")},
             judged_by(today)) ==
        "2 connected clients would be cut:\n"
        "    203.0.113.7: 2 connections, listed by 203.0.113.0/24 (office)\n"
        "    2001:db8::7: 1 connection, listed by 2001:db8::/32 (authorized-ranges:2)");
}

TEST_CASE("who is cut already is not named") {
  Policy today = policy_of("203.0.113.0/24\nexcept 203.0.113.7\n203.0.113.9\n192.0.2.0/24\n");
  today.ranges[0].until = kNow;  // 192.0.2.0/24
  const auto cut =
      newly_cut({from("203.0.113.7"), from("192.0.2.7"), from("198.18.0.1"), from("203.0.113.9")},
                judged_by(today), kNow);
  REQUIRE(cut.size() == 1);
  CHECK(cut[0].peer == address("203.0.113.9"));
  CHECK(cut[0].range == today.ranges[3]);
}

TEST_CASE("why somebody passes today whom no list admits") {
  const auto reason = [](const Connection& connection, const Today& today) {
    const auto cut = newly_cut({connection}, today, kNow);
    REQUIRE(cut.size() == 1);
    CHECK_FALSE(cut[0].range);
    return cut[0].reason;
  };
  const Policy enforce = policy_of("203.0.113.0/24\n");
  const Policy audit = policy_of("203.0.113.0/24\n", Mode::kAudit);
  const Policy off = policy_of("203.0.113.0/24\n", Mode::kOff);
  CHECK(reason(from("192.0.2.7"), {}) == "no list is in force");
  CHECK(reason(from("192.0.2.7"), {true, nullptr, {kGate}}) == "the list in force cannot be read");
  CHECK(reason(from("203.0.113.7"), judged_by(off)) == "mode off passes everything today");
  CHECK(reason(from("192.0.2.7"), judged_by(audit)) == "mode audit drops nothing today");
  CHECK(reason(from("192.0.2.7", 8443), judged_by(enforce)) == "port 8443 is not protected yet");
  CHECK(reason(from("192.0.2.7", 6443, kOther), judged_by(enforce)) ==
        "comes in where nothing is guarded yet");
  CHECK(newly_cut({from("203.0.113.7")}, judged_by(audit), kNow).at(0).range == audit.ranges[0]);
}

TEST_CASE("of one peer's connections those that are cut already do not count") {
  const Policy today = policy_of("203.0.113.0/24\n");
  const auto cut = newly_cut({from("192.0.2.7"), from("192.0.2.7", 8443), from("192.0.2.7", 8443)},
                             judged_by(today), kNow);
  REQUIRE(cut.size() == 1);
  CHECK(cut[0].connections == 2);
}

TEST_CASE("ten are named, the others counted") {
  std::vector<Connection> connections;
  for (int host = 1; host <= 12; ++host) {
    const int count = host == 12 ? 3 : host <= 2 ? 1 : 2;
    connections.insert(connections.end(), static_cast<std::size_t>(count),
                       from("192.0.2." + std::to_string(host)));
  }
  const std::string text = told(connections, {});
  CHECK(text.find("12 connected clients would be cut:\n"
                  "    192.0.2.12: 3 connections, no list is in force\n"
                  "    192.0.2.3: 2 connections, no list is in force\n") == 0);
  CHECK(text.find("192.0.2.11: 2 connections, no list is in force\n"
                  "    ... and 2 more with 2 connections") != std::string::npos);
  CHECK(text.find("192.0.2.1:") == std::string::npos);
  connections.erase(connections.begin());
  CHECK(told(connections, {}).find("\n    ... and 1 more with 1 connection") != std::string::npos);
}

TEST_CASE("ranges that are taken out and were used within a day, the one used last first") {
  const UsedState state = used(
      {{"10.0.0.0/8", 3}, {"192.0.2.0/24", 1}, {"198.51.100.0/24", 24}, {"203.0.113.0/24", 23}});
  const std::string today = "10.0.0.0/8\n192.0.2.0/24\n198.51.100.0/24\n203.0.113.0/24\n";
  CHECK(taken(state, today, "203.0.113.0/24\n") == "192.0.2.0/24 10.0.0.0/8");
  CHECK(taken(state, today, today).empty());
  CHECK(taken(state, today, "10.0.0.0/8\n192.0.2.0/24\n") == "203.0.113.0/24");
}

TEST_CASE("a range is taken out if it is excepted, and is not if a wider one lists it") {
  const UsedState state = used({{"192.0.2.0/24", 1}});
  CHECK(taken(state, "192.0.2.0/24\n", "except 192.0.2.0/24\n192.0.0.0/16\n") == "192.0.2.0/24");
  CHECK(taken(state, "192.0.2.0/24\n", "except 192.0.0.0/16\n10.0.0.0/8\n") == "192.0.2.0/24");
  CHECK(taken(state, "192.0.2.0/24\n", "192.0.0.0/16\n").empty());
  CHECK(taken(state, "192.0.2.0/24\n", "192.0.2.0/24 name=other\n").empty());
  CHECK(taken(state, "192.0.2.0/24\n", "192.0.2.0/25\n") == "192.0.2.0/24");
}

TEST_CASE("what lists nobody today cannot be taken out") {
  const UsedState state = used({{"192.0.2.0/24", 1}});
  CHECK(taken(state, "10.0.0.0/8\n", "10.0.0.0/8\n").empty());
  CHECK(taken(state, "except 192.0.2.0/24\n10.0.0.0/8\n", "10.0.0.0/8\n").empty());
  Policy ended = policy_of("192.0.2.0/24\n");
  ended.ranges[0].until = kNow;
  CHECK(taken_out(state, ended.ranges, {}, kNow).empty());
}

TEST_CASE("ranges are told by name, connections and how long ago; ten of them") {
  std::vector<CutRange> cut{
      {policy_of("192.0.2.0/24 name=ci\n").ranges[0], {7, 0, kNow - 2 * kHour}},
      {policy_of("192.0.3.0/24\n").ranges[0], {1, 0, kNow + kHour}}};
  CHECK(describe(cut, kNow) ==
        "2 ranges that admitted a connection within 24 h would be taken out:\n"
        "    192.0.2.0/24 (ci): 7 connections, the last 2 h ago\n"
        "    192.0.3.0/24 (authorized-ranges:1): 1 connection, the last 0 s ago");
  cut.resize(12, cut[0]);
  const std::string text = describe(cut, kNow);
  CHECK(text.find("12 ranges that") == 0);
  CHECK(text.find("\n    ... and 2 more") != std::string::npos);
}
