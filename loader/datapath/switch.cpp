// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/datapath/switch.hpp"

#include <bpf/bpf.h>
#include <linux/bpf.h>

#include <algorithm>
#include <cerrno>
#include <optional>

#include <fmt/format.h>

#include "loader/base/fence.hpp"
#include "loader/datapath/attach.hpp"
#include "loader/datapath/hook.hpp"
#include "loader/datapath/objects.hpp"
#include "loader/datapath/pin_names.hpp"

namespace apiguard::datapath {
namespace {

// The program a link runs now, to name it as the one we expect to replace, and to put it back.
Result<Fd> old_program(const Pins& pins, const LinkState& link) {
  if (auto pinned = pins.open_filter(link.runs(), link.point.kind)) {
    if (program_id(pinned->get()).value_or(0) == link.prog_id) return pinned;
  }
  return open_program(link.prog_id);
}

// Only by id, which not everybody may ask for: then what the link says of itself a moment before
// has to do.
bool may_not_be_named(const Error& error) {
  return error.os_error == EPERM || error.os_error == EACCES;
}

// Whether the device of a target is in this namespace. Where the kernel does not say, it is.
bool is_here(const Target& target) {
  switch (target.point.kind) {
    case AttachKind::kInterface: {
      const auto hook = read_hook(target.point.ifindex());
      return !hook || hook->has_value();
    }
  }
  return true;
}

Result<PerKind<std::uint32_t>> ids_of(const FilterFds& filters) {
  PerKind<std::uint32_t> ids;
  for (const AttachKind kind : kAttachKinds) {
    const auto id = program_id(filters[kind]);
    if (!id) return fail(id.error());
    ids[kind] = *id;
  }
  return ids;
}

class Switch {
 public:
  Switch(const Pins& pins, const Live& live, const FilterFds& filters,
         const PerKind<std::uint32_t>& filter_ids, const SwitchOptions& options)
      : pins_(pins), live_(live), filters_(filters), filter_ids_(filter_ids), options_(options) {
    report_.undo = Undo(filters);
  }

  Result<SwitchReport> run(const std::vector<Target>& targets) {
    std::optional<Error> last;
    for (const Target& target : targets) {
      auto moved = move(target);
      if (moved) continue;
      last = moved.error();
      if (!options_.keep_going || !fence::check()) break;
      report_.warnings.push_back(last->message);
      report_.failed.push_back({describe(target), last->message});
    }
    const bool none = report_.placed.empty() && !targets.empty();
    if (last && (!options_.keep_going || none || !fence::check())) return put_back(*last);
    if (none) return put_back(gone(targets.front()));
    report_.changed = !report_.undo.empty();
    return std::move(report_);
  }

 private:
  static Error gone(const Target& target) {
    return {describe(target) + ": it is gone", Exit::kFailed, ENODEV};
  }

  tl::unexpected<Error> put_back(Error why) {
    for (const Finding& left : report_.undo.put_back())
      why.message += fmt::format("; {}: could not be restored: {}", left.subject, left.what);
    return fail(std::move(why));
  }

  Result<> move(const Target& target) {
    const LinkState* link = target.link_id == 0 ? nullptr : live_.link_with(target.link_id);
    auto done = link != nullptr ? update_link_of(target, *link) : attach_new(target);
    if (done || is_here(target) || target.moved || !fence::check()) return done;
    leave_out(target);
    return {};
  }

  // Its device went away between the look and now.
  void leave_out(const Target& target) {
    report_.warnings.push_back(
        fmt::format("{}: disappeared during the change: guarded when it appears if 'apiguard run' "
                    "runs, otherwise by the next 'apiguard apply'",
                    describe(target)));
    report_.left_out.push_back(target);
  }

  void place(const Target& target, const std::string& pin, std::uint32_t link_id) {
    report_.placed.push_back({target, pin, link_id, filter_ids_[target.point.kind]});
  }

  // The program that is to run there.
  [[nodiscard]] int filter_fd(const Target& target) const { return filters_[target.point.kind]; }

  Result<> update_link_of(const Target& target, const LinkState& state) {
    if (filter_ids_[target.point.kind] == state.prog_id) {
      place(target, state.pin, state.link_id);
      return {};
    }
    auto link = open_link(state);
    if (!link) return fail(link.error());
    if (auto same = check_same(*link, state, target); !same) return same;
    auto old = old_program(pins_, state);
    if (!old && !may_not_be_named(old.error())) return fail(old.error());
    if (auto ours = fence::check(); !ours) return ours;
    const int error = update_link(link->get(), filter_fd(target), old ? old->get() : -1);
    // Somebody detached it: the pin is there, and guards nothing.
    if (error == ENOLINK && !target.moved) return attach_new(target);
    if (error == ENOLINK) {
      leave_out(target);
      return {};
    }
    if (error != 0) {
      return fence::explain(kernel_error(describe(target), "replace the program", error));
    }
    report_.undo.updated(target, state, old ? std::move(*old) : Fd());
    place(target, state.pin, state.link_id);
    return fence::check();
  }

