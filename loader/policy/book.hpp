// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The book: what is listed, or kept from it, for a time, and stands in no file of the operator. It
// is judged together with the text (overlay.hpp); the state directory keeps it
// (host/book_file.hpp).
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "loader/base/time.hpp"
#include "loader/policy/policy.hpp"
#include "loader/policy/prefix.hpp"

namespace apiguard {

// An end that counts in time that passes: within the boot that it was given in by the boot-time
// clock, whatever becomes of the wall clock; after a boot by the wall clock, but never longer after
// that boot than it was given for.
struct Term {
  // the wall clock when it was given, and `duration` more
  Timestamp until{};
  std::chrono::nanoseconds duration{};
  // empty: not known, as after a boot
  std::string boot_id;
  // by the clock of that boot; not before it
  BootTime boot_end{};

  friend bool operator==(const Term&, const Term&) = default;
};

// An address that a tool keeps listed.
struct Lease {
  Prefix prefix;
  // valid_name(), or empty
  std::string name;
  // "alice (uid 1000) from 203.0.113.7"
  std::string by;
  bool from_ssh = false;
  Term term;

  friend bool operator==(const Lease&, const Lease&) = default;
};

// A line that vanished from a drop-in with a `#lapse` header.
struct Lapsing {
  Prefix prefix;
  // or kExcept
  Kind kind = Kind::kAllow;
  // of the line; may be empty
  std::string name;
  // that it stood in, as in Origin::file
  std::string file;
  Term term;

  friend bool operator==(const Lapsing&, const Lapsing&) = default;
};

// Whom a person took out: no lease of the name, or of these addresses, is given until it ends.
struct Bar {
  // empty: it is of addresses
  std::string name;
  // a /32 or a /64, or what was named if that is wider
  std::optional<Prefix> prefix;
  std::string by;
  Term term;

  friend bool operator==(const Bar&, const Bar&) = default;
};

struct Book {
  // one more with each write
  std::uint64_t edition = 0;
  std::vector<Lease> leases;
  std::vector<Lapsing> lapsing;
  std::vector<Bar> bars;

  friend bool operator==(const Book&, const Book&) = default;
};

// `duration` from this moment on.
[[nodiscard]] Term term_of(std::chrono::nanoseconds duration, const Moment& moment);

// The end by the wall clock of the moment, on a whole millisecond and never later: two clocks are
// not read at the same nanosecond. However damaged the term, it never overflows.
[[nodiscard]] Timestamp end_of(const Term& term, const Moment& moment);
[[nodiscard]] bool is_live(const Term& term, const Moment& moment);

// A bar of another boot stands while the clock may be wrong.
[[nodiscard]] bool is_live(const Bar& bar, const Moment& moment);

// Drops what has ended for more than `longest`. What has ended for less stays: a
// clock that was ahead and is set back brings back what has time left. Nothing while the clock may
// be wrong.
void prune(Book& book, std::chrono::nanoseconds longest, const Moment& moment);

}  // namespace apiguard
