// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/propose/proposal.hpp"

#include <linux/if_arp.h>

#include <algorithm>
#include <array>
#include <map>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace apiguard::propose {
namespace {

using Strings = std::vector<std::string>;

constexpr std::uint16_t kUsualPort = 6443;

constexpr Prefix ipv4(std::uint8_t a, std::uint8_t b, std::uint8_t length) {
  return {{Family::kIpv4, {a, b}}, length};
}

// Address space that nobody else's machines have (RFC 1918, RFC 6598, RFC 4193).
constexpr std::array<Prefix, 5> kPrivate = {ipv4(10, 0, 8), ipv4(172, 16, 12), ipv4(192, 168, 16),
                                            ipv4(100, 64, 10), Prefix{{Family::kIpv6, {0xfc}}, 7}};

bool is_private(const Prefix& prefix) {
  return std::any_of(kPrivate.begin(), kPrivate.end(),
                     [&](const Prefix& area) { return covers(area, prefix); });
}

Prefix subnet_of(const InterfaceAddress& own) {
  Prefix subnet{own.address, own.length};
  for (std::size_t bit = own.length; bit < max_length(own.address.family); ++bit) {
    auto& byte = subnet.address.bytes[bit / 8];
    byte = static_cast<std::uint8_t>(byte & ~(0x80U >> bit % 8));
  }
  return subnet;
}

std::string with_length(const InterfaceAddress& own) {
  return fmt::format("{}/{}", to_string(own.address), own.length);
}

class Proposer {
 public:
  Proposer(const Facts& facts, const Machine& machine, const std::optional<Address>& admin)
      : facts_(facts), machine_(machine), admin_(admin) {}

  Proposal make() {
    proposal_.took = facts_.took;
    if (facts_.took.empty()) proposal_.took.emplace_back("no file of kubeadm, k3s or RKE2");
    proposal_.unread = facts_.unread;
    choose_ports();
    choose_interfaces();
    choose_cluster();
    look_at_peers();
    say_what_is_unknown();
    return std::move(proposal_);
  }

 private:
  // ---- endpoints

  void choose_ports() {
    proposal_.ports = ports_to_protect(facts_);
    if (facts_.ports.empty()) {
      unknown(
          fmt::format("the port of the API server: neither kubeadm, k3s nor RKE2 was found, "
                      "so {} is a guess",
                      kUsualPort));
    }
    std::vector<Endpoint> endpoints;
    for (const Port& port : proposal_.ports) endpoints.push_back({std::nullopt, port.port});
    for (const auto port : ephemeral_conflicts(endpoints, machine_.local_ports)) {
      proposal_.notes.push_back(describe_conflict(port, machine_.local_ports));
    }
    for (const Address& address : facts_.bound) {
      proposal_.notes.push_back(fmt::format(
          "the API server listens on {} alone: \"{}\" would be enough", to_string(address),
          to_string(Endpoint{address, proposal_.ports.front().port})));
    }
  }

  // ---- interfaces

  [[nodiscard]] std::vector<InterfaceAddress> addresses_of(int ifindex) const {
    std::vector<InterfaceAddress> found;
    for (const InterfaceAddress& each : machine_.addresses) {
      if (each.ifindex == ifindex && each.global) found.push_back(each);
    }
    return found;
  }

  [[nodiscard]] bool is_advertised(const InterfaceAddress& own) const {
    return std::find(facts_.advertised.begin(), facts_.advertised.end(), own.address) !=
           facts_.advertised.end();
  }

  // Why an interface should be guarded; empty: it need not.
  [[nodiscard]] Strings reasons_for(const Interface& interface) const {
    Strings reasons;
    if (machine_.default_routes.contains(interface.ifindex)) reasons.emplace_back("default route");
    for (const InterfaceAddress& own : addresses_of(interface.ifindex)) {
      if (is_advertised(own)) {
        reasons.push_back(fmt::format("has the advertised address {}", to_string(own.address)));
      }
    }
    return reasons;
  }

  [[nodiscard]] std::string describe_addresses(const Interface& interface) const {
    Strings texts;
    for (const InterfaceAddress& own : addresses_of(interface.ifindex)) {
      texts.push_back(with_length(own));
    }
    return texts.empty() ? "no address" : fmt::format("{}", fmt::join(texts, ", "));
  }

