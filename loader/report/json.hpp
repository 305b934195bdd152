// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// JSON values that several reports share. Private to this room: only its .cpp files see the
// library.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "loader/ledger/usage_log.hpp"
#include "loader/policy/policy.hpp"

namespace apiguard::report {

// members stay in the order of the contract
using Json = nlohmann::ordered_json;

// Null where there is nothing to say.
[[nodiscard]] Json text_or_null(const std::string& text);
[[nodiscard]] Json time_or_null(const std::optional<Timestamp>& time);

template <typename T>
[[nodiscard]] Json value_or_null(const std::optional<T>& value) {
  return value ? Json(*value) : Json(nullptr);
}

// {cidr, kind, name, until, origin}, of a lapsing line {lapsing}, which is true, and {why, review}
// where the entry says them.
[[nodiscard]] Json range_json(const Range& range);
[[nodiscard]] Json ranges_json(const std::vector<Range>& ranges);

// Adds connections, first_seen and last_seen; the moments are null without connections, all three
// without a usage.
void add_usage(Json& json, const std::optional<ledger::Usage>& usage);

// Indented (-1: on one line), no newline at the end. Bytes that are not UTF-8 are replaced; what a
// terminal would obey is escaped, beyond what JSON asks for.
[[nodiscard]] std::string dump(const Json& json, int indent = 2);

// The same as it stands two levels deep in an object.
[[nodiscard]] std::string indented(const Json& json);

}  // namespace apiguard::report
