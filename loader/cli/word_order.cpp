// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/cli/word_order.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace apiguard::cli {
namespace {

bool is_format(std::string_view word) { return word == "-o" || word == "--output"; }

// "-ojson", "-o=json": not every word that begins so, which may be a misspelt one.
bool is_joined_format(std::string_view word) {
  return word == "-ojson" || word == "-owide" || word.starts_with("-o=");
}

bool says_how(std::string_view word) {
  return word == "--json" || word == "--wide" || is_format(word) || is_joined_format(word) ||
         word.starts_with("--output=");
}

// The parser knows the long name alone: of "-office" it would make a format.
std::string in_full(const std::string& word) {
  if (word == "-o") return "--output";
  if (!is_joined_format(word)) return word;
  return "--output=" + word.substr(word[2] == '=' ? 3 : 2);
}

bool is_help(const std::string& word) { return word == "-h" || word == "--help"; }

}  // namespace

std::size_t find_verb(const Words& words, const TakesValue& takes_value) {
  bool value = false;
  for (std::size_t i = 0; i < words.size(); ++i) {
    const std::string& word = words[i];
    if (std::exchange(value, false)) continue;
    if (word == "--") break;
    if (!word.starts_with('-')) return i;
    value = is_format(word) || takes_value(word);
  }
  return words.size();
}

Words with_answers_behind(Words words, const TakesValue& takes_value) {
  const std::size_t verb = find_verb(words, takes_value);
  const bool any = verb < words.size();
  const auto mark = std::find(words.begin(), words.end(), "--");
  const auto end = any ? words.begin() + static_cast<std::ptrdiff_t>(verb) : mark;
  Words front;
  Words how;
  Words* with = nullptr;  // where the value of the word before goes
  for (auto word = words.begin(); word != end; ++word) {
    Words* to = std::exchange(with, nullptr);
    const bool is_value = to != nullptr;
    if (!is_value) to = says_how(*word) ? &how : &front;
    if (!is_value && (is_format(*word) || takes_value(*word))) with = to;
    to->push_back(*word);
  }
  if (!any) how.clear();
  front.insert(front.end(), end, any ? end + 1 : end);
  front.insert(front.end(), how.begin(), how.end());
  front.insert(front.end(), any ? end + 1 : end, words.end());
  std::transform(front.begin(), std::find(front.begin(), front.end(), "--"), front.begin(),
                 in_full);
  return front;
}

Words with_help_as_option(Words words, std::size_t verb) {
  if (verb >= words.size() || words[verb] != "help") return words;
  const auto help = words.begin() + static_cast<std::ptrdiff_t>(verb);
  if (std::any_of(words.begin(), words.end(), is_help)) return words;
  words.erase(help);
  words.emplace_back("--help");
  return words;
}

bool asks_for_json(const Words& words) {
  const auto mark = std::find(words.begin(), words.end(), "--");
  for (auto word = words.begin(); word != mark; ++word) {
    if (*word == "--json" || *word == "-ojson" || *word == "--output=json") return true;
    if (is_format(*word) && std::next(word) != mark && *std::next(word) == "json") return true;
  }
  return false;
}

}  // namespace apiguard::cli
