// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/report/lines.hpp"

#include <algorithm>
#include <cstddef>
#include <vector>

#include "loader/base/masked.hpp"
#include "loader/report/terminal.hpp"

namespace apiguard::report {
namespace {

using Lines = std::vector<std::string_view>;

constexpr std::size_t kMostPairs = std::size_t{1} << 24;  // beyond that nothing is kept

Lines split(std::string_view text) {
  Lines lines;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    lines.push_back(text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return lines;
}

// How many lines can be kept of two texts from each pair of places on.
class Kept {
 public:
  Kept(const Lines& before, const Lines& after)
      : width_(after.size() + 1), counts_((before.size() + 1) * width_) {
    for (std::size_t i = before.size(); i-- > 0;) {
      for (std::size_t j = after.size(); j-- > 0;) {
        counts_[i * width_ + j] =
            before[i] == after[j] ? at(i + 1, j + 1) + 1 : std::max(at(i + 1, j), at(i, j + 1));
      }
    }
  }
  [[nodiscard]] unsigned at(std::size_t i, std::size_t j) const { return counts_[i * width_ + j]; }

 private:
  std::size_t width_;
  std::vector<unsigned> counts_;
};

std::string shown(std::string_view sign, std::string_view line) {
  return std::string(sign) + masked(line);
}

std::string removed(std::string_view line, bool colour) {
  return paint(shown("- ", line), Colour::kRed, colour) + "\n";
}

std::string added(std::string_view line, bool colour) {
  return paint(shown("+ ", line), Colour::kGreen, colour) + "\n";
}

std::string compare(const Lines& before, const Lines& after, bool colour) {
  const Kept kept(before, after);
  std::string text;
  std::size_t i = 0, j = 0;
  while (i < before.size() || j < after.size()) {
    if (i < before.size() && j < after.size() && before[i] == after[j]) {
      text += shown("  ", before[i++]) + "\n";
      ++j;
    } else if (j == after.size() || (i < before.size() && kept.at(i + 1, j) >= kept.at(i, j + 1))) {
      text += removed(before[i++], colour);
    } else {
      text += added(after[j++], colour);
    }
  }
  return text;
}

}  // namespace

std::string compare_lines(std::string_view before, std::string_view after, bool colour) {
  const Lines old_lines = split(before), new_lines = split(after);
  if ((old_lines.size() + 1) * (new_lines.size() + 1) <= kMostPairs) {
    return compare(old_lines, new_lines, colour);
  }
  std::string text;
  for (const std::string_view line : old_lines) text += removed(line, colour);
  for (const std::string_view line : new_lines) text += added(line, colour);
  return text;
}

}  // namespace apiguard::report
