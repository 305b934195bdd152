// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// One argument as typed -> one value. Every error is Exit::kUsage and reads
// "argument 'TEXT': reason". Pure.
#pragma once

#include <cstdint>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "loader/base/duration.hpp"
#include "loader/base/result.hpp"
#include "loader/policy/edit.hpp"
#include "loader/policy/policy.hpp"

namespace apiguard::cli {

[[nodiscard]] Result<ParsedPrefix> parse_cidr_argument(const std::string& text);
[[nodiscard]] Result<std::vector<ParsedPrefix>> parse_cidr_arguments(
    const std::vector<std::string>& texts);

// "A, B,C" -> "A" "B" "C": spaces around elements are nothing, an empty element is an error.
[[nodiscard]] Result<std::vector<std::string>> split_list(const std::string& text);

[[nodiscard]] Result<std::string> parse_name_argument(const std::string& text);
// A CIDR or a name. What looks like an address is told why it is none.
[[nodiscard]] Result<Selector> parse_selector_argument(const std::string& text);
[[nodiscard]] Result<Mode> parse_mode_argument(const std::string& text);
[[nodiscard]] Result<std::uint64_t> parse_generation_argument(const std::string& text);
// As parse_duration() has it, in words that say what is meant.

[[nodiscard]] Result<std::chrono::nanoseconds> parse_duration_argument(const std::string& text);
[[nodiscard]] Result<Address> parse_address_argument(const std::string& text);
// ADDRESS:PORT or [V6ADDRESS]:PORT; the address is always there.
[[nodiscard]] Result<Endpoint> parse_destination_argument(const std::string& text);
// What --accept-risk takes, besides "all".
[[nodiscard]] std::span<const char* const> risk_names();
// Each text is a list of risk names; "all" stands for all of them.
[[nodiscard]] Result<std::set<std::string>> parse_risk_arguments(
    const std::vector<std::string>& texts);

}  // namespace apiguard::cli
