// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// meta.json of the state directory: the meta of a generation and the digest of its files.
#pragma once

#include <string>

#include "loader/host/state.hpp"
#include "loader/result.hpp"

namespace apiguard {

struct Record {
  GenerationMeta meta;
  std::string digest;  // SHA-256 over names and texts of the files
};

[[nodiscard]] std::string show_record(const Record& record);
// Every member must be there and of its type; members that are not known are no error.
[[nodiscard]] Result<Record> parse_record(const std::string& text);  // "meta.json: ..."

}  // namespace apiguard
