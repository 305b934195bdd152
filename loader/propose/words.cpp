// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/propose/words.hpp"

#include <optional>

#include <fmt/format.h>

#include "loader/base/trim.hpp"
#include "loader/propose/lines.hpp"

namespace apiguard::propose {
namespace {

struct Logical {
  // of its first line
  std::size_t number = 1;
  std::string text;
};

// Lines that end in a backslash go on in the next; comments between them are left out.
std::vector<Logical> join_lines(std::string_view text) {
  std::vector<Logical> joined;
  bool goes_on = false;
  for (const Line& line : split_lines(text)) {
    if (line.text.starts_with('#') || line.text.starts_with(';')) continue;
    std::string_view piece = line.text;
    if (!goes_on) joined.push_back({line.number, ""});
    goes_on = piece.ends_with('\\');
    if (goes_on) piece.remove_suffix(1);
    joined.back().text.append(piece).append(goes_on ? " " : "");
  }
  return joined;
}

bool is_space(char c) { return c == ' ' || c == '\t'; }

// Nothing if a quote does not end.
std::optional<std::vector<std::string>> split_words(std::string_view text) {
  std::vector<std::string> words;
  bool in_word = false;
  char quote = '\0';
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quote == '\0' && is_space(c)) {
      in_word = false;
      continue;
    }
    if (!in_word) words.emplace_back();
    in_word = true;
    if (c == '\\' && i + 1 < text.size()) {
      words.back() += text[++i];
    } else if (quote == '\0' && (c == '"' || c == '\'')) {
      quote = c;
    } else if (c == quote && quote != '\0') {
      quote = '\0';
    } else {
      words.back() += c;
    }
  }
  if (quote != '\0') return std::nullopt;
  return words;
}

void take_command(const Logical& line, std::string_view value, ExecStart& found) {
  found.words.clear();  // an empty value takes back those before it
  auto words = split_words(value);
  if (!words) {
    found.unread.push_back(
        fmt::format("line {}: ExecStart: a quote that does not end", line.number));
    return;
  }
  found.words = *std::move(words);
  if (found.words.empty()) return;
  std::string& program = found.words.front();
  program.erase(0, program.find_first_not_of("-@:+!"));
}

void read_unit(std::string_view text, ExecStart& found) {
  constexpr std::string_view kKey = "ExecStart";
  std::string_view section;
  const std::vector<Logical> lines = join_lines(text);
  for (const Logical& line : lines) {
    const std::string_view content = trim(line.text);
    if (content.starts_with('[')) section = content;
    const std::size_t equals = content.find('=');
    if (section != "[Service]" || trim(content.substr(0, equals)) != kKey) continue;
    if (equals == std::string_view::npos) continue;
    take_command(line, trim(content.substr(equals + 1)), found);
  }
}

}  // namespace

ExecStart read_exec_start(std::span<const std::string> texts) {
  ExecStart found;
  for (const std::string& text : texts) read_unit(text, found);
  return found;
}

Options read_options(std::span<const std::string> words) {
  Options options;
  for (std::size_t i = 0; i < words.size(); ++i) {
    std::string_view word = words[i];
    const std::size_t dashes = std::min(word.find_first_not_of('-'), word.size());
    if (dashes == 0 || dashes == word.size()) continue;
    word.remove_prefix(dashes);
    const std::size_t equals = word.find('=');
    std::vector<std::string>& values = options[std::string(word.substr(0, equals))];
    if (equals != std::string_view::npos) {
      values.emplace_back(word.substr(equals + 1));
    } else if (i + 1 < words.size() && !words[i + 1].starts_with('-')) {
      values.push_back(words[++i]);
    } else {
      values.emplace_back();
    }
  }
  return options;
}

}  // namespace apiguard::propose
