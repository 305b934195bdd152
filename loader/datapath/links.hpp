// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Which of the pins in PINS/links are links of ours. Other tools and people pin there what they
// like: a program, a map, a link of another kind, a folder. Such a stray is left alone, and stops
// nothing.
#pragma once

#include <cstdint>
#include <set>
#include <string>

#include "loader/base/fd.hpp"
#include "loader/base/result.hpp"
#include "loader/datapath/objects.hpp"

namespace apiguard::datapath {

// What is known of our programs, by the filters that are pinned.
struct OurPrograms {
  std::set<std::uint32_t> ids;
  std::set<std::string> tags;

  void add(int filter_fd);
};

enum class Whose {
  // also with a program of somebody else: that is put back, not given up
  kOurs,
  // not ours to touch
  kStray,
  // removed in this moment
  kGone
};
struct PinnedLink {
  Whose whose = Whose::kStray;
  // of one of ours
  Fd fd;
  // the same
  LinkInfo info;
};

// Ours is a link of one of our kinds (attach_point.hpp) that runs a program of ours, or lies under
// the name that link_pin() gives to it. An error only where one of ours could not be told or
// opened.
[[nodiscard]] Result<PinnedLink> open_link_at(const std::string& pin, const OurPrograms& ours);

}  // namespace apiguard::datapath
