// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/datapath/edition.hpp"

#include <cstdint>
#include <string_view>

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

TEST_CASE("what is printed is parsed, and no other spelling of it") {
  for (const std::uint64_t generation : {1ULL, 9ULL, 10ULL, 4294967296ULL, ~0ULL}) {
    for (const std::uint64_t edition : {0ULL, 1ULL, 10ULL, 99ULL, 4294967296ULL, ~0ULL}) {
      const Edition one{generation, edition};
      CHECK(parse_pin_name(pin_name(one)) == one);
    }
  }
  // Two names of one edition would be one folder too many.
  for (const std::string_view name : {"017",   "00",   "017-3",        "17-03",
                                      "17-00", "+17",  "17-+3",        "--3",
                                      "17--3", " 17",  "17 ",          "17\n",
                                      "0x11",  "1e3",  "17-3 ",        "17-18446744073709551616",
                                      "17/3",  "..",   "17-3.aside-1", "\xd9\xa1",
                                      "-17",   "17-3-"}) {
    INFO(name);
    CHECK_FALSE(parse_pin_name(name));
  }
  using namespace std::string_view_literals;
  CHECK_FALSE(parse_pin_name("17\0"sv));
  CHECK_FALSE(parse_pin_name("17-3\0"sv));
}
