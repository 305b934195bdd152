// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/datapath/pins.hpp"

#include <bpf/bpf.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <map>

#include <fmt/format.h>

#include "loader/base/disbelief.hpp"
#include "loader/base/fence.hpp"
#include "loader/base/sha256.hpp"
#include "loader/datapath/aside.hpp"
#include "loader/datapath/links.hpp"
#include "loader/datapath/objects.hpp"
#include "loader/datapath/pin_names.hpp"
#include "loader/datapath/pinned.hpp"

namespace apiguard::datapath {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kTries4 = "ranges4-";
constexpr std::string_view kTries6 = "ranges6-";
constexpr std::string_view kUsed = "used-v";
constexpr std::string_view kSecret = "secret";

// Entries of a folder by name; a folder that does not exist has none.
Result<std::vector<std::string>> names_in(const std::string& folder) {
  if (auto believed = disbelief::check(folder); !believed) return fail(believed.error());
  std::vector<std::string> names;
  std::error_code code;
  for (fs::directory_iterator it(folder, code), end; !code && it != end; it.increment(code)) {
    names.push_back(it->path().filename().string());
  }
  if (code && code.value() != ENOENT)
    return kernel_error("pin '" + folder + "'", "read the directory", code.value());
  std::sort(names.begin(), names.end());
  return names;
}

Result<> make_folder(const std::string& path) {
  if (auto believed = disbelief::check(path); !believed) return believed;
  if (mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) {
    return kernel_error("pin '" + path + "'", "create the directory", errno);
  }
  return {};
}

// What is pinned is there under its name: a link or an undo that looks for it later must find it.
Result<> pin_and_look(int fd, const std::string& path) {
  if (auto pinned = pin_object(fd, path); !pinned) return pinned;
  if (auto there = open_pinned(path); !there) return fail(there.error());
  return {};
}

// Pins to let go of several tries one by one (release.hpp); a single one goes with what holds it.
Result<> pin_tries(const std::vector<Fd>& tries, const std::string& folder, std::string_view name) {
  if (tries.size() < 2) return {};
  for (std::size_t i = 0; i < tries.size(); ++i) {
    const std::string pin = fmt::format("{}/{}{}", folder, name, i);
    if (auto pinned = pin_and_look(tries[i].get(), pin); !pinned) return pinned;
  }
  return {};
}

Result<> pin_parts(const Generation& generation, const std::string& folder) {
  std::vector<std::pair<std::string, int>> objects;
  objects.reserve(kAttachKinds.size());
  for (const AttachKind kind : kAttachKinds)
    objects.emplace_back(filter_pin(kind), generation.filter_fd(kind));
  objects.insert(objects.end(), {{"check", generation.check_fd()},
                                 {"settings", generation.settings_fd()},
                                 {"ranges4", generation.ranges4_fd()},
                                 {"ranges6", generation.ranges6_fd()}});
  if (generation.unconfirmed()) {
    objects.insert(objects.end(), {{"confirmation", generation.confirmation_fd()},
                                   {"before", generation.before_fd()},
                                   {"joined", generation.joined_fd()}});
  }
  for (const auto& [name, fd] : objects) {
    if (auto pinned = pin_and_look(fd, fmt::format("{}/{}", folder, name)); !pinned) return pinned;
  }
  if (auto pinned = pin_tries(generation.tries4(), folder, kTries4); !pinned) return pinned;
  return pin_tries(generation.tries6(), folder, kTries6);
}

// Links of this instance, found by id: for a bpffs that has gone read-only or is not mounted.
std::vector<LinkState> links_by_id(std::uint64_t instance) {
  std::vector<LinkState> links;
  for (const std::uint32_t id : link_ids()) {
    const auto link = open_link(id);
    if (!link) continue;
    const auto info = link_info(link->get());
    if (!info || !info->point) continue;
    const auto settings = settings_of(info->prog_id);
    if (!settings || settings->instance != instance) continue;
    links.push_back(
        {"", *info->point, info->link_id, info->prog_id, settings->generation, settings->edition});
  }
  return links;
}

// A program that no pin names is still recognised by its own settings, e.g. after a `mode off` that
// could not pin.
Edition edition_run(std::uint32_t prog_id, const std::vector<PinnedGeneration>& generations) {
  for (const PinnedGeneration& generation : generations) {
    if (generation.has_filter(prog_id)) return generation.which;
  }
  const auto settings = settings_of(prog_id);
  return settings ? edition_of(*settings) : Edition();
}

Result<> check_bpffs(const std::string& directory) {
  std::string existing = directory;
  struct statfs info {};
  while (statfs(existing.c_str(), &info) != 0 && errno == ENOENT && existing.size() > 1) {
    existing = fs::path(existing).parent_path().string();
  }
  if (static_cast<unsigned long>(info.f_type) == BPF_FS_MAGIC) return {};
  return fail(
      Exit::kFailed,
      fmt::format("pin '{}': '{}' is not a bpffs: mount it with 'mount -t bpf bpf /sys/fs/bpf'",
                  directory, existing));
}

}  // namespace

