// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/base/duration.hpp"
#include "loader/base/time.hpp"

#include <utility>

#include "tests/support/catch.hpp"

using namespace apiguard;

namespace {

std::int64_t seconds(std::string_view text) {
  const auto parsed = parse_duration(text);
  if (!parsed) FAIL(parsed.error().message);
  CHECK(*parsed % 1s == 0s);
  return *parsed / 1s;
}

}  // namespace

TEST_CASE("durations in seconds, minutes, hours, days, and several of them") {
  CHECK(seconds("1s") == 1);
  CHECK(seconds("90s") == 90);
  CHECK(seconds("30m") == 1800);
  CHECK(seconds("2h") == 7200);
  CHECK(seconds("30d") == 2592000);
  CHECK(seconds("1h30m") == 5400);
  CHECK(seconds("1d2h3m4s") == 93784);
  CHECK(seconds("1d0h5s") == 86405);
  CHECK(seconds("007m") == 420);
  CHECK(seconds("9223372036s") == 9223372036);
  CHECK(seconds("106751d23h47m16s") == 9223372036);
}

TEST_CASE("what is no duration is refused with a reason") {
  const std::pair<const char*, const char*> cases[] = {
      {"", "it is empty; write it as in 2h or 1h30m"},
      {"0s", "it is zero"},
      {"0d0h0m0s", "it is zero"},
      {"-2h", "negative"},
      {"2", "its unit is missing: s, m, h or d, as in 1h30m"},
      {"1h30", "its unit is missing: s, m, h or d, as in 1h30m"},
      {"h", "a number is missing before 'h'"},
      {"+2h", "a number is missing before '+2h'"},
      {"1h-5m", "a number is missing before '-5m'"},
      {" 2h", "a number is missing before ' 2h'"},
      {"2x", "no unit in 'x': s, m, h or d, as in 1h30m"},
      {"2w", "no unit in 'w': s, m, h or d, as in 1h30m"},
      {"2H", "no unit in 'H': s, m, h or d, as in 1h30m"},
      {"1.5h", "no unit in '.5h': s, m, h or d, as in 1h30m"},
      {"2 h", "no unit in ' h': s, m, h or d, as in 1h30m"},
      {"1h2h", "units go from large to small, each once, as in 1h30m"},
      {"30m1h", "units go from large to small, each once, as in 1h30m"},
      {"9223372037s", "too long; a permanent entry needs no duration"},
      {"106752d", "too long; a permanent entry needs no duration"},
      {"106751d23h47m17s", "too long; a permanent entry needs no duration"},
      {"99999999999999999999999999h", "too long; a permanent entry needs no duration"},
  };
  for (const auto& [text, reason] : cases) {
    const auto parsed = parse_duration(text);
    REQUIRE_FALSE(parsed);
    CHECK(parsed.error().exit == Exit::kUsage);
    CHECK(parsed.error().message == "duration '" + std::string(text) + "': " + reason);
  }
}

TEST_CASE("a duration is shown in its one or two largest units, cut off") {
  CHECK(show_duration(0s) == "0 s");
  CHECK(show_duration(59s) == "59 s");
  CHECK(show_duration(60s) == "1 min");
  CHECK(show_duration(359s) == "5 min");
  CHECK(show_duration(3600s) == "1 h");
  CHECK(show_duration(7199s) == "1 h 59 min");
  CHECK(show_duration(86399s) == "23 h 59 min");
  CHECK(show_duration(86400s) == "1 d");
  CHECK(show_duration(100 * 24h + 1h) == "100 d 1 h");
}

TEST_CASE("a span of [leases] and of #lapse is 1m to 30d") {
  CHECK(parse_span("1m") == 1min);
  CHECK(parse_span("60s") == 1min);
  CHECK(parse_span("30d") == 30 * 24h);
  for (const char* text : {"59s", "30d1s", "106751d", "1s"}) {
    CAPTURE(text);
    const auto parsed = parse_span(text);
    REQUIRE_FALSE(parsed);
    CHECK(parsed.error().message == "duration '" + std::string(text) + "': not within 1m and 30d");
  }
  CHECK(parse_span("0d").error().message == "duration '0d': it is zero");
  CHECK(parse_span("").error().message == "duration '': it is empty; write it as in 2h or 1h30m");
}
