// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// What is left of a stored generation that StateDir::read() refuses. Record and text lie apart, and
// each says the digests of the text: what one of them still vouches for is as good as it was.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "loader/host/state.hpp"
#include "loader/policy/text.hpp"

namespace apiguard {

struct Salvage {
  // none: the record is lost
  std::optional<GenerationMeta> meta;
  // as one of the two still says
  std::optional<Mode> mode;
  // Its own text, byte for byte. Each file is the stored one or, where that is lost, the operator's
  // if it has the same digest.
  std::optional<Sources> text;
  // its toml, where at least that is left
  std::optional<SourceFile> config;
  // published unconfirmed, and nothing says what became of it
  bool waits = false;
};

// `config_path`: the operator's toml, whose folder holds the lists.
[[nodiscard]] Salvage salvage(const std::string& state, std::uint64_t generation,
                              const std::string& config_path);

// The operator's files, if they are byte for byte the text of that generation.
[[nodiscard]] bool is_text_of(const std::string& state, std::uint64_t generation,
                              const Sources& files);

}  // namespace apiguard
