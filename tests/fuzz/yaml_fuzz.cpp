// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Files of the host that `init` reads. What was read of a mapping is written in the plainest YAML,
// and reads as the same; nothing that is wanted vanishes without a word.
#include <algorithm>
#include <array>
#include <string>

#include "loader/propose/yaml.hpp"
#include "tests/fuzz/fuzz.hpp"

namespace apiguard::fuzz {
namespace {

constexpr std::array<std::string_view, 3> kWanted{"tls-san", "bind-address", "command"};

std::string quoted(std::string_view value) {
  std::string out = "'";
  for (const char c : value) {
    if (c == '\'') out += '\'';
    out += c;
  }
  return out + "'";
}

std::string show(const propose::Mapping& mapping) {
  std::string text;
  for (const propose::Entry& entry : mapping.entries) {
    text += entry.key + ":\n";
    for (const std::string& value : entry.values) text += "  - " + quoted(value) + "\n";
  }
  return text;
}

void reads_mapping(std::string_view text) {
  const propose::Mapping mapping = propose::read_mapping(text, kWanted);
  must(mapping.unread.size() >= mapping.unread_keys.size(), "what is not read is said");
  for (const propose::Entry& entry : mapping.entries) {
    std::string_view name = entry.key;
    if (name.ends_with('+')) name.remove_suffix(1);
    must(std::find(kWanted.begin(), kWanted.end(), name) != kWanted.end(), "what was not asked for",
         name);
  }
  const std::string shown = show(mapping);
  const propose::Mapping again = propose::read_mapping(shown, kWanted);
  must(again.unread.empty(), "the plainest YAML is read", shown);
  must(again.entries.size() == mapping.entries.size(), "no key is lost", shown);
  for (std::size_t i = 0; i < mapping.entries.size(); ++i) {
    must(again.entries[i].key == mapping.entries[i].key, "a key reads back", shown);
    must(again.entries[i].values == mapping.entries[i].values, "values read back", shown);
  }
}

void reads_manifest(std::string_view text) {
  const propose::Command command = propose::read_manifest(text, "kube-apiserver");
  must(!command.words.empty() || !command.unread.empty(), "what is not found is said");
  if (command.words.empty()) return;
  const std::string_view program = command.words.front();
  must(program.ends_with("kube-apiserver"), "it is the program that was asked for", program);
}

}  // namespace

void run(std::string_view input) {
  reads_mapping(input);
  reads_manifest(input);
}

}  // namespace apiguard::fuzz
