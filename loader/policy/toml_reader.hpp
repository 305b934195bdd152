// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// What every reader of the configuration file asks of a value: is it of the right type, where does
// it stand. What is wrong goes to the draft. Private to this room.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "loader/policy/draft.hpp"
#include "loader/policy/toml.hpp"

namespace apiguard {

class TomlReader {
 public:
  TomlReader(const SourceFile& file, Draft& draft)
      : file_(file), draft_(draft), offsets_(file.text) {}

 protected:
  // toml++ keeps keys sorted by name; errors are told in the order of the file.
  using Keys = std::vector<std::pair<const toml::key*, const toml::node*>>;
  static Keys in_order(const toml::table& table);

  // Null, and an error, if the value is of another type.
  const toml::array* array_of(const toml::node& value, std::string_view what);
  const toml::table* table_of(const toml::node& value);
  const std::string* string_of(const toml::node& value, std::string_view what);
  std::optional<std::int64_t> integer_of(const toml::node& value);
  std::optional<Prefix> prefix_of(const toml::node& value);

  std::size_t offset_of(const toml::key& key) { return offsets_(key.source().begin); }
  std::size_t offset_of(const toml::node& node) { return offsets_(node.source().begin); }
  std::size_t offset_in(const toml::node& node, std::string_view content, std::size_t offset);
  Place place_of(const toml::node& node) {
    return {&file_, static_cast<std::uint32_t>(offset_of(node))};
  }

  void error(const toml::node& node, std::string_view message) {
    draft_.diagnostics.error(file_, offset_of(node), message);
  }
  void warn(const toml::node& node, std::string_view message) {
    draft_.diagnostics.warn(Warning::kRepeatedSetting, file_, offset_of(node),
                            [&] { return std::string(message); });
  }

  const SourceFile& file_;
  Draft& draft_;
  TomlOffsets offsets_;
  // being read, as messages name it
  std::string key_;
};

// [leases]
void read_lease_limits(const SourceFile& file, const toml::node& value, Draft& draft);

}  // namespace apiguard
