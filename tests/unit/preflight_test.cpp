// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/base/time.hpp"
#include "loader/publish/cut_peers.hpp"

#include "loader/policy/text.hpp"
#include "tests/support/catch.hpp"

using namespace apiguard;
using namespace apiguard::ledger;
using namespace apiguard::publish;

namespace {

constexpr Timestamp kNow{1000ns};
constexpr int kGate = 2;
constexpr int kOther = 3;
constexpr int kPods = 4;

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

Connection from(const std::string& peer, std::uint16_t port = 6443, int bound = 0) {
  Connection connection;
  connection.peer = address(peer);
  connection.local = address("198.51.100.1");
  connection.port = port;
  connection.bound = bound;
  return connection;
}

// Each of these ranges used five times, last so many hours ago.
UsageLog used(const std::vector<std::pair<const char*, int>>& ranges) {
  UsageLog state;
  for (const auto& [cidr, hours] : ranges) {
    const auto parsed = parse_prefix(cidr);
    REQUIRE(parsed);
    state.ranges.push_back({parsed->prefix,
                            {4, Timestamp(-1000h), Timestamp(-1000h)},
                            {1, kNow - hours * 1h, kNow - hours * 1h}});
  }
  return state;
}

std::string taken(const UsageLog& state, const std::string& today, const std::string& next) {
  std::string text;
  for (const publish::CutRange& cut :
       taken_out(state, policy_of(today).ranges, policy_of(next).ranges, kNow))
    text += (text.empty() ? "" : " ") + to_string(cut.range.prefix);
  return text;
}

Today judged_by(const Policy& policy) { return {true, &policy, {}}; }

std::string told(const std::vector<Connection>& connections, const Today& today) {
  return describe(newly_cut(connections, today, {}, kNow), kNow);
}

AuditSource seen(const std::string& source, int hours, std::uint64_t connections = 2) {
  const Timestamp last = kNow - hours * 1h;
  return {address(source), connections, last, last, 1};
}

std::string peers_in(const std::vector<publish::CutPeer>& cut) {
  std::string text;
  for (const publish::CutPeer& peer : cut) text += (text.empty() ? "" : " ") + to_string(peer.peer);
  return text;
}

RouteHop route(const std::string& to, int interface, const std::string& gateway = "") {
  const auto parsed = parse_prefix(to);
  REQUIRE(parsed);
  RouteHop hop{parsed->prefix, false, interface, std::nullopt};
  if (!gateway.empty()) hop.gateway = address(gateway);
  return hop;
}

RouteHop local_route(const std::string& to) {
  RouteHop hop = route(to, 1);
  hop.local = true;
  return hop;
}

// Who is left of these, where all that comes in by `judged` is judged.
std::string left(std::vector<Connection> connections, const std::vector<RouteHop>& routes,
                 const std::set<int>& judged = {kGate}) {
  leave_aside(connections, Neighbours(routes), judged);
  std::string text;
  for (const Connection& connection : connections)
    text += (text.empty() ? "" : " ") + to_string(connection.peer);
  return text;
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
        "    203.0.113.7: 2 connections, listed by 203.0.113.0/24 (office) (socket)\n"
        "    2001:db8::7: 1 connection, listed by 2001:db8::/32 (authorized-ranges:2) (socket)");
}

TEST_CASE("who is cut already is not named") {
  Policy today = policy_of("203.0.113.0/24\nexcept 203.0.113.7\n203.0.113.9\n192.0.2.0/24\n");
  today.ranges[0].until = kNow;  // 192.0.2.0/24
  const auto cut =
      newly_cut({from("203.0.113.7"), from("192.0.2.7"), from("198.18.0.1"), from("203.0.113.9")},
                judged_by(today), {}, kNow);
  REQUIRE(cut.size() == 1);
  CHECK(cut[0].peer == address("203.0.113.9"));
  CHECK(cut[0].range == today.ranges[3]);
}

TEST_CASE("why somebody passes today whom no list admits") {
  const auto reason = [](const Connection& connection, const Today& today) {
    const auto cut = newly_cut({connection}, today, {}, kNow);
    REQUIRE(cut.size() == 1);
    CHECK_FALSE(cut[0].range);
    return cut[0].reason;
  };
  const Policy enforce = policy_of("203.0.113.0/24\n");
  const Policy audit = policy_of("203.0.113.0/24\n", Mode::kAudit);
  const Policy off = policy_of("203.0.113.0/24\n", Mode::kOff);
  CHECK(reason(from("192.0.2.7"), {}) == "no list is in force");
  CHECK(reason(from("192.0.2.7"), {true, nullptr, {}}) == "the list in force cannot be read");
  CHECK(reason(from("203.0.113.7"), judged_by(off)) == "mode off passes everything today");
  CHECK(reason(from("192.0.2.7"), judged_by(audit)) == "mode audit drops nothing today");
  CHECK(reason(from("192.0.2.7", 8443), judged_by(enforce)) == "port 8443 is not protected yet");
  CHECK(reason(from("192.0.2.7"), {true, &enforce, {"eth1", "eth2"}}) ==
        "may arrive on eth1, or eth2, which is not guarded yet");
  CHECK(newly_cut({from("203.0.113.7")}, judged_by(audit), {}, kNow).at(0).range ==
        audit.ranges[0]);
}

