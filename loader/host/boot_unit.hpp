// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Whether systemd brings the filter back after a reboot: by the links that `systemctl enable`
// makes.
#pragma once

#include <optional>
#include <string>

#include "loader/host/places.hpp"

namespace apiguard {

// None: there is no systemd below `root`, or the instance has folders of its own and units that
// nobody here knows. A unit that is masked or gone does not count.
[[nodiscard]] std::optional<bool> guarded_after_boot(const Places& places,
                                                     const std::string& root = "");

inline constexpr const char* kNotGuardedAfterBoot =
    "units: none guards this host after a reboot, so every packet passes until 'apiguard apply': "
    "'systemctl enable apiguard-boot.service apiguard.service'";

}  // namespace apiguard
