// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Why it matters: a reply to a connection of this host's own arrives at the local port it was
// given. If that port is a protected one, the reply comes from an unlisted source and is dropped.
#include "loader/host/ports.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <string_view>

#include "loader/base/number.hpp"
#include "loader/base/trim.hpp"
#include "loader/host/files.hpp"

namespace apiguard {
namespace {

constexpr std::string_view kBlank = " \t\n";

// One item of "1,5-9"; both ends are inside.
bool item_holds(std::string_view item, std::uint16_t port) {
  const std::size_t dash = item.find('-');
  const auto first = parse_whole<std::uint16_t>(trim(item.substr(0, dash), kBlank));
  const auto last = dash == std::string_view::npos
                        ? first
                        : parse_whole<std::uint16_t>(trim(item.substr(dash + 1), kBlank));
  return first && last && *first <= port && port <= *last;
}

bool list_holds(std::string_view list, std::uint16_t port) {
  while (!list.empty()) {
    const std::size_t comma = list.find(',');
    if (item_holds(list.substr(0, comma), port)) return true;
    if (comma == std::string_view::npos) break;
    list.remove_prefix(comma + 1);
  }
  return false;
}

// "32768\t60999\n"
void take_range(std::string_view text, LocalPorts& ports) {
  text = trim(text, kBlank);
  const std::size_t blank = text.find_first_of(kBlank);
  if (blank == std::string_view::npos) return;
  const auto first = parse_whole<std::uint16_t>(text.substr(0, blank));
  const auto last = parse_whole<std::uint16_t>(trim(text.substr(blank), kBlank));
  if (!first || !last) return;
  ports.first = *first;
  ports.last = *last;
}

}  // namespace

LocalPorts read_local_ports() {
  LocalPorts ports;
  if (const auto text = read_text("/proc/sys/net/ipv4/ip_local_port_range"))
    take_range(*text, ports);
  if (const auto text = read_text("/proc/sys/net/ipv4/ip_local_reserved_ports")) {
    ports.reserved = trim(*text, kBlank);
  }
  return ports;
}

std::vector<std::uint16_t> ephemeral_conflicts(const std::vector<Endpoint>& endpoints,
                                               const LocalPorts& ports) {
  std::vector<std::uint16_t> conflicts;
  for (const Endpoint& endpoint : endpoints) {
    const std::uint16_t port = endpoint.port;
    if (port < ports.first || port > ports.last || list_holds(ports.reserved, port)) continue;
    conflicts.push_back(port);
  }
  std::sort(conflicts.begin(), conflicts.end());
  conflicts.erase(std::unique(conflicts.begin(), conflicts.end()), conflicts.end());
  return conflicts;
}

std::string describe_conflict(std::uint16_t port, const LocalPorts& ports) {
  const std::string reserved =
      ports.reserved.empty() ? std::to_string(port) : fmt::format("{},{}", ports.reserved, port);
  return fmt::format(
      "port {} is inside net.ipv4.ip_local_port_range ({}-{}): replies to connections that this "
      "host opens "
      "from it would be dropped; reserve it: sysctl -w net.ipv4.ip_local_reserved_ports={} (and "
      "the same "
      "setting in /etc/sysctl.d for the next boot)",
      port, ports.first, ports.last, reserved);
}

}  // namespace apiguard
