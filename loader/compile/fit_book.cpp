// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/compile/fit_book.hpp"

#include <algorithm>
#include <iterator>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "loader/compile/boot_end.hpp"
#include "loader/policy/overlay.hpp"
#include "loader/policy/text.hpp"

namespace apiguard {
namespace {

// A prefix, the ranges of it, and what its lookup can cost; as Cover of compile.cpp.
struct Node {
  std::size_t begin = 0;
  std::size_t end = 0;
  // 0: none of its ranges is left
  __u64 last = 0;
  unsigned steps = 0;
};

class Fitting {
 public:
  Fitting(std::vector<Range>& ranges, const Now& now)
      : ranges_(ranges), now_(now), dropped_(ranges.size()), lengthened_(ranges.size()) {}

  // Whether anything was changed. What is changed for a prefix may bring back a step of another
  // one, passed already: to be called until nothing is.
  bool pass();
  Fitted finish();

 private:
  void place(Node node);
  [[nodiscard]] __u64 last_of(const Node& node) const;
  [[nodiscard]] std::optional<std::size_t> following(std::size_t depth, __u64 last) const;
  [[nodiscard]] unsigned steps_of(std::size_t depth, __u64 last) const;
  bool relax(Node& node);
  bool change(Node& node, std::size_t depth);
  bool drop_leases(const Node& node);
  bool lengthen(const Node& node, std::size_t depth);
  void settle_stack();

