// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <sys/utsname.h>
#include <unistd.h>

#include <string>

#include <fmt/format.h>

#include "apiguard/judge.h"
#include "loader/cli/reading.hpp"
#include "loader/cli/verbs.hpp"
#include "loader/datapath/generation.hpp"
#include "loader/datapath/log.hpp"
#include "loader/datapath/probe.hpp"

namespace apiguard::cli {
namespace {

std::string kernel_release() {
  utsname name{};
  return uname(&name) == 0 ? name.release : "unknown";
}

// Only the first line of why not: the verifier's own words are many.
std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

std::string describe_kernel() {
  if (geteuid() != 0) return "not probed: needs root";
  const datapath::Probed probed = datapath::probe();
  if (!probed.error.empty()) return "no: " + first_line(probed.error);
  return fmt::format(
      "loads the program\n"
      "split frames     {}\n"
      "--confirm-within {}",
      probed.frags ? "judged in full" : "refused by drivers: this kernel is older than 5.18",
      probed.unconfirmed.empty() ? "yes" : "no: " + first_line(probed.unconfirmed));
}

}  // namespace

Result<Exit> run(const CommandLine& line, const VersionOptions& options) {
  print(fmt::format("apiguard {} (program {:016x}, abi {})", APIGUARD_VERSION,
                    datapath::program_build(), APIGUARD_ABI));
  if (!options.verbose) return Exit::kDone;
  print(
      fmt::format("library          {}\n"
                  "oldest kernel    5.10\n"
                  "this kernel      {}: {}\n"
                  "configuration    {}\n"
                  "state directory  {}\n"
                  "run directory    {}\n"
                  "pin directory    {}\n",
                  datapath::library_version(), kernel_release(), describe_kernel(),
                  line.host.config, line.host.state_dir, line.host.run_dir, line.host.pin_dir));
  return Exit::kDone;
}

}  // namespace apiguard::cli
