// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/publish/boot_text.hpp"

#include <utility>

#include <fmt/format.h>

#include "loader/base/paths.hpp"
#include "loader/host/files.hpp"
#include "loader/host/salvage.hpp"
#include "loader/host/undone.hpp"
#include "loader/policy/edit.hpp"
#include "loader/publish/records.hpp"

namespace apiguard::publish {
namespace {

bool parses(const Sources& sources) { return parse_policy(sources, {.lint = false}).has_value(); }

// The same in another mode, if it says something then.
std::optional<Sources> in_mode(Sources sources, Mode mode) {
  auto config = replace_mode(sources.config, mode);
  if (!config) return std::nullopt;
  sources.config.text = std::move(config->text);
  return parses(sources) ? std::optional(std::move(sources)) : std::nullopt;
}

// Finds what is published in the place of one damaged generation.
class Substitute {
 public:
  Substitute(const Host& host, const World& world, Damage damage)
      : host_(host),
        world_(world),
        damage_(std::move(damage)),
        left_(salvage(host.state_dir, damage_.generation, host.config)) {
    if (vouched()) mode_ = left_.mode;
  }

  Result<BootText> find() {
    if (vouched() && left_.text && parses(*left_.text))
      return text(*left_.text, damage_.generation, "its text is intact and is published");
    if (mode_ == Mode::kOff) {
      if (auto off = publish_off()) return *std::move(off);
    }
    if (mode_ == Mode::kAudit) {
      if (auto audit = publish_audit()) return *std::move(audit);
      if (auto off = publish_off()) return *std::move(off);
    }
    return enforce();
  }

 private:
  // That it was in force, and was meant to stay. Without that it may be a change that died before
  // any packet met it.
  [[nodiscard]] bool vouched() const {
    if (left_.waits) return false;
    if (left_.meta) return left_.meta->confirmed && left_.meta->entered.value_or(true);
    return !world_.mark_error || world_.live.generation == damage_.generation;
  }

  [[nodiscard]] BootText text(Sources sources, std::uint64_t generation,
                              std::string instead) const {
    return {std::move(sources), generation, false, damage_, std::move(instead)};
  }

  // Newest first. `wanted` none: of any mode.
  [[nodiscard]] std::optional<StoredGeneration> older(
      std::uint64_t before, std::optional<Mode> wanted = std::nullopt) const {
    const StateDir& state = host_.state;
    for (std::size_t i = world_.records.size(); i-- > 0;) {
      const StoredRecord& kept = world_.records[i];
      if (kept.generation >= before || !kept.meta || !kept.meta->confirmed || kept.meta->undone ||
          !was_in_force(world_, kept))
        continue;
      if (wanted && kept.meta->mode != *wanted) continue;
      auto stored = state.read(kept.generation);
      if (stored && parses(stored->sources)) return std::move(*stored);
    }
    return std::nullopt;
  }

  [[nodiscard]] std::optional<SourceFile> config() const {
    if (left_.config && vouched()) return left_.config;
    if (auto stored = older(damage_.generation)) return std::move(stored->sources.config);
    auto file = read_source(host_.config, true);
    if (!file) return std::nullopt;
    file->name = std::string(kConfigName);
    return *std::move(file);
  }

  // Without a list: it needs none.
  [[nodiscard]] std::optional<BootText> publish_off() const {
    auto file = config();
    if (!file) return std::nullopt;
    Sources sources{*std::move(file), {std::string(kRangesName), "", "", false}, {}};
    auto off = in_mode(std::move(sources), Mode::kOff);
    if (!off) return std::nullopt;
    return composed(*std::move(off), "it let everything pass: mode off is published");
  }

  [[nodiscard]] std::optional<BootText> publish_audit() const {
    std::uint64_t before = damage_.generation;
    while (auto stored = older(before)) {
      before = stored->meta.generation;
      if (left_.config) stored->sources.config = *left_.config;
      if (auto audit = in_mode(std::move(stored->sources), Mode::kAudit)) {
        return composed(*std::move(audit),
                        fmt::format("it was in mode audit: the list of generation {} is published "
                                    "in mode audit",
                                    before));
      }
    }
    auto files = read_sources(host_.config);
    auto audit = files ? in_mode(*std::move(files), Mode::kAudit) : std::nullopt;
    if (!audit) return std::nullopt;
    return composed(*std::move(audit),
                    "it was in mode audit: the files are published in mode audit");
  }

