// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/policy/spelling.hpp"

#include <algorithm>
#include <vector>

namespace apiguard {
namespace {

// Edits between two words: a letter more, a letter less, another letter, two letters swapped
// (Damerau's distance, in its restricted form).
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::vector<std::size_t>> table(a.size() + 1, std::vector<std::size_t>(b.size() + 1));
  for (std::size_t i = 0; i <= a.size(); ++i) {
    for (std::size_t j = 0; j <= b.size(); ++j) {
      if (i == 0 || j == 0) {
        table[i][j] = i + j;
        continue;
      }
      const bool same = a[i - 1] == b[j - 1];
      table[i][j] = std::min(
          {table[i - 1][j] + 1, table[i][j - 1] + 1, table[i - 1][j - 1] + (same ? 0 : 1)});
      const bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
      if (swapped) table[i][j] = std::min(table[i][j], table[i - 2][j - 2] + 1);
    }
  }
  return table[a.size()][b.size()];
}

}  // namespace

std::string_view nearest(std::string_view word, std::span<const std::string_view> known) {
  constexpr std::size_t kMaxWord = 32;
  if (word.empty() || word.size() > kMaxWord) return {};
  std::string_view best;
  std::size_t least = 3;
  for (const std::string_view candidate : known) {
    const std::size_t edits = distance(word, candidate);
    if (edits >= least || 2 * edits >= candidate.size()) continue;
    least = edits;
    best = candidate;
  }
  return best;
}

std::string suggest(std::string_view word, std::span<const std::string_view> known) {
  const std::string_view best = nearest(word, known);
  return best.empty() ? "" : ": did you mean '" + std::string(best) + "'?";
}

}  // namespace apiguard
