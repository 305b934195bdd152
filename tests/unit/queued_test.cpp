// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/publish/queued.hpp"
#include "loader/publish/ticket.hpp"

#include <nlohmann/json.hpp>

#include "tests/support/catch.hpp"

using namespace apiguard;
using namespace apiguard::publish;

namespace {

Prefix prefix(const char* text) { return parse_prefix(text)->prefix; }

QueuedChange a_put() {
  QueuedChange change;
  change.by = "alice (uid 1000) from 203.0.113.7";
  change.verb = "except 203.0.113.7 --for 2h";
  change.json = true;
  change.accepted = {"drop-peers", "wide"};
  change.warnings = {"argument '203.0.113.7/24': has host bits"};
  change.what = PutChange{
      Kind::kExcept, {prefix("203.0.113.7"), prefix("2001:db8::/32")}, "ci", 2h, std::nullopt};
  return change;
}

QueuedChange a_revoke() {
  QueuedChange change;
  change.by = "root";
  change.verb = "revoke office 203.0.113.0/24";
  change.colour = true;
  change.what = RevokeChange{{{prefix("203.0.113.0/24"), ""}, {std::nullopt, "office"}}};
  return change;
}

std::string with(const char* key, const char* value) {
  auto json = nlohmann::json::parse(show_ticket(a_put()));
  json[key] = nlohmann::json::parse(value);
  return json.dump();
}

SourceFile list_of(const std::string& text) { return {"authorized-ranges", "", text, true}; }

std::string lines(const std::vector<Range>& ranges) { return show_ranges(ranges); }

}  // namespace

TEST_CASE("a ticket is read as it was written") {
  const auto put = parse_ticket(show_ticket(a_put()));
  REQUIRE(put);
  CHECK(show_ticket(*put) == show_ticket(a_put()));
  CHECK(put->by == "alice (uid 1000) from 203.0.113.7");
  CHECK(put->json);
  CHECK_FALSE(put->colour);
  CHECK(put->accepted == std::set<std::string>{"drop-peers", "wide"});
  const auto& what = std::get<PutChange>(put->what);
  CHECK(what.kind == Kind::kExcept);
  CHECK(what.prefixes.size() == 2);
  CHECK(what.lasts == 2h);
  CHECK_FALSE(what.until);
  CHECK(is_addition(*put));

  const auto revoke = parse_ticket(show_ticket(a_revoke()));
  REQUIRE(revoke);
  CHECK(show_ticket(*revoke) == show_ticket(a_revoke()));
  CHECK(std::get<RevokeChange>(revoke->what).selectors.size() == 2);
  CHECK_FALSE(std::get<RevokeChange>(revoke->what).if_listed);
  QueuedChange if_listed = a_revoke();
  std::get<RevokeChange>(if_listed.what).if_listed = true;
  const auto lenient = parse_ticket(show_ticket(if_listed));
  REQUIRE(lenient);
  CHECK(std::get<RevokeChange>(lenient->what).unmatched() == Unmatched::kNoted);
  CHECK_FALSE(is_addition(*revoke));
}

TEST_CASE("a ticket of a lease is read as it was written, and whose it is") {
  QueuedChange change;
  change.by = "root from 203.0.113.7";
  change.verb = "lease --from-ssh --for 1h";
  LeaseOrder order;
  order.prefixes = {prefix("2001:db8::/64")};
  order.name = "node-7";
  order.lasts = 1h;
  order.within = {prefix("192.0.2.0/24")};
  order.from_ssh = true;
  change.what = LeaseChange{order};
  const auto read = parse_ticket(show_ticket(change));
  REQUIRE(read);
  CHECK(show_ticket(*read) == show_ticket(change));
  REQUIRE(lease_of(*read) != nullptr);
  CHECK(lease_of(*read)->order.by == change.by);
  CHECK(lease_of(*read)->order.from_ssh);
  CHECK_FALSE(lease_of(*read)->order.members);
  CHECK(is_addition(*read));
  CHECK(lease_of(a_revoke()) == nullptr);
  auto json = nlohmann::json::parse(show_ticket(change));
  for (const char* key : {"prefixes", "name", "lasts", "within", "from_ssh", "members"}) {
    auto without = json;
    without.erase(key);
    CHECK_FALSE(parse_ticket(without.dump()));
  }
  json["lasts"] = -1;
  CHECK_FALSE(parse_ticket(json.dump()));
}

