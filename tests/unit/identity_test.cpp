// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/host/caller.hpp"

#include <algorithm>
#include <cstdlib>

#include "tests/support/catch.hpp"

using namespace apiguard;

namespace {

constexpr const char* kPasswd =
    "root:x:0:0:root:/root:/bin/bash\n"
    "toor:x:0:0::/root:/bin/sh\n"
    "# comment\n"
    "\n"
    "+::::::\n"
    "short:x\n"
    "bad\x1b[31m:x:1001:1001::/:/bin/sh\n"
    ":x:1002:1002::/:/bin/sh\n"
    "alice:x:1000:1000:Alice,,,:/srv/alice:/bin/bash\n"
    "negative:x:-5:1000::/:/bin/sh\n"
    "last:x:1003:1003::/:/bin/sh";

void set_ssh(const char* connection, const char* client) {
  connection == nullptr ? unsetenv("SSH_CONNECTION") : setenv("SSH_CONNECTION", connection, 1);
  client == nullptr ? unsetenv("SSH_CLIENT") : setenv("SSH_CLIENT", client, 1);
}

// What follows the user's name.
std::string rest() {
  set_ssh(nullptr, nullptr);
  return whoami();
}

}  // namespace

TEST_CASE("users are found in the text of passwd, the first of a uid") {
  CHECK(find_user(kPasswd, 0) == "root");
  CHECK(find_user(kPasswd, 1000) == "alice");
  CHECK(find_user(kPasswd, 1003) == "last");
  CHECK_FALSE(find_user(kPasswd, 4242));
  CHECK_FALSE(find_user("", 0));
}

TEST_CASE("a name with control characters, or none, is no name") {
  CHECK_FALSE(find_user(kPasswd, 1001));
  CHECK_FALSE(find_user(kPasswd, 1002));
  CHECK_FALSE(find_user(std::string(100, 'a') + ":x:7:7::/:/bin/sh\n", 7));
}

TEST_CASE("the address in front of an SSH variable is read strictly") {
  CHECK(ssh_source("203.0.113.7 50000 192.0.2.1 22") == "203.0.113.7");
  CHECK(ssh_source("2001:DB8:0:0::1 50000 2001:db8::2 22") == "2001:db8::1");
  CHECK(ssh_source("fe80::1%eth0 50000 fe80::2%eth0 22") == "fe80::1");
  CHECK(ssh_source("203.0.113.7") == "203.0.113.7");
  for (const char* text :
       {"", " ", "UNKNOWN 1 2 3", "203.0.113.7\n 1", "203.0.113.300 1", "a\x1b[31m", "%eth0"}) {
    CHECK_FALSE(ssh_source(text));
  }
}

TEST_CASE("whoami names the user and where the session came from") {
  const std::string user = rest();
  CHECK_FALSE(user.empty());
  set_ssh("203.0.113.7 50000 192.0.2.1 22", "198.51.100.1 1 22");
  CHECK(whoami() == user + " from 203.0.113.7");
  set_ssh(nullptr, "198.51.100.1 50000 22");
  CHECK(whoami() == user + " from 198.51.100.1");
  set_ssh("nonsense", "198.51.100.1 50000 22");
  CHECK(whoami() == user + " from 198.51.100.1");
  set_ssh("evil\n\x1b[2Jroot", "");
  CHECK(whoami() == user);
  CHECK(std::none_of(user.begin(), user.end(), [](char c) { return c < ' ' || c == 0x7f; }));
  set_ssh(nullptr, nullptr);
}
