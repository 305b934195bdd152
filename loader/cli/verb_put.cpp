// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// allow and except.
#include <optional>
#include <utility>

#include "loader/cli/change.hpp"
#include "loader/cli/host_bits.hpp"
#include "loader/cli/queueing.hpp"
#include "loader/cli/verbs.hpp"
#include "loader/host/clock.hpp"
#include "loader/publish/make_request.hpp"

namespace apiguard::cli {
namespace {

publish::PutChange put_of(const PutOptions& options) {
  publish::PutChange put{options.kind,  {}, options.name, options.lasts, options.until,
                         options.remark};
  put.prefixes.reserve(options.prefixes.size());
  for (const ParsedPrefix& parsed : options.prefixes) put.prefixes.push_back(parsed.prefix);
  return put;
}

}  // namespace

Result<Exit> run(const CommandLine& line, const PutOptions& options) {
  auto masked = mask_arguments(options.prefixes, options.texts, options.flags.strict);
  if (!masked) return fail(masked.error());
  const auto queued = queued_change(line, options.flags, put_of(options), std::move(*masked));
  std::optional<Timestamp> asked;
  ChangeKind kind;
  kind.queued = &queued;
  return change(line, options.flags, kind, [&](const publish::World& world) {
    const Taken taken = believed_time(world.floor);
    if (!asked) asked = taken.now.wall;
    std::vector<Lasting> lasting;
    auto request = publish::request_addition(
        line.host, world, options.flags.strict, [&](const Sources& sources) -> Result<Edited> {
          auto edited = publish::edit_list(queued, sources.ranges, publish::Elsewhere(sources),
                                           *asked, taken);
          if (!edited) return fail(edited.error());
          lasting = std::move(edited->lasting);
          return std::move(edited->edited);
        });
    if (!request) return request;
    request->warnings.insert(request->warnings.begin(), queued.warnings.begin(),
                             queued.warnings.end());
    request->lasting = std::move(lasting);
    return request;
  });
}

}  // namespace apiguard::cli
