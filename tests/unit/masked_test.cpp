// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/base/masked.hpp"

#include "loader/host/journal.hpp"
#include "loader/report/json.hpp"
#include "loader/report/lines.hpp"
#include "loader/report/table.hpp"
#include "loader/report/terminal.hpp"
#include "tests/support/catch.hpp"

using namespace apiguard;

TEST_CASE("what a terminal shows as it is stays") {
  for (const char* text : {"", "plain", "two\nlines\tand a tab\n", "M\xC3\xBCller", "\xE2\x94\x80",
                           "\xF0\x9F\x90\x9D"})
    CHECK(masked(text) == text);
  CHECK(masked_line("two\nlines\t") == "two?lines?");
}

TEST_CASE("what moves the cursor, turns the line or is no UTF-8 is a question mark each") {
  CHECK(masked("\x1b[31mred") == "?[31mred");
  CHECK(masked("a\x07\x08\r\x7f") == "a????");
  CHECK(masked(std::string_view("\0x", 2)) == "?x");
  CHECK(masked("\x9b"
               "31m") == "?31m");  // C1 as one byte
  CHECK(masked("\xC2\x9b"
               "31m\xC2\x85") == "?31m?");                     // C1 as UTF-8
  CHECK(masked("\xE2\x80\xAE\xE2\x81\xA6\xD8\x9C") == "???");  // right to left
  CHECK(masked("\xE2\x80\xA8") == "?");                        // a line separator
  CHECK(masked("\xff\xC3") == "??");
  CHECK(masked("\xC0\x9b") == "??");       // overlong
  CHECK(masked("\xED\xA0\x80") == "???");  // a surrogate
}

TEST_CASE("a message is masked wherever it goes, its own lines stay") {
  CHECK(marked(Level::kError, "interface '\x1b[2J': x\ny\x9b", false) ==
        "interface '?[2J': x\ny?\n");
  CHECK(marked(Level::kError, "a\x1b\nb", true) == "<3>a?\n<3>b\n");
  const std::string sent =
      datagram(Level::kNotice, "a\x1b", {{"APIGUARD_VERB", "allow\nPRIORITY=0\x9b"}});
  CHECK(sent.find('\x1b') == std::string::npos);
  CHECK(sent.find("APIGUARD_VERB=allow PRIORITY=0?\n") != std::string::npos);
}

TEST_CASE("a cell of a table is masked and keeps its column") {
  report::Table table({"NAME", "STATE"});
  table.add(
      {"\xC2\x9b"
       "31m",
       "up"});
  table.add(
      {"\xE2\x80\xAE"
       "x",
       "down"});
  CHECK(table.text().find('\xC2') == std::string::npos);
  CHECK(table.text().find("?31m") != std::string::npos);
}

TEST_CASE("JSON escapes what a terminal would obey, and means the same") {
  for (const char* name : {"\x1b[31m", "\x7f", "\xC2\x9b", "\xE2\x80\xAE", "\xEF\xBB\xBF",
                           "M\xC3\xBCller", "\xF0\x9F\x90\x9D"}) {
    for (const int indent : {2, -1}) {
      const std::string text = report::dump({{"name", name}}, indent);
      CHECK(masked(text) == text);
      CHECK(report::Json::parse(text).at("name") == name);
    }
  }
  CHECK(report::dump("M\xC3\xBCller") == "\"M\xC3\xBCller\"");
  CHECK(report::dump("\x9b") == "\"\xEF\xBF\xBD\"");
}

TEST_CASE("colours are ours alone") {
  using report::Colour, report::masked_but_colours, report::paint;
  CHECK(paint("a\x1b[31mb", Colour::kGreen, true) == "\x1b[32ma?[31mb\x1b[0m");
  CHECK(paint("a\x1b[31mb", Colour::kGreen, false) == "a?[31mb");
  const std::string painted = "x\n" + paint("+ y", Colour::kGreen, true) + "\nz\x1b[2J\x1b";
  CHECK(masked_but_colours(painted, true) == "x\n\x1b[32m+ y\x1b[0m\nz?[2J?");
  CHECK(masked_but_colours(painted, false) == "x\n?[32m+ y?[0m\nz?[2J?");
  CHECK(masked_but_colours("\x1b[1;31m\x1b[0m", true) == "\x1b[1;31m\x1b[0m");
  CHECK(masked_but_colours("\x1b\x1b[31m", true) == "?\x1b[31m");
}

TEST_CASE("a compared line is masked, in colour or not") {
  CHECK(report::compare_lines("\x9b\n", "", false) == "- ?\n");
  CHECK(report::compare_lines("", "a\x1b[2J\n", true) == "\x1b[32m+ a?[2J\x1b[0m\n");
}
