// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// "did you mean": the word of a short list that a misspelt one is nearest to.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace apiguard {

// ": did you mean 'mode'?", or "" if nothing is near: two edits at most, fewer than half the word.
[[nodiscard]] std::string suggest(std::string_view word, std::span<const std::string_view> known);

}  // namespace apiguard
