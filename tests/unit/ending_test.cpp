// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/base/time.hpp"
#include "loader/publish/end_option.hpp"

#include "loader/policy/text.hpp"
#include "tests/support/catch.hpp"

using namespace apiguard;
using namespace apiguard::publish;

namespace {

Timestamp at(const char* text) { return *parse_timestamp(text); }

EndOptions lasting(std::chrono::nanoseconds lasts) {
  EndOptions options;
  options.lasts = lasts;
  return options;
}

EndOptions until(const char* text) {
  EndOptions options;
  options.until = at(text);
  return options;
}

std::string end_text(const EndOptions& options, const char* asked, const char* now) {
  const auto end = end_of(options, at(asked), at(now));
  if (!end) {
    CHECK(end.error().exit == Exit::kUsage);
    return end.error().message;
  }
  return *end ? format_timestamp(**end) : "permanent";
}

std::string end_text(const EndOptions& options, const char* now) {
  return end_text(options, now, now);
}

}  // namespace

TEST_CASE("without --for and --until there is no end") {
  CHECK(end_text({}, "2026-12-01T08:00:00Z") == "permanent");
}

TEST_CASE("ends lie on whole seconds and not earlier than asked for") {
  CHECK(end_text(lasting(7200s), "2026-12-01T08:00:00Z") == "2026-12-01T10:00:00Z");
  CHECK(end_text(lasting(1s), "2026-12-01T08:00:00.000000001Z") == "2026-12-01T08:00:02Z");
  CHECK(end_text(lasting(1s), "2026-12-01T08:00:00.999999999Z") == "2026-12-01T08:00:02Z");
  CHECK(end_text(until("2026-12-01T08:00:00Z"), "2026-12-01T07:59:59.9Z") ==
        "2026-12-01T08:00:00Z");
  CHECK(end_text(until("2026-12-01T09:30:00.25+01:30"), "2026-12-01T08:00:00Z") ==
        "2026-12-01T08:00:01Z");
}

TEST_CASE("an end that has passed is refused") {
  CHECK(end_text(until("2026-12-01T08:00:00Z"), "2026-12-01T08:00:00.7Z") ==
        "option '--until': 2026-12-01T08:00:00Z has passed: it is 2026-12-01T08:00:00Z");
  CHECK(end_text(until("1969-12-31T23:59:58.5Z"), "2026-12-01T08:00:00Z") ==
        "option '--until': 1969-12-31T23:59:59Z has passed: it is 2026-12-01T08:00:00Z");
}

TEST_CASE("an end at this very moment has passed, and one a second later has not") {
  CHECK(end_text(until("2026-12-01T08:00:00Z"), "2026-12-01T08:00:00Z") ==
        "option '--until': 2026-12-01T08:00:00Z has passed: it is 2026-12-01T08:00:00Z");
  CHECK(end_text(lasting(60s), "2026-12-01T08:00:00Z", "2026-12-01T08:01:00Z") ==
        "option '--for': 2026-12-01T08:01:00Z has passed: it is 2026-12-01T08:01:00Z");
  CHECK(end_text(until("2026-12-01T08:00:01Z"), "2026-12-01T08:00:00Z") == "2026-12-01T08:00:01Z");
  // The last nanosecond before an end is before it.
  CHECK(end_text(until("2026-12-01T08:00:00Z"), "2026-12-01T07:59:59.999999999Z") ==
        "2026-12-01T08:00:00Z");
}

TEST_CASE("--for counts from when it was asked for, however long a question waits") {
  const EndOptions minute = lasting(60s);
  CHECK(end_text(minute, "2026-12-01T08:00:00Z", "2026-12-01T08:00:59Z") == "2026-12-01T08:01:00Z");
  CHECK(end_text(minute, "2026-12-01T08:00:00Z", "2026-12-01T08:05:00Z") ==
        "option '--for': 2026-12-01T08:01:00Z has passed: it is 2026-12-01T08:05:00Z");
}

TEST_CASE("the last end is one that a list file can hold") {
  CHECK(parse_timestamp(format_timestamp(kLatestEnd)) == kLatestEnd);
  CHECK_FALSE(parse_timestamp(format_timestamp(kLatestEnd + 1s)));
  EndOptions last;
  last.until = kLatestEnd;
  CHECK(*end_of(last, {}, {}) == kLatestEnd);
  CHECK(*end_of(lasting(kLatestEnd - Timestamp(1s)), Timestamp(1s), Timestamp(1s)) == kLatestEnd);

  const std::string reason = "later than the year 2261; leave it out for a permanent entry";
  last.until = kLatestEnd + 1ns;
  CHECK(end_of(last, {}, {}).error().message == "option '--until': " + reason);
  CHECK(end_of(lasting(kLatestEnd.time_since_epoch()), Timestamp(1ns), Timestamp(1ns))
            .error()
            .message == "option '--for': " + reason);
}
