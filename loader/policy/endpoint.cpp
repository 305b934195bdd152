// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// "6443", "192.0.2.1:6443", "[2001:db8::1]:6443": text <-> Endpoint.
#include <fmt/format.h>

#include "loader/base/utf8.hpp"
#include "loader/policy/scan.hpp"
#include "loader/policy/text.hpp"

namespace apiguard {
namespace {

struct Halves {
  // without brackets
  std::string_view address;
  std::size_t address_at = 0;
  std::string_view port;
  std::size_t port_at = 0;
};

Scanned<Halves> split_bracketed(std::string_view text) {
  const std::size_t close = text.find(']');
  if (close == std::string_view::npos) return flaw(0, "']' is missing");
  if (text.substr(close + 1, 1) != ":") {
    return flaw(close + 1, "the port is missing: write [ADDRESS]:PORT");
  }
  return Halves{text.substr(1, close - 1), 1, text.substr(close + 2), close + 2};
}

Scanned<Halves> split(std::string_view text) {
  if (text.substr(0, 1) == "[") return split_bracketed(text);
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos) {
    const bool address = text.find('.') != std::string_view::npos;
    if (address) return flaw(text.size(), "the port is missing: write ADDRESS:PORT");
    return Halves{{}, 0, text, 0};
  }
  if (text.find(':', colon + 1) != std::string_view::npos) {
    return flaw(0, "an IPv6 address needs brackets: write [ADDRESS]:PORT");
  }
  return Halves{text.substr(0, colon), 0, text.substr(colon + 1), colon + 1};
}

Scanned<std::uint16_t> scan_port(std::string_view text) {
  const auto port = scan_number(text, 65535, "port");
  if (!port) return tl::unexpected<Flaw>(port.error());
  if (*port == 0) return flaw(0, "port 0 is not a port");
  return static_cast<std::uint16_t>(*port);
}

bool is_unspecified(const Address& address) { return address == Address{address.family, {}}; }

Scanned<Address> scan_endpoint_address(const Halves& halves, bool bracketed) {
  const auto address = scan_address(halves.address);
  if (!address) return flaw_in(halves.address_at, address.error());
  if (bracketed && address->family == Family::kIpv4) {
    return flaw(0, "brackets are for IPv6: write ADDRESS:PORT");
  }
  if (is_unspecified(*address)) {
    return flaw(0, fmt::format("{} means every address: write just the port, \"{}\"",
                               to_string(*address), halves.port));
  }
  return *address;
}

}  // namespace

Scanned<Endpoint> scan_endpoint(std::string_view text) {
  const auto halves = split(text);
  if (!halves) return tl::unexpected<Flaw>(halves.error());
  const auto port = scan_port(halves->port);
  if (!port) return flaw_in(halves->port_at, port.error());
  if (halves->port_at == 0) return Endpoint{std::nullopt, *port};
  const auto address = scan_endpoint_address(*halves, halves->address_at == 1);
  if (!address) return tl::unexpected<Flaw>(address.error());
  return Endpoint{*address, *port};
}

Result<Endpoint> parse_endpoint(std::string_view text) {
  const auto endpoint = scan_endpoint(text);
  if (!endpoint) {
    return fail(Exit::kUsage,
                fmt::format("endpoint {}: {}", quote(text), endpoint.error().message));
  }
  return *endpoint;
}

std::string to_string(const Endpoint& endpoint) {
  if (!endpoint.address) return fmt::format("{}", endpoint.port);
  const std::string address = to_string(*endpoint.address);
  if (endpoint.address->family == Family::kIpv4)
    return fmt::format("{}:{}", address, endpoint.port);
  return fmt::format("[{}]:{}", address, endpoint.port);
}

}  // namespace apiguard