TEST_CASE("of one peer's connections those that are cut already do not count") {
  const Policy today = policy_of("203.0.113.0/24\n");
  const auto cut = newly_cut({from("192.0.2.7"), from("192.0.2.7", 8443), from("192.0.2.7", 8443)},
                             judged_by(today), {}, kNow);
  REQUIRE(cut.size() == 1);
  CHECK(cut[0].connections == 2);
}

TEST_CASE("when a client was heard last: the newest of its connections") {
  Connection old = from("192.0.2.7"), fresh = old, unknown = old;
  old.quiet = 3h;
  fresh.quiet = 0s;
  CHECK(told({unknown}, {}) ==
        "1 connected client would be cut:\n"
        "    192.0.2.7: 1 connection, no list is in force (socket)");
  CHECK(told({old, unknown}, {}).find("last seen 3 h ago (socket)") != std::string::npos);
  CHECK(told({old, unknown, fresh}, {}).find("last seen 0 s ago (socket)") != std::string::npos);
  CHECK(told({fresh, old}, {}).find("last seen 0 s ago (socket)") != std::string::npos);
}

TEST_CASE("after ten minutes of audit only whom it saw counts, and whom the list admits") {
  const Policy audit = policy_of("203.0.113.0/24\n", Mode::kAudit);
  const std::vector<Connection> connections{from("192.0.2.7"), from("192.0.2.8"),
                                            from("203.0.113.7")};
  const std::vector<AuditSource> sources{seen("192.0.2.8", 200), seen("198.18.0.1", 1)};
  Today today = judged_by(audit);
  const auto cut = [&] { return peers_in(newly_cut(connections, today, sources, kNow)); };
  CHECK(cut() == "192.0.2.7 192.0.2.8 203.0.113.7");
  today.audited = kNow - kAuditLasts + 1ns;
  CHECK(cut() == "192.0.2.7 192.0.2.8 203.0.113.7");
  today.audited = kNow - kAuditLasts;
  CHECK(cut() == "192.0.2.8 203.0.113.7");
  // It judged another port.
  CHECK(peers_in(newly_cut({from("192.0.2.9", 8443)}, today, sources, kNow)) == "192.0.2.9");
}

TEST_CASE("sources that an audit saw within a day, and that are not cut already") {
  const Policy next = policy_of("203.0.113.0/24\nexcept 203.0.113.66\n");
  const std::vector<AuditSource> sources{seen("192.0.2.7", 0, 1), seen("192.0.2.8", 23, 5),
                                         seen("192.0.2.9", 24), seen("203.0.113.7", 1),
                                         seen("203.0.113.66", 1)};
  const auto cut = [&](const Today& today) {
    return peers_in(newly_cut(sources, next.ranges, today, kNow));
  };
  const Policy audit = policy_of("192.0.2.7\n", Mode::kAudit);
  const Policy off = policy_of("", Mode::kOff);
  CHECK(cut(judged_by(audit)) == "192.0.2.8 203.0.113.66 192.0.2.7");
  CHECK(cut(judged_by(off)) == "192.0.2.8 203.0.113.66 192.0.2.7");
  CHECK(cut({}) == "192.0.2.8 203.0.113.66 192.0.2.7");
  CHECK(cut({true, nullptr, {}}) == "192.0.2.8 203.0.113.66 192.0.2.7");
  CHECK(cut(judged_by(policy_of("192.0.2.7\n203.0.113.0/24\n"))) == "203.0.113.66 192.0.2.7");
  CHECK(cut(judged_by(policy_of("198.18.0.0/15\n"))).empty());
  CHECK(describe(newly_cut({sources[0], sources[1]}, next.ranges, judged_by(audit), kNow), kNow) ==
        "2 sources that an audit saw connect within 24 h would be cut:\n"
        "    192.0.2.8: 5 connections, mode audit drops nothing today, last seen 23 h ago (audit)\n"
        "    192.0.2.7: 1 connection, listed by 192.0.2.7/32 (authorized-ranges:1), last seen 0 s "
        "ago (audit)");
}