TEST_CASE("a ticket says no more than its verb lets anybody type") {
  QueuedChange change;
  change.by = "root";
  change.verb = "lease";
  LeaseOrder order;
  order.name = "node-7";
  order.lasts = 1h;
  const auto refusal_of = [&](const LeaseOrder& asked) {
    change.what = LeaseChange{asked};
    const auto read = parse_ticket(show_ticket(change));
    if (read) return std::string();
    CHECK(read.error().exit == Exit::kUsage);
    return read.error().message;
  };
  const auto refusal_of_prefix = [&](const char* text) {
    order.prefixes = {prefix("192.0.2.9"), prefix(text)};
    return refusal_of(order);
  };
  for (const char* right : {"192.0.2.7", "2001:db8::7", "2001:db8:0:7::/64"}) {
    INFO(right);
    CHECK(refusal_of_prefix(right).empty());
  }
  for (const char* wrong : {"0.0.0.0/0", "192.0.2.0/24", "192.0.2.6/31", "::/0", "2001:db8::/63",
                            "2001:db8::/65", "2001:db8::6/127", "2001:db8::/32"}) {
    INFO(wrong);
    CHECK(refusal_of_prefix(wrong).find("a lease is for one address") != std::string::npos);
  }
  CHECK(refusal_of_prefix("192.0.2.9").find("given more than once") != std::string::npos);
  CHECK(refusal_of_prefix("192.0.2.8").empty());
  const auto refuses = [&](const auto& wrong) {
    LeaseOrder other = order;
    wrong(other);
    return !refusal_of(other).empty();
  };
  CHECK(refuses([](LeaseOrder& other) { other.name = "192.0.2.7"; }));
  CHECK(refuses([](LeaseOrder& other) { other.name = "a b"; }));
  CHECK(refuses([](LeaseOrder& other) { other.lasts = 0s; }));
  CHECK(refuses([](LeaseOrder& other) { other.from_ssh = true; }));
  CHECK(refuses([](LeaseOrder& other) {
    other.members = true;
    other.name.clear();
  }));
  order.members = true;
  CHECK_FALSE(refuses([](LeaseOrder&) {}));

  for (const auto& [key, value] : {std::pair{"lasts", "0"},
                                   {"lasts", "-9223372036854775808"},
                                   {"lasts", "18446744073709551615"},
                                   {"until", "1924992000000000000"},
                                   {"name", "\"::1\""}}) {
    INFO(key << ' ' << value);
    CHECK_FALSE(parse_ticket(with(key, value)));
  }
  auto until = nlohmann::json::parse(with("until", "-9223372036854775808"));
  until.erase("lasts");
  CHECK_FALSE(parse_ticket(until.dump()));
  until["until"] = 1'924'992'000'000'000'000;
  CHECK(parse_ticket(until.dump()));
  QueuedChange revoke = a_revoke();
  std::get<RevokeChange>(revoke.what).selectors.push_back({std::nullopt, "no name"});
  CHECK_FALSE(parse_ticket(show_ticket(revoke)));
}

TEST_CASE("bytes that are no text do not spoil a ticket") {
  QueuedChange change = a_put();
  change.verb = "allow \xff\xfe";
  CHECK(parse_ticket(show_ticket(change)));
}

TEST_CASE("a ticket of another version is refused by that name") {
  const auto other = parse_ticket(with("version", "3"));
  REQUIRE_FALSE(other);
  CHECK(other.error().exit == Exit::kFailed);
  CHECK(other.error().message.find("version 3 belongs to another apiguard") != std::string::npos);
}

TEST_CASE("what is no ticket is refused, and named") {
  for (const auto& [key, value] : {std::pair{"version", "\"1\""},
                                   {"by", "7"},
                                   {"verb", "null"},
                                   {"json", "1"},
                                   {"accepted", "\"all\""},
                                   {"accepted", "[1]"},
                                   {"warnings", "{}"},
                                   {"kind", "\"cluster\""},
                                   {"kind", "\"lease\""},
                                   {"prefixes", "[]"},
                                   {"prefixes", "[\"203.0.113.7/24\"]"},
                                   {"prefixes", "[\"x\"]"},
                                   {"name", "\"a b\""},
                                   {"lasts", "\"2h\""},
                                   {"until", "1.5"},
                                   {"until", "9223372036854775808"},
                                   {"login_uid", "4294967296"},
                                   {"login_uid", "-1"},
                                   {"client", "[]"},
                                   {"review", "null"},
                                   {"prefixes", "[\"203.0.113.0/24\",null]"},
                                   {"by", "[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]"}}) {
    INFO(key << ' ' << value);
    CHECK_FALSE(parse_ticket(with(key, value)));
  }
  for (const char* text : {"", "nonsense", "[]", "{}", "{\"version\":2}"}) {
    INFO(text);
    CHECK_FALSE(parse_ticket(text));
  }
  QueuedChange nothing = a_revoke();
  nothing.what = RevokeChange{};
  CHECK_FALSE(parse_ticket(show_ticket(nothing)));
}

