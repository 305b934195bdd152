// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/publish/preflight.hpp"

#include <algorithm>
#include <map>
#include <optional>

#include <fmt/format.h>

#include "loader/policy/duration.hpp"
#include "loader/policy/lookup.hpp"
#include "loader/publish/used.hpp"

namespace apiguard::publish {
namespace {

constexpr std::size_t kShown = 10;
constexpr Timestamp kSecond = 1'000'000'000;
constexpr Timestamp kLately = Timestamp{24} * 3600 * kSecond;

std::vector<Address> peers_of(const std::vector<Connection>& connections) {
  std::vector<Address> peers;
  peers.reserve(connections.size());
  for (const Connection& connection : connections) peers.push_back(connection.peer);
  return peers;
}

// ---- what judges today

std::set<int> guarded_today(const World& world) {
  std::set<int> guarded;
  for (const datapath::LinkState& link : world.live.links) {
    if (link.ifindex != 0 && judges_in_force(world, link)) {
      guarded.insert(link.ifindex);
    }
  }
  return interfaces_above(world.interfaces, std::move(guarded));
}

Today today_of(const World& world) {
  Today today;
  if (!world.in_force) return today;
  today.in_force = true;
  today.guarded = guarded_today(world);
  today.policy = world.judged();
  return today;
}

// Why packets of a connection pass today whatever the list says; none: the list decides.
std::optional<std::string> free_pass(const Connection& connection, const Today& today) {
  if (!today.in_force) return "no list is in force";
  if (today.policy == nullptr) return "the list in force cannot be read";
  if (today.policy->mode == Mode::kOff) return "mode off passes everything today";
  if (!today.guarded.contains(connection.interface)) return "comes in where nothing is guarded yet";
  if (!protects(today.policy->endpoints, connection.local, connection.port)) {
    return fmt::format("port {} is not protected yet", connection.port);
  }
  return std::nullopt;
}

// How a connection passes today; none: it does not.
std::optional<CutPeer> passing(const Connection& connection, const Range* deciding,
                               const Today& today) {
  CutPeer peer{connection.peer, 1, std::nullopt, {}};
  if (auto reason = free_pass(connection, today)) {
    peer.reason = *reason;
  } else if (admits(deciding)) {
    peer.range = *deciding;
  } else if (today.policy->mode == Mode::kAudit) {
    peer.reason = "mode audit drops nothing today";
  } else {
    return std::nullopt;
  }
  return peer;
}

// ---- words

std::string counted(std::size_t number, std::string_view what) {
  return fmt::format("{} {}{}", number, what, number == 1 ? "" : "s");
}

std::string source_of(const Range& range) {
  if (!range.name.empty()) return range.name;
  return to_string(range.origin);
}

std::string describe(const CutPeer& peer) {
  const std::string why =
      peer.range
          ? fmt::format("listed by {} ({})", to_string(peer.range->prefix), source_of(*peer.range))
          : peer.reason;
  return fmt::format("{}: {}, {}", to_string(peer.peer), counted(peer.connections, "connection"),
                     why);
}

std::string describe(const CutRange& cut, Timestamp now) {
  const Timestamp ago = std::max<Timestamp>(0, now - cut.usage.last) / kSecond;
  return fmt::format("{} ({}): {}, the last {} ago", to_string(cut.range.prefix),
                     source_of(cut.range), counted(cut.usage.connections, "connection"),
                     show_duration(ago));
}

bool comes_first(const CutPeer& a, const CutPeer& b) {
  if (a.connections != b.connections) return a.connections > b.connections;
  return a.peer < b.peer;
}

}  // namespace

void keep_unlisted(std::vector<Connection>& connections, const std::vector<Range>& ranges,
                   Timestamp now) {
  const auto deciding = deciding_for(ranges, peers_of(connections), now);
  std::size_t kept = 0;
  for (std::size_t i = 0; i < connections.size(); ++i) {
    if (!admits(deciding[i])) connections[kept++] = connections[i];
  }
  connections.resize(kept);
}

std::vector<CutPeer> newly_cut(const std::vector<Connection>& connections, const Today& today,
                               Timestamp now) {
  std::vector<const Range*> deciding(connections.size(), nullptr);
  if (today.policy != nullptr) {
    deciding = deciding_for(today.policy->ranges, peers_of(connections), now);
  }
  std::map<Address, CutPeer> peers;
  for (std::size_t i = 0; i < connections.size(); ++i) {
    const auto one = passing(connections[i], deciding[i], today);
    if (!one) continue;
    const auto [at, is_new] = peers.try_emplace(one->peer, *one);
    if (is_new) continue;
    ++at->second.connections;
    if (!at->second.range) at->second.range = one->range;
  }
  std::vector<CutPeer> cut;
  cut.reserve(peers.size());
  for (auto& [address, peer] : peers) cut.push_back(std::move(peer));
  std::sort(cut.begin(), cut.end(), comes_first);
  return cut;
}

std::string describe(const std::vector<CutPeer>& cut) {
  std::string text = fmt::format("{} would be cut:", counted(cut.size(), "connected client"));
  for (std::size_t i = 0; i < std::min(cut.size(), kShown); ++i)
    text += "\n    " + describe(cut[i]);
  if (cut.size() <= kShown) return text;
  std::size_t connections = 0;
  for (std::size_t i = kShown; i < cut.size(); ++i) connections += cut[i].connections;
  return text + fmt::format("\n    ... and {} more with {}", cut.size() - kShown,
                            counted(connections, "connection"));
}

std::string describe(const std::vector<CutRange>& cut, Timestamp now) {
  std::string text = fmt::format("{} that admitted a connection within 24 h would be taken out:",
                                 counted(cut.size(), "range"));
  for (std::size_t i = 0; i < std::min(cut.size(), kShown); ++i)
    text += "\n    " + describe(cut[i], now);
  if (cut.size() <= kShown) return text;
  return text + fmt::format("\n    ... and {} more", cut.size() - kShown);
}

std::vector<CutRange> taken_out(const UsedState& state, const std::vector<Range>& today,
                                const std::vector<Range>& next, Timestamp now) {
  std::vector<Prefix> prefixes;
  for (const UsedRange& used : state.ranges) {
    if (used.total().connections > 0 && used.total().last > now - kLately)
      prefixes.push_back(used.prefix);
  }
  const auto deciding_today = deciding_over(today, prefixes, now);
  const auto deciding_next = deciding_over(next, prefixes, now);
  std::vector<CutRange> cut;
  for (std::size_t i = 0; i < prefixes.size(); ++i) {
    const Range* range = deciding_today[i];
    if (!admits(range) || range->prefix != prefixes[i] || admits(deciding_next[i])) continue;
    cut.push_back({*range, find_used(state, prefixes[i])->total()});
  }
  std::stable_sort(cut.begin(), cut.end(), [](const CutRange& a, const CutRange& b) {
    return a.usage.last > b.usage.last;
  });
  return cut;
}

std::vector<CutRange> find_cut_ranges(const World& world, const Used& used, const Policy& policy) {
  const Policy* today = world.judged();
  if (policy.mode != Mode::kEnforce || today == nullptr) return {};
  return taken_out(used.state, today->ranges, policy.ranges, clocks(world).wall);
}

// The list is asked first: where it admits everybody, which is the rule, no way has to be found.
Result<std::vector<CutPeer>> find_cut_peers(const World& world, const Policy& policy,
                                            const std::vector<datapath::Target>& targets) {
  if (policy.mode != Mode::kEnforce) return std::vector<CutPeer>{};
  const Timestamp now = clocks(world).wall;
  auto connections = list_connections(policy.endpoints);
  if (!connections) return fail(connections.error());
  keep_unlisted(*connections, policy.ranges, now);
  if (auto found = find_interfaces(*connections); !found) return fail(found.error());
  std::set<int> guarded;
  for (const datapath::Target& target : targets) guarded.insert(target.ifindex);
  guarded = interfaces_above(world.interfaces, std::move(guarded));
  std::erase_if(*connections, [&](const Connection& connection) {
    return !guarded.contains(connection.interface);
  });
  if (connections->empty()) return std::vector<CutPeer>{};
  return newly_cut(*connections, today_of(world), now);
}

}  // namespace apiguard::publish
