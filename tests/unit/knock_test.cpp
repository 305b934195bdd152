// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/host/knock.hpp"

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <map>

#include "loader/base/fd.hpp"
#include "loader/host/addresses.hpp"
#include "tests/support/catch.hpp"

using namespace apiguard;

namespace {

constexpr std::uint64_t kInode = 4711;

Address address(const std::string& text) {
  const auto parsed = parse_address(text);
  REQUIRE(parsed);
  return *parsed;
}

SshConnection parsed(const std::string& text) {
  const auto connection = parse_ssh_connection(text);
  REQUIRE(connection);
  return *connection;
}

const SshConnection kOffice = {
    {Family::kIpv4, {203, 0, 113, 7}}, 50000, {Family::kIpv4, {198, 51, 100, 1}}, 22, false};

std::string why(const Result<>& result) {
  if (result) return "";
  CHECK(result.error().exit == Exit::kNo);
  const std::string front = "connection '203.0.113.7:50000': take its source: ";
  REQUIRE(result.error().message.starts_with(front));
  return result.error().message.substr(front.size());
}

// ---- sockets

TcpSocket office_socket() {
  return {kOffice.client, kOffice.server, 50000, 22, 0, static_cast<std::uint32_t>(kInode), 0};
}

TcpSocket listener(const std::string& local, std::uint32_t uid = 0, std::uint16_t port = 22) {
  const Address at = address(local);
  return {{at.family, {}}, at, 0, port, 0, 1, uid};
}

std::string found(const std::vector<TcpSocket>& established,
                  const std::vector<TcpSocket>& listening) {
  const auto inodes = find_sockets(kOffice, established, listening);
  if (!inodes) return why(fail(inodes.error()));
  std::string text;
  for (const std::uint64_t inode : *inodes) text += std::to_string(inode) + " ";
  return text;
}

// ---- processes

Process root(int pid, int parent) { return {pid, parent, true, false, {}}; }
Process user(int pid, int parent) { return {pid, parent, false, false, {}}; }
Process sshd(int pid, int parent, std::vector<std::uint64_t> sockets = {}) {
  return {pid, parent, true, true, std::move(sockets)};
}

using Line = std::vector<Process>;
std::string judged(const Line& line) { return why(check_ancestors(kOffice, {kInode}, line)); }

}  // namespace

TEST_CASE("SSH_CONNECTION as sshd writes it") {
  const SshConnection v4 = parsed("203.0.113.7 50000 198.51.100.1 22");
  CHECK(v4.client == address("203.0.113.7"));
  CHECK(v4.client_port == 50000);
  CHECK(v4.server == address("198.51.100.1"));
  CHECK(v4.server_port == 22);
  CHECK_FALSE(v4.zone);
  CHECK(parsed("2001:db8::7 65535 2001:db8::1 1").client == address("2001:db8::7"));
  const SshConnection link = parsed("fe80::7%gate0 50000 fe80::1%gate0 22");
  CHECK(link.zone);
  CHECK(link.client == address("fe80::7"));
  CHECK(link.server == address("fe80::1"));
}

TEST_CASE("an address of IPv4 in one of IPv6 is what it means") {
  const SshConnection mapped = parsed("::ffff:203.0.113.7 50000 ::FFFF:c633:6401 22");
  CHECK(mapped.client == address("203.0.113.7"));
  CHECK(mapped.server == address("198.51.100.1"));
}

