// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/host/doors.hpp"

#include <netinet/tcp.h>

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "loader/host/addresses.hpp"
#include "loader/host/tcp_sockets.hpp"
#include "loader/policy/text.hpp"

namespace apiguard {
namespace {

constexpr std::size_t kNamed = 5;

bool is_any(const Address& address) {
  return std::all_of(address.bytes.begin(), address.bytes.end(),
                     [](auto byte) { return byte == 0; });
}

bool is_loopback(const Address& address) {
  if (address.family == Family::kIpv4) return address.bytes[0] == 127;
  return std::all_of(address.bytes.begin(), address.bytes.end() - 1,
                     [](auto byte) { return byte == 0; }) &&
         address.bytes.back() == 1;
}

bool answers_at(const Listener& listener, const Address& address) {
  if (!is_any(listener.address)) return listener.address == address;
  return listener.address.family == address.family ||
         (listener.ipv4_too && address.family == Family::kIpv4);
}

bool covers(const std::vector<Endpoint>& endpoints, std::uint16_t port, const Address& address) {
  return std::any_of(endpoints.begin(), endpoints.end(), [&](const Endpoint& endpoint) {
    return endpoint.port == port && (!endpoint.address || *endpoint.address == address);
  });
}

bool is_protected(const std::vector<Endpoint>& endpoints, std::uint16_t port) {
  return std::any_of(endpoints.begin(), endpoints.end(),
                     [&](const Endpoint& endpoint) { return endpoint.port == port; });
}

// fe80::/10
bool is_link_local(const Address& address) {
  return address.family == Family::kIpv6 && address.bytes[0] == 0xfe &&
         (address.bytes[1] & 0xc0) == 0x80;
}

// IPv6 first: it is what is forgotten. Link-local addresses, of which each interface has one, last.
struct Ipv6First {
  static int rank(const Address& address) {
    if (is_link_local(address)) return 2;
    return address.family == Family::kIpv6 ? 0 : 1;
  }
  bool operator()(const Address& a, const Address& b) const {
    return rank(a) != rank(b) ? rank(a) < rank(b) : a < b;
  }
};
using Open = std::set<Address, Ipv6First>;

// A listener of one address answers there even where `own` does not have it.
void add_open(const std::vector<Endpoint>& endpoints, const Listener& listener,
              const std::vector<Address>& own, Open& open) {
  const auto add = [&](const Address& address) {
    if (!is_loopback(address) && !covers(endpoints, listener.port, address)) open.insert(address);
  };
  if (!is_any(listener.address)) return add(listener.address);
  for (const Address& address : own) {
    if (answers_at(listener, address)) add(address);
  }
}

std::string describe_open(std::uint16_t port, const Open& open) {
  std::vector<std::string> named;
  for (const Address& address : open) {
    if (named.size() < kNamed) named.push_back(to_string(address));
  }
  const std::string more =
      open.size() > kNamed ? fmt::format(" and {} more", open.size() - kNamed) : "";
  return fmt::format(
      "endpoint port {}: the listening process also answers at {}{}, which no endpoint covers: "
      "every source gets in there; endpoints = [\"{}\"] protects them all",
      port, fmt::join(named, ", "), more, port);
}

void add_partly_covered(const std::vector<Endpoint>& endpoints,
                        const std::vector<Listener>& listeners, const std::vector<Address>& own,
                        std::vector<std::string>& texts) {
  std::set<std::uint16_t> ports;
  for (const Endpoint& endpoint : endpoints) ports.insert(endpoint.port);
  for (const std::uint16_t port : ports) {
    Open open;
    for (const Listener& listener : listeners) {
      if (listener.port == port) add_open(endpoints, listener, own, open);
    }
    if (!open.empty()) texts.push_back(describe_open(port, open));
  }
}

std::string show(const std::vector<Endpoint>& endpoints) {
  std::vector<std::string> texts;
  texts.reserve(endpoints.size());
  for (const Endpoint& endpoint : endpoints) texts.push_back(to_string(endpoint));
  return fmt::format("{}", fmt::join(texts, ", "));
}

bool anything_listens(const std::vector<Endpoint>& endpoints,
                      const std::vector<Listener>& listeners) {
  return std::any_of(listeners.begin(), listeners.end(), [&](const Listener& listener) {
    return std::any_of(endpoints.begin(), endpoints.end(), [&](const Endpoint& endpoint) {
      return endpoint.port == listener.port &&
             (!endpoint.address || answers_at(listener, *endpoint.address));
    });
  });
}

Listener listener_of(const TcpSocket& socket) {
  const bool ipv4_too =
      socket.local.family == Family::kIpv6 && is_any(socket.local) && !socket.v6only;
  return {socket.local, socket.port, ipv4_too};
}

}  // namespace

std::vector<std::string> describe_doors(const std::vector<Endpoint>& endpoints, Mode mode,
                                        const std::vector<Listener>& listeners,
                                        const std::vector<Address>& own) {
  std::vector<std::string> texts;
  if (mode == Mode::kOff) return texts;
  add_partly_covered(endpoints, listeners, own, texts);
  for (const Endpoint& endpoint : endpoints) {
    if (!endpoint.address || std::find(own.begin(), own.end(), *endpoint.address) != own.end())
      continue;
    texts.push_back(
        fmt::format("endpoint '{}': no interface has this address", to_string(endpoint)));
  }
  if (mode == Mode::kEnforce && !anything_listens(endpoints, listeners)) {
    texts.push_back(
        fmt::format("endpoints {}: nothing listens there: is this the port of the API server?",
                    show(endpoints)));
  }
  return texts;
}

std::vector<std::string> look_at_doors(const std::vector<Endpoint>& endpoints, Mode mode) {
  if (mode == Mode::kOff) return {};
  std::vector<Listener> listeners;
  const auto listed = list_tcp_sockets({1U << TCP_LISTEN, 0, 0}, [&](const TcpSocket& socket) {
    if (is_protected(endpoints, socket.port)) listeners.push_back(listener_of(socket));
  });
  const auto addresses = list_addresses();
  if (!listed || !addresses) {
    const Error& error = !listed ? listed.error() : addresses.error();
    return {error.message + ": cannot tell whether the endpoints cover every listener"};
  }
  std::vector<Address> own;
  own.reserve(addresses->size());
  for (const InterfaceAddress& one : *addresses) own.push_back(one.address);
  for (const Endpoint& endpoint : endpoints) {
    // AnyIP: a route delivers it here.
    if (endpoint.address && is_own_address(*endpoint.address).value_or(false))
      own.push_back(*endpoint.address);
  }
  return describe_doors(endpoints, mode, listeners, own);
}

}  // namespace apiguard
