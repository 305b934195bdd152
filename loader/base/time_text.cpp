// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// RFC 3339 section 5.6, text <-> nanoseconds. A time is never read as later than it was written:
// what is finer than a nanosecond is cut off.
#include "loader/base/time_text.hpp"

#include <chrono>

#include <fmt/format.h>

#include "loader/base/number.hpp"
#include "loader/base/utf8.hpp"

namespace apiguard {
namespace {

constexpr std::string_view kShape = "0000-00-00T00:00:00";

template <typename Time>
using Parsed = tl::expected<Time, std::string>;

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

// The first 19 characters, taken as UTC. Second 60 is the next one's 0.
Parsed<std::chrono::sys_seconds> local_seconds(std::string_view text) {
  using namespace std::chrono;
  const year_month_day date{year(number(text, 0, 4)),
                            month(static_cast<unsigned>(number(text, 5, 2))),
                            day(static_cast<unsigned>(number(text, 8, 2)))};
  const hours hour(number(text, 11, 2));
  const minutes minute(number(text, 14, 2));
  const seconds second(number(text, 17, 2));
  if (!date.ok()) return wrong("there is no such day");
  if (hour > 23h || minute > 59min || second > 60s) return wrong("there is no such time of day");
  return sys_days(date) + hour + minute + second;
}

// East of UTC.
Parsed<std::chrono::seconds> zone_offset(std::string_view text) {
  if (text.empty()) return wrong("the zone is missing: end it with Z or an offset such as +02:00");
  if (text == "Z" || text == "z") return 0s;
  const bool shaped = (has_shape(text, "+00:00") || has_shape(text, "-00:00")) && text.size() == 6;
  if (!shaped) return wrong(fmt::format("unexpected {} at its end", quote(text)));
  const std::chrono::hours hours(number(text, 1, 2));
  const std::chrono::minutes minutes(number(text, 4, 2));
  if (hours > 23h || minutes > 59min) return wrong("there is no such offset");
  const std::chrono::seconds offset = hours + minutes;
  return text[0] == '-' ? -offset : offset;
}

struct Fraction {
  // characters, with the point
  std::size_t length = 0;
  std::chrono::nanoseconds value{};
};

Fraction read_fraction(std::string_view text) {
  Fraction fraction;
  if (text.substr(0, 1) != ".") return fraction;
  std::chrono::nanoseconds unit = 100ms;
  std::size_t at = 1;
  for (; at < text.size() && is_digit(text[at]); ++at, unit /= 10) {
    fraction.value += unit * (text[at] - '0');
  }
  if (at > 1) fraction.length = at;
  return fraction;
}

// A leap second is only ever the last second of a day of UTC.
bool misplaced_leap_second(std::string_view text, std::chrono::sys_seconds utc) {
  return number(text, 17, 2) == 60 && utc.time_since_epoch() % 24h != 0s;
}

Parsed<Timestamp> parsed_time(std::string_view text) {
  if (!has_shape(text, kShape)) return wrong("not RFC 3339, as in 2026-12-01T08:00:00Z");
  auto local = local_seconds(text);
  if (!local) return wrong(std::move(local.error()));
  const std::string_view rest = text.substr(kShape.size());
  const Fraction fraction = read_fraction(rest);
  auto offset = zone_offset(rest.substr(fraction.length));
  if (!offset) return wrong(std::move(offset.error()));
  const std::chrono::sys_seconds utc = *local - *offset;
  if (misplaced_leap_second(text, utc)) return wrong("there is no such time of day");
  constexpr auto kLimit = std::chrono::floor<std::chrono::seconds>(Timestamp::duration::max());
  if (utc.time_since_epoch() >= kLimit)
    return wrong("later than the year 2261; leave 'until' out for a permanent entry");
  if (utc.time_since_epoch() < -kLimit) return wrong("earlier than the year 1678");
  return utc + fraction.value;
}

}  // namespace

Result<Timestamp> parse_timestamp(std::string_view text) {
  const auto time = parsed_time(text);
  if (!time) return fail(Exit::kUsage, fmt::format("time {}: {}", quote(text), time.error()));
  return *time;
}

std::string format_timestamp(Timestamp time) {
  using namespace std::chrono;
  // In two parts, because the second that holds the earliest time begins before what nanoseconds
  // can count.
  const sys_seconds cut = time_point_cast<seconds>(time);
  const nanoseconds rest = time - cut;
  const sys_seconds second = rest < 0s ? cut - 1s : cut;
  const auto midnight = floor<days>(second);
  const year_month_day date{midnight};
  const hh_mm_ss clock{second - midnight};
  std::string out = fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}", int{date.year()},
                                unsigned{date.month()}, unsigned{date.day()}, clock.hours().count(),
                                clock.minutes().count(), clock.seconds().count());
  const nanoseconds fraction = rest < 0s ? rest + 1s : rest;
  if (fraction != 0s) {
    out += fmt::format(".{:09}", fraction.count());
    out.erase(out.find_last_not_of('0') + 1);
  }
  return out + 'Z';
}

}  // namespace apiguard
