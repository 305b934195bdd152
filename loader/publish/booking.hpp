// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Writing the book, with the clocks of the moment: each write holds the time (host/floor.hpp).
#pragma once

#include "loader/base/result.hpp"
#include "loader/ledger/host.hpp"
#include "loader/policy/book.hpp"
#include "loader/publish/world.hpp"

namespace apiguard::publish {

// Whoever is killed from here on has it published by the next verb; by itself it changes nothing
// that is judged. Needs the lock. After an error the book is as it was.
[[nodiscard]] Result<> write_book(const Host& host, const World& world, const Book& book);

// The same with the edition after all that are known, where nothing of ours judges packets.
[[nodiscard]] Result<> write_next_book(const Host& host, const World& world, Book book);

// Editions are numbered over all generations, and by the book.
[[nodiscard]] std::uint64_t newest_edition(const World& world);

}  // namespace apiguard::publish
