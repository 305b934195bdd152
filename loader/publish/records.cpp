// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/publish/records.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "loader/host/files.hpp"
#include "loader/host/salvage.hpp"

namespace apiguard::publish {
namespace {

bool is_of_older_version(const StoredRecord& kept) { return kept.meta && !kept.meta->entered; }

const StoredRecord* newest_that_counts(const World& world) {
  const auto found = std::find_if(world.records.rbegin(), world.records.rend(),
                                  [&](const StoredRecord& kept) { return counts(world, kept); });
  return found == world.records.rend() ? nullptr : &*found;
}

// Records of older versions do not say whether they were in force. The one whose text the files
// hold was meant to be.
const StoredRecord* by_the_files(const Host& host, const World& world) {
  const auto files = read_sources(host.config);
  if (!files) return nullptr;
  for (auto kept = world.records.rbegin(); kept != world.records.rend(); ++kept) {
    if (is_of_older_version(*kept) && counts(world, *kept) &&
        is_text_of(host.state_dir, kept->generation, *files))
      return &*kept;
  }
  return nullptr;
}

// A record that is lost and newer than all that count may be that of what was in force.
std::optional<std::uint64_t> newest_lost(const World& world, const StoredRecord* newest) {
  if (world.records.empty() || world.records.back().meta) return std::nullopt;
  const std::uint64_t lost = world.records.back().generation;
  return newest == nullptr || newest->generation < lost ? std::optional(lost) : std::nullopt;
}

std::optional<std::uint64_t> without_mark(const Host& host, const World& world) {
  const StoredRecord* newest = newest_that_counts(world);
  if (const auto lost = newest_lost(world, newest)) return lost;
  if (newest == nullptr) return std::nullopt;
  if (is_of_older_version(*newest)) {
    if (const StoredRecord* same = by_the_files(host, world)) return same->generation;
  }
  return newest->generation;
}

std::optional<Mode> mode_of_files(const Host& host) {
  const auto file = read_source(host.config, true);
  if (!file) return std::nullopt;
  const auto config = parse_config(*file, {.lint = false});
  return config ? std::optional(config->policy.mode) : std::nullopt;
}

// A boot ends the time of a change that nobody confirmed.
std::optional<std::uint64_t> past_unconfirmed(const World& world, std::uint64_t number) {
  const StoredRecord* kept = find_record(world, number);
  while (kept != nullptr && kept->meta && !kept->meta->confirmed) {
    if (kept->meta->fallback == 0 || kept->meta->fallback >= kept->generation) return std::nullopt;
    number = kept->meta->fallback;
    kept = find_record(world, number);
  }
  return number;
}

}  // namespace

const StoredRecord* find_record(const World& world, std::uint64_t generation) {
  const auto found =
      std::find_if(world.records.begin(), world.records.end(),
                   [&](const StoredRecord& kept) { return kept.generation == generation; });
  return found == world.records.end() ? nullptr : &*found;
}

bool was_in_force(const World& world, const StoredRecord& kept) {
  if (!kept.meta || world.live.generation == kept.generation) return true;
  if (kept.meta->entered) return *kept.meta->entered;
  return kept.meta->undone || world.mark_error || !world.marked || kept.generation <= *world.marked;
}

bool counts(const World& world, const StoredRecord& kept) {
  return kept.meta && kept.meta->confirmed && !kept.meta->undone && kept.meta->stands_for == 0 &&
         was_in_force(world, kept);
}

std::optional<std::string> missing_mark(const Host& host, const World& world) {
  const bool any =
      std::any_of(world.records.begin(), world.records.end(),
                  [&](const StoredRecord& kept) { return !kept.meta || counts(world, kept); });
  if (!any) return std::nullopt;
  return fmt::format(
      "file '{}/in-force': open: it is missing although generations are stored: the state "
      "directory was damaged",
      host.state_dir);
}

std::optional<std::string> astray_mark(const Host& host, const World& world) {
  if (!world.marked || find_record(world, *world.marked) != nullptr ||
      world.live.generation == world.marked)
    return std::nullopt;
  const StoredRecord* newest = newest_that_counts(world);
  if (newest == nullptr || newest_lost(world, newest)) return std::nullopt;
  if (mode_of_files(host) != newest->meta->mode) return std::nullopt;
  return fmt::format(
      "file '{}/in-force': read: it names generation {}, which is not stored: the "
      "state directory was damaged",
      host.state_dir, *world.marked);
}

std::optional<std::uint64_t> to_publish(const Host& host, const World& world) {
  if (world.mark_error) return without_mark(host, world);
  if (!world.marked) return std::nullopt;
  for (auto kept = world.records.rbegin(); kept != world.records.rend(); ++kept) {
    if (kept->generation <= *world.marked) break;
    if (counts(world, *kept) && kept->meta->entered) return kept->generation;
  }
  return past_unconfirmed(world, *world.marked);
}

}  // namespace apiguard::publish
