// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/policy/line.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "loader/base/utf8.hpp"
#include "loader/policy/spelling.hpp"
#include "loader/policy/text.hpp"

namespace apiguard {
namespace {

constexpr std::array<std::string_view, 4> kKeys{"name", "until", "why", "review"};

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

  // behind the last token
  std::size_t position() const { return at_; }
  std::string_view rest() const { return line_.substr(at_); }

 private:
  std::string_view line_;
  std::size_t at_ = 0;
};

Scanned<ParsedPrefix> scan_cidr(std::string_view token) {
  if (const std::size_t comma = token.find(','); comma != std::string_view::npos) {
    return flaw(comma, "unexpected character ',': write one entry per line");
  }
  auto prefix = scan_prefix(token);
  if (!prefix && token == "allow") {
    return flaw(0, "leave out 'allow': a line without 'except' allows");
  }
  if (!prefix && (token == "deny" || token == "drop" || token == "block")) {
    return flaw(0, fmt::format("{} is no keyword: sources that are not listed are dropped; "
                               "'except' excludes a part of a wider range",
                               quote(token)));
  }
  if (!prefix && token.starts_with('!'))
    return flaw(0, "unexpected '!': 'except CIDR' excludes a part of a wider range");
  if (!prefix && (token.starts_with('"') || token.starts_with('\'')))
    return flaw(0, fmt::format("unexpected quotes around {}: write the range alone", token));
  return prefix;
}

// A '#' glued to a token may be what is left of a longer one.
Scanned<void> check_hash(std::string_view token) {
  const std::size_t hash = token.find('#');
  if (hash == std::string_view::npos) return {};
  return flaw(hash, "a comment needs a space before its '#'");
}

tl::unexpected<Flaw> no_value(std::size_t offset, std::string_view key) {
  return flaw(offset, fmt::format("key '{}' has no value: write {}=VALUE", key, key));
}

// Keys of other lists. Of others: what is spelt alike.
std::string meant_by(std::string_view key) {
  if (key == "comment" || key == "reason" || key == "ticket" || key == "note")
    return ": write why=TICKET, or a comment behind ' # '";
  if (key == "for" || key == "ttl" || key == "timeout" || key == "expires")
    return ": write until=TIME, as in until=2026-12-01T08:00:00Z";
  return suggest(key, kKeys);
}

// Fills one entry, token by token.
class EntryReader {
 public:
  explicit EntryReader(std::string_view line) : tokens_(line) {}

  Scanned<std::optional<Entry>> read();

 private:
  Scanned<void> read_cidr(std::string_view token);
  Scanned<void> read_option(std::string_view token);
  Scanned<void> set_name(std::string_view token, std::string_view value);
  Scanned<void> set_until(std::string_view token, std::string_view value);
  Scanned<void> set_why(std::string_view token, std::string_view value);
  Scanned<void> set_review(std::string_view token, std::string_view value);

  Tokens tokens_;
  Entry entry_;
};

Scanned<std::optional<Entry>> EntryReader::read() {
  std::string_view token = tokens_.next();
  if (token.empty()) return std::nullopt;
  if (token == "except") {
    entry_.kind = Kind::kExcept;
    token = tokens_.next();
    if (token.empty()) return flaw(tokens_.position(), "an address is missing after 'except'");
  }
  auto done = read_cidr(token);
  while (done && !(token = tokens_.next()).empty()) done = read_option(token);
  if (!done) return flaw_in(tokens_.position() - token.size(), done.error());
  entry_.tail = tokens_.rest();
  return entry_;
}

Scanned<void> EntryReader::read_cidr(std::string_view token) {
  if (auto whole = check_hash(token); !whole) return whole;
  const auto prefix = scan_cidr(token);
  if (!prefix) return tl::unexpected<Flaw>(prefix.error());
  entry_.parsed = *prefix;
  entry_.cidr = token;
  return {};
}

Scanned<void> EntryReader::read_option(std::string_view token) {
  if (auto whole = check_hash(token); !whole) return whole;
  const std::size_t equals = token.find('=');
  const std::string_view key = token.substr(0, equals);
  const bool known = std::find(kKeys.begin(), kKeys.end(), key) != kKeys.end();
  if (equals == std::string_view::npos) {
    if (known) return no_value(0, key);
    return flaw(0, fmt::format("unexpected {}: an entry is [except] CIDR [name=NAME] [until=TIME] "
                               "[why=TICKET] [review=DATE]",
                               quote(token)));
  }
  if (!known) return flaw(0, fmt::format("unknown key {}{}", quote(key), meant_by(key)));
  const std::string_view value = token.substr(equals + 1);
  if (value.empty()) return no_value(equals + 1, key);
  if (key == "name") return set_name(token, value);
  if (key == "until") return set_until(token, value);
  return key == "why" ? set_why(token, value) : set_review(token, value);
}

Scanned<void> EntryReader::set_name(std::string_view token, std::string_view value) {
  if (!entry_.name_token.empty()) return flaw(0, "key 'name' is given twice");
  const auto name = scan_name(value);
  if (!name) return flaw_in(token.size() - value.size(), name.error());
  entry_.name = *name;
  entry_.name_token = token;
  return {};
}

Scanned<void> EntryReader::set_until(std::string_view token, std::string_view value) {
  if (!entry_.until_token.empty()) return flaw(0, "key 'until' is given twice");
  const auto until = parse_timestamp(value);
  if (!until) return flaw(token.size() - value.size(), until.error().message);
  entry_.until = *until;
  entry_.until_token = token;
  return {};
}

Scanned<void> EntryReader::set_why(std::string_view token, std::string_view value) {
  if (!entry_.why.empty()) return flaw(0, "key 'why' is given twice");
  const auto why = scan_why(value);
  if (!why) return flaw_in(token.size() - value.size(), why.error());
  entry_.why = *why;
  return {};
}

Scanned<void> EntryReader::set_review(std::string_view token, std::string_view value) {
  if (entry_.review) return flaw(0, "key 'review' is given twice");
  const auto day = scan_date(value);
  if (!day) return flaw_in(token.size() - value.size(), day.error());
  entry_.review = *day;
  return {};
}

}  // namespace

Scanned<std::optional<Entry>> scan_line(std::string_view line) { return EntryReader(line).read(); }

}  // namespace apiguard
