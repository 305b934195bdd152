// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// connect [--hold|--reset] SOURCE ADDRESS PORT MILLISECONDS: a TCP client bound to SOURCE. Prints
// "answered", "refused", or "silent" when nothing has come for so long. With --hold it then sends
// every line of its input and prints "echo" or "silent" for each. With --reset it closes by RST.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <iostream>
#include <string>

namespace {

struct Address {
  sockaddr_storage storage{};
  socklen_t size = 0;

  Address(const char* text, const char* port) {
    const auto number = htons(static_cast<std::uint16_t>(std::strtoul(port, nullptr, 10)));
    auto* v4 = reinterpret_cast<sockaddr_in*>(&storage);
    auto* v6 = reinterpret_cast<sockaddr_in6*>(&storage);
    if (inet_pton(AF_INET, text, &v4->sin_addr) == 1) {
      v4->sin_family = AF_INET;
      v4->sin_port = number;
      size = sizeof *v4;
    } else if (inet_pton(AF_INET6, text, &v6->sin6_addr) == 1) {
      v6->sin6_family = AF_INET6;
      v6->sin6_port = number;
      size = sizeof *v6;
    } else {
      std::fprintf(stderr, "'%s' is no address\n", text);
      std::exit(3);
    }
  }
  [[nodiscard]] const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
};

bool readable_or_writable(int fd, short events, int milliseconds) {
  pollfd waiting{fd, events, 0};
  return poll(&waiting, 1, milliseconds) > 0;
}

const char* connect_within(int fd, const Address& to, int milliseconds) {
  if (connect(fd, to.get(), to.size) == 0) return "answered";
  if (errno == EINPROGRESS) {
    if (!readable_or_writable(fd, POLLOUT, milliseconds)) return "silent";
    int error = 0;
    socklen_t size = sizeof error;
    getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size);
    if (error == 0) return "answered";
    errno = error;
  }
  return errno == ECONNREFUSED ? "refused" : std::strerror(errno);
}

const char* echo(int fd, const std::string& line, int milliseconds) {
  char data[4096];
  while (read(fd, data, sizeof data) > 0) {
  }  // late answers to lines before this one
  if (write(fd, line.data(), line.size()) != static_cast<ssize_t>(line.size())) return "silent";
  if (!readable_or_writable(fd, POLLIN, milliseconds)) return "silent";
  return read(fd, data, sizeof data) > 0 ? "echo" : "closed";
}

void close_by_reset(int fd) {
  const linger at_once{1, 0};
  setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
}

}  // namespace

int main(int argc, char** argv) {
  const bool hold = argc > 1 && std::strcmp(argv[1], "--hold") == 0;
  const bool reset = argc > 1 && std::strcmp(argv[1], "--reset") == 0;
  char** words = argv + (hold || reset ? 2 : 1);
  if (argc - (hold || reset ? 2 : 1) != 4) {
    std::fputs("usage: connect [--hold|--reset] SOURCE ADDRESS PORT MILLISECONDS\n", stderr);
    return 3;
  }
  const Address from(words[0], "0"), to(words[1], words[2]);
  const int milliseconds = std::atoi(words[3]);
  const int fd = socket(from.storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0 || bind(fd, from.get(), from.size) != 0) {
    std::perror(words[0]);
    return 3;
  }
  const std::string outcome = connect_within(fd, to, milliseconds);
  std::cout << outcome << std::endl;
  if (reset) close_by_reset(fd);
  if (!hold || outcome != "answered") return outcome == "answered" ? 0 : 1;
  for (std::string line; std::getline(std::cin, line);) {
    std::cout << echo(fd, line + "\n", milliseconds) << std::endl;
  }
  return 0;
}
