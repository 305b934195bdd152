// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/ledger/audit_sources.hpp"

#include <cerrno>

#include <fmt/format.h>

#include "loader/datapath/pins.hpp"
#include "loader/ledger/audit_file.hpp"
#include "loader/ledger/sources.hpp"

namespace apiguard::ledger {
namespace {

// Not there in this boot: Exit::kFailed with ENOENT.
Result<Fd> open_seen(const Host& host) {
  return host.pins.open_ledger_map(datapath::LedgerMap::kSeen);
}

}  // namespace

Result<std::vector<AuditSource>> read_audit_sources(const Host& host, const Now& now) {
  const auto map = open_seen(host);
  if (!map && map.error().os_error == ENOENT) return read_audit_file(host.state_dir);
  if (!map) return fail(map.error());
  return ledger::read_audit_sources(map->get(), now);
}

Result<> save_audit_sources(const Host& host, const Now& now, std::vector<std::string>& warnings) {
  const auto map = open_seen(host);
  if (!map && map.error().os_error == ENOENT) return {};
  const auto sources = map ? ledger::read_audit_sources(map->get(), now)
                           : Result<std::vector<AuditSource>>(fail(map.error()));
  if (!sources) {
    warnings.push_back(sources.error().message + ": sources seen in audit are not saved");
    return {};
  }
  const auto aside = write_audit_file(host.state_dir, *sources);
  if (!aside) return fail(aside.error());
  if (!aside->empty()) warnings.push_back(moved_aside(*aside));
  return {};
}

std::optional<std::string> doubt_audit_sources(const Host& host) {
  const auto sources = read_audit_file(host.state_dir);
  if (sources) return std::nullopt;
  return sources.error().message + ": sources seen in audit start over";
}

Result<> restore_audit_sources(const Host& host, const datapath::Generation& generation,
                               const Now& now) {
  const auto sources = read_audit_file(host.state_dir);
  if (!sources) return {};  // doubt_audit_sources() says so
  return ledger::write_audit_sources(generation.kept_fd(datapath::LedgerMap::kSeen), *sources, now);
}

std::string moved_aside(const std::string& aside) {
  return fmt::format("directory '{}': had the name of a file of ours: moved there", aside);
}

}  // namespace apiguard::ledger
