// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Files of ours that are lines: a head with the name and version of the format, lines, "end". Each
// line ends with a newline, so that a file that was cut shows.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

#include "loader/base/number.hpp"
#include "loader/base/result.hpp"
#include "loader/base/time.hpp"

namespace apiguard {

// Takes a line off the front, without its newline; none: what is left has none, and was cut.
[[nodiscard]] std::optional<std::string_view> take_line(std::string_view& text);

// Takes a word off the front of a line, and the one blank behind it.
[[nodiscard]] std::string_view take_word(std::string_view& line);

// The same for a word that is a whole number. False: it is not, and `to` stays as it is.
template <typename Number>
[[nodiscard]] bool take_number(std::string_view& line, Number& to) {
  const std::optional<Number> number = parse_whole<Number>(take_word(line));
  if (number) to = *number;
  return number.has_value();
}

// Nanoseconds, as time.hpp counts them.
[[nodiscard]] inline bool take_number(std::string_view& line, Timestamp& to) {
  std::int64_t nanoseconds = 0;
  if (!take_number(line, nanoseconds)) return false;
  to = timestamp_of(nanoseconds);
  return true;
}

// Errors are Exit::kFailed and read "line 7: reason".
class LineReader {
 public:
  // The text must outlive this. Fails where its first line is another one.
  [[nodiscard]] static Result<LineReader> open(std::string_view text, std::string_view head);

  // Goes on to the next line; false: that is "end", or there is none.
  [[nodiscard]] bool next();
  [[nodiscard]] std::string_view line() const { return line_; }
  // Fails where the next line is not "end", or something stands behind it.
  [[nodiscard]] Result<> check_end();

  [[nodiscard]] tl::unexpected<Error> wrong(std::string_view reason) const;

 private:
  explicit LineReader(std::string_view text) : rest_(text) {}

  std::string_view rest_;
  std::string_view line_;
  // of the line, or of the one that is missing
  std::size_t number_ = 0;
  // no line follows
  bool over_ = false;
};

}  // namespace apiguard
