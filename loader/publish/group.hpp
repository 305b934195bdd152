// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Changes that wait for the lock, published together: each is judged by the text with the changes
// before it, what is refused leaves, and what remains is one request.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "loader/publish/cut.hpp"
#include "loader/publish/plan.hpp"
#include "loader/publish/queued.hpp"

namespace apiguard::publish {

struct Member {
  std::string ticket;
  QueuedChange change;
};

enum class Fate {
  kJoins,
  // it might raise a risk that it does not accept, or needs the files: a publish of its own
  kAlone,
  // with an error of its own
  kRefused
};

struct Verdict {
  Fate fate = Fate::kJoins;
  // why it is refused
  Error error;
  // else the text says so already
  bool changed = false;
  // published as part of this generation before its leader died
  std::optional<std::uint64_t> done;
  // what it adds and removes
  Difference difference;
  std::vector<std::string> notes;
  // of a lease, which has no difference
  std::vector<LeaseAnswer> leases;
};

struct Group {
  Request request;
  // one for each member, in their order
  std::vector<Verdict> verdicts;
};

// None: the list holds edits that are not in force, nothing is in force, or its text cannot be
// read; then every change is published alone. Needs the lock.
[[nodiscard]] std::optional<Group> make_group(const Host& host, const World& world,
                                              const std::vector<Member>& members);

// Where this ticket's change is part of a generation that was in force: its record says so.
struct Found {
  std::uint64_t generation = 0;
  GenerationMeta::Change change;
};
[[nodiscard]] std::optional<Found> find_published(const World& world, const std::string& ticket);

// Of the clients and ranges that a plan cuts those that this part of it does.
[[nodiscard]] std::vector<CutPeer> cut_by(const std::vector<CutPeer>& cut, const Difference& part);
[[nodiscard]] std::vector<CutRange> cut_by(const std::vector<CutRange>& cut,
                                           const Difference& part);

}  // namespace apiguard::publish
