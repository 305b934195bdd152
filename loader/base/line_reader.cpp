// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/base/line_reader.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace apiguard {
namespace {

constexpr std::string_view kEnd = "end";

}  // namespace

std::optional<std::string_view> take_line(std::string_view& text) {
  const std::size_t end = text.find('\n');
  if (end == std::string_view::npos) return std::nullopt;
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(end + 1);
  return line;
}

std::string_view take_word(std::string_view& line) {
  const std::string_view word = line.substr(0, line.find(' '));
  line.remove_prefix(std::min(word.size() + 1, line.size()));
  return word;
}

Result<LineReader> LineReader::open(std::string_view text, std::string_view head) {
  LineReader lines(text);
  if (!lines.next() || lines.line_ != head) return lines.wrong("is not the expected first line");
  return lines;
}

bool LineReader::next() {
  if (over_) return false;
  ++number_;
  const auto line = take_line(rest_);
  line_ = line.value_or(std::string_view());
  over_ = !line || *line == kEnd;
  return !over_;
}

Result<> LineReader::check_end() {
  if (next() || line_ != kEnd) return wrong("the end is missing");
  if (!rest_.empty()) return wrong("there is text after the end");
  return {};
}

tl::unexpected<Error> LineReader::wrong(std::string_view reason) const {
  return fail(Exit::kFailed, fmt::format("line {}: {}", number_, reason));
}

}  // namespace apiguard
