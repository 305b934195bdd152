// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// ping SOURCE ADDRESS: one ICMP or ICMPv6 echo request; prints "answered", or "silent" after ten
// seconds, status 1.
#include <poll.h>

#include <cstdio>

#include "tests/support/wire.hpp"

using namespace apiguard::test;

namespace {

constexpr std::uint8_t kReply4 = 0, kReply6 = 129;

sockaddr_storage address_of(const std::string& text, socklen_t& size) {
  sockaddr_storage storage{};
  auto* v4 = reinterpret_cast<sockaddr_in*>(&storage);
  auto* v6 = reinterpret_cast<sockaddr_in6*>(&storage);
  storage.ss_family = is_ipv6(text) ? AF_INET6 : AF_INET;
  size = is_ipv6(text) ? sizeof *v6 : sizeof *v4;
  const int good = is_ipv6(text) ? inet_pton(AF_INET6, text.c_str(), &v6->sin6_addr)
                                 : inet_pton(AF_INET, text.c_str(), &v4->sin_addr);
  if (good != 1) give_up("'" + text + "' is no address");
  return storage;
}

// The kernel sums ICMPv6 itself; of IPv4 the header comes with what is received.
bool is_reply(std::span<const std::uint8_t> data, bool ipv6) {
  if (ipv6) return !data.empty() && data[0] == kReply6;
  return data.size() > 20 && data[20] == kReply4;
}

bool answered(int fd, bool ipv6) {
  std::array<std::uint8_t, 2048> buffer{};
  pollfd waiting{fd, POLLIN, 0};
  while (poll(&waiting, 1, 10'000) > 0) {
    const ssize_t size = recv(fd, buffer.data(), buffer.size(), 0);
    if (size > 0 && is_reply({buffer.data(), static_cast<std::size_t>(size)}, ipv6)) return true;
  }
  return false;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) give_up("usage: ping SOURCE ADDRESS");
  const std::string source = argv[1], address = argv[2];
  const bool ipv6 = is_ipv6(address);
  const int fd =
      ipv6 ? socket(AF_INET6, SOCK_RAW, IPPROTO_ICMPV6) : socket(AF_INET, SOCK_RAW, IPPROTO_ICMP);
  socklen_t size = 0;
  const sockaddr_storage from = address_of(source, size), to = address_of(address, size);
  if (fd < 0 || bind(fd, reinterpret_cast<const sockaddr*>(&from), size) != 0)
    give_up_errno(source);
  Bytes request = Packet(Icmp{}).bytes();
  if (ipv6) request = Packet(Icmp6{}).bytes();
  if (sendto(fd, request.data(), request.size(), 0, reinterpret_cast<const sockaddr*>(&to), size) <
      0) {
    give_up_errno(address);
  }
  const bool good = answered(fd, ipv6);
  std::puts(good ? "answered" : "silent");
  return good ? 0 : 1;
}
