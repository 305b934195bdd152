// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Facts and machine -> what apiguard.toml could say, and what it takes a person to know. Pure.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "loader/propose/facts.hpp"
#include "loader/propose/machine.hpp"

namespace apiguard::propose {

struct Choice {
  // an interface name, an endpoint, a CIDR
  std::string text;
  std::string why;
};

struct Peer {
  Address address;
  std::size_t connections = 0;
};

struct Proposal {
  // to guard; never empty
  std::vector<Choice> interfaces;
  // other interfaces, and why
  std::vector<Choice> left_out;
  // never empty
  std::vector<Port> ports;
  // taken up
  std::vector<Choice> cluster;
  // public address space: to be taken up by a person
  std::vector<Choice> doubtful;
  // connected now and in none of `cluster`; most connections first
  std::vector<Peer> unlisted;
  // on the endpoints
  std::vector<std::string> notes;
  // what was read, a line a source
  std::vector<std::string> took;
  std::vector<std::string> unread;
  // what only a person can know
  std::vector<std::string> unknown;
};

// What the facts say, or the usual port; never empty.
[[nodiscard]] std::vector<Port> ports_to_protect(const Facts& facts);

// `admin`: from where the operator is logged in, if known.
[[nodiscard]] Proposal propose(const Facts& facts, const Machine& machine,
                               const std::optional<Address>& admin);

// A commented apiguard.toml in mode audit. The same proposal gives the same text.
[[nodiscard]] std::string to_toml(const Proposal& proposal);

// For people: what was read, what could not be, and what could not be known.
[[nodiscard]] std::string to_text(const Proposal& proposal);

struct Screen {
  std::size_t rows = 24;
  std::size_t columns = 80;
};
// As much of it as has room, a line that wraps counting as often as it does: first what could not
// be known, then what could not be read. Says of the rest how much there is and where it is shown.
[[nodiscard]] std::string to_screen(const Proposal& proposal, const Screen& screen);

}  // namespace apiguard::propose
