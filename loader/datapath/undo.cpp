// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/datapath/undo.hpp"

#include <bpf/bpf.h>
#include <fcntl.h>
#include <linux/bpf.h>

#include <cerrno>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "loader/base/fence.hpp"
#include "loader/datapath/aside.hpp"
#include "loader/datapath/detach.hpp"
#include "loader/datapath/hook.hpp"
#include "loader/datapath/objects.hpp"
#include "loader/datapath/pin_names.hpp"

namespace apiguard::datapath {
namespace {

LinkState named(const std::string& pin, std::uint32_t link_id) {
  LinkState link;
  link.pin = pin;
  link.link_id = link_id;
  return link;
}

enum class Answer { kYes, kGone, kNo };
struct Said {
  Answer answer = Answer::kNo;
  std::string what;
};

// What the interface names. None: it says the same as the link.
std::optional<Said> ask_interface(int ifindex, std::uint32_t prog_id) {
  const auto hook = read_hook(ifindex);
  if (!hook) return Said{Answer::kNo, hook.error().message};
  if (!*hook) return Said{Answer::kGone, ""};
  if ((*hook)->prog_id == prog_id) return std::nullopt;
  if ((*hook)->mode == HookMode::kNone) return Said{Answer::kNo, "no program is on it"};
  return Said{Answer::kNo, describe_occupant(**hook) + " is on it"};
}

// The same of any point; none as well where only the link can say it.
std::optional<Said> ask_point(const AttachPoint& point, std::uint32_t prog_id) {
  switch (point.kind) {
    case AttachKind::kInterface:
      return ask_interface(point.ifindex(), prog_id);
  }
  return std::nullopt;
}

Said ask_link(const Placed& placed) {
  const auto link = open_link(named(placed.pin, placed.link_id));
  if (!link) return {Answer::kNo, link.error().message};
  const auto info = link_info(link->get());
  if (!info) return {Answer::kNo, info.error().message};
  if (info->link_id != placed.link_id)
    return {Answer::kNo, fmt::format("pin '{}': belongs to link {}, not to link {}", placed.pin,
                                     info->link_id, placed.link_id)};
  if (info->detached()) return {Answer::kGone, fmt::format("link {}: is detached", info->link_id)};
  if (info->prog_id != placed.prog_id)
    return {Answer::kNo, fmt::format("link {}: runs program {}, not {}", info->link_id,
                                     info->prog_id, placed.prog_id)};
  return {Answer::kYes, ""};
}

// A device that is not here is gone, or it lives on elsewhere: then its link alone can tell.
Said ask(const Placed& placed) {
  Said by_link = ask_link(placed);
  if (placed.target.moved) return by_link;
  const auto said = ask_point(placed.target.point, placed.prog_id);
  const bool here = !said || said->answer != Answer::kGone;
  if (!here) return by_link.answer == Answer::kYes ? by_link : *said;
  // A link that is detached from a device that is here guards nothing.
  if (by_link.answer != Answer::kYes) return {Answer::kNo, by_link.what};
  return said ? *said : by_link;
}

// Only the link that is meant: another one may have taken its pin.
Result<Fd> open_same(const LinkState& link) {
  auto fd = open_link(link);
  if (!fd) return fd;
  const auto info = link_info(fd->get());
  if (!info) return fail(info.error());
  if (info->link_id != link.link_id)
    return kernel_error(fmt::format("link {}", link.link_id), "open", ENOENT);
  return fd;
}

}  // namespace

int update_link(int link_fd, int to_fd, int expected_fd) {
  LIBBPF_OPTS(bpf_link_update_opts, options);
  if (expected_fd >= 0) {
    options.flags = BPF_F_REPLACE;
    options.old_prog_fd = static_cast<__u32>(expected_fd);
  }
  return bpf_link_update(link_fd, to_fd, &options) == 0 ? 0 : errno;
}

Undo::Undo(const FilterFds& filters) {
  for (const AttachKind kind : kAttachKinds)
    filters_[kind] = Fd(fcntl(filters[kind], F_DUPFD_CLOEXEC, 0));
}

void Undo::updated(const Target& target, LinkState before, Fd old_program) {
  updates_.push_back({target, std::move(before), std::move(old_program)});
}

void Undo::attached(const Target& target, std::string pin, std::uint32_t link_id) {
  attachments_.push_back({target, std::move(pin), link_id});
}

namespace {

// A verb that was overtaken leaves alone what the other one has found: a program that is pinned. It
// takes back an update that came later.
bool is_found(const LinkState& link, int filter_fd) {
  return !fence::check() && !link.pin.empty() &&
         Pins(pin_directory_of(link.pin)).has_program(program_id(filter_fd).value_or(0));
}

// What runs this program there all the same, in words.
std::optional<std::string> who_is_on(const AttachPoint& point, int filter_fd) {
  switch (point.kind) {
    case AttachKind::kInterface: {
      const auto hook = read_hook(point.ifindex());
      const auto ours = program_id(filter_fd);
      if (hook && *hook && ours && (*hook)->prog_id == *ours) return describe_occupant(**hook);
      return std::nullopt;
    }
  }
  return std::nullopt;
}

}  // namespace

std::vector<Finding> Undo::put_back() {
  std::vector<Finding> left;
  for (const Update& done : updates_) {
    const Fd& filter = filters_[done.target.point.kind];
    if (is_found(done.before, filter.get())) continue;
    // Whether it worked is asked of the kernel below.
    if (const auto link = open_same(done.before); link && done.old_program)
      (void)update_link(link->get(), done.old_program.get(), filter.get());
    const Said said = ask({done.target, done.before.pin, done.before.link_id, done.before.prog_id});
    if (said.answer == Answer::kNo) left.push_back({describe(done.target), said.what});
  }
  for (const Attachment& done : attachments_) {
    // Of a verb that was overtaken this does nothing: the other one has found the pin.
    (void)detach_link(named(done.pin, done.link_id));
    const Fd& filter = filters_[done.target.point.kind];
    if (const auto occupant = who_is_on(done.target.point, filter.get()))
      left.push_back({describe(done.target), *occupant + " is still on it"});
  }
  updates_.clear();
  attachments_.clear();
  return left;
}

ReadBack read_back(const std::vector<Placed>& placed) {
  ReadBack result;
  for (const Placed& one : placed) {
    Said said = ask(one);
    switch (said.answer) {
      case Answer::kYes:
        result.confirmed.push_back(one);
        break;
      case Answer::kGone:
        result.gone.push_back(one.target);
        break;
      case Answer::kNo:
        result.findings.push_back({describe(one.target), std::move(said.what)});
        break;
    }
  }
  return result;
}

}  // namespace apiguard::datapath
