// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// A ring buffer in which the program writes what happens, for as long as somebody reads it.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "apiguard/ledger.h"
#include "loader/base/result.hpp"
#include "loader/base/time.hpp"
#include "loader/datapath/pins.hpp"

namespace apiguard::datapath {

// Name of the interface by which it came; empty: that is gone, or in another namespace.
[[nodiscard]] std::string interface_of(const apiguard_event& event);

class Watch {
 public:
  // `number` (below APIGUARD_MAX_WATCHERS) is this reader's alone. Exit::kFailed with ENOENT: the
  // program in force writes no events.
  [[nodiscard]] static Result<Watch> open(const Pins& pins, unsigned number);

  // The same by descriptors of the maps.
  [[nodiscard]] static Result<Watch> open(Fd rings, const Fd& watches, unsigned number);

  Watch(Watch&&) noexcept;
  Watch& operator=(Watch&&) noexcept;
  // nothing is written to it any more
  ~Watch();

  // The program writes until this moment. To be moved on while
  // there is a reader: who is killed costs packets nothing for long.
  void keep_until(BootTime until);

  // Hands over what was written since the last time, and no more than some thousand events: in a
  // flood more may come than a reader can take, who has other things to do as well. Does not wait.
  [[nodiscard]] Result<> read(const std::function<void(const apiguard_event&)>& take);

  // Admitted connections so far of which no event was written.
  [[nodiscard]] std::uint64_t lost_connections() const;

 private:
  struct State;
  explicit Watch(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace apiguard::datapath
