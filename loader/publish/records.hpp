// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// What the records of the state directory say: which generations were ever in force, and which one
// a boot has to publish.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "loader/ledger/host.hpp"
#include "loader/publish/world.hpp"

namespace apiguard::publish {

[[nodiscard]] const StoredRecord* find_record(const World& world, std::uint64_t generation);

// Whether links ran it at some time. One whose record is lost may have been.
[[nodiscard]] bool was_in_force(const World& world, const StoredRecord& kept);
// The same, and it was meant to stay: nobody had to confirm it, or somebody did.
[[nodiscard]] bool counts(const World& world, const StoredRecord& kept);

// A mark that is not there counts as damaged where something was in force. One that names what is
// not stored does, too, if the files are of the mode of the newest stored generation; else the
// generation itself is taken for lost: it may have been one that enforces.
[[nodiscard]] std::optional<std::string> missing_mark(const Host& host, const World& world);
[[nodiscard]] std::optional<std::string> astray_mark(const Host& host, const World& world);

// The generation that a boot has to publish: the marked one, unless a newer one was in force when
// its publish was killed before the mark; without a mark the newest that counts. Whether it can be
// read is another question.
[[nodiscard]] std::optional<std::uint64_t> to_publish(const Host& host, const World& world);

}  // namespace apiguard::publish
