// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// A copy of the book, sealed anew (see record_fuzz.cpp): it reads back as it was written, and
// whatever its times and terms are, packets can be judged by it.
#include <algorithm>
#include <string>

#include <nlohmann/json.hpp>

#include "loader/base/fields.hpp"
#include "loader/host/book_file.hpp"
#include "loader/host/sealed.hpp"
#include "loader/policy/overlay.hpp"
#include "tests/fuzz/fuzz.hpp"

namespace apiguard::fuzz {
namespace {

const Moment kMoment{{Timestamp(1'796'126'400s), BootTime(500s)}, "boot", false};

Policy office() {
  Policy policy;
  policy.ranges.push_back(
      {parse_prefix("203.0.113.0/24")->prefix, Kind::kAllow, "", std::nullopt, {}});
  policy.ranges.push_back(
      {parse_prefix("192.0.2.0/24")->prefix, Kind::kExcept, "", std::nullopt, {}});
  return policy;
}

void judges_by(const StoredBook& stored) {
  const Policy text = office();
  const Policy judged = with_book(text, stored.book, kMoment);
  must(judged.ranges.size() >= text.ranges.size(), "a book takes nothing out of the text");
  Book pruned = stored.book;
  prune(pruned, text.leases.longest, kMoment);
  for (const Lease& lease : stored.book.leases) {
    if (!is_live(lease.term, kMoment)) continue;
    const auto& left = pruned.leases;
    must(std::find(left.begin(), left.end(), lease) != left.end(), "no live lease is pruned");
  }
}

void takes_the_times_of(const StoredBook& stored) {
  Floor floor;
  for (const Written& written : stored.times) insert(floor, written);
  for (const char* boot_id : {"boot", "another"}) {
    const Reading reading{kMoment.now, boot_id, false};
    const Taken taken = believed_time(floor, reading);
    must(taken.now.wall >= reading.now.wall, "time is never taken as earlier than the clock");
    static_cast<void>(describe(taken));
    auto times = with_latest(stored.times, {0, taken.now.wall, stamp(floor, reading), false});
    must(!times.empty() && times.back().time == taken.now.wall, "the latest time is kept");
  }
}

void reads(const std::string& text) {
  const auto is_same = [](const StoredBook& a, const StoredBook& b) { return a.book == b.book; };
  const auto stored = reads_back(text, "", parse_book, show_book, is_same);
  if (!stored) return;
  judges_by(*stored);
  takes_the_times_of(*stored);
}

}  // namespace

void run(std::string_view input) {
  const std::string text(input);
  reads(text);
  if (const auto json = parse_object(text)) reads(show_sealed(*json));
}

}  // namespace apiguard::fuzz
