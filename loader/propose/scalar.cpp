// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/propose/scalar.hpp"

#include <fmt/format.h>

#include "loader/base/trim.hpp"
#include "loader/propose/lines.hpp"

namespace apiguard::propose {
namespace {

tl::unexpected<std::string> cannot(std::string reason) {
  return tl::unexpected<std::string>(std::move(reason));
}

// The length of a quoted scalar at the beginning of the text, with its quotes; npos: no end.
std::size_t quoted_length(std::string_view text) {
  const char quote = text.front();
  for (std::size_t i = 1; i < text.size(); ++i) {
    if (quote == '"' && text[i] == '\\') {
      ++i;
    } else if (text[i] == quote) {
      if (quote == '"' || i + 1 == text.size() || text[i + 1] != quote) return i + 1;
      ++i;  // '' is a quote inside of single ones
    }
  }
  return std::string_view::npos;
}

bool is_quote(char c) { return c == '"' || c == '\''; }

// `text` is one quoted scalar and nothing else.
Read<std::string> unquote(std::string_view text) {
  const char quote = text.front();
  const std::string_view inside = text.substr(1, text.size() - 2);
  if (quote == '"') {
    if (inside.find('\\') != std::string_view::npos) return cannot("an escape with a backslash");
    return std::string(inside);
  }
  std::string out;
  for (std::size_t i = 0; i < inside.size(); ++i) {
    out += inside[i];
    if (inside[i] == '\'') ++i;
  }
  return out;
}

Read<std::string> read_quoted(std::string_view text) {
  const std::size_t length = quoted_length(text);
  if (length == std::string_view::npos) return cannot("a quote that does not end on its line");
  if (length != text.size()) return cannot("text after the closing quote");
  return unquote(text);
}

// Up to a comma or bracket outside of quotes.
std::size_t flow_element_length(std::string_view text) {
  std::size_t at = 0;
  if (!text.empty() && is_quote(text.front())) at = quoted_length(text);
  return text.find_first_of(",[]{}", at);
}

}  // namespace

std::string_view without_comment(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool starts_word = i == 0 || text[i - 1] == ' ' || text[i - 1] == '\t' ||
                             text[i - 1] == '[' || text[i - 1] == ',';
    if (!starts_word) continue;
    if (text[i] == '#') return trim(text.substr(0, i));
    if (!is_quote(text[i])) continue;
    const std::size_t length = quoted_length(text.substr(i));
    if (length == std::string_view::npos) break;
    i += length - 1;
  }
  return trim(text);
}

Read<std::string> read_scalar(std::string_view text) {
  if (text.empty()) return std::string();
  if (is_quote(text.front())) return read_quoted(text);
  if (text.front() == '|' || text.front() == '>') return cannot("a text of several lines");
  if (text.front() == '&' || text.front() == '*') return cannot("an anchor or alias");
  if (text.front() == '!') return cannot("a tag");
  if (std::string_view("[]{},#%@`").find(text.front()) != std::string_view::npos || text == "-" ||
      text.starts_with("- ") || text.starts_with("? ")) {
    return cannot(fmt::format("'{}': not a plain value", text));
  }
  if (text.find(": ") != std::string_view::npos || text.ends_with(':')) {
    return cannot("a mapping inside");
  }
  return std::string(text);
}

Read<std::vector<std::string>> read_flow_list(std::string_view text) {
  if (!text.ends_with(']')) return cannot("a list that does not end on its line");
  std::vector<std::string> values;
  text = trim(text.substr(1, text.size() - 2));
  while (!text.empty()) {
    const std::size_t length = flow_element_length(text);
    if (length != std::string_view::npos && text[length] != ',') return cannot("a list inside");
    const std::string_view element = trim(text.substr(0, length));
    if (element.empty()) return cannot("an empty element");
    auto value = read_scalar(element);
    if (!value) return cannot(value.error());
    values.push_back(*std::move(value));
    text = length == std::string_view::npos ? "" : trim(text.substr(length + 1));
  }
  return values;
}

Read<KeyValue> read_key(std::string_view text) {
  if (is_quote(text.front())) {
    const std::size_t length = quoted_length(text);
    if (length == std::string_view::npos) return cannot("a quote that does not end on its line");
    auto key = unquote(text.substr(0, length));
    const std::string_view rest = trim(text.substr(length));
    if (!key || !rest.starts_with(':')) return cannot("no 'key: value'");
    return KeyValue{*std::move(key), without_comment(rest.substr(1))};
  }
  std::size_t colon = text.find(':');
  while (colon != std::string_view::npos && colon + 1 < text.size() && text[colon + 1] != ' ' &&
         text[colon + 1] != '\t') {
    colon = text.find(':', colon + 1);
  }
  if (colon == std::string_view::npos) return cannot("no 'key: value'");
  auto key = read_scalar(trim(text.substr(0, colon)));
  if (!key || key->empty()) return cannot("no 'key: value'");
  return KeyValue{*std::move(key), without_comment(text.substr(colon + 1))};
}

}  // namespace apiguard::propose
