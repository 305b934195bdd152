// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// [leases] of apiguard.toml -> LeaseLimits. A lease is held against them in grant_lease.cpp.
#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "loader/base/duration.hpp"
#include "loader/base/utf8.hpp"
#include "loader/policy/spelling.hpp"
#include "loader/policy/toml_reader.hpp"

namespace apiguard {
namespace {

constexpr std::int64_t kMostLeases = 10000;

class LimitsReader : private TomlReader {
 public:
  using TomlReader::TomlReader;

  void read(const toml::node& value);

 private:
  using Reader = void (LimitsReader::*)(const toml::node&);
  struct Setting {
    std::string_view key;
    Reader read;
  };
  static const std::array<Setting, 4> kSettings;

  void read_key(const toml::key& key, const toml::node& value);
  void read_max(const toml::node& value);
  void read_per_name(const toml::node& value);
  void read_within(const toml::node& value);
  void read_longest(const toml::node& value);

  void refuse_key(const toml::key& key);
  void check_per_name();
  std::optional<std::size_t> count_of(const toml::node& value);

  [[nodiscard]] LeaseLimits& limits() const { return draft_.policy.leases; }

  bool max_is_good_ = true;
  // where it was read
  const toml::node* per_name_ = nullptr;
};

const std::array<LimitsReader::Setting, 4> LimitsReader::kSettings{{
    {"max", &LimitsReader::read_max},
    {"per_name", &LimitsReader::read_per_name},
    {"within", &LimitsReader::read_within},
    {"longest", &LimitsReader::read_longest},
}};

void LimitsReader::read(const toml::node& value) {
  key_ = "leases";
  const toml::table* table = table_of(value);
  if (table == nullptr) return;
  const bool given = table->contains("per_name");
  for (const auto& [key, setting] : in_order(*table)) read_key(*key, *setting);
  if (!given) limits().per_name = std::min(LeaseLimits().per_name, limits().max);
  check_per_name();
}

void LimitsReader::read_key(const toml::key& key, const toml::node& value) {
  key_ = fmt::format("leases.{}", key.str());
  for (const Setting& setting : kSettings) {
    if (setting.key == key.str()) return (this->*setting.read)(value);
  }
  refuse_key(key);
}

// What stands behind the line [leases] belongs to it, also where it was meant for the whole file.
void LimitsReader::refuse_key(const toml::key& key) {
  constexpr std::array<std::string_view, 5> kOutside{"interfaces", "endpoints", "mode", "xdp_mode",
                                                     "cluster"};
  std::array<std::string_view, kSettings.size()> known;
  std::transform(kSettings.begin(), kSettings.end(), known.begin(),
                 [](const Setting& setting) { return setting.key; });
  const bool is_outside = std::find(kOutside.begin(), kOutside.end(), key.str()) != kOutside.end();
  draft_.diagnostics.error(
      file_, offset_of(key),
      fmt::format("unknown key {} of [leases]{}", quote(key.str()),
                  is_outside ? ": write it before the line [leases]" : suggest(key.str(), known)));
}

std::optional<std::size_t> LimitsReader::count_of(const toml::node& value) {
  const auto number = integer_of(value);
  if (!number) return std::nullopt;
  if (*number >= 1 && *number <= kMostLeases) return static_cast<std::size_t>(*number);
  error(value, fmt::format("key '{}': {} is not between 1 and {}", key_, *number, kMostLeases));
  return std::nullopt;
}

void LimitsReader::read_max(const toml::node& value) {
  const auto count = count_of(value);
  max_is_good_ = count.has_value();
  if (count) limits().max = *count;
}

void LimitsReader::read_per_name(const toml::node& value) {
  const auto count = count_of(value);
  if (!count) return;
  limits().per_name = *count;
  per_name_ = &value;
}

// Whichever of the two stands first.
void LimitsReader::check_per_name() {
  if (per_name_ == nullptr || !max_is_good_ || limits().per_name <= limits().max) return;
  error(*per_name_, fmt::format("key 'leases.per_name': {} is more than 'max', which is {}",
                                limits().per_name, limits().max));
}

void LimitsReader::read_within(const toml::node& value) {
  const toml::array* elements = array_of(value, "strings");
  if (elements == nullptr) return;
  std::vector<Prefix>& within = limits().within;
  within.clear();
  for (const toml::node& element : *elements) {
    const auto prefix = prefix_of(element);
    if (!prefix) continue;
    if (std::find(within.begin(), within.end(), *prefix) == within.end()) {
      within.push_back(*prefix);
    } else {
      warn(element, fmt::format("key '{}': '{}' is given twice", key_, to_string(*prefix)));
    }
  }
}

void LimitsReader::read_longest(const toml::node& value) {
  const std::string* text = string_of(value, "a duration as in \"48h\"");
  if (text == nullptr) return;
  const auto duration = parse_span(*text);
  if (duration) {
    limits().longest = *duration;
  } else {
    error(value, fmt::format("key '{}': {}", key_, duration.error().message));
  }
}

}  // namespace

void read_lease_limits(const SourceFile& file, const toml::node& value, Draft& draft) {
  LimitsReader(file, draft).read(value);
}

}  // namespace apiguard
