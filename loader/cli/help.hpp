// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The words of --help: one entry a verb, in the order they are shown. The manual page says the
// same.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

namespace apiguard::cli {

struct VerbHelp {
  std::string_view name;
  // heading in the main help
  std::string_view group;
  // as in the usage line; empty: none
  std::string_view arguments;
  // one line
  std::string_view summary;
  // what else to know, then examples
  std::string_view details;
};

[[nodiscard]] std::span<const VerbHelp> verb_helps();

// Below the list of verbs in the main help.
[[nodiscard]] std::string_view main_footer();

}  // namespace apiguard::cli
