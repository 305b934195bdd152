// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <unistd.h>

#include <cerrno>
#include <optional>

#include "loader/cli/reading.hpp"
#include "loader/cli/verbs.hpp"
#include "loader/host/clock.hpp"
#include "loader/ledger/sources.hpp"
#include "loader/policy/lookup.hpp"
#include "loader/publish/look.hpp"
#include "loader/report/sources.hpp"

namespace apiguard::cli {
namespace {

constexpr std::size_t kShown = 20;  // for people; scripts get all

// For each source the range that decides for it in the list in force; empty if that is not known.
// They point into the policies that are kept here.
class Deciding {
 public:
  Deciding(const Host& host, const std::vector<DeniedSource>& sources) {
    auto world = publish::look(host);
    if (!world || !world->in_force) return;
    world_ = std::move(*world);
    const Policy* policy = world_.judged();
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

bool needs_root(const Error& error) {
  return geteuid() != 0 && (error.os_error == EACCES || error.os_error == EPERM);
}

// None: there is no table, or it cannot be read, which is said.
Result<std::optional<std::vector<DeniedSource>>> read_table(const Host& host, const Now& now) {
  const auto map = host.pins.open_ledger_map(datapath::LedgerMap::kDenied);
  auto sources = map ? ledger::read_denied(map->get(), now, std::nullopt)
                     : Result<std::vector<DeniedSource>>(fail(map.error()));
  if (sources) return std::optional(std::move(*sources));
  const Error& error = sources.error();
  if (needs_root(error)) return fail_reading(error);
  note(error.os_error == ENOENT && !map ? nothing_in_force(host)
                                        : error.message + ": denied sources are not known");
  return std::optional<std::vector<DeniedSource>>();
}

}  // namespace

Result<Exit> run(const CommandLine& line, const DeniedOptions& options) {
  const Now now = read_clocks();
  auto table = read_table(line.host, now);
  if (!table) return fail(table.error());
  const bool known = table->has_value();
  std::vector<DeniedSource> sources = std::move(*table).value_or(std::vector<DeniedSource>());
  if (options.since) {
    std::erase_if(sources, [&](const DeniedSource& source) {
      return source.last < now.wall - *options.since;
    });
  }
  if (options.json) {
    print(report::denied_json(sources, options.top.value_or(0),
                              Deciding(line.host, sources).ranges()));
    return Exit::kDone;
  }
  if (sources.empty()) {
    if (known)
      tell(options.since ? "no source was denied within that time"
                         : "no source was denied since the boot");
    return Exit::kDone;
  }
  print(report::denied_text(sources, options.top.value_or(kShown),
                            Deciding(line.host, sources).ranges(), now.wall,
                            view_of(options.wide)));
  tell("'apiguard check ADDRESS' asks the kernel, 'apiguard allow ADDRESS' adds one");
  return Exit::kDone;
}

}  // namespace apiguard::cli
