// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Pins on their way in or out: in a folder of the verb, PINS/verb-TOKEN, which a verb that
// overtakes it removes. A pin takes its name, and loses it, by one rename from or to there, so that
// a verb that goes on after it was overtaken can do neither (loader/base/fence.hpp).
#pragma once

#include <string>

#include "loader/base/result.hpp"

namespace apiguard::datapath {

class Aside {
 public:
  // What lies in it goes with it: a link that has no other pin and is not held is detached.
  [[nodiscard]] static Result<Aside> make(const std::string& pin_dir);

  // Where `name` lies. Links are called "link", and nothing else is.
  [[nodiscard]] std::string path(const std::string& name) const { return folder_ + "/" + name; }
  // `name` to `pin`, over a pin that is there, or an empty folder.
  [[nodiscard]] Result<> put(const std::string& name, const std::string& pin) const;
  // `pin` to `name`; false: there is none.
  [[nodiscard]] Result<bool> take(const std::string& pin, const std::string& name) const;

  Aside(Aside&& other) noexcept : folder_(std::move(other.folder_)) { other.folder_.clear(); }
  Aside& operator=(Aside&&) = delete;
  ~Aside();

 private:
  explicit Aside(std::string folder) : folder_(std::move(folder)) {}
  std::string folder_;
};

// Removes what verbs that died, or were overtaken, have left aside; links among it are detached,
// whoever holds them. With the lock held, and nothing of its own aside.
void remove_asides(const std::string& pin_dir);

}  // namespace apiguard::datapath
