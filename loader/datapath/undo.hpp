// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// What a switch of links did, and how it is undone. Holds programs but no link: whether a link is
// there is to be found out through its pin, not kept true by a descriptor of ours.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "loader/base/fd.hpp"
#include "loader/datapath/filters.hpp"
#include "loader/datapath/pins.hpp"
#include "loader/datapath/target.hpp"

namespace apiguard::datapath {

// Where a target ended up: the link that runs the new program there.
struct Placed {
  Target target;
  // path; empty for a link that was found by id
  std::string pin;
  std::uint32_t link_id = 0;
  std::uint32_t prog_id = 0;
};

// What is wrong with a target.
struct Finding {
  // "interface 'eth0'"
  std::string subject;
  // "its link runs program 17"
  std::string what;
};

class Undo {
 public:
  Undo() = default;
  // These are kept as copies: what an update is expected to have put there.
  explicit Undo(const FilterFds& filters);

  void updated(const Target& target, LinkState before, Fd old_program);
  void attached(const Target& target, std::string pin, std::uint32_t link_id);
  [[nodiscard]] bool empty() const { return updates_.empty() && attachments_.empty(); }

  // Puts every link back to the program it ran before, and takes off those that are new; then asks
  // the kernel. Returns what does not run what it ran before.
  [[nodiscard]] std::vector<Finding> put_back();

 private:
  struct Update {
    Target target;
    LinkState before;
    Fd old_program;
  };
  struct Attachment {
    Target target;
    std::string pin;
    std::uint32_t link_id = 0;
  };
  Filters filters_;
  std::vector<Update> updates_;
  std::vector<Attachment> attachments_;
};

// Asks the kernel anew, for every target, whether its program runs there: by info of its link,
// opened by its pin, and by what the interface itself names.
struct ReadBack {
  std::vector<Placed> confirmed;
  // no such interface any more
  std::vector<Target> gone;
  // what could not be confirmed
  std::vector<Finding> findings;
};
[[nodiscard]] ReadBack read_back(const std::vector<Placed>& placed);

// bpf_link_update() that names the program it expects; `expected_fd` < 0: whatever is there. The
// errno, 0: done.
[[nodiscard]] int update_link(int link_fd, int to_fd, int expected_fd);

}  // namespace apiguard::datapath