bool PinnedGeneration::has_filter(std::uint32_t prog_id) const {
  return std::any_of(kAttachKinds.begin(), kAttachKinds.end(),
                     [&](AttachKind kind) { return filter_ids[kind] == prog_id; });
}

const LinkState* Live::link_of(const AttachPoint& point) const {
  const auto found = std::find_if(links.begin(), links.end(),
                                  [&](const LinkState& link) { return link.point == point; });
  return found == links.end() ? nullptr : &*found;
}

const LinkState* Live::link_with(std::uint32_t link_id) const {
  const auto found = std::find_if(links.begin(), links.end(),
                                  [&](const LinkState& link) { return link.link_id == link_id; });
  return found == links.end() ? nullptr : &*found;
}

std::optional<Edition> Live::newest() const {
  return generation ? std::optional(Edition{*generation, edition}) : std::nullopt;
}

void note_newest(Live& live) {
  Edition newest;
  for (const LinkState& link : live.links) newest = std::max(newest, link.runs());
  if (newest.generation == 0) return;
  live.generation = newest.generation;
  live.edition = newest.edition;
}

std::string describe_stray(const std::string& pin) {
  return fmt::format("pin '{}': is not a link of apiguard: left alone; its owner can remove it",
                     pin);
}

std::string Pins::generation_dir(const Edition& edition) const {
  return fmt::format("{}/generations/{}", directory_, pin_name(edition));
}

std::string Pins::ledger_pin(LedgerMap kept) const {
  return fmt::format("{}/{}-v{}", directory_, name_of(kept), APIGUARD_ABI);
}

std::string Pins::usage_pin() const {
  return fmt::format("{}/{}{}", directory_, kUsed, APIGUARD_ABI);
}

std::string Pins::usage_pin(const Edition& edition) const {
  return generation_dir(edition) + "/used";
}

std::string Pins::secret_pin() const {
  return fmt::format("{}/{}-v{}", directory_, kSecret, APIGUARD_ABI);
}

Result<> Pins::read_generations(Live& live, OurPrograms& ours) const {
  const std::string folder = directory_ + "/generations";
  const auto names = names_in(folder);
  if (!names) return fail(names.error());
  for (const std::string& name : *names) {
    const auto edition = parse_pin_name(name);
    std::error_code ignored;
    if (!edition || !fs::is_directory(fs::path(folder) / name, ignored)) continue;
    PinnedGeneration generation{*edition, {}};
    for (const AttachKind kind : kAttachKinds) {
      const auto filter = open_filter(*edition, kind);
      if (!filter) continue;
      generation.filter_ids[kind] = program_id(filter->get()).value_or(0);
      ours.add(filter->get());
    }
    live.generations.push_back(generation);
  }
  std::sort(live.generations.begin(), live.generations.end(),
            [](const auto& a, const auto& b) { return a.which < b.which; });
  return {};
}

