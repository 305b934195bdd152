// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/ledger/kept_maps.hpp"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>

#include <fmt/format.h>

#include "loader/datapath/objects.hpp"
#include "loader/datapath/pinned.hpp"
#include "loader/datapath/probe.hpp"

namespace apiguard::ledger {
namespace {

using datapath::audit_entries;
using datapath::content_of;
using datapath::is_for_audit;
using datapath::look_at_pin;
using datapath::map_id;
using datapath::map_id_at;
using datapath::misfit;
using datapath::misfit_usage_map;
using datapath::pin_object;
using datapath::pin_over;
using datapath::Pinned;
using datapath::probe_image;

constexpr std::string_view kUses = "connections by range";

std::size_t index(datapath::LedgerMap kept) { return static_cast<std::size_t>(kept); }

// On 5.10 a map over RLIMIT_MEMLOCK is refused with EPERM.
bool is_shortage(int error) { return error == ENOMEM || error == EPERM || error == ENOSPC; }

// No descriptors or no memory for anything: nothing is learned by trying again.
bool is_exhausted(int error) { return error == ENOMEM || error == EMFILE || error == ENFILE; }

Fd copy_of(int fd) { return Fd(fcntl(fd, F_DUPFD_CLOEXEC, 0)); }

// Whether the smallest of all programs takes over this map, or with none of both its own.
bool loads_with(const Image& image, datapath::ProgramKind kind,
                std::optional<datapath::LedgerMap> kept, int map_fd, int used_fd) {
  datapath::LedgerMaps maps;
  if (kept) maps.maps[index(*kept)] = copy_of(map_fd);
  datapath::LoadOptions options;
  options.kind = kind;
  options.kept = &maps;
  options.used_fd = used_fd;
  return datapath::Generation::load(image, options).has_value();
}

}  // namespace

KeptMaps KeptMaps::look(const datapath::Pins& pins, const Needs& needs) {
  KeptMaps ledger;
  ledger.pins_ = pins;
  ledger.audit_ = needs.audit;
  for (const datapath::LedgerMap kept : datapath::kLedgerMaps)
    ledger.look_at_kept(pins, needs, kept);
  ledger.look_at_used(pins, needs);
  ledger.look_at_secret(pins, needs);
  return ledger;
}

void KeptMaps::begin(datapath::LedgerMap kept, const std::string& pin, std::string_view why) {
  kept_.maps[index(kept)] = Fd();
  begun_[index(kept)] = true;
  warnings_.push_back(fmt::format("pin '{}': {}: {} start over", pin, why, content_of(kept)));
}

void KeptMaps::look_at_kept(const datapath::Pins& pins, const Needs& needs,
                            datapath::LedgerMap kept) {
  const std::string pin = pins.ledger_pin(kept);
  Pinned pinned = look_at_pin(pin);
  switch (pinned.kind) {
    case Pinned::Kind::kNothing: {
      const bool expected = needs.expected && (needs.audited || !is_for_audit(kept));
      if (expected) begin(kept, pin, "is gone");
      return;
    }
    case Pinned::Kind::kOther:
      return begin(kept, pin, pinned.why);
    case Pinned::Kind::kMap:
      if (const auto why = misfit(kept, pinned.fd.get())) return begin(kept, pin, *why);
      kept_.maps[index(kept)] = std::move(pinned.fd);
  }
}

// What the generation in force counts in has a pin of its own: mostly nothing is lost.
void KeptMaps::look_at_used(const datapath::Pins& pins, const Needs& needs) {
  const std::string pin = pins.usage_pin();
  const Pinned pinned = look_at_pin(pin);
  std::string why = pinned.why;
  if (pinned.kind == Pinned::Kind::kNothing && needs.expected) why = "is gone";
  if (pinned.kind == Pinned::Kind::kMap) why = misfit_usage_map(pinned.fd.get()).value_or("");
  if (why.empty()) return;
  const bool lost = pins.open_usage_maps().maps.empty();
  warnings_.push_back(
      lost ? fmt::format("pin '{}': {}: {} start over", pin, why, kUses)
           : fmt::format("pin '{}': {}: is recreated, {} continue", pin, why, kUses));
}

void KeptMaps::look_at_secret(const datapath::Pins& pins, const Needs& needs) {
  secret_ = find_secret(pins, needs.secret);
  std::string why = secret_.wrong;
  if (why.empty() && needs.expected && map_id_at(pins.secret_pin()) == 0) why = "is gone";
  const bool denied = secret_.fresh && goes_on(datapath::LedgerMap::kDenied);
  if (denied) {
    begin(datapath::LedgerMap::kDenied, pins.secret_pin(),
          why.empty() ? "a new secret is created" : why + ": a new secret is created");
  } else if (!why.empty()) {
    warnings_.push_back(fmt::format("pin '{}': {}: is recreated", pins.secret_pin(), why));
  }
}

Result<datapath::Generation> KeptMaps::load(const Image& image, datapath::LoadOptions options) {
  options.kept = &kept_;
  options.begun = begun_;
  auto loaded = datapath::Generation::load(image, options);
  if (loaded) return loaded;
  const Error why = loaded.error();
  if (is_shortage(why.os_error) && shrinks(options)) {
    options.lean = true;
    loaded = datapath::Generation::load(image, options);
    if (loaded) {
      warnings_.push_back(fmt::format(
          "{}: the memory of sources starts over at its smallest size, until the next change",
          why.message));
      return loaded;
    }
    options.lean = false;
  }
  if (is_exhausted(why.os_error) || !leave_misfits(pins_, options)) return fail(why);
  options.begun = begun_;
  loaded = datapath::Generation::load(image, options);
  return loaded ? std::move(loaded) : Result<datapath::Generation>(fail(why));
}

// Whether something begins that has a size.
bool KeptMaps::shrinks(const datapath::LoadOptions& options) const {
  const bool audits = is_pinned(datapath::LedgerMap::kSeen);
  return options.used_fd < 0 || !goes_on(datapath::LedgerMap::kDenied) ||
         (audits &&
          (!goes_on(datapath::LedgerMap::kSeen) || !goes_on(datapath::LedgerMap::kFlows) ||
           !goes_on(datapath::LedgerMap::kUnproven)));
}

// Each by itself, beside the smallest list there is. Where that does not load on its own, what goes
// on is not to blame.
bool KeptMaps::leave_misfits(const datapath::Pins& pins, datapath::LoadOptions& options) {
  const auto image = probe_image();
  if (!image || !loads_with(*image, options.kind, std::nullopt, -1, -1)) return false;
  const std::size_t before = warnings_.size();
  for (const datapath::LedgerMap kept : datapath::kLedgerMaps) {
    if (!goes_on(kept) || loads_with(*image, options.kind, kept, kept_.fd(kept), -1)) continue;
    begin(kept, pins.ledger_pin(kept), "is refused by the kernel");
  }
  if (options.used_fd >= 0 &&
      !loads_with(*image, options.kind, std::nullopt, -1, options.used_fd)) {
    options.used_fd = -1;
    warnings_.push_back(
        fmt::format("pin '{}': is refused by the kernel: {} start over", pins.usage_pin(), kUses));
  }
  return warnings_.size() != before;
}

// What an audit keeps is pinned once there was one.
bool KeptMaps::is_pinned(datapath::LedgerMap kept) const {
  return !is_for_audit(kept) || audit_ || begun_[index(kept)] || goes_on(kept);
}

std::vector<KeptMaps::Place> KeptMaps::places(const datapath::Pins& pins,
                                              const datapath::Generation& generation,
                                              const datapath::Edition& edition) const {
  std::vector<Place> places;
  for (const datapath::LedgerMap kept : datapath::kLedgerMaps) {
    if (is_pinned(kept))
      places.push_back({pins.ledger_pin(kept), content_of(kept), generation.kept_fd(kept)});
  }
  places.push_back({pins.usage_pin(), kUses, generation.used_fd()});
  places.push_back({pins.usage_pin(edition), kUses, generation.used_fd()});
  return places;
}

// Whatever goes wrong here is said by pin().
void KeptMaps::pin_missing(const datapath::Pins& pins, const datapath::Generation& generation,
                           const datapath::Edition& edition) const {
  for (const Place& place : places(pins, generation, edition))
    (void)pin_object(place.fd, place.pin);
  (void)pin_secret(pins, secret_.value);
}

void KeptMaps::pin(const datapath::Pins& pins, const datapath::Generation& generation,
                   const datapath::Edition& edition) {
  for (const Place& place : places(pins, generation, edition)) {
    if (map_id_at(place.pin) == map_id(place.fd).value_or(0)) continue;
    const auto put = pin_over(place.fd, place.pin);
    if (!put) {
      warnings_.push_back(
          fmt::format("{}: {} are lost with the next change", put.error().message, place.content));
    } else if (!put->empty()) {
      warnings_.push_back(fmt::format(
          "pin '{}': the old pin is now '{}': remove it if nothing needs it", place.pin, *put));
    }
  }
  if (auto kept = pin_secret(pins, secret_.value); !kept) warnings_.push_back(kept.error().message);
}

}  // namespace apiguard::ledger