  void choose_interfaces() {
    std::size_t virtual_ports = 0;
    for (const Interface& interface : machine_.interfaces) {
      if (interface.type == ARPHRD_LOOPBACK) continue;
      const Strings reasons = reasons_for(interface);
      if (!has_ethernet_header(interface)) {
        leave_out(interface, "no Ethernet header, so it cannot be guarded");
        if (reasons.empty()) continue;
        unknown(fmt::format(
            "clients that arrive on {} ({}): it has no Ethernet header, so it cannot be guarded",
            interface.name, fmt::join(reasons, ", ")));
      } else if (!reasons.empty()) {
        proposal_.interfaces.push_back(
            {interface.name,
             fmt::format("{}; {}", fmt::join(reasons, ", "), describe_addresses(interface))});
        guarded_.insert(interface.ifindex);
      } else if (interface.kind == "veth") {
        ++virtual_ports;  // of pods and containers: one each
      } else {
        leave_out(interface, describe_addresses(interface));
      }
    }
    if (virtual_ports > 0) {
      proposal_.left_out.push_back(
          {fmt::format("{} veth", virtual_ports), "of pods and containers"});
    }
    for (const Choice& choice : proposal_.interfaces) {
      proposal_.took.push_back(fmt::format("interface {}: {}", choice.text, choice.why));
    }
    if (proposal_.interfaces.empty()) guess_interfaces();
  }

  void leave_out(const Interface& interface, std::string why) {
    proposal_.left_out.push_back({interface.name, std::move(why)});
  }

  void guess_interfaces() {
    proposal_.interfaces = {{"en*", "a guess"}, {"eth*", "a guess"}};
    unknown(
        "the interfaces: none that can be guarded has a default route or an advertised address");
  }

  // ---- cluster

  void choose_cluster() {
    add_node_subnets();
    for (const Network& network : facts_.pods) {
      add_range(network.prefix, network.why + ": other nodes' may keep their address");
    }
    for (const Network& network : facts_.joined) {
      if (!is_own(network.prefix.address)) add_range(network.prefix, network.why);
    }
    settle_cluster();
  }

  // Those that are advertised, or else those of the guarded interfaces: IPv4 where there is any.
  [[nodiscard]] std::vector<InterfaceAddress> node_addresses() const {
    std::vector<InterfaceAddress> own, ipv4, ipv6;
    for (const InterfaceAddress& each : machine_.addresses) {
      if (!each.global) continue;
      if (is_advertised(each)) own.push_back(each);
      if (!guarded_.contains(each.ifindex)) continue;
      (each.address.family == Family::kIpv4 ? ipv4 : ipv6).push_back(each);
    }
    if (!own.empty()) return own;
    return ipv4.empty() ? ipv6 : ipv4;
  }

  void add_node_subnets() {
    bool any = false;
    for (const InterfaceAddress& own : node_addresses()) {
      if (own.length == max_length(own.address.family) || own.length == 0) continue;
      any = true;
      add_range(subnet_of(own), fmt::format("nodes, a guess: the subnet of {} on {}",
                                            to_string(own.address), name_of(own.ifindex)));
    }
    if (!any)
      unknown("the subnet of the nodes: it could not be derived from this host's addresses");
    for (const Address& address : facts_.advertised) {
      if (is_own(address)) continue;
      unknown(
          fmt::format("the interface of the advertised address {}: this host does not have it now",
                      to_string(address)));
    }
  }

  void add_range(const Prefix& prefix, std::string why) {
    ranges_.push_back({prefix, std::move(why)});
  }

  // Strangers may live in a public subnet: only a person can list that.
  static bool is_safe(const Prefix& prefix) {
    return prefix.length == max_length(prefix.address.family) || is_private(prefix);
  }

  // What lies inside of another is left out, so that the file has no warning.
  void settle_cluster() {
    for (const Network& network : ranges_) {
      if (is_safe(network.prefix)) listed_.push_back(network.prefix);
    }
    std::set<Prefix> taken;
    for (const Network& network : ranges_) {
      const bool inside = std::any_of(listed_.begin(), listed_.end(), [&](const Prefix& listed) {
        return listed != network.prefix && covers(listed, network.prefix);
      });
      if (inside || !taken.insert(network.prefix).second) continue;
      (is_safe(network.prefix) ? proposal_.cluster : proposal_.doubtful)
          .push_back({to_string(network.prefix), network.why});
    }
  }

