// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Descriptors of everything of ours that is pinned: it lives on while they are open, whoever
// removes the pins, and can be pinned again. Opened and used with the lock held, so that no verb is
// half way through; only changed() and drop_replaced() are for any time.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "loader/base/fd.hpp"
#include "loader/base/result.hpp"
#include "loader/datapath/links.hpp"
#include "loader/datapath/pins.hpp"

namespace apiguard::datapath {

class Hold {
 public:
  Hold() = default;
  // What is pinned now; what was held and is not pinned any more is closed. A directory that does
  // not exist holds nothing. On an error everything is held that was.
  [[nodiscard]] Result<> refresh(const Pins& pins);

  [[nodiscard]] bool empty() const { return links_.empty() && objects_.empty(); }
  // Links there was no descriptor for, of how many. They are known, and looked at by their pins;
  // but they go with them.
  struct Short {
    std::size_t links = 0;
    std::size_t of = 0;
    friend bool operator==(const Short&, const Short&) = default;
  };
  [[nodiscard]] Short missing() const;
  // Among the links when they were read.
  [[nodiscard]] const std::vector<std::string>& strays() const { return strays_; }
  // Whether something has lost its pin, after drop_replaced(). One system call a pin.
  [[nodiscard]] bool lost_pin() const;
  // Some link runs another program, or has lost its interface, since it was opened. One system call
  // a link.
  [[nodiscard]] bool changed() const;

  // As Pins::read() has it, of what is held: links as they are now, whether their pins are there or
  // not.
  [[nodiscard]] Live live() const;

  // What was held of generations that no link runs any more, but for `kept`, is closed: their maps
  // are not to wait for us.
  void drop_replaced(const Edition& kept);

  // Pins again what has lost its pin: links that still guard an interface, what belongs to a
  // generation that one of them runs or to `kept`, and what outlives generations. The last may be
  // lost: that it cannot be pinned stops nothing, and what somebody else has put in its place goes.
  // Returns the pins.
  [[nodiscard]] Result<std::vector<std::string>> pin_again(const Pins& pins, const Edition& kept);

  // Links that run a program which is none of ours go back to that of `edition`, if that is
  // held. Ours is what has the tag of a filter that is held: a program that could not be pinned has
  // it too, and stays. Returns what they are on.
  [[nodiscard]] Result<std::vector<AttachPoint>> restore_program(const Edition& edition);

 private:
  struct Link {
    std::string pin;
    // none: there are not enough
    Fd fd;
    // when it was opened
    LinkInfo info;
  };
  struct Object {
    std::string pin;
    // generation 0: outlives them
    Edition which;
    Fd fd;
    // it is the filter of links of this kind
    std::optional<AttachKind> filter;
    // then its program
    std::uint32_t filter_id = 0;
    // and the tag of that
    std::string tag;
  };

  [[nodiscard]] Result<> open_links(const std::string& folder, const OurPrograms& ours,
                                    std::vector<Link>& links, std::vector<std::string>& strays);
  void open_objects(const std::string& folder, const Edition& which, std::vector<Object>& objects);
  [[nodiscard]] std::vector<Object> open_all_objects(const Pins& pins);
  void keep_unpinned(std::vector<Link>& links);
  void keep_objects(const std::vector<Link>& links, std::vector<Object>& objects);
  [[nodiscard]] Link take_over(std::string pin, PinnedLink found);
  void open_ledger(const Pins& pins, std::vector<Object>& objects);
  void pin_ledger_again(const Pins& pins, std::vector<std::string>& done) const;
  [[nodiscard]] std::set<Edition> editions_run() const;
  [[nodiscard]] const Object* filter_of(const Edition& edition, AttachKind kind) const;
  [[nodiscard]] bool is_ours(int link_fd) const;

  std::vector<Link> links_;
  std::vector<Object> objects_;
  std::vector<std::string> strays_;
};

}  // namespace apiguard::datapath
