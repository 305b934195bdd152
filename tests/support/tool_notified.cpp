// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// notified PATH: a service manager's end of sd_notify(3). Binds PATH, says "ready", then prints
// every datagram as one line, its newlines as spaces.
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstring>
#include <string>

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (std::strlen(argv[1]) >= sizeof(address.sun_path)) return 2;
  std::strcpy(address.sun_path, argv[1]);
  const int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0 || bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
    std::perror("notified: bind");
    return 1;
  }
  std::puts("ready");
  std::fflush(stdout);
  std::array<char, 4096> buffer{};
  while (true) {
    const ssize_t got = recv(fd, buffer.data(), buffer.size(), 0);
    if (got < 0) return 1;
    std::string text(buffer.data(), static_cast<std::size_t>(got));
    std::replace(text.begin(), text.end(), '\n', ' ');
    std::puts(text.c_str());
    std::fflush(stdout);
  }
}
