// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/cli/text_argument.hpp"

#include <utility>

#include <fmt/format.h>

#include "loader/host/files.hpp"
#include "loader/host/input.hpp"

namespace apiguard::cli {

Result<SourceFile> read_text_argument(const std::string& argument) {
  if (argument == kDash) {
    auto text = read_input(kMostText);
    if (!text) return fail(text.error());
    return SourceFile{kInput, kInput, std::move(*text), true};
  }
  auto file = read_source(argument, false);
  if (file && !file->present)
    return fail(Exit::kBadFile, fmt::format("file '{}': no such file", argument));
  return file;
}

}  // namespace apiguard::cli
