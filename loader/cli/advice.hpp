// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// What is meant by an argument that is none, and how it is written: a reader of files says where a
// text is wrong, people on a command line want to know what to type. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "loader/policy/prefix.hpp"

namespace apiguard::cli {

enum class Wanted {
  // allow, except, set
  kRange,
  // revoke, list: a range or a name
  kSelector,
  // check, lease
  kAddress
};

// Of a text that is not what is wanted: "no port belongs here: ...". Empty: the reader's own reason
// says it best.
[[nodiscard]] std::string advice_on_source(std::string_view text, Wanted wanted);

// Of a text that is no duration: "'hours' is no unit: write 2h". Empty as above.
[[nodiscard]] std::string advice_on_duration(std::string_view text);

// Of a text that is no name. Never empty.
[[nodiscard]] std::string advice_on_name(std::string_view text);

// The fewest prefixes that hold the addresses from `first` to `last`, both of one family, `first`
// not behind `last`; in their order.
[[nodiscard]] std::vector<Prefix> cover(Address first, const Address& last);

}  // namespace apiguard::cli
