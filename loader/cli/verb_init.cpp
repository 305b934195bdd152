// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Looks first, then writes: a file that is there is replaced only by who has seen the difference
// and said yes to it. The lock is not held while the question waits, so what was shown is compared
// with what is there before anything is done.
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <optional>

#include <fmt/format.h>

#include "loader/base/masked.hpp"
#include "loader/base/paths.hpp"
#include "loader/cli/asking.hpp"
#include "loader/cli/reading.hpp"
#include "loader/cli/verbs.hpp"
#include "loader/host/caller.hpp"
#include "loader/host/files.hpp"
#include "loader/host/lock.hpp"
#include "loader/propose/proposal.hpp"
#include "loader/report/lines.hpp"
#include "loader/report/terminal.hpp"

namespace apiguard::cli {
namespace {

std::optional<Address> where_the_operator_is() {
  const char* connection = std::getenv("SSH_CONNECTION");
  const auto source = connection != nullptr ? ssh_source(connection) : std::nullopt;
  if (!source) return std::nullopt;
  const auto address = parse_address(*source);
  return address ? std::optional(*address) : std::nullopt;
}

Result<propose::Proposal> look_around(const InitOptions& options) {
  const propose::Facts facts = propose::read_facts(options.root);
  auto machine = propose::look_at_machine(propose::ports_to_protect(facts));
  if (!machine) return fail(machine.error());
  return propose::propose(facts, *machine, where_the_operator_is());
}

using Existing = std::optional<std::string>;

Result<Existing> read_existing(const std::string& path) {
  auto text = read_text(path);
  if (text) return Existing(*std::move(text));
  if (text.error().os_error == ENOENT) return Existing();
  return fail(text.error());
}

// Status 4: the state before is still in force. 7 would promise that --accept-risk helps.
Error refusal(const std::string& path) {
  return {
      fmt::format("file '{}': write: it exists, and nothing was changed: see the proposal with "
                  "'apiguard init --print', or run this on a terminal",
                  path)};
}

// Only where can_ask().
Result<> agree(const std::string& path, const std::string& before, const std::string& after) {
  print(report::compare_lines(before, after, report::colour_wanted(STDOUT_FILENO)));
  note(fmt::format("file '{}': this would be replaced as a whole", path));
  std::fflush(stdout);
  if (ask()) return {};
  return fail(Exit::kFailed, fmt::format("file '{}': nothing was changed", path));
}

Result<> write(const CommandLine& line, const Existing& seen, const std::string& text) {
  const std::string& path = line.host.config;
  const auto lock = Lock::take(line.host.run_dir, line.command);
  if (!lock) return fail(lock.error());
  const auto now = read_existing(path);
  if (!now) return fail(now.error());
  if (*now != seen) {
    return fail(Exit::kFailed,
                fmt::format("file '{}': was changed by another process: nothing was done", path));
  }
  if (auto made = make_directory(folder_of(path), 0755); !made) return made;
  return replace_file(path, text);
}

// Whether the lists beside it fit: an empty policy, an except inside 'cluster'.
void check_whole(const std::string& config) {
  const auto sources = read_sources(config);
  const auto parsed = sources ? parse_policy(*sources) : Result<Parsed>(fail(sources.error()));
  if (parsed) {
    print_warnings(parsed->warnings);
  } else {
    note(fmt::format("the configuration is not complete yet:\n{}", parsed.error().message));
  }
}

void say_what_is_next(const std::string& path) {
  print(fmt::format(
      "wrote {}: mode audit, which drops nothing. Next:\n"
      "  read it, and add what it could not know\n"
      "  apiguard allow CIDR --name NAME   clients outside 'cluster'; attaches the filter\n"
      "  apiguard suggest                  after a while: sources that connected\n"
      "  apiguard denied                   sources that enforce would have dropped\n"
      "  apiguard mode enforce --confirm-within 2m   drops; undone unless confirmed",
      path));
}

// What is said of the proposal has so many lines of a terminal of 24, beside what is next, and,
// where no range is known, the word that the policy is not yet whole.
constexpr std::size_t kLines = 15;
constexpr std::size_t kUnfinished = 4;

// All of it where nobody's terminal scrolls.
std::string on_screen(const propose::Proposal& proposal, std::size_t lines) {
  const auto size = report::terminal_size(STDOUT_FILENO);
  if (!size) return to_text(proposal);
  const std::size_t more = size->rows > 24 ? size->rows - 24 : 0;
  return to_screen(proposal, {lines + more, size->columns});
}

}  // namespace

Result<Exit> run(const CommandLine& line, const InitOptions& options) {
  const auto proposal = look_around(options);
  if (!proposal) return fail(proposal.error());
  const std::string text = to_toml(*proposal);
  if (options.print) {
    fmt::print(stderr, "{}", masked(to_text(*proposal)));
    print(text);
    return Exit::kDone;
  }
  const std::string& path = line.host.config;
  const auto existing = read_existing(path);
  if (!existing) return fail(existing.error());
  if (*existing && !can_ask() && **existing != text) return fail(refusal(path));
  print(on_screen(*proposal, proposal->cluster.empty() ? kLines - kUnfinished : kLines));
  if (*existing && **existing == text) {
    print(fmt::format("unchanged: {} already holds this text", path));
    return Exit::kDone;
  }
  if (*existing) {
    if (auto agreed = agree(path, **existing, text); !agreed) return fail(agreed.error());
  }
  if (auto written = write(line, *existing, text); !written) return fail(written.error());
  check_whole(path);
  say_what_is_next(path);
  return Exit::kDone;
}

}  // namespace apiguard::cli