Result<> Pins::read_links(Live& live, const OurPrograms& ours) const {
  const std::string folder = directory_ + "/links";
  const auto names = names_in(folder);
  if (!names && names.error().os_error == ENOTDIR) {
    live.strays.push_back(folder);
    live.by_id = true;
    return {};
  }
  if (!names) return fail(names.error());
  for (const std::string& name : *names) {
    const std::string pin = fmt::format("{}/{}", folder, name);
    const auto link = open_link_at(pin, ours);
    if (!link && link.error().os_error == EROFS) {
      live.by_id = true;
      return {};
    }
    if (!link) return fail(link.error());
    if (link->whose == Whose::kStray) live.strays.push_back(pin);
    if (link->whose != Whose::kOurs) continue;
    live.links.push_back(
        {pin, link->info.point.value(), link->info.link_id, link->info.prog_id, 0, 0});
  }
  return {};
}

Result<Live> Pins::read() const {
  Live live;
  if (disbelief::find(directory_) != nullptr) {
    live.by_id = true;
    live.links = links_by_id(instance());
    note_newest(live);
    return live;
  }
  OurPrograms ours;
  if (auto read = read_generations(live, ours); !read) return fail(read.error());
  if (auto read = read_links(live, ours); !read) return fail(read.error());
  if (!check_bpffs(directory_)) live.by_id = true;
  if (live.by_id) live.links = links_by_id(instance());
  for (LinkState& link : live.links) {
    if (live.by_id) continue;
    const Edition runs = edition_run(link.prog_id, live.generations);
    link.generation = runs.generation;
    link.edition = runs.edition;
  }
  note_newest(live);
  return live;
}

Result<Fd> Pins::open_ledger_map(LedgerMap kept) const {
  const std::string pin = ledger_pin(kept);
  Pinned pinned = look_at_pin(pin);
  if (pinned.kind == Pinned::Kind::kNothing)
    return kernel_error("pin '" + pin + "'", "open", ENOENT);
  if (pinned.kind == Pinned::Kind::kOther)
    return fail(Exit::kFailed, fmt::format("pin '{}': {}", pin, pinned.why), pinned.os_error);
  if (auto ours = check_ledger_map(kept, pinned.fd.get(), pin); !ours) return fail(ours.error());
  return std::move(pinned.fd);
}

Result<Fd> Pins::open_ledger_map_for_writing(LedgerMap kept) const {
  if (auto ours = open_ledger_map(kept); !ours) return ours;
  return open_pinned_for_writing(ledger_pin(kept));
}

Result<Fd> Pins::open_check(const Edition& edition) const {
  return open_pinned(generation_dir(edition) + "/check");
}

Result<Fd> Pins::open_filter(const Edition& edition, AttachKind kind) const {
  return open_pinned(fmt::format("{}/{}", generation_dir(edition), filter_pin(kind)));
}

Result<Filters> Pins::open_filters(const Edition& edition) const {
  Filters filters;
  for (const AttachKind kind : kAttachKinds) {
    auto filter = open_filter(edition, kind);
    if (!filter) return fail(filter.error());
    filters[kind] = std::move(*filter);
  }
  return filters;
}

Result<Fd> Pins::open_confirmation(const Edition& edition, Access access) const {
  const std::string pin = generation_dir(edition) + "/confirmation";
  return access == Access::kRead ? open_pinned(pin) : open_pinned_for_writing(pin);
}

Result<Fd> Pins::open_joined(const Edition& edition) const {
  return open_pinned(generation_dir(edition) + "/joined");
}

Result<apiguard_settings> Pins::read_settings(const Edition& edition) const {
  const std::string pin = generation_dir(edition) + "/settings";
  const auto map = open_pinned(pin);
  if (!map) return fail(map.error());
  auto settings = datapath::read_settings(*map);
  if (!settings) return kernel_error("pin '" + pin + "'", "read", settings.error().os_error);
  return settings;
}

std::uint64_t Pins::instance() const {
  return std::stoull(sha256_hex(directory_).substr(0, 16), nullptr, 16);
}

std::optional<apiguard_settings> Pins::settings_behind(const LinkState& link) {
  return settings_of(link.prog_id);
}

std::optional<apiguard_settings> Pins::settings_of_program(std::uint32_t prog_id) {
  return settings_of(prog_id);
}

Result<Fd> open_link(const LinkState& link) {
  return link.pin.empty() ? open_link(link.link_id) : open_pinned_for_writing(link.pin);
}

