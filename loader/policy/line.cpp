// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/policy/line.hpp"

#include <array>

#include <fmt/format.h>

#include "loader/policy/spelling.hpp"
#include "loader/policy/text.hpp"
#include "loader/policy/utf8.hpp"

namespace apiguard {
namespace {

constexpr std::array<std::string_view, 2> kKeys{"name", "until"};

constexpr bool is_blank(char c) { return c == ' ' || c == '\t'; }

// Walks the tokens of a line; ends at the comment.
class Tokens {
 public:
  explicit Tokens(std::string_view line) : line_(line) {}

  std::string_view next() {
    std::size_t begin = at_;
    while (begin < line_.size() && is_blank(line_[begin])) ++begin;
    if (begin == line_.size() || line_[begin] == '#') return {};
    at_ = begin;
    while (at_ < line_.size() && !is_blank(line_[at_])) ++at_;
    return line_.substr(begin, at_ - begin);
  }

  std::size_t offset_of(std::string_view part) const {
    return static_cast<std::size_t>(part.data() - line_.data());
  }
  std::size_t position() const { return at_; }  // behind the last token
  std::string_view rest() const { return line_.substr(at_); }

 private:
  std::string_view line_;
  std::size_t at_ = 0;
};

Scanned<ParsedPrefix> scan_cidr(std::string_view token) {
  if (const std::size_t comma = token.find(','); comma != std::string_view::npos) {
    return flaw(comma, "unexpected character ',': write one entry a line");
  }
  auto prefix = scan_prefix(token);
  if (!prefix && token == "allow") {
    return flaw(0, "'allow' is not written: a line without 'except' allows");
  }
  return prefix;
}

Scanned<Entry> set_name(Entry entry, std::string_view token, std::string_view value) {
  if (!entry.name_token.empty()) return flaw(0, "key 'name' stands twice");
  const auto name = scan_name(value);
  if (!name) return flaw_in(token.size() - value.size(), name.error());
  entry.name = *name;
  entry.name_token = token;
  return entry;
}

Scanned<Entry> set_until(Entry entry, std::string_view token, std::string_view value) {
  if (!entry.until_token.empty()) return flaw(0, "key 'until' stands twice");
  const auto until = parse_timestamp(value);
  if (!until) return flaw(token.size() - value.size(), until.error().message);
  entry.until = *until;
  entry.until_token = token;
  return entry;
}

Scanned<Entry> set_option(const Entry& entry, std::string_view token) {
  const std::size_t equals = token.find('=');
  const std::string_view key = token.substr(0, equals);
  const bool known = key == "name" || key == "until";
  if (equals == std::string_view::npos) {
    if (known) return flaw(0, fmt::format("key '{}' has no value: write {}=VALUE", key, key));
    return flaw(0, fmt::format("unexpected {}: an entry is [except] CIDR [name=NAME] [until=TIME]",
                               quote(token)));
  }
  if (!known) return flaw(0, fmt::format("unknown key {}{}", quote(key), suggest(key, kKeys)));
  const std::string_view value = token.substr(equals + 1);
  if (value.empty()) {
    return flaw(equals + 1, fmt::format("key '{}' has no value: write {}=VALUE", key, key));
  }
  return key == "name" ? set_name(entry, token, value) : set_until(entry, token, value);
}

// A '#' glued to a token may be what is left of a longer one.
Scanned<std::string_view> without_hash(std::string_view token) {
  const std::size_t hash = token.find('#');
  if (hash == std::string_view::npos) return token;
  return flaw(hash, "a comment begins with a space in front of its '#'");
}

Scanned<Entry> scan_options(Entry entry, Tokens tokens) {
  while (true) {
    const std::string_view token = tokens.next();
    if (token.empty()) break;
    const std::size_t at = tokens.offset_of(token);
    if (const auto whole = without_hash(token); !whole) return flaw_in(at, whole.error());
    auto next = set_option(entry, token);
    if (!next) return flaw_in(at, next.error());
    entry = *next;
  }
  entry.tail = tokens.rest();
  return entry;
}

}  // namespace

Scanned<std::optional<Entry>> scan_line(std::string_view line) {
  Tokens tokens(line);
  std::string_view token = tokens.next();
  if (token.empty()) return std::nullopt;

  Entry entry;
  if (token == "except") {
    entry.kind = Kind::kExcept;
    token = tokens.next();
    if (token.empty()) return flaw(tokens.position(), "an address is missing behind 'except'");
  }
  const std::size_t at = tokens.offset_of(token);
  if (const auto whole = without_hash(token); !whole) return flaw_in(at, whole.error());
  const auto prefix = scan_cidr(token);
  if (!prefix) return flaw_in(at, prefix.error());
  entry.parsed = *prefix;
  entry.cidr = token;
  auto scanned = scan_options(entry, tokens);
  if (!scanned) return tl::unexpected<Flaw>(scanned.error());
  return *scanned;
}

}  // namespace apiguard
