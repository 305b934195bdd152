// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Leases and bars -> Request: the text in force, or the files', beside another book.
#pragma once

#include <string>
#include <vector>

#include "loader/policy/grant_lease.hpp"
#include "loader/publish/make_request.hpp"
#include "loader/publish/plan.hpp"
#include "loader/publish/queued.hpp"

namespace apiguard::publish {

// The text in force beside this book. Where that text cannot be read: the files, as apply has them.
[[nodiscard]] Result<Request> request_book(const Host& host, const World& world, Book book);

// What is judged of the leases in these answers, beside this text. Those that do not fit between
// the ends around them go out of the book again and are refused; those that a person excepts stay,
// and the answer says by what. A lease that was there before stays as it was.
void weigh(const World& world, const Policy& text, Book& book,
           const std::vector<LeaseAnswer*>& answers);
[[nodiscard]] std::vector<LeaseAnswer*> pointers_to(std::vector<LeaseAnswer>& answers);

// The exit status of a lease: kDone where all of them are in force, and in mode off.
[[nodiscard]] Exit exit_of(const std::vector<LeaseAnswer>& answers, Mode mode);

// [leases] of what is in force; else those of the configuration file.
[[nodiscard]] Result<LeaseLimits> limits_in_force(const Host& host, const World& world);

// revoke: what it takes out of the CLI's file, of the book, or of both. Bars what it takes out of
// the book.
[[nodiscard]] Result<Request> request_revoke(const Host& host, const World& world, bool strict,
                                             const QueuedChange& change);
// Whether a selector of this revoke names something of this book: then it is published alone.
[[nodiscard]] bool touches_book(const World& world, const Book& book, const QueuedChange& change);

}  // namespace apiguard::publish
