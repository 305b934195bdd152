// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// What monitoring is told of the ranges in force. Counting a million of them takes a second and
// their text, so the supervisor has it done by another process, no more often than it is worth, and
// finds the result in RUN/counted.json.
#pragma once

#include <cstdint>
#include <string>

#include "loader/base/time.hpp"
#include "loader/ledger/host.hpp"
#include "loader/publish/world.hpp"
#include "loader/report/counted.hpp"

namespace apiguard::status {

// Of a world whose text was read. Asks the kernel which ranges were used, and who is connected.
[[nodiscard]] report::Counted count_for_metrics(const Host& host, const publish::World& world);

[[nodiscard]] Result<> write_counted(const std::string& run_dir, const report::Counted& counted);
// That of nothing if there is none or it is damaged.
[[nodiscard]] report::Counted read_counted(const std::string& run_dir);

// Whether it says of `generation` what counting now would, but for ranges that were used since:
// those are worth counting once a minute, and one of 10,000 parts of a CPU: reading the text anew
// for it takes as much again. Pure.
[[nodiscard]] bool is_good(const report::Counted& counted, std::uint64_t generation,
                           const std::string& boot_id, const Now& now);

}  // namespace apiguard::status
