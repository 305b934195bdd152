// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The line that lets the owner of an SSH key list the address that the session comes from, and
// nothing else: for authorized_keys, sshd(8) under AUTHORIZED_KEYS FILE FORMAT, and sudoers(5).
// Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "loader/base/result.hpp"
#include "loader/policy/prefix.hpp"

namespace apiguard::report {

// What the key runs. The texts are those that the verb was given and has taken.
struct LeaseCommand {
  // absolute path
  std::string program;
  // of --for, as typed: "24h"
  std::string lasts;
  // of --name; empty: none
  std::string name;
  // of --within; empty: the key may be used from everywhere
  std::vector<Prefix> within;
  // of --prefix6, left out where it is 128
  std::uint8_t prefix6 = 128;
};

// The one public key of a file, "TYPE BASE64 [COMMENT]" as ssh-keygen writes it, without newline.
// Blank lines and comments of their own are skipped. `path` is for messages. Exit::kBadFile for a
// private key, several keys, none, options in front, a certificate, another format, a key that is
// cut off, a CR or what could harm a terminal.
[[nodiscard]] Result<std::string> read_public_key(std::string_view text, std::string_view path);

// The text to print, newlines included. `user` empty: one line for authorized_keys of root.
// Otherwise two lines for that user's authorized_keys and three for a file in sudoers.d, each part
// behind a comment: the command goes by sudo, which keeps SSH_CONNECTION for it. Exit::kUsage: the
// program's path or the user's name has characters that would have to be quoted there.
[[nodiscard]] Result<std::string> authorized_key_text(std::string_view key,
                                                      const LeaseCommand& command,
                                                      std::string_view user);

}  // namespace apiguard::report
