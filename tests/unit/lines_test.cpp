// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/report/lines.hpp"

#include "tests/support/catch.hpp"

using apiguard::report::compare_lines;

TEST_CASE("lines that both texts have are kept in their order") {
  CHECK(compare_lines("a\nb\nc\n", "a\nx\nc\nd\n", false) == "  a\n- b\n+ x\n  c\n+ d\n");
  CHECK(compare_lines("a\nb\nc\nd\n", "b\nd\na\n", false) == "- a\n  b\n- c\n  d\n+ a\n");
  CHECK(compare_lines("", "a\n", false) == "+ a\n");
  CHECK(compare_lines("a", "", false) == "- a\n");
  CHECK(compare_lines("a\n", "a", false) == "  a\n");
  CHECK(compare_lines("", "", false) == "");
}

TEST_CASE("control characters never reach the terminal, colours do") {
  CHECK(compare_lines("\x1b[2J\n", "\x7f\tx\n", false) == "- ?[2J\n+ ?\tx\n");
  CHECK(compare_lines("a\n", "b\n", true) == "\033[31m- a\033[0m\n\033[32m+ b\033[0m\n");
}

TEST_CASE("texts too long to be compared are replaced as a whole") {
  std::string before, after;
  for (int i = 0; i < 5000; ++i) {
    before += "same\n";
    after += "same\n";
  }
  const std::string text = compare_lines(before, after, false);
  CHECK(text.size() == 10000 * std::string("- same\n").size());
  CHECK(text.find("  same") == std::string::npos);
}
