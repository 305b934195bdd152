// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// What an interface itself says of its XDP hook, asked of the kernel at this moment.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "loader/base/result.hpp"

namespace apiguard::datapath {

enum class HookMode { kNone, kNative, kGeneric, kOffload, kSeveral };

struct Hook {
  // 0: no program, or several at once
  std::uint32_t prog_id = 0;
  HookMode mode = HookMode::kNone;
};

// None: there is no such interface in this network namespace. Exit::kFailed: the kernel did not
// say.
[[nodiscard]] Result<std::optional<Hook>> read_hook(int ifindex);

// What sits on a hook that is not ours to take, in words: program, name and mode.
[[nodiscard]] std::string describe_occupant(const Hook& hook);

// The commands that take it off. Where no privilege lets us look for its link, how to find out.
[[nodiscard]] std::string advice_to_free(const std::string& interface, int ifindex,
                                         const Hook& hook);

}  // namespace apiguard::datapath
