// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/base/duration.hpp"

#include <array>
#include <limits>

#include <fmt/format.h>

#include "loader/base/number.hpp"
#include "loader/base/time.hpp"
#include "loader/base/utf8.hpp"

namespace apiguard {
namespace {

constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max() / kSecond;  // seconds

struct Unit {
  char letter;
  std::int64_t seconds;
};
constexpr std::array<Unit, 4> kUnits{{{'d', 86400}, {'h', 3600}, {'m', 60}, {'s', 1}}};

using Parsed = tl::expected<std::int64_t, std::string>;

tl::unexpected<std::string> wrong(std::string reason) {
  return tl::unexpected<std::string>(std::move(reason));
}

const Unit* find_unit(char letter) {
  for (const Unit& unit : kUnits) {
    if (unit.letter == letter) return &unit;
  }
  return nullptr;
}

// Takes the digits off the front. More than can be counted is kMost + 1.
std::int64_t take_number(std::string_view& text) {
  std::int64_t number = 0;
  for (; !text.empty() && is_digit(text.front()); text.remove_prefix(1)) {
    if (number <= kMost) number = number * 10 + (text.front() - '0');
  }
  return number;
}

// One NUMBER UNIT off the front; `unit` is the one before it, if any.
Parsed take_part(std::string_view& text, const Unit*& unit) {
  if (!is_digit(text.front())) {
    return wrong(fmt::format("a number is missing in front of {}", quote(text)));
  }
  const std::int64_t number = take_number(text);
  if (text.empty()) return wrong("its unit is missing: s, m, h or d, as in 1h30m");
  const Unit* next = find_unit(text.front());
  if (next == nullptr) {
    return wrong(fmt::format("no unit in {}: s, m, h or d, as in 1h30m", quote(text)));
  }
  if (unit != nullptr && next->seconds >= unit->seconds) {
    return wrong("units go from large to small, each once, as in 1h30m");
  }
  if (number > kMost / next->seconds) return wrong("too long; a permanent entry has no end");
  unit = next;
  text.remove_prefix(1);
  return number * next->seconds;
}

Parsed seconds_of(std::string_view text) {
  if (text.empty()) return wrong("it is empty; write it as in 2h or 1h30m");
  if (text.front() == '-') return wrong("negative");
  std::int64_t seconds = 0;
  const Unit* unit = nullptr;
  while (!text.empty()) {
    Parsed part = take_part(text, unit);
    if (!part) return part;
    if (*part > kMost - seconds) return wrong("too long; a permanent entry has no end");
    seconds += *part;
  }
  if (seconds == 0) return wrong("it has no length");
  return seconds;
}

}  // namespace

Result<std::int64_t> parse_duration(std::string_view text) {
  const Parsed seconds = seconds_of(text);
  if (seconds) return *seconds * kSecond;
  return fail(Exit::kUsage, fmt::format("duration {}: {}", quote(text), seconds.error()));
}

Result<std::int64_t> parse_span(std::string_view text) {
  constexpr std::int64_t kLongest = 30 * kDay;
  auto duration = parse_duration(text);
  if (!duration || (*duration >= kMinute && *duration <= kLongest)) return duration;
  return fail(Exit::kUsage, fmt::format("duration {}: not within 1m and 30d", quote(text)));
}

std::string format_duration(std::int64_t nanoseconds) {
  std::int64_t left = nanoseconds / kSecond;
  const bool in_hours = left <= 2 * kDay / kSecond;
  std::string out;
  for (const Unit& unit : kUnits) {
    if (unit.seconds > left || (in_hours && unit.seconds == kDay / kSecond)) continue;
    out += fmt::format("{}{}", left / unit.seconds, unit.letter);
    left %= unit.seconds;
  }
  return out.empty() ? "0s" : out;
}

std::string show_duration(std::int64_t seconds) {
  const auto two = [](std::int64_t large, const char* unit, std::int64_t small, const char* rest) {
    return small == 0 ? fmt::format("{} {}", large, unit)
                      : fmt::format("{} {} {} {}", large, unit, small, rest);
  };
  if (seconds >= 86400) return two(seconds / 86400, "d", seconds % 86400 / 3600, "h");
  if (seconds >= 3600) return two(seconds / 3600, "h", seconds % 3600 / 60, "min");
  if (seconds >= 60) return fmt::format("{} min", seconds / 60);
  return fmt::format("{} s", seconds);
}

}  // namespace apiguard
