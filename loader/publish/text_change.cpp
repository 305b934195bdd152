// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/publish/text_change.hpp"

#include <cerrno>
#include <optional>

#include <fmt/format.h>

#include "loader/base/capabilities.hpp"
#include "loader/base/paths.hpp"

namespace apiguard::publish {
namespace {

Result<Replacement> prepare_file(const std::string& path, const std::optional<std::string>& text) {
  if (!text) return Replacement::removal(path);
  const capabilities::Raised raised(capabilities::kAnyFile);
  // The folder of drop-ins may not be there yet.
  if (auto made = make_directory(folder_of(path), 0755); !made) return fail(made.error());
  return Replacement::prepare(path, *text);
}

Result<> check_text(const std::string& path, const std::optional<std::string>& wanted) {
  const auto text = read_if_there(path);
  if (!text) return fail(text.error());
  if (*text == wanted) return {};
  return fail(Exit::kFailed,
              fmt::format("file '{}': read again: it does not hold what was written", path));
}

std::optional<std::string> before_of(const FileEdit& edit) {
  return edit.existed ? std::optional(edit.before) : std::nullopt;
}

// Nobody who edits the file holds our lock: what was saved since the verb read it is not ours to
// overwrite.
Result<> check_before(const FileEdit& edit) {
  const auto current = read_if_there(edit.path);
  if (!current) return fail(current.error());
  if (*current == before_of(edit) || *current == edit.after) return {};
  return fail(Exit::kFailed,
              fmt::format("file '{}': was edited meanwhile: left as it is; try again", edit.path));
}

}  // namespace

Result<> TextChange::prepare(const FileEdit& edit) {
  auto prepared = prepare_file(edit.path, edit.after);
  if (!prepared) return fail(prepared.error());
  parts_.push_back({edit, std::move(*prepared), false});
  return {};
}

Result<> TextChange::commit() {
  for (Part& part : parts_) {
    if (auto same = check_before(part.edit); !same) return same;
    // Also where it fails: the new text may be in place although the folder could not be synced.
    part.in_place = true;
    if (auto committed = part.replacement.commit(); !committed) return committed;
  }
  return {};
}

Result<> TextChange::verify() const {
  for (const Part& part : parts_) {
    if (!part.in_place) continue;
    if (auto right = check_text(part.edit.path, part.edit.after); !right) return right;
  }
  return {};
}

std::vector<std::string> TextChange::put_back() {
  std::vector<std::string> left;
  for (Part& part : parts_) {
    if (!part.in_place) continue;
    const auto current = read_if_there(part.edit.path);
    const auto before = before_of(part.edit);
    if (current && *current == before) continue;
    if (!current || *current != part.edit.after) {
      left.push_back(fmt::format("file '{}': was edited meanwhile: left as it is", part.edit.path));
      continue;
    }
    if (auto brought = bring_file(part.edit.path, before); !brought)
      left.push_back(brought.error().message);
  }
  parts_.clear();
  return left;
}

Result<> bring_file(const std::string& path, const std::optional<std::string>& text) {
  auto prepared = prepare_file(path, text);
  if (!prepared) return fail(prepared.error());
  if (auto committed = prepared->commit(); !committed) return committed;
  return check_text(path, text);
}

Result<std::optional<std::string>> read_if_there(const std::string& path) {
  const capabilities::Raised raised(capabilities::kAnyFile);
  auto text = read_text(path);
  if (text) return std::optional(std::move(*text));
  if (text.error().os_error == ENOENT) return std::optional<std::string>();
  return fail(text.error());
}

std::string path_of(const Host& host, const std::string& name) {
  return name == kConfigName ? host.config : beside(host.config, name);
}

}  // namespace apiguard::publish
