// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/publish/text_only.hpp"

#include <fmt/format.h>

#include "loader/compile/compile.hpp"
#include "loader/publish/booking.hpp"
#include "loader/publish/text_change.hpp"

namespace apiguard::publish {
namespace {

// The book first: whoever is killed in between has barred what still stands in the list.
Result<> put_in_place(const Host& host, const World& world, const Request& request,
                      TextChange& text) {
  for (const FileEdit& edit : request.edits) {
    if (auto prepared = text.prepare(edit); !prepared) return prepared;
  }
  if (request.book) {
    if (auto booked = write_next_book(host, world, *request.book); !booked) return booked;
  }
  if (auto committed = text.commit(); !committed) return committed;
  return text.verify();
}

}  // namespace

Result<> write_text(const Host& host, const World& world, const Request& request) {
  const auto image = compile(request.policy, 1, clocks(world));
  if (!image) return fail(image.error());
  TextChange text;
  auto written = put_in_place(host, world, request, text);
  if (written) return written;
  Error why = written.error();
  auto left = text.put_back();
  if (request.book) {
    if (auto put = restore_book(host.state_dir, world.book.book); !put)
      left.push_back(put.error().message);
  }
  if (!left.empty()) why.message += fmt::format(": could not be undone: {}", fmt::join(left, "; "));
  return fail(std::move(why));
}

}  // namespace apiguard::publish
