// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/host/marks.hpp"

#include <unistd.h>

#include <algorithm>
#include <set>
#include <sstream>

#include <fmt/format.h>

#include "loader/disbelief.hpp"
#include "loader/fence.hpp"
#include "loader/host/files.hpp"
#include "loader/host/kept_file.hpp"

namespace apiguard {
namespace {

std::string mark_path(const std::string& run_dir) { return run_dir + "/detached"; }

}  // namespace

Result<> add_detached(const std::string& run_dir, const std::vector<std::string>& interfaces) {
  std::set<std::string> names = read_detached(run_dir);
  names.insert(interfaces.begin(), interfaces.end());
  std::string text;
  for (const std::string& name : names) text += name + "\n";
  if (auto ours = fence::check(); !ours) return ours;
  return replace_snapshot(mark_path(run_dir), text);
}

std::set<std::string> read_detached(const std::string& run_dir) {
  std::set<std::string> names;
  // That of another owner is none.
  const auto text = read_kept_file(mark_path(run_dir)).value_or(std::nullopt);
  std::istringstream lines(text.value_or(std::string()));
  for (std::string name; std::getline(lines, name);) names.insert(name);
  return names;
}

Result<> clear_detached(const std::string& run_dir) {
  if (disbelief::find(run_dir) != nullptr) return {};
  return remove_file(mark_path(run_dir));
}

// Also what a verb that was overtaken is about to rename.
void remove_stale_marks(const std::string& run_dir) {
  remove_leftovers(run_dir, ".detached.");
  for (const std::string& name : list_directory(run_dir).value_or(std::vector<std::string>())) {
    if (name.starts_with(".detached.apiguard-"))
      unlink(fmt::format("{}/{}", run_dir, name).c_str());
  }
}

}  // namespace apiguard
