// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/host/undone.hpp"

#include <algorithm>
#include <cerrno>
#include <optional>
#include <string_view>

#include <fmt/format.h>

#include "loader/base/line_reader.hpp"
#include "loader/base/sha256.hpp"
#include "loader/host/expendable_file.hpp"
#include "loader/host/files.hpp"

namespace apiguard {
namespace {

constexpr std::size_t kKept = 100;
constexpr std::size_t kDigest = 64;

std::string path_of(const std::string& state_dir) { return state_dir + "/undone"; }

std::string plain(std::string name) {
  std::replace_if(
      name.begin(), name.end(), [](char c) { return c < ' ' || c > '~'; }, '?');
  return name;
}

std::vector<const SourceFile*> files_of(const Sources& sources) {
  std::vector<const SourceFile*> files{&sources.config, &sources.ranges};
  for (const SourceFile& file : sources.drop_ins) files.push_back(&file);
  return files;
}

bool holds(const Sources& sources, const SourceFile& file) {
  const auto files = files_of(sources);
  return std::any_of(files.begin(), files.end(),
                     [&](const SourceFile* each) { return *each == file; });
}

bool is_digest(std::string_view text) {
  return text.size() == kDigest &&
         text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

std::optional<UndoneFile> parse_line(std::string_view line) {
  UndoneFile file;
  file.digest = take_word(line);
  if (!is_digest(file.digest) || !take_number(line, file.generation) || line.empty())
    return std::nullopt;
  file.name = line;
  return file;
}

Result<> write(const std::string& state_dir, const std::vector<UndoneFile>& files) {
  std::string text;
  const std::size_t from = files.size() > kKept ? files.size() - kKept : 0;
  for (std::size_t i = from; i < files.size(); ++i)
    text += fmt::format("{} {} {}\n", files[i].digest, files[i].generation, files[i].name);
  const auto written = write_expendable_file(path_of(state_dir), text);
  return written ? Result<>() : Result<>(fail(written.error()));
}

}  // namespace

Result<std::vector<UndoneFile>> read_undone(const std::string& state_dir) {
  std::vector<UndoneFile> files;
  const auto text = read_text(path_of(state_dir));
  if (!text && text.error().os_error == ENOENT) return files;
  if (!text) return fail(text.error());
  std::string_view left = *text;
  while (!left.empty()) {
    const auto line = take_line(left);
    auto file = line ? parse_line(*line) : std::nullopt;
    if (!file)
      return fail(Exit::kFailed,
                  fmt::format("file '{}': read: line {} is damaged: undone changes are not known",
                              path_of(state_dir), files.size() + 1));
    files.push_back(std::move(*file));
  }
  return files;
}

Result<> add_undone(const std::string& state_dir, std::uint64_t generation, const Sources& sources,
                    const Sources& before) {
  auto files = read_undone(state_dir).value_or(std::vector<UndoneFile>());
  for (const SourceFile* file : files_of(sources)) {
    if (!file->present || holds(before, *file)) continue;
    UndoneFile undone{sha256_hex(file->text), generation, plain(file->name)};
    std::erase_if(files, [&](const UndoneFile& each) {
      return each.digest == undone.digest && each.name == undone.name;
    });
    files.push_back(std::move(undone));
  }
  return write(state_dir, files);
}

Result<> forget_undone(const std::string& state_dir, const Sources& sources) {
  auto files = read_undone(state_dir);
  if (!files) return fail(files.error());
  if (files->empty()) return {};
  const auto published = find_undone(*files, sources, {});
  const auto is_published = [&](const UndoneFile& file) {
    return std::find(published.begin(), published.end(), file) != published.end();
  };
  if (std::erase_if(*files, is_published) == 0) return {};
  return write(state_dir, *files);
}

std::vector<UndoneFile> find_undone(const std::vector<UndoneFile>& undone, const Sources& sources,
                                    const Sources& in_force) {
  std::vector<UndoneFile> found;
  if (undone.empty()) return found;  // no file is digested for nothing
  for (const SourceFile* file : files_of(sources)) {
    if (!file->present || holds(in_force, *file)) continue;
    const std::string digest = sha256_hex(file->text);
    const std::string name = plain(file->name);
    const auto match = std::find_if(undone.rbegin(), undone.rend(), [&](const UndoneFile& each) {
      return each.digest == digest && each.name == name;
    });
    if (match != undone.rend()) found.push_back(*match);
  }
  return found;
}

}  // namespace apiguard
