// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/host/detached.hpp"

#include <unistd.h>

#include <charconv>
#include <map>
#include <sstream>
#include <utility>

#include <fmt/format.h>

#include "loader/base/disbelief.hpp"
#include "loader/base/fence.hpp"
#include "loader/base/time.hpp"
#include "loader/host/expendable_file.hpp"
#include "loader/host/files.hpp"

namespace apiguard {
namespace {

std::string mark_path(const std::string& run_dir) { return run_dir + "/detached"; }

DetachMark parse_mark(const std::string& line) {
  DetachMark mark;
  const std::size_t name = line.find(' ');
  mark.name = line.substr(0, name);
  if (name == std::string::npos) return mark;
  const std::size_t time = line.find(' ', name + 1);
  const auto parsed = parse_timestamp(line.substr(name + 1, time - name - 1));
  if (parsed) mark.time = *parsed;
  if (time == std::string::npos) return mark;
  std::size_t by = time + 1;
  const auto [last, error] =
      std::from_chars(line.data() + by, line.data() + line.size(), mark.ifindex);
  if (error == std::errc{}) by = static_cast<std::size_t>(last - line.data()) + 1;
  if (by < line.size()) mark.by = line.substr(by);
  return mark;
}

// What was torn off a time stays off, and nothing else of the mark goes with it.
std::string show_mark(const DetachMark& mark) {
  if (!mark.time && mark.ifindex == 0 && mark.by.empty()) return mark.name + "\n";
  return fmt::format("{} {} {} {}\n", mark.name, mark.time ? format_timestamp(*mark.time) : "-",
                     mark.ifindex, mark.by);
}

Result<> write_marks(const std::string& run_dir, const std::vector<DetachMark>& marks) {
  if (auto ours = fence::check(); !ours) return ours;
  return replace_snapshot(mark_path(run_dir), show_marks(marks));
}

}  // namespace

std::string show_marks(const std::vector<DetachMark>& marks) {
  std::string text;
  for (const DetachMark& mark : marks) text += show_mark(mark);
  return text;
}

std::vector<DetachMark> parse_marks(const std::string& text) {
  std::vector<DetachMark> marks;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    DetachMark mark = parse_mark(line);
    if (!mark.name.empty()) marks.push_back(std::move(mark));
  }
  return marks;
}

std::string describe(const DetachMark& mark) {
  std::string text;
  if (!mark.by.empty()) text += " by " + mark.by;
  if (mark.time)
    text +=
        " at " + format_timestamp(std::chrono::time_point_cast<std::chrono::seconds>(*mark.time));
  return text;
}

const DetachMark* Detached::mark_of(const std::string& name, int ifindex) const {
  const DetachMark* of_all = nullptr;
  for (const DetachMark& mark : marks_) {
    if (mark.is_of(name, ifindex)) return &mark;
    if (mark.name == kDetachedAll) of_all = &mark;
  }
  return of_all;
}

Result<> add_detached(const std::string& run_dir, const std::vector<DetachMark>& marks) {
  std::map<std::string, DetachMark> all;
  const Detached before = read_detached(run_dir);
  for (const DetachMark& mark : before.marks()) all[mark.name] = mark;
  for (const DetachMark& mark : marks) all[mark.name] = mark;
  std::vector<DetachMark> kept;
  kept.reserve(all.size());
  for (auto& [name, mark] : all) kept.push_back(std::move(mark));
  return write_marks(run_dir, kept);
}

Detached read_detached(const std::string& run_dir) {
  // That of another owner is none.
  const auto text = read_expendable_file(mark_path(run_dir)).value_or(std::nullopt);
  return Detached(parse_marks(text.value_or(std::string())));
}

Result<> clear_detached(const std::string& run_dir) {
  if (disbelief::find(run_dir) != nullptr) return {};
  return remove_file(mark_path(run_dir));
}

Result<> forget_detached(const std::string& run_dir,
                         const std::function<bool(const DetachMark&)>& is_void) {
  const Detached detached = read_detached(run_dir);
  std::vector<DetachMark> kept;
  for (const DetachMark& mark : detached.marks()) {
    if (!is_void(mark)) kept.push_back(mark);
  }
  if (kept.size() == detached.marks().size()) return {};
  return kept.empty() ? clear_detached(run_dir) : write_marks(run_dir, kept);
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
