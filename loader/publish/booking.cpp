// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/publish/booking.hpp"

#include <algorithm>
#include <utility>

#include "loader/host/clock.hpp"

namespace apiguard::publish {

Result<> write_book(const Host& host, const World& world, const Book& book) {
  StoredBook next{book, {}};
  const Reading reading = read_all_clocks();
  Written latest{0, believed_time(world.floor, reading).now.wall, stamp(world.floor, reading),
                 false};
  if (world.book.book) next.times = world.book.book->times;
  next.times = with_latest(std::move(next.times), std::move(latest));
  return apiguard::write_book(host.state_dir, next);
}

Result<> write_next_book(const Host& host, const World& world, Book book) {
  book.edition = newest_edition(world) + 1;
  return write_book(host, world, book);
}

std::uint64_t newest_edition(const World& world) {
  std::uint64_t newest = std::max(world.booked().edition, world.live.edition);
  for (const auto& pinned : world.live.generations) newest = std::max(newest, pinned.which.edition);
  if (world.in_force) newest = std::max(newest, world.in_force->edition);
  return newest;
}

}  // namespace apiguard::publish
