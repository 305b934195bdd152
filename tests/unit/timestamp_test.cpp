// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <limits>
#include <random>

#include "loader/base/time.hpp"
#include "loader/policy/text.hpp"
#include "tests/support/catch.hpp"

using namespace apiguard;

namespace {

struct Good {
  std::string_view text;
  Timestamp time;
  std::string_view shown;
};

struct Bad {
  std::string_view text;
  std::string_view message;
};

}  // namespace

TEST_CASE("RFC 3339 times are read and shown in UTC") {
  const Good cases[] = {
      {"1970-01-01T00:00:00Z", 0, "1970-01-01T00:00:00Z"},
      {"1970-01-01T00:00:00.000000001Z", 1, "1970-01-01T00:00:00.000000001Z"},
      {"1970-01-01T00:00:01.5Z", kSecond * 3 / 2, "1970-01-01T00:00:01.5Z"},
      {"1970-01-01T00:00:00.500Z", kSecond / 2, "1970-01-01T00:00:00.5Z"},
      {"1969-12-31T23:59:59.75Z", -kSecond / 4, "1969-12-31T23:59:59.75Z"},
      {"1985-04-12T23:20:50.52Z", 482196050520000000, "1985-04-12T23:20:50.52Z"},
      {"1996-12-19T16:39:57-08:00", 851042397 * kSecond, "1996-12-20T00:39:57Z"},
      {"1937-01-01T12:00:27.87+00:20", -1041337172130000000, "1937-01-01T11:40:27.87Z"},
      {"2026-12-01T08:00:00.500Z", 1796112000500000000, "2026-12-01T08:00:00.5Z"},
      {"2026-12-01t10:00:00+02:00", 1796112000 * kSecond, "2026-12-01T08:00:00Z"},
      {"2026-12-01T08:00:00z", 1796112000 * kSecond, "2026-12-01T08:00:00Z"},
      {"2026-12-01T08:00:00-00:00", 1796112000 * kSecond, "2026-12-01T08:00:00Z"},
      {"2024-02-29T00:00:00Z", 1709164800 * kSecond, "2024-02-29T00:00:00Z"},
      {"2000-02-29T00:00:00Z", 951782400 * kSecond, "2000-02-29T00:00:00Z"},
      {"1990-12-31T23:59:60Z", 662688000 * kSecond, "1991-01-01T00:00:00Z"},
      {"1990-12-31T15:59:60-08:00", 662688000 * kSecond, "1991-01-01T00:00:00Z"},
      {"2261-12-31T23:59:59Z", 9214646399 * kSecond, "2261-12-31T23:59:59Z"},
      {"1678-01-01T00:00:00Z", -9214560000 * kSecond, "1678-01-01T00:00:00Z"},
  };
  for (const Good& good : cases) {
    CAPTURE(good.text);
    const auto time = parse_timestamp(good.text);
    REQUIRE(time);
    CHECK(*time == good.time);
    CHECK(format_timestamp(*time) == good.shown);
  }
}

TEST_CASE("a time finer than a nanosecond is never read as later") {
  CHECK(*parse_timestamp("1970-01-01T00:00:00.9999999999999999999999Z") == kSecond - 1);
  CHECK(*parse_timestamp("1970-01-01T00:00:00.0000000019Z") == 1);
}

TEST_CASE("the ends of the scale are shown") {
  using Limits = std::numeric_limits<Timestamp>;
  CHECK(format_timestamp(Limits::min()) == "1677-09-21T00:12:43.145224192Z");
  CHECK(format_timestamp(Limits::max()) == "2262-04-11T23:47:16.854775807Z");
}

