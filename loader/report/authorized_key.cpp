// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/report/authorized_key.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>

#include "loader/base/trim.hpp"
#include "loader/base/utf8.hpp"

namespace apiguard::report {
namespace {

// `ssh -Q key` of OpenSSH 9.2 and 10.0 without certificates and DSA, which 10.0 has no more.
constexpr std::array<std::string_view, 7> kTypes = {"ssh-ed25519",
                                                    "sk-ssh-ed25519@openssh.com",
                                                    "ecdsa-sha2-nistp256",
                                                    "ecdsa-sha2-nistp384",
                                                    "ecdsa-sha2-nistp521",
                                                    "sk-ecdsa-sha2-nistp256@openssh.com",
                                                    "ssh-rsa"};

constexpr std::string_view kBlanks = " \t";

bool is_type(std::string_view word) {
  return std::find(kTypes.begin(), kTypes.end(), word) != kTypes.end();
}

bool has(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

// Takes the first word and the blanks behind it off the front.
std::string_view take_word(std::string_view& text) {
  const std::string_view word = text.substr(0, text.find_first_of(kBlanks));
  text = trim(text.substr(word.size()));
  return word;
}

// ---- the key itself: base64 of length-prefixed strings, RFC 4253, section 6.6

std::optional<std::uint32_t> digit_of(char c) {
  constexpr std::string_view kDigits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  const std::size_t at = kDigits.find(c);
  if (at == std::string_view::npos) return std::nullopt;
  return static_cast<std::uint32_t>(at);
}

std::optional<std::string> decode_base64(std::string_view text) {
  if (text.empty() || text.size() % 4 != 0) return std::nullopt;
  std::size_t padding = 0;
  for (; padding < 2 && text.ends_with('='); ++padding) text.remove_suffix(1);
  std::string bytes;
  std::uint32_t bits = 0;
  int count = 0;
  for (const char c : text) {
    const auto digit = digit_of(c);
    if (!digit) return std::nullopt;
    bits = bits << 6 | *digit;
    count += 6;
    if (count < 8) continue;
    count -= 8;
    bytes += static_cast<char>(bits >> count & 0xff);
  }
  return bytes;
}

// Nothing where the text is too short for the length in front.
std::optional<std::string_view> take_string(std::string_view& bytes) {
  if (bytes.size() < 4) return std::nullopt;
  std::uint32_t size = 0;
  for (std::size_t i = 0; i < 4; ++i) size = size << 8 | static_cast<std::uint8_t>(bytes[i]);
  bytes.remove_prefix(4);
  if (bytes.size() < size) return std::nullopt;
  const std::string_view string = bytes.substr(0, size);
  bytes.remove_prefix(size);
  return string;
}

bool is_whole(std::string_view type, std::string_view base64) {
  const auto decoded = decode_base64(base64);
  if (!decoded) return false;
  std::string_view bytes = *decoded;
  if (take_string(bytes) != type || bytes.empty()) return false;
  while (!bytes.empty()) {
    if (!take_string(bytes)) return false;
  }
  return true;
}

// ---- refusing

// Why this is no public key as ssh-keygen writes it, whatever its lines; empty: it may be one.
std::string_view wrong_format(std::string_view text) {
  if ((has(text, "-----BEGIN ") && has(text, "PRIVATE KEY")) || has(text, "PuTTY-User-Key-File-") ||
      has(text, "SSH PRIVATE KEY FILE FORMAT")) {
    return "this is a PRIVATE key: keep it private; give the file of the public key, whose name "
           "ends in .pub";
  }
  if (has(text, "---- BEGIN ") || has(text, "-----BEGIN ")) {
    return "another format of keys; `ssh-keygen -i -f FILE` (or -i -m PKCS8) prints the line";
  }
  return {};
}

std::string describe_odd(std::string_view text) {
  if (text.starts_with("\xEF\xBB\xBF")) return "it begins with a byte order mark";
  int line = 1;
  for (std::size_t at = 0; at < text.size();) {
    const CodePoint point = decode(text, at);
    if (point.valid && point.value == '\r') {
      return fmt::format("a carriage return in line {}; lines end with LF", line);
    }
    if (point.valid && point.value == '\n') {
      ++line;
    } else if (!is_printable(point) && point.value != '\t') {
      return fmt::format("{} in line {}", describe(point), line);
    }
    at += point.size;
  }
  return {};
}

std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = trim(text.substr(0, end));
    if (!line.empty() && !line.starts_with('#')) lines.push_back(line);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

std::string describe_type(std::string_view type, std::string_view rest) {
  if (has(type, "-cert-v01@")) return "a certificate; give the public key that it certifies";
  if (type == "ssh-dss") return "a DSA key, which sshd no longer accepts";
  while (!rest.empty()) {
    if (is_type(take_word(rest))) {
      return "options come before the key; give only the key, its options are printed";
    }
  }
  return fmt::format("it begins with {}, which is not a type of key", quote(type));
}

std::string describe_key(std::string_view type, std::string_view rest) {
  if (!is_type(type)) return describe_type(type, rest);
  if (!is_whole(type, take_word(rest))) {
    return fmt::format("the text after {} is not such a key, or only a part of one", type);
  }
  return {};
}

std::string describe_lines(const std::vector<std::string_view>& lines) {
  if (lines.empty()) return "there is none";
  if (lines.size() > 1)
    return fmt::format("there are {} lines of keys; give one key", lines.size());
  std::string_view rest = lines.front();
  const std::string_view type = take_word(rest);
  return describe_key(type, rest);
}

// ---- printing

bool all_of(std::string_view text, std::string_view more) {
  return std::all_of(text.begin(), text.end(), [more](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           more.find(c) != std::string_view::npos;
  });
}

std::string joined(const std::vector<Prefix>& prefixes) {
  std::string text;
  for (const Prefix& prefix : prefixes) {
    if (!text.empty()) text += ',';
    text += to_string(prefix);
  }
  return text;
}

std::string command_text(const LeaseCommand& command) {
  std::string text = fmt::format("{} lease --from-ssh --for {}", command.program, command.lasts);
  if (!command.name.empty()) text += " --name " + command.name;
  if (!command.within.empty()) text += " --within " + joined(command.within);
  if (command.prefix6 != 128) text += fmt::format(" --prefix6 {}", command.prefix6);
  return text;
}

// sudoers(5): "the following characters must be escaped ... in command arguments".
std::string for_sudoers(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    if (std::string_view(",:=\\").find(c) != std::string_view::npos) escaped += '\\';
    escaped += c;
  }
  return escaped;
}

std::string line_of(std::string_view key, const LeaseCommand& command, std::string_view front) {
  const std::string from =
      command.within.empty() ? "" : fmt::format("from=\"{}\",", joined(command.within));
  return fmt::format("restrict,{}command=\"{}{}\" {}\n", from, front, command_text(command), key);
}

// A capital in front would be an alias to sudoers(5), and a name of digits a uid.
bool valid_user(std::string_view user) {
  return !user.empty() && user.size() <= 32 && all_of(user, "._-") &&
         ((user[0] >= 'a' && user[0] <= 'z') || user[0] == '_');
}

}  // namespace

Result<std::string> read_public_key(std::string_view text, std::string_view path) {
  std::string why(wrong_format(text));
  if (why.empty()) why = describe_odd(text);
  const auto lines = lines_of(text);
  if (why.empty()) why = describe_lines(lines);
  if (!why.empty()) {
    return fail(Exit::kBadFile, fmt::format("file {}: read a public key: {}", quote(path), why));
  }
  return std::string(lines.front());
}

Result<std::string> authorized_key_text(std::string_view key, const LeaseCommand& command,
                                        std::string_view user) {
  if (!command.program.starts_with('/') || !all_of(command.program, "/._+-")) {
    return fail(Exit::kUsage, fmt::format("program {}: print it for authorized_keys: it would have "
                                          "to be quoted there; install it under a plain path",
                                          quote(command.program)));
  }
  if (user.empty()) return line_of(key, command, "");
  if (!valid_user(user)) {
    return fail(Exit::kUsage, fmt::format("user {}: print it for sudoers: expected a lower-case "
                                          "letter, then letters, digits, '.', '_' and '-'",
                                          quote(user)));
  }
  return fmt::format(
      "# authorized_keys of {0}\n{1}"
      "# a file in /etc/sudoers.d, mode 0440; `visudo -c -f FILE` checks it\n"
      "Defaults!{2} env_keep += \"SSH_CONNECTION\"\n"
      "{0} ALL=(root) NOPASSWD: {3}\n",
      user, line_of(key, command, "sudo -n "), command.program, for_sudoers(command_text(command)));
}

}  // namespace apiguard::report
