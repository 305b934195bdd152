// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/host/marks.hpp"

#include <algorithm>
#include <set>
#include <sstream>

#include "loader/disbelief.hpp"
#include "loader/host/files.hpp"

namespace apiguard {
namespace {

std::string mark_path(const std::string& run_dir) { return run_dir + "/detached"; }

}  // namespace

Result<> add_detached(const std::string& run_dir, const std::vector<std::string>& interfaces) {
  std::set<std::string> names = read_detached(run_dir);
  names.insert(interfaces.begin(), interfaces.end());
  std::string text;
  for (const std::string& name : names) text += name + "\n";
  return replace_snapshot(mark_path(run_dir), text);
}

std::set<std::string> read_detached(const std::string& run_dir) {
  std::set<std::string> names;
  std::istringstream lines(read_text(mark_path(run_dir)).value_or(std::string()));
  for (std::string name; std::getline(lines, name);) names.insert(name);
  return names;
}

Result<> clear_detached(const std::string& run_dir) {
  if (disbelief::find(run_dir) != nullptr) return {};
  return remove_file(mark_path(run_dir));
}

void remove_stale_marks(const std::string& run_dir) { remove_leftovers(run_dir, ".detached."); }

}  // namespace apiguard
