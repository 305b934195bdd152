// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// One generation as it lies in the state directory, part by part. Private to this room: StateDir
// reads whole generations, salvage() what is left of a damaged one.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "loader/base/result.hpp"
#include "loader/host/record.hpp"
#include "loader/policy/text.hpp"

namespace apiguard {

[[nodiscard]] std::string generations_of(const std::string& state);
// "generation '17'"
[[nodiscard]] std::string name_of(std::uint64_t generation);
[[nodiscard]] tl::unexpected<Error> fail_damaged(std::uint64_t generation, std::string_view what);

// A missing list is not kept, an empty one is.
[[nodiscard]] bool is_kept(const SourceFile& ranges);
// TextDigests::whole
[[nodiscard]] std::string whole_digest(const Sources& sources);
[[nodiscard]] TextDigests digests_of(const Sources& sources);

[[nodiscard]] Result<Record> read_record(const std::string& state, std::uint64_t generation);
[[nodiscard]] Result<TextRecord> read_text_record(const std::string& state,
                                                  std::uint64_t generation);
// That text.json is there and of the same text. A record of an older version has none.
[[nodiscard]] Result<> check_text_record(const std::string& state, const Record& record);
// As it is: not compared with any digest.
[[nodiscard]] Result<Sources> read_stored_text(const std::string& state, std::uint64_t generation);

}  // namespace apiguard
