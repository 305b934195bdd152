// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/datapath/edition.hpp"

#include "tests/support/catch.hpp"

using namespace apiguard::datapath;

TEST_CASE("an edition and the name of its pins") {
  CHECK(pin_name({17, 0}) == "17");
  CHECK(pin_name({17, 3}) == "17-3");
  CHECK(parse_pin_name("17") == Edition{17, 0});
  CHECK(parse_pin_name("17-3") == Edition{17, 3});
  CHECK(parse_pin_name("18446744073709551615-18446744073709551615") ==
        Edition{~std::uint64_t{0}, ~std::uint64_t{0}});
  for (const char* name : {"", "-", "17-", "-3", "17-0", "17-3-1", "17.3", "x", "17-x", "17 -3",
                           "18446744073709551616"}) {
    INFO(name);
    CHECK_FALSE(parse_pin_name(name));
  }
}

TEST_CASE("of two editions the later one is the greater, whatever the generation before it had") {
  CHECK(Edition{17, 3} < Edition{17, 4});
  CHECK(Edition{17, 9} < Edition{18, 2});
  CHECK(Edition{17, 0} < Edition{17, 1});
}