  // By id: its pin may be that of another link by now.
  static Result<> check_same(const Fd& link, const LinkState& state, const Target& target) {
    const auto info = link_info(link.get());
    if (!info) return fail(info.error());
    if (info->link_id == state.link_id && info->prog_id == state.prog_id) return {};
    return fence::explain(
        fail(Exit::kFailed,
             fmt::format("{}: replace the program: another process did it first; try again",
                         describe(target))));
  }

  Result<> attach_new(const Target& target) {
    if (!options_.pins_writable) {
      return fail(Exit::kFailed, describe(target) + ": not attached: the pins cannot be written");
    }
    if (auto ours = fence::check(); !ours) return ours;
    auto attached = attach(filter_fd(target), target, options_.xdp_mode);
    if (!attached) return fence::explain(fail(attached.error()));
    if (attached->generic && options_.xdp_mode == XdpMode::kAuto) {
      if (auto accepted = note_generic(target, attached->reason); !accepted) return accepted;
    }
    const auto info = link_info(attached->link.get());
    if (!info) return fail_in(describe(target) + ": attach xdp", info.error());
    // Without a pin the link goes with its descriptor. A verb that was overtaken gets none.
    auto pin = pins_.pin_link(attached->link.get(), target);
    if (!pin) return fail(pin.error());
    report_.undo.attached(target, *pin, info->link_id);
    place(target, *pin, info->link_id);
    return {};
  }

  // Refusing after the attach and not before: only the driver can tell. The link closes unpinned,
  // which detaches.
  Result<> note_generic(const Target& target, const std::string& reason) {
    const std::string text = fmt::format(
        "interface '{}': native XDP is not possible ({}): generic mode works on every driver but "
        "costs several times more per packet",
        target.name, reason);
    if (!options_.accept_generic && !target.reattach) return fail(Exit::kRefused, text);
    report_.warnings.push_back(text);
    return {};
  }

  const Pins& pins_;
  const Live& live_;
  FilterFds filters_;
  PerKind<std::uint32_t> filter_ids_;
  SwitchOptions options_;
  SwitchReport report_;
};

Result<> check_mode(const Target& target, XdpMode xdp_mode) {
  const bool fits = xdp_mode == XdpMode::kAuto || (xdp_mode == XdpMode::kNative) == target.native;
  if (fits) return {};
  return fail(Exit::kFailed,
              fmt::format("interface '{}': attached in {} mode, xdp_mode is \"{}\": to change it, "
                          "run 'apiguard detach {}', then 'apiguard apply'",
                          target.name, target.native ? "native" : "generic", to_string(xdp_mode),
                          target.name));
}

Result<> check_interface(const Target& target, XdpMode xdp_mode) {
  if (target.link_id != 0) return check_mode(target, xdp_mode);
  if (target.foreign_id == 0) return {};
  const auto hook = read_hook(target.point.ifindex());
  const bool taken = hook && *hook && (*hook)->prog_id != 0;
  if (!taken || is_freed(target.point.ifindex())) return {};
  return occupied(target, **hook, EBUSY);
}

Result<> check_target(const Target& target, XdpMode xdp_mode) {
  switch (target.point.kind) {
    case AttachKind::kInterface:
      return check_interface(target, xdp_mode);
  }
  return {};
}

}  // namespace

Target target_of(const LinkState& link) {
  Target target;
  target.name = name_of_link_pin(link.pin);
  target.point = link.point;
  target.link_id = link.link_id;
  return target;
}

Result<> check_targets(const std::vector<Target>& targets, XdpMode xdp_mode) {
  for (const Target& target : targets) {
    if (auto fits = check_target(target, xdp_mode); !fits) return fits;
  }
  return {};
}

Result<SwitchReport> switch_links(const Pins& pins, const Live& live, const FilterFds& filters,
                                  const std::vector<Target>& targets,
                                  const SwitchOptions& options) {
  const auto ids = ids_of(filters);
  if (!ids) return fail(ids.error());
  return Switch(pins, live, filters, *ids, options).run(targets);
}

}  // namespace apiguard::datapath
