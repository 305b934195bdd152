// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Which program of ours this is: a generation, which is a text, and an edition of it, which is the
// same text with another book, or with its ends computed anew. Editions are numbered over all
// generations; 0: published when there was no book.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "apiguard/judge.h"

namespace apiguard::datapath {

struct Edition {
  std::uint64_t generation = 0;
  std::uint64_t edition = 0;

  friend auto operator<=>(const Edition&, const Edition&) = default;
};

// "17", "17-3": the name of the folder of its pins. bpffs takes no dots.
[[nodiscard]] std::string pin_name(const Edition& edition);
[[nodiscard]] std::optional<Edition> parse_pin_name(std::string_view name);

// What settings say of themselves.
[[nodiscard]] inline Edition edition_of(const apiguard_settings& settings) {
  return {settings.generation, settings.edition};
}

}  // namespace apiguard::datapath
