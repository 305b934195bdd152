// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/publish/make_plan.hpp"

#include <algorithm>
#include <iterator>
#include <set>

#include <fmt/format.h>

#include "loader/base/fence.hpp"
#include "loader/host/clock.hpp"
#include "loader/host/ports.hpp"
#include "loader/policy/edit.hpp"
#include "loader/policy/lapse.hpp"
#include "loader/policy/text.hpp"
#include "loader/publish/booking.hpp"
#include "loader/publish/cut_peers.hpp"
#include "loader/publish/find_risks.hpp"
#include "loader/publish/remembered.hpp"
#include "loader/publish/targets.hpp"

namespace apiguard::publish {
namespace {

constexpr std::uint64_t kLastGeneration =
    (std::uint64_t{1} << 63) - 1;  // fits whatever reads our JSON

// A way out is never refused, and a boot brings back what a person confirmed.
void find_undone_files(const Host& host, const World& world, const Request& request, Plan& plan) {
  if (request.is_unattended() || (request.is_way_out() && !request.brings_back_undone)) return;
  const auto undone = read_undone(host.state_dir);
  if (!undone) {
    plan.warnings.push_back(undone.error().message);
    return;
  }
  const bool known = world.in_force && world.in_force->stored;
  plan.undone =
      find_undone(*undone, request.sources, known ? world.in_force->stored->sources : Sources());
  if (request.confirm_within && !plan.undone.empty())
    plan.warnings.push_back(describe_undone(plan.undone));
}

// Lists of the text in force that the new text has otherwise, or not at all.
std::set<std::string> changed_lists(const Sources& before, const Sources& after) {
  std::set<std::string> names{before.ranges.name};
  for (const SourceFile& file : before.drop_ins) names.insert(file.name);
  const auto same = [&](const SourceFile& file) {
    const auto holds = [&](const SourceFile& other) { return other == file; };
    return holds(before.ranges) ||
           std::any_of(before.drop_ins.begin(), before.drop_ins.end(), holds);
  };
  if (same(after.ranges)) names.erase(after.ranges.name);
  for (const SourceFile& file : after.drop_ins) {
    if (same(file)) names.erase(file.name);
  }
  return names;
}

// What lists are compared with: the text in force, or, where a person took everything off, what was
// in force and a boot would bring back. Null: there is none.
class Before {
 public:
  Before(const Host& host, const World& world, const Request& request) {
    if (world.in_force) {
      if (!world.in_force->stored) return;
      sources_ = &world.in_force->stored->sources;
      policy_ = world.in_force->policy();
      return;
    }
    if (request.detached.empty() || request.is_unattended() || world.marked.value_or(0) == 0)
      return;
    auto stored = host.state.read(*world.marked);
    if (!stored) return;
    stored_ = std::move(*stored);
    auto parsed = parse_policy(stored_->sources, {.lint = false});
    if (!parsed) return;
    own_ = std::move(parsed->policy);
    sources_ = &stored_->sources;
    policy_ = &*own_;
  }
  Before(const Before&) = delete;
  Before& operator=(const Before&) = delete;

  [[nodiscard]] const Sources* sources() const { return sources_; }
  [[nodiscard]] const Policy* policy() const { return policy_; }

