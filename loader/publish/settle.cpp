// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/publish/settle.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "loader/base/fence.hpp"
#include "loader/datapath/aside.hpp"
#include "loader/datapath/release.hpp"
#include "loader/host/detached.hpp"
#include "loader/host/files.hpp"
#include "loader/host/queue.hpp"
#include "loader/publish/bring_links.hpp"
#include "loader/publish/confirm.hpp"
#include "loader/publish/look.hpp"
#include "loader/publish/operator_files.hpp"
#include "loader/publish/records.hpp"
#include "loader/publish/targets.hpp"

namespace apiguard::publish {
namespace {

bool runs_anywhere(const World& world, std::uint64_t generation) {
  return std::any_of(
      world.live.links.begin(), world.live.links.end(),
      [&](const datapath::LinkState& link) { return link.generation == generation; });
}

bool runs_anywhere(const World& world, const datapath::Edition& which) {
  return std::any_of(world.live.links.begin(), world.live.links.end(),
                     [&](const datapath::LinkState& link) { return link.runs() == which; });
}

bool is_fallback(const World& world, std::uint64_t generation) {
  return world.window && world.window->before == generation;
}

bool is_fallback(const World& world, const datapath::Edition& which) {
  return world.window && world.window->fallback() == which;
}

// Pins of generations that no link runs: of a publish that died before its first link, or while it
// dropped the one before.
Result<> remove_stale_pins(const Host& host, const World& world, Settled& settled) {
  const datapath::Pins& pins = host.pins;
  for (const datapath::PinnedGeneration& pinned : world.live.generations) {
    if (runs_anywhere(world, pinned.which) || is_fallback(world, pinned.which)) continue;
    if (auto removed = datapath::drop_generation(pins, pinned.which); !removed) return removed;
    settled.changed = true;
  }
  return {};
}

// Only what its own record says never was in force: a record that is lost, or of an older version,
// says nothing. A link without a number may run any of them.
bool was_never_in_force(const World& world, const StoredRecord& kept) {
  if (!kept.meta || kept.meta->undone || kept.meta->entered != std::optional(false)) return false;
  if (kept.generation == world.live.generation || kept.generation == world.marked) return false;
  return !runs_anywhere(world, kept.generation) && !runs_anywhere(world, std::uint64_t{0}) &&
         !is_fallback(world, kept.generation);
}

// State written and maps pinned by a publish that died before its first link.
Result<> remove_unpublished(const Host& host, const World& world, Settled& settled) {
  const StateDir& state = host.state;
  for (const StoredRecord& kept : world.records) {
    if (!was_never_in_force(world, kept)) continue;
    if (auto back = take_text_back(host, *kept.meta, settled.messages); !back) return back;
    if (auto removed = state.remove(kept.generation); !removed) return removed;
    settled.messages.push_back(
        fmt::format("generation {}: was never in force: removed", kept.generation));
    settled.changed = true;
  }
  // What a dying write left under a temporary name.
  if (!world.state_error) (void)state.prune(world.live.generation);
  if (world.live.by_id) return {};  // the pins cannot be touched, and are not the whole truth
  return remove_stale_pins(host, world, settled);
}

// An interface that leaves the set with an unconfirmed change leaves when that is confirmed.
bool stays_behind(const World& world, const datapath::LinkState& link) {
  if (!is_fallback(world, link.runs()) || !world.in_force || !world.in_force->config) return false;
  const auto targets = targets_of(*world.in_force->config, world, NoEthernet::kLeaveOut);
  return targets && std::none_of(targets->targets.begin(), targets->targets.end(),
                                 [&](const auto& target) { return target.point == link.point; });
}

bool links_differ(const World& world) {
  if (world.live.by_id) return false;  // no pinned filter to bring them to
  return std::any_of(world.live.links.begin(), world.live.links.end(),
                     [&](const datapath::LinkState& link) {
                       return !link.point.gone() && link.generation != 0 &&
                              link.runs() != *world.live.newest() && !stays_behind(world, link);
                     });
}

// The links a dying publish did not reach.
Result<> finish_links(const Host& host, const World& world, Settled& settled) {
  if (!links_differ(world)) return {};
  const datapath::Pins& pins = host.pins;
  const auto filters = pins.open_filters(*world.live.newest());
  if (!filters) return fail(filters.error());
  std::vector<datapath::Target> targets;
  for (const datapath::LinkState& link : world.live.links) {
    if (!link.point.gone() && !stays_behind(world, link))
      targets.push_back(datapath::target_of(link));
  }
  settled.changed = true;
  return bring_links(pins, world.live, *filters, targets,
                     fmt::format("generation {}", *world.live.generation));
}

// Replaces a file only if it still is what the change started from: an edit made by hand since then
// is not ours to undo. Fails where the file is still to be brought.
Result<> finish_text(const Host& host, const GenerationMeta& meta, std::size_t index,
                     Settled& settled) {
  const auto file = EditedFile::look(host, meta, index);
  if (!file) {
    settled.messages.push_back(file.error().message);
    return {};
  }
  if (file->is_as_written()) return {};
  const std::string& path = file->path();
  if (file->now() && !file->is_as_before()) {
    settled.messages.push_back(fmt::format(
        "file '{}': was edited since generation {}: left as it is", path, meta.generation));
    return {};
  }
  auto brought =
      file->now() ? bring_file(path, file->written()) : Result<>(fail(file->now().error()));
  if (!brought)
    return fail_in(fmt::format("generation {}: is in force, and its text cannot be written yet",
                               meta.generation),
                   brought.error());
  settled.messages.push_back(
      fmt::format("file '{}': updated to generation {}", path, meta.generation));
  return {};
}

// Only a publish that died after its links leaves a generation newer than the mark behind. An older
// one, or one that stands for it, is what a boot published because the marked one is damaged: that
// goes on being said. A first publish leaves no mark at all.
bool died_before_mark(const World& world) {
  const std::uint64_t number = *world.live.generation;
  const auto& stored = world.in_force->stored;
  if (!stored || stored->meta.stands_for != 0 || !world.in_force->damaged.empty()) return false;
  if (world.mark_error) return world.stored.size() == 1 && world.stored.front() == number;
  return world.marked.value_or(0) < number;
}

// The mark last: until it is moved the next verb does all of this again.
Result<> finish_state(const Host& host, const World& world, Settled& settled) {
  if (!world.in_force || !died_before_mark(world)) return {};
  const std::uint64_t number = *world.live.generation;
  const GenerationMeta& meta = world.in_force->stored->meta;
  for (std::size_t i = 0; i < meta.edits.size(); ++i) {
    if (auto finished = finish_text(host, meta, i, settled); !finished) return finished;
  }
  const StateDir& state = host.state;
  auto marked = state.enter(number);
  if (marked) marked = state.mark_in_force(number);
  if (!marked)
    return fail_in(
        fmt::format("generation {}: is in force, and a boot would not restore it yet", number),
        marked.error());
  settled.messages.push_back(
      fmt::format("generation {}: an interrupted change was finished", number));
  settled.changed = true;
  return {};
}

// A generation that waited in vain while no link ran it: the marked one, or one that was in force
// and whose publish died before the mark.
std::optional<GenerationMeta> undone_by_boot(const World& world) {
  if (world.live.by_id) return std::nullopt;
  const std::uint64_t live = world.live.generation.value_or(0);
  for (auto kept = world.records.rbegin(); kept != world.records.rend(); ++kept) {
    if (kept->generation <= live) break;
    if (!kept->meta || kept->meta->confirmed) continue;
    if (kept->generation == world.marked) return kept->meta;  // also where undoing it died
    const bool entered = kept->meta->entered == std::optional(true);
    if (entered && !kept->meta->undone && kept->generation > world.marked) return kept->meta;
  }
  return std::nullopt;
}

Result<Settled> ended(Result<std::vector<std::string>> done, const Ending& ending) {
  if (!done) return fail(done.error());
  return Settled{true, std::move(*done), {ending}};
}

// A change that waited for its confirmation; none: nothing is to be done about it.
std::optional<Result<Settled>> settle_confirmation(const Host& host, const World& world) {
  if (world.window && world.window->expired)
    return ended(undo(host, world), {world.window->generation, false});
  if (world.window && !world.window->deadline)
    return ended(confirm(host, world), {world.window->generation, true});
  if (const auto meta = undone_by_boot(world))
    return ended(undo_in_state(host, *meta), {meta->generation, false});
  return std::nullopt;
}

}  // namespace

bool has_expired(const World& world) {
  return (world.window && world.window->expired) || undone_by_boot(world);
}

Result<Settled> settle(const Host& host, const World& world) {
  Settled settled;
  if (auto done = settle_confirmation(host, world)) return std::move(*done);
  if (auto removed = remove_unpublished(host, world, settled); !removed)
    return fail(removed.error());
  if (!world.live.generation) return settled;
  if (auto finished = finish_links(host, world, settled); !finished) return fail(finished.error());
  if (auto finished = finish_state(host, world, settled); !finished) return fail(finished.error());
  return settled;
}

namespace {

// The text of the generation in force is needed where a change was interrupted or waits.
bool needs_text(const World& world) {
  return world.window || world.marked != world.live.generation;
}

}  // namespace

// A mark on what has a link of ours: the verb that left it, or the one that was to take it away,
// was killed in the middle. While a change waits for its confirmation the marks stay for its
// undoing.
void forget_void_marks(const Host& host, const World& world) {
  if (world.window && world.window->open()) return;
  std::vector<const Interface*> attached;
  for (const Interface& interface : world.interfaces) {
    if (link_on(world, interface) != nullptr) attached.push_back(&interface);
  }
  if (attached.empty()) return;
  (void)forget_detached(host.run_dir, [&](const DetachMark& mark) {
    return mark.name == kDetachedAll ||
           std::any_of(attached.begin(), attached.end(), [&](const Interface* interface) {
             return mark.is_of(interface->name, interface->ifindex);
           });
  });
}

// What verbs that died, or that this one overtook, have prepared: those that were overtaken go on
// one day and find nothing to rename.
void remove_leftovers(const Host& host) {
  remove_stale_replacements(host.config);
  remove_stale_marks(host.run_dir);
  Queue(host.run_dir).remove_leftovers();
  host.state.remove_leftovers();
  datapath::remove_asides(host.pin_dir);
  if (fence::overtook()) datapath::detach_unpinned(host.pins);
}

// Settling may uncover more to settle: a confirmation first, then links, then what no link runs any
// more.
Result<World> look_and_settle(const Host& host, const Settling& how, Settled& done) {
  constexpr int kRounds = 4;
  if (auto ours = fence::check(); !ours) return fail(ours.error());
  remove_leftovers(host);
  auto world = look(host, how.known);
  if (world && how.known != nullptr && needs_text(*world)) world = look(host);
  for (int round = 0; world && round < kRounds; ++round) {
    const auto settled = settle(host, *world);
    if (!settled && (!how.go_on || !fence::check())) return fail(settled.error());
    if (!settled) {
      world->unsettled = settled.error().message;
      break;
    }
    done.messages.insert(done.messages.end(), settled->messages.begin(), settled->messages.end());
    done.endings.insert(done.endings.end(), settled->endings.begin(), settled->endings.end());
    if (!settled->changed) break;
    world = look(host);
  }
  if (world && fence::check()) forget_void_marks(host, *world);
  return world;
}

}  // namespace apiguard::publish
