// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/host/seat.hpp"

#include <fcntl.h>
#include <sys/file.h>

#include <cerrno>

#include <fmt/format.h>

#include "loader/host/files.hpp"

namespace apiguard {

Result<Seat> take_seat(const std::string& run_dir, const std::string& name, unsigned count) {
  if (auto made = make_directory(run_dir, 0755); !made) return fail(made.error());
  for (unsigned number = 0; number < count; ++number) {
    const std::string path = fmt::format("{}/{}-{}", run_dir, name, number);
    Fd fd(open(path.c_str(), O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600));
    if (!fd) return fail_os("seat", path, "open", errno);
    if (flock(fd.get(), LOCK_EX | LOCK_NB) == 0) return Seat{number, std::move(fd)};
    if (errno != EWOULDBLOCK) return fail_os("seat", path, "lock", errno);
  }
  return fail(
      Exit::kFailed,
      fmt::format("{}: all {} places are taken by other processes: end one of them", name, count),
      EBUSY);
}

}  // namespace apiguard
