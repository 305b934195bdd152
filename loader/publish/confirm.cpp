// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/publish/confirm.hpp"

#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <optional>

#include <fmt/format.h>

#include "loader/datapath/confirmation.hpp"
#include "loader/datapath/release.hpp"
#include "loader/host/clock.hpp"
#include "loader/host/files.hpp"
#include "loader/host/paths.hpp"
#include "loader/policy/sha256.hpp"

namespace apiguard::publish {
namespace {

using Messages = std::vector<std::string>;

std::string called(std::uint64_t generation) { return fmt::format("generation {}", generation); }

// --- links

// A link of the unconfirmed generation goes back to the program before it, or goes, if that one was
// not on its interface.
Result<> put_links_back(const Places& places, const World& world) {
  const datapath::Pins pins(places.pin_dir);
  const Window& window = *world.window;
  std::vector<datapath::Target> back;
  std::vector<const datapath::LinkState*> gone;
  for (const datapath::LinkState& link : world.live.links) {
    if (link.generation != window.generation) continue;
    const auto joined = datapath::has_joined(pins, window.generation, link.ifindex);
    if (!joined) return fail(joined.error());
    if (*joined || link.ifindex == 0 || window.before == 0) {
      gone.push_back(&link);
    } else {
      back.push_back(datapath::target_of(link));
    }
  }
  if (!back.empty()) {
    const auto filter = pins.open_filter(window.before);
    if (!filter) return fail(filter.error());
    if (auto switched = datapath::switch_links(pins, world.live, filter->get(), back, {});
        !switched)
      return fail(switched.error());
  }
  for (const datapath::LinkState* link : gone) {
    if (auto detached = datapath::detach_link(*link); !detached) return detached;
  }
  return {};
}

// --- files

std::string path_of(const Places& places, const std::string& name) {
  if (name == kConfigName) return places.config;
  return (std::filesystem::path(places.config).parent_path() / name).string();
}

Result<std::string> stored_text(const StoredGeneration& stored, const std::string& name) {
  if (name == stored.sources.config.name) return stored.sources.config.text;
  if (name == stored.sources.ranges.name) return stored.sources.ranges.text;
  return fail(Exit::kFailed, "not a file of the policy");
}

Result<> remove_file(const std::string& path) {
  if (unlink(path.c_str()) == 0 || errno == ENOENT) return {};
  return fail_os("file", path, "remove", errno);
}

Result<> write_file(const std::string& path, const std::string& text) {
  auto replacement = Replacement::prepare(path, text);
  return replacement ? replacement->commit() : Result<>(fail(replacement.error()));
}

// What cannot be written now may be later, and until then the file says what nobody confirmed: the
// next apply would publish that. What it said before being lost is for good.
Result<> put_back(const StateDir& state, const GenerationMeta& meta,
                  const GenerationMeta::Edit& edit, const std::string& path, Messages& messages) {
  std::optional<std::string> before;
  if (!edit.before.empty()) {
    auto text = state.read_before(meta.generation, edit);
    if (!text) {
      messages.push_back(text.error().message);
      return {};
    }
    before = std::move(*text);
  }
  if (auto written = before ? write_file(path, *before) : remove_file(path); !written) {
    return fail_in(fmt::format("file '{}': still holds the text of {}, which is undone, and cannot "
                               "be put back yet; edit it, or try again once it can be written",
                               path, called(meta.generation)),
                   written.error());
  }
  messages.push_back(fmt::format("file '{}': as it was before {}", path, called(meta.generation)));
  return {};
}

Result<> restore_file(const Places& places, const StoredGeneration& stored,
                      const GenerationMeta::Edit& edit, Messages& messages) {
  const auto wrote = stored_text(stored, edit.name);
  if (!wrote) return {};  // a copy that was kept aside stays
  const std::string path = path_of(places, edit.name);
  const auto current = read_text(path);
  if (!current && current.error().os_error == ENOENT) return {};
  if (current && sha256_hex(*current) == edit.before) return {};
  if (!current || *current != *wrote) {
    messages.push_back(fmt::format(
        "file '{}': was edited while generation {} waited for its confirmation: left as it is: "
        "'apiguard diff' shows what is not in force",
        path, stored.meta.generation));
    return {};
  }
  return put_back(StateDir(places.state_dir), stored.meta, edit, path, messages);
}

// --- state

// The mark last: until it is moved the next verb does all of this again.
Result<Messages> undo_text(const Places& places, const GenerationMeta& meta) {
  Messages messages;
  StateDir state(places.state_dir);
  if (const auto stored = state.read(meta.generation)) {
    for (const auto& edit : stored->meta.edits) {
      if (auto restored = restore_file(places, *stored, edit, messages); !restored)
        return fail(restored.error());
    }
  } else {
    messages.push_back(stored.error().message + ": the files stay as they are");
  }
  GenerationMeta undone = meta;
  undone.undone = true;
  if (auto written = state.rewrite(undone); !written) return fail(written.error());
  if (auto marked = state.mark_in_force(meta.fallback); !marked) return fail(marked.error());
  return messages;
}

std::string undone_text(const GenerationMeta& meta, std::uint64_t before) {
  return fmt::format(
      "{} was not confirmed and is undone: {}", called(meta.generation),
      before == 0 ? "nothing is in force, as before it" : called(before) + " is in force again");
}

}  // namespace

// Links and pins first: whatever becomes of the text, who judges is not in doubt, and the rest is
// as after a boot.
Result<Messages> undo(const Places& places, const World& world) {
  const Window& window = *world.window;
  if (auto links = put_links_back(places, world); !links) return fail(links.error());
  const datapath::Pins pins(places.pin_dir);
  if (auto dropped = datapath::drop_generation(pins, window.generation); !dropped)
    return fail(dropped.error());
  const auto meta = StateDir(places.state_dir).read_meta(window.generation);
  if (!meta) return Messages{meta.error().message};
  auto messages = undo_text(places, *meta);
  if (!messages) return messages;
  messages->insert(messages->begin(), undone_text(*meta, window.before));
  return messages;
}

Result<Messages> undo_in_state(const Places& places, const GenerationMeta& meta) {
  auto messages = undo_text(places, meta);
  if (!messages) return messages;
  messages->insert(messages->begin(), undone_text(meta, meta.fallback));
  return messages;
}

namespace {

// One store, and a look at the clock behind it: a deadline that passed meanwhile holds.
Result<> stop_the_clock(const datapath::Pins& pins, const Window& window) {
  if (window.deadline == 0) return {};  // done by one that died
  if (auto stored = datapath::write_deadline(pins, window.generation, 0); !stored) return stored;
  if (read_clocks().boot < window.deadline) return {};
  (void)datapath::write_deadline(pins, window.generation, window.deadline);
  return fail(Exit::kRolledBack,
              called(window.generation) + ": its time was over: it is undone by the next verb");
}

void add(Messages& messages, const Result<>& result) {
  if (!result) messages.push_back(result.error().message);
}

}  // namespace

Result<Messages> confirm(const Places& places, const World& world) {
  const Window& window = *world.window;
  const datapath::Pins pins(places.pin_dir);
  if (auto stopped = stop_the_clock(pins, window); !stopped) return fail(stopped.error());
  Messages messages;
  for (const datapath::LinkState& link : world.live.links) {
    if (link.generation != window.generation) add(messages, datapath::detach_link(link));
  }
  for (const auto& pinned : world.live.generations) {
    if (pinned.number != window.generation)
      add(messages, datapath::drop_generation(pins, pinned.number));
  }
  StateDir state(places.state_dir);
  auto meta = state.read_meta(window.generation);
  if (!meta) return fail(meta.error());
  meta->confirmed = true;
  if (auto written = state.rewrite(*meta); !written) {
    return fail_in("confirmed, but not remembered: a reboot brings back the generation before",
                   written.error());
  }
  add(messages, state.prune());
  return messages;
}

}  // namespace apiguard::publish
