// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/publish/group.hpp"

#include <algorithm>
#include <iterator>
#include <set>
#include <span>
#include <utility>

#include <fmt/format.h>

#include "loader/base/time.hpp"
#include "loader/compile/compile.hpp"
#include "loader/host/clock.hpp"
#include "loader/host/detached.hpp"
#include "loader/host/files.hpp"
#include "loader/ledger/audit_sources.hpp"
#include "loader/publish/lasting.hpp"
#include "loader/publish/leases.hpp"
#include "loader/publish/make_request.hpp"
#include "loader/publish/records.hpp"
#include "loader/publish/usage.hpp"

namespace apiguard::publish {
namespace {

// A change of more is published alone: what is told of it in the record has an end.
constexpr std::size_t kMostEntries = 1000;
constexpr std::size_t kNamed = 3;
constexpr std::chrono::nanoseconds kLately = 24h;

// ---- who might be cut

// What stops admitting somebody: allows that go and do not come back for as long, excepts that
// come.
std::vector<Prefix> may_cut(const Difference& part) {
  std::vector<Prefix> prefixes;
  for (const Range& range : part.added) {
    if (range.kind == Kind::kExcept) prefixes.push_back(range.prefix);
  }
  for (const Range& gone : part.removed) {
    const auto stays = [&](const Range& range) {
      return range.prefix == gone.prefix && range.kind == Kind::kAllow && !ends_later(gone, range);
    };
    if (gone.kind == Kind::kAllow && std::none_of(part.added.begin(), part.added.end(), stays))
      prefixes.push_back(gone.prefix);
  }
  return prefixes;
}

bool overlap(const Prefix& a, const Prefix& b) { return covers(a, b) || covers(b, a); }

// Sources that a change may not touch without a look at what it cuts. Read when the first is asked
// about.
class InUse {
 public:
  InUse(const Host& host, const World& world) : host_(host), world_(world) {}

  bool touches(const std::vector<Prefix>& prefixes) {
    if (prefixes.empty() || world_.in_force->policy()->mode != Mode::kEnforce) return false;
    if (!read_) read();
    const auto any = [&](const Prefix& prefix) {
      return std::any_of(in_use_.begin(), in_use_.end(),
                         [&](const Prefix& one) { return overlap(prefix, one); });
    };
    return unknown_ || std::any_of(prefixes.begin(), prefixes.end(), any);
  }

 private:
  using Seen = std::vector<AuditSource>;

  void read() {
    read_ = true;
    const auto connections = list_connections(world_.in_force->policy()->endpoints);
    unknown_ = !connections && connections.error().exit != Exit::kUnsupported;
    if (connections) {
      for (const Connection& one : *connections)
        in_use_.insert(prefix_around(one.peer, max_length(one.peer.family)));
    }
    const Timestamp now = clocks(world_).wall;
    for (const ledger::RangeUsage& used : read_usage(host_, world_).log.ranges) {
      if (used.total().connections > 0 && used.total().last > now - kLately)
        in_use_.insert(used.prefix);
    }
    // What an audit saw and cannot be read is named by nobody: the plan says so.
    for (const AuditSource& one :
         ledger::read_audit_sources(host_, clocks(world_)).value_or(Seen())) {
      if (one.last > now - kLately)
        in_use_.insert(prefix_around(one.source, max_length(one.source.family)));
    }
  }

  const Host& host_;
  const World& world_;
  bool read_ = false;
  bool unknown_ = false;
  std::set<Prefix> in_use_;
};

// ---- one on top of the other

class Judge {
 public:
  // `careful`: every text is compiled as well, which takes long.
  Judge(const Host& host, const World& world, const Sources& base, const Waiting& waiting,
        const std::vector<Member>& members, bool careful)
      : world_(world),
        waiting_(waiting),
        members_(members),
        careful_(careful),
        taken_(believed_time(world.floor)),
        elsewhere_(base),
        in_use_(host, world),
        book_(world.booked()),
        work_(base),
        settled_(base.ranges.text),
        text_(settled_),
        verdicts_(members.size()),
        lasting_(members.size()) {}