TEST_CASE("what sshd does not write is a wrong use") {
  for (const char* text : {"",
                           " ",
                           "203.0.113.7",
                           "203.0.113.7 50000 198.51.100.1",
                           "203.0.113.7 50000 198.51.100.1 ",
                           "203.0.113.7 50000 198.51.100.1 22 ",
                           " 203.0.113.7 50000 198.51.100.1 22",
                           "203.0.113.7  50000 198.51.100.1 22",
                           "203.0.113.7 50000 198.51.100.1 22\n",
                           "203.0.113.7\t50000 198.51.100.1 22",
                           "203.0.113.7 0 198.51.100.1 22",
                           "203.0.113.7 65536 198.51.100.1 22",
                           "203.0.113.7 +1 198.51.100.1 22",
                           "203.0.113.7 050000 198.51.100.1 22",
                           "203.0.113.7 50000 198.51.100.1 -22",
                           "203.0.113.07 50000 198.51.100.1 22",
                           "203.0.113.7/32 50000 198.51.100.1 22",
                           "203.0.113 50000 198.51.100.1 22",
                           "office 50000 198.51.100.1 22",
                           "UNKNOWN 65535 UNKNOWN 65535",
                           "::203.0.113.7.1 1 ::1 22",
                           "[::1] 50000 ::1 22",
                           "2001:db8::7 99999999999999999999 ::1 22",
                           "203.0.113.7 5 198.51.100.1 2\x1b[2J"}) {
    const auto connection = parse_ssh_connection(text);
    CAPTURE(text);
    REQUIRE_FALSE(connection);
    CHECK(connection.error().exit == Exit::kUsage);
    CHECK(connection.error().message.starts_with("variable 'SSH_CONNECTION': read '"));
    CHECK(connection.error().message.find('\x1b') == std::string::npos);
    CHECK(connection.error().message.find("--authorized-key") != std::string::npos);
  }
  const auto unset = proven_ssh_source(nullptr);
  REQUIRE_FALSE(unset);
  CHECK(unset.error().exit == Exit::kUsage);
  CHECK(unset.error().message.find("it is not set") != std::string::npos);
}

TEST_CASE("addresses that can be no lease") {
  const std::map<std::string, std::string> unfit = {{"0.0.0.0", "unspecified"},
                                                    {"0.1.2.3", "unspecified"},
                                                    {"127.0.0.1", "loopback"},
                                                    {"127.255.0.1", "loopback"},
                                                    {"169.254.7.7", "link-local"},
                                                    {"224.0.0.1", "multicast"},
                                                    {"239.255.255.255", "multicast"},
                                                    {"255.255.255.255", "broadcast"},
                                                    {"::", "unspecified"},
                                                    {"::1", "loopback"},
                                                    {"fe80::7", "link-local"},
                                                    {"febf::7", "link-local"},
                                                    {"ff02::1", "multicast"},
                                                    {"::ffff:127.0.0.1", "loopback"},
                                                    {"fe80::7%eth0", "link-local"}};
  for (const auto& [text, what] : unfit) {
    CAPTURE(text);
    const auto checked = check_source(parsed(text + " 50000 198.51.100.1 22"), false);
    REQUIRE_FALSE(checked);
    CHECK(checked.error().exit == Exit::kNo);
    CHECK(checked.error().message.find(" " + what + " address") != std::string::npos);
  }
  for (const char* text : {"203.0.113.7", "10.0.0.1", "223.255.255.255", "1.0.0.0", "128.0.0.1",
                           "2001:db8::7", "fec0::1", "fd00::1", "::2"}) {
    CAPTURE(text);
    CHECK(check_source(parsed(std::string(text) + " 50000 198.51.100.1 22"), false));
  }
  CHECK(why(check_source(kOffice, true)) == "203.0.113.7 is an address of this host");
  SshConnection zone = kOffice;
  zone.zone = true;
  CHECK(why(check_source(zone, false)) == "203.0.113.7 has a zone");
}

