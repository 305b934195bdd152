// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// `lease --from-ssh` up to the address: ssh_source ARGUMENTS... prints the source of the SSH
// session in which it runs, or the error, with its exit status. As the program itself does it works
// with few capabilities. ssh_source --authorized-key FILE NAME CIDR,... [USER] prints the line for
// that key, whose program is /usr/sbin/apiguard.
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <string>

#include "loader/base/capabilities.hpp"
#include "loader/host/knock.hpp"
#include "loader/report/authorized_key.hpp"

namespace {

using namespace apiguard;

template <typename Value>
Value need(Result<Value> result) {
  if (result) return *result;
  std::fprintf(stderr, "%s\n", result.error().message.c_str());
  std::exit(static_cast<int>(result.error().exit));
}

std::vector<Prefix> prefixes_of(std::string_view text) {
  std::vector<Prefix> prefixes;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(','), text.size());
    prefixes.push_back(need(parse_prefix(text.substr(0, end))).prefix);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return prefixes;
}

std::string key_text(const std::string& path, const char* name, const char* within,
                     const char* user) {
  std::ifstream file(path, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  const report::LeaseCommand command{"/usr/sbin/apiguard", "24h", name, prefixes_of(within)};
  return need(
      report::authorized_key_text(need(report::read_public_key(text, path)), command, user));
}

}  // namespace

int main(int argc, char** argv) {
  if (argc >= 5 && std::strcmp(argv[1], "--authorized-key") == 0) {
    std::fputs(key_text(argv[2], argv[3], argv[4], argc > 5 ? argv[5] : "").c_str(), stdout);
    return 0;
  }
  capabilities::give_up_most();
  std::puts(to_string(need(proven_ssh_source(std::getenv("SSH_CONNECTION")))).c_str());
  return 0;
}