  std::vector<Range>& ranges_;
  const Now& now_;
  std::vector<bool> dropped_;
  std::vector<bool> lengthened_;
  // around the prefix at hand, widest first
  std::vector<Node> stack_;
  bool changed_ = false;
};

bool Fitting::pass() {
  changed_ = false;
  stack_.clear();
  for (std::size_t at = 0; at < ranges_.size();) {
    Node node{at, at + 1};
    while (node.end < ranges_.size() && ranges_[node.end].prefix == ranges_[at].prefix) ++node.end;
    at = node.end;
    place(node);
  }
  return changed_;
}

void Fitting::place(Node node) {
  const Prefix& prefix = ranges_[node.begin].prefix;
  while (!stack_.empty() && !covers(ranges_[stack_.back().begin].prefix, prefix)) stack_.pop_back();
  node.last = last_of(node);
  while (node.last != 0) {
    node.steps = steps_of(stack_.size(), node.last);
    if (node.steps <= APIGUARD_MAX_EXPIRY_STEPS || !relax(node)) break;
    changed_ = true;
    node.last = last_of(node);
  }
  if (node.last != 0) stack_.push_back(node);
}

__u64 Fitting::last_of(const Node& node) const {
  __u64 last = 0;
  for (std::size_t i = node.begin; i < node.end; ++i) {
    if (!dropped_[i]) last = std::max(last, boot_end_of(ranges_[i], now_));
  }
  return last;
}

// Of the first `depth` of the stack the nearest that ends later.
std::optional<std::size_t> Fitting::following(std::size_t depth, __u64 last) const {
  while (depth > 0) {
    if (stack_[--depth].last > last) return depth;
  }
  return std::nullopt;
}

unsigned Fitting::steps_of(std::size_t depth, __u64 last) const {
  const auto next = following(depth, last);
  return next ? 1 + stack_[*next].steps : 1;
}

// Changes the entry of the book that is nearest to the prefix, among those that its lookup passes.
bool Fitting::relax(Node& node) {
  if (change(node, stack_.size())) return true;
  for (auto at = following(stack_.size(), node.last); at; at = following(*at, stack_[*at].last)) {
    if (!change(stack_[*at], *at)) continue;
    settle_stack();
    return true;
  }
  return false;
}

// Only if an entry of the book is what ends last there.
bool Fitting::change(Node& node, std::size_t depth) {
  for (std::size_t i = node.begin; i < node.end; ++i) {
    const bool text = !is_lease(ranges_[i]) && !is_lapsing(ranges_[i]);
    if (text && boot_end_of(ranges_[i], now_) == node.last) return false;
  }
  return drop_leases(node) || lengthen(node, depth);
}

bool Fitting::drop_leases(const Node& node) {
  bool ends_last = false;
  for (std::size_t i = node.begin; i < node.end; ++i) {
    const bool counts = !dropped_[i] && is_lease(ranges_[i]);
    ends_last = ends_last || (counts && boot_end_of(ranges_[i], now_) == node.last);
  }
  if (!ends_last) return false;
  for (std::size_t i = node.begin; i < node.end; ++i) {
    if (is_lease(ranges_[i])) dropped_[i] = true;
  }
  return true;
}

bool Fitting::lengthen(const Node& node, std::size_t depth) {
  const Range* around = nullptr;  // what ends last of the next that ends later
  if (const auto next = following(depth, node.last)) {
    for (std::size_t i = stack_[*next].begin; i < stack_[*next].end; ++i) {
      if (!dropped_[i] && (around == nullptr || ends_later(ranges_[i], *around)))
        around = &ranges_[i];
    }
  }
  // What never ends is no end for what is to end whatever becomes of us.
  if (around != nullptr && !around->until) around = nullptr;
  bool any = false;
  for (std::size_t i = node.begin; i < node.end; ++i) {
    if (dropped_[i] || boot_end_of(ranges_[i], now_) != node.last) continue;
    any = true;
    dropped_[i] = around == nullptr;
    lengthened_[i] = around != nullptr;
    if (around != nullptr) ranges_[i].until = around->until;
  }
  return any;
}

void Fitting::settle_stack() {
  for (Node& node : stack_) node.last = last_of(node);
  const auto gone = [](const Node& node) { return node.last == 0; };
  stack_.erase(std::remove_if(stack_.begin(), stack_.end(), gone), stack_.end());
  for (std::size_t i = 0; i < stack_.size(); ++i) stack_[i].steps = steps_of(i, stack_[i].last);
}

Fitted Fitting::finish() {
  Fitted fitted;
  std::size_t kept = 0;
  for (std::size_t i = 0; i < ranges_.size(); ++i) {
    if (dropped_[i]) {
      fitted.dropped.push_back(std::move(ranges_[i]));
      continue;
    }
    if (lengthened_[i]) fitted.lengthened.push_back(ranges_[i]);
    if (kept != i) ranges_[kept] = std::move(ranges_[i]);
    ++kept;
  }
  ranges_.resize(kept);
  return fitted;
}

constexpr std::string_view kTooDeep = "ranges that expire one after another";

std::string describe_dropped(const Range& range) {
  const std::string what =
      is_lease(range)
          ? fmt::format("lease '{}' of '{}'", to_string(range.prefix), range.name)
          : fmt::format("line '{}' of '{}'", to_string(range.prefix), to_string(range.origin));
  return fmt::format("{}: not {}: nested with more than {} {}", what,
                     range.kind == Kind::kExcept ? "excepted" : "listed",
                     APIGUARD_MAX_EXPIRY_STEPS - 1, kTooDeep);
}

std::string describe_lengthened(const Range& range) {
  return fmt::format("line '{}' of '{}': lapses {} instead: nested with more than {} {}",
                     to_string(range.prefix), to_string(range.origin),
                     "until " + format_timestamp(*range.until), APIGUARD_MAX_EXPIRY_STEPS - 1,
                     kTooDeep);
}

}  // namespace

Fitted fit(Policy& merged, const Now& now) {
  const bool any = std::any_of(merged.ranges.begin(), merged.ranges.end(), [](const Range& range) {
    return is_lease(range) || is_lapsing(range);
  });
  if (!any) return {};
  Fitting fitting(merged.ranges, now);
  while (fitting.pass()) {
  }
  return fitting.finish();
}

std::vector<std::string> describe(const Fitted& fitted) {
  std::vector<std::string> out;
  for (const Range& range : fitted.dropped) {
    const bool companion = is_lease(range) && range.kind == Kind::kExcept;  // of its allow
    if (!companion) out.push_back(describe_dropped(range));
  }
  for (const Range& range : fitted.lengthened) out.push_back(describe_lengthened(range));
  return out;
}

}  // namespace apiguard