  [[nodiscard]] bool is_listed(const Address& address) const {
    return std::any_of(listed_.begin(), listed_.end(),
                       [&](const Prefix& listed) { return covers(listed, address); });
  }

  [[nodiscard]] bool is_own(const Address& address) const {
    return std::any_of(machine_.addresses.begin(), machine_.addresses.end(),
                       [&](const InterfaceAddress& own) { return own.address == address; });
  }

  [[nodiscard]] std::string name_of(int ifindex) const {
    const Interface* known = find_interface(machine_.interfaces, ifindex);
    return known != nullptr ? known->name : fmt::format("interface {}", ifindex);
  }

  // ---- peers

  // Packets of own addresses and of pods on this host never pass a guarded interface.
  void look_at_peers() {
    if (!machine_.no_connections.empty())
      return unknown("clients connected now: " + machine_.no_connections);
    const std::set<int> guarded = interfaces_above(machine_.interfaces, guarded_);
    std::map<Address, std::size_t> outside, inside;
    std::map<std::string, std::set<Address>> elsewhere;
    for (const Connection& connection : machine_.connections) {
      if (is_own(connection.peer)) continue;
      if (!guarded.contains(connection.interface)) {
        if (connection.interface != 0)
          elsewhere[name_of(connection.interface)].insert(connection.peer);
        continue;
      }
      ++(is_listed(connection.peer) ? inside : outside)[connection.peer];
    }
    for (const auto& [address, count] : outside) proposal_.unlisted.push_back({address, count});
    std::stable_sort(proposal_.unlisted.begin(), proposal_.unlisted.end(),
                     [](const Peer& a, const Peer& b) { return a.connections > b.connections; });
    say_who_is_connected(inside.size(), outside.size(), elsewhere);
  }

  void say_who_is_connected(std::size_t inside, std::size_t outside,
                            const std::map<std::string, std::set<Address>>& elsewhere) {
    std::string text =
        fmt::format("connected now: {} in the ranges of 'cluster', {} outside", inside, outside);
    for (const auto& [name, peers] : elsewhere) {
      text += fmt::format(", {} on {}, which is not guarded", peers.size(), name);
    }
    proposal_.took.push_back(text);
  }

  // ---- unknown

  void say_what_is_unknown() {
    for (const std::string& doubt : facts_.doubts) unknown(doubt);
    unknown(
        "load balancers in front of the API server: the addresses that they connect from belong "
        "under 'cluster'");
    if (!facts_.names.empty()) {
      unknown(fmt::format("the hosts behind {}: check where these names of the API server lead",
                          fmt::join(facts_.names, ", ")));
    }
    unknown("other control planes and nodes outside of these ranges: they belong under 'cluster'");
    unknown(
        "further ports that lead to the API server, such as those of HAProxy, kube-vip or a "
        "NodePort: they belong under 'endpoints'");
    unknown(
        "administrators, CI and other clients that are not connected now: 'apiguard allow CIDR "
        "--name NAME'");
    const bool cut = admin_ && !is_own(*admin_) && !is_listed(*admin_);
    if (cut) {
      unknown(fmt::format(
          "whether you use the API from where you are logged in: 'apiguard allow {} --name admin'",
          to_string(*admin_)));
    }
  }

  void unknown(std::string text) { proposal_.unknown.push_back(std::move(text)); }

  const Facts& facts_;
  const Machine& machine_;
  const std::optional<Address>& admin_;
  Proposal proposal_;
  std::set<int> guarded_;
  std::vector<Network> ranges_;
  std::vector<Prefix> listed_;
};

}  // namespace

std::vector<Port> ports_to_protect(const Facts& facts) {
  if (!facts.ports.empty()) return facts.ports;
  return {{kUsualPort, "the usual port: nothing on this host names another"}};
}

Proposal propose(const Facts& facts, const Machine& machine, const std::optional<Address>& admin) {
  return Proposer(facts, machine, admin).make();
}

}  // namespace apiguard::propose
