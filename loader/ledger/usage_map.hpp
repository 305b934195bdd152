// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The map that says which range admitted how many connections. It outlives generations like the
// counters, but has a size: a longer list needs a larger one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "loader/compile/range_hits.hpp"
#include "loader/datapath/pins.hpp"

namespace apiguard::ledger {

// What a map holds at this time; connections that come in meanwhile are in it or not.
[[nodiscard]] Result<Hits> read_hits(int map_fd);
// Of all maps that are pinned: more than one where a generation with a larger one was not brought
// to its end.
struct HitsRead {
  // none: nothing attributes connections, or none could be read
  std::optional<Hits> hits;
  // pins or maps, and why
  std::vector<std::string> unread;
};
[[nodiscard]] HitsRead read_hits(const datapath::Pins& pins);

// Takes entries out of the pinned map: those that are there.
[[nodiscard]] Result<> remove_hits(const datapath::Pins& pins, const std::vector<Prefix>& prefixes);
// Most entries that the pinned map can hold.
[[nodiscard]] Result<std::size_t> usage_room(const datapath::Pins& pins);

// The map on its way to the next generation: the one there is, or a larger copy of it. What the old
// one gets until the links are switched is added to the copy afterwards, so that no connection is
// lost.
class UsageHandover {
 public:
  // For a policy of so many ranges. What cannot be handed over begins anew: warning() says so.
  [[nodiscard]] static UsageHandover prepare(const datapath::Pins& pins, std::size_t ranges);

  // For LoadOptions. Owned by the object; -1: none could be made.
  [[nodiscard]] int fd() const;
  // Whether the generation needs the adding program.
  [[nodiscard]] bool copied() const { return copy_ && !olds_.empty(); }
  // Nothing is handed over.
  [[nodiscard]] bool begins() const { return olds_.empty(); }
  [[nodiscard]] const std::optional<std::string>& warning() const { return warning_; }

  // Once the links run `generation`, which was loaded with it.
  [[nodiscard]] Result<> finish(const datapath::Generation& generation);

 private:
  [[nodiscard]] bool goes_on(std::uint32_t capacity) const;
  void copy(std::uint32_t capacity);
  void begin_anew(const Error& why);

  std::vector<Fd> olds_;
  // what was copied
  Hits before_;
  // none: the only old one goes on. Without an old one it is no copy but new
  Fd copy_;
  std::optional<std::string> warning_;
};

}  // namespace apiguard::ledger
