// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The half of completion that looks at the machine: quickly, without a lock, and as whoever asks.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <set>
#include <string_view>

#include <fmt/format.h>

#include "loader/base/masked.hpp"
#include "loader/base/paths.hpp"
#include "loader/cli/complete.hpp"
#include "loader/host/files.hpp"
#include "loader/host/interfaces.hpp"
#include "loader/host/state.hpp"
#include "loader/policy/text.hpp"

namespace apiguard::cli {
namespace {

// More than anybody reads, less than a shell chokes on.
constexpr std::size_t kMostNames = 1000;

// The value of `name=` in one line of a list, comments left out. A million lines are searched
// between two keys, so nothing is parsed: revoke will.
std::string_view name_in(std::string_view line) {
  constexpr std::string_view kKey = "name=";
  line = line.substr(0, line.find('#'));
  const std::size_t key = line.find(kKey);
  if (key == std::string_view::npos || key == 0) return {};
  if (line[key - 1] != ' ' && line[key - 1] != '\t') return {};
  const std::string_view value = line.substr(key + kKey.size());
  return value.substr(0, value.find_first_of(" \t\r"));
}

std::set<std::string, std::less<>> names_in(std::string_view text) {
  std::set<std::string, std::less<>> names;
  for (std::size_t at = 0; at < text.size() && names.size() < kMostNames;) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    const std::string_view name = name_in(text.substr(at, end - at));
    if (valid_name(name) && !names.contains(name)) names.emplace(name);
    at = end + 1;
  }
  return names;
}

class Machine : public Surroundings {
 public:
  std::vector<Candidate> range_names(const Places& places) override {
    std::vector<Candidate> candidates;
    const auto text = read_text(beside(places.config, kRangesName));
    if (!text) return candidates;
    for (const std::string& name : names_in(*text)) candidates.push_back({name, ""});
    return candidates;
  }

  std::vector<Candidate> generations(const Places& places) override {
    std::vector<Candidate> candidates;
    const StateDir state(places.state_dir);
    auto numbers = state.generations();
    if (!numbers) return candidates;
    std::reverse(numbers->begin(), numbers->end());
    for (const std::uint64_t number : *numbers) {
      const auto meta = state.read_meta(number);
      if (!meta || !meta->entered.value_or(true)) continue;
      candidates.push_back(
          {std::to_string(number), fmt::format("{} {}", format_timestamp(meta->time), meta->verb)});
    }
    return candidates;
  }

  std::vector<Candidate> guarded_interfaces() override {
    std::vector<Candidate> candidates;
    const auto interfaces = list_interfaces();
    if (!interfaces) return candidates;
    for (const Interface& interface : *interfaces) {
      if (interface.xdp_prog_id != 0) candidates.push_back({interface.name, ""});
    }
    return candidates;
  }
};

void take_variable(const char* name, std::string& place) {
  const char* value = std::getenv(name);
  if (value != nullptr && *value != '\0') place = value;
}

}  // namespace

Places places_of_environment() {
  Places places;
  take_variable("APIGUARD_CONFIG", places.config);
  take_variable("APIGUARD_STATE_DIR", places.state_dir);
  take_variable("APIGUARD_RUN_DIR", places.run_dir);
  take_variable("APIGUARD_PIN_DIR", places.pin_dir);
  strip_slashes(places);
  return places;
}

void print_completions(const std::vector<std::string>& words) {
  const Places places = places_of_environment();
  Machine machine;
  for (const auto& [word, what] : complete(command_tree(), words, places, machine)) {
    // One line is one candidate, and a tab begins the description.
    fmt::print("{}\t{}\n", masked_line(word), masked_line(what));
  }
}

}  // namespace apiguard::cli
