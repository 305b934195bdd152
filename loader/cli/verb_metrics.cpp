// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/cli/reading.hpp"
#include "loader/cli/verbs.hpp"
#include "loader/service/counting.hpp"
#include "loader/service/metrics.hpp"
#include "loader/service/snapshot.hpp"
#include "loader/service/standing.hpp"

namespace apiguard::cli {

Result<Exit> run(const CommandLine& line, const MetricsOptions& options) {
  const auto world = look_for_reading(line.places);
  if (!world) return fail(world.error());
  service::TextStanding text;
  if (world->in_force) text = service::read_text_standing(line.places, *world->in_force);
  const service::Standing standing = service::stand(line.places, *world, text);
  if (options.textfile.empty()) {
    for (const std::string& unknown : standing.notes) note(unknown);
  }
  report::Metrics metrics = service::measure(line.places, *world, standing.status,
                                             service::count_ranges(line.places, *world));
  if (const auto snapshot = service::read_snapshot(line.places.run_dir))
    metrics.lost = snapshot->lost;
  if (options.textfile.empty()) {
    print(report::to_prometheus(metrics));
  } else if (auto written = service::write_textfile(options.textfile, metrics); !written) {
    return fail(written.error());
  }
  return Exit::kDone;
}

}  // namespace apiguard::cli
