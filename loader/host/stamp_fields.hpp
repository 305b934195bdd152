// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// When a file of the state directory was written, as members of its JSON. Private to this room.
#pragma once

#include <optional>

#include <nlohmann/json_fwd.hpp>

#include "loader/base/fields.hpp"
#include "loader/host/floor.hpp"

namespace apiguard {

// "clock", which records of older versions do not have; and "time", in RFC 3339.
void take_stamp(Fields& fields, std::optional<Stamp>& to);
void take_time(Fields& fields, Timestamp& to);
[[nodiscard]] nlohmann::json show_stamp(const Stamp& stamp);

}  // namespace apiguard
