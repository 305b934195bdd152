// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/datapath/switch.hpp"

#include <bpf/bpf.h>
#include <linux/bpf.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include <fmt/format.h>

#include "loader/datapath/attach.hpp"
#include "loader/datapath/objects.hpp"

namespace apiguard::datapath {
namespace {

// The program a link runs now, to name it as the one we expect to replace, and to put it back.
Fd old_program(const Pins& pins, const LinkState& link) {
  if (auto pinned = pins.open_filter(link.generation)) {
    if (program_id(pinned->get()).value_or(0) == link.prog_id) return std::move(*pinned);
  }
  auto by_id = open_program(link.prog_id);
  return by_id ? std::move(*by_id) : Fd();
}

int update(int link_fd, int to_fd, int from_fd) {
  LIBBPF_OPTS(bpf_link_update_opts, options);
  if (from_fd >= 0) {
    options.flags = BPF_F_REPLACE;
    options.old_prog_fd = static_cast<__u32>(from_fd);
  }
  return bpf_link_update(link_fd, to_fd, &options) == 0 ? 0 : errno;
}

// What has been done, and how to undo it.
class Journal {
 public:
  explicit Journal(int filter_fd) : filter_fd_(filter_fd) {}

  void updated(Fd link, Fd old) { updates_.push_back({std::move(link), std::move(old)}); }
  void attached(Fd link, std::string pin) {
    attachments_.push_back({std::move(link), std::move(pin)});
  }

  // Best effort: there is nothing better to do with a failure here than to go on with the rest.
  void put_back() {
    for (const Update& done : updates_) {
      if (done.old) (void)update(done.link.get(), done.old.get(), filter_fd_);
    }
    for (Attachment& done : attachments_) {
      (void)unpin_link(done.pin);
      (void)bpf_link_detach(done.link.get());
    }
  }

  [[nodiscard]] bool empty() const { return updates_.empty() && attachments_.empty(); }

 private:
  struct Update {
    Fd link;
    Fd old;
  };
  struct Attachment {
    Fd link;
    std::string pin;
  };
  int filter_fd_;
  std::vector<Update> updates_;
  std::vector<Attachment> attachments_;
};

class Switch {
 public:
  Switch(const Pins& pins, const Live& live, int filter_fd, const SwitchOptions& options)
      : pins_(pins), live_(live), filter_fd_(filter_fd), options_(options), journal_(filter_fd) {}

  Result<SwitchReport> run(const std::vector<Target>& targets) {
    std::size_t guarded = 0;
    Error last;
    for (const Target& target : targets) {
      auto moved = move(target);
      if (moved) {
        ++guarded;
        continue;
      }
      last = moved.error();
      if (!options_.keep_going) break;
      report_.warnings.push_back(last.message);
    }
    const bool failed = options_.keep_going ? guarded == 0 : guarded != targets.size();
    if (failed && !targets.empty()) {
      journal_.put_back();
      return fail(last);
    }
    report_.changed = !journal_.empty();
    return std::move(report_);
  }

 private:
  Result<> move(const Target& target) {
    if (const LinkState* link = live_.link_of(target.ifindex)) return update_link(target, *link);
    return attach_new(target);
  }

  Result<> update_link(const Target& target, const LinkState& state) {
    const auto wanted = program_id(filter_fd_);
    if (wanted && *wanted == state.prog_id) return {};
    auto link = open_link(state);
    if (!link) return fail(link.error());
    Fd old = old_program(pins_, state);
    const int error = update(link->get(), filter_fd_, old.get());
    if (error == ENOLINK)
      return fail(Exit::kFailed, fmt::format("interface '{}': it went away", target.name), error);
    if (error != 0)
      return kernel_error("interface '" + target.name + "'", "replace the program", error);
    journal_.updated(std::move(*link), std::move(old));
    return {};
  }

