// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/propose/yaml.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>

#include "loader/propose/lines.hpp"
#include "loader/propose/scalar.hpp"

namespace apiguard::propose {
namespace {

using Children = std::span<const Line>;

// Lines below a key, from `at`: what is indented, and items that stand in the column of their key.
std::size_t end_of_children(const std::vector<Line>& lines, std::size_t at, bool may_be_list) {
  while (at < lines.size() &&
         (lines[at].blank() || lines[at].indented() || (may_be_list && lines[at].is_item()))) {
    ++at;
  }
  return at;
}

bool all_blank(Children children) {
  return std::all_of(children.begin(), children.end(),
                     [](const Line& line) { return line.blank(); });
}

Read<std::vector<std::string>> read_items(Children children) {
  std::vector<std::string> values;
  const Line* first = nullptr;
  for (const Line& line : children) {
    if (line.blank()) continue;
    if (first == nullptr) first = &line;
    if (!line.is_item() || line.indent != first->indent) {
      return tl::unexpected(fmt::format("line {} is not an item of a plain list", line.number));
    }
    auto value = read_scalar(without_comment(line.text.substr(1)));
    if (!value) return tl::unexpected(fmt::format("line {}: {}", line.number, value.error()));
    values.push_back(*std::move(value));
  }
  return values;
}

Read<std::vector<std::string>> read_value(std::string_view value, Children children) {
  if (value.empty()) return read_items(children);
  if (!all_blank(children)) return tl::unexpected(std::string("a value of several lines"));
  if (value.front() == '[') return read_flow_list(value);
  auto scalar = read_scalar(value);
  if (!scalar) return tl::unexpected(scalar.error());
  return std::vector<std::string>{*std::move(scalar)};
}

class MappingReader {
 public:
  MappingReader(std::vector<Line> lines, std::span<const std::string_view> wanted)
      : lines_(std::move(lines)), wanted_(wanted) {}

  Mapping read() {
    while (at_ < lines_.size() && !at_end()) read_line();
    return std::move(mapping_);
  }

 private:
  // One document is read: what follows it is another file's business.
  bool at_end() {
    const Line& line = lines_[at_];
    if (line.indented()) return false;
    if (line.text == "...") return true;
    if (line.text != "---" && !line.text.starts_with("--- ")) return false;
    if (!begun_) return false;
    unread(line, "a second document");
    return true;
  }

  void read_line() {
    const Line& line = lines_[at_++];
    if (line.blank() || (!begun_ && (line.text == "---" || line.text.starts_with('%')))) return;
    begun_ = true;
    if (line.indented()) return unread(line, "indented, but below nothing");
    auto key = read_key(line.text);
    if (!key) return unread(line, key.error());
    const std::size_t end = end_of_children(lines_, at_, key->value.empty());
    const Children children = std::span(lines_).subspan(at_, end - at_);
    at_ = end;
    take(line, *key, children);
  }

  void take(const Line& line, const KeyValue& key, Children children) {
    std::string_view name = key.key;
    if (name.ends_with('+')) name.remove_suffix(1);
    if (std::find(wanted_.begin(), wanted_.end(), name) == wanted_.end()) return;
    auto values = read_value(key.value, children);
    if (!values) {
      mapping_.unread_keys.push_back(key.key);
      return unread(line, fmt::format("key '{}': {}", key.key, values.error()));
    }
    mapping_.entries.push_back({key.key, *std::move(values)});
  }

  void unread(const Line& line, std::string_view reason) {
    mapping_.unread.push_back(fmt::format("line {}: {}", line.number, reason));
  }

  std::vector<Line> lines_;
  std::span<const std::string_view> wanted_;
  std::size_t at_ = 0;
  bool begun_ = false;
  Mapping mapping_;
};

// ---- containers of a manifest

// One element of the list of containers, as a text of its own.
struct Container {
  std::size_t first_line = 1;
  std::string text;
};

bool is_containers_key(const Line& line) { return without_comment(line.text) == "containers:"; }

void add_line(Container& container, std::size_t column, const Line& line) {
  container.text.append(line.indent > column ? line.indent - column : 0, ' ');
  container.text.append(line.text).append("\n");
}

// The dash of an element stands at `indent`, what belongs to the element in one column behind it.
std::vector<Container> split_containers(Children below, std::size_t indent) {
  std::vector<Container> containers;
  std::size_t column = indent + 2;
  for (const Line& line : below) {
    const bool starts = line.indent == indent && line.is_item();
    if (!line.blank() && !starts && line.indent <= indent) break;
    if (starts) {
      const std::size_t gap = std::min(line.text.find_first_not_of(' ', 1), line.text.size());
      column = indent + gap;
      containers.push_back({line.number, std::string(line.text.substr(gap)) + "\n"});
    } else if (!containers.empty()) {
      add_line(containers.back(), column, line);
    }
  }
  return containers;
}

std::vector<Container> find_containers(const std::vector<Line>& lines) {
  const auto key = std::find_if(lines.begin(), lines.end(), is_containers_key);
  if (key == lines.end()) return {};
  const Children below(key + 1, lines.end());
  const auto first =
      std::find_if(below.begin(), below.end(), [](const Line& line) { return !line.blank(); });
  if (first == below.end() || !first->is_item() || first->indent < key->indent) return {};
  return split_containers(below, first->indent);
}

std::string_view program_of(const std::vector<std::string>& words) {
  if (words.empty()) return "";
  const std::string_view path = words.front();
  return path.substr(path.rfind('/') + 1);
}

// "command" and "args" in this order, whichever stands first.
Command command_of(const Container& container) {
  constexpr std::array<std::string_view, 2> kWanted = {"command", "args"};
  Mapping mapping = read_mapping(container.text, kWanted, container.first_line);
  Command command{{}, std::move(mapping.unread)};
  for (const std::string_view key : kWanted) {
    for (const Entry& entry : mapping.entries) {
      if (entry.key == key) {
        command.words.insert(command.words.end(), entry.values.begin(), entry.values.end());
      }
    }
  }
  return command;
}

}  // namespace

Mapping read_mapping(std::string_view text, std::span<const std::string_view> wanted,
                     std::size_t first_line) {
  constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  return MappingReader(split_lines(text, first_line), wanted).read();
}

Command read_manifest(std::string_view text, std::string_view program) {
  Command none;
  for (const Container& container : find_containers(split_lines(text))) {
    Command command = command_of(container);
    if (program_of(command.words) == program) return command;
    none.unread.insert(none.unread.end(), command.unread.begin(), command.unread.end());
  }
  none.unread.push_back(
      fmt::format("no container that runs '{}' in a list of 'containers:'", program));
  return none;
}

}  // namespace apiguard::propose
