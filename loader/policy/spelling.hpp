// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// "did you mean": the word of a short list that a misspelt one is nearest to.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace apiguard {

// The word that is nearest: two edits away at most, fewer than half the word; "" if none is. It is
// one of `known`.
[[nodiscard]] std::string_view nearest(std::string_view word,
                                       std::span<const std::string_view> known);

// ": did you mean 'mode'?", or "" if nothing is near.
[[nodiscard]] std::string suggest(std::string_view word, std::span<const std::string_view> known);

}  // namespace apiguard