TEST_CASE("only the socket with these four numbers is the connection") {
  const std::vector<TcpSocket> any = {listener("0.0.0.0")};
  CHECK(found({office_socket()}, any) == "4711 ");
  std::vector<TcpSocket> others(6, office_socket());
  others[0].peer_port = 50001;
  others[1].port = 2222;
  others[2].peer = address("203.0.113.8");
  others[3].local = address("198.51.100.2");
  others[4].inode = 0;  // nobody has accepted it yet, or has it any more
  std::swap(others[5].peer, others[5].local);
  CHECK(found(others, any) == "no such connection to 198.51.100.1:22 is established here");
  CHECK(found({}, any) == "no such connection to 198.51.100.1:22 is established here");
  others.push_back(office_socket());
  others.push_back(office_socket());
  others.back().inode = 12;
  CHECK(found(others, any) == "4711 12 ");  // networks of two interfaces may use the same addresses
}

TEST_CASE("a connection came in where root listens") {
  for (const char* local : {"0.0.0.0", "::", "198.51.100.1"}) {
    CHECK(found({office_socket()}, {listener("198.51.100.2"), listener(local)}) == "4711 ");
  }
  const std::string no = "root does not listen on 198.51.100.1:22, where it would have come in";
  CHECK(found({office_socket()}, {}) == no);
  CHECK(found({office_socket()}, {listener("0.0.0.0", 1000)}) == no);
  CHECK(found({office_socket()}, {listener("198.51.100.1", 1)}) == no);
  CHECK(found({office_socket()}, {listener("198.51.100.2")}) == no);
  CHECK(found({office_socket()}, {listener("0.0.0.0", 0, 2222)}) == no);
  CHECK(found({office_socket()}, {listener("::1")}) == no);
  const SshConnection v6 = parsed("2001:db8::7 50000 2001:db8::1 22");
  const TcpSocket socket = {v6.client, v6.server, 50000, 22, 0, 7, 0};
  CHECK(find_sockets(v6, {socket}, {listener("::")}));
  CHECK_FALSE(find_sockets(v6, {socket}, {listener("0.0.0.0")}));
}

TEST_CASE("sessions of OpenSSH") {
  SECTION("root: one process of sshd") {
    CHECK(judged({root(90, 80), sshd(80, 70, {3, kInode}), sshd(70, 1, {9}), root(1, 0)}).empty());
  }
  SECTION("a user with sudo: the monitor of the session is root's") {
    CHECK(judged({root(99, 98), root(98, 97), user(97, 96), user(96, 80), sshd(80, 70, {kInode}),
                  sshd(70, 1), root(1, 0)})
              .empty());
  }
  SECTION("socket activation") {
    CHECK(judged({root(99, 80), sshd(80, 1, {kInode}), root(1, 0)}).empty());
  }
  SECTION("sshd as PID 1 of a container") {
    CHECK(judged({root(99, 80), sshd(80, 1, {kInode}), sshd(1, 0)}).empty());
  }
}

TEST_CASE("what holds the socket and is no sshd above us proves nothing") {
  const std::string none = "no ancestor of this process is an sshd that belongs to root";
  Process sudo = root(98, 97);
  sudo.sockets = {kInode};
  CHECK(judged({sudo, user(97, 50), root(1, 0)}) == none);
  sudo.parent = 1;  // the shell that started it has ended
  CHECK(judged({sudo, root(1, 0)}) == none);
  Process init = root(1, 0);
  init.sockets = {kInode};  // of a service that it started with the connection
  CHECK(judged({root(98, 1), init}) == none);
  CHECK(judged({root(98, 1), sshd(1, 0, {kInode})}) == none);
  Process own = user(97, 1);
  own.sshd = true;  // started by a user for himself
  own.sockets = {kInode};
  CHECK(judged({own, root(1, 0)}) == none);
}

TEST_CASE("the session that counts is the nearest one") {
  const auto not_held = [](int pid) {
    return "sshd " + std::to_string(pid) +
           ", the nearest ancestor of this process that belongs to root, does not hold it";
  };
  CHECK(judged({user(97, 80), sshd(80, 70, {5}), sshd(70, 1), root(1, 0)}) == not_held(80));
  // The listener has a new connection for a moment.
  CHECK(judged({user(97, 80), sshd(80, 70, {5}), sshd(70, 1, {kInode}), root(1, 0)}) ==
        not_held(80));
  // An sshd that root has started in a session of its own.
  CHECK(judged({user(97, 90), sshd(90, 85, {5}), sshd(85, 84), root(84, 80), sshd(80, 70, {kInode}),
                sshd(70, 1), root(1, 0)}) == not_held(90));
}

