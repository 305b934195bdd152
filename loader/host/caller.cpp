// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// No NSS: it would load shared objects and may ask a directory service over the very network we
// filter.
#include "loader/host/caller.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>

#include "loader/base/number.hpp"
#include "loader/host/files.hpp"
#include "loader/policy/prefix.hpp"

namespace apiguard {
namespace {

constexpr std::uint32_t kUnset = 4294967295;  // (uid_t)-1: no login, a service for instance
constexpr std::size_t kMaxName = 64;

std::string_view cut(std::string_view& text, char separator) {
  const std::size_t at = text.find(separator);
  const std::string_view front = text.substr(0, at);
  text.remove_prefix(at == std::string_view::npos ? text.size() : at + 1);
  return front;
}

bool is_plain(std::string_view name) {
  return !name.empty() && name.size() <= kMaxName &&
         std::all_of(name.begin(), name.end(), [](char c) { return c > ' ' && c < 0x7f; });
}

// It survives su and sudo, which the real one does not.
std::optional<std::uint32_t> login_uid() {
  const auto text = read_text("/proc/self/loginuid");
  if (!text) return std::nullopt;
  std::string_view line = *text;
  const auto uid = parse_whole<std::uint32_t>(cut(line, '\n'));
  return uid && *uid != kUnset ? uid : std::nullopt;
}

std::string describe_user(std::uint32_t uid) {
  const auto passwd = read_text("/etc/passwd");
  const auto name = passwd ? find_user(*passwd, uid) : std::nullopt;
  if (!name) return fmt::format("uid {}", uid);
  return uid == 0 ? *name : fmt::format("{} (uid {})", *name, uid);
}

std::optional<std::string> ssh_address() {
  for (const char* variable : {"SSH_CONNECTION", "SSH_CLIENT"}) {
    const char* text = std::getenv(variable);
    if (text == nullptr) continue;
    if (auto address = ssh_source(text)) return address;
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::string> find_user(std::string_view passwd, std::uint32_t uid) {
  while (!passwd.empty()) {
    std::string_view line = cut(passwd, '\n');
    const std::string_view name = cut(line, ':');
    cut(line, ':');  // password
    if (parse_whole<std::uint32_t>(cut(line, ':')) == uid && is_plain(name))
      return std::string(name);
  }
  return std::nullopt;
}

std::optional<std::string> ssh_source(std::string_view text) {
  std::string_view word = cut(text, ' ');
  const Result<Address> address =
      parse_address(cut(word, '%'));  // sshd adds the zone of a link-local one
  if (!address) return std::nullopt;
  return to_string(*address);
}

Who who() {
  Who who;
  who.login_uid = login_uid();
  who.client = ssh_address().value_or("");
  who.text = describe_user(who.login_uid.value_or(getuid()));
  if (!who.client.empty()) who.text += fmt::format(" from {}", who.client);
  return who;
}

std::string whoami() { return who().text; }

}  // namespace apiguard