TEST_CASE("connected clients and those of an audit are told apart") {
  const std::string text = describe(
      {{address("192.0.2.7"), 1, std::nullopt, "x", publish::HowSeen::kSocket, std::nullopt},
       {address("192.0.2.8"), 1, std::nullopt, "y", publish::HowSeen::kAudit, kNow}},
      kNow);
  CHECK(text ==
        "1 connected client would be cut:\n    192.0.2.7: 1 connection, x (socket)\n"
        "  1 source that an audit saw connect within 24 h would be cut:\n"
        "    192.0.2.8: 1 connection, y, last seen 0 s ago (audit)");
  CHECK(describe(std::vector<publish::CutPeer>(), kNow).empty());
}

TEST_CASE("left aside: who hangs on a link that nothing judges, and on no other") {
  const std::vector<RouteHop> routes{
      route("10.0.0.0/24", kGate),   route("10.244.0.0/24", kPods),
      route("10.244.0.0/16", kGate), route("172.16.0.0/12", kPods, "10.244.0.9"),
      route("192.0.2.0/24", kPods),  route("192.0.2.0/24", kGate),
      route("fd00:1::/64", kPods),   route("fe80::/64", kPods),
      route("fe80::/64", kGate)};
  CHECK(left({from("10.244.0.7")}, routes).empty());
  CHECK(left({from("10.0.0.7"), from("10.244.1.7")}, routes) == "10.0.0.7 10.244.1.7");
  CHECK(left({from("172.16.0.7")}, routes) == "172.16.0.7");  // behind a router, wherever that is
  CHECK(left({from("192.0.2.7")}, routes) == "192.0.2.7");    // on both
  CHECK(left({from("203.0.113.7")}, routes) == "203.0.113.7");
  CHECK(left({from("fd00:1::7")}, routes).empty());
  CHECK(left({from("10.244.0.7")}, routes, {kGate, kPods}) == "10.244.0.7");
  CHECK(left({from("fe80::7", 6443, kPods)}, routes).empty());
  CHECK(left({from("fe80::7", 6443, kGate)}, routes) == "fe80::7");
}

TEST_CASE("no route of length 0 leaves anybody aside") {
  const std::vector<RouteHop> routes{route("0.0.0.0/0", kPods), local_route("0.0.0.0/0"),
                                     local_route("::/0"), route("::/0", kOther)};
  CHECK(left({from("203.0.113.7"), from("2001:db8::7")}, routes) == "203.0.113.7 2001:db8::7");
}

TEST_CASE("own addresses of every table never count; a gateway of one's own is none") {
  const std::vector<RouteHop> routes{local_route("127.0.0.0/8"),
                                     local_route("198.51.100.1/32"),
                                     local_route("10.99.0.0/16"),
                                     local_route("::1/128"),
                                     route("10.244.3.0/24", kPods, "198.51.100.1"),
                                     route("10.245.3.0/24", kPods, "198.51.100.2")};
  CHECK(left({from("127.0.0.9"), from("198.51.100.1"), from("10.99.1.2"), from("::1")}, routes,
             {kGate, 1})
            .empty());
  CHECK(left({from("10.244.3.7"), from("10.245.3.7")}, routes) == "10.245.3.7");
}

// What configuration management, autoscaling and CI do all day: nodes and runners come and go while
// everybody who is connected stays listed, by the same range or another one.
TEST_CASE("a thousand routine changes raise nothing") {
  std::vector<Connection> connections;
  std::vector<AuditSource> sources;
  for (int node = 0; node < 250; ++node) {
    connections.push_back(from("10.20.0." + std::to_string(node)));
    sources.push_back(seen("10.20.0." + std::to_string(node), node % 24));
  }
  // Of a stranger whom an audit saw, and who is cut since.
  sources.push_back(seen("192.0.2.7", 1));
  connections.push_back(from("192.0.2.7"));
  const UsageLog usage = used({{"10.20.0.0/24", 1}, {"10.20.0.0/25", 1}});
  std::string before = "10.20.0.0/24\n";
  for (int change = 0; change < 1000; ++change) {
    std::string next = change % 2 == 0 ? "10.20.0.0/24\n" : "10.20.0.0/25\n10.20.0.128/25\n";
    for (int runner = 0; runner < change % 7; ++runner)
      next += "198.18." + std::to_string(change % 250) + "." + std::to_string(runner) + "\n";
    if (change % 5 == 0) next += "except 198.19.0.0/16\n";
    const Policy was = policy_of(before), is = policy_of(next);
    std::vector<Connection> unlisted = connections;
    keep_unlisted(unlisted, is.ranges, kNow);
    CHECK(newly_cut(unlisted, judged_by(was), sources, kNow).empty());
    CHECK(newly_cut(sources, is.ranges, judged_by(was), kNow).empty());
    CHECK(taken_out(usage, was.ranges, is.ranges, kNow).empty());
    before = next;
  }
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
                  "    192.0.2.12: 3 connections, no list is in force (socket)\n"
                  "    192.0.2.3: 2 connections, no list is in force (socket)\n") == 0);
  CHECK(text.find("192.0.2.11: 2 connections, no list is in force (socket)\n"
                  "    ... and 2 more with 2 connections") != std::string::npos);
  CHECK(text.find("192.0.2.1:") == std::string::npos);
  connections.erase(connections.begin());
  CHECK(told(connections, {}).find("\n    ... and 1 more with 1 connection") != std::string::npos);
}

