// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/cli/reading.hpp"
#include "loader/cli/verbs.hpp"
#include "loader/service/snapshot.hpp"
#include "loader/status/compute_status.hpp"
#include "loader/status/counting.hpp"
#include "loader/status/gather_metrics.hpp"

namespace apiguard::cli {

Result<Exit> run(const CommandLine& line, const MetricsOptions& options) {
  const auto world = look_for_reading(line.host);
  if (!world) return fail(world.error());
  status::TextStatus text;
  if (world->in_force) text = status::read_text_status(line.host, *world->in_force);
  const status::StatusReport standing = status::compute_status(line.host, *world, text);
  if (options.textfile.empty()) {
    for (const std::string& unknown : standing.notes) note(unknown);
  }
  report::Metrics metrics = status::measure(line.host, *world, standing.status,
                                            status::count_for_metrics(line.host, *world));
  if (const auto snapshot = service::read_snapshot(line.host.run_dir))
    metrics.lost = snapshot->lost;
  if (options.textfile.empty()) {
    print(report::to_prometheus(metrics));
  } else if (auto written = status::write_textfile(options.textfile, metrics); !written) {
    return fail(written.error());
  }
  return Exit::kDone;
}

}  // namespace apiguard::cli
