// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/policy/toml_reader.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "loader/policy/scan.hpp"

namespace apiguard {
namespace {

std::string_view type_name(const toml::node& node) {
  if (node.is_array_of_tables()) return "an array of tables";
  switch (node.type()) {
    case toml::node_type::table:
      return "a table";
    case toml::node_type::array:
      return "an array";
    case toml::node_type::string:
      return "a string";
    case toml::node_type::integer:
      return "an integer";
    case toml::node_type::floating_point:
      return "a floating-point number";
    case toml::node_type::boolean:
      return "a boolean";
    case toml::node_type::date:
      return "a date";
    case toml::node_type::time:
      return "a time";
    case toml::node_type::date_time:
      return "a date-time";
    case toml::node_type::none:
      break;
  }
  return "nothing";
}

}  // namespace

TomlReader::Keys TomlReader::in_order(const toml::table& table) {
  Keys keys;
  keys.reserve(table.size());
  for (auto&& [key, value] : table) keys.emplace_back(&key, &value);
  std::sort(keys.begin(), keys.end(), [](const auto& a, const auto& b) {
    return a.first->source().begin < b.first->source().begin;
  });
  return keys;
}

const toml::array* TomlReader::array_of(const toml::node& value, std::string_view what) {
  if (value.is_array_of_tables() || !value.is_array()) {
    error(value,
          fmt::format("key '{}': expected an array of {}, not {}", key_, what, type_name(value)));
    return nullptr;
  }
  return value.as_array();
}

const toml::table* TomlReader::table_of(const toml::node& value) {
  if (const toml::table* table = value.as_table()) return table;
  error(value, fmt::format("key '{}': expected a table, not {}", key_, type_name(value)));
  return nullptr;
}

const std::string* TomlReader::string_of(const toml::node& value, std::string_view what) {
  if (const auto* text = value.as_string()) return &text->get();
  error(value, fmt::format("key '{}': expected {}, not {}", key_, what, type_name(value)));
  return nullptr;
}

std::optional<std::int64_t> TomlReader::integer_of(const toml::node& value) {
  if (const auto* number = value.as_integer()) return number->get();
  error(value, fmt::format("key '{}': expected an integer, not {}", key_, type_name(value)));
  return std::nullopt;
}

std::optional<Prefix> TomlReader::prefix_of(const toml::node& value) {
  const std::string* text = string_of(value, "strings");
  if (text == nullptr) return std::nullopt;
  const auto parsed = scan_prefix(*text);
  if (!parsed) {
    draft_.diagnostics.error(file_, offset_in(value, *text, parsed.error().offset),
                             fmt::format("key '{}': {}", key_, parsed.error().message));
    return std::nullopt;
  }
  if (parsed->host_bits) check_host_bits(*parsed, *text, place_of(value), draft_);
  return parsed->prefix;
}

// Where byte `offset` of a string's content stands; its opening quote if escapes hide that.
std::size_t TomlReader::offset_in(const toml::node& node, std::string_view content,
                                  std::size_t offset) {
  const std::size_t begin = offset_of(node);
  const bool plain = std::string_view(file_.text).substr(begin + 1, content.size()) == content;
  return plain ? begin + 1 + offset : begin;
}

}  // namespace apiguard
