// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/base/number.hpp"

#include <fmt/format.h>

namespace apiguard {

std::string count_of(std::size_t count, std::string_view noun) {
  return fmt::format("{} {}{}", count, noun, count == 1 ? "" : "s");
}

}  // namespace apiguard
