// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The deadline of a generation that was published unconfirmed, as its program sees it. Confirming
// is one store.
#pragma once

#include <optional>

#include "loader/base/result.hpp"
#include "loader/base/time.hpp"
#include "loader/datapath/pins.hpp"

namespace apiguard::datapath {

// None: confirmed. Of a pinned generation whose settings say `unconfirmed`.
[[nodiscard]] Result<std::optional<BootTime>> read_deadline(const Pins& pins,
                                                            const Edition& edition);
[[nodiscard]] Result<> write_deadline(const Pins& pins, const Edition& edition,
                                      std::optional<BootTime> deadline);

// Whether the generation before it did not guard what is there.
[[nodiscard]] Result<bool> has_joined(const Pins& pins, const Edition& edition,
                                      const AttachPoint& point);

}  // namespace apiguard::datapath
