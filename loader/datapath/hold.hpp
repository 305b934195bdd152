// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Descriptors of everything of ours that is pinned: it lives on while they are open, whoever
// removes the pins, and can be pinned again. Opened and used with the lock held, so that no verb is
// half way through; only changed() and let_go_of_replaced() are for any time.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "loader/datapath/pins.hpp"
#include "loader/fd.hpp"
#include "loader/result.hpp"

namespace apiguard::datapath {

class Hold {
 public:
  Hold() = default;
  // What is pinned now. A directory that does not exist holds nothing.
  [[nodiscard]] static Result<Hold> open(const Pins& pins);

  [[nodiscard]] bool empty() const { return links_.empty() && objects_.empty(); }
  // Some link runs another program, or has lost its interface, since it was opened. One system call
  // a link.
  [[nodiscard]] bool changed() const;

  // As Pins::read() has it, of what is held: links as they are now, whether their pins are there or
  // not.
  [[nodiscard]] Live live() const;

  // What was held of generations that no link runs any more, but for `kept`, is closed: their maps
  // are not to wait for us.
  void let_go_of_replaced(std::uint64_t kept);

  // Pins again what has lost its pin: links that still guard an interface, what belongs to a
  // generation that one of them runs or to `kept`, and what outlives generations. Returns the pins.
  [[nodiscard]] Result<std::vector<std::string>> pin_again(const Pins& pins, std::uint64_t kept);

  // Links that run a program which is none of ours go back to that of `generation`, if that is
  // held. Ours is what has the tag of a filter that is held: a program that could not be pinned has
  // it too, and stays. Returns indexes of interfaces.
  [[nodiscard]] Result<std::vector<int>> put_back(std::uint64_t generation);

 private:
  struct Link {
    std::string pin;
    Fd fd;
    std::uint32_t prog_id = 0;  // when it was opened
    int ifindex = 0;
  };
  struct Object {
    std::string pin;
    std::uint64_t generation = 0;  // 0: outlives them
    Fd fd;
    std::uint32_t filter_id = 0;  // of a filter: its program
    std::string tag;              // and the tag of that
  };

  [[nodiscard]] Result<> open_links(const std::string& folder);
  void open_objects(const std::string& folder, std::uint64_t generation);
  [[nodiscard]] std::set<std::uint64_t> generations_run() const;
  [[nodiscard]] const Object* filter_of(std::uint64_t generation) const;
  [[nodiscard]] bool is_ours(const Link& link) const;

  std::vector<Link> links_;
  std::vector<Object> objects_;
};

}  // namespace apiguard::datapath
