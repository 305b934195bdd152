// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/report/authorized_key.hpp"

#include <map>

#include "tests/support/catch.hpp"

using namespace apiguard;
using namespace apiguard::report;

namespace {

const std::string kKey =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAID44sQFaetxQAI/Wcx5LvnhIuTuNSB8cEP3UniKnnF1G";
const std::string kCurve =
    "ecdsa-sha2-nistp521 "
    "AAAAE2VjZHNhLXNoYTItbmlzdHA1MjEAAAAIbmlzdHA1MjEAAACFBAFsHnosE03dbH3QV1com2IcJOr/"
    "sVdWtY1AAOkgTOIWh4lLBPtMWaMS4dRvJXwpmU5b5WziMQP5+yQBrw5h1bPSdwH+VRmKFtIaG9d4Cj3PAN7xTKzls2Mq"
    "TaqXfx+6GAu6ukz/OIjvHnykLbPzd7IqKpSECgb3PMUEsaWupcaebFrmkA==";

std::string read(const std::string& text) {
  const auto key = read_public_key(text, "laptop.pub");
  REQUIRE(key);
  return *key;
}

std::string why(std::string_view text) {
  const auto key = read_public_key(text, "laptop.pub");
  if (key) return "taken: " + *key;
  CHECK(key.error().exit == Exit::kBadFile);
  const std::string front = "file 'laptop.pub': read a public key: ";
  REQUIRE(key.error().message.starts_with(front));
  return key.error().message.substr(front.size());
}

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

Prefix prefix(const char* text) {
  const auto parsed = parse_prefix(text);
  REQUIRE(parsed);
  return parsed->prefix;
}

LeaseCommand plain() { return {"/usr/sbin/apiguard", "24h", "", {}, 128}; }
LeaseCommand whole() {
  return {"/usr/sbin/apiguard",
          "1d12h",
          "alice-laptop",
          {prefix("203.0.113.0/24"), prefix("192.0.2.7"), prefix("2001:db8::/32")},
          128};
}

}  // namespace

TEST_CASE("a key as ssh-keygen writes it, with its comment") {
  CHECK(read(kKey + " alice@laptop\n") == kKey + " alice@laptop");
  CHECK(read(kKey) == kKey);
  CHECK(read(kKey + "\n") == kKey);
  CHECK(read(kCurve + " a b  c\n") == kCurve + " a b  c");
  CHECK(read(kKey + " M\xC3\xBCller \"home\" # 7") == kKey + " M\xC3\xBCller \"home\" # 7");
  CHECK(read("# of Alice\n\n \t\n  " + kKey + " \t\n\n#end") == kKey);
  CHECK(read("ssh-ed25519\t" + kKey.substr(12) + "\tx") ==
        "ssh-ed25519\t" + kKey.substr(12) + "\tx");
}

TEST_CASE("a private key is refused before anything else, and loudly") {
  for (const char* text :
       {"-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEAAAAA\n",
        "-----BEGIN RSA PRIVATE KEY-----\r\nMIIE\r\n", "-----BEGIN ENCRYPTED PRIVATE KEY-----\n",
        "-----BEGIN PRIVATE KEY-----", "Comment\n-----BEGIN EC PRIVATE KEY-----\n",
        "PuTTY-User-Key-File-3: ssh-ed25519\r\nEncryption: none\r\n",
        "\xEF\xBB\xBF-----BEGIN OPENSSH PRIVATE KEY-----\n", "SSH PRIVATE KEY FILE FORMAT 1.1\n"}) {
    CHECK(why(text).starts_with("this is a PRIVATE key: "));
  }
  CHECK(why(kKey + "\n-----BEGIN OPENSSH PRIVATE KEY-----\n").starts_with("this is a PRIVATE key"));
  // A cut of the key itself is never shown.
  CHECK_FALSE(has(why("-----BEGIN RSA PRIVATE KEY-----\nMIIEsecret\n"), "secret"));
}

TEST_CASE("what is no public key, or more than one") {
  CHECK(why("") == "there is none");
  CHECK(why("\n# nothing\n") == "there is none");
  CHECK(why(kKey + "\n" + kCurve + "\n") == "there are 2 lines of keys; give one key");
  CHECK(why(kKey + "\n" + kKey + "\n") == "there are 2 lines of keys; give one key");
  CHECK(has(why("restrict " + kKey), "options come before"));
  CHECK(has(why("from=\"10.0.0.0/8\",command=\"echo ssh-rsa hi\" " + kKey), "options come before"));
  CHECK(has(why("no-pty,command=\"x\" " + kCurve + " y"), "options come before"));
  CHECK(why("hello") == "it begins with 'hello', which is not a type of key");
  CHECK(has(why("1024 35 1234567 alice"), "not a type of key"));
  CHECK(has(why("ssh-dss AAAAB3NzaC1kc3M= x"), "DSA"));
  CHECK(has(why("ssh-rsa-cert-v01@openssh.com AAAAHHNzaC1yc2EtY2VydC12MDFAb3BlbnNzaC5jb20="),
            "a certificate"));
  CHECK(has(why("---- BEGIN SSH2 PUBLIC KEY ----\nAAAA\n"), "ssh-keygen -i"));
  CHECK(has(why("-----BEGIN PUBLIC KEY-----\nMFkw\n"), "ssh-keygen -i"));
}

