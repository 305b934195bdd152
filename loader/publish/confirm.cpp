// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/publish/confirm.hpp"

#include <optional>

#include <fmt/format.h>

#include "loader/base/fence.hpp"
#include "loader/datapath/confirmation.hpp"
#include "loader/datapath/release.hpp"
#include "loader/host/clock.hpp"
#include "loader/host/detached.hpp"
#include "loader/host/undone.hpp"
#include "loader/publish/bring_links.hpp"
#include "loader/publish/operator_files.hpp"
#include "loader/publish/text_change.hpp"

namespace apiguard::publish {
namespace {

using Messages = std::vector<std::string>;

std::string called(std::uint64_t generation) { return fmt::format("generation {}", generation); }

// --- links

// The program before it on these links, by what the kernel says afterwards.
Result<> run_again(const datapath::Pins& pins, const World& world,
                   const std::vector<datapath::Target>& targets) {
  if (targets.empty()) return {};
  const auto filters = pins.open_filters(world.window->fallback());
  if (!filters) return fail(filters.error());
  return bring_links(pins, world.live, *filters, targets, called(world.window->before));
}

// A link of the unconfirmed generation goes back to the program before it, or goes, if that one was
// not on its interface.
Result<> put_links_back(const Host& host, const World& world) {
  const datapath::Pins& pins = host.pins;
  const PendingConfirmation& window = *world.window;
  std::vector<datapath::Target> back;
  std::vector<const datapath::LinkState*> gone;
  for (const datapath::LinkState& link : world.live.links) {
    if (link.generation != window.generation) continue;
    const auto joined = datapath::has_joined(pins, window.which(), link.point);
    if (!joined) return fail(joined.error());
    if (*joined || link.point.gone() || window.before == 0) {
      gone.push_back(&link);
    } else {
      back.push_back(datapath::target_of(link));
    }
  }
  if (auto done = run_again(pins, world, back); !done) return done;
  for (const datapath::LinkState* link : gone) {
    if (auto detached = datapath::detach_link(*link); !detached) return detached;
  }
  return {};
}

// --- files

// What cannot be written now may be later, and until then the file says what nobody confirmed: the
// next apply would publish that. What it said before being lost is for good.
Result<> put_back(const StateDir& state, const GenerationMeta& meta, std::size_t index,
                  const std::string& path, Messages& messages) {
  const auto before = state.read_before(meta, index);
  if (!before) {
    messages.push_back(fmt::format("{}: file '{}' stays as it is", before.error().message, path));
    return {};
  }
  if (auto written = bring_file(path, *before); !written) {
    return fail_in(fmt::format("file '{}': still holds the text of {}, which is undone, and cannot "
                               "be restored yet; edit it, or try again once it can be written",
                               path, called(meta.generation)),
                   written.error());
  }
  messages.push_back(fmt::format("file '{}': as it was before {}", path, called(meta.generation)));
  return {};
}

// Only what is, byte for byte, what the change wrote.
Result<> restore_file(const Host& host, const StateDir& state, const GenerationMeta& meta,
                      std::size_t index, Messages& messages) {
  if (meta.edits[index].name.ends_with(kAside))
    return {};  // it may be all that is left of somebody's edits
  const auto file = EditedFile::look(host, meta, index);
  if (!file) {
    messages.push_back(file.error().message);
    return {};
  }
  if (file->is_as_before()) return {};
  if (!file->is_as_written()) {
    messages.push_back(
        fmt::format("file '{}': was edited while generation {} was pending: left as it is: "
                    "'apiguard diff' shows what is not in force",
                    file->path(), meta.generation));
    return {};
  }
  return put_back(state, meta, index, file->path(), messages);
}

// --- state

// So that no later apply brings its files back unasked: those too that a person or a tool had put
// there and that no undo touches.
Result<> note_undone(const StateDir& state, const Host& host, const GenerationMeta& meta,
                     Messages& messages) {
  const auto stored = state.read(meta.generation);
  if (!stored) {
    messages.push_back(stored.error().message + ": an 'apply' may restore its text");
    return {};
  }
  const auto before = state.read(meta.fallback);
  return add_undone(host.state_dir, meta.generation, stored->sources,
                    before ? before->sources : Sources());
}

// The mark last: until it is moved the next verb does all of this again.
Result<Messages> undo_text(const Host& host, const GenerationMeta& meta) {
  Messages messages;
  const StateDir& state = host.state;
  for (std::size_t i = 0; i < meta.edits.size(); ++i) {
    if (auto restored = restore_file(host, state, meta, i, messages); !restored)
      return fail(restored.error());
  }
  if (auto noted = note_undone(state, host, meta, messages); !noted) return fail(noted.error());
  GenerationMeta undone = meta;
  undone.undone = true;
  undone.entered = true;
  if (auto written = state.rewrite(undone); !written) return fail(written.error());
  if (auto marked = state.mark_in_force(meta.fallback); !marked) return fail(marked.error());
  return messages;
}

// Whether a file holds what the change wrote, and not what it found.
bool holds_what_it_wrote(const Host& host, const GenerationMeta& meta, std::size_t index) {
  const auto file = EditedFile::look(host, meta, index);
  return file && file->is_as_written() && !file->is_as_before();
}

std::string undone_text(const Host& host, const GenerationMeta& meta, std::uint64_t before) {
  std::string now = called(before) + " is in force again";
  if (before == 0) now = "nothing is in force, as before it";
  // What a person took off stays off, by whatever name it comes back later.
  if (!read_detached(host.run_dir).empty()) now = "what was detached stays detached";
  return fmt::format("{} was not confirmed and is undone: {}", called(meta.generation), now);
}

}  // namespace

Result<> take_text_back(const Host& host, const GenerationMeta& meta,
                        std::vector<std::string>& messages) {
  const StateDir& state = host.state;
  bool any = false;
  for (std::size_t i = 0; i < meta.edits.size(); ++i) {
    const std::string& name = meta.edits[i].name;
    if (name.ends_with(kAside) || !holds_what_it_wrote(host, meta, i)) continue;
    if (auto put = put_back(state, meta, i, path_of(host, name), messages); !put) return put;
    any = true;
  }
  if (!any || meta.confirmed) return {};
  return note_undone(state, host, meta, messages);
}

Result<> mark_undone(const Host& host, std::uint64_t generation) {
  const StateDir& state = host.state;
  auto meta = state.read_meta(generation);
  if (!meta) return fail(meta.error());
  Messages messages;
  if (auto noted = note_undone(state, host, *meta, messages); !noted) return noted;
  meta->undone = true;
  return state.rewrite(*meta);
}

// Links and pins first: whatever becomes of the text, who judges is not in doubt, and the rest is
// as after a boot.
Result<Messages> undo(const Host& host, const World& world) {
  const PendingConfirmation& window = *world.window;
  if (auto links = put_links_back(host, world); !links) return fail(links.error());
  const datapath::Pins& pins = host.pins;
  if (auto dropped = datapath::drop_generation(pins, window.which()); !dropped)
    return fail(dropped.error());
  const auto meta = host.state.read_meta(window.generation);
  if (!meta) return Messages{meta.error().message};
  auto messages = undo_text(host, *meta);
  if (!messages) return messages;
  messages->insert(messages->begin(), undone_text(host, *meta, window.before));
  return messages;
}

Result<Messages> undo_in_state(const Host& host, const GenerationMeta& meta) {
  auto messages = undo_text(host, meta);
  if (!messages) return messages;
  messages->insert(messages->begin(), undone_text(host, meta, meta.fallback));
  return messages;
}

namespace {

// One store, and a look at the clock behind it: a deadline that passed meanwhile holds.
Result<> stop_the_clock(const datapath::Pins& pins, const PendingConfirmation& window) {
  if (!window.deadline) return {};  // done by one that died
  if (auto ours = fence::check(); !ours) return ours;
  if (auto stored = datapath::write_deadline(pins, window.which(), std::nullopt); !stored)
    return stored;
  const auto deadline = datapath::read_deadline(pins, window.which());
  if (!deadline) return fail(deadline.error());
  if (*deadline)
    return fail(Exit::kFailed, called(window.generation) + ": confirm: its deadline is still set");
  auto ours = fence::check();
  if (ours && read_clocks().boot < *window.deadline) return {};
  (void)datapath::write_deadline(pins, window.which(), window.deadline);
  if (!ours) return ours;
  return fail(Exit::kRolledBack,
              called(window.generation) + ": its time ran out: the next verb undoes it");
}

// A publish of another edition that died on its way left links to the one before it.
void stop_the_clocks_of_others(const datapath::Pins& pins, const World& world) {
  for (const datapath::PinnedGeneration& pinned : world.live.generations) {
    if (pinned.which.generation == world.window->generation)
      (void)datapath::write_deadline(pins, pinned.which, std::nullopt);
  }
}

// Written and read again.
Result<> remember_confirmed(const Host& host, std::uint64_t generation) {
  const StateDir& state = host.state;
  auto meta = state.read_meta(generation);
  if (!meta) return fail(meta.error());
  meta->confirmed = true;
  if (auto written = state.rewrite(*meta); !written) return written;
  meta = state.read_meta(generation);
  if (!meta) return fail(meta.error());
  if (meta->confirmed) return {};
  return fail(Exit::kFailed, called(generation) + ": read back: its record does not say so");
}

void add(Messages& messages, const Result<>& result) {
  if (!result) messages.push_back(result.error().message);
}

}  // namespace

Result<Messages> confirm(const Host& host, const World& world) {
  const PendingConfirmation& window = *world.window;
  const datapath::Pins& pins = host.pins;
  if (auto stopped = stop_the_clock(pins, window); !stopped) return fail(stopped.error());
  stop_the_clocks_of_others(pins, world);
  Messages messages;
  for (const datapath::LinkState& link : world.live.links) {
    if (link.generation != window.generation) add(messages, datapath::detach_link(link));
  }
  for (const auto& pinned : world.live.generations) {
    if (pinned.which != window.which())
      add(messages, datapath::drop_generation(pins, pinned.which));
  }
  if (auto kept = remember_confirmed(host, window.generation); !kept) {
    return fail_in(
        called(window.generation) + ": is in force and kept, but a boot would not restore it",
        kept.error());
  }
  const StateDir& state = host.state;
  if (const auto stored = state.read(window.generation))
    add(messages, forget_undone(host.state_dir, stored->sources));
  add(messages, state.prune());
  return messages;
}

}  // namespace apiguard::publish
