// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// A change that waits for its turn, as a value: what a person asked for, parsed, and how the answer
// is to look. It travels in a ticket (host/queue.hpp) to whoever publishes it together with others.
// A further kind is one more alternative of `What`: its text here, and what it does in edit_list().
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "loader/base/result.hpp"
#include "loader/host/floor.hpp"
#include "loader/policy/edit.hpp"
#include "loader/policy/grant_lease.hpp"
#include "loader/publish/lasting.hpp"

namespace apiguard::publish {

// allow, except
struct PutChange {
  Kind kind = Kind::kAllow;
  std::vector<Prefix> prefixes;
  std::string name;
  // From when it is judged; at most one of the two.
  std::optional<std::chrono::nanoseconds> lasts;
  std::optional<Timestamp> until;
  Remark remark = {};
};

struct RevokeChange {
  std::vector<Selector> selectors;
  // what is not there is no error
  bool if_listed = false;

  [[nodiscard]] Unmatched unmatched() const {
    return if_listed ? Unmatched::kNoted : Unmatched::kRefused;
  }
};

// Changes the book and no file. Its `by` is that of the change.
struct LeaseChange {
  LeaseOrder order;
};

struct QueuedChange {
  using What = std::variant<PutChange, RevokeChange, LeaseChange>;

  // who: identity.hpp
  std::string by;
  std::optional<std::uint32_t> login_uid;
  std::string client;
  // as typed
  std::string verb;
  bool json = false;
  // of the preview
  bool colour = false;
  // risks
  std::set<std::string> accepted;
  // of its arguments
  std::vector<std::string> warnings;
  What what;
};

// Whether it can only add: it works from the text in force (request_addition).
[[nodiscard]] bool is_addition(const QueuedChange& change);
// Null: it is another change.
[[nodiscard]] const LeaseChange* lease_of(const QueuedChange& change);

// entries_elsewhere(), read once and only if somebody asks.
class Elsewhere {
 public:
  explicit Elsewhere(const Sources& sources) : sources_(sources) {}
  [[nodiscard]] const std::vector<Range>& entries() const {
    if (!entries_) entries_ = entries_elsewhere(sources_);
    return *entries_;
  }

 private:
  const Sources& sources_;
  mutable std::optional<std::vector<Range>> entries_;
};

// The CLI's file with this change, and how long its entries last.
struct EditedList {
  Edited edited;
  std::vector<Lasting> lasting;
};
// `asked` and `taken`: --for counts from the former, ends are judged by the latter.
[[nodiscard]] Result<EditedList> edit_list(const QueuedChange& change, const SourceFile& list,
                                           const Elsewhere& elsewhere, Timestamp asked,
                                           const Taken& taken);

}  // namespace apiguard::publish
