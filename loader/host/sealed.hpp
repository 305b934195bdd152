// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// A JSON text with the digest of all its bytes in it, so that one changed digit anywhere shows.
// `record_digest` is the SHA-256 of the text without the line that holds it.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace apiguard {

inline constexpr const char* kSealMember = "record_digest";

// Indented, with a newline at the end. Bytes that are no UTF-8 are replaced.
[[nodiscard]] std::string show_sealed(nlohmann::json json);

// Whether `text`, which parse_object() reads as `json`, is byte for byte what show_sealed() wrote.
[[nodiscard]] bool is_sealed(const nlohmann::json& json, const std::string& text);

}  // namespace apiguard
