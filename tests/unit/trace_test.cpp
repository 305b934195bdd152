// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// What the machine's log is told of a change: the text, the fields, and the bytes of both
// protocols.
#include "loader/report/trace.hpp"
#include "loader/base/time.hpp"

#include <algorithm>
#include <string>

#include "loader/host/journal.hpp"
#include "loader/host/traced.hpp"
#include "loader/policy/prefix.hpp"
#include "loader/publish/queued.hpp"
#include "loader/publish/ticket.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/folder.hpp"

namespace apiguard {
namespace {

using report::Confirmed;
using report::Trace;

Range range(const char* cidr, const char* name = "") {
  return {parse_prefix(cidr)->prefix, Kind::kAllow, name, std::nullopt, {}};
}

std::string value_of(const report::LogEntry& entry, std::string_view name) {
  const auto found = std::find_if(entry.fields.begin(), entry.fields.end(),
                                  [&](const auto& field) { return field.first == name; });
  return found == entry.fields.end() ? "(none)" : found->second;
}

Trace allow() {
  Trace trace;
  trace.verb = "allow";
  trace.command = "allow 203.0.113.0/24 --name office";
  trace.who = {"alice (uid 1000) from 203.0.113.7", 1000, "203.0.113.7"};
  trace.generation = 8;
  trace.mode = Mode::kEnforce;
  trace.confirmed = Confirmed::kYes;
  trace.accepted = {"wide", "drop-peers"};
  trace.interfaces = {"eth0", "eth1"};
  report::note_difference(trace, {{range("203.0.113.0/24", "office")}, {}, {}});
  return trace;
}

}  // namespace

TEST_CASE("a change is one sentence and its fields") {
  const auto entry = report::log_entry_of(allow());
  CHECK(entry.level == Level::kNotice);
  CHECK(entry.text ==
        "generation 8: allow 203.0.113.0/24 --name office: +1 -0, mode enforce; by alice (uid "
        "1000) from 203.0.113.7");
  CHECK(value_of(entry, "MESSAGE_ID") == report::kTraceId);
  CHECK(value_of(entry, "APIGUARD_VERB") == "allow");
  CHECK(value_of(entry, "APIGUARD_COMMAND") == "allow 203.0.113.0/24 --name office");
  CHECK(value_of(entry, "APIGUARD_GENERATION") == "8");
  CHECK(value_of(entry, "APIGUARD_ENTRY") == "+ 203.0.113.0/24 name=office");
  CHECK(value_of(entry, "APIGUARD_INTERFACES") == "eth0,eth1");
  CHECK(value_of(entry, "APIGUARD_RISKS") == "drop-peers,wide");
  CHECK(value_of(entry, "APIGUARD_CONFIRMED") == "yes");
  CHECK(value_of(entry, "APIGUARD_LOGIN_UID") == "1000");
  CHECK(value_of(entry, "APIGUARD_SSH_CLIENT") == "203.0.113.7");
}

TEST_CASE("what there is nothing to say of is no field") {
  Trace trace;
  trace.verb = "detach";
  trace.who = {"uid 0", std::nullopt, ""};
  trace.what = "detached from eth0";
  trace.warns = true;
  const auto entry = report::log_entry_of(trace);
  CHECK(entry.level == Level::kWarning);
  CHECK(entry.text == "detach: detached from eth0; by uid 0");
  for (const char* name : {"APIGUARD_GENERATION", "APIGUARD_COMMAND", "APIGUARD_RISKS",
                           "APIGUARD_LOGIN_UID", "APIGUARD_SSH_CLIENT", "APIGUARD_MODE"})
    CHECK(value_of(entry, name) == "(none)");
}

TEST_CASE("a change that waits says so, and what it sets") {
  Trace trace = allow();
  trace.confirmed = Confirmed::kWaiting;
  trace.settings = {"mode: audit -> enforce"};
  const auto entry = report::log_entry_of(trace);
  CHECK(value_of(entry, "APIGUARD_CONFIRMED") == "waiting");
  CHECK(value_of(entry, "APIGUARD_SETTING") == "mode: audit -> enforce");
  CHECK(entry.text.find(", mode: audit -> enforce, mode enforce, pending confirmation; by") !=
        std::string::npos);
}

TEST_CASE("of many entries the first are named, and of a long command the beginning") {
  Trace trace = allow();
  std::vector<Range> many(100'000, range("203.0.113.0/24"));
  report::note_difference(trace, {many, many, {}});
  CHECK(trace.added == 100'000);
  CHECK(trace.entries.size() == 42);
  CHECK(trace.entries.back() == "- and 99980 more");
  trace.command = "set " + std::string(200'000, '1');
  const auto entry = report::log_entry_of(trace);
  CHECK(entry.text.size() < 400);
  CHECK(log_entry(entry.level, entry.text, entry.fields).size() < 16'384);
}

TEST_CASE("a value of several lines forges no field") {
  const std::string entry =
      log_entry(Level::kNotice, "one\nPRIORITY=0", {{"APIGUARD_BY", "a\nb"}, {"X", "plain"}});
  const auto size = [](char length) { return std::string{length} + std::string(7, '\0'); };
  CHECK(entry == "MESSAGE\n" + size(14) + "one\nPRIORITY=0\nPRIORITY=5\n" +
                     "SYSLOG_IDENTIFIER=apiguard\nSYSLOG_FACILITY=10\n" + "APIGUARD_BY\n" +
                     size(3) + "a\nb\nX=plain\n");
  CHECK(log_entry(Level::kError, "a\x1b[2Jb", {}).find("MESSAGE=a?[2Jb\n") == 0);
}

TEST_CASE("syslog gets one line") {
  CHECK(syslog_line(Level::kWarning, "two\nlines\x07", "Nov 29 10:58:57", 17) ==
        "<84>Nov 29 10:58:57 apiguard[17]: two lines?");
  CHECK(syslog_line(Level::kNotice, std::string(100'000, 'x'), "", 1).size() < 5000);
}

TEST_CASE("a crowd of leases is told once a minute, by its sum") {
  LeaseAnswer added;
  added.prefix = parse_prefix("192.0.2.6/32")->prefix;
  added.name = "node-1";
  LeaseAnswer renewed = added;
  renewed.result = LeaseResult::kRenewed;
  LeaseAnswer barred = added;
  barred.result = LeaseResult::kBarred;
  Traced traced;
  add_leases(traced.leases, 7, "root", {barred});
  CHECK(traced.leases.empty());
  for (int i = 0; i < 100; ++i) add_leases(traced.leases, 7, "root", {added, renewed, barred});
  CHECK(traced.leases.added == 100);
  CHECK(traced.leases.renewed == 100);
  CHECK(traced.leases.entries.size() == 20);
  CHECK(traced.leases.entries.front() == "added 192.0.2.6/32 name=node-1 by root");
  const auto entry = report::log_entry_of(report::trace_of(traced.leases));
  CHECK(entry.text == "generation 7: lease: 100 added, 100 renewed; by root");

  CHECK(is_due(traced, BootTime(5s)));
  traced.leases_at = BootTime(100s);
  CHECK_FALSE(is_due(traced, BootTime(159s)));
  CHECK(is_due(traced, BootTime(160s)));
  CHECK(is_due(traced, BootTime(5s)));  // another boot
}

TEST_CASE("what was told is kept, and what cannot be read is nothing") {
  const test::Folder folder;
  CHECK(read_traced(folder.path()) == Traced());
  Traced traced;
  traced.generation = 12;
  traced.leases_at = BootTime(34ns);
  traced.leases = {1, 2, 12, {"root", "ci"}, {"added 192.0.2.6/32 by root"}};
  REQUIRE(write_traced(folder.path(), traced));
  CHECK(read_traced(folder.path()) == traced);
  for (const char* text :
       {"", "{", "[]", "7", R"({"generation":-1,"by":[1],"entries":"x"})",
        R"({"generation":12,"leases_at":34,"added":1,"renewed":2,"leases_generation":12,"by":[]})",
        R"({"generation":1e300,"leases_at":{},"by":[null]})", "{\"generation\":12}{"}) {
    INFO(text);
    test::put(folder / "traced", text);
    CHECK(read_traced(folder.path()) == Traced());
  }
}

TEST_CASE("a ticket says who waits, and an older one need not") {
  publish::QueuedChange change;
  change.by = "alice";
  change.login_uid = 1000;
  change.client = "2001:db8::7";
  change.verb = "allow 192.0.2.1";
  change.what = publish::PutChange{Kind::kAllow, {parse_prefix("192.0.2.1")->prefix}, "", {}, {}};
  const auto parsed = publish::parse_ticket(publish::show_ticket(change));
  REQUIRE(parsed);
  CHECK(parsed->login_uid == 1000U);
  CHECK(parsed->client == "2001:db8::7");
  change.login_uid.reset();
  change.client.clear();
  const auto older = publish::parse_ticket(publish::show_ticket(change));
  REQUIRE(older);
  CHECK_FALSE(older->login_uid);
  CHECK(older->client.empty());
}

}  // namespace apiguard
