// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The text that a boot publishes. Damage never opens: in the place of a generation that enforces
// comes one that enforces. It locks nobody out either: a generation that let everybody pass, and
// whose record still says so, is replaced by what lets everybody pass. And it is never silent.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "loader/policy/text.hpp"
#include "loader/publish/world.hpp"

namespace apiguard::publish {

struct BootText {
  Sources sources;
  // whose stored text this is; 0: of none
  std::uint64_t generation = 0;
  // the state directory had nothing to publish
  bool from_files = false;
  std::optional<Damage> damage;
  // what is published because of the damage, for people
  std::string instead;
};

// An error: neither the state directory nor the files hold anything that can be published.
[[nodiscard]] Result<BootText> boot_text(const Host& host, const World& world);

// One sentence for people about the damage, what is published and the command that ends it.
[[nodiscard]] std::string describe(const BootText& text);

}  // namespace apiguard::publish
