// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The kernel's notices that interfaces came, went or changed (rtnetlink, RTMGRP_LINK). Nothing is
// said of XDP links: attaching and detaching a program raises no notice.
#pragma once

#include <libmnl/libmnl.h>

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "loader/base/result.hpp"

namespace apiguard {

class LinkEvents {
 public:
  [[nodiscard]] static Result<LinkEvents> open();

  // Readable when there is something to drain. Owned by the object.
  [[nodiscard]] int fd() const;
  struct News {
    // By number: the names of interfaces that came or changed, and are there. The kernel's is the
    // first.
    std::map<int, std::vector<std::string>> there;
    // numbers of those that went
    std::set<int> gone;
    // there were more, of any kind
    bool lost = false;
  };
  // Takes all notices that wait. What else they say is asked of the kernel anew by whoever needs
  // it.
  [[nodiscard]] News drain() const;

 private:
  struct Close {
    void operator()(mnl_socket* socket) const { mnl_socket_close(socket); }
  };
  explicit LinkEvents(std::unique_ptr<mnl_socket, Close> socket) : socket_(std::move(socket)) {}
  std::unique_ptr<mnl_socket, Close> socket_;
};

}  // namespace apiguard
