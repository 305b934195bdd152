// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <cerrno>

#include "loader/cli/reading.hpp"
#include "loader/cli/verbs.hpp"
#include "loader/datapath/sources.hpp"
#include "loader/host/clock.hpp"
#include "loader/policy/lookup.hpp"
#include "loader/report/sources.hpp"

namespace apiguard::cli {
namespace {

constexpr std::size_t kShown = 20;  // for people; scripts get all

// For each source the range that decides for it in the list in force; empty if that is not known.
// They point into the policies that are kept here.
class Deciding {
 public:
  Deciding(const Places& places, const std::vector<DeniedSource>& sources) {
    auto world = publish::look(places);
    if (!world || !world->in_force) return;
    world_ = std::move(*world);
    const Policy* policy = world_.in_force->policy();
    if (policy == nullptr) return;
    std::vector<Address> addresses;
    addresses.reserve(sources.size());
    for (const DeniedSource& source : sources)
      addresses.push_back(source.source.value_or(Address{}));
    ranges_ = deciding_for(policy->ranges, addresses, publish::clocks(world_).wall);
  }

  [[nodiscard]] const std::vector<const Range*>& ranges() const { return ranges_; }

 private:
  publish::World world_;
  std::vector<const Range*> ranges_;
};

}  // namespace

Result<Exit> run(const CommandLine& line, const DeniedOptions& options) {
  const auto map = datapath::Pins(line.places.pin_dir).open_kept(datapath::Kept::kDenied);
  std::vector<DeniedSource> sources;
  const Now now = read_clocks();
  if (!map && map.error().os_error != ENOENT) return fail_reading(map.error());
  if (map) {
    auto read = datapath::read_denied(map->get(), now, std::nullopt);
    if (!read) return fail(read.error());
    sources = std::move(*read);
  } else {
    note(kNothingInForce);
  }
  if (options.since) {
    std::erase_if(sources, [&](const DeniedSource& source) {
      return source.last < now.wall - *options.since;
    });
  }
  if (options.json) {
    print(report::denied_json(sources, options.top.value_or(0)));
    return Exit::kDone;
  }
  if (sources.empty()) {
    if (map) note("no source was denied");
    return Exit::kDone;
  }
  print(report::denied_text(sources, options.top.value_or(kShown),
                            Deciding(line.places, sources).ranges(), now.wall));
  note("'apiguard check ADDRESS' asks the program, 'apiguard allow ADDRESS --for 2h' lists one");
  return Exit::kDone;
}

}  // namespace apiguard::cli