  Result<> attach_new(const Target& target) {
    if (!options_.pins_writable) {
      return fail(
          Exit::kFailed,
          fmt::format("interface '{}': not attached: the pins cannot be written", target.name));
    }
    auto attached = attach(filter_fd_, target, options_.xdp_mode);
    if (!attached) return fail(attached.error());
    if (attached->generic && options_.xdp_mode == XdpMode::kAuto) {
      if (auto accepted = note_generic(target, attached->reason); !accepted) return accepted;
    }
    auto pin = pins_.pin_link(attached->link.get(), target.name, target.ifindex);
    if (!pin) return fail(pin.error());
    journal_.attached(std::move(attached->link), *pin);
    return {};
  }

  // Refusing after the attach and not before: only the driver can tell. The link closes unpinned,
  // which detaches.
  Result<> note_generic(const Target& target, const std::string& reason) {
    const std::string text = fmt::format(
        "interface '{}': native XDP is not possible ({}): generic mode works on every driver but "
        "costs "
        "several times more a packet",
        target.name, reason);
    if (!options_.accept_generic && !target.reattach) return fail(Exit::kRefused, text);
    report_.warnings.push_back(text);
    return {};
  }

  const Pins& pins_;
  const Live& live_;
  int filter_fd_;
  SwitchOptions options_;
  Journal journal_;
  SwitchReport report_;
};

Result<> check_mode(const Target& target, XdpMode xdp_mode) {
  const bool fits = xdp_mode == XdpMode::kAuto || (xdp_mode == XdpMode::kNative) == target.native;
  if (fits) return {};
  return fail(
      Exit::kFailed,
      fmt::format("interface '{}': attached in {} mode, xdp_mode is \"{}\": changing it takes "
                  "'apiguard detach {}' first, then 'apiguard apply'",
                  target.name, target.native ? "native" : "generic", to_string(xdp_mode),
                  target.name));
}

}  // namespace

Target target_of(const LinkState& link) {
  Target target;
  target.name = link.pin.substr(link.pin.rfind('/') + 1);
  target.ifindex = link.ifindex;
  return target;
}

Result<> check_targets(const Live& live, const std::vector<Target>& targets, XdpMode xdp_mode) {
  for (const Target& target : targets) {
    if (live.link_of(target.ifindex) != nullptr) {
      if (auto fits = check_mode(target, xdp_mode); !fits) return fits;
    } else if (target.foreign_id != 0) {
      return occupied(target, target.foreign_id, EBUSY);
    }
  }
  return {};
}

Result<SwitchReport> switch_links(const Pins& pins, const Live& live, int filter_fd,
                                  const std::vector<Target>& targets,
                                  const SwitchOptions& options) {
  return Switch(pins, live, filter_fd, options).run(targets);
}

Result<> detach_link(const LinkState& link) {
  const auto fd = open_link(link);
  if (!fd) return fail(fd.error());
  // Detaching through the link works although its pin may not be removable; a device that is gone
  // is detached already.
  if (bpf_link_detach(fd->get()) != 0 && errno != ENOLINK && errno != ENODEV && link.ifindex != 0) {
    return kernel_error(fmt::format("link {}", link.link_id), "detach", errno);
  }
  if (link.pin.empty()) return {};
  auto unpinned = unpin_link(link.pin);
  // The pin of a detached link guards nothing; the next publish over a writable bpffs removes it.
  if (!unpinned && unpinned.error().os_error == EROFS) return {};
  return unpinned;
}

Result<bool> remove_dead_link(const LinkState& link) {
  const auto pinned = open_pinned_for_writing(link.pin);
  if (!pinned) return fail(pinned.error());
  const auto info = link_info(pinned->get());
  if (!info) return fail(info.error());
  if (info->link_id != link.link_id || info->ifindex != 0) return false;
  if (auto unpinned = unpin_link(link.pin); !unpinned) return fail(unpinned.error());
  return true;
}

}  // namespace apiguard::datapath
