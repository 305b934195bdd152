// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/publish/look.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "loader/datapath/confirmation.hpp"
#include "loader/host/clock.hpp"
#include "loader/host/salvage.hpp"
#include "loader/publish/lasting.hpp"
#include "loader/publish/records.hpp"
#include "loader/publish/recover_book.hpp"

namespace apiguard::publish {
namespace {

apiguard_settings read_settings(const Host& host, const datapath::Live& live,
                                const datapath::Edition& which) {
  if (auto pinned = host.pins.read_settings(which)) return *pinned;
  for (const datapath::LinkState& link : live.links) {
    if (link.runs() == which)
      return datapath::Pins::settings_behind(link).value_or(apiguard_settings{});
  }
  return {};
}

// A record that is lost, as far as the text tells.
GenerationMeta meta_of(std::uint64_t number, const Policy& policy) {
  GenerationMeta meta;
  meta.generation = number;
  meta.mode = policy.mode;
  meta.fingerprint = fingerprint(policy);
  for (const Range* range : deciding_ranges(policy.ranges))
    ++(range->prefix.address.family == Family::kIpv4 ? meta.ranges4 : meta.ranges6);
  return meta;
}

// The kernel runs it: whose text it is nobody has to vouch for.
std::optional<StoredGeneration> put_together(const Host& host, std::uint64_t number) {
  Salvage left = salvage(host.state_dir, number, host.config);
  if (!left.text) return std::nullopt;
  if (!left.meta) {
    const auto parsed = parse_policy(*left.text, {.lint = false});
    if (!parsed) return std::nullopt;
    left.meta = meta_of(number, parsed->policy);
  }
  return StoredGeneration{std::move(*left.meta), std::move(*left.text)};
}

InForce read_in_force(const Host& host, const datapath::Live& live,
                      const datapath::Edition& which) {
  const std::uint64_t number = which.generation;
  InForce in_force;
  in_force.generation = number;
  in_force.edition = which.edition;
  in_force.settings = read_settings(host, live, which);
  auto stored = host.state.read(number);
  if (!stored) {
    in_force.damaged = stored.error().message;
    if (auto rest = put_together(host, number)) stored = std::move(*rest);
  }
  if (!stored) {
    in_force.missing = in_force.damaged;
    return in_force;
  }
  auto config = parse_config(stored->sources.config, {.lint = false});
  if (!config) {
    in_force.missing = in_force.damaged = config.error().message;
    return in_force;
  }
  in_force.stored = std::move(*stored);
  in_force.config = std::move(config->policy);
  return in_force;
}

InForce without_text(const InForce& known) {
  InForce in_force;
  in_force.generation = known.generation;
  in_force.edition = known.edition;
  in_force.settings = known.settings;
  in_force.config = known.config;
  in_force.missing = known.missing;
  in_force.damaged = known.damaged;
  return in_force;
}

// The kernel's word alone would do; the state says whether it was confirmed when a confirmation
// died half way.
std::optional<PendingConfirmation> find_window(const Host& host, const World& world) {
  if (!world.live.generation) return std::nullopt;
  const datapath::Edition which = *world.live.newest();
  const apiguard_settings settings = read_settings(host, world.live, which);
  if (settings.unconfirmed == 0) return std::nullopt;
  const auto deadline = datapath::read_deadline(host.pins, which);
  if (!deadline) return std::nullopt;  // its pins are out of reach: so is confirming it
  const auto meta = host.state.read_meta(which.generation);
  if (!*deadline && (!meta || meta->confirmed)) return std::nullopt;
  const Now now = clocks(world);
  PendingConfirmation window{which.generation,
                             which.edition,
                             settings.before,
                             settings.before_edition,
                             *deadline,
                             {},
                             *deadline && **deadline <= now.boot};
  window.until = now.wall + (deadline->value_or(BootTime()) - now.boot);
  return window;
}

// Who judges: the newest generation that links run or, once that has expired unconfirmed, the one
// before it.
std::optional<datapath::Edition> judging(const World& world) {
  if (!world.window || !world.window->expired) return world.live.newest();
  if (world.window->before == 0) return std::nullopt;
  return world.window->fallback();
}

// A generation that is stored but damaged leaves the word to the others.
void read_clocks_of(const StateDir& state, World& world) {
  const std::string boot_id = read_boot_id();
  const Timestamp wall = read_clocks().wall;
  for (const std::uint64_t number : world.stored) {
    const auto meta = state.read_meta(number);
    if (!meta) continue;
    world.floor.generations.push_back(written(*meta));
    const auto lasting = lasting_now(*meta, boot_id, wall);
    world.lasting.insert(world.lasting.end(), lasting.begin(), lasting.end());
  }
}

void read_mark(const Host& host, const StateDir& state, World& world) {
  if (auto marked = state.in_force()) {
    world.marked = *marked;
    world.mark_error = world.marked ? astray_mark(host, world) : missing_mark(host, world);
  } else {
    world.mark_error = marked.error().message;
  }
  world.to_publish = to_publish(host, world);
  if (world.mark_error) world.marked = world.to_publish;
}

// Of what the kernel does not run a text is read only beside one that it does run.
std::string why_damaged(const Host& host, const World& world, std::uint64_t number) {
  if (!world.in_force) return "";
  if (world.in_force->generation == number) return world.in_force->damaged;
  const auto stored = host.state.read(number);
  if (!stored) return stored.error().message;
  const auto parsed = parse_policy(stored->sources, {.lint = false});
  return parsed ? "" : parsed.error().message;
}

std::optional<Damage> find_damage(const Host& host, const World& world) {
  if (world.state_error) return Damage{world.marked.value_or(0), *world.state_error};
  if (world.mark_error) return Damage{world.to_publish.value_or(0), *world.mark_error};
  // What runs is newer than all that is kept: a lost or older state directory.
  if (world.in_force && !world.in_force->damaged.empty() &&
      world.to_publish.value_or(0) <= world.in_force->generation)
    return Damage{world.in_force->generation, world.in_force->damaged};
  if (!world.to_publish) return std::nullopt;
  std::string why = why_damaged(host, world, *world.to_publish);
  return why.empty() ? std::nullopt : std::optional(Damage{*world.to_publish, std::move(why)});
}

// An interface runs another program than its link: a verb switched it between the two questions, or
// the link is that of a device of the same number elsewhere.
bool is_torn(const World& world) {
  return std::any_of(world.interfaces.begin(), world.interfaces.end(), [&](const auto& interface) {
    return interface.xdp_prog_id != 0 && !interface.guarded &&
           world.live.link_of(datapath::interface_point(interface.ifindex)) != nullptr;
  });
}

Result<> look_at_kernel(const Host& host, World& world) {
  constexpr int kTries = 3;
  for (int i = 0; i < kTries; ++i) {
    auto live = host.pins.read();
    if (!live) return fail(live.error());
    world.live = std::move(*live);
    auto interfaces = list_interfaces();
    if (!interfaces) return fail(interfaces.error());
    world.interfaces = std::move(*interfaces);
    note_guarded(world);
    if (!is_torn(world)) break;
  }
  return {};
}

// By which clocks the ends in force were computed.
Now loaded_by(const InForce& in_force, const Now& now) {
  const auto offset = clock_of(in_force);
  return offset ? Now{*offset + now.boot.time_since_epoch(), now.boot} : now;
}

// Why the book is not the one that the list in force was loaded with, nor a newer one; empty: it
// is.
std::string wrong_with_book(const Host& host, const World& world) {
  const std::uint64_t in_force = world.in_force->edition;
  if (world.book.lost) return "the book cannot be read";
  if (in_force == 0 || (world.book.book && world.booked().edition >= in_force)) return "";
  if (!world.book.book)
    return fmt::format("file '{}/leases': read the book: no such file", host.state_dir);
  return fmt::format(
      "file '{}/leases': read the book: edition {} is older than edition {}, which is in force",
      host.state_dir, world.booked().edition, in_force);
}

// A book that is lost or older: what the kernel judges by is nearer to the truth.
void look_for_book(const Host& host, World& world) {
  if (!world.in_force) return;
  const std::string wrong = wrong_with_book(host, world);
  if (wrong.empty()) return;
  world.book.lost = true;
  world.book.damage.push_back(wrong);
  const Policy* text = world.in_force->stored ? world.in_force->policy() : nullptr;
  if (text == nullptr) return;
  const Moment moment = moment_of(world);
  auto book = recover_book(host, world.in_force->which(), *text,
                           loaded_by(*world.in_force, moment.now), moment, world.booked());
  if (!book) {
    world.book.damage.push_back(book.error().message + ": leases cannot be recovered");
    return;
  }
  world.book.damage.push_back(fmt::format(
      "leases: {} are recovered from the kernel{}: the next change rewrites the book",
      book->leases.size(), world.book.book ? "" : ", named 'recovered', and bars are lost"));
  StoredBook recovered{std::move(*book), {}};
  if (world.book.book) recovered.times = std::move(world.book.book->times);
  world.book.book = std::move(recovered);
}

}  // namespace

Result<World> look(const Host& host, const InForce* known) {
  World world;
  if (auto kernel = look_at_kernel(host, world); !kernel) return fail(kernel.error());
  const StateDir& state = host.state;
  if (auto stored = state.generations()) {
    world.stored = std::move(*stored);
  } else {
    world.state_error = stored.error().message;
  }
  world.records = read_records(state, world.stored);
  read_mark(host, state, world);
  read_clocks_of(state, world);
  world.book = read_book(host.state_dir);
  for (const Written& time : world.book.book ? world.book.book->times : std::vector<Written>())
    insert(world.floor, time);
  world.window = find_window(host, world);
  if (const auto which = judging(world)) {
    world.in_force = known != nullptr && known->which() == *which
                         ? without_text(*known)
                         : read_in_force(host, world.live, *which);
    world.floor.in_force = clock_of(*world.in_force);
  }
  world.damage = find_damage(host, world);
  look_for_book(host, world);
  return world;
}

}  // namespace apiguard::publish
