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
      {"1970-01-01T00:00:00Z", timestamp_of(0), "1970-01-01T00:00:00Z"},
      {"1970-01-01T00:00:00.000000001Z", timestamp_of(1), "1970-01-01T00:00:00.000000001Z"},
      {"1970-01-01T00:00:01.5Z", Timestamp(1500ms), "1970-01-01T00:00:01.5Z"},
      {"1970-01-01T00:00:00.500Z", Timestamp(500ms), "1970-01-01T00:00:00.5Z"},
      {"1969-12-31T23:59:59.75Z", Timestamp(-250ms), "1969-12-31T23:59:59.75Z"},
      {"1985-04-12T23:20:50.52Z", timestamp_of(482196050520000000), "1985-04-12T23:20:50.52Z"},
      {"1996-12-19T16:39:57-08:00", Timestamp(851042397s), "1996-12-20T00:39:57Z"},
      {"1937-01-01T12:00:27.87+00:20", timestamp_of(-1041337172130000000),
       "1937-01-01T11:40:27.87Z"},
      {"2026-12-01T08:00:00.500Z", timestamp_of(1796112000500000000), "2026-12-01T08:00:00.5Z"},
      {"2026-12-01t10:00:00+02:00", Timestamp(1796112000s), "2026-12-01T08:00:00Z"},
      {"2026-12-01T08:00:00z", Timestamp(1796112000s), "2026-12-01T08:00:00Z"},
      {"2026-12-01T08:00:00-00:00", Timestamp(1796112000s), "2026-12-01T08:00:00Z"},
      {"2024-02-29T00:00:00Z", Timestamp(1709164800s), "2024-02-29T00:00:00Z"},
      {"2000-02-29T00:00:00Z", Timestamp(951782400s), "2000-02-29T00:00:00Z"},
      {"1990-12-31T23:59:60Z", Timestamp(662688000s), "1991-01-01T00:00:00Z"},
      {"1990-12-31T15:59:60-08:00", Timestamp(662688000s), "1991-01-01T00:00:00Z"},
      {"2261-12-31T23:59:59Z", Timestamp(9214646399s), "2261-12-31T23:59:59Z"},
      {"1678-01-01T00:00:00Z", Timestamp(-9214560000s), "1678-01-01T00:00:00Z"},
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
  CHECK(*parse_timestamp("1970-01-01T00:00:00.9999999999999999999999Z") == Timestamp(1s - 1ns));
  CHECK(*parse_timestamp("1970-01-01T00:00:00.0000000019Z") == Timestamp(1ns));
}

TEST_CASE("the ends of the scale are shown") {
  CHECK(format_timestamp(Timestamp::min()) == "1677-09-21T00:12:43.145224192Z");
  CHECK(format_timestamp(Timestamp::max()) == "2262-04-11T23:47:16.854775807Z");
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
  const std::int64_t limit =
      nanoseconds_of(std::chrono::floor<std::chrono::seconds>(Timestamp::max()));
  std::uniform_int_distribution<std::int64_t> times(-limit, limit - 1);
  for (int i = 0; i < 20000; ++i) {
    const Timestamp time = timestamp_of(times(random));
    CAPTURE(format_timestamp(time));
    const auto read = parse_timestamp(format_timestamp(time));
    REQUIRE(read);
    REQUIRE(*read == time);
  }
}
