// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Words where people put them -> where they are read. Pure.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace apiguard::cli {

using Words = std::vector<std::string>;

// Whether an option in front of the verb takes the next word as its value.
using TakesValue = std::function<bool(std::string_view option)>;

// Where the verb stands: the first word that is neither an option nor the value of one. The size of
// `words` where none is, or "--" comes first.
[[nodiscard]] std::size_t find_verb(const Words& words, const TakesValue& takes_value);

// How an answer is wanted (--json, --wide, -o FORMAT) may be said in front of the verb, too: such
// words go behind it, -o as --output. Where there is no verb they go.
[[nodiscard]] Words with_answers_behind(Words words, const TakesValue& takes_value);

// "help VERB" -> "VERB --help", "help" -> "--help". Other words are left alone.
[[nodiscard]] Words with_help_as_option(Words words, std::size_t verb);

// Whether --json, or -o json, is among the words up to "--".
[[nodiscard]] bool asks_for_json(const Words& words);

}  // namespace apiguard::cli
