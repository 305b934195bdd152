// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// RUN_DIR/detached: what a person has taken off, a line each: NAME, when (RFC 3339), ifindex, by
// whom, up to the line's end; a blank between them. NAME is an interface's, or "*" for whatever
// there is or will be; the rest may be missing. The interface is that name or that ifindex: it may
// be renamed, or made anew. Whoever attaches leaves these alone until an `apply` that is to attach
// them again; a boot empties the folder. What has a link of ours all the same is not detached, and
// its mark is void (publish/settle.hpp).
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "loader/base/result.hpp"
#include "loader/policy/policy.hpp"

namespace apiguard {

inline constexpr const char* kDetachedAll = "*";

struct DetachMark {
  std::string name;
  // wall clock
  std::optional<Timestamp> time;
  // as of whoami(); may be empty
  std::string by;
  // 0: not known
  int ifindex = 0;

  [[nodiscard]] bool is_of(const std::string& other, int other_ifindex) const {
    return name == other || (ifindex != 0 && ifindex == other_ifindex);
  }
};

// " by root from 203.0.113.7 at 2026-12-01T08:00:00Z", as far as it is known.
[[nodiscard]] std::string describe(const DetachMark& mark);

class Detached {
 public:
  Detached() = default;
  explicit Detached(std::vector<DetachMark> marks) : marks_(std::move(marks)) {}

  [[nodiscard]] bool empty() const { return marks_.empty(); }
  [[nodiscard]] const std::vector<DetachMark>& marks() const& { return marks_; }
  void marks() && = delete;
  // Why this interface is left alone, its own mark before that of all. Null: it is not.
  [[nodiscard]] const DetachMark* mark_of(const std::string& name, int ifindex) const;
  [[nodiscard]] bool covers(const std::string& name, int ifindex) const {
    return mark_of(name, ifindex) != nullptr;
  }

 private:
  std::vector<DetachMark> marks_;
};

// Text and back. A line that is old or torn is a mark as far as it can be read.
[[nodiscard]] std::string show_marks(const std::vector<DetachMark>& marks);
[[nodiscard]] std::vector<DetachMark> parse_marks(const std::string& text);

// The newest mark of a name counts.
[[nodiscard]] Result<> add_detached(const std::string& run_dir,
                                    const std::vector<DetachMark>& marks);
// Empty where there is no mark.
[[nodiscard]] Detached read_detached(const std::string& run_dir);
[[nodiscard]] Result<> clear_detached(const std::string& run_dir);
// Those that are void go, the others stay.
[[nodiscard]] Result<> forget_detached(const std::string& run_dir,
                                       const std::function<bool(const DetachMark&)>& is_void);
// What writes that died left behind. Only with the lock held.
void remove_stale_marks(const std::string& run_dir);

}  // namespace apiguard
