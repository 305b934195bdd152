// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// apiguard.toml -> settings and cluster ranges. Every key is known by name; what is not known is
// refused, because a misspelt key would silently mean its default.
#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "apiguard/judge.h"
#include "loader/base/utf8.hpp"
#include "loader/policy/draft.hpp"
#include "loader/policy/scan.hpp"
#include "loader/policy/spelling.hpp"
#include "loader/policy/toml_reader.hpp"

namespace apiguard {
namespace {

// ALTIFNAMSIZ without its NUL: another name of an interface may be longer than the kernel's.
constexpr std::size_t kMaxInterfaceName = 127;
constexpr std::uint16_t kDefaultPort = 6443;

// What is wrong with the name, "" if nothing. The rules are those of the kernel's dev_valid_name().
std::string check_interface(std::string_view name) {
  if (name.empty()) return "interface name is empty";
  if (name == "." || name == "..") return fmt::format("interface '{}': not a name", name);
  for (std::size_t i = 0; i < name.size(); ++i) {
    const char c = name[i];
    const bool control = static_cast<unsigned char>(c) <= ' ' || c == 0x7f;
    if (!control && c != '/' && c != ':') continue;
    return fmt::format("interface {}: unexpected character {}", quote(name),
                       describe(decode(name, i)));
  }
  const bool glob = name.find_first_of("*?[") != std::string_view::npos;
  if (!glob && name.size() > kMaxInterfaceName) {
    return fmt::format("interface {}: longer than {} characters", quote(name), kMaxInterfaceName);
  }
  return "";
}

// Adds what one configuration file says to a draft.
class ConfigReader : private TomlReader {
 public:
  using TomlReader::TomlReader;

  void read(const toml::table& table);

 private:
  using Reader = void (ConfigReader::*)(const toml::node&);
  struct Setting {
    std::string_view key;
    Reader read;
  };
  static const std::array<Setting, 6> kSettings;

  void read_key(const toml::key& key, const toml::node& value);
  void read_interfaces(const toml::node& value);
  void read_endpoints(const toml::node& value);
  void read_mode(const toml::node& value);
  void read_xdp_mode(const toml::node& value);
  void read_cluster(const toml::node& value);
  void read_leases(const toml::node& value) { read_lease_limits(file_, value, draft_); }

  void add_interface(const toml::node& element);
  void add_endpoint(const toml::node& element);
  void add_cluster(const toml::node& element);

