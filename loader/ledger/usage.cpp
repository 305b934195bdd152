// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/ledger/usage.hpp"

#include <algorithm>

#include "loader/host/clock.hpp"
#include "loader/ledger/audit_sources.hpp"
#include "loader/ledger/usage_map.hpp"
#include "loader/policy/lookup.hpp"

namespace apiguard::ledger {
namespace {

constexpr std::chrono::nanoseconds kKept = 30 * 24h;

// Warnings of what was read, and of a folder that had the name of the file.
Result<std::vector<std::string>> write(const Host& host, const UsageLog& log,
                                       std::vector<std::string> warnings) {
  const auto aside = write_usage_log(host.state_dir, log);
  if (!aside) return fail(aside.error());
  if (!aside->empty()) warnings.push_back(moved_aside(*aside));
  return warnings;
}

// ---- entries of ranges that are gone

std::vector<RangeUsage*> gone(UsageLog& state, const RangeRefs& ranges) {
  std::vector<RangeUsage*> gone;
  auto at = ranges.begin();
  for (RangeUsage& used : state.ranges) {
    while (at != ranges.end() && (*at)->prefix < used.prefix) ++at;
    bool there = false;
    for (auto same = at; same != ranges.end() && (*same)->prefix == used.prefix; ++same)
      there = there || admits(*same);
    if (!there && used.current.connections > 0) gone.push_back(&used);
  }
  return gone;
}

// Out of the kernel's map goes what is too old, and what leaves no room for the ranges there are.
Result<> tidy(const datapath::Pins& pins, UsageLog& state, const RangeRefs& ranges,
              Timestamp oldest) {
  std::vector<RangeUsage*> entries = gone(state, ranges);
  if (entries.empty()) return {};
  const auto room = usage_room(pins);
  if (!room) return fail(room.error());
  const auto last = [](const RangeUsage* used) { return used->total().last; };
  std::sort(entries.begin(), entries.end(),
            [&](const RangeUsage* a, const RangeUsage* b) { return last(a) < last(b); });
  const std::size_t wanted = entries.size() + ranges.size();
  const std::size_t excess = wanted > *room ? std::min(wanted - *room, entries.size()) : 0;
  std::vector<Prefix> prefixes;
  for (std::size_t i = 0; i < entries.size(); ++i) {
    if (i >= excess && last(entries[i]) >= oldest) break;
    prefixes.push_back(entries[i]->prefix);
    entries[i]->earlier = entries[i]->total();
    entries[i]->current = {};
  }
  return remove_hits(pins, prefixes);
}

}  // namespace

// If no map of the kernel can be read, the saved counts stay. Treating the map as gone would count
// its connections twice once it can be read again.
UsageRead read_usage(const Host& host, const Now& now) {
  UsageRead read;
  auto log = read_usage_log(host.state_dir);
  if (log) {
    read.log = std::move(*log);
  } else {
    read.warnings.push_back(log.error().message + ": connection counts start over");
  }
  read.saved_boot = read.log.boot;
  read.saved_generation = read.log.generation;
  auto kernel = read_hits(host.pins);
  if (kernel.hits || kernel.unread.empty())
    fold(read.log, read_boot_id(), kernel.hits.value_or(Hits{}), now);
  read.unread = std::move(kernel.unread);
  return read;
}

Result<std::vector<std::string>> save_usage(const Host& host, const Now& now) {
  UsageRead found = read_usage(host, now);
  for (const std::string& pin : found.unread)
    found.warnings.push_back(pin + ": connections by range are not saved");
  auto written = write(host, found.log, std::move(found.warnings));
  if (!written) return written;
  if (auto saved = save_audit_sources(host, now, *written); !saved) return fail(saved.error());
  return written;
}

Result<> note_gap(const Host& host, const Now& now) {
  UsageRead found = read_usage(host, now);
  if (!found.log.observed) return {};
  found.log.observed = now.wall;
  found.log.added.clear();
  const auto written = write(host, found.log, {});
  return written ? Result<>() : Result<>(fail(written.error()));
}

Result<std::vector<std::string>> save_change(const Host& host, const Now& now, UsageRead read,
                                             const ListChange& change) {
  observe(read.log, change.observed, change.before, change.after, now.wall);
  const datapath::Pins& pins = host.pins;
  if (auto tidied = tidy(pins, read.log, change.after, now.wall - kKept); !tidied)
    read.warnings.push_back(tidied.error().message);
  forget(read.log, change.after, now.wall - kKept);
  return write(host, read.log, std::move(read.warnings));
}

}  // namespace apiguard::ledger
