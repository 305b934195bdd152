// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/datapath/hold.hpp"

#include <bpf/bpf.h>
#include <linux/bpf.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <iterator>
#include <map>
#include <optional>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "loader/base/descriptors.hpp"
#include "loader/base/fence.hpp"
#include "loader/datapath/aside.hpp"
#include "loader/datapath/ledger_maps.hpp"
#include "loader/datapath/objects.hpp"
#include "loader/datapath/pin_names.hpp"
#include "loader/datapath/pinned.hpp"

namespace apiguard::datapath {
namespace {

namespace fs = std::filesystem;

// Of a pin on its way to its name.
constexpr std::string_view kUnfinished = "-new";

enum class Want { kFiles, kFolders };

std::vector<std::string> names_in(const std::string& folder, Want want) {
  std::vector<std::string> names;
  std::error_code code;
  for (fs::directory_iterator it(folder, code), end; !code && it != end; it.increment(code)) {
    std::error_code ignored;
    if (it->is_directory(ignored) == (want == Want::kFolders))
      names.push_back(it->path().filename().string());
  }
  return names;
}

bool is_pinned(const std::string& pin) { return access(pin.c_str(), F_OK) == 0; }

// The program that is to go is named where it can be opened, which takes its id.
int update(int link_fd, int filter_fd, std::uint32_t old_id) {
  LIBBPF_OPTS(bpf_link_update_opts, options);
  const auto old = open_program(old_id);
  if (old) {
    options.flags = BPF_F_REPLACE;
    options.old_prog_fd = static_cast<__u32>(old->get());
  } else if (old.error().os_error != EPERM && old.error().os_error != EACCES) {
    return old.error().os_error;
  }
  return bpf_link_update(link_fd, filter_fd, &options) == 0 ? 0 : errno;
}

// Of a link; by its pin where it is not held. None: it is gone, or another one lies there.
std::optional<LinkInfo> now(const Fd& held, const std::string& pin, const LinkInfo& known) {
  if (held) {
    const auto info = link_info(held.get());
    return info ? std::optional(*info) : std::nullopt;
  }
  const auto opened = open_pinned_for_writing(pin);
  if (!opened) return std::nullopt;
  const auto info = link_info(opened->get());
  return info && info->link_id == known.link_id ? std::optional(*info) : std::nullopt;
}

// A round, a child and a snapshot take descriptors too. The kernel gives out the lowest number that
// is free.
bool leaves_room(const Fd& fd) {
  constexpr rlim_t kReserve = 64;
  const rlim_t limit = descriptors::read_limit().rlim_cur;
  return limit == RLIM_INFINITY ||
         static_cast<rlim_t>(fd.get()) + std::min(kReserve, limit / 2) < limit;
}

Result<> make_parent(const std::string& pin) {
  const std::string parent = pin.substr(0, pin.rfind('/'));
  if (mkdir(parent.c_str(), 0700) == 0 || errno == EEXIST) return {};
  return kernel_error("pin '" + parent + "'", "create the directory", errno);
}

// Whether a map is what a pin of this name is for. Names of no map of this ABI are for any map.
bool belongs_to(const Pins& pins, const std::string& pin, int map_fd) {
  for (const LedgerMap kept : kLedgerMaps) {
    if (pin == pins.ledger_pin(kept)) return !misfit(kept, map_fd);
  }
  if (pin == pins.usage_pin()) return !misfit_usage_map(map_fd);
  if (pin == pins.secret_pin()) return is_secret_map(map_fd);
  return !is_aside(pin.substr(pin.rfind('/') + 1));
}

}  // namespace

// Objects come first: they are few, and tell which links are ours. At no time is one pin open twice
// but for a moment, so that what is held takes no more descriptors than there are pins.
Result<> Hold::refresh(const Pins& pins) {
  const std::string& root = pins.directory();
  std::vector<Object> objects = open_all_objects(pins);
  OurPrograms ours;
  for (const Object& object : objects) {
    if (object.filter_id != 0) ours.add(object.fd.get());
  }
  std::vector<Link> links;
  std::vector<std::string> strays;
  auto opened = open_links(root + "/links", ours, links, strays);
  if (!opened) {
    std::move(links.begin(), links.end(), std::back_inserter(links_));
    std::move(objects.begin(), objects.end(), std::back_inserter(objects_));
    return opened;
  }
  keep_unpinned(links);
  keep_objects(links, objects);
  links_ = std::move(links);
  objects_ = std::move(objects);
  strays_ = std::move(strays);
  return {};
}

std::vector<Hold::Object> Hold::open_all_objects(const Pins& pins) {
  const std::string& root = pins.directory();
  std::vector<Object> objects;
  open_ledger(pins, objects);
  for (const std::string& name : names_in(root + "/generations", Want::kFolders)) {
    if (const auto edition = parse_pin_name(name); edition && edition->generation != 0)
      open_objects(fmt::format("{}/generations/{}", root, name), *edition, objects);
  }
  return objects;
}

// A pin that was removed a moment ago, while this went on: our descriptor is all that keeps the
// link, and lost_pin() tells. Where a verb took it off it has no device any more.
void Hold::keep_unpinned(std::vector<Link>& links) {
  for (Link& link : links_) {
    if (!link.fd || is_pinned(link.pin)) continue;
    const auto info = link_info(link.fd.get());
    if (info && info->attached()) links.push_back(std::move(link));
  }
}

// The same of what such links run: its pins may be gone before theirs.
void Hold::keep_objects(const std::vector<Link>& links, std::vector<Object>& objects) {
  const auto is_run = [&](std::uint32_t filter_id) {
    return filter_id != 0 && std::any_of(links.begin(), links.end(), [&](const Link& link) {
             return link.info.attached() && link.info.prog_id == filter_id;
           });
  };
  std::set<Edition> run;
  for (const auto* held : {&objects_, &objects}) {
    for (const Object& object : *held) {
      if (is_run(object.filter_id)) run.insert(object.which);
    }
  }
  for (Object& object : objects_) {
    const bool lasts = object.which.generation == 0 && !run.empty();
    if ((lasts || run.contains(object.which)) && !is_pinned(object.pin))
      objects.push_back(std::move(object));
  }
}

// What is held of the same link already stays.
Hold::Link Hold::take_over(std::string pin, PinnedLink found) {
  Link link{std::move(pin), std::move(found.fd), found.info};
  const auto held = std::find_if(links_.begin(), links_.end(), [&](const Link& one) {
    return one.info.link_id == link.info.link_id;
  });
  if (held != links_.end() && held->fd) link.fd = std::move(held->fd);
  if (held != links_.end()) links_.erase(held);
  if (!leaves_room(link.fd)) link.fd = Fd();
  return link;
}

Result<> Hold::open_links(const std::string& folder, const OurPrograms& ours,
                          std::vector<Link>& links, std::vector<std::string>& strays) {
  for (const std::string& name : names_in(folder, Want::kFiles)) {
    if (name.ends_with(kUnfinished)) continue;
    std::string pin = fmt::format("{}/{}", folder, name);
    auto found = open_link_at(pin, ours);
    if (!found) return fail(found.error());
    if (found->whose == Whose::kStray) strays.push_back(pin);
    if (found->whose == Whose::kOurs) links.push_back(take_over(std::move(pin), std::move(*found)));
  }
  for (std::string& name : names_in(folder, Want::kFolders))
    strays.push_back(fmt::format("{}/{}", folder, name));
  return {};
}

// What cannot be opened now stays as it is held, if it is; whoever needs it will say so.
void Hold::open_objects(const std::string& folder, const Edition& which,
                        std::vector<Object>& objects) {
  for (const std::string& name : names_in(folder, Want::kFiles)) {
    if (name.ends_with(kUnfinished)) continue;
    Object object;
    object.pin = fmt::format("{}/{}", folder, name);
    object.which = which;
    const auto held = std::find_if(objects_.begin(), objects_.end(),
                                   [&](const Object& one) { return one.pin == object.pin; });
    auto fd = open_pinned(object.pin);
    if (!fd && held == objects_.end()) continue;
    if (!fd) {
      object = std::move(*held);
    } else {
      object.fd = std::move(*fd);
      if (which.generation != 0) object.filter = kind_of_filter_pin(name);
      if (object.filter) {
        object.filter_id = program_id(object.fd.get()).value_or(0);
        object.tag = program_tag(object.fd.get()).value_or(std::string());
      }
    }
    if (held != objects_.end()) objects_.erase(held);
    objects.push_back(std::move(object));
  }
}

Hold::Short Hold::missing() const {
  const auto without =
      std::count_if(links_.begin(), links_.end(), [](const Link& link) { return !link.fd; });
  return {static_cast<std::size_t>(without), links_.size()};
}

bool Hold::lost_pin() const {
  return std::any_of(links_.begin(), links_.end(),
                     [](const Link& link) {
                       return link.fd && link.info.attached() && !is_pinned(link.pin);
                     }) ||
         std::any_of(objects_.begin(), objects_.end(),
                     [](const Object& object) { return !is_pinned(object.pin); });
}

// What is not ours there is nobody's to pin again; what is held of that pin stays.
void Hold::open_ledger(const Pins& pins, std::vector<Object>& objects) {
  for (const std::string& name : names_in(pins.directory(), Want::kFiles)) {
    if (name.ends_with(kUnfinished)) continue;
    Object object;
    object.pin = fmt::format("{}/{}", pins.directory(), name);
    const auto held = std::find_if(objects_.begin(), objects_.end(),
                                   [&](const Object& one) { return one.pin == object.pin; });
    Pinned pinned = look_at_pin(object.pin);
    if (pinned.kind == Pinned::Kind::kMap && belongs_to(pins, object.pin, pinned.fd.get())) {
      object.fd = std::move(pinned.fd);
    } else if (held != objects_.end()) {
      object = std::move(*held);
    } else {
      continue;
    }
    if (held != objects_.end()) objects_.erase(held);
    objects.push_back(std::move(object));
  }
}

void Hold::pin_ledger_again(const Pins& pins, std::vector<std::string>& done) const {
  for (const Object& object : objects_) {
    if (object.which.generation != 0) continue;
    const Pinned there = look_at_pin(object.pin);
    if (there.kind == Pinned::Kind::kMap && belongs_to(pins, object.pin, there.fd.get())) continue;
    if (pin_over(object.fd.get(), object.pin)) done.push_back(object.pin);
  }
}

bool Hold::changed() const {
  return std::any_of(links_.begin(), links_.end(), [](const Link& link) {
    if (!link.fd) return false;
    const auto info = link_info(link.fd.get());
    return !info || info->prog_id != link.info.prog_id || info->point != link.info.point;
  });
}

Live Hold::live() const {
  Live live;
  live.strays = strays_;
  std::map<Edition, PerKind<std::uint32_t>> filters;
  for (const Object& object : objects_) {
    if (object.filter_id != 0) filters[object.which][*object.filter] = object.filter_id;
  }
  for (const auto& [which, ids] : filters) live.generations.push_back({which, ids});
  for (const Link& link : links_) {
    const auto info = now(link.fd, link.pin, link.info);
    if (!info) continue;
    LinkState state{link.pin, info->point.value(), info->link_id, info->prog_id, 0, 0};
    for (const PinnedGeneration& generation : live.generations) {
      if (!generation.has_filter(state.prog_id)) continue;
      state.generation = generation.which.generation;
      state.edition = generation.which.edition;
    }
    live.links.push_back(std::move(state));
  }
  note_newest(live);
  return live;
}

std::set<Edition> Hold::editions_run() const {
  std::set<Edition> run;
  for (const Link& link : links_) {
    const auto info = now(link.fd, link.pin, link.info);
    if (!info || !info->attached()) continue;
    for (const Object& object : objects_) {
      if (object.filter_id != 0 && object.filter_id == info->prog_id) run.insert(object.which);
    }
  }
  return run;
}

void Hold::drop_replaced(const Edition& kept) {
  const auto run = editions_run();
  std::erase_if(objects_, [&](const Object& object) {
    const bool needed =
        object.which.generation == 0 || object.which == kept || run.contains(object.which);
    return !needed && !is_pinned(object.pin);
  });
}

Result<std::vector<std::string>> Hold::pin_again(const Pins& pins, const Edition& kept) {
  std::vector<std::string> done;
  const auto pin = [&](int fd, const std::string& path) -> Result<> {
    if (done.empty()) {
      if (auto created = pins.create(); !created) return created;
    }
    if (auto made = make_parent(path); !made) return made;
    const auto aside = Aside::make(pins.directory());
    if (!aside) return fail(aside.error());
    auto pinned = pin_object(fd, aside->path("again"));
    if (pinned) pinned = aside->put("again", path);
    if (pinned) done.push_back(path);
    return fence::explain(pinned);
  };
  const auto run = editions_run();
  const bool guards = std::any_of(links_.begin(), links_.end(), [](const Link& link) {
    return now(link.fd, link.pin, link.info).value_or(LinkInfo{}).attached();
  });
  for (const Link& link : links_) {
    if (!link.fd) continue;
    const auto info = link_info(link.fd.get());
    if (!info || !info->attached() || is_pinned(link.pin)) continue;
    if (auto pinned = pin(link.fd.get(), link.pin); !pinned) return fail(pinned.error());
  }
  for (const Object& object : objects_) {
    const bool needed =
        object.which.generation != 0 && (object.which == kept || run.contains(object.which));
    if (!needed || is_pinned(object.pin)) continue;
    if (auto pinned = pin(object.fd.get(), object.pin); !pinned) return fail(pinned.error());
  }
  if (guards) pin_ledger_again(pins, done);
  return done;
}

const Hold::Object* Hold::filter_of(const Edition& edition, AttachKind kind) const {
  const auto found = std::find_if(objects_.begin(), objects_.end(), [&](const Object& object) {
    return object.filter == kind && object.filter_id != 0 && object.which == edition;
  });
  return found == objects_.end() ? nullptr : &*found;
}

// A tag that cannot be read is no reason to take a program away.
bool Hold::is_ours(int link_fd) const {
  const auto tag = tag_behind_link(link_fd);
  return !tag || std::any_of(objects_.begin(), objects_.end(), [&](const Object& object) {
    return !object.tag.empty() && object.tag == *tag;
  });
}

Result<std::vector<AttachPoint>> Hold::restore_program(const Edition& edition) {
  std::vector<AttachPoint> done;
  for (const Link& link : links_) {
    const Object* filter = filter_of(edition, link.info.point.value().kind);
    if (filter == nullptr) continue;
    auto opened = link.fd ? Result<Fd>(Fd()) : open_pinned_for_writing(link.pin);
    if (!opened) continue;
    const int fd = link.fd ? link.fd.get() : opened->get();
    const auto info = link_info(fd);
    if (!info || info->link_id != link.info.link_id || !info->attached() || is_ours(fd)) continue;
    if (auto ours = fence::check(); !ours) return fail(ours.error());
    if (const int error = update(fd, filter->fd.get(), info->prog_id); error != 0) {
      return fail(fence::explain(kernel_error(fmt::format("link {}", info->link_id),
                                              "restore the program", error))
                      .error());
    }
    done.push_back(*info->point);
  }
  return done;
}

}  // namespace apiguard::datapath
