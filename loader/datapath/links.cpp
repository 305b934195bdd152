// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/datapath/links.hpp"

#include <bpf/bpf.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "loader/datapath/pin_names.hpp"

namespace apiguard::datapath {
namespace {

// The kernel refuses what is no link (EINVAL) before it looks at the program, which is none
// (EBADF). The info of a map or program would be read as that of a link: their structs are told
// apart by nothing.
bool is_link(int fd) { return bpf_link_update(fd, -1, nullptr) == 0 || errno != EINVAL; }

// Whoever may open it in this file mode and is still refused has something before him that no
// descriptor is had of.
bool may_open(const struct stat& info) {
  constexpr mode_t kOwner = S_IRUSR | S_IWUSR;
  return info.st_uid == geteuid() && (info.st_mode & kOwner) == kOwner;
}

bool runs_ours(const LinkInfo& info, int fd, const OurPrograms& ours) {
  if (ours.ids.contains(info.prog_id)) return true;
  const auto tag = tag_behind_link(fd);
  return tag && ours.tags.contains(*tag);
}

bool is_ours(const LinkInfo& info, int fd, const std::string& pin, const OurPrograms& ours) {
  return runs_ours(info, fd, ours) || is_link_pin(pin, *info.point) || settings_of(info.prog_id);
}

}  // namespace

void OurPrograms::add(int filter_fd) {
  if (const auto id = program_id(filter_fd)) ids.insert(*id);
  if (const auto tag = program_tag(filter_fd)) tags.insert(*tag);
}

Result<PinnedLink> open_link_at(const std::string& pin, const OurPrograms& ours) {
  PinnedLink link;
  struct stat file {};
  if (lstat(pin.c_str(), &file) != 0 && errno == ENOENT) {
    link.whose = Whose::kGone;
    return link;
  }
  if (!S_ISREG(file.st_mode)) return link;
  auto fd = open_pinned_for_writing(pin);
  if (!fd && fd.error().os_error == ENOENT) {
    link.whose = Whose::kGone;
    return link;
  }
  if (!fd && fd.error().os_error == EACCES && may_open(file)) return link;
  if (!fd) return fail(fd.error());
  if (!is_link(fd->get())) return link;
  const auto info = link_info(fd->get());
  if (!info) return fail(info.error());
  if (!info->point || !is_ours(*info, fd->get(), pin, ours)) return link;
  link = {Whose::kOurs, std::move(*fd), *info};
  return link;
}

}  // namespace apiguard::datapath
