// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/publish/seen.hpp"

#include <cerrno>

#include <fmt/format.h>

#include "loader/datapath/pins.hpp"
#include "loader/datapath/sources.hpp"
#include "loader/host/seen.hpp"

namespace apiguard::publish {
namespace {

// Not there in this boot: Exit::kFailed with ENOENT.
Result<Fd> open_seen(const Places& places) {
  return datapath::Pins(places.pin_dir).open_kept(datapath::Kept::kSeen);
}

}  // namespace

Result<std::vector<SeenSource>> read_seen(const Places& places, const Now& now) {
  const auto map = open_seen(places);
  if (!map && map.error().os_error == ENOENT) return read_seen_state(places.state_dir);
  if (!map) return fail(map.error());
  return datapath::read_seen(map->get(), now);
}

Result<> save_seen(const Places& places, const Now& now, std::vector<std::string>& warnings) {
  const auto map = open_seen(places);
  if (!map && map.error().os_error == ENOENT) return {};
  const auto sources = map ? datapath::read_seen(map->get(), now)
                           : Result<std::vector<SeenSource>>(fail(map.error()));
  if (!sources) {
    warnings.push_back(sources.error().message + ": sources seen by the audit are not saved");
    return {};
  }
  const auto aside = write_seen_state(places.state_dir, *sources);
  if (!aside) return fail(aside.error());
  if (!aside->empty()) warnings.push_back(moved_aside(*aside));
  return {};
}

std::optional<std::string> doubt_seen(const Places& places) {
  const auto sources = read_seen_state(places.state_dir);
  if (sources) return std::nullopt;
  return sources.error().message + ": sources seen by the audit begin anew";
}

Result<> restore_seen(const Places& places, const datapath::Generation& generation,
                      const Now& now) {
  const auto sources = read_seen_state(places.state_dir);
  if (!sources) return {};  // doubt_seen() says so
  return datapath::write_seen(generation.kept_fd(datapath::Kept::kSeen), *sources, now);
}

std::string moved_aside(const std::string& aside) {
  return fmt::format("folder '{}': had the name of a file of ours: moved there", aside);
}

}  // namespace apiguard::publish
