// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/datapath/detach.hpp"

#include <bpf/bpf.h>

#include <cerrno>

#include <fmt/format.h>

#include "loader/base/fence.hpp"
#include "loader/datapath/aside.hpp"
#include "loader/datapath/objects.hpp"
#include "loader/datapath/pin_names.hpp"

namespace apiguard::datapath {
namespace {

// Detaching through the link works although its pin may not be removable; a device that is gone is
// detached already.
Result<> detach_opened(const Fd& fd, const LinkState& link) {
  if (auto ours = fence::check(); !ours) return ours;
  const int error = bpf_link_detach(fd.get()) == 0 ? 0 : errno;
  const auto after = link_info(fd.get());
  if (after && after->detached()) return {};
  if (error != 0) return kernel_error(fmt::format("link {}", link.link_id), "detach", error);
  const AttachPoint point = after ? after->point.value_or(link.point) : link.point;
  return fail(Exit::kFailed, fmt::format("link {}: detach: the kernel still has it on {}",
                                         link.link_id, describe(point)));
}

Result<Fd> open_same(const LinkState& link, const std::string& pin) {
  auto fd = open_pinned_for_writing(pin);
  if (!fd) return fd;
  const auto info = link_info(fd->get());
  if (!info) return fail(info.error());
  if (info->link_id == link.link_id) return fd;
  return kernel_error("pin '" + link.pin + "'", "belongs to another link by now", ESTALE);
}

// Over a bpffs that cannot be written, or by id where there is no pin: the pin of a detached link
// guards nothing; the next publish over a writable bpffs removes it.
Result<> detach_in_place(const LinkState& link) {
  const auto fd = link.pin.empty() ? open_link(link) : open_same(link, link.pin);
  return fd ? detach_opened(*fd, link) : Result<>(fail(fd.error()));
}

}  // namespace

// The pin first: who overtakes this verb then finds the link without one, and detaches it.
Result<> detach_link(const LinkState& link) {
  if (link.pin.empty()) return detach_in_place(link);
  const auto aside = Aside::make(pin_directory_of(link.pin));
  if (!aside && aside.error().os_error == EROFS) return detach_in_place(link);
  if (!aside) return fail(aside.error());
  const auto taken = aside->take(link.pin, "link");
  if (!taken) return fail(taken.error());
  if (!*taken) return kernel_error("pin '" + link.pin + "'", "open", ENOENT);
  const auto fd = open_same(link, aside->path("link"));
  auto detached = fd ? detach_opened(*fd, link) : Result<>(fail(fd.error()));
  if (!detached) (void)aside->put("link", link.pin);
  // What took its pin since is not what was to be detached.
  if (!detached && detached.error().os_error == ESTALE) return {};
  return detached;
}

Result<bool> remove_dead_link(const LinkState& link) {
  const auto aside = Aside::make(pin_directory_of(link.pin));
  if (!aside) return fail(aside.error());
  auto taken = aside->take(link.pin, "link");
  if (!taken || !*taken) return taken;
  const auto pinned = open_same(link, aside->path("link"));
  const auto info = pinned ? link_info(pinned->get()) : Result<LinkInfo>(fail(pinned.error()));
  if (info && info->detached()) return true;
  if (auto back = aside->put("link", link.pin); !back) return fail(back.error());
  if (!info && info.error().os_error != ESTALE) return fail(info.error());
  return false;
}

void detach_unpinned(const Pins& pins) {
  for (const LinkState& link : pins.unpinned_links()) (void)detach_link(link);
}

}  // namespace apiguard::datapath