TEST_CASE("everything above the session is root's and can be seen") {
  CHECK(judged({root(99, 80), sshd(80, 70, {kInode}), root(70, 60), user(60, 1), root(1, 0)}) ==
        "process 60, above sshd 80, does not belong to root");
  CHECK(judged({root(99, 80), sshd(80, 70, {kInode}), user(1, 0)}) ==
        "process 1, above sshd 80, does not belong to root");
  CHECK(judged({root(99, 80), sshd(80, 70, {kInode}), sshd(70, 0)}) ==
        "the process that started sshd 80 is outside this PID namespace, and cannot be seen to "
        "belong to "
        "root");
  const std::string unseen =
      "no ancestor of this process that can be seen from its PID namespace is an sshd that belongs "
      "to root";
  CHECK(judged({}) == unseen);
  CHECK(judged({root(99, 0)}) == unseen);
}

TEST_CASE("the walk up ends where there is no parent, and after so many") {
  const std::map<int, int> parents = {{30, 20}, {20, 10}, {10, 1}, {1, 0}, {7, 8}, {8, 7}, {5, 4}};
  const auto look_up = [&](int pid) -> Result<Process> {
    const auto at = parents.find(pid);
    if (at == parents.end()) return fail(Exit::kFailed, "gone", ENOENT);
    return root(pid, at->second);
  };
  const auto line = walk_up(30, look_up);
  REQUIRE(line);
  REQUIRE(line->size() == 4);
  CHECK(line->front().pid == 30);
  CHECK(line->back().pid == 1);
  CHECK(walk_up(0, look_up)->empty());
  const auto circle = walk_up(7, look_up);
  REQUIRE_FALSE(circle);
  CHECK(circle.error().exit == Exit::kNo);
  CHECK(circle.error().message == "this process has more than 64 ancestors");
  CHECK(walk_up(5, look_up).error().message == "gone");
  const auto deep = [](int pid) -> Result<Process> { return root(pid, pid - 1); };
  CHECK(walk_up(64, deep)->size() == 64);
  CHECK_FALSE(walk_up(65, deep));
}

TEST_CASE("the status of a process") {
  const auto status = [](const std::string& name, const std::string& uids) {
    return parse_status("Name:\t" + name + "\nUmask:\t0022\nTgid:\t9\nPid:\t9\nPPid:\t7\n" +
                        "TracerPid:\t0\nUid:\t" + uids + "\nGid:\t0\t0\t0\t0\n");
  };
  CHECK(status("sshd", "0\t0\t0\t0")->of_root);
  CHECK(status("sshd", "0\t0\t0\t0")->parent == 7);
  CHECK(status("PPid:\t1", "0\t0\t0\t0")->parent == 7);
  CHECK(status("x\\nPPid:\t1", "0\t0\t0\t0")->parent == 7);  // as the kernel escapes it
  for (const char* uids : {"1000\t0\t0\t0", "0\t1000\t0\t0", "0\t0\t1000\t0", "0\t0\t0\t1000", "0",
                           "0\t0\t0\t0\t0", "00\t0\t0\t0", ""}) {
    CHECK_FALSE(status("sudo", uids)->of_root);
  }
  CHECK_FALSE(parse_status(""));
  CHECK_FALSE(parse_status("Name:\tx\nPPid:\t7\n"));
  CHECK_FALSE(parse_status("Name:\tx\nUid:\t0\t0\t0\t0\n"));
  CHECK_FALSE(parse_status("Name:\tx\nPPid:\tx\nUid:\t0\t0\t0\t0\n"));
  CHECK_FALSE(parse_status("Name:\tx\nPPid:\t-1\nUid:\t0\t0\t0\t0\n"));
}

