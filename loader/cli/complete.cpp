// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/cli/complete.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>
#include <utility>

#include "loader/cli/arguments.hpp"

namespace apiguard::cli {
namespace {

using Candidates = std::vector<Candidate>;

// What is known once every word but the last has been read.
struct Reading {
  const VerbInfo* verb = nullptr;
  // for its value
  const OptionInfo* waiting = nullptr;
  Places places;
  // behind "--"
  bool only_arguments = false;
};

bool has_name(const OptionInfo& option, std::string_view name) {
  return std::find(option.names.begin(), option.names.end(), name) != option.names.end();
}

const OptionInfo* find_in(const std::vector<OptionInfo>& options, std::string_view name) {
  const auto found = std::find_if(options.begin(), options.end(),
                                  [&](const auto& option) { return has_name(option, name); });
  return found == options.end() ? nullptr : &*found;
}

const OptionInfo* find_option(const CommandTree& tree, const VerbInfo* verb,
                              std::string_view name) {
  if (verb != nullptr) {
    if (const auto* option = find_in(verb->options, name)) return option;
  }
  return find_in(tree.options, name);
}

const VerbInfo* find_verb(const CommandTree& tree, std::string_view name) {
  const auto found = std::find_if(tree.verbs.begin(), tree.verbs.end(),
                                  [name](const auto& verb) { return verb.name == name; });
  return found == tree.verbs.end() ? nullptr : &*found;
}

void take_place(Places& places, const OptionInfo& option, const std::string& value) {
  if (has_name(option, "--config")) places.config = value;
  if (has_name(option, "--state-dir")) places.state_dir = value;
}

void read_word(const CommandTree& tree, const std::string& word, Reading& reading) {
  if (const auto* waiting = std::exchange(reading.waiting, nullptr)) {
    take_place(reading.places, *waiting, word);
    return;
  }
  if (reading.only_arguments || !word.starts_with('-')) {
    if (reading.verb == nullptr) reading.verb = find_verb(tree, word);
    return;
  }
  if (word == "--") {
    reading.only_arguments = true;
    return;
  }
  const std::size_t equals = word.find('=');
  const auto* option = find_option(tree, reading.verb, word.substr(0, equals));
  if (option == nullptr || option->type.empty()) return;
  if (equals == std::string::npos) {
    reading.waiting = option;
  } else {
    take_place(reading.places, *option, word.substr(equals + 1));
  }
}

Reading read_words(const CommandTree& tree, const std::vector<std::string>& words,
                   const Places& defaults) {
  Reading reading{nullptr, nullptr, defaults, false};
  for (std::size_t i = 0; i + 1 < words.size(); ++i) read_word(tree, words[i], reading);
  return reading;
}

// --- candidates, whatever is written

void add_options(const std::vector<OptionInfo>& options, Candidates& candidates) {
  for (const OptionInfo& option : options) {
    for (const std::string& name : option.names) {
      if (name.starts_with("--")) candidates.push_back({name, option.summary});
    }
  }
}

Candidates option_names(const CommandTree& tree, const VerbInfo* verb) {
  Candidates candidates;
  if (verb != nullptr) add_options(verb->options, candidates);
  add_options(tree.options, candidates);
  return candidates;
}

Candidates verb_names(const CommandTree& tree) {
  Candidates candidates;
  for (const VerbInfo& verb : tree.verbs) candidates.push_back({verb.name, verb.summary});
  return candidates;
}

// "enforce|audit|off".
Candidates alternatives(std::string_view text) {
  Candidates candidates;
  for (std::size_t at = 0; at <= text.size();) {
    const std::size_t end = std::min(text.find('|', at), text.size());
    candidates.push_back({std::string(text.substr(at, end - at)), ""});
    at = end + 1;
  }
  return candidates;
}

// What was accepted already stays in front: "wide,".
Candidates risks(std::string_view written) {
  const std::size_t comma = written.rfind(',');
  const std::string front(comma == std::string_view::npos ? "" : written.substr(0, comma + 1));
  Candidates candidates;
  for (const std::string_view name : risk_names())
    candidates.push_back({front + std::string(name), ""});
  candidates.push_back({front + "all", ""});
  return candidates;
}

Candidates durations(const OptionInfo& option) {
  const bool long_ones = has_name(option, "--unused");
  if (long_ones) return {{"7d", ""}, {"30d", ""}, {"90d", ""}};
  const bool confirming = has_name(option, "--confirm-within");
  if (confirming) return {{"2m", ""}, {"5m", ""}, {"15m", ""}};
  return {{"1h", ""}, {"2h", ""}, {"8h", ""}, {"1d", ""}, {"7d", ""}};
}

Candidates values(const OptionInfo& option, std::string_view written, const Places& places,
                  Surroundings& around) {
  if (option.type == "FILE") return {{":file", ""}};
  if (option.type == "DIR") return {{":dir", ""}};
  if (option.type == "NAME,...") return risks(written);
  if (option.type == "DURATION") return durations(option);
  if (option.type == "NAME") return around.range_names(places);
  if (has_name(option, "--kind") || has_name(option, "--output")) return alternatives(option.type);
  return {};
}

Candidates arguments(const CommandTree& tree, const VerbInfo& verb, const Places& places,
                     Surroundings& around) {
  const std::string_view kind = verb.arguments;
  const auto names = [kind](std::string_view word) {
    return kind.find(word) != std::string_view::npos;
  };
  if (names("VERB")) return verb_names(tree);
  if (names("FILE")) return {{":file", ""}};
  if (names("GENERATION")) return around.generations(places);
  if (names("INTERFACE")) return around.guarded_interfaces();
  if (names("NAME")) return around.range_names(places);
  const auto is_lower = [](char c) { return (c >= 'a' && c <= 'z') || c == '|'; };
  if (!kind.empty() && std::all_of(kind.begin(), kind.end(), is_lower)) return alternatives(kind);
  return {};
}

// "--name=off": the value is completed, and the candidate is the whole word.
std::optional<Candidates> joined_values(const CommandTree& tree, const Reading& reading,
                                        const std::string& written, Surroundings& around) {
  const std::size_t equals = written.find('=');
  if (!written.starts_with('-') || equals == std::string::npos) return std::nullopt;
  const std::string front = written.substr(0, equals + 1);
  const auto* option = find_option(tree, reading.verb, written.substr(0, equals));
  if (option == nullptr || option->type.empty()) return Candidates{};
  auto candidates = values(*option, written.substr(equals + 1), reading.places, around);
  for (Candidate& candidate : candidates) {
    if (!candidate.word.starts_with(':')) candidate.word.insert(0, front);
  }
  return candidates;
}

Candidates all_candidates(const CommandTree& tree, const Reading& reading,
                          const std::string& written, Surroundings& around) {
  if (reading.waiting != nullptr) return values(*reading.waiting, written, reading.places, around);
  if (!reading.only_arguments) {
    if (auto joined = joined_values(tree, reading, written, around)) return *joined;
    if (written.starts_with('-')) return option_names(tree, reading.verb);
  }
  if (reading.verb == nullptr) return verb_names(tree);
  return arguments(tree, *reading.verb, reading.places, around);
}

}  // namespace

std::vector<Candidate> complete(const CommandTree& tree, const std::vector<std::string>& words,
                                const Places& defaults, Surroundings& around) {
  const std::string written = words.empty() ? "" : words.back();
  auto candidates = all_candidates(tree, read_words(tree, words, defaults), written, around);
  std::erase_if(candidates, [&](const Candidate& candidate) {
    return !candidate.word.starts_with(':') && !candidate.word.starts_with(written);
  });
  return candidates;
}

}  // namespace apiguard::cli
