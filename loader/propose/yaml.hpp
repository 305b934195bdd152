// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The part of YAML that static pod manifests and the configuration of k3s and RKE2 are written in:
// a mapping whose values are scalars on one line, or lists of them. What is wanted and written in
// another way is told, never guessed. Pure.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace apiguard::propose {

struct Entry {
  // as written, "tls-san+" with its plus
  std::string key;
  // one of a scalar, none of an empty value
  std::vector<std::string> values;
};

struct Mapping {
  // of the wanted keys, in the order of the text
  std::vector<Entry> entries;
  // "line 7: key 'tls-san': what stands in the way"
  std::vector<std::string> unread;
  // wanted keys among these, as written
  std::vector<std::string> unread_keys;
};

// The outermost mapping of a text. Values of keys that are not wanted are skipped, whatever they
// look like; a plus behind a key does not count. `first_line` is the number of the text's first
// line.
[[nodiscard]] Mapping read_mapping(std::string_view text, std::span<const std::string_view> wanted,
                                   std::size_t first_line = 1);

// The command line of a container.
struct Command {
  // command, then args; empty: no such container
  std::vector<std::string> words;
  // as above
  std::vector<std::string> unread;
};

// Of the container in a pod manifest whose program has this name ("kube-apiserver").
[[nodiscard]] Command read_manifest(std::string_view text, std::string_view program);

}  // namespace apiguard::propose
