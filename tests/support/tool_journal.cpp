// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// journal PATH: the journal's end of its native protocol, and syslog's. Binds PATH, says "ready",
// then prints every datagram as one line: its fields as NAME=VALUE with tabs between them, newlines
// of a value as "\n". What is no such field ends the line with "BROKEN"; a line of syslog is
// printed as it is.
#include <sys/socket.h>
#include <sys/un.h>

#include <cstdint>
#include <cstdio>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

namespace {

void append(std::string& line, std::string_view name, std::string_view value) {
  if (!line.empty()) line += '\t';
  line += name;
  line += '=';
  for (const char c : value) {
    if (c == '\n') {
      line += "\\n";
    } else {
      line += c;
    }
  }
}

// A value behind its size, eight bytes little-endian; false: the datagram ends before it.
bool take_sized(std::string_view& rest, std::string_view& value) {
  if (rest.size() < 8) return false;
  std::uint64_t size = 0;
  for (unsigned i = 0; i < 8; ++i)
    size |= std::uint64_t{static_cast<unsigned char>(rest[i])} << (8 * i);
  rest.remove_prefix(8);
  if (rest.size() <= size || rest[size] != '\n') return false;
  value = rest.substr(0, size);
  rest.remove_prefix(size + 1);
  return true;
}

std::string show(std::string_view rest) {
  if (rest.substr(0, 1) == "<") return std::string(rest);
  std::string line;
  while (!rest.empty()) {
    const std::size_t end = rest.find('\n');
    if (end == std::string_view::npos) return line + "\tBROKEN";
    const std::string_view field = rest.substr(0, end);
    rest.remove_prefix(end + 1);
    const std::size_t equals = field.find('=');
    std::string_view value;
    if (equals != std::string_view::npos) {
      append(line, field.substr(0, equals), field.substr(equals + 1));
    } else if (take_sized(rest, value)) {
      append(line, field, value);
    } else {
      return line + "\tBROKEN";
    }
  }
  return line;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (std::strlen(argv[1]) >= sizeof(address.sun_path)) return 2;
  std::strcpy(address.sun_path, argv[1]);
  const int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0 || bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
    std::perror("journal: bind");
    return 1;
  }
  std::puts("ready");
  std::fflush(stdout);
  std::vector<char> buffer(1 << 20);
  while (true) {
    const ssize_t got = recv(fd, buffer.data(), buffer.size(), 0);
    if (got < 0) return 1;
    std::puts(show({buffer.data(), static_cast<std::size_t>(got)}).c_str());
    std::fflush(stdout);
  }
}
