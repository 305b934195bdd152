// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/policy/lapse.hpp"

#include <algorithm>
#include <iterator>
#include <map>
#include <optional>
#include <tuple>
#include <utility>

#include <fmt/format.h>

#include "loader/base/time.hpp"
#include "loader/policy/lookup.hpp"
#include "loader/policy/text.hpp"

namespace apiguard {
namespace {

using std::chrono::nanoseconds;

constexpr std::size_t kNamed = 3;  // prefixes in a note

bool is_by_prefix(const Range* a, const Range* b) { return a->prefix < b->prefix; }

// Lines by their prefix. They point into the ranges.
class Lines {
 public:
  explicit Lines(const std::vector<Range>& ranges) {
    lines_.reserve(ranges.size());
    for (const Range& range : ranges) lines_.push_back(&range);
    if (!std::is_sorted(lines_.begin(), lines_.end(), is_by_prefix))
      std::stable_sort(lines_.begin(), lines_.end(), is_by_prefix);
  }

  // Whether a line of that prefix is as asked for.
  template <typename Asked>
  [[nodiscard]] bool any(const Prefix& prefix, const Asked& asked) const {
    auto line = std::lower_bound(
        lines_.begin(), lines_.end(), prefix,
        [](const Range* range, const Prefix& sought) { return range->prefix < sought; });
    for (; line != lines_.end() && (*line)->prefix == prefix; ++line) {
      if (asked(**line)) return true;
    }
    return false;
  }

 private:
  RangeRefs lines_;
};

// The longer of the headers in force and in the new text; none: the file has no header in either.
std::optional<nanoseconds> header_of(const std::string& file, const Policy& before,
                                     const Policy& after) {
  std::optional<nanoseconds> longest;
  for (const Policy* policy : {&before, &after}) {
    const auto header = policy->lapses.find(file);
    if (header != policy->lapses.end()) longest = std::max(longest.value_or(0ns), header->second);
  }
  return longest;
}

// Headers, asked for once a file instead of once a line.
class Headers {
 public:
  Headers(const Policy& before, const Policy& after) : before_(before), after_(after) {}

  std::optional<nanoseconds> of(const std::string& file) {
    if (last_ == nullptr || *last_ != file) {
      last_ = &file;
      header_ = header_of(file, before_, after_);
    }
    return header_;
  }

