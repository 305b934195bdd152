// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/host/marks.hpp"

#include <unistd.h>

#include <algorithm>
#include <set>
#include <sstream>

#include "loader/host/files.hpp"

namespace apiguard {
namespace {

std::string mark_path(const std::string& run_dir) { return run_dir + "/detached"; }

}  // namespace

Result<> add_detached(const std::string& run_dir, const std::vector<std::string>& interfaces) {
  std::set<std::string> names(interfaces.begin(), interfaces.end());
  std::istringstream before(read_text(mark_path(run_dir)).value_or(std::string()));
  for (std::string name; std::getline(before, name);) names.insert(name);
  std::string text;
  for (const std::string& name : names) text += name + "\n";
  auto replacement = Replacement::prepare(mark_path(run_dir), text);
  return replacement ? replacement->commit() : Result<>(fail(replacement.error()));
}

void clear_detached(const std::string& run_dir) { unlink(mark_path(run_dir).c_str()); }

}  // namespace apiguard
