// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <fmt/format.h>

#include "loader/base/time.hpp"
#include "loader/base/utf8.hpp"
#include "loader/policy/policy.hpp"
#include "loader/policy/scan.hpp"
#include "loader/policy/text.hpp"

namespace apiguard {
namespace {

constexpr std::size_t kMaxWhy = 128;
constexpr std::size_t kDateSize = 10;  // of YYYY-MM-DD

}  // namespace

Remark::Remark(std::string_view why, std::optional<Timestamp> review) {
  if (!why.empty() || review) parts_ = std::make_shared<Parts>(Parts{std::string(why), review});
}

const std::string& Remark::why() const {
  static const std::string none;
  return parts_ ? parts_->why : none;
}

std::optional<Timestamp> Remark::review() const { return parts_ ? parts_->review : std::nullopt; }

bool is_overdue(const Remark& remark, Timestamp now) {
  return remark.review() && *remark.review() + 24h <= now;
}

Scanned<std::string_view> scan_why(std::string_view why) {
  if (why.empty()) return flaw(0, "why is empty");
  for (std::size_t i = 0; i < why.size(); ++i) {
    if (why[i] > ' ' && why[i] < 0x7f && why[i] != '#') continue;
    return flaw(i, fmt::format("unexpected character {} in why: letters, digits and ASCII "
                               "punctuation are allowed, but not '#', which begins a comment",
                               describe(decode(why, i))));
  }
  if (why.size() > kMaxWhy)
    return flaw(kMaxWhy, fmt::format("why is longer than {} characters", kMaxWhy));
  return why;
}

bool valid_why(std::string_view why) { return scan_why(why).has_value(); }

Scanned<Timestamp> scan_date(std::string_view date) {
  const auto day = date.size() == kDateSize ? parse_timestamp(fmt::format("{}T00:00:00Z", date))
                                            : Result<Timestamp>(fail(Exit::kBadFile, "its length"));
  if (day) return *day;
  return flaw(0, fmt::format("{} is not a date: write YYYY-MM-DD", quote(date)));
}

std::string format_date(Timestamp day) { return format_timestamp(day).substr(0, kDateSize); }

}  // namespace apiguard