TEST_CASE("what is not an RFC 3339 time is refused with its reason") {
  const Bad cases[] = {
      {"", "time '': not RFC 3339, as in 2026-12-01T08:00:00Z"},
      {"tomorrow", "time 'tomorrow': not RFC 3339, as in 2026-12-01T08:00:00Z"},
      {"2026-12-01", "time '2026-12-01': not RFC 3339, as in 2026-12-01T08:00:00Z"},
      {"2026-12-01 08:00:00Z",
       "time '2026-12-01 08:00:00Z': not RFC 3339, as in 2026-12-01T08:00:00Z"},
      {"2026-12-1T08:00:00Z",
       "time '2026-12-1T08:00:00Z': not RFC 3339, as in 2026-12-01T08:00:00Z"},
      {"+2026-12-01T08:00:00Z",
       "time '+2026-12-01T08:00:00Z': not RFC 3339, as in 2026-12-01T08:00:00Z"},
      {"2026-12-01T08:00Z", "time '2026-12-01T08:00Z': not RFC 3339, as in 2026-12-01T08:00:00Z"},
      {"2026-12-01T08:00:00",
       "time '2026-12-01T08:00:00': the zone is missing: end it with Z or an offset such as "
       "+02:00"},
      {"2026-12-01T08:00:00.5",
       "time '2026-12-01T08:00:00.5': the zone is missing: end it with Z or an offset such as "
       "+02:00"},
      {"2026-12-01T08:00:00.Z", "time '2026-12-01T08:00:00.Z': unexpected '.Z' at its end"},
      {"2026-12-01T08:00:00,5Z", "time '2026-12-01T08:00:00,5Z': unexpected ',5Z' at its end"},
      {"2026-12-01T08:00:00ZZ", "time '2026-12-01T08:00:00ZZ': unexpected 'ZZ' at its end"},
      {"2026-12-01T08:00:00+2", "time '2026-12-01T08:00:00+2': unexpected '+2' at its end"},
      {"2026-12-01T08:00:00+0200",
       "time '2026-12-01T08:00:00+0200': unexpected '+0200' at its end"},
      {"2026-12-01T08:00:00+02:00Z",
       "time '2026-12-01T08:00:00+02:00Z': unexpected '+02:00Z' at its end"},
      {"2026-12-01T08:00:00+24:00", "time '2026-12-01T08:00:00+24:00': there is no such offset"},
      {"2026-12-01T08:00:00+23:60", "time '2026-12-01T08:00:00+23:60': there is no such offset"},
      {"2026-13-01T08:00:00Z", "time '2026-13-01T08:00:00Z': there is no such day"},
      {"2026-00-01T08:00:00Z", "time '2026-00-01T08:00:00Z': there is no such day"},
      {"2026-02-29T08:00:00Z", "time '2026-02-29T08:00:00Z': there is no such day"},
      {"2100-02-29T08:00:00Z", "time '2100-02-29T08:00:00Z': there is no such day"},
      {"2026-12-01T24:00:00Z", "time '2026-12-01T24:00:00Z': there is no such time of day"},
      {"2026-12-01T08:60:00Z", "time '2026-12-01T08:60:00Z': there is no such time of day"},
      {"2026-12-01T08:00:60Z", "time '2026-12-01T08:00:60Z': there is no such time of day"},
      {"2026-12-01T23:59:61Z", "time '2026-12-01T23:59:61Z': there is no such time of day"},
      {"9999-12-31T23:59:59Z",
       "time '9999-12-31T23:59:59Z': later than the year 2261; leave 'until' out for a permanent "
       "entry"},
      {"0001-01-01T00:00:00Z", "time '0001-01-01T00:00:00Z': earlier than the year 1678"},
  };
  for (const Bad& bad : cases) {
    CAPTURE(bad.text);
    const auto time = parse_timestamp(bad.text);
    REQUIRE_FALSE(time);
    CHECK(time.error().message == bad.message);
    CHECK(time.error().exit == Exit::kUsage);
  }
}

TEST_CASE("every time is read back as it was shown") {
  std::mt19937_64 random(20260714);
  // The last whole second on either side of the range is not read.
  const Timestamp limit = std::numeric_limits<Timestamp>::max() / kSecond * kSecond;
  std::uniform_int_distribution<Timestamp> times(-limit, limit - 1);
  for (int i = 0; i < 20000; ++i) {
    const Timestamp time = times(random);
    CAPTURE(time);
    const auto read = parse_timestamp(format_timestamp(time));
    REQUIRE(read);
    REQUIRE(*read == time);
  }
}
