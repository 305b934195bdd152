// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/base/duration.hpp"

#include <array>
#include <chrono>

#include <fmt/format.h>

#include "loader/base/number.hpp"
#include "loader/base/time.hpp"
#include "loader/base/utf8.hpp"

namespace apiguard {
namespace {

using std::chrono::nanoseconds;
using std::chrono::seconds;

constexpr seconds kMost = std::chrono::floor<seconds>(nanoseconds::max());

struct Unit {
  char letter;
  seconds length;
};
constexpr std::array<Unit, 4> kUnits{{{'d', 24h}, {'h', 1h}, {'m', 1min}, {'s', 1s}}};

using Parsed = tl::expected<seconds, std::string>;

tl::unexpected<std::string> wrong(std::string reason) {
  return tl::unexpected<std::string>(std::move(reason));
}

const Unit* find_unit(char letter) {
  for (const Unit& unit : kUnits) {
    if (unit.letter == letter) return &unit;
  }
  return nullptr;
}

// Takes the digits off the front. More than can be counted is more than kMost.
std::int64_t take_number(std::string_view& text) {
  std::int64_t number = 0;
  for (; !text.empty() && is_digit(text.front()); text.remove_prefix(1)) {
    if (number <= kMost.count()) number = number * 10 + (text.front() - '0');
  }
  return number;
}

// One NUMBER UNIT off the front; `unit` is the one before it, if any.
Parsed take_part(std::string_view& text, const Unit*& unit) {
  if (!is_digit(text.front())) {
    return wrong(fmt::format("a number is missing before {}", quote(text)));
  }
  const std::int64_t number = take_number(text);
  if (text.empty()) return wrong("its unit is missing: s, m, h or d, as in 1h30m");
  const Unit* next = find_unit(text.front());
  if (next == nullptr) {
    return wrong(fmt::format("no unit in {}: s, m, h or d, as in 1h30m", quote(text)));
  }
  if (unit != nullptr && next->length >= unit->length) {
    return wrong("units go from large to small, each once, as in 1h30m");
  }
  if (number > kMost / next->length) return wrong("too long; a permanent entry needs no duration");
  unit = next;
  text.remove_prefix(1);
  return number * next->length;
}

Parsed seconds_of(std::string_view text) {
  if (text.empty()) return wrong("it is empty; write it as in 2h or 1h30m");
  if (text.front() == '-') return wrong("negative");
  seconds sum{};
  const Unit* unit = nullptr;
  while (!text.empty()) {
    Parsed part = take_part(text, unit);
    if (!part) return part;
    if (*part > kMost - sum) return wrong("too long; a permanent entry needs no duration");
    sum += *part;
  }
  if (sum == 0s) return wrong("it is zero");
  return sum;
}

}  // namespace

Result<nanoseconds> parse_duration(std::string_view text) {
  const Parsed length = seconds_of(text);
  if (length) return *length;
  return fail(Exit::kUsage, fmt::format("duration {}: {}", quote(text), length.error()));
}

Result<nanoseconds> parse_span(std::string_view text) {
  constexpr nanoseconds kLongest = 30 * 24h;
  auto duration = parse_duration(text);
  if (!duration || (*duration >= 1min && *duration <= kLongest)) return duration;
  return fail(Exit::kUsage, fmt::format("duration {}: not within 1m and 30d", quote(text)));
}

std::string format_duration(nanoseconds duration) {
  auto left = std::chrono::duration_cast<seconds>(duration);
  const bool in_hours = left <= 48h;
  std::string out;
  for (const Unit& unit : kUnits) {
    if (unit.length > left || (in_hours && unit.length == 24h)) continue;
    out += fmt::format("{}{}", left / unit.length, unit.letter);
    left %= unit.length;
  }
  return out.empty() ? "0s" : out;
}

std::string show_duration(seconds duration) {
  const auto two = [](std::int64_t large, const char* unit, std::int64_t small, const char* rest) {
    return small == 0 ? fmt::format("{} {}", large, unit)
                      : fmt::format("{} {} {} {}", large, unit, small, rest);
  };
  if (duration >= 24h) return two(duration / 24h, "d", duration % 24h / 1h, "h");
  if (duration >= 1h) return two(duration / 1h, "h", duration % 1h / 1min, "min");
  if (duration >= 1min) return fmt::format("{} min", duration / 1min);
  return fmt::format("{} s", duration.count());
}

}  // namespace apiguard
