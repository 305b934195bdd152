// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// RFC 3339 section 5.6, text <-> nanoseconds. A time is never read as later than it was written:
// what is finer than a nanosecond is cut off.
#include "loader/base/timestamp.hpp"

#include <chrono>
#include <limits>

#include <fmt/format.h>

#include "loader/base/number.hpp"
#include "loader/base/utf8.hpp"

namespace apiguard {
namespace {

constexpr std::string_view kShape = "0000-00-00T00:00:00";

using ParsedTime = tl::expected<std::int64_t, std::string>;

tl::unexpected<std::string> wrong(std::string reason) {
  return tl::unexpected<std::string>(std::move(reason));
}

bool has_shape(std::string_view text, std::string_view shape) {
  if (text.size() < shape.size()) return false;
  for (std::size_t i = 0; i < shape.size(); ++i) {
    const bool letter = shape[i] == 'T' && text[i] == 't';
    if (shape[i] == '0' ? !is_digit(text[i]) : text[i] != shape[i] && !letter) return false;
  }
  return true;
}

// The shape was checked: digits only.
int number(std::string_view text, std::size_t at, std::size_t count) {
  int value = 0;
  for (const char c : text.substr(at, count)) value = value * 10 + (c - '0');
  return value;
}

// Seconds since the epoch of the first 19 characters, taken as UTC. Second 60 is the next one's 0.
ParsedTime local_seconds(std::string_view text) {
  using namespace std::chrono;
  const year_month_day date{year(number(text, 0, 4)),
                            month(static_cast<unsigned>(number(text, 5, 2))),
                            day(static_cast<unsigned>(number(text, 8, 2)))};
  const std::int64_t hours = number(text, 11, 2);
  const std::int64_t minutes = number(text, 14, 2);
  const std::int64_t seconds = number(text, 17, 2);
  if (!date.ok()) return wrong("there is no such day");
  if (hours > 23 || minutes > 59 || seconds > 60) return wrong("there is no such time of day");
  const std::int64_t days = sys_days(date).time_since_epoch().count();
  return days * 86400 + hours * 3600 + minutes * 60 + seconds;
}

// Seconds east of UTC.
ParsedTime zone_offset(std::string_view text) {
  if (text.empty()) return wrong("the zone is missing: end it with Z or an offset such as +02:00");
  if (text == "Z" || text == "z") return 0;
  const bool shaped = (has_shape(text, "+00:00") || has_shape(text, "-00:00")) && text.size() == 6;
  if (!shaped) return wrong(fmt::format("unexpected {} at its end", quote(text)));
  const int hours = number(text, 1, 2);
  const int minutes = number(text, 4, 2);
  if (hours > 23 || minutes > 59) return wrong("there is no such offset");
  const int seconds = hours * 3600 + minutes * 60;
  return text[0] == '-' ? -seconds : seconds;
}

struct Fraction {
  std::size_t length = 0;  // characters, with the point
  std::int64_t nanoseconds = 0;
};

Fraction read_fraction(std::string_view text) {
  Fraction fraction;
  if (text.substr(0, 1) != ".") return fraction;
  std::int64_t unit = kSecond / 10;
  std::size_t at = 1;
  for (; at < text.size() && is_digit(text[at]); ++at, unit /= 10) {
    fraction.nanoseconds += unit * (text[at] - '0');
  }
  if (at > 1) fraction.length = at;
  return fraction;
}

// A leap second is only ever the last second of a day of UTC.
bool misplaced_leap_second(std::string_view text, std::int64_t utc) {
  return number(text, 17, 2) == 60 && utc % 86400 != 0;
}

ParsedTime nanoseconds(std::string_view text) {
  if (!has_shape(text, kShape)) return wrong("not RFC 3339, as in 2026-12-01T08:00:00Z");
  auto local = local_seconds(text);
  if (!local) return local;
  const std::string_view rest = text.substr(kShape.size());
  const Fraction fraction = read_fraction(rest);
  auto offset = zone_offset(rest.substr(fraction.length));
  if (!offset) return offset;
  const std::int64_t utc = *local - *offset;
  if (misplaced_leap_second(text, utc)) return wrong("there is no such time of day");
  constexpr std::int64_t kLimit = std::numeric_limits<std::int64_t>::max() / kSecond;
  if (utc >= kLimit)
    return wrong("later than the year 2261; leave 'until' out for a permanent entry");
  if (utc < -kLimit) return wrong("earlier than the year 1678");
  return utc * kSecond + fraction.nanoseconds;
}

}  // namespace

Result<Timestamp> parse_timestamp(std::string_view text) {
  const auto time = nanoseconds(text);
  if (!time) return fail(Exit::kUsage, fmt::format("time {}: {}", quote(text), time.error()));
  return *time;
}

std::string format_timestamp(Timestamp time) {
  using namespace std::chrono;
  // By hand, because the day that holds the earliest time begins before what nanoseconds can count.
  const std::int64_t fraction = (time % kSecond + kSecond) % kSecond;
  const sys_seconds second{seconds(time / kSecond - (time % kSecond < 0 ? 1 : 0))};
  const auto midnight = floor<days>(second);
  const year_month_day date{midnight};
  const hh_mm_ss clock{second - midnight};
  std::string out = fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}", int{date.year()},
                                unsigned{date.month()}, unsigned{date.day()}, clock.hours().count(),
                                clock.minutes().count(), clock.seconds().count());
  if (fraction != 0) {
    out += fmt::format(".{:09}", fraction);
    out.erase(out.find_last_not_of('0') + 1);
  }
  return out + 'Z';
}

}  // namespace apiguard
