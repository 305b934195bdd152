// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// crowd FIRST COUNT ADDRESS PORT: one TCP client each from COUNT consecutive IPv4 addresses. Prints
// "connected" when all of them are, and keeps them until its input ends.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>

namespace {

sockaddr_in address(std::uint32_t host, unsigned long port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(host);
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  return address;
}

std::uint32_t number(const char* text) {
  in_addr parsed{};
  if (inet_pton(AF_INET, text, &parsed) == 1) return ntohl(parsed.s_addr);
  std::fprintf(stderr, "'%s' is no address\n", text);
  std::exit(3);
}

bool connect_from(const sockaddr_in& from, const sockaddr_in& to) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  return fd >= 0 && bind(fd, reinterpret_cast<const sockaddr*>(&from), sizeof from) == 0 &&
         connect(fd, reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0;
}

void raise_limit_of_descriptors() {
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 5) {
    std::fputs("usage: crowd FIRST COUNT ADDRESS PORT\n", stderr);
    return 3;
  }
  raise_limit_of_descriptors();
  const std::uint32_t first = number(argv[1]);
  const unsigned long count = std::strtoul(argv[2], nullptr, 10);
  const sockaddr_in to = address(number(argv[3]), std::strtoul(argv[4], nullptr, 10));
  for (unsigned long i = 0; i < count; ++i) {
    if (!connect_from(address(first + static_cast<std::uint32_t>(i), 0), to)) {
      std::perror("connect");
      return 1;
    }
  }
  std::puts("connected");
  std::fflush(stdout);
  while (std::getchar() != EOF) {
  }
  return 0;
}
