// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "loader/base/paths.hpp"
#include "loader/cli/change.hpp"
#include "loader/cli/verbs.hpp"
#include "loader/host/files.hpp"
#include "loader/publish/make_request.hpp"

namespace apiguard::cli {
namespace {

// Each is read once, whatever becomes of the file while a question waits for its answer.
Result<std::vector<publish::WithFile>> read_with(const std::vector<ApplyOptions::With>& with) {
  std::vector<publish::WithFile> files;
  for (const ApplyOptions::With& one : with) {
    auto source = read_source(one.file, false);
    if (!source) return fail(source.error());
    files.push_back({drop_in_name(one.name), one.file, std::move(source->text)});
  }
  return files;
}

}  // namespace

Result<Exit> run(const CommandLine& line, const ApplyOptions& options) {
  const auto with = read_with(options.with);
  if (!with) return fail(with.error());
  ChangeKind kind;
  kind.where_detached = options.boot ? WhereDetached::kChangesNothing : WhereDetached::kAttaches;
  kind.looks_at_doors = !options.boot;
  kind.way_out = options.boot;  // a boot enforces what it can even where nothing can be written
  kind.trust_clock = options.trust_clock;
  kind.asks_for_boot = !options.boot;
  bool damaged = false;
  auto exit = change(line, options.flags, kind, [&](const publish::World& world) {
    if (options.boot) {
      auto request = publish::request_boot(line.host, world);
      damaged = request && request->damage;
      return request;
    }
    const bool strict = options.flags.strict;
    auto request = with->empty() ? publish::request_files(line.host, world, strict)
                                 : publish::request_with(line.host, world, *with, strict);
    if (request) request->asks_shrink = true;
    if (request && options.trust_clock) request->trust_clock = request->renumber = true;
    return request;
  });
  // What could be done is done. The unit of the boot is to show that it was not all.
  return exit == Exit::kDone && damaged ? Exit::kFailed : exit;
}

}  // namespace apiguard::cli
