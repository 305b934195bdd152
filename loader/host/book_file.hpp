// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The file of the book: STATE/leases and STATE/leases.2, both the same, each sealed by its digest
// and written after the other, so that whatever becomes of one of them the other can be read.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "loader/base/result.hpp"
#include "loader/host/floor.hpp"
#include "loader/policy/book.hpp"

namespace apiguard {

struct StoredBook {
  Book book;
  // When it was written, the last time last: with_latest() of floor.hpp. Their number is 0.
  std::vector<Written> times;
};

struct BookRead {
  // none: there is none, or none can be read
  std::optional<StoredBook> book;
  // "file 'STATE/leases': ...: the other copy is used"
  std::vector<std::string> damage;
  // There is a book, and it cannot be read: both copies are damaged, or one is and the other is
  // missing.
  bool lost = false;
};

// The readable copy with the higher edition. A second copy that is missing beside a good one is
// damage, which the next write mends. Never waits, and follows nothing that others own.
[[nodiscard]] BookRead read_book(const std::string& state_dir);

// Of one copy: its text and back. Exit::kFailed, and what is wrong: it is damaged, or of a newer
// apiguard.
[[nodiscard]] std::string show_book(const StoredBook& stored);
[[nodiscard]] Result<StoredBook> parse_book(const std::string& text);

// Both copies, synced and read back. After an error what was there is put back as far as that goes.
// What has their names and is no file of ours makes way (expendable_file.hpp). Needs the lock.
[[nodiscard]] Result<> write_book(const std::string& state_dir, const StoredBook& stored);
// What was there before a write. None: there was no book.
[[nodiscard]] Result<> restore_book(const std::string& state_dir,
                                    const std::optional<StoredBook>& before);

}  // namespace apiguard
