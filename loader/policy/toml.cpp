// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// What is asked of the TOML text as such: is it valid, where does a value stand, put another mode
// in its place. The parser says where; everything around the value stays as it is.
#include "loader/policy/toml.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "loader/base/utf8.hpp"
#include "loader/policy/edit.hpp"

namespace apiguard {
namespace {

// toml++ begins every description with these words; the position in front says as much.
constexpr std::string_view kPreamble = "Error while parsing ";

// The commonest slip: mode = off.
std::string_view hint(std::string_view text, std::size_t offset) {
  const std::string_view before = text.substr(0, offset);
  const std::size_t last = before.find_last_not_of(" \t");
  const bool value = last != std::string_view::npos && before[last] == '=';
  const bool word =
      offset < text.size() && ((text[offset] | 0x20) >= 'a') && ((text[offset] | 0x20) <= 'z');
  return value && word ? " (text needs quotes)" : "";
}

// toml++ makes a table of every part of a dotted key, one inside the other, and destroys them by
// recursion: without a bound a long key ends the process. The dot that goes too far, npos if none
// does; comment lines and dots in a row are no keys.
std::size_t deep_key(std::string_view text) {
  constexpr int kMaxDots = 64;
  int dots = 0;
  bool blank = true;  // so far in this line
  for (std::size_t at = 0; at < text.size(); ++at) {
    const char c = text[at];
    if (c == '#' && blank) at = std::min(text.find('\n', at), text.size()) - 1;
    if (c == '\n' || c == ',') dots = 0;
    blank = c == '\n' || (blank && (c == ' ' || c == '\t'));
    if (c == '.' && at > 0 && text[at - 1] != '.' && ++dots > kMaxDots) return at;
  }
  return std::string_view::npos;
}

// Behind the string that begins at `at`; npos if it does not end, which is the parser's to tell.
std::size_t end_of_string(std::string_view text, std::size_t at) {
  const char quote = text[at];
  const bool multiline = text.substr(at).starts_with(std::string(3, quote));
  const std::string end(multiline ? 3 : 1, quote);
  at += end.size();
  while (at < text.size() && !text.substr(at).starts_with(end)) {
    if (!multiline && text[at] == '\n') return std::string_view::npos;
    at += quote == '"' && text[at] == '\\' ? 2 : 1;
  }
  if (at >= text.size()) return std::string_view::npos;
  at += end.size();
  // Two quotes more may stand in front of those that end it.
  for (int i = 0; multiline && i < 2 && at < text.size() && text[at] == quote; ++i) ++at;
  return at;
}

// Whether toml++ calls one of the characters between U+00A1 and U+0499 a blank is left to the
// compiler. Outside of strings and comments TOML has none that is not ASCII. The first one, npos:
// there is none.
std::size_t bare_character(std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    const char c = text[at];
    if (static_cast<unsigned char>(c) >= 0x80) return at;
    if (c == '#') {
      at = std::min(text.find('\n', at), text.size());
    } else if (c == '"' || c == '\'') {
      at = end_of_string(text, at);
    } else {
      ++at;
    }
  }
  return std::string_view::npos;
}

bool gives_up(std::string_view text) {
  try {
    static_cast<void>(toml::parse(text));
  } catch (const toml::parse_error&) {
    return false;
  } catch (const TomlGaveUp&) {
    return true;
  }
  return false;
}

// Where the line begins that the parser gives up in: it does not with the lines in front of it
// alone.
std::size_t line_given_up(std::string_view text) {
  std::size_t good = 0;           // beginnings of lines
  std::size_t bad = text.size();  // or the end
  while (true) {
    std::size_t middle = text.find('\n', good + (bad - good) / 2);
    if (middle == std::string_view::npos || middle + 1 >= bad) middle = text.find('\n', good);
    if (middle == std::string_view::npos || middle + 1 >= bad) return good;
    (gives_up(text.substr(0, middle + 1)) ? bad : good) = middle + 1;
  }
}

// In front of the first key or table, behind the comments that head the file.
std::size_t first_key_line(const std::string& text, const toml::table& table) {
  toml::source_index first = 0;
  for (auto&& [key, value] : table) {
    const toml::source_index line = key.source().begin.line;
    if (first == 0 || line < first) first = line;
  }
  return first == 0 ? text.size() : TomlOffsets(text)({first, 1});
}

std::string with_inserted(const std::string& text, const toml::table& table, Mode mode) {
  std::string out = text;
  std::string line = fmt::format("mode = \"{}\"\n", to_string(mode));
  const std::size_t at = first_key_line(text, table);
  if (at > 0 && text[at - 1] != '\n') line.insert(0, "\n");
  return out.insert(at, line);
}

std::string with_replaced(const std::string& text, const toml::node& value, Mode mode) {
  const std::size_t begin = TomlOffsets(text)(value.source().begin);
  const std::size_t end = TomlOffsets(text)(value.source().end);
  const std::string quote = text[begin] == '\'' ? "'" : "\"";
  std::string out = text;
  return out.replace(begin, end - begin, quote + std::string(to_string(mode)) + quote);
}

// The edit went by positions: look whether it did what was asked before anybody writes it down.
Result<Edited> verified(const SourceFile& config, std::string text, Mode mode) {
  SourceFile edited = config;
  edited.text = std::move(text);
  Diagnostics diagnostics;
  const auto table = parse_toml(edited, diagnostics);
  if (!table || (*table)["mode"].value<std::string_view>() != to_string(mode)) {
    return fail(Exit::kBadFile,
                fmt::format("{}: the mode could not be replaced; edit it by hand", config.path));
  }
  return Edited{std::move(edited.text), {}, true};
}

}  // namespace

