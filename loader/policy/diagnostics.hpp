// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Collects what is wrong with the files while they are read, and writes it the one way that
// text.hpp promises. However much is wrong, it keeps ten texts of a kind and a count.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "loader/policy/text.hpp"

namespace apiguard {

// Kinds of warnings, in the order in which they are told.
enum class Warning : std::uint8_t {
  kHostBits,
  kNoHeader,
  kRepeatedSetting,
  kAllowAndExcept,
  kRepeatedRange,
  kNeverDecides,
  kCovered,
  kNearMiss,
  kEverything,
  kMatchesNothing,
  kCount,
};

class Diagnostics {
 public:
  // `offset` is the byte of file.text that the caret points at; it may be the end of the text.
  void error(const SourceFile& file, std::size_t offset, std::string_view message);
  void error(const SourceFile& file, std::string_view message);
  // `message` is called for those that are told alone.
  void warn(Warning kind, const SourceFile& file, std::size_t offset,
            const std::function<std::string()>& message);

  [[nodiscard]] bool failed() const { return errors_.count > 0; }
  [[nodiscard]] Error to_error() const;
  [[nodiscard]] std::vector<std::string> warnings() const;

 private:
  struct Texts {
    std::vector<std::string> kept;
    std::size_t count = 0;
  };

  // Where lines were last counted up to: files are read front to back.
  struct Mark {
    const SourceFile* file = nullptr;
    std::size_t offset = 0;
    std::size_t line = 1;
  };

  std::string position(const SourceFile& file, std::size_t offset);

  Texts errors_;
  std::array<Texts, static_cast<std::size_t>(Warning::kCount)> warnings_;
  Mark mark_;
};

// True if the file holds none of what is refused: BOM, CR, NUL, broken UTF-8, over 256 MiB.
bool check_encoding(const SourceFile& file, Diagnostics& diagnostics);

}  // namespace apiguard
