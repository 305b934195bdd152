// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/service/textfile.hpp"

#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <utility>

#include <fmt/format.h>

#include "loader/base/paths.hpp"
#include "loader/host/clock.hpp"
#include "loader/publish/look.hpp"
#include "loader/service/work.hpp"
#include "loader/status/counting.hpp"
#include "loader/status/gather_metrics.hpp"

namespace apiguard::service {
namespace {

constexpr auto kEvery = std::chrono::seconds(60);

// As of now, with everything counted again, which is kept for the next time. A file that cannot be
// kept costs time alone.
Result<report::Metrics> measure_anew(const Host& host) {
  const auto world = publish::look(host);
  if (!world) return fail(world.error());
  status::TextStatus text;
  if (world->in_force) text = status::read_text_status(host, *world->in_force);
  const report::Counted counted = status::count_for_metrics(host, *world);
  (void)status::write_counted(host.run_dir, counted);
  return status::measure(host, *world, status::compute_status(host, *world, text).status, counted);
}

Result<report::Metrics> measure_held(const Host& host, const Keeper& keeper,
                                     const report::Counted& counted) {
  const auto world = keeper.view();
  if (!world) return fail(world.error());
  if (!world->in_force || status::is_good(counted, world->in_force->generation, read_boot_id(),
                                          publish::clocks(*world)))
    return status::measure(host, *world, keeper.standing(*world).status, counted);
  return measure_anew(host);
}

}  // namespace

Textfile::Textfile(Host host, std::string path, Children& children, Log& log)
    : host_(std::move(host)),
      path_(std::move(path)),
      children_(children),
      log_(log),
      counted_(status::read_counted(host_.run_dir)) {}

void Textfile::write_if_due(const Keeper& keeper, const report::Lost& lost) {
  const auto now = Loop::Clock::now();
  if (path_.empty() || now < due_ || access(folder_of(path_).c_str(), F_OK) != 0) return;
  const bool started = children_.start(
      "metrics", [&] { return write(keeper, lost); },
      [this](int status) {
        counted_ = status::read_counted(host_.run_dir);
        if (status == 0) return;
        log_.tell({Level::kError, "metrics",
                   fmt::format("the metrics could not be written to '{}'", path_)});
      });
  if (!started) return;
  began_ = now;
  due_ = now + kEvery;
}

int Textfile::write(const Keeper& keeper, const report::Lost& lost) const {
  auto metrics = measure_held(host_, keeper, counted_);
  if (!metrics) return failed(metrics.error());
  metrics->lost = lost;
  auto written = status::write_textfile(path_, *metrics);
  if (written) return 0;
  // The sandbox of a unit has only what was there when it was started.
  if (written.error().os_error == EROFS)
    written.error().message +=
        ": if its directory was made after the supervisor was started: 'systemctl restart "
        "apiguard'";
  return failed(written.error());
}

}  // namespace apiguard::service