TEST_CASE("ranges that are taken out and were used within a day, the one used last first") {
  const UsageLog state = used(
      {{"10.0.0.0/8", 3}, {"192.0.2.0/24", 1}, {"198.51.100.0/24", 24}, {"203.0.113.0/24", 23}});
  const std::string today = "10.0.0.0/8\n192.0.2.0/24\n198.51.100.0/24\n203.0.113.0/24\n";
  CHECK(taken(state, today, "203.0.113.0/24\n") == "192.0.2.0/24 10.0.0.0/8");
  CHECK(taken(state, today, today).empty());
  CHECK(taken(state, today, "10.0.0.0/8\n192.0.2.0/24\n") == "203.0.113.0/24");
}

TEST_CASE("a range is taken out if it is excepted, and is not if a wider one lists it") {
  const UsageLog state = used({{"192.0.2.0/24", 1}});
  CHECK(taken(state, "192.0.2.0/24\n", "except 192.0.2.0/24\n192.0.0.0/16\n") == "192.0.2.0/24");
  CHECK(taken(state, "192.0.2.0/24\n", "except 192.0.0.0/16\n10.0.0.0/8\n") == "192.0.2.0/24");
  CHECK(taken(state, "192.0.2.0/24\n", "192.0.0.0/16\n").empty());
  CHECK(taken(state, "192.0.2.0/24\n", "192.0.2.0/24 name=other\n").empty());
  CHECK(taken(state, "192.0.2.0/24\n", "192.0.2.0/25\n") == "192.0.2.0/24");
}

TEST_CASE("a range that is split is not taken out, one of which a part is missing is") {
  const UsageLog state = used({{"10.0.0.0/8", 1}, {"192.0.2.0/24", 1}, {"2001:db8::/32", 1}});
  const std::string today = "192.0.2.0/24\n2001:db8::/32\n10.0.0.0/8\n";
  const std::string rest = "192.0.2.0/24\n2001:db8::/32\n";
  CHECK(taken(state, today, rest + "10.0.0.0/9\n10.128.0.0/10\n10.192.0.0/10\n").empty());
  CHECK(taken(state, today, rest + "10.0.0.0/9\n10.128.0.0/10\n") == "10.0.0.0/8");
  CHECK(taken(state, today, rest + "10.0.0.0/9\n10.128.0.0/9\nexcept 10.128.0.0/9\n") ==
        "10.0.0.0/8");
  CHECK(taken(state, today, rest + "except 10.0.0.0/8\n10.0.0.0/9\n") == "10.0.0.0/8");
  CHECK(
      taken(state, today, "192.0.2.0/24\n10.0.0.0/8\n2001:db8:8000::/33\n2001:db8::/33\n").empty());
  Policy ends = policy_of("10.0.0.0/9\n10.128.0.0/9\n");
  ends.ranges[1].until = kNow;
  CHECK(taken_out(used({{"10.0.0.0/8", 1}}), policy_of("10.0.0.0/8\n").ranges, ends.ranges, kNow)
            .size() == 1);
}

TEST_CASE("what lists nobody today cannot be taken out") {
  const UsageLog state = used({{"192.0.2.0/24", 1}});
  CHECK(taken(state, "10.0.0.0/8\n", "10.0.0.0/8\n").empty());
  CHECK(taken(state, "except 192.0.2.0/24\n10.0.0.0/8\n", "10.0.0.0/8\n").empty());
  Policy ended = policy_of("192.0.2.0/24\n");
  ended.ranges[0].until = kNow;
  CHECK(taken_out(state, ended.ranges, {}, kNow).empty());
}

TEST_CASE("ranges are told by name, connections and how long ago; ten of them") {
  std::vector<publish::CutRange> cut{
      {policy_of("192.0.2.0/24 name=ci\n").ranges[0], {7, {}, kNow - 2h}},
      {policy_of("192.0.3.0/24\n").ranges[0], {1, {}, kNow + 1h}}};
  CHECK(describe(cut, kNow) ==
        "2 ranges that admitted a connection within 24 h would be removed:\n"
        "    192.0.2.0/24 (ci): 7 connections, last seen 2 h ago (used)\n"
        "    192.0.3.0/24 (authorized-ranges:1): 1 connection, last seen 0 s ago (used)");
  cut.resize(12, cut[0]);
  const std::string text = describe(cut, kNow);
  CHECK(text.find("12 ranges that") == 0);
  CHECK(text.find("\n    ... and 2 more") != std::string::npos);
}