Result<> Pins::create() const {
  if (auto bpffs = check_bpffs(directory_); !bpffs) return bpffs;
  for (const std::string& folder :
       {directory_, directory_ + "/generations", directory_ + "/links"}) {
    if (auto made = make_folder(folder); !made) return made;
  }
  return {};
}

// Complete before it takes its number. What has the number already goes once this has it.
Result<> Pins::pin(const Generation& generation, const Edition& edition) const {
  const auto aside = Aside::make(directory_);
  if (!aside) return fail(aside.error());
  const std::string folder = aside->path("generation");
  if (auto made = make_folder(folder); !made) return made;
  if (auto pinned = pin_parts(generation, folder); !pinned) return fence::explain(pinned);
  const auto taken = aside->take(generation_dir(edition), "before");
  if (!taken) return fail(taken.error());
  if (auto put = aside->put("generation", generation_dir(edition)); !put) {
    if (*taken) (void)aside->put("before", generation_dir(edition));
    return put;
  }
  if (auto there = open_filters(edition); !there) return fail(there.error());
  return {};
}

Pins::UsageMaps Pins::open_usage_maps() const {
  UsageMaps used;
  std::vector<std::string> pins{usage_pin()};
  const auto numbers = names_in(directory_ + "/generations");
  if (!numbers) used.unread.push_back(numbers.error().message);
  for (const std::string& number : numbers.value_or(std::vector<std::string>()))
    pins.push_back(fmt::format("{}/generations/{}/used", directory_, number));
  std::vector<std::uint32_t> ids;
  for (const std::string& pin : pins) {
    Pinned pinned = look_at_pin(pin);
    if (pinned.kind == Pinned::Kind::kNothing) continue;
    if (pinned.kind == Pinned::Kind::kOther) {
      used.unread.push_back(fmt::format("pin '{}': {}", pin, pinned.why));
      continue;
    }
    if (auto ours = check_usage_map(pinned.fd.get(), pin); !ours) {
      used.unread.push_back(ours.error().message);
      continue;
    }
    const std::uint32_t id = map_id(pinned.fd.get()).value_or(0);
    if (std::find(ids.begin(), ids.end(), id) != ids.end()) continue;
    ids.push_back(id);
    used.maps.push_back(std::move(pinned.fd));
  }
  return used;
}

Result<Fd> Pins::open_usage_map_for_writing() const {
  auto map = open_pinned_for_writing(usage_pin());
  if (!map) return map;
  if (auto ours = check_usage_map(map->get(), usage_pin()); !ours) return fail(ours.error());
  return map;
}

bool Pins::attributes(const Edition& edition) const { return map_id_at(usage_pin(edition)) != 0; }

namespace {

// Of a link whose device is gone nobody needs the pin.
Result<> check_free(const std::string& pin) {
  const auto there = open_pinned_for_writing(pin);
  if (!there && there.error().os_error == ENOENT) return {};
  if (!there) return fail(there.error());
  const auto info = link_info(there->get());
  if (info && info->detached()) return {};
  return kernel_error("pin '" + pin + "'", "replace a link in use", EEXIST);
}

}  // namespace

Result<std::string> Pins::pin_link(int link_fd, const Target& target) const {
  const std::string pin = link_pin(directory_, target.point, target.name);
  const auto aside = Aside::make(directory_);
  if (!aside) return fail(aside.error());
  if (auto pinned = pin_object(link_fd, aside->path("link")); !pinned)
    return fail(fence::explain(pinned).error());
  // Where a link in use or a folder of somebody else has the name, beside it: the interface is
  // guarded all the same.
  const bool free = check_free(pin).has_value();
  auto put = free ? aside->put("link", pin) : Result<>(fail(Error{}));
  if (!put && !fence::check()) return fail(put.error());
  const std::string taken = put ? pin : pin + "-2";
  if (!put) put = aside->put("link", taken);
  if (!put) return fail(put.error());
  if (auto there = open_pinned_for_writing(taken); !there) return fail(there.error());
  return taken;
}