std::optional<toml::table> parse_toml(const SourceFile& file, Diagnostics& diagnostics) {
  if (!check_encoding(file, diagnostics)) return std::nullopt;
  if (const std::size_t dot = deep_key(file.text); dot != std::string_view::npos) {
    diagnostics.error(file, dot, "key nested too deeply");
    return std::nullopt;
  }
  if (const std::size_t bare = bare_character(file.text); bare != std::string_view::npos) {
    diagnostics.error(file, bare,
                      fmt::format("not valid TOML: unexpected character {}{}",
                                  describe(decode(file.text, bare)), hint(file.text, bare)));
    return std::nullopt;
  }
  try {
    return toml::parse(std::string_view(file.text));
  } catch (const toml::parse_error& error) {
    std::string_view what = error.description();
    if (what.substr(0, kPreamble.size()) == kPreamble) what.remove_prefix(kPreamble.size());
    const std::size_t offset = TomlOffsets(file.text)(error.source().begin);
    diagnostics.error(file, offset,
                      fmt::format("not valid TOML: {}{}", what, hint(file.text, offset)));
  } catch (const TomlGaveUp&) {
    diagnostics.error(file, line_given_up(file.text), "not valid TOML: this line cannot be read");
  }
  return std::nullopt;
}

std::size_t TomlOffsets::operator()(toml::source_position position) {
  const bool behind =
      position.line < at_.line || (position.line == at_.line && position.column < at_.column);
  if (behind) *this = TomlOffsets(text_);
  while (at_.line < position.line) {
    const std::size_t newline = text_.find('\n', offset_);
    if (newline == std::string_view::npos) return text_.size();
    offset_ = newline + 1;
    at_ = {at_.line + 1, 1};
  }
  while (at_.column < position.column && offset_ < text_.size() && text_[offset_] != '\n') {
    offset_ += decode(text_, offset_).size;
    ++at_.column;
  }
  return offset_;
}

Result<Edited> replace_mode(const SourceFile& config, Mode mode) {
  Diagnostics diagnostics;
  const auto table = parse_toml(config, diagnostics);
  if (!table) return fail(diagnostics.to_error());

  const toml::node* value = table->get("mode");
  if (value == nullptr) return verified(config, with_inserted(config.text, *table, mode), mode);
  if (!value->is_string()) {
    diagnostics.error(config, TomlOffsets(config.text)(value->source().begin),
                      "key 'mode': expected a string");
    return fail(diagnostics.to_error());
  }
  if (value->value<std::string_view>() == to_string(mode)) {
    return Edited{config.text, {fmt::format("mode: already '{}'", to_string(mode))}, false};
  }
  return verified(config, with_replaced(config.text, *value, mode), mode);
}

}  // namespace apiguard
