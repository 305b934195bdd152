// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/publish/bring_links.hpp"

#include <fmt/format.h>

namespace apiguard::publish {

Result<> bring_links(const datapath::Pins& pins, const datapath::Live& live, int filter_fd,
                     const std::vector<datapath::Target>& targets, const std::string& what) {
  const auto id = datapath::program_of(filter_fd);
  if (!id) return fail(id.error());
  datapath::SwitchOptions options;
  options.keep_going = true;
  const auto switched = datapath::switch_links(pins, live, filter_fd, targets, options);
  if (!switched) return fail(switched.error());
  std::vector<datapath::Finding> findings = switched->failed;
  const auto read = datapath::read_back(switched->placed, *id);
  findings.insert(findings.end(), read.findings.begin(), read.findings.end());
  if (findings.empty()) return {};
  std::vector<std::string> parts;
  parts.reserve(findings.size());
  for (const datapath::Finding& one : findings)
    parts.push_back(fmt::format("interface '{}': does not run {}: {}", one.name, what, one.what));
  return fail(Exit::kFailed, fmt::format("{}", fmt::join(parts, "; ")));
}

}  // namespace apiguard::publish
