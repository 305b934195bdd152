// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/host/knock.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <string>

#include "loader/base/utf8.hpp"
#include "loader/host/addresses.hpp"
#include "loader/policy/scan.hpp"
#include "loader/policy/text.hpp"

namespace apiguard {
namespace {

constexpr std::string_view kUse =
    "--from-ssh takes the address that an SSH session comes from: make it the command of a key in "
    "authorized_keys (apiguard lease --authorized-key prints the line)";

// ---- text

std::vector<std::string_view> words_of(std::string_view text) {
  std::vector<std::string_view> words;
  for (;;) {
    const std::size_t at = text.find(' ');
    words.push_back(text.substr(0, at));
    if (at == std::string_view::npos) return words;
    text.remove_prefix(at + 1);
  }
}

std::optional<std::uint16_t> port_of(std::string_view text) {
  const auto port = scan_number(text, 65535, "port");
  if (!port || *port == 0) return std::nullopt;
  return static_cast<std::uint16_t>(*port);
}

// sshd unwraps mapped addresses itself; where it has not, what the kernel says is unwrapped as
// well.
std::optional<Address> address_in(std::string_view text) {
  constexpr std::array<std::uint8_t, 12> kMapped = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  if (const auto address = parse_address(text)) return *address;
  std::array<std::uint8_t, 16> bytes{};
  if (inet_pton(AF_INET6, std::string(text).c_str(), bytes.data()) != 1) return std::nullopt;
  if (!std::equal(kMapped.begin(), kMapped.end(), bytes.begin())) return std::nullopt;
  Address address;
  std::copy_n(bytes.begin() + kMapped.size(), 4, address.bytes.begin());
  return address;
}

std::string_view without_zone(std::string_view text) { return text.substr(0, text.find('%')); }

// ---- what can be no lease

struct Unfit {
  const char* prefix;
  const char* what;
};
constexpr std::array<Unfit, 9> kUnfit{{{"0.0.0.0/8", "an unspecified"},
                                       {"127.0.0.0/8", "a loopback"},
                                       {"169.254.0.0/16", "a link-local"},
                                       {"224.0.0.0/4", "a multicast"},
                                       {"255.255.255.255/32", "a broadcast"},
                                       {"::/128", "an unspecified"},
                                       {"::1/128", "a loopback"},
                                       {"fe80::/10", "a link-local"},
                                       {"ff00::/8", "a multicast"}}};

const Unfit* find_unfit(const Address& address) {
  const auto* const found = std::find_if(kUnfit.begin(), kUnfit.end(), [&](const Unfit& unfit) {
    const auto parsed = parse_prefix(unfit.prefix);
    return parsed && covers(parsed->prefix, address);
  });
  return found == kUnfit.end() ? nullptr : found;
}

tl::unexpected<Error> refuse(const SshConnection& connection, std::string_view why) {
  return fail(Exit::kNo,
              fmt::format("connection '{}': take its source: {}",
                          to_string(Endpoint{connection.client, connection.client_port}), why));
}

// ---- sockets

bool is_connection(const SshConnection& connection, const TcpSocket& socket) {
  return socket.inode != 0 && socket.peer == connection.client &&
         socket.peer_port == connection.client_port && socket.local == connection.server &&
         socket.port == connection.server_port;
}

// The unspecified address of IPv6 takes connections of IPv4 as well.
bool takes_in(const SshConnection& connection, const TcpSocket& listener) {
  const bool any =
      listener.local.bytes == Address{}.bytes &&
      (listener.local.family == Family::kIpv6 || listener.local.family == connection.server.family);
  return listener.uid == 0 && listener.port == connection.server_port &&
         (any || listener.local == connection.server);
}

Result<std::vector<TcpSocket>> list(const TcpQuestion& question) {
  std::vector<TcpSocket> sockets;
  const auto listed = list_tcp_sockets(
      question, [&sockets](const TcpSocket& socket) { sockets.push_back(socket); });
  if (!listed) return fail(listed.error());
  return sockets;
}

Result<std::vector<std::uint64_t>> ask_for_sockets(const SshConnection& connection) {
  const auto established =
      list({1U << TCP_ESTABLISHED, connection.server_port, connection.client_port});
  if (!established) return fail(established.error());
  const auto listening = list({1U << TCP_LISTEN, connection.server_port, 0});
  if (!listening) return fail(listening.error());
  return find_sockets(connection, *established, *listening);
}

// ---- processes

const Process* first_not_of_root(const Process* from, const Process* to) {
  const auto* const found =
      std::find_if(from, to, [](const Process& process) { return !process.of_root; });
  return found == to ? nullptr : found;
}

bool holds(const Process& process, const std::vector<std::uint64_t>& sockets) {
  return std::find_first_of(process.sockets.begin(), process.sockets.end(), sockets.begin(),
                            sockets.end()) != process.sockets.end();
}

Result<> ask_for_ancestors(const SshConnection& connection,
                           const std::vector<std::uint64_t>& sockets) {
  const auto ancestors = read_ancestors();
  if (ancestors) return check_ancestors(connection, sockets, *ancestors);
  if (ancestors.error().exit == Exit::kNo) return refuse(connection, ancestors.error().message);
  return fail(ancestors.error());
}

}  // namespace

Result<SshConnection> parse_ssh_connection(std::string_view text) {
  const auto words = words_of(text);
  const auto wrong = [&text] {
    return fail(Exit::kUsage,
                fmt::format("variable 'SSH_CONNECTION': read {}: expected CLIENT PORT SERVER PORT "
                            "as sshd writes them; {}",
                            quote(text), kUse));
  };
  if (words.size() != 4) return wrong();
  const auto client = address_in(without_zone(words[0])),
             server = address_in(without_zone(words[2]));
  const auto client_port = port_of(words[1]), server_port = port_of(words[3]);
  if (!client || !client_port || !server || !server_port) return wrong();
  const bool zone = words[0].find('%') != std::string_view::npos;
  return SshConnection{*client, *client_port, *server, *server_port, zone};
}

Result<> check_source(const SshConnection& connection, bool own) {
  const std::string address = to_string(connection.client);
  if (const Unfit* unfit = find_unfit(connection.client)) {
    return refuse(connection, fmt::format("{} is {} address", address, unfit->what));
  }
  if (connection.zone) return refuse(connection, fmt::format("{} has a zone", address));
  if (own) return refuse(connection, fmt::format("{} is an address of this host", address));
  return {};
}

Result<std::vector<std::uint64_t>> find_sockets(const SshConnection& connection,
                                                const std::vector<TcpSocket>& established,
                                                const std::vector<TcpSocket>& listening) {
  std::vector<std::uint64_t> inodes;
  for (const TcpSocket& socket : established) {
    if (is_connection(connection, socket)) inodes.push_back(socket.inode);
  }
  const std::string server = to_string(Endpoint{connection.server, connection.server_port});
  if (inodes.empty()) {
    return refuse(connection, fmt::format("no such connection to {} is established here", server));
  }
  // sshd has connections that it opened itself: to a directory of users, or for a tunnel.
  if (std::none_of(listening.begin(), listening.end(),
                   [&](const TcpSocket& listener) { return takes_in(connection, listener); })) {
    return refuse(connection,
                  fmt::format("root does not listen on {}, where it would have come in", server));
  }
  return inodes;
}

Result<> check_ancestors(const SshConnection& connection, const std::vector<std::uint64_t>& sockets,
                         const std::vector<Process>& ancestors) {
  const Process* const end = ancestors.data() + ancestors.size();
  const Process* const sshd = std::find_if(ancestors.data(), end, [](const Process& process) {
    return process.of_root && process.sshd && process.pid != 1;
  });
  const bool outside = ancestors.empty() || ancestors.back().pid != 1;
  if (sshd == end) {
    return refuse(connection, outside ? "no ancestor of this process that can be seen from its PID "
                                        "namespace is an sshd that belongs to root"
                                      : "no ancestor of this process is an sshd that belongs to "
                                        "root");
  }
  if (!holds(*sshd, sockets)) {
    return refuse(connection, fmt::format("sshd {}, the nearest ancestor of this process that "
                                          "belongs to root, does not hold it",
                                          sshd->pid));
  }
  if (const Process* other = first_not_of_root(sshd, end)) {
    return refuse(connection, fmt::format("process {}, above sshd {}, does not belong to root",
                                          other->pid, sshd->pid));
  }
  if (!outside) return {};
  return refuse(connection, fmt::format("the process that started sshd {} is outside this PID "
                                        "namespace, and cannot be seen to belong to root",
                                        sshd->pid));
}

Result<Address> proven_ssh_source(const char* connection) {
  if (connection == nullptr) {
    return fail(Exit::kUsage,
                fmt::format("variable 'SSH_CONNECTION': it is not set: {}; sudo keeps "
                            "it with env_keep",
                            kUse));
  }
  const auto parsed = parse_ssh_connection(connection);
  if (!parsed) return fail(parsed.error());
  const auto own = is_own_address(parsed->client);
  if (!own) return fail(own.error());
  if (auto checked = check_source(*parsed, *own); !checked) return fail(checked.error());
  const auto sockets = ask_for_sockets(*parsed);
  if (!sockets) return fail(sockets.error());
  if (auto checked = ask_for_ancestors(*parsed, *sockets); !checked) return fail(checked.error());
  return parsed->client;
}

}  // namespace apiguard
