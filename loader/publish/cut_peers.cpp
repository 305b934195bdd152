// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/publish/cut_peers.hpp"

#include <algorithm>
#include <iterator>
#include <map>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "loader/base/duration.hpp"
#include "loader/base/number.hpp"
#include "loader/base/time.hpp"
#include "loader/policy/lookup.hpp"
#include "loader/publish/audited.hpp"
#include "loader/publish/usage.hpp"

namespace apiguard::publish {
namespace {

constexpr std::size_t kShown = 10;
constexpr std::chrono::nanoseconds kLately = 24h;

std::vector<Address> peers_of(const std::vector<Connection>& connections) {
  std::vector<Address> peers;
  peers.reserve(connections.size());
  for (const Connection& connection : connections) peers.push_back(connection.peer);
  return peers;
}

std::vector<Address> sources_of(const std::vector<AuditSource>& seen) {
  std::vector<Address> sources;
  sources.reserve(seen.size());
  for (const AuditSource& source : seen) sources.push_back(source.source);
  return sources;
}

// ---- what judges today

bool judges_today(const World& world, const datapath::Target& target) {
  const datapath::LinkState* link = world.live.link_with(target.link_id);
  return link != nullptr && judges_in_force(world, *link);
}

// Both the mode and that all is judged have to last.
std::optional<Timestamp> audited_since(const Host& host, const World& world) {
  const auto began = mode_began(world);
  if (!began) return std::nullopt;
  const auto observed = read_usage(host, world).observed_since;
  if (!observed) return std::nullopt;
  return std::max(*began, *observed);
}

Today today_of(const Host& host, const World& world, const Proposed& change) {
  Today today;
  if (!world.in_force) return today;
  today.in_force = true;
  today.policy = world.judged();
  for (const datapath::Target& target : change.targets) {
    if (!judges_today(world, target)) today.anew.push_back(target.name);
  }
  if (today.policy != nullptr && today.policy->mode == Mode::kAudit && today.anew.empty())
    today.audited = audited_since(host, world);
  return today;
}

bool enforces(const Today& today) {
  return today.in_force && today.policy != nullptr && today.policy->mode == Mode::kEnforce;
}

// Why sources pass today whatever the list says; none: the list decides.
std::optional<std::string> free_pass(const Today& today) {
  if (!today.in_force) return "no list is in force";
  if (today.policy == nullptr) return "the list in force cannot be read";
  if (today.policy->mode == Mode::kOff) return "mode off passes everything today";
  return std::nullopt;
}

bool is_protected_today(const Connection& connection, const Today& today) {
  return protects(today.policy->endpoints, connection.local, connection.port);
}

// How a connection passes today; none: the list refuses it, wherever it comes in.
std::optional<CutPeer> passing(const Connection& connection, const Range* deciding,
                               const Today& today) {
  CutPeer peer{connection.peer, 1, std::nullopt, {}, HowSeen::kSocket, std::nullopt};
  if (auto reason = free_pass(today)) {
    peer.reason = *reason;
  } else if (!is_protected_today(connection, today)) {
    peer.reason = fmt::format("port {} is not protected yet", connection.port);
  } else if (admits(deciding)) {
    peer.range = *deciding;
  } else if (!today.anew.empty()) {
    peer.reason =
        fmt::format("may arrive on {}, which is not guarded yet", fmt::join(today.anew, ", or "));
  } else if (today.policy->mode == Mode::kAudit) {
    peer.reason = "mode audit drops nothing today";
  } else {
    return std::nullopt;
  }
  return peer;
}

// Whether an audit would have seen it, had it come in where we judge.
bool is_audited(const Connection& connection, const Today& today, Timestamp now) {
  return today.audited && *today.audited <= now - kAuditLasts &&
         is_protected_today(connection, today);
}

bool is_among(const std::vector<AuditSource>& seen, const Address& address) {
  const auto at = std::lower_bound(
      seen.begin(), seen.end(), address,
      [](const AuditSource& source, const Address& wanted) { return source.source < wanted; });
  return at != seen.end() && at->source == address;
}

// ---- connections of one peer

void add(CutPeer& to, const CutPeer& one) {
  ++to.connections;
  if (!to.range) to.range = one.range;
  if (one.last && (!to.last || *one.last > *to.last)) to.last = one.last;
}

bool comes_first(const CutPeer& a, const CutPeer& b) {
  if (a.connections != b.connections) return a.connections > b.connections;
  return a.peer < b.peer;
}

// ---- words

std::string source_of(const Range& range) {
  if (!range.name.empty()) return range.name;
  return to_string(range.origin);
}

std::string ago(Timestamp moment, Timestamp now) {
  return show_duration(std::chrono::duration_cast<std::chrono::seconds>(
             std::max<std::chrono::nanoseconds>(0s, now - moment))) +
         " ago";
}

std::string describe(const CutPeer& peer, Timestamp now) {
  std::string text =
      fmt::format("{}: {}", to_string(peer.peer), count_of(peer.connections, "connection"));
  if (peer.range) {
    text +=
        fmt::format(", listed by {} ({})", to_string(peer.range->prefix), source_of(*peer.range));
  } else {
    text += ", " + peer.reason;
  }
  if (peer.last) text += ", last seen " + ago(*peer.last, now);
  return text + (peer.seen == HowSeen::kSocket ? " (socket)" : " (audit)");
}

std::string describe(const CutRange& cut, Timestamp now) {
  return fmt::format("{} ({}): {}, last seen {} (used)", to_string(cut.range.prefix),
                     source_of(cut.range), count_of(cut.usage.connections, "connection"),
                     ago(cut.usage.last, now));
}

// A line for each of the first ten, and what the others come to.
std::string list_of(const std::vector<CutPeer>& cut, Timestamp now) {
  std::string text;
  for (std::size_t i = 0; i < std::min(cut.size(), kShown); ++i)
    text += "\n    " + describe(cut[i], now);
  if (cut.size() <= kShown) return text;
  std::uint64_t connections = 0;
  for (std::size_t i = kShown; i < cut.size(); ++i) connections += cut[i].connections;
  return text + fmt::format("\n    ... and {} more with {}", cut.size() - kShown,
                            count_of(connections, "connection"));
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

void leave_aside(std::vector<Connection>& connections, const Neighbours& neighbours,
                 const std::set<int>& judged) {
  const auto is_aside = [&](const Connection& connection) {
    if (neighbours.is_own(connection.peer)) return true;
    std::set<int> links = neighbours.interfaces_of(connection.peer);
    // Link-local addresses are everywhere, and their sockets know where.
    if (links.contains(connection.bound)) links = {connection.bound};
    return !links.empty() && std::none_of(links.begin(), links.end(),
                                          [&](int link) { return judged.contains(link); });
  };
  std::erase_if(connections, is_aside);
}

std::vector<CutPeer> newly_cut(const std::vector<Connection>& connections, const Today& today,
                               const std::vector<AuditSource>& seen, Timestamp now) {
  std::vector<const Range*> deciding(connections.size(), nullptr);
  if (today.policy != nullptr)
    deciding = deciding_for(today.policy->ranges, peers_of(connections), now);
  std::map<Address, CutPeer> peers;
  for (std::size_t i = 0; i < connections.size(); ++i) {
    const Connection& connection = connections[i];
    auto one = passing(connection, deciding[i], today);
    if (!one) continue;
    // It comes in where nothing of ours judges, or not at all.
    const bool unseen = !one->range && is_audited(connection, today, now);
    if (unseen && !is_among(seen, connection.peer)) continue;
    if (connection.quiet) one->last = now - *connection.quiet;
    const auto [at, is_new] = peers.try_emplace(one->peer, *one);
    if (!is_new) add(at->second, *one);
  }
  std::vector<CutPeer> cut;
  cut.reserve(peers.size());
  for (auto& [address, peer] : peers) cut.push_back(std::move(peer));
  std::sort(cut.begin(), cut.end(), comes_first);
  return cut;
}

std::vector<CutPeer> newly_cut(const std::vector<AuditSource>& seen, const std::vector<Range>& next,
                               const Today& today, Timestamp now) {
  const std::vector<Address> sources = sources_of(seen);
  const auto deciding_next = deciding_for(next, sources, now);
  std::vector<const Range*> deciding(seen.size(), nullptr);
  if (today.policy != nullptr) deciding = deciding_for(today.policy->ranges, sources, now);
  std::vector<CutPeer> cut;
  for (std::size_t i = 0; i < seen.size(); ++i) {
    if (seen[i].last <= now - kLately || admits(deciding_next[i])) continue;
    // Whom the list refuses where it is enforced is cut already.
    if (enforces(today) && !admits(deciding[i])) continue;
    CutPeer peer{seen[i].source,  seen[i].connections, std::nullopt, {},
                 HowSeen::kAudit, seen[i].last};
    if (admits(deciding[i])) peer.range = *deciding[i];
    if (!peer.range) peer.reason = free_pass(today).value_or("mode audit drops nothing today");
    cut.push_back(std::move(peer));
  }
  std::sort(cut.begin(), cut.end(), comes_first);
  return cut;
}

std::string describe(const std::vector<CutPeer>& cut, Timestamp now) {
  std::vector<CutPeer> connected, audited;
  for (const CutPeer& peer : cut)
    (peer.seen == HowSeen::kSocket ? connected : audited).push_back(peer);
  std::string text;
  if (!connected.empty()) {
    text = fmt::format("{} would be cut:{}", count_of(connected.size(), "connected client"),
                       list_of(connected, now));
  }
  if (audited.empty()) return text;
  if (!text.empty()) text += "\n  ";
  return text + fmt::format("{} that an audit saw connect within 24 h would be cut:{}",
                            count_of(audited.size(), "source"), list_of(audited, now));
}

std::string describe(const std::vector<CutRange>& cut, Timestamp now) {
  std::string text = fmt::format("{} that admitted a connection within 24 h would be removed:",
                                 count_of(cut.size(), "range"));
  for (std::size_t i = 0; i < std::min(cut.size(), kShown); ++i)
    text += "\n    " + describe(cut[i], now);
  if (cut.size() <= kShown) return text;
  return text + fmt::format("\n    ... and {} more", cut.size() - kShown);
}

namespace {

// Whether entries inside a prefix, taken together, list all of it: a range that was split.
class Parts {
 public:
  // `wholes`: the prefixes that will be asked about.
  Parts(const std::vector<Range>& ranges, std::vector<Prefix> wholes, Timestamp now) {
    std::sort(wholes.begin(), wholes.end());
    for (const Prefix& whole : wholes) {
      if (widest_.empty() || !covers(widest_.back(), whole)) widest_.push_back(whole);
    }
    if (widest_.empty()) return;
    for (const Range& range : ranges) {
      const bool live = !range.until || *range.until > now;
      if (live && range.kind != Kind::kExcept && is_inside(range.prefix))
        parts_.insert(range.prefix);
    }
    for (const Range& range : ranges) {
      if (range.kind == Kind::kExcept) parts_.erase(range.prefix);
    }
  }

  [[nodiscard]] bool make_up(const Prefix& whole) const {
    if (parts_.contains(whole)) return true;
    const auto next = parts_.upper_bound(whole);
    if (next == parts_.end() || !covers(whole, *next)) return false;
    const auto length = static_cast<std::uint8_t>(whole.length + 1);
    Prefix upper{whole.address, length};
    upper.address.bytes[whole.length / 8U] |= static_cast<std::uint8_t>(0x80U >> whole.length % 8U);
    return make_up({whole.address, length}) && make_up(upper);
  }

 private:
  [[nodiscard]] bool is_inside(const Prefix& part) const {
    const auto behind = std::upper_bound(widest_.begin(), widest_.end(), part);
    return behind != widest_.begin() && covers(*std::prev(behind), part);
  }

  std::vector<Prefix> widest_;
  std::set<Prefix> parts_;
};

}  // namespace

std::vector<CutRange> taken_out(const ledger::UsageLog& state, const std::vector<Range>& today,
                                const std::vector<Range>& next, Timestamp now) {
  std::vector<Prefix> prefixes;
  for (const ledger::RangeUsage& used : state.ranges) {
    if (used.total().connections > 0 && used.total().last > now - kLately)
      prefixes.push_back(used.prefix);
  }
  const auto deciding_today = deciding_over(today, prefixes, now);
  const auto deciding_next = deciding_over(next, prefixes, now);
  std::vector<CutRange> cut;
  std::vector<Prefix> gone;
  for (std::size_t i = 0; i < prefixes.size(); ++i) {
    const Range* range = deciding_today[i];
    if (!admits(range) || range->prefix != prefixes[i] || admits(deciding_next[i])) continue;
    cut.push_back({*range, ledger::find_usage(state, prefixes[i])->total()});
    if (deciding_next[i] == nullptr) gone.push_back(prefixes[i]);
  }
  const Parts parts(next, std::move(gone), now);
  std::erase_if(cut, [&](const CutRange& one) { return parts.make_up(one.range.prefix); });
  std::stable_sort(cut.begin(), cut.end(), [](const CutRange& a, const CutRange& b) {
    return a.usage.last > b.usage.last;
  });
  return cut;
}

std::vector<CutRange> find_cut_ranges(const World& world, const UsageView& used,
                                      const Policy& policy) {
  const Policy* today = world.judged();
  if (policy.mode != Mode::kEnforce || today == nullptr) return {};
  return taken_out(used.log, today->ranges, policy.ranges, clocks(world).wall);
}

namespace {

std::set<int> judged_after(const World& world, const Proposed& change) {
  std::set<int> judged;
  for (const datapath::Target& target : change.targets) {
    if (const auto ifindex = datapath::ifindex_of(target.point)) judged.insert(*ifindex);
  }
  return interfaces_above(world.interfaces, std::move(judged));
}

// Own addresses never count, and who is connected is named once.
void add_audited(std::vector<CutPeer> audited, const Neighbours& neighbours, CutPeers& cut) {
  std::set<Address> connected;
  for (const CutPeer& peer : cut.peers) connected.insert(peer.peer);
  for (CutPeer& peer : audited) {
    if (!connected.contains(peer.peer) && !neighbours.is_own(peer.peer))
      cut.peers.push_back(std::move(peer));
  }
}

}  // namespace

// The list is asked first: where it admits everybody, which is the rule, no route has to be read.
Result<CutPeers> find_cut_peers(const Host& host, const World& world, const Proposed& change) {
  CutPeers cut;
  if (change.policy.mode != Mode::kEnforce) return cut;
  const Timestamp now = clocks(world).wall;
  auto connections = list_heard_connections(change.policy.endpoints);
  if (!connections) return fail(connections.error());
  keep_unlisted(*connections, change.policy.ranges, now);
  Today today = today_of(host, world, change);
  std::vector<AuditSource> seen;
  if (!enforces(today) || !change.only_adds) seen = find_audited(host, world, cut.warnings);
  // Without it every client that is connected is named.
  if (!cut.warnings.empty()) today.audited.reset();
  std::vector<CutPeer> audited = newly_cut(seen, change.policy.ranges, today, now);
  if (connections->empty() && audited.empty()) return cut;
  const auto neighbours = Neighbours::look();
  if (!neighbours) return fail(neighbours.error());
  leave_aside(*connections, *neighbours, judged_after(world, change));
  cut.peers = newly_cut(*connections, today, seen, now);
  add_audited(std::move(audited), *neighbours, cut);
  return cut;
}

}  // namespace apiguard::publish
