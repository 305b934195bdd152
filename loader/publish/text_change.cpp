// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/publish/text_change.hpp"

#include <fmt/format.h>

#include "loader/publish/operator_files.hpp"

namespace apiguard::publish {
namespace {

FileText before_of(const FileEdit& edit) {
  return edit.existed ? FileText(edit.before) : FileText();
}

// Nobody who edits the file holds our lock: what was saved since the verb read it is not ours to
// overwrite.
Result<> check_before(const FileEdit& edit) {
  const auto current = read_if_there(edit.path);
  if (!current) return fail(current.error());
  if (*current == before_of(edit) || *current == edit.after) return {};
  return fail(
      Exit::kFailed,
      fmt::format("file '{}': was edited during the change: left as it is; try again", edit.path));
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
    if (auto right = check_file(part.edit.path, part.edit.after); !right) return right;
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
      left.push_back(
          fmt::format("file '{}': was edited during the change: left as it is", part.edit.path));
      continue;
    }
    if (auto brought = bring_file(part.edit.path, before); !brought)
      left.push_back(brought.error().message);
  }
  parts_.clear();
  return left;
}

}  // namespace apiguard::publish
