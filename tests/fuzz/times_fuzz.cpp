// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Times, dates and durations: text -> value -> text -> value. A line each of the input.
#include <cstring>
#include <string>

#include "loader/base/duration.hpp"
#include "loader/policy/scan.hpp"
#include "loader/policy/text.hpp"
#include "tests/fuzz/fuzz.hpp"

namespace apiguard::fuzz {
namespace {

void reads_time(std::string_view text) {
  const auto time = parse_timestamp(text);
  if (!time) {
    must(time.error().exit == Exit::kUsage, "an error is one of usage");
    return;
  }
  const std::string shown = format_timestamp(*time);
  const auto again = parse_timestamp(shown);
  must(again && *again == *time, "a time reads back", shown);
  must(shown.ends_with('Z'), "a time is shown in UTC", shown);
  // But for a leap second, which is the next minute's first.
  const bool plain = text.ends_with('Z') && text[10] == 'T' && text.substr(17, 2) != "60";
  if (plain && text.size() == shown.size())
    must(text == shown, "a time in UTC is shown as it was written", shown);
}

void reads_duration(std::string_view text) {
  const auto duration = parse_duration(text);
  const auto span = parse_span(text);
  must(!span || (duration && *span == *duration), "a span is a duration", text);
  if (!duration) return;
  must(*duration > 0s, "a duration has a length", text);
  const std::string shown = format_duration(*duration);
  const auto again = parse_duration(shown);
  must(again && *again == *duration, "a duration reads back", shown);
  must(!show_duration(std::chrono::duration_cast<std::chrono::seconds>(*duration)).empty(),
       "it is shown to people", shown);
}

void reads_date(std::string_view text) {
  const auto day = scan_date(text);
  if (!day) return;
  must(format_date(*day) == text, "a date is shown as it was written", text);
}

// Any value is shown, and what is shown is read, as far as the text of a list may say it.
void shows(std::string_view bytes) {
  std::int64_t value = 0;
  if (bytes.size() < sizeof(value)) return;
  std::memcpy(&value, bytes.data(), sizeof(value));
  const Timestamp time = timestamp_of(value);
  const auto again = parse_timestamp(format_timestamp(time));
  if (again) must(*again == time, "a value reads back", format_timestamp(time));
  if (value > 0) static_cast<void>(show_duration(std::chrono::seconds(value)));
}

}  // namespace

void run(std::string_view input) {
  shows(input);
  while (!input.empty()) {
    const std::string_view line = take_line(input);
    reads_time(line);
    reads_duration(line);
    reads_date(line);
  }
}

}  // namespace apiguard::fuzz
