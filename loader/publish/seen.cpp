// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/publish/seen.hpp"

#include <cerrno>

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

Result<> save_seen(const Places& places, const Now& now) {
  const auto map = open_seen(places);
  if (!map && map.error().os_error == ENOENT) return {};
  if (!map) return fail(map.error());
  const auto sources = datapath::read_seen(map->get(), now);
  if (!sources) return fail(sources.error());
  return write_seen_state(places.state_dir, *sources);
}

Result<> restore_seen(const Places& places, const datapath::Generation& generation,
                      const Now& now) {
  const auto sources = read_seen_state(places.state_dir);
  if (!sources) return fail_in("the sources of the audit are seen anew", sources.error());
  return datapath::write_seen(generation.kept_fd(datapath::Kept::kSeen), *sources, now);
}

}  // namespace apiguard::publish