  // Where its mode is known to be enforce, nothing that passes everything takes its place.
  Result<BootText> enforce() const {
    if (auto stored = older(damage_.generation, Mode::kEnforce)) {
      const std::uint64_t number = stored->meta.generation;
      return text(std::move(stored->sources), number,
                  fmt::format("generation {}, the newest one before it that enforces, is published "
                              "in its place",
                              number));
    }
    const auto files = read_sources(host_.config);
    if (files) {
      if (auto list = no_weaker(*files))
        return composed(*std::move(list), "the files are published in its place");
    }
    std::uint64_t before = damage_.generation;
    while (auto stored = older(before)) {
      before = stored->meta.generation;
      if (auto list = no_weaker(std::move(stored->sources))) {
        return composed(*std::move(list),
                        fmt::format("the list of generation {} is published in its place", before));
      }
    }
    return nothing_left(files ? "they cannot be published" : files.error().message);
  }

  [[nodiscard]] std::optional<Sources> no_weaker(Sources sources) const {
    if (mode_ == Mode::kEnforce) return in_mode(std::move(sources), Mode::kEnforce);
    return parses(sources) ? std::optional(std::move(sources)) : std::nullopt;
  }

  [[nodiscard]] tl::unexpected<Error> nothing_left(const std::string& files) const {
    return fail(Exit::kFailed,
                fmt::format("{}: no other generation can be published, and the files: {}: "
                            "'apiguard validate' shows what is wrong with them, 'apiguard apply' "
                            "publishes them",
                            damage_.why, files));
  }

  // The text of no damaged generation; an earlier boot may have stored it.
  [[nodiscard]] BootText composed(Sources sources, std::string instead) const {
    const StateDir& state = host_.state;
    for (const StoredRecord& kept : world_.records) {
      if (!kept.meta || kept.meta->undone || !was_in_force(world_, kept)) continue;
      const bool same_mode =
          kept.meta->stands_for == damage_.generation || kept.generation < damage_.generation;
      if (!same_mode) continue;
      const auto stored = state.read(kept.generation);
      if (stored && stored->sources == sources)
        return text(std::move(sources), kept.generation, std::move(instead));
    }
    return text(std::move(sources), 0, std::move(instead));
  }

  const Host& host_;
  const World& world_;
  Damage damage_;
  Salvage left_;
  // of the damaged generation, as far as something vouches for it
  std::optional<Mode> mode_;
};

// All that the files say: one that somebody edited since makes another text of them.
bool was_undone(const Host& host, const Sources& files) {
  const auto undone = read_undone(host.state_dir);
  if (!undone || undone->empty()) return false;
  const std::size_t present = 1U + (files.ranges.present ? 1U : 0U) + files.drop_ins.size();
  return find_undone(*undone, files, {}).size() == present;
}

Result<BootText> from_files(const Host& host, const World& world) {
  auto files = read_sources(host.config);
  if (!files) return fail(files.error());
  if (was_undone(host, *files))
    return fail(Exit::kFailed,
                "files: they hold an undone change, and nothing was in force before it: nothing is "
                "attached: 'apiguard apply' publishes them");
  BootText text{*std::move(files), 0, true, std::nullopt, ""};
  if (world.damage) {
    text.damage = world.damage;
    text.instead = "the files are published in its place";
  }
  return text;
}

}  // namespace

Result<BootText> boot_text(const Host& host, const World& world) {
  if (!world.to_publish || world.state_error) return from_files(host, world);
  const std::uint64_t number = *world.to_publish;
  auto stored = host.state.read(number);
  if (!stored) return Substitute(host, world, {number, stored.error().message}).find();
  const auto parsed = parse_policy(stored->sources, {.lint = false});
  if (!parsed) return Substitute(host, world, {number, parsed.error().message}).find();
  BootText text{std::move(stored->sources), number, false, std::nullopt, ""};
  if (world.mark_error) {
    text.damage = Damage{number, *world.mark_error};
    text.instead =
        fmt::format("generation {}, the newest one that was in force, is published", number);
  }
  return text;
}

std::string describe(const BootText& text) {
  if (!text.damage) return "";
  return fmt::format(
      "state: damaged: {}: {}: 'apiguard diff' shows how the files differ, 'apiguard apply' "
      "publishes them and repairs the state",
      text.damage->why, text.instead);
}

}  // namespace apiguard::publish
