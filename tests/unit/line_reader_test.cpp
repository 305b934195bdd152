// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/base/line_reader.hpp"

#include <vector>

#include "loader/host/refused.hpp"
#include "loader/host/undone.hpp"
#include "loader/ledger/audit_file.hpp"
#include "loader/ledger/usage_log.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/folder.hpp"

using namespace apiguard;

namespace {

// The lines between the head "x 1" and the end, or why there are none.
std::string read(const std::string& text) {
  auto lines = LineReader::open(text, "x 1");
  if (!lines) return lines.error().message;
  std::string all;
  while (lines->next()) all += "[" + std::string(lines->line()) + "]";
  const auto whole = lines->check_end();
  CHECK_FALSE(lines->next());
  return whole ? all : whole.error().message;
}

template <typename Parsed>
std::string reason(const Parsed& parsed) {
  return parsed ? "" : parsed.error().message;
}

}  // namespace

TEST_CASE("a file is its head, lines and an end") {
  CHECK(read("x 1\nend\n").empty());
  CHECK(read("x 1\na\n\n end\nend \nend\n") == "[a][][ end][end ]");
  for (const char* text : {"", "\n", "x 1", "x 2\nend\n", "x 1 \nend\n", "\nx 1\nend\n", "end\n",
                           "x 1\r\nend\r\n", "\xef\xbb\xbfx 1\nend\n"}) {
    INFO(text);
    CHECK(read(text) == "line 1: is not the expected first line");
  }
  CHECK(read("x 1\n") == "line 2: the end is missing");
  CHECK(read("x 1\na\nend") == "line 3: the end is missing");
  CHECK(read("x 1\na\nEND\n") == "line 4: the end is missing");
  CHECK(read("x 1\na\nend\r\n") == "line 4: the end is missing");
  CHECK(read("x 1\nend\n\n") == "line 2: there is text after the end");
  CHECK(read("x 1\nend\nend\n") == "line 2: there is text after the end");
  CHECK(read(std::string("x 1\nend\n\0", 9)) == "line 2: there is text after the end");
}

TEST_CASE("the end that is asked for must be the next line") {
  auto lines = LineReader::open("x 1\na\nend\n", "x 1");
  REQUIRE(lines);
  CHECK(reason(lines->check_end()) == "line 2: the end is missing");
}

TEST_CASE("words and numbers are taken off a line one by one") {
  std::string_view line = "a  -5 18446744073709551615 ";
  CHECK(take_word(line) == "a");
  CHECK(take_word(line).empty());
  std::int64_t number = 0;
  CHECK(take_number(line, number));
  CHECK(number == -5);
  CHECK_FALSE(take_number(line, number));
  CHECK(number == -5);
  CHECK(line.empty());
  CHECK(take_word(line).empty());
  for (const char* text : {"", " 1", "+1", "-1", "0x1", "1.0", "1,", "18446744073709551616"}) {
    std::string_view rest = text;
    std::uint64_t count = 7;
    INFO(text);
    CHECK_FALSE(take_number(rest, count));
    CHECK(count == 7);
  }
}

TEST_CASE("sources of an audit are an address and four numbers, and no more") {
  const auto of = [](const std::string& lines) {
    return reason(ledger::parse_audit_file("apiguard seen 1\n" + lines));
  };
  CHECK(of("192.0.2.1 1 2 3 4\nend\n").empty());
  const std::string wanted = "line 2: expected an address and four numbers";
  for (const char* line : {"", "192.0.2.1", "192.0.2.1 1 2 3", "192.0.2.1 1 2 3 4 5",
                           "192.0.2.1 -1 2 3 4", "192.0.2.1  1 2 3 4", "192.0.2.1\t1 2 3 4",
                           "192.0.2.1 1 2 3 4\r", "192.0.2.1 1 2 3 18446744073709551616"}) {
    INFO(line);
    CHECK(of(std::string(line) + "\nend\n") == wanted);
  }
  CHECK(of("192.0.2.0/24 1 2 3 4\nend\n").substr(0, 8) == "line 2: ");
  CHECK(of("192.0.2.1 1 2 3 4\nend") == "line 3: the end is missing");
  CHECK(of("end\n192.0.2.1 1 2 3 4\n") == "line 2: there is text after the end");
}

TEST_CASE("refused leases stand in their order, each once") {
  const std::string good = show_refused({1, 2, 3, 4, 5});
  const auto of = [&](const std::string& from, const std::string& to) {
    std::string text = good;
    text.replace(text.find(from), from.size(), to);
    return reason(parse_refused(text));
  };
  const std::string barred = "line 2: expected 'barred' and a number";
  CHECK(of("barred 1\n", "") == barred);
  CHECK(of("barred 1\n", "end\n") == barred);
  CHECK(of("barred 1\n", "barred 9223372036854775808\n") == barred);
  CHECK(of("barred 1\n", "barred 1 \n").empty());
  CHECK(of("end\n", "barred 1\nend\n") == "line 7: the end is missing");
  CHECK(of("end\n", "end\nend\n") == "line 7: there is text after the end");
  CHECK(of("end\n", "end") == "line 7: the end is missing");
}

TEST_CASE("the head of what was used has each number alone in its line") {
  const auto of = [](const std::string& lines) {
    return reason(ledger::parse_usage_log("apiguard used 1\n" + lines));
  };
  CHECK(of("clock 1\nused\nend\n").empty());
  CHECK(of("clock 1 2\nused\nend\n") == "line 2: no number");
  CHECK(of("generation -1\nused\nend\n") == "line 2: no number");
  CHECK(of("observed\nused\nend\n") == "line 2: no number");
  CHECK(of("missed 9223372036854775808\nend\n") == "line 2: no number");
  CHECK(of("used \nend\n") == "line 2: is not known");
  CHECK(of("used\nused\nend\n") == "line 3: no range");
  CHECK(of("added 1\nboot a\nend\n") == "line 3: no range");
}

TEST_CASE("a line of what was undone is a digest, a number and a name") {
  const test::Folder folder;
  const std::string digest(64, 'a');
  const auto of = [&](const std::string& text) {
    test::put(folder / "undone", text);
    return reason(read_undone(folder.path()));
  };
  const std::string good = digest + " 7 authorized-ranges.d/a b.list\n";
  CHECK(of(good + good).empty());
  CHECK(read_undone(folder.path())->back().name == "authorized-ranges.d/a b.list");
  for (const std::string& bad :
       {std::string("\n"), digest + "\n", digest + " 7\n", digest + " 7 \n", digest + " -7 a\n",
        digest + " 7x a\n", digest + "  7 a\n", digest.substr(1) + " 7 a\n",
        std::string(64, 'A') + " 7 a\n", digest + " 18446744073709551616 a\n", digest + " 7 a"}) {
    INFO(bad);
    CHECK(of(good + bad) == "file '" + folder.path() +
                                "/undone': read: line 2 is damaged: undone changes are not known");
  }
}