 private:
  std::optional<StoredGeneration> stored_;
  std::optional<Policy> own_;
  const Sources* sources_ = nullptr;
  const Policy* policy_ = nullptr;
};

void find_shrunk_lists(const World& world, const Before& before, const Request& request,
                       Plan& plan) {
  if (!request.asks_shrink || before.policy() == nullptr) return;
  plan.shrunk = find_shrunk(*before.policy(), request.policy,
                            changed_lists(*before.sources(), request.sources), clocks(world).wall);
}

// Replies to the host's own connections come to its ephemeral ports: protecting one cuts them at
// random.
Result<> check_ports(const World& world, const Request& request,
                     std::vector<std::string>& warnings) {
  const LocalPorts ports = read_local_ports();
  std::vector<std::uint16_t> before;
  if (world.in_force && world.in_force->config) {
    before = ephemeral_conflicts(world.in_force->config->endpoints, ports);
  }
  for (const std::uint16_t port : ephemeral_conflicts(request.policy.endpoints, ports)) {
    const std::string text = describe_conflict(port, ports);
    const bool known = std::find(before.begin(), before.end(), port) != before.end();
    if (!known && !request.is_unattended() && !request.is_way_out())
      return fail(Exit::kBadFile, text);
    warnings.push_back(text);
  }
  return {};
}

bool has_ends(const Policy& policy) {
  return std::any_of(policy.ranges.begin(), policy.ranges.end(),
                     [](const Range& range) { return range.until.has_value(); });
}

// What holds the time matters to ends only; a person who changes something is to know all the same.
void check_floor(const World& world, const Request& request, std::vector<std::string>& warnings) {
  const std::string held = describe(believed_time(world.floor));
  if (held.empty() || (request.is_unattended() && !has_ends(request.policy))) return;
  warnings.push_back(held);
}

// Deadlines are the kernel's. A way out has none, and a boot does what it can.
Result<> check_boot_clock(const Request& request, std::vector<std::string>& warnings) {
  const auto known = apiguard::check_boot_clock();
  if (known) return {};
  if (!request.is_unattended() && !request.is_way_out()) return fail(known.error());
  warnings.push_back(known.error().message + ": ranges may expire early or late");
  return {};
}

// By which clock the ends in force were computed is the kernel's word.
bool ends_are_stale(const World& world, const Policy& policy) {
  const auto clock = clock_of(*world.in_force);
  return clock && has_ends(policy) && clock_was_set(*clock, clock_offset(clocks(world)));
}

// Lines that vanish with a person's change lapse. A way out and a boot publish what was.
void find_book(const World& world, const Before& before, const Request& request, Plan& plan) {
  Book next = request.book.value_or(world.booked());
  if (!request.is_unattended() && !request.is_way_out() && request.kind != Request::Kind::kLeases) {
    next.lapsing =
        lapsing_after(next.lapsing, before.policy(), request.policy, moment_of(world), plan.notes);
  }
  // A copy that is damaged is written anew with a change.
  const bool mends =
      !world.book.damage.empty() && !request.is_unattended() && !request.is_way_out();
  if (request.book || mends || next.lapsing != world.booked().lapsing) {
    prune(next, request.policy.leases.longest, moment_of(world));
    plan.book = std::move(next);
  }
  if (request.book && request.confirm_within) {
    plan.notes.emplace_back(
        "leases and lapsing lines that this change removes stay removed, even if it is not "
        "confirmed");
  }
  if (plan.book) plan.book->edition = newest_edition(world) + 1;
}

void find_judged(const World& world, const Request& request, Plan& plan) {
  std::optional<Policy> own;
  const Book& book = plan.book ? *plan.book : world.booked();
  Fitted fitted;
  if (&policy_in_effect(world, request.policy, book, own, &fitted) != &request.policy)
    plan.judged = std::move(own);
  const auto said = describe(fitted);
  plan.warnings.insert(plan.warnings.end(), said.begin(), said.end());
}

bool is_attached(const World& world, const datapath::Target& target) {
  const datapath::LinkState* link = world.live.link_with(target.link_id);
  return link != nullptr && judges_in_force(world, *link);
}

// "Same" is the same text, byte for byte, and the same program. A republish compares numbers as
// well.
bool same_in_force(const World& world, const Request& request) {
  if (!world.in_force || !world.in_force->stored) return false;
  if (world.in_force->settings.build != datapath::program_build()) return false;
  return world.in_force->stored->sources == request.sources;
}

// The book that the list in force was loaded with is the one that there is to be, and its ends are
// by the clock as it is.
bool same_book(const World& world, const Request& request, const Plan& plan) {
  return !plan.book && !world.is_outdated() && !ends_are_stale(world, plan.judged_by(request));
}

// Every number that something bears.
std::set<std::uint64_t> taken_numbers(const World& world) {
  std::set<std::uint64_t> taken(world.stored.begin(), world.stored.end());
  taken.insert(world.live.generation.value_or(0));
  taken.insert(world.marked.value_or(0));
  for (const auto& pinned : world.live.generations) taken.insert(pinned.which.generation);
  return taken;
}

// No one counts so far: such a number was written by hand or by a damaged disk. A change stops at
// it. What has to go on takes the number behind the last that is below it, or the lowest that is
// free.
Result<std::uint64_t> next_number(const World& world, const Request& request) {
  const std::set<std::uint64_t> taken = taken_numbers(world);
  const std::uint64_t newest = taken.empty() ? 0 : *taken.rbegin();
  // The verb that was overtaken has thought of the next one.
  const std::uint64_t step = fence::overtook() ? 2 : 1;
  if (newest < kLastGeneration - step) return newest + step;
  if (!request.goes_on()) {
    return fail(
        Exit::kFailed,
        fmt::format(
            "generation '{}': count on: the last number is {}; 'apiguard mode off' and 'apiguard "
            "rollback' still work; then remove it from the state directory, and 'apiguard apply'",
            newest, kLastGeneration));
  }
  const auto beyond = taken.lower_bound(kLastGeneration);
  std::uint64_t number = beyond == taken.begin() ? 1 : *std::prev(beyond) + 1;
  if (number >= kLastGeneration) number = 1;
  while (taken.contains(number)) ++number;
  return number;
}

Difference against_in_force(const World& world, const Policy& policy) {
  const Policy* before = world.in_force ? world.in_force->policy() : nullptr;
  if (before != nullptr) return difference(*before, policy);
  Policy nothing = policy;
  nothing.ranges.clear();
  return difference(nothing, policy);
}

bool is_target(const Targets& targets, const datapath::LinkState& link) {
  return std::any_of(targets.targets.begin(), targets.targets.end(),
                     [&](const auto& target) { return target.link_id == link.link_id; });
}

// Interfaces that carry a link of ours and bear a name that nothing in the configuration means any
// more. It was another name when they were attached: nobody asked for them to be let go.
void add_renamed(const World& world, const Request& request, Targets& targets) {
  const bool known = world.in_force && world.in_force->config;
  const bool same = known && world.in_force->config->interfaces == request.policy.interfaces;
  if (!same && !request.goes_on()) return;
  for (const Interface& interface : world.interfaces) {
    const datapath::LinkState* link = link_on(world, interface);
    if (link == nullptr || is_target(targets, *link)) continue;
    if (is_wanted(request.policy.interfaces, names_of(interface))) continue;
    if (known && is_wanted(world.in_force->config->interfaces, names_of(interface))) continue;
    targets.targets.push_back(datapath::target_of(*link));
    targets.targets.back().name = interface.name;
    targets.warnings.push_back(
        fmt::format("interface '{}': 'interfaces' does not name it, and it stays guarded: it had "
                    "another name; 'apiguard detach {}' takes the filter off",
                    interface.name, interface.name));
  }
}

// A way out changes what is attached, also where nothing that is configured is there.
Result<Targets> find_targets(const World& world, const Request& request) {
  auto targets = targets_of(request.policy, world,
                            request.goes_on() ? NoEthernet::kLeaveOut : NoEthernet::kRefuse);
  if (!targets && !(request.is_way_out() && request.goes_on())) return targets;
  Targets found = targets ? std::move(*targets) : Targets{};
  add_renamed(world, request, found);
  if (!targets && found.targets.empty()) return targets;
  return found;
}

// What a person took off, and has no link since, stays so.
void leave_detached(const World& world, const Request& request, Plan& plan) {
  const auto mark_of = [&](const datapath::Target& target) {
    return target.link_id == 0 ? publish::mark_of(request.detached, target) : nullptr;
  };
  for (const datapath::Target& target : plan.targets) {
    const DetachMark* mark = mark_of(target);
    if (mark == nullptr) continue;
    const std::string who = describe(*mark);
    if (request.attaches) {
      plan.attached_again.push_back(fmt::format("{}: detached{}", describe(target), who));
    } else {
      plan.notes.push_back(fmt::format("{}: not attached: detached{}", describe(target),
                                       who.empty() ? " by hand" : who));
    }
  }
  if (request.attaches || plan.targets.empty()) return;
  std::erase_if(plan.targets, [&](const auto& target) { return mark_of(target) != nullptr; });
  // A way out is for what is not there as well: it may come back, and is guarded then.
  plan.all_detached = plan.targets.empty() && !(request.is_way_out() && world.in_force);
}

// Boot guards what it can: a hook that is taken is reported when it is tried, not before.
Result<> check_hooks(const Request& request, const Plan& plan) {
  if (request.goes_on()) return {};
  return datapath::check_targets(plan.targets, request.policy.xdp_mode);
}

void find_missing_links(const World& world, Plan& plan) {
  const bool all = std::all_of(plan.targets.begin(), plan.targets.end(),
                               [&](const auto& target) { return is_attached(world, target); });
  plan.unchanged = all && leftover_links(world, plan.targets).empty();
  plan.attach_only = !plan.unchanged;
}

// A program cannot change its maps: where some have to be made anew it is published once more. Not
// where a change would have to be confirmed for that. Who was overtaken may be about to replace the
// program in force, and names it: a new one stands in its way, of the same text.
void find_sameness(const World& world, const Request& request, const ledger::KeptMaps& ledger,
                   Plan& plan) {
  if (request.is_edition()) {
    plan.as_edition = !same_book(world, request, plan);
    if (!plan.as_edition) find_missing_links(world, plan);
    return;
  }
  if (request.renumber || fence::overtook() || !same_in_force(world, request)) return;
  if (!ledger.whole() && !request.confirm_within && !world.live.by_id) return;
  // A person's change ends the damage: it is written anew, although packets are judged alike.
  if (world.damage && !request.is_unattended()) return;
  if (!same_book(world, request, plan)) {
    plan.as_edition = !request.confirm_within;
    return;
  }
  find_missing_links(world, plan);
  // What is to be confirmed needs a generation of its own to be undone.
  if (request.confirm_within) plan.attach_only = false;
}

// An edition is published with a book of its own number, so that of two the later one is known.
void number_edition(const World& world, Plan& plan) {
  const bool taken = world.in_force && world.in_force->edition >= world.booked().edition;
  if (plan.as_edition && !plan.book && taken) {
    plan.book = world.booked();
    plan.book->edition = newest_edition(world) + 1;
  }
  plan.edition = plan.book ? plan.book->edition : world.booked().edition;
}

Result<> number_it(const World& world, const Request& request, Plan& plan) {
  if (plan.unchanged || plan.attach_only) {
    plan.generation = world.in_force->generation;
    plan.edition = world.in_force->edition;
    return {};
  }
  number_edition(world, plan);
  if (plan.as_edition) {
    plan.generation = world.in_force->generation;
    return {};
  }
  if (request.restores) {
    plan.generation = *request.restores;
    return {};
  }
  // It would confirm what waits.
  if (world.window && world.window->open() && !request.is_way_out()) {
    return fail(Exit::kFailed,
                fmt::format("generation {}: not confirmed yet", world.window->generation));
  }
  const auto number = next_number(world, request);
  if (!number) return fail(number.error());
  plan.generation = *number;
  return {};
}

// Whether everybody who is listed stays so.
bool only_adds(const Plan& plan) {
  const auto is_allow = [](const Range& range) { return range.kind != Kind::kExcept; };
  const auto& added = plan.difference.added;
  return plan.shown().removed.empty() && std::all_of(added.begin(), added.end(), is_allow);
}

// A way out goes on whatever happens, and so does a kernel that never says who is connected.
Result<> find_peers(const Host& host, const World& world, const Request& request, Plan& plan) {
  if (request.is_unattended() || request.kind == Request::Kind::kLeases || plan.unchanged)
    return {};
  auto cut = find_cut_peers(host, world, {plan.judged_by(request), plan.targets, only_adds(plan)});
  if (cut) {
    plan.cut = std::move(cut->peers);
    plan.warnings.insert(plan.warnings.end(), cut->warnings.begin(), cut->warnings.end());
    return {};
  }
  if (!request.is_way_out() && cut.error().exit != Exit::kUnsupported) return fail(cut.error());
  plan.warnings.push_back(cut.error().message +
                          ": the connected clients that this change cuts are not known");
  return {};
}

// What the edited list was before; none: it does not parse, or nothing edits it.
std::optional<Policy> policy_before(const Request& request) {
  Sources before = request.sources;
  for (const FileEdit& edit : request.edits) {
    if (edit.name == before.ranges.name) before.ranges.text = edit.before;
  }
  auto parsed = parse_policy(before, {.lint = false});
  return parsed ? std::optional(std::move(parsed->policy)) : std::nullopt;
}

// Nothing judges packets: what there is to change is the text, and what differs is in its lines.
// What is risky about the list itself is asked about all the same.
void plan_text(const World& world, const Request& request, Plan& plan) {
  plan.difference = {};
  plan.book = request.book;
  plan.unchanged = request.edits.empty() && !request.book;
  for (const FileEdit& edit : request.edits) {
    if (!edit.after || edit.name != request.sources.ranges.name) continue;
    auto lines = edited_entries({edit.name, edit.path, edit.before, edit.existed}, *edit.after);
    if (lines) plan.difference = std::move(*lines);
  }
  const auto before = request.asks_shrink ? policy_before(request) : std::nullopt;
  if (before) {
    plan.shrunk =
        find_shrunk(*before, request.policy, {request.sources.ranges.name}, clocks(world).wall);
  }
  plan.risks = find_risks(world, request, plan);
}

}  // namespace

Result<Plan> make_plan(const Host& host, const World& world, const Request& request) {
  Plan plan;
  plan.warnings = request.warnings;
  plan.difference = against_in_force(world, request.policy);
  plan.taken_out = request.taken_out;
  if (auto ports = check_ports(world, request, plan.warnings); !ports) return fail(ports.error());
  check_floor(world, request, plan.warnings);
  plan.warnings.insert(plan.warnings.end(), world.book.damage.begin(), world.book.damage.end());
  if (auto clock = check_boot_clock(request, plan.warnings); !clock) return fail(clock.error());
  auto targets = find_targets(world, request);
  if (!targets) return fail(targets.error());
  plan.targets = std::move(targets->targets);
  plan.warnings.insert(plan.warnings.end(), targets->warnings.begin(), targets->warnings.end());
  leave_detached(world, request, plan);
  if (plan.all_detached) {
    plan_text(world, request, plan);
    return plan;
  }
  if (auto hooks = check_hooks(request, plan); !hooks) return fail(hooks.error());
  const ledger::KeptMaps ledger = look_at_ledger(host, world, request);
  const Before before(host, world, request);
  find_book(world, before, request, plan);
  find_judged(world, request, plan);
  find_sameness(world, request, ledger, plan);
  if (auto numbered = number_it(world, request, plan); !numbered) return fail(numbered.error());
  if (auto peers = find_peers(host, world, request, plan); !peers) return fail(peers.error());
  find_shrunk_lists(world, before, request, plan);
  if (!request.is_unattended()) plan.resets = find_resets(world, request.policy, plan.targets);
  plan.warnings.insert(plan.warnings.end(), plan.resets.warnings.begin(),
                       plan.resets.warnings.end());
  find_undone_files(host, world, request, plan);
  find_remembered(host, world, request, ledger, plan);
  plan.warnings.insert(plan.warnings.end(), plan.ledger.begin(), plan.ledger.end());
  plan.risks = find_risks(world, request, plan);
  return plan;
}

}  // namespace apiguard::publish
