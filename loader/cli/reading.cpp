// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/cli/reading.hpp"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>

#include <fmt/format.h>

#include "loader/base/masked.hpp"
#include "loader/host/detached.hpp"
#include "loader/host/journal.hpp"
#include "loader/host/outlet.hpp"
#include "loader/host/progress.hpp"
#include "loader/publish/look.hpp"
#include "loader/report/terminal.hpp"

namespace apiguard::cli {

Result<publish::World> look_for_reading(const Host& host) {
  progress::step("reading what is in force");
  auto world = publish::look(host);
  if (!world) return fail_reading(world.error());
  return world;
}

tl::unexpected<Error> fail_reading(Error error) {
  const bool denied = error.os_error == EACCES || error.os_error == EPERM;
  return denied && geteuid() != 0 ? fail_in("needs root", std::move(error))
                                  : fail(std::move(error));
}

publish::UsageView read_usage_or_say(const Host& host, const publish::World& world) {
  auto used = publish::read_usage(host, world);
  print_warnings(used.warnings);
  for (const std::string& pin : used.unread)
    note(pin + ": connections since the last save are not known");
  return used;
}

Error text_unknown(const publish::InForce& in_force) {
  return {"the text in force is not known: " + in_force.missing};
}

std::string nothing_in_force(const Host& host) {
  if (read_detached(host.run_dir).empty()) return std::string(publish::kNothingInForce);
  return "nothing is in force: everything is detached: 'apiguard apply' attaches again";
}

report::View view_of(bool wide) {
  const auto size = wide ? std::nullopt : report::terminal_size(STDOUT_FILENO);
  return size ? report::View{size->columns} : report::View{};
}

void print(std::string_view text) {
  progress::clear();
  const bool colour = report::colour_wanted(STDOUT_FILENO);
  outlet::put(STDOUT_FILENO, fmt::format("{}{}", report::masked_but_colours(text, colour),
                                         text.ends_with('\n') ? "" : "\n"));
}

void to_stdout(std::string_view piece) { std::fputs(masked(piece).c_str(), stdout); }

void note(std::string_view text) {
  progress::clear();
  say(Level::kNotice, fmt::format("apiguard: {}", text));
}

void tell(std::string_view text) {
  progress::clear();
  say(Level::kInfo, text);
}

void print_warnings(const std::vector<std::string>& warnings) {
  progress::clear();
  for (const std::string& warning : warnings)
    say(Level::kWarning, fmt::format("warning: {}", warning));
}

FamilyCounts count_ranges(const std::vector<Range>& ranges) {
  FamilyCounts counts;
  for (const Range* range : deciding_ranges(ranges)) {
    const bool ipv4 = range->prefix.address.family == Family::kIpv4;
    ++(ipv4 ? counts.ipv4 : counts.ipv6);
  }
  return counts;
}

}  // namespace apiguard::cli