  void run() {
    for (std::size_t i = 0; i < members_.size(); ++i) {
      if (const LeaseChange* lease = lease_of(members_[i].change)) {
        verdicts_[i] = granted(*lease);
      } else if (auto found = find_published(world_, members_[i].ticket)) {
        verdicts_[i] = already_done(*found);
      } else {
        judge_next(i);
      }
    }
    settle();
  }

  [[nodiscard]] const std::string& text() const { return settled_; }
  [[nodiscard]] const Book& book() const { return book_; }
  [[nodiscard]] std::vector<Verdict> verdicts() && { return std::move(verdicts_); }
  [[nodiscard]] std::vector<Lasting> lasting() const {
    std::vector<Lasting> all;
    for (std::size_t i = 0; i < members_.size(); ++i) {
      if (verdicts_[i].fate == Fate::kJoins)
        all.insert(all.end(), lasting_[i].begin(), lasting_[i].end());
    }
    return all;
  }

 private:
  static Verdict already_done(const Found& found) {
    Verdict verdict;
    verdict.changed = true;
    verdict.done = found.generation;
    verdict.difference.added = found.change.added;
    verdict.difference.removed = found.change.removed;
    return verdict;
  }

  // Whether it is in force is known once the whole is: weigh().
  Verdict granted(const LeaseChange& lease) {
    Verdict verdict;
    if (auto allowed = check_order(lease.order, world_.in_force->policy()->leases); !allowed) {
      verdict.fate = Fate::kRefused;
      verdict.error = allowed.error();
      return verdict;
    }
    Granted granted =
        grant(book_, world_.in_force->policy()->leases, lease.order, moment_of(world_));
    book_ = std::move(granted.book);
    verdict.leases = std::move(granted.answers);
    verdict.notes = std::move(granted.notes);
    verdict.changed = granted.changed;
    return verdict;
  }

  // What only adds makes no text right that was wrong: many of them are parsed at once. What takes
  // out is judged by itself, on a text that is right.
  void judge_next(std::size_t i) {
    auto after = edit(i, text_);
    if (!after) return;
    if (!careful_ && verdicts_[i].difference.removed.empty()) {
      pending_.push_back(i);
      text_ = std::move(*after);
      return;
    }
    settle();
    const std::vector<std::size_t> alone{i};
    text_ = settled_ = judge(alone, settled_);
  }

  void settle() {
    if (!pending_.empty()) settled_ = check(text_) ? text_ : judge(pending_, settled_);
    pending_.clear();
    text_ = settled_;
  }

  // The text with those that are right. Of many that are wrong together each half is tried.
  std::string judge(std::span<const std::size_t> run, const std::string& before) {
    std::string after = before;
    for (const std::size_t i : run) {
      if (auto edited = edit(i, after)) after = std::move(*edited);
    }
    auto right = check(after);
    if (right) return after;
    if (run.size() == 1) {
      refuse(run.front(), right.error());
      return before;
    }
    const std::string first = judge(run.first(run.size() / 2), before);
    return judge(run.subspan(run.size() / 2), first);
  }

  // None: the member leaves.
  std::optional<std::string> edit(std::size_t i, const std::string& text) {
    Verdict& verdict = verdicts_[i] = Verdict();
    const QueuedChange& change = members_[i].change;
    if (!is_addition(change) && !waiting_.same) return go_alone(verdict);
    if (touches_book(world_, book_, change)) return go_alone(verdict);
    work_.ranges.text = text;
    auto list = edit_list(change, work_.ranges, elsewhere_, taken_.now.wall, taken_);
    if (!list) {
      refuse(i, list.error());
      return std::nullopt;
    }
    auto difference = edited_entries(work_.ranges, list->edited.text);
    if (!difference) return go_alone(verdict);
    verdict.difference = std::move(*difference);
    verdict.changed = list->edited.changed;
    verdict.notes = std::move(list->edited.notes);
    if (is_addition(change))
      verdict.notes.insert(verdict.notes.end(), waiting_.notes.begin(), waiting_.notes.end());
    lasting_[i] = std::move(list->lasting);
    if (is_risky(change, verdict.difference)) return go_alone(verdict);
    return std::move(list->edited.text);
  }

  static std::nullopt_t go_alone(Verdict& verdict) {
    verdict = Verdict();
    verdict.fate = Fate::kAlone;
    return std::nullopt;
  }

