// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// listener [-4|-6] PORT|ADDRESS:PORT...: accepts TCP on all addresses of both families, with -4 or
// -6 of that family alone, or on one address of IPv4; prints "PORT PEER" a connection and sends
// back what it is sent. Prints "ready" when it listens; ends when it is killed.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

namespace {

template <typename Address>
int listen_at(int fd, const Address& address) {
  const int yes = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  if (bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      listen(fd, 1024) != 0) {
    std::perror("listen");
    std::exit(3);
  }
  return fd;
}

int listen4(const char* at, std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  if (inet_pton(AF_INET, at, &address.sin_addr) != 1) std::exit(2);
  return listen_at(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), address);
}

int listen6(bool alone, std::uint16_t port) {
  const int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int only = alone ? 1 : 0;
  setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &only, sizeof only);
  sockaddr_in6 address{};
  address.sin6_family = AF_INET6;
  address.sin6_port = htons(port);
  return listen_at(fd, address);
}

int listen_where(const char* family, const std::string& text) {
  const std::size_t colon = text.rfind(':');
  const std::string digits = colon == std::string::npos ? text : text.substr(colon + 1);
  const auto port = static_cast<std::uint16_t>(std::strtoul(digits.c_str(), nullptr, 10));
  if (colon != std::string::npos) return listen4(text.substr(0, colon).c_str(), port);
  if (std::strcmp(family, "-4") == 0) return listen4("0.0.0.0", port);
  return listen6(std::strcmp(family, "-6") == 0, port);
}

int accept_and_say(int listening) {
  sockaddr_in6 peer{}, local{};
  socklen_t size = sizeof peer;
  const int fd = accept(listening, reinterpret_cast<sockaddr*>(&peer), &size);
  if (fd < 0) return -1;
  size = sizeof local;
  getsockname(fd, reinterpret_cast<sockaddr*>(&local), &size);
  char text[INET6_ADDRSTRLEN] = "";
  const auto* peer4 = reinterpret_cast<const sockaddr_in*>(&peer);
  if (peer.sin6_family == AF_INET) {
    inet_ntop(AF_INET, &peer4->sin_addr, text, sizeof text);
  } else {
    inet_ntop(AF_INET6, &peer.sin6_addr, text, sizeof text);
  }
  std::printf("%u %s\n", ntohs(local.sin6_port), text);
  return fd;
}

bool echo(int fd) {
  char data[4096];
  const ssize_t size = read(fd, data, sizeof data);
  if (size <= 0) return false;
  return write(fd, data, static_cast<std::size_t>(size)) == size;
}

}  // namespace

int main(int argc, char** argv) {
  std::setvbuf(stdout, nullptr, _IOLBF, 0);
  std::vector<pollfd> sockets;
  const char* family = argc > 1 && argv[1][0] == '-' ? argv[1] : "";
  for (int at = *family != '\0' ? 2 : 1; at < argc; ++at)
    sockets.push_back({listen_where(family, argv[at]), POLLIN, 0});
  const std::size_t listeners = sockets.size();
  std::puts("ready");
  while (poll(sockets.data(), sockets.size(), -1) > 0) {
    for (std::size_t at = sockets.size(); at-- > listeners;) {
      if (sockets[at].revents == 0 || echo(sockets[at].fd)) continue;
      close(sockets[at].fd);
      sockets.erase(sockets.begin() + static_cast<std::ptrdiff_t>(at));
    }
    for (std::size_t at = 0; at < listeners; ++at) {
      if ((sockets[at].revents & POLLIN) == 0) continue;
      const int fd = accept_and_say(sockets[at].fd);
      if (fd >= 0) sockets.push_back({fd, POLLIN, 0});
    }
  }
  return 3;
}
