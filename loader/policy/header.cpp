// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The header of a drop-in: comment lines `#key value` in front of the first entry. A key that is
// not known is refused, because a misspelt one would silently be a comment.
#include <array>

#include <fmt/format.h>

#include "loader/base/duration.hpp"
#include "loader/base/utf8.hpp"
#include "loader/policy/draft.hpp"
#include "loader/policy/spelling.hpp"

namespace apiguard {
namespace {

constexpr std::string_view kLapse = "lapse";
constexpr std::array<std::string_view, 1> kKeys{kLapse};
constexpr std::string_view kBlanks = " \t";

constexpr bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

constexpr bool is_of_a_key(char c) { return is_letter(c) || is_digit(c) || c == '-' || c == '_'; }

// `#key value`; the value is empty if there is none. The views point into the line.
struct Header {
  std::string_view key;
  std::string_view value;
};

// Nothing if no key stands behind the '#'. An entry that was made a comment has none, nor has
// `#key=value`, except where the key is one of ours.
std::optional<Header> scan_header(std::string_view line) {
  if (line.size() < 2 || line[0] != '#' || !is_letter(line[1])) return std::nullopt;
  std::size_t end = 2;
  while (end < line.size() && is_of_a_key(line[end])) ++end;
  const std::string_view key = line.substr(1, end - 1);
  if (end < line.size() && kBlanks.find(line[end]) == std::string_view::npos) {
    return key == kLapse ? std::optional(Header{key, {}}) : std::nullopt;
  }
  const std::size_t begin = line.find_first_not_of(kBlanks, end);
  if (begin == std::string_view::npos) {
    return key == kLapse ? std::optional(Header{key, {}}) : std::nullopt;
  }
  return Header{key, line.substr(begin, line.find_last_not_of(kBlanks) + 1 - begin)};
}

bool is_drop_in(const SourceFile& file) { return file.name.ends_with(".list"); }

class HeaderReader {
 public:
  HeaderReader(const SourceFile& file, Draft& draft) : file_(file), draft_(draft) {}

  void read(const Header& header);

 private:
  void read_lapse(const Header& header);
  // Of what was published before nothing is refused.
  void error(std::string_view at, std::string_view message) {
    if (!draft_.options.lint) return;
    const auto offset = static_cast<std::size_t>(at.data() - file_.text.data());
    draft_.diagnostics.error(file_, offset, message);
  }

  const SourceFile& file_;
  Draft& draft_;
};

void HeaderReader::read(const Header& header) {
  if (header.key == kLapse) return read_lapse(header);
  if (!is_drop_in(file_)) return;
  error(header.key,
        fmt::format("unknown key {} (before the first entry a comment begins with '# '){}",
                    quote(header.key), suggest(header.key, kKeys)));
}

void HeaderReader::read_lapse(const Header& header) {
  if (!is_drop_in(file_)) {
    return error(header.key, "key 'lapse': only files in authorized-ranges.d lapse");
  }
  if (header.value.empty()) {
    return error(header.key, "key 'lapse' has no value: write it as in '#lapse 24h'");
  }
  const auto span = parse_span(header.value);
  if (!span) return error(header.value, fmt::format("key 'lapse': {}", span.error().message));
  if (!draft_.policy.lapses.emplace(file_.name, *span).second)
    error(header.key, "key 'lapse' is given twice");
}

// The views would outlive a text that is made for the call.
std::optional<Header> scan_header(std::string&& line) = delete;

// A comment that was meant as a header: `# lapse 24h`, or one behind the first entry.
bool reads_like_lapse(std::string_view line) {
  const std::size_t hash = line.find_first_not_of(kBlanks);
  if (hash == std::string_view::npos) return false;
  const std::size_t word = line.find_first_not_of(kBlanks, hash + 1);
  if (word == std::string_view::npos) return false;
  const std::string meant = fmt::format("#{}", line.substr(word));
  const auto header = scan_header(meant);
  return header && header->key == kLapse && parse_span(header->value).has_value();
}

}  // namespace

void read_header(const SourceFile& file, std::string_view line, bool before_first_entry,
                 Draft& draft) {
  if (before_first_entry) {
    if (const auto header = scan_header(line)) return HeaderReader(file, draft).read(*header);
  }
  if (!draft.options.lint || !is_drop_in(file) || !reads_like_lapse(line)) return;
  const auto offset = static_cast<std::size_t>(line.data() - file.text.data());
  draft.diagnostics.warn(Warning::kNoHeader, file, offset, [] {
    return std::string(
        "this is a comment: the header '#lapse' belongs before the first entry, without a space "
        "around its '#'");
  });
}

}  // namespace apiguard
