// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/publish/world.hpp"

#include <algorithm>

#include "loader/compile/compile.hpp"
#include "loader/host/clock.hpp"
#include "loader/policy/overlay.hpp"
#include "loader/publish/lasting.hpp"

namespace apiguard::publish {

const Policy* InForce::policy() const {
  if (!policy_ && config) {
    auto parsed = parse_policy(stored->sources, {.lint = false});
    if (parsed) {
      policy_ = std::move(parsed->policy);
    } else {
      missing = parsed.error().message;
    }
  }
  return policy_ ? &*policy_ : nullptr;
}

Mode mode_of(const InForce& in_force) {
  if (in_force.settings.generation != 0) return static_cast<Mode>(in_force.settings.mode);
  return in_force.config ? in_force.config->mode : Mode::kEnforce;
}

const Policy* World::judged() const {
  const Policy* text = in_force ? in_force->policy() : nullptr;
  if (text == nullptr) return nullptr;
  if (!judged_) {
    std::optional<Policy> own;
    if (&policy_in_effect(*this, *text, booked(), own) == text) return text;
    judged_ = std::move(own);
  }
  return &*judged_;
}

const Book& World::booked() const {
  static const Book kNone;
  return book.book ? book.book->book : kNone;
}

// Of a book that is lost, or older than the list in force, nothing is known: what the kernel judges
// by stays.
bool World::is_outdated() const {
  return in_force && !book.lost && in_force->edition < booked().edition;
}

Moment moment_of(const World& world) {
  const Taken taken = believed_time(world.floor);
  return {taken.now, read_boot_id(), taken.jumped || taken.is_held()};
}

const Policy& policy_in_effect(const World& world, const Policy& text, const Book& book,
                               std::optional<Policy>& own, Fitted* fitted) {
  const Moment moment = moment_of(world);
  std::optional<Policy> limited;
  const Policy& ends = cap_ends(text, world.lasting, moment.now, limited);
  Overlay added = overlay(ends, book, moment);
  if (added.ranges.empty()) {
    own = std::move(limited);
    return own ? *own : text;
  }
  if (!limited) limited = text;
  own = with_ranges(std::move(*limited), std::move(added.ranges));
  Fitted fits = fit(*own, moment.now);
  if (fitted != nullptr) *fitted = std::move(fits);
  return *own;
}

std::optional<Timestamp> clock_of(const InForce& in_force) {
  if (in_force.settings.wall == 0) return std::nullopt;
  return timestamp_of(static_cast<std::int64_t>(in_force.settings.wall));
}

std::vector<Endpoint> endpoints_of(const InForce& in_force) {
  return in_force.config ? in_force.config->endpoints : apiguard::endpoints_of(in_force.settings);
}

void note_guarded(World& world) {
  for (Interface& interface : world.interfaces)
    interface.guarded = link_on(world, interface) != nullptr;
}

const datapath::LinkState* link_on(const World& world, const Interface& interface) {
  if (interface.xdp_prog_id == 0) return nullptr;
  const auto point = datapath::interface_point(interface.ifindex);
  const auto& links = world.live.links;
  const auto found = std::find_if(links.begin(), links.end(), [&](const auto& link) {
    return link.point == point && link.prog_id == interface.xdp_prog_id;
  });
  return found == links.end() ? nullptr : &*found;
}

bool judges_in_force(const World& world, const datapath::LinkState& link) {
  if (!world.in_force) return false;
  if (link.runs() == world.in_force->which()) return true;
  return world.window && world.window->expired && link.runs() == world.window->which();
}

Now clocks(const World& world) { return believed_time(world.floor).now; }

}  // namespace apiguard::publish