  std::string endpoint_text(const toml::node& element);
};

const std::array<ConfigReader::Setting, 6> ConfigReader::kSettings{{
    {"interfaces", &ConfigReader::read_interfaces},
    {"endpoints", &ConfigReader::read_endpoints},
    {"mode", &ConfigReader::read_mode},
    {"xdp_mode", &ConfigReader::read_xdp_mode},
    {"cluster", &ConfigReader::read_cluster},
    {"leases", &ConfigReader::read_leases},
}};

void ConfigReader::read(const toml::table& table) {
  for (const auto& [key, value] : in_order(table)) read_key(*key, *value);

  if (!table.contains("interfaces")) {
    draft_.diagnostics.error(file_,
                             "key 'interfaces' is missing: name the interfaces to guard, as in "
                             "interfaces = [\"eth0\"]");
  }
  if (!table.contains("endpoints")) draft_.policy.endpoints = {{std::nullopt, kDefaultPort}};
}

// Keys that people look for here. Of others: what is spelt alike.
std::string meant_by(const std::string& key, std::span<const std::string_view> known) {
  for (const char* word : {"ranges", "allow", "allowed", "allowlist", "sources",
                           "authorized-ranges", "authorized_ranges", "cidrs", "whitelist"}) {
    if (key == word)
      return ": ranges go into the file authorized-ranges, one per line; nodes and load balancers "
             "under 'cluster'";
  }
  for (const char* word : {"port", "ports", "listen", "address", "apiserver"}) {
    if (key == word) return ": ports go into 'endpoints', as in endpoints = [\"6443\"]";
  }
  for (const char* word : {"policy", "default", "action", "enabled", "enforce", "audit"}) {
    if (key == word) return R"(: the key is 'mode': "enforce", "audit" or "off")";
  }
  return suggest(key, known);
}

void ConfigReader::read_key(const toml::key& key, const toml::node& value) {
  key_ = key.str();
  const std::size_t at = offsets_(key.source().begin);
  std::array<std::string_view, kSettings.size()> known;
  for (std::size_t i = 0; i < kSettings.size(); ++i) {
    if (kSettings[i].key == key_) {
      if (key_ == "mode") draft_.mode_at = at;
      (this->*kSettings[i].read)(value);
      return;
    }
    known[i] = kSettings[i].key;
  }
  draft_.diagnostics.error(file_, at,
                           fmt::format("unknown key {}{}", quote(key_), meant_by(key_, known)));
}

void ConfigReader::read_interfaces(const toml::node& value) {
  const toml::array* elements = array_of(value, "strings");
  if (elements == nullptr) return;
  if (elements->empty()) error(value, "key 'interfaces': empty, so nothing would be guarded");
  for (const toml::node& element : *elements) add_interface(element);
}

void ConfigReader::add_interface(const toml::node& element) {
  const std::string* name = string_of(element, "strings");
  if (name == nullptr) return;
  if (const std::string reason = check_interface(*name); !reason.empty()) {
    error(element, reason);
    return;
  }
  auto& interfaces = draft_.policy.interfaces;
  if (std::find(interfaces.begin(), interfaces.end(), *name) != interfaces.end()) {
    warn(element, fmt::format("interface '{}' is given twice", *name));
  } else {
    interfaces.push_back(*name);
  }
}

void ConfigReader::read_endpoints(const toml::node& value) {
  const toml::array* elements = array_of(value, "ports or strings");
  if (elements == nullptr) return;
  if (elements->empty()) error(value, "key 'endpoints': empty, so nothing would be protected");
  for (const toml::node& element : *elements) add_endpoint(element);
}

// "" after an error.
std::string ConfigReader::endpoint_text(const toml::node& element) {
  if (const auto* number = element.as_integer()) return fmt::format("{}", number->get());
  const std::string* text = string_of(element, "ports or strings");
  if (text == nullptr) return "";
  if (text->empty()) error(element, "endpoint is empty");
  return *text;
}

void ConfigReader::add_endpoint(const toml::node& element) {
  const std::string text = endpoint_text(element);
  if (text.empty()) return;
  const auto endpoint = scan_endpoint(text);
  if (!endpoint) {
    const std::size_t at = element.is_string() ? offset_in(element, text, endpoint.error().offset)
                                               : offset_of(element);
    draft_.diagnostics.error(file_, at,
                             fmt::format("endpoint {}: {}", quote(text), endpoint.error().message));
    return;
  }
  auto& endpoints = draft_.policy.endpoints;
  if (std::find(endpoints.begin(), endpoints.end(), *endpoint) != endpoints.end()) {
    warn(element, fmt::format("endpoint '{}' is given twice", to_string(*endpoint)));
  } else if (endpoints.size() == APIGUARD_MAX_ENDPOINTS) {
    error(element, fmt::format("endpoint '{}': more than {} endpoints", to_string(*endpoint),
                               APIGUARD_MAX_ENDPOINTS));
  } else {
    endpoints.push_back(*endpoint);
  }
}

void ConfigReader::read_mode(const toml::node& value) {
  constexpr std::array<std::string_view, 3> kModes{"enforce", "audit", "off"};
  const std::string* text = string_of(value, "a string");
  if (text == nullptr) return;
  if (const auto mode = parse_mode(*text)) {
    draft_.policy.mode = *mode;
    return;
  }
  error(value, fmt::format("key 'mode': {} is not enforce, audit or off{}", quote(*text),
                           suggest(*text, kModes)));
}

void ConfigReader::read_xdp_mode(const toml::node& value) {
  constexpr std::array<std::string_view, 3> kModes{"auto", "native", "generic"};
  const std::string* text = string_of(value, "a string");
  if (text == nullptr) return;
  for (const XdpMode mode : {XdpMode::kAuto, XdpMode::kNative, XdpMode::kGeneric}) {
    if (*text != to_string(mode)) continue;
    draft_.policy.xdp_mode = mode;
    return;
  }
  error(value, fmt::format("key 'xdp_mode': {} is not auto, native or generic{}", quote(*text),
                           suggest(*text, kModes)));
}

void ConfigReader::read_cluster(const toml::node& value) {
  const toml::array* elements = array_of(value, "strings");
  if (elements == nullptr) return;
  for (const toml::node& element : *elements) add_cluster(element);
}

void ConfigReader::add_cluster(const toml::node& element) {
  const auto prefix = prefix_of(element);
  if (!prefix) return;
  draft_.add(Range{*prefix, Kind::kCluster, "", std::nullopt,
                   Origin{file_.name, element.source().begin.line}},
             place_of(element));
}

}  // namespace

void parse_config_into(const SourceFile& file, Draft& draft) {
  if (!file.present && file.text.empty()) {
    draft.diagnostics.error(
        file, "no such file: it names the interfaces to guard, as in interfaces = [\"eth0\"]");
    return;
  }
  const auto table = parse_toml(file, draft.diagnostics);
  if (table) ConfigReader(file, draft).read(*table);
}

}  // namespace apiguard
