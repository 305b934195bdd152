// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/cli/host_bits.hpp"

#include <fmt/format.h>

namespace apiguard::cli {

Result<std::vector<std::string>> mask_arguments(const std::vector<ParsedPrefix>& prefixes,
                                                const std::vector<std::string>& texts,
                                                bool strict) {
  std::vector<std::string> warnings;
  for (std::size_t i = 0; i < prefixes.size(); ++i) {
    if (!prefixes[i].host_bits) continue;
    const std::string text = fmt::format("argument '{}': has host bits: {} is {}", texts[i],
                                         texts[i], to_string(prefixes[i].prefix));
    if (strict) return fail(Exit::kUsage, text);
    warnings.push_back(text);
  }
  return warnings;
}

}  // namespace apiguard::cli
