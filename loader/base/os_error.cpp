// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/base/os_error.hpp"

#include <string>
#include <system_error>

#include <fmt/format.h>

namespace apiguard {
namespace {

std::string lower_reason(int os_error) {
  std::string text = std::generic_category().message(os_error);
  if (!text.empty() && text[0] >= 'A' && text[0] <= 'Z') {
    text[0] = static_cast<char>(text[0] - 'A' + 'a');
  }
  return text;
}

}  // namespace

tl::unexpected<Error> fail_os(std::string_view kind, std::string_view name, std::string_view what,
                              int os_error) {
  return fail(Exit::kFailed,
              fmt::format("{} '{}': {}: {}", kind, name, what, lower_reason(os_error)), os_error);
}

}  // namespace apiguard
