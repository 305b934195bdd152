// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Values of YAML that stand on one line. Private to this room. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <tl/expected.hpp>

namespace apiguard::propose {

// A value, or why it cannot be read.
template <typename T>
using Read = tl::expected<T, std::string>;

// The text without a comment behind it. A `#` counts behind a space and outside of quotes.
[[nodiscard]] std::string_view without_comment(std::string_view text);

// Plain, 'single' or "double" quoted; no comment behind it.
[[nodiscard]] Read<std::string> read_scalar(std::string_view text);

// [a, 'b', "c"]
[[nodiscard]] Read<std::vector<std::string>> read_flow_list(std::string_view text);

// "key: value" or "key:"; the value is what stands behind, trimmed and without its comment.
struct KeyValue {
  std::string key;
  std::string_view value;
};
[[nodiscard]] Read<KeyValue> read_key(std::string_view text);

}  // namespace apiguard::propose
