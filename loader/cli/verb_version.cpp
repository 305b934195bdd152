// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <fmt/format.h>

#include "apiguard/abi.h"
#include "loader/cli/reading.hpp"
#include "loader/cli/verbs.hpp"
#include "loader/datapath/generation.hpp"
#include "loader/datapath/log.hpp"

namespace apiguard::cli {

Result<Exit> run(const CommandLine& line, const VersionOptions& options) {
  print(fmt::format("apiguard {} (program {:016x}, abi {})", APIGUARD_VERSION,
                    datapath::program_build(), APIGUARD_ABI));
  if (!options.verbose) return Exit::kDone;
  print(
      fmt::format("library          {}\n"
                  "oldest kernel    5.10\n"
                  "configuration    {}\n"
                  "state directory  {}\n"
                  "run directory    {}\n"
                  "pin directory    {}\n",
                  datapath::library_version(), line.places.config, line.places.state_dir,
                  line.places.run_dir, line.places.pin_dir));
  return Exit::kDone;
}

}  // namespace apiguard::cli
