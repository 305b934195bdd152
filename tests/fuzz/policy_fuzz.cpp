// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// All files of a policy together, one behind the other with the line "--" between them. What comes
// of it compiles, and its index and tries are those of its ranges.
#include <string>
#include <vector>

#include "loader/compile/compile.hpp"
#include "loader/compile/fit_book.hpp"
#include "loader/policy/edit.hpp"
#include "loader/policy/text.hpp"
#include "tests/fuzz/fuzz.hpp"

namespace apiguard::fuzz {
namespace {

constexpr Now kNow{Timestamp(1'796'126'400s), BootTime(500s)};

std::string_view take_file(std::string_view& input) {
  constexpr std::string_view kBetween = "--\n";
  std::size_t at = 0;
  while (at < input.size() && !input.substr(at).starts_with(kBetween)) {
    const std::size_t end = input.find('\n', at);
    at = end == std::string_view::npos ? input.size() : end + 1;
  }
  const std::string_view file = input.substr(0, at);
  input.remove_prefix(std::min(at + kBetween.size(), input.size()));
  return file;
}

SourceFile file_of(std::string_view name, std::string_view text) {
  return {std::string(name), std::string(name), std::string(text), true};
}

Sources sources_of(std::string_view input) {
  Sources sources;
  sources.config = file_of("apiguard.toml", take_file(input));
  sources.ranges = file_of("authorized-ranges", take_file(input));
  for (char name = 'a'; !input.empty() && name <= 'd'; ++name) {
    const std::string path = std::string("authorized-ranges.d/") + name + ".list";
    sources.drop_ins.push_back(file_of(path, take_file(input)));
  }
  return sources;
}

template <typename Key>
std::size_t entries_of(const Shards<Key>& shards) {
  std::size_t entries = 0;
  for (const auto& shard : shards) entries += shard.keys.size();
  return entries;
}

// Every prefix that ever decides has its entry in a trie.
void compiles(const Policy& policy) {
  const auto image = compile(policy, 1, kNow);
  if (!image) {
    must(image.error().exit == Exit::kBadFile, "an error is one of the file");
    return;
  }
  if (policy.mode == Mode::kOff) return;
  const auto deciding = deciding_ranges(policy.ranges);
  must(deciding.empty() == (entries_of(image->ranges4) + entries_of(image->ranges6) == 0),
       "a list with entries has some in its tries, and an empty one none");
}

// The text as it is published: config and ranges of the whole read back as the same policy.
void reads_back(const Policy& policy) {
  Sources shown;
  shown.config = file_of("apiguard.toml", show_config(policy));
  shown.ranges = file_of("authorized-ranges", show_ranges(policy.ranges));
  const auto again = parse_policy(shown);
  must(again.has_value(), "what is shown parses", shown.config.text + shown.ranges.text);
  same(fingerprint(policy), fingerprint(again->policy), "fingerprints");
  must(difference(policy, again->policy).empty(), "what is shown differs in nothing",
       shown.config.text + shown.ranges.text);
}

}  // namespace

void run(std::string_view input) {
  const Sources sources = sources_of(input);
  static_cast<void>(entries_elsewhere(sources));
  const auto parsed = parse_policy(sources);
  if (!parsed) {
    must(parsed.error().exit == Exit::kBadFile, "an error is one of the file");
    return;
  }
  const auto before = parse_policy(sources, {.lint = false});
  must(before && before->policy.ranges == parsed->policy.ranges, "lint judges nothing");
  reads_back(parsed->policy);
  compiles(parsed->policy);
}

}  // namespace apiguard::fuzz