TEST_CASE("which programs are sshd") {
  constexpr mode_t kPlain = S_IFREG | 0755;
  for (const char* path : {"/usr/sbin/sshd", "/usr/lib/openssh/sshd-session",
                           "/usr/libexec/openssh/sshd-session", "/usr/sbin/sshd (deleted)"}) {
    CHECK(is_sshd(path, 0, kPlain));
  }
  for (const char* path :
       {"/usr/bin/sudo", "/usr/bin/su", "/usr/sbin/sshd-auth", "/usr/bin/ssh", "/usr/sbin/sshd/x",
        "/usr/sbin/xsshd", "", "/", " (deleted)", "/usr/lib/systemd/systemd", "/usr/sbin/sshd2"}) {
    CHECK_FALSE(is_sshd(path, 0, kPlain));
  }
  CHECK_FALSE(is_sshd("/tmp/sshd", 1000, kPlain));
  CHECK_FALSE(is_sshd("/tmp/sshd", 0, S_IFREG | 04755));  // a hard link to sudo
  CHECK_FALSE(is_sshd("/tmp/sshd", 0, S_IFREG | 02755));
  CHECK_FALSE(is_sshd("/tmp/sshd", 0, S_IFREG | 0775));
  CHECK_FALSE(is_sshd("/tmp/sshd", 0, S_IFREG | 0757));
  CHECK_FALSE(is_sshd("/dev/sshd", 0, S_IFCHR | 0600));
}

TEST_CASE("the ancestors of this process, as far as it may look at them") {
  const auto line = read_ancestors();
  if (!line) {
    CHECK(line.error().message.starts_with("process '"));
    return;
  }
  REQUIRE_FALSE(line->empty());
  CHECK(line->front().pid == getppid());
  CHECK(line->back().parent == 0);
}

TEST_CASE("a socket of ours is listed with its numbers, its inode and its owner") {
  const Fd server(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const Fd client(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof at;
  REQUIRE(bind(server.get(), reinterpret_cast<const sockaddr*>(&at), sizeof at) == 0);
  REQUIRE(listen(server.get(), 1) == 0);
  REQUIRE(getsockname(server.get(), reinterpret_cast<sockaddr*>(&at), &size) == 0);
  REQUIRE(connect(client.get(), reinterpret_cast<const sockaddr*>(&at), sizeof at) == 0);
  const std::uint16_t port = ntohs(at.sin_port);
  struct stat info {};
  REQUIRE(fstat(client.get(), &info) == 0);

  std::vector<TcpSocket> sockets;
  const auto take = [&](const TcpSocket& socket) { sockets.push_back(socket); };
  const auto listed = list_tcp_sockets({1U << TCP_ESTABLISHED, 0, port}, take);
  if (!listed) {
    CHECK(listed.error().exit == Exit::kUnsupported);
    return;
  }
  REQUIRE(sockets.size() == 1);
  CHECK(sockets[0].inode == info.st_ino);
  CHECK(sockets[0].uid == getuid());
  CHECK(sockets[0].peer == address("127.0.0.1"));
  CHECK(sockets[0].peer_port == port);
  sockets.clear();
  REQUIRE(list_tcp_sockets({1U << TCP_LISTEN, port, 0}, take));
  REQUIRE(sockets.size() == 1);
  CHECK(sockets[0].local == address("127.0.0.1"));
  CHECK(sockets[0].port == port);
}

TEST_CASE("addresses of this host") {
  for (const char* text : {"127.0.0.1", "127.9.9.9"}) CHECK(is_own_address(address(text)) == true);
  for (const char* text : {"192.0.2.7", "2001:db8:a::7"}) {
    CHECK(is_own_address(address(text)) == false);
  }
}
