// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Notices that something happened to the pins: made, removed, renamed, unmounted. By inotify, and
// by a look at the folder itself, which also sees a bpffs that was mounted over it.
#pragma once

#include <cstdint>
#include <string>
#include <tuple>

#include "loader/fd.hpp"
#include "loader/result.hpp"

namespace apiguard::service {

class PinWatch {
 public:
  [[nodiscard]] static Result<PinWatch> open(std::string directory);
  [[nodiscard]] int fd() const { return fd_.get(); }

  // Watches what folders there are now: after every change, because folders come and go.
  void arm();
  // Takes what has come; whether any of it is about the pins.
  [[nodiscard]] bool drain();
  // Whether the folder, or the one it lies in, is another than at the last arm(). One or two system
  // calls.
  [[nodiscard]] bool moved() const;

 private:
  // Device and inode of the folder and of the one it lies in; zeros for one that is not there.
  using Identity = std::tuple<std::uint64_t, std::uint64_t, std::uint64_t, std::uint64_t>;

  PinWatch(Fd fd, std::string directory);
  [[nodiscard]] Identity identity() const;
  int watch(const std::string& folder) const;

  Fd fd_;
  std::string directory_;
  int parent_ = -1;  // its watch: other tools have pins there too
  Identity identity_;
};

}  // namespace apiguard::service
