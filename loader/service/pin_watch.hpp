// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Notices that something happened to the pins: made, removed, renamed, unmounted. By inotify, and
// by a look at the folder itself, which also sees a bpffs that was mounted over it. Instances of
// inotify are few, and pods that run as root share them with us (fs.inotify.max_user_instances):
// without one, looks are all there is.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "loader/base/fd.hpp"
#include "loader/base/result.hpp"

namespace apiguard::service {

class PinWatch {
 public:
  explicit PinWatch(std::string directory);
  // -1: none
  [[nodiscard]] int fd() const { return fd_.get(); }
  // Why there are no notices, since the last arm().
  [[nodiscard]] const std::optional<Error>& unwatched() const { return unwatched_; }

  // Watches what folders there are now: after every change, because folders come and go.
  void arm();
  // Takes what has come; whether any of it is about the pins.
  [[nodiscard]] bool drain();
  // Whether the folder, or the one it lies in, is another than at the last arm(). One or two system
  // calls; without notices, whether there are other pins, too, which takes a look into the folders.
  [[nodiscard]] bool moved() const;

 private:
  // Device and inode of the folder and of the one it lies in; zeros for one that is not there.
  using Identity = std::tuple<std::uint64_t, std::uint64_t, std::uint64_t, std::uint64_t>;

  [[nodiscard]] Identity identity() const;
  [[nodiscard]] std::vector<std::string> folders() const;
  [[nodiscard]] std::string names() const;
  int watch(const std::string& folder);

  Fd fd_;
  std::string directory_;
  // its watch: other tools have pins there too
  int parent_ = -1;
  Identity identity_;
  std::optional<Error> unwatched_;
  // of all pins, where there are no notices
  std::string names_;
};

}  // namespace apiguard::service
