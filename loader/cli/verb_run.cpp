// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/cli/verbs.hpp"
#include "loader/service/supervisor.hpp"

namespace apiguard::cli {

Result<Exit> run(const CommandLine& line, const RunOptions& options) {
  return service::supervise(line.host, options.textfile);
}

}  // namespace apiguard::cli
