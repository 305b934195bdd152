// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/host/input.hpp"

#include <unistd.h>

#include <array>
#include <cerrno>

#include <fmt/format.h>

#include "loader/host/files.hpp"

namespace apiguard {

Result<std::string> read_input(std::size_t most) {
  std::string text;
  std::array<char, 1 << 16> buffer{};
  while (true) {
    const ssize_t got = ::read(STDIN_FILENO, buffer.data(), buffer.size());
    const int os_error = errno;
    if (got < 0 && os_error == EINTR) continue;
    if (got < 0) return fail_os("file", kInput, "read", os_error);
    if (got == 0) return text;
    text.append(buffer.data(), static_cast<std::size_t>(got));
    if (text.size() > most) {
      return fail(Exit::kBadFile,
                  fmt::format("{}: larger than {} MiB: nothing was changed", kInput, most >> 20));
    }
  }
}

}  // namespace apiguard
