// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/publish/bring_links.hpp"

#include <fmt/format.h>

namespace apiguard::publish {

Result<> bring_links(const datapath::Pins& pins, const datapath::Live& live,
                     const datapath::Filters& filters, const std::vector<datapath::Target>& targets,
                     const std::string& what) {
  datapath::SwitchOptions options;
  options.keep_going = true;
  const auto switched = datapath::switch_links(pins, live, borrow(filters), targets, options);
  if (!switched) return fail(switched.error());
  std::vector<datapath::Finding> findings = switched->failed;
  const auto read = datapath::read_back(switched->placed);
  findings.insert(findings.end(), read.findings.begin(), read.findings.end());
  if (findings.empty()) return {};
  std::vector<std::string> parts;
  parts.reserve(findings.size());
  for (const datapath::Finding& one : findings)
    parts.push_back(fmt::format("{}: does not run {}: {}", one.subject, what, one.what));
  return fail(Exit::kFailed, fmt::format("{}", fmt::join(parts, "; ")));
}

}  // namespace apiguard::publish
