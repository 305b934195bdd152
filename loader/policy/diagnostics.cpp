// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/policy/diagnostics.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "loader/base/utf8.hpp"

namespace apiguard {
namespace {

constexpr std::size_t kKept = 10;
constexpr std::size_t kMaxFileSize = std::size_t{256} << 20;

// A line is shown whole up to this many code points, otherwise the part around the caret.
constexpr std::size_t kMaxShown = 120;
constexpr std::size_t kShownBefore = 60;

// Plural, for the count behind the tenth.
constexpr std::array<std::string_view, static_cast<std::size_t>(Warning::kCount)> kWarningNames{
    "entries with host bits",
    "comments that read like a header",
    "repeated settings",
    "entries that are both allow and except",
    "repeated entries",
    "entries that never decide",
    "entries that are already covered",
    "entries beside a private range",
    "entries that allow a whole family",
    "entries that match nothing",
};

std::size_t line_begin(std::string_view text, std::size_t offset) {
  const std::size_t newline = offset == 0 ? std::string_view::npos : text.rfind('\n', offset - 1);
  return newline == std::string_view::npos ? 0 : newline + 1;
}

std::string_view line_at(std::string_view text, std::size_t begin) {
  return text.substr(begin, text.find('\n', begin) - begin);
}

std::size_t count_code_points(std::string_view text) {
  std::size_t count = 0;
  for (std::size_t at = 0; at < text.size(); at += decode(text, at).size) ++count;
  return count;
}

// The offending line and a caret below `column` (from 0), both indented. Tabs stay tabs in both, so
// that the caret stands right however wide they are.
std::string excerpt(std::string_view line, std::size_t column) {
  const std::size_t first = column > kMaxShown - 20 ? column - kShownBefore : 0;
  std::string shown = first > 0 ? "  ..." : "  ";
  std::string caret(shown.size(), ' ');
  std::size_t index = 0;
  for (std::size_t at = 0; at < line.size(); ++index) {
    const CodePoint point = decode(line, at);
    if (index == first + kMaxShown) {
      shown += "...";
      break;
    }
    if (index >= first) {
      const bool tab = point.value == '\t';
      shown += tab || is_printable(point) ? line.substr(at, point.size) : "?";
      if (index < column) caret += tab ? '\t' : ' ';
    }
    at += point.size;
  }
  return shown + '\n' + caret + '^';
}

std::string join(const std::vector<std::string>& texts) {
  return fmt::format("{}", fmt::join(texts, "\n"));
}

}  // namespace

std::string Diagnostics::position(const SourceFile& file, std::size_t offset) {
  if (mark_.file != &file || mark_.offset > offset) mark_ = {&file, 0, 1};
  const auto* text = file.text.data();
  mark_.line += static_cast<std::size_t>(std::count(text + mark_.offset, text + offset, '\n'));
  mark_.offset = offset;
  const std::size_t begin = line_begin(file.text, offset);
  const std::size_t column =
      count_code_points(std::string_view(file.text).substr(begin, offset - begin));
  return fmt::format("{}:{}:{}", file.path, mark_.line, column + 1);
}

void Diagnostics::error(const SourceFile& file, std::size_t offset, std::string_view message) {
  if (++errors_.count > kKept) return;
  const std::size_t begin = line_begin(file.text, offset);
  const std::string_view line = line_at(file.text, begin);
  const std::size_t column = count_code_points(line.substr(0, offset - begin));
  errors_.kept.push_back(
      fmt::format("{}: {}\n{}", position(file, offset), message, excerpt(line, column)));
}

void Diagnostics::error(const SourceFile& file, std::string_view message) {
  if (++errors_.count > kKept) return;
  errors_.kept.push_back(fmt::format("{}: {}", file.path, message));
}

void Diagnostics::warn(Warning kind, const SourceFile& file, std::size_t offset,
                       const std::function<std::string()>& message) {
  Texts& texts = warnings_[static_cast<std::size_t>(kind)];
  if (++texts.count > kKept) return;
  texts.kept.push_back(fmt::format("{}: {}", position(file, offset), message()));
}

Error Diagnostics::to_error() const {
  std::string message = join(errors_.kept);
  if (const std::size_t more = errors_.count - errors_.kept.size(); more > 0) {
    message += fmt::format("\n... and {} more error{}", more, more == 1 ? "" : "s");
  }
  return Error{std::move(message), Exit::kBadFile};
}

std::vector<std::string> Diagnostics::warnings() const {
  std::vector<std::string> out;
  for (std::size_t kind = 0; kind < warnings_.size(); ++kind) {
    const Texts& texts = warnings_[kind];
    out.insert(out.end(), texts.kept.begin(), texts.kept.end());
    if (const std::size_t more = texts.count - texts.kept.size(); more > 0) {
      out.push_back(fmt::format("... and {} more: {}", more, kWarningNames[kind]));
    }
  }
  return out;
}

bool check_encoding(const SourceFile& file, Diagnostics& diagnostics) {
  const std::string_view text = file.text;
  if (text.size() > kMaxFileSize) {
    diagnostics.error(file, "larger than 256 MiB");
    return false;
  }
  bool clean = true;
  const auto refuse = [&](std::size_t offset, std::string_view message) {
    if (offset == std::string_view::npos) return;
    diagnostics.error(file, offset, message);
    clean = false;
  };
  refuse(text.substr(0, 3) == "\xEF\xBB\xBF" ? 0 : std::string_view::npos,
         "byte order mark (BOM): save the file as UTF-8 without it");
  refuse(text.find('\0'), "NUL byte: this is not a text file");
  refuse(text.find('\r'),
         R"(carriage return (CR): lines end in LF only; 'sed -i "s/\r//" FILE' removes it)");
  refuse(first_invalid_byte(text), "not UTF-8");
  return clean;
}

}  // namespace apiguard