 private:
  const Policy& before_;
  const Policy& after_;
  // names of files live as long as the process
  const std::string* last_ = nullptr;
  std::optional<nanoseconds> header_;
};

// A line that has ended in another file is no reason to cut anybody.
bool is_in(const Lines& after, const Range& line, Timestamp now) {
  return after.any(line.prefix, [&](const Range& other) {
    return !has_ended(other, now) || other.origin.file == line.origin.file;
  });
}

Lapsing lapsing_of(const Range& line, nanoseconds header, const Moment& moment) {
  const nanoseconds duration =
      line.until && *line.until - moment.now.wall < header ? *line.until - moment.now.wall : header;
  return {line.prefix, line.kind, line.name, line.origin.file.text(), term_of(duration, moment)};
}

std::vector<Lapsing> vanished(const Policy& before, const Policy& after, const Moment& moment) {
  std::vector<Lapsing> out;
  if (before.lapses.empty() && after.lapses.empty()) return out;
  Headers headers(before, after);
  const Lines lines(after.ranges);
  for (const Range& line : before.ranges) {
    if (line.kind == Kind::kCluster || has_ended(line, moment.now.wall)) continue;
    const auto header = headers.of(line.origin.file.text());
    if (header && !is_in(lines, line, moment.now.wall))
      out.push_back(lapsing_of(line, *header, moment));
  }
  return out;
}

std::vector<Prefix> prefixes_of(const std::vector<Lapsing>& lapsing) {
  std::vector<Prefix> out;
  out.reserve(lapsing.size());
  for (const Lapsing& entry : lapsing) out.push_back(entry.prefix);
  return out;
}

// Takes out those of which `asked` says so, given what decides over their prefix.
template <typename Asked>
std::size_t take_out(std::vector<Lapsing>& lapsing, const std::vector<Range>& ranges, Timestamp now,
                     const Asked& asked) {
  const auto deciding = deciding_over(ranges, prefixes_of(lapsing), now);
  std::size_t kept = 0;
  for (std::size_t i = 0; i < lapsing.size(); ++i) {
    if (asked(lapsing[i], deciding[i])) continue;
    if (kept != i) lapsing[kept] = std::move(lapsing[i]);
    ++kept;
  }
  const std::size_t taken = lapsing.size() - kept;
  lapsing.resize(kept);
  return taken;
}

// As ranges without an end.
std::vector<Range> lines_of(const std::vector<Lapsing>& lapsing, Kind kind) {
  std::vector<Range> out;
  for (const Lapsing& one : lapsing) {
    if (one.kind == kind) out.push_back({one.prefix, kind, "", std::nullopt, {}});
  }
  return out;
}

// Those inside a lapsing line of the other kind: as long as that lasts, it would decide for them
// whatever the text says.
std::vector<Lapsing> take_opposed(std::vector<Lapsing>& added, const std::vector<Lapsing>& known,
                                  const Moment& moment) {
  std::vector<Lapsing> all = added;
  std::copy_if(known.begin(), known.end(), std::back_inserter(all),
               [&](const Lapsing& one) { return is_live(one.term, moment); });
  std::vector<Lapsing> opposed;
  for (const Kind kind : {Kind::kAllow, Kind::kExcept}) {
    take_out(added, lines_of(all, kind), moment.now.wall,
             [&](const Lapsing& one, const Range* covering) {
               if (one.kind == kind || covering == nullptr) return false;
               opposed.push_back(one);
               return true;
             });
  }
  return opposed;
}

// What the text says anyhow for as long.
void take_out_idle(std::vector<Lapsing>& lapsing, const Policy& after, const Moment& moment) {
  take_out(lapsing, after.ranges, moment.now.wall, [&](const Lapsing& one, const Range* deciding) {
    return deciding != nullptr && admits(deciding) == (one.kind == Kind::kAllow) &&
           (!deciding->until || *deciding->until >= end_of(one.term, moment));
  });
}

// Those of `kind` that the text in force does not have.
std::vector<Range> new_lines(const Policy* before, const Policy& after, Kind kind, Timestamp now) {
  static const std::vector<Range> kNothing;
  std::vector<Range> out;
  const auto counts = [&](const Range& range) {
    return range.kind == kind && !has_ended(range, now);
  };
  std::optional<Lines> known;
  for (const Range& range : after.ranges) {
    if (!counts(range)) continue;
    if (!known) known.emplace(before != nullptr ? before->ranges : kNothing);
    if (!known->any(range.prefix, counts)) out.push_back(range);
  }
  return out;
}

// An allow ends where a new except covers it. One of the same prefix replaces it, which the text
// says by itself and may take back.
std::size_t end_excepted(std::vector<Lapsing>& lapsing, const std::vector<Range>& excepts,
                         Timestamp now) {
  if (excepts.empty()) return 0;
  return take_out(lapsing, excepts, now, [](const Lapsing& one, const Range* covering) {
    return one.kind == Kind::kAllow && covering != nullptr && covering->prefix != one.prefix;
  });
}

// What `cluster` promises is always listed.
void end_in_cluster(std::vector<Lapsing>& lapsing, const Policy& after, Timestamp now) {
  const bool any = std::any_of(lapsing.begin(), lapsing.end(),
                               [](const Lapsing& one) { return one.kind == Kind::kExcept; });
  if (!any) return;
  std::vector<Range> cluster;
  std::copy_if(after.ranges.begin(), after.ranges.end(), std::back_inserter(cluster),
               [](const Range& range) { return range.kind == Kind::kCluster; });
  take_out(lapsing, cluster, now, [](const Lapsing& one, const Range* covering) {
    return one.kind == Kind::kExcept && covering != nullptr;
  });
}

std::vector<Lapsing> not_returned(const std::vector<Lapsing>& known, const Policy* before) {
  if (before == nullptr || known.empty()) return known;
  const Lines lines(before->ranges);
  std::vector<Lapsing> out;
  std::copy_if(known.begin(), known.end(), std::back_inserter(out), [&](const Lapsing& one) {
    return !lines.any(one.prefix, [&](const Range& line) { return replaces(line, one); });
  });
  return out;
}

// One a prefix and kind, the one that ends last.
void arrange(std::vector<Lapsing>& lapsing, const Moment& moment) {
  std::stable_sort(lapsing.begin(), lapsing.end(), [&](const Lapsing& a, const Lapsing& b) {
    if (a.prefix != b.prefix) return a.prefix < b.prefix;
    if (a.kind != b.kind) return a.kind < b.kind;
    return end_of(a.term, moment) > end_of(b.term, moment);
  });
  const auto same = [](const Lapsing& a, const Lapsing& b) {
    return a.prefix == b.prefix && a.kind == b.kind;
  };
  lapsing.erase(std::unique(lapsing.begin(), lapsing.end(), same), lapsing.end());
}

// The lines of one file that begin to lapse.
struct Beginning {
  std::size_t lines = 0;
  // of the last
  Timestamp until{};
  std::vector<std::string> named;
};

std::string note_of(const std::string& file, const Beginning& beginning) {
  return fmt::format(
      "{} line{} of '{}' lapse{} until {}: {}{}: 'apiguard revoke' removes {} at once",
      beginning.lines, beginning.lines == 1 ? "" : "s", file, beginning.lines == 1 ? "s" : "",
      format_timestamp(std::chrono::time_point_cast<std::chrono::seconds>(beginning.until)),
      fmt::join(beginning.named, ", "), beginning.lines > kNamed ? ", ..." : "",
      beginning.lines == 1 ? "it" : "them");
}

void note_beginnings(const std::vector<Lapsing>& added, std::vector<std::string>& notes) {
  std::map<std::string, Beginning> files;
  for (const Lapsing& one : added) {
    Beginning& beginning = files[one.file];
    ++beginning.lines;
    beginning.until = std::max(beginning.until, one.term.until);
    if (beginning.named.size() < kNamed) beginning.named.push_back(to_string(one.prefix));
  }
  for (const auto& [file, beginning] : files) notes.push_back(note_of(file, beginning));
}

}  // namespace

bool replaces(const Range& line, const Lapsing& lapsing) {
  if (line.prefix != lapsing.prefix) return false;
  if (!line.until) return true;
  __extension__ using Wide = __int128;
  return Wide{nanoseconds_of(*line.until)} >
         Wide{nanoseconds_of(lapsing.term.until)} - lapsing.term.duration.count();
}

std::vector<Lapsing> lapsing_after(const std::vector<Lapsing>& known, const Policy* before,
                                   const Policy& after, const Moment& moment,
                                   std::vector<std::string>& notes) {
  const Timestamp now = moment.now.wall;
  const auto excepts = new_lines(before, after, Kind::kExcept, now);
  std::vector<Lapsing> out = not_returned(known, before);
  end_in_cluster(out, after, now);
  std::vector<Lapsing> added;
  if (before != nullptr) added = vanished(*before, after, moment);
  arrange(added, moment);
  std::vector<Lapsing> opposed = take_opposed(added, out, moment);
  take_out_idle(added, after, moment);
  added.insert(added.end(), std::make_move_iterator(opposed.begin()),
               std::make_move_iterator(opposed.end()));
  arrange(added, moment);
  end_in_cluster(added, after, now);
  end_excepted(added, excepts, now);
  note_beginnings(added, notes);

  if (const std::size_t ended = end_excepted(out, excepts, now); ended > 0) {
    notes.push_back(fmt::format("{} lapsing line{} end{} now: a new except covers {}", ended,
                                ended == 1 ? "" : "s", ended == 1 ? "s" : "",
                                ended == 1 ? "it" : "them"));
  }
  out.insert(out.end(), std::make_move_iterator(added.begin()),
             std::make_move_iterator(added.end()));
  arrange(out, moment);
  return out;
}

}  // namespace apiguard