TEST_CASE("an answer is read as it was written") {
  const Answer answer{Exit::kRefused, "refused", "{}\n", {"a note"}, {"a warning", "another"}};
  const auto read = parse_answer(show_answer(answer));
  REQUIRE(read);
  CHECK(read->exit == Exit::kRefused);
  CHECK(show_answer(*read) == show_answer(answer));
  CHECK_FALSE(parse_answer("{}"));
  CHECK_FALSE(
      parse_answer(R"({"version":2,"exit":99,"error":"","out":"","notes":[],"warnings":[]})"));
}

TEST_CASE("a change edits the list as its verb does") {
  Sources sources;
  sources.config = {"apiguard.toml", "", "interfaces = [\"eth0\"]\n", true};
  const Elsewhere elsewhere(sources);
  Taken taken;
  taken.now.wall = Timestamp(1'700'000'000s);
  taken.now.boot = BootTime(50ns);
  taken.clock = taken.now.wall;
  const auto list = list_of("203.0.113.0/24 name=office\n198.51.100.7\n");

  const auto put = edit_list(a_put(), list, elsewhere, taken.now.wall, taken);
  REQUIRE(put);
  CHECK(put->edited.changed);
  REQUIRE(put->lasting.size() == 2);
  CHECK(put->lasting.front().end == BootTime(50ns + 2h));

  const auto revoke = edit_list(a_revoke(), list, elsewhere, taken.now.wall, taken);
  REQUIRE(revoke);
  CHECK(revoke->edited.text == "198.51.100.7\n");
  CHECK(revoke->lasting.empty());

  const auto again = edit_list(a_revoke(), list_of("198.51.100.7\n"), elsewhere, {}, taken);
  REQUIRE_FALSE(again);
  CHECK(again.error().exit == Exit::kNo);
}

TEST_CASE("what an edit takes out and puts in, wherever the lines stand") {
  struct Case {
    const char* before;
    const char* after;
    const char* added;
    const char* removed;
  };
  for (const Case& one : {
           Case{"", "10.0.0.0/8\n", "10.0.0.0/8\n", ""},
           Case{"10.0.0.0/8\n", "", "", "10.0.0.0/8\n"},
           Case{"10.0.0.0/8\n", "10.0.0.0/8\n", "", ""},
           Case{"# a\n10.0.0.0/8\n", "# b\n10.0.0.0/8\n", "", ""},
           Case{"1.0.0.0/8\n2.0.0.0/8\n3.0.0.0/8\n", "1.0.0.0/8\n3.0.0.0/8\n", "", "2.0.0.0/8\n"},
           Case{"1.0.0.0/8\n2.0.0.0/8\n3.0.0.0/8\n", "2.0.0.0/8\n", "", "1.0.0.0/8\n3.0.0.0/8\n"},
           // A line that is the tail of another one is not the same line.
           Case{"11.0.0.0/8\n", "1.0.0.0/8\n", "1.0.0.0/8\n", "11.0.0.0/8\n"},
           Case{"1.0.0.0/8\n", "11.0.0.0/8\n1.0.0.0/8\n", "11.0.0.0/8\n", ""},
           Case{"except 1.0.0.0/8\n2.0.0.0/8\n", "1.0.0.0/8\n2.0.0.0/8\n", "1.0.0.0/8\n",
                "except 1.0.0.0/8\n"},
           // The same entry twice is one entry, and the second line is no change of it.
           Case{"1.0.0.0/8\n", "1.0.0.0/8\n1.0.0.0/8 name=x\n", "1.0.0.0/8 name=x\n", ""},
       }) {
    INFO(one.before << " -> " << one.after);
    const auto part = edited_entries(list_of(one.before), one.after);
    REQUIRE(part);
    CHECK(lines(part->added) == one.added);
    CHECK(lines(part->removed) == one.removed);
  }
  CHECK_FALSE(edited_entries(list_of(""), "nonsense\n"));
}
