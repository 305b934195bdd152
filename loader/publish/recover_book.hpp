// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The book, where both of its copies are unreadable or gone: what the kernel judges by, and the
// text in force does not say, came from it.
#pragma once

#include "loader/base/result.hpp"
#include "loader/datapath/edition.hpp"
#include "loader/ledger/host.hpp"
#include "loader/policy/book.hpp"
#include "loader/policy/policy.hpp"

namespace apiguard::publish {

// Leases and lapsing excepts with the ends that the kernel has for this edition of the text, whose
// ends were computed by `loaded` (the clocks as they are, but the wall clock of then). Names and
// bars are those of `old`, an older book or an empty one; else they are named "recovered".
[[nodiscard]] Result<Book> recover_book(const Host& host, const datapath::Edition& which,
                                        const Policy& text, const Now& loaded, const Moment& moment,
                                        const Book& old);

}  // namespace apiguard::publish