bool Pins::has_program(std::uint32_t program) const {
  const auto numbers = names_in(directory_ + "/generations");
  if (!numbers) return false;
  return std::any_of(numbers->begin(), numbers->end(), [&](const std::string& name) {
    const auto edition = parse_pin_name(name);
    return edition && std::any_of(kAttachKinds.begin(), kAttachKinds.end(), [&](AttachKind kind) {
             const auto filter = open_filter(*edition, kind);
             return filter && program_id(filter->get()).value_or(0) == program;
           });
  });
}

std::vector<LinkState> Pins::unpinned_links() const {
  std::vector<LinkState> links = links_by_id(instance());
  const auto live = read();
  if (!live || live->by_id) return {};
  std::erase_if(links, [&](const LinkState& link) {
    return std::any_of(live->links.begin(), live->links.end(),
                       [&](const LinkState& pinned) { return pinned.link_id == link.link_id; });
  });
  return links;
}

Result<std::array<Fd, 2>> Pins::open_ranges(const Edition& edition) const {
  const std::string folder = generation_dir(edition);
  auto ranges4 = open_pinned(folder + "/ranges4");
  if (!ranges4) return fail(ranges4.error());
  auto ranges6 = open_pinned(folder + "/ranges6");
  if (!ranges6) return fail(ranges6.error());
  return std::array<Fd, 2>{std::move(*ranges4), std::move(*ranges6)};
}

std::vector<Fd> Pins::open_tries(const Edition& edition) const {
  std::vector<Fd> tries;
  const std::string folder = generation_dir(edition);
  const auto names = names_in(folder);
  if (!names) return tries;
  for (const std::string& name : *names) {
    if (!name.starts_with(kTries4) && !name.starts_with(kTries6)) continue;
    if (auto trie = open_pinned(fmt::format("{}/{}", folder, name)))
      tries.push_back(std::move(*trie));
  }
  return tries;
}

namespace {

bool holds_folder(const std::string& path) {
  std::error_code code;
  for (fs::directory_iterator it(path, code), end; !code && it != end; it.increment(code)) {
    std::error_code ignored;
    if (fs::is_directory(it->symlink_status(ignored))) return true;
  }
  return false;
}

// A folder in it is none of ours and stays; what lies around it goes.
Result<> remove_around_folders(const std::string& path) {
  const auto names = names_in(path);
  if (!names) return fail(names.error());
  for (const std::string& name : *names) {
    if (auto ours = fence::check(); !ours) return ours;
    const std::string pin = fmt::format("{}/{}", path, name);
    std::error_code ignored;
    if (fs::is_directory(fs::symlink_status(pin, ignored))) continue;
    if (unlink(pin.c_str()) != 0 && errno != ENOENT)
      return kernel_error("pin '" + pin + "'", "remove", errno);
  }
  return {};
}

}  // namespace

Result<> Pins::unpin_generation(const Edition& edition) const {
  if (holds_folder(generation_dir(edition))) return remove_around_folders(generation_dir(edition));
  const auto aside = Aside::make(directory_);
  if (!aside) return fail(aside.error());
  const auto taken = aside->take(generation_dir(edition), "generation");
  return taken ? Result<>() : fail(taken.error());
}

std::vector<std::string> Pins::foreign_maps() const {
  const auto outlives = [](const std::string& name, std::string_view what) {
    return name.starts_with(fmt::format("{}-v", what));
  };
  std::vector<std::string> pins;
  const auto names = names_in(directory_);
  if (!names) return pins;
  for (const std::string& name : *names) {
    const bool kept = std::any_of(kLedgerMaps.begin(), kLedgerMaps.end(),
                                  [&](LedgerMap map) { return outlives(name, name_of(map)); }) ||
                      outlives(name, "used") || outlives(name, kSecret);
    if (kept && !name.ends_with(fmt::format("-v{}", APIGUARD_ABI)))
      pins.push_back(fmt::format("{}/{}", directory_, name));
  }
  return pins;
}

void Pins::remove_foreign_maps() const {
  for (const std::string& pin : foreign_maps()) {
    if (fence::check()) unlink(pin.c_str());
  }
}

}  // namespace apiguard::datapath
