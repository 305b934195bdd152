// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Tables on a terminal: what has no room goes, and nothing wraps.
#include "loader/report/table.hpp"

#include <algorithm>
#include <sstream>

#include "loader/base/time.hpp"
#include "loader/policy/text.hpp"
#include "loader/report/check.hpp"
#include "loader/report/ends.hpp"
#include "loader/report/history.hpp"
#include "loader/report/list.hpp"
#include "loader/report/sources.hpp"
#include "tests/support/catch.hpp"

using namespace apiguard;
using namespace apiguard::report;

namespace {

Timestamp at(const char* text) { return *parse_timestamp(text); }

const Timestamp kNow = at("2026-12-01T08:00:00Z");
const View kTerminal{80};

std::size_t widest_line(const std::string& text) {
  std::istringstream lines(text);
  std::size_t widest = 0;
  for (std::string line; std::getline(lines, line);) widest = std::max(widest, line.size());
  return widest;
}

Range range(const char* cidr, const char* name) {
  Range one;
  one.prefix = parse_prefix(cidr)->prefix;
  one.name = name;
  one.origin.file = "authorized-ranges";
  one.origin.line = 1;
  return one;
}

bool has(const std::string& text, const char* word) { return text.find(word) != std::string::npos; }

}  // namespace

TEST_CASE("without a width a table has all of its columns") {
  Table table({"A", "B", "C"});
  table.add({"1", "", "3"});
  CHECK(table.text() == "A  B  C\n1  -  3\n");
}

TEST_CASE("with a width a column without values goes, the first stays") {
  Table table({"A", "B", "C"}, {80});
  table.add({"1", "", "3"});
  table.add({"", "", "4"});
  CHECK(table.text() == "A  C\n1  3\n-  4\n");
  Table none({"A", "B"}, {80});
  none.add({"", ""});
  CHECK(none.text() == "A\n-\n");
}

TEST_CASE("dispensable columns go in their order until the rest has room") {
  const auto text = [](std::size_t width) {
    Table table({"A", "B", "C"}, {width, {"C", "B"}});
    table.add({"aaaa", "bbbb", "cccc"});
    return table.text();
  };
  CHECK(text(16) == "A     B     C\naaaa  bbbb  cccc\n");
  CHECK(text(15) == "A     B\naaaa  bbbb\n");
  CHECK(text(9) == "A\naaaa\n");
  CHECK(text(1) == "A\naaaa\n");
}

TEST_CASE("the last column is cut where it may, and no character in two") {
  const auto text = [](std::size_t width, const char* cell) {
    Table table({"A", "B"}, {width, {}, true});
    table.add({"aaaa", cell});
    const std::string all = table.text();
    return all.substr(all.find('\n') + 1);
  };
  CHECK(text(20, "0123456789abcd") == "aaaa  0123456789abcd\n");
  CHECK(text(19, "0123456789abcd") == "aaaa  0123456789...\n");
  CHECK(text(1, "0123456789abcd") == "aaaa  01234...\n");
  CHECK(text(19, "012345678\xc3\xa9 and more") == "aaaa  012345678...\n");
}

TEST_CASE("how far away a time is, in its largest unit") {
  Range one = range("192.0.2.0/24", "");
  const auto end = [&](const char* until) {
    one.until = at(until);
    return end_text(one, kNow, Times::kRelative);
  };
  CHECK(end("2026-12-01T09:59:00Z") == "in 1 h");
  CHECK(end("2026-12-03T09:00:00Z") == "in 2 d");
  CHECK(end("2026-12-01T08:00:30Z") == "in 30 s");
  CHECK(end("2026-12-01T07:55:00Z") == "expired 5 min ago");
  CHECK(end_text(range("192.0.2.0/24", ""), kNow, Times::kRelative).empty());
  CHECK(seen_text(at("2026-11-28T07:00:00Z"), kNow, Times::kRelative) == "3 d ago");
  CHECK(seen_text(at("2026-12-01T09:00:00Z"), kNow, Times::kRelative) == "0 s ago");
}

TEST_CASE("list fits a terminal, and shows whole times elsewhere") {
  std::vector<Range> ranges = {range("198.51.100.128/25", "ci-runner-1234"),
                               range("203.0.113.7/32", ""),
                               range("2001:db8:1234:5678:9abc:def0:1234:5678/128", "a-long-name")};
  ranges[0].until = at("2026-12-01T10:00:00Z");
  RangeRefs refs;
  for (const Range& one : ranges) refs.push_back(&one);
  ledger::UsageLog log;
  std::string narrow;
  list_text(
      refs, {&log, {}}, kNow, [&](std::string_view piece) { narrow += piece; }, kTerminal);
  INFO(narrow);
  CHECK(widest_line(narrow) <= 80);
  CHECK(has(narrow, "in 2 h"));
  CHECK_FALSE(has(narrow, "2026-"));
  CHECK_FALSE(has(narrow, "LAST SEEN"));  // of none it is known
  std::string wide;
  list_text(refs, {&log, {}}, kNow, [&](std::string_view piece) { wide += piece; });
  for (const char* column : {"CIDR", "KIND", "NAME", "UNTIL", "CONNECTIONS", "LAST SEEN", "ORIGIN"})
    CHECK(has(wide, column));
  CHECK(has(wide, "2026-12-01T10:00:00Z (in 2 h)"));
}

TEST_CASE("check, denied and history fit a terminal") {
  const Check refused{*parse_address("192.0.2.7"), false, "unlisted", {}, Mode::kEnforce, {}};
  CHECK(check_text({refused}, kNow, kTerminal) ==
        "SOURCE     VERDICT  REASON\n192.0.2.7  drop     unlisted\n");

  DeniedSource source;
  source.source = *parse_address("2001:db8:1234:5678:9abc:def0:1234:5678");
  source.packets = 123456;
  source.first = at("2026-11-20T08:00:00Z");
  source.last = at("2026-12-01T07:59:00Z");
  source.reason = APIGUARD_UNLISTED;
  const std::string denied = denied_text({source}, 0, {nullptr}, kNow, kTerminal);
  INFO(denied);
  CHECK(widest_line(denied) <= 80);
  CHECK(has(denied, "123456"));
  CHECK(has(denied, "not listed"));
  CHECK_FALSE(has(denied, "WOULD DROP"));
  CHECK(has(denied_text({source}, 0, {nullptr}, kNow), "WOULD DROP"));

  History history;
  GenerationMeta meta;
  meta.generation = 17;
  meta.time = at("2026-11-29T08:00:00Z");
  meta.by = "root (sudo by alice)";
  meta.verb = "allow 198.51.100.7 --for 2h --name ci-run-123 --why NET-114 --accept-risk wide";
  history.generations = {meta};
  const std::string text = to_text(history, kNow, kTerminal);
  INFO(text);
  CHECK(widest_line(text) <= 80);
  CHECK(has(text, "2 d ago"));
  CHECK(has(text, "allow 198."));
  CHECK(has(text, "...\n"));
  CHECK(has(to_text(history), meta.verb.c_str()));
}