  void refuse(std::size_t i, Error error) {
    verdicts_[i] = Verdict();
    verdicts_[i].fate = Fate::kRefused;
    verdicts_[i].error = std::move(error);
  }

  bool is_risky(const QueuedChange& change, const Difference& part) {
    if (part.added.size() + part.removed.size() > kMostEntries) return true;
    if (!change.accepted.contains(risk::kWide) &&
        std::any_of(part.added.begin(), part.added.end(), is_wide))
      return true;
    return !change.accepted.contains(risk::kDropPeers) && in_use_.touches(may_cut(part));
  }

  Result<> check(const std::string& text) {
    work_.ranges.text = text;
    const auto parsed = parse_policy(work_, {.lint = false});
    if (!parsed) return fail(parsed.error());
    if (!careful_) return {};
    const auto image = compile(parsed->policy, 1, taken_.now);
    return image ? Result<>() : fail(image.error());
  }

  const World& world_;
  const Waiting& waiting_;
  const std::vector<Member>& members_;
  bool careful_;
  Taken taken_;
  Elsewhere elsewhere_;
  InUse in_use_;
  // with the leases of those before
  Book book_;
  // the base, with the list that is looked at
  Sources work_;
  // the list with all that is judged
  std::string settled_;
  // and with what is pending
  std::string text_;
  // members that joined and are not parsed yet
  std::vector<std::size_t> pending_;
  std::vector<Verdict> verdicts_;
  std::vector<std::vector<Lasting>> lasting_;
};

// ---- the request

// "allow 192.0.2.1; except 192.0.2.7 and 58 more", each once.
std::string name_some(const std::vector<std::string>& texts) {
  std::vector<std::string> named;
  for (const std::string& text : texts) {
    if (std::find(named.begin(), named.end(), text) == named.end()) named.push_back(text);
  }
  const std::size_t more = named.size() > kNamed ? named.size() - kNamed : 0;
  named.resize(named.size() - more);
  std::string all = fmt::format("{}", fmt::join(named, "; "));
  return more == 0 ? all : all + fmt::format(" and {} more", more);
}

// What was looked at for each member goes by who accepts it; anything else all of them must accept.
std::set<std::string> accepted_by(const std::vector<Member>& members,
                                  const std::vector<Verdict>& verdicts) {
  std::optional<std::set<std::string>> all;
  std::set<std::string> any;
  for (std::size_t i = 0; i < members.size(); ++i) {
    if (verdicts[i].fate != Fate::kJoins || !verdicts[i].changed) continue;
    if (lease_of(members[i].change) != nullptr) continue;
    const std::set<std::string>& accepted = members[i].change.accepted;
    for (const char* looked_at : {risk::kWide, risk::kDropPeers}) {
      if (accepted.contains(looked_at)) any.insert(looked_at);
    }
    if (!all) all = accepted;
    std::erase_if(*all, [&](const std::string& name) { return !accepted.contains(name); });
  }
  if (all) any.insert(all->begin(), all->end());
  return any;
}

void describe_members(const std::vector<Member>& members, const std::vector<Verdict>& verdicts,
                      Request& request) {
  std::vector<std::string> by;
  std::vector<std::string> verbs;
  for (std::size_t i = 0; i < members.size(); ++i) {
    const Verdict& verdict = verdicts[i];
    if (verdict.fate != Fate::kJoins || !verdict.changed || verdict.done) continue;
    const QueuedChange& change = members[i].change;
    if (lease_of(change) != nullptr) continue;
    by.push_back(change.by);
    verbs.push_back(change.verb);
    request.changes.push_back({members[i].ticket, change.by, change.verb, verdict.difference.added,
                               verdict.difference.removed});
  }
  // Also where one takes back what another did: each of them is told of a generation.
  request.renumber = !request.changes.empty();
  request.by = name_some(by);
  request.verb = name_some(verbs);
}

// Of the leases what the whole lets be in force. Where no text changes it is the book alone.
void weigh_leases(const World& world, Book book, const std::vector<Member>& members, Group& group) {
  bool any = false;
  std::vector<LeaseAnswer*> answers;
  for (std::size_t i = 0; i < members.size(); ++i) {
    Verdict& verdict = group.verdicts[i];
    if (lease_of(members[i].change) == nullptr) continue;
    const auto own = pointers_to(verdict.leases);
    answers.insert(answers.end(), own.begin(), own.end());
    any = any || verdict.changed;
  }
  if (answers.empty()) return;
  weigh(world, group.request.policy, book, answers);
  if (any) group.request.book = std::move(book);
  const bool only_leases = group.request.changes.empty() && group.request.edits.empty();
  group.request.kind = only_leases ? Request::Kind::kLeases : Request::Kind::kChange;
}

// The first that changes something tells what went with it.
void hand_notes_over(Request& request, std::vector<Verdict>& verdicts) {
  const auto first = std::find_if(verdicts.begin(), verdicts.end(), [](const Verdict& verdict) {
    return verdict.fate == Fate::kJoins && verdict.changed && !verdict.done;
  });
  if (first != verdicts.end())
    first->notes.insert(first->notes.end(), request.notes.begin(), request.notes.end());
  request.notes.clear();
}

Result<> check_compiles(const World& world, const Request& request) {
  const Now now = clocks(world);
  std::vector<Lasting> lasting = world.lasting;
  lasting.insert(lasting.end(), request.lasting.begin(), request.lasting.end());
  std::optional<Policy> limited;
  const auto image = compile(cap_ends(request.policy, lasting, now, limited), 1, now);
  return image ? Result<>() : fail(image.error());
}

Result<Group> judged(const Host& host, const World& world, const Sources& base,
                     const std::vector<Member>& members, bool careful) {
  const Waiting waiting = look_at_waiting(host, world, base);
  Judge judge(host, world, base, waiting, members, careful);
  judge.run();
  Edited edited{judge.text(), {}, judge.text() != base.ranges.text};
  auto request = request_edited(world, base, std::move(edited), Which::kRanges, false);
  if (!request) return fail(request.error());
  request->detached = read_detached(host.run_dir);
  request->lasting = judge.lasting();
  if (auto right = check_compiles(world, *request); !right) return fail(right.error());
  Book book = judge.book();
  Group group{std::move(*request), std::move(judge).verdicts()};
  describe_members(members, group.verdicts, group.request);
  weigh_leases(world, std::move(book), members, group);
  group.request.accepted = accepted_by(members, group.verdicts);
  hand_notes_over(group.request, group.verdicts);
  return group;
}

bool is_cut_by(const std::vector<Prefix>& prefixes, const Prefix& cut) {
  return std::any_of(prefixes.begin(), prefixes.end(),
                     [&](const Prefix& prefix) { return overlap(prefix, cut); });
}

}  // namespace

std::optional<Group> make_group(const Host& host, const World& world,
                                const std::vector<Member>& members) {
  auto base = text_in_force(host, world);
  if (!base) return std::nullopt;
  auto list = read_list(host.config);
  if (!list || list->text != base->ranges.text) return std::nullopt;
  base->ranges = std::move(*list);
  auto group = judged(host, world, *base, members, false);
  // Ends that are nested too deeply show only when all of it is compiled.
  if (!group) group = judged(host, world, *base, members, true);
  return group ? std::optional(std::move(*group)) : std::nullopt;
}

std::optional<Found> find_published(const World& world, const std::string& ticket) {
  for (const StoredRecord& kept : world.records) {
    if (!kept.meta || !was_in_force(world, kept) || kept.meta->undone) continue;
    for (const GenerationMeta::Change& change : kept.meta->changes) {
      if (change.ticket == ticket) return Found{kept.generation, change};
    }
  }
  return std::nullopt;
}

std::vector<CutPeer> cut_by(const std::vector<CutPeer>& cut, const Difference& part) {
  const std::vector<Prefix> prefixes = may_cut(part);
  std::vector<CutPeer> found;
  std::copy_if(cut.begin(), cut.end(), std::back_inserter(found), [&](const CutPeer& one) {
    return is_cut_by(prefixes, prefix_around(one.peer, max_length(one.peer.family)));
  });
  return found;
}

std::vector<CutRange> cut_by(const std::vector<CutRange>& cut, const Difference& part) {
  const std::vector<Prefix> prefixes = may_cut(part);
  std::vector<CutRange> found;
  std::copy_if(cut.begin(), cut.end(), std::back_inserter(found),
               [&](const CutRange& one) { return is_cut_by(prefixes, one.range.prefix); });
  return found;
}

}  // namespace apiguard::publish