TEST_CASE("a key that is cut off or is of another type than it says") {
  const std::string base64 = kKey.substr(12);
  const std::vector<std::string> cut = {
      "ssh-ed25519",
      "ssh-ed25519 " + base64.substr(0, base64.size() - 4),
      "ssh-ed25519 " + base64.substr(0, base64.size() - 1),
      "ssh-ed25519 " + base64 + "AAAA",
      "ssh-rsa " + base64,
      "ssh-ed25519 " + base64.substr(0, 20),
      "ssh-ed25519 " + base64.substr(0, 30) + " " + base64.substr(30),
      "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5",
      "ssh-ed25519 ====",
      "ssh-ed25519 AAAA",
      "ssh-ed25519 " + base64.substr(0, base64.size() - 4) + "*AAA",
      "ssh-ed25519 /////3NzaC1lZDI1NTE5" + base64.substr(20)};
  for (const std::string& text : cut) {
    CAPTURE(text);
    CHECK(has(why(text), "is not such a key, or only a part of one"));
  }
}

TEST_CASE("nothing odd reaches authorized_keys or a terminal") {
  CHECK(why(kKey + " alice\r\n") == "a carriage return in line 1; lines end with LF");
  CHECK(why("# x\n" + kKey + "\r") == "a carriage return in line 2; lines end with LF");
  CHECK(why("\xEF\xBB\xBF" + kKey) == "it begins with a byte order mark");
  CHECK(why(kKey + " \x1b[31mred") == "U+001B in line 1");
  CHECK(why(kKey + " \xff") == "0xFF in line 1");
  CHECK(why(kKey + " \xE2\x80\xAEx\n") == "U+202E in line 1");
  CHECK(why(std::string_view("ssh-ed25519 A\0B", 15)) == "U+0000 in line 1");
  const auto named = read_public_key("", "a\x1b[2Jb");
  REQUIRE_FALSE(named);
  CHECK_FALSE(has(named.error().message, "\x1b"));
}

TEST_CASE("the line for root") {
  CHECK(*authorized_key_text(kKey + " alice@laptop", plain(), "") ==
        "restrict,command=\"/usr/sbin/apiguard lease --from-ssh --for 24h\" " + kKey +
            " alice@laptop\n");
  CHECK(*authorized_key_text(kKey, whole(), "") ==
        "restrict,from=\"203.0.113.0/24,192.0.2.7/32,2001:db8::/32\","
        "command=\"/usr/sbin/apiguard lease --from-ssh --for 1d12h --name alice-laptop "
        "--within 203.0.113.0/24,192.0.2.7/32,2001:db8::/32\" " +
            kKey + "\n");
  LeaseCommand wide = plain();
  wide.prefix6 = 64;
  CHECK(has(*authorized_key_text(kKey, wide, ""), "--for 24h --prefix6 64\" ssh-ed25519"));
}

TEST_CASE("the lines for a user, with those of sudoers") {
  CHECK(*authorized_key_text(kKey, whole(), "alice") ==
        "# authorized_keys of alice\n"
        "restrict,from=\"203.0.113.0/24,192.0.2.7/32,2001:db8::/32\","
        "command=\"sudo -n /usr/sbin/apiguard lease --from-ssh --for 1d12h --name alice-laptop "
        "--within 203.0.113.0/24,192.0.2.7/32,2001:db8::/32\" " +
            kKey +
            "\n"
            "# a file in /etc/sudoers.d, mode 0440; `visudo -c -f FILE` checks it\n"
            "Defaults!/usr/sbin/apiguard env_keep += \"SSH_CONNECTION\"\n"
            "alice ALL=(root) NOPASSWD: /usr/sbin/apiguard lease --from-ssh --for 1d12h "
            "--name alice-laptop --within 203.0.113.0/24\\,192.0.2.7/32\\,2001\\:db8\\:\\:/32\n");
}

TEST_CASE("a path that would have to be quoted is refused") {
  for (const char* path :
       {"", "apiguard", "./apiguard", "/opt/my tools/apiguard", "/opt/\"/apiguard", "/opt/$x/a",
        "/opt/a;b", "/opt/a,b", "/opt/a:b", "/opt/a=b", "/opt/a*", "/opt/a\nb", "/opt/\\a",
        "/opt/\xC3\xA4", "/opt/a%b", "/opt/a#b", "/opt/~a"}) {
    LeaseCommand command = plain();
    command.program = path;
    CAPTURE(path);
    const auto text = authorized_key_text(kKey, command, "");
    REQUIRE_FALSE(text);
    CHECK(text.error().exit == Exit::kUsage);
    CHECK(text.error().message.starts_with("program '"));
  }
  LeaseCommand command = plain();
  command.program = "/opt/api-guard_1.0+x/bin/apiguard";
  CHECK(authorized_key_text(kKey, command, "alice"));
}

TEST_CASE("names of users that sudoers takes as they are") {
  for (const char* user : {"alice", "_svc", "a", "alice.b", "x-1", "deploy_2"}) {
    CHECK(authorized_key_text(kKey, plain(), user));
  }
  for (const char* user : {"ALL", "Alice", "%wheel", "#1000", "1000", "+net", "!alice", "al ice",
                           "al,ice", "-alice", ".alice", "alice@example.org", "EXAMPLE\\alice",
                           "ali\nce", "a:b", "a=b", "\"a\"", "abcdefghijklmnopqrstuvwxyzabcdefg"}) {
    CAPTURE(user);
    const auto text = authorized_key_text(kKey, plain(), user);
    REQUIRE_FALSE(text);
    CHECK(text.error().exit == Exit::kUsage);
    CHECK(text.error().message.starts_with("user '"));
  }
}
