// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// argv -> verb -> exit status. The only place that prints an Error.
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <optional>
#include <string>
#include <variant>

#include <unistd.h>

#include "loader/base/capabilities.hpp"
#include "loader/base/descriptors.hpp"
#include "loader/base/masked.hpp"
#include "loader/cli/complete.hpp"
#include "loader/cli/failure.hpp"
#include "loader/cli/options.hpp"
#include "loader/cli/trust.hpp"
#include "loader/cli/verbs.hpp"
#include "loader/datapath/log.hpp"
#include "loader/datapath/release.hpp"
#include "loader/host/journal.hpp"
#include "loader/host/outlet.hpp"
#include "loader/host/progress.hpp"
#include "loader/host/standard_streams.hpp"
#include "loader/service/udev_wait.hpp"

namespace {

using namespace apiguard;

// Hidden: `apiguard __guarded INTERFACE` is what the rule of udev runs.
constexpr const char* kGuardedVerb = "__guarded";

// An error in a file begins with its path, as compilers write it; editors jump there.
int say_error(const Error& error) {
  const char* prefix = error.message.starts_with('/') ? "" : "apiguard: ";
  say(Level::kError, prefix + error.message);
  return static_cast<int>(error.exit);
}

// An answer that could not be written is no answer; a change that was made is one, whoever heard of
// it.
bool reads_only(const cli::Verb& verb) {
  const auto is = [&verb]<typename... Verbs>(const std::variant<Verbs...>*) {
    return (std::holds_alternative<Verbs>(verb) || ...);
  };
  using Readers =
      std::variant<cli::HistoryOptions, cli::ListOptions, cli::StatusOptions, cli::CheckOptions,
                   cli::DeniedOptions, cli::WatchOptions, cli::SuggestOptions, cli::ValidateOptions,
                   cli::DiffOptions, cli::InitOptions, cli::MetricsOptions, cli::VersionOptions>;
  return is(static_cast<const Readers*>(nullptr));
}

Result<Exit> run(const cli::CommandLine& line) {
  auto believed = cli::look_at_owners(line);
  if (!believed) return believed;
  const auto exit =
      std::visit([&line](const auto& options) { return cli::run(line, options); }, line.verb);
  return exit && *exit == Exit::kDone ? believed : exit;
}

}  // namespace

int main(int argc, char** argv) {
  // This one prints nothing, opens nothing and holds nothing but what it is to let go of.
  if (argc > 0 && std::strcmp(argv[0], datapath::kFreeInBackground) == 0) {
    capabilities::give_up_most();
    datapath::free_in_background();
  }
  if (!fill_standard_streams()) return static_cast<int>(Exit::kFailed);
  set_own_umask();
  survive_size_limit();
  capabilities::give_up_most();
  descriptors::raise_limit();
  if (argc > 1 && std::strcmp(argv[1], cli::kCompleteVerb) == 0) {
    cli::print_completions({argv + 2, argv + argc});
    return 0;
  }
  if (argc == 3 && std::strcmp(argv[1], kGuardedVerb) == 0) {
    service::wait_until_guarded(Host(cli::places_of_environment()), argv[2]);
    return 0;
  }
  const auto parsed = cli::parse(argc, argv);
  if (const auto* printed = std::get_if<cli::Printed>(&parsed)) {
    cli::answer_refused_words(*printed);
    std::fputs(masked(printed->text).c_str(), printed->exit == Exit::kDone ? stdout : stderr);
    return static_cast<int>(printed->exit);
  }
  const auto& line = std::get<cli::CommandLine>(parsed);
  if (line.verbose) {
    datapath::show_library_messages(
        [](const std::string& text) { outlet::put(STDERR_FILENO, text); });
  }
  // The supervisor forks, which threads would be in the way of.
  std::optional<progress::Watcher> watcher;
  if (!std::holds_alternative<cli::RunOptions>(line.verb)) watcher.emplace();
  const auto exit = run(line);
  progress::step("");
  if (!exit) {
    const Error error = cli::with_privilege(line, exit.error());
    cli::answer_failure(line, error);
    return say_error(error);
  }
  if (std::fflush(stdout) == 0) return static_cast<int>(*exit);
  const int unwritten = say_error({std::string("standard output: write: ") + std::strerror(errno)});
  return reads_only(line.verb) ? unwritten : static_cast<int>(*exit);
}
