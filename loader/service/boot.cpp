// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/service/boot.hpp"

#include <malloc.h>

#include <algorithm>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "loader/base/paths.hpp"
#include "loader/host/detached.hpp"
#include "loader/host/files.hpp"
#include "loader/host/interfaces.hpp"
#include "loader/host/state.hpp"
#include "loader/publish/boot_text.hpp"
#include "loader/publish/look.hpp"
#include "loader/publish/settle.hpp"
#include "loader/service/file_watch.hpp"

namespace apiguard::service {
namespace {

using std::chrono::seconds;

constexpr auto kEarly = seconds(1);
constexpr auto kPause = seconds(5);
constexpr auto kLongestPause = seconds(60);

}  // namespace

// Whatever is parsed here is forgotten at once, but for a few names.
bool BootWish::read(const Host& host) {
  wanted_.clear();
  const auto world = publish::look(host);
  if (!world) return false;
  const auto text = publish::boot_text(host, *world);
  if (!text) return true;
  const SourceFile file{std::string(kConfigName), host.config, text->sources.config.text, true};
  if (const auto config = parse_config(file, {.lint = false})) wanted_ = config->policy.interfaces;
  return true;
}

std::set<std::string> BootWish::interfaces(const Host& host) {
  std::set<std::string> names;
  const Detached detached = read_detached(host.run_dir);
  const StateDir& state = host.state;
  const auto marked = state.in_force();
  const auto stored = state.generations();
  std::string from = fmt::format("{} {} {}", marked ? marked->value_or(0) : 0,
                                 fmt::join(stored.value_or(std::vector<std::uint64_t>()), ","),
                                 describe_files(host.config));
  if (from != read_from_) {
    read_from_ = read(host) ? std::move(from) : "";
    malloc_trim(0);
  }
  const auto present = list_interfaces();
  if (!present) return names;
  for (const Interface& interface : select_interfaces(*present, wanted_).interfaces) {
    if (has_ethernet_header(interface) && !detached.covers(interface.name, interface.ifindex))
      names.insert(interface.name);
  }
  return names;
}

bool BootWish::wants(const std::vector<std::string>& names) const {
  return is_wanted(wanted_, names);
}

Boot::Boot(Host host, Children& children, Log& log, PacedTask& rounds)
    : host_(std::move(host)),
      children_(children),
      log_(log),
      rounds_(rounds),
      pace_(kPause, kLongestPause),
      early_(kEarly, kPause) {}

void Boot::begin_if_wanted() {
  if (stopped_ || children_.runs("boot")) return;
  const std::set<std::string> wanted = wish_.interfaces(host_);
  tell_how_it_ended();
  if (wanted.empty()) {
    tried_.clear();
    return;
  }
  if (!is_due(wanted)) return;
  tried_ = wanted;
  if (!cannot_help()) start();
}

void Boot::not_needed() {
  pace_.worked();
  early_.worked();
  tried_.clear();
  ended_.reset();
}

// The first time at once, as nothing was tried yet.
bool Boot::is_due(const std::set<std::string>& wanted) {
  const bool other = !std::includes(tried_.begin(), tried_.end(), wanted.begin(), wanted.end());
  const auto due = other ? std::min(pace_.due(), early_.due()) : pace_.due();
  const auto left = due - Loop::Clock::now();
  if (left <= Span::zero()) return true;
  rounds_.after(left);
  return false;
}

// Something is in force all the same, and only this process cannot hold it: a boot changes nothing
// about that.
bool Boot::cannot_help() {
  const auto world = publish::look(host_);
  if (!world || !world->live.generation) return false;
  log_.tell({Level::kError, "boot",
             fmt::format("generation {} is in force, but the pins at '{}' cannot be held: until "
                         "that is repaired, interfaces that appear are not guarded, and pins that "
                         "others remove are not restored",
                         *world->live.generation, host_.pin_dir)});
  count_try();
  rounds_.after(pace_.due() - Loop::Clock::now());
  return true;
}

// Only once it is over, however long it took.
void Boot::count_try() {
  const auto now = Loop::Clock::now();
  pace_.tried(now);
  early_.tried(now);
}

void Boot::start() {
  const auto ended = [this](int status) {
    count_try();
    ended_ = status;
    rounds_.after(Span::zero());
  };
  if (!children_.start_verb("boot", {"apply", "--boot"}, ended)) ended(-1);
}

// And nothing is in force still. It may have guarded what it could and have ended with an error:
// then this is not asked.
void Boot::tell_how_it_ended() {
  const auto status = std::exchange(ended_, std::nullopt);
  if (!status) return;
  const auto left = std::chrono::ceil<seconds>(pace_.due() - Loop::Clock::now());
  const std::string what = *status == 0
                               ? "'apply --boot' succeeded, but its links cannot be held"
                               : fmt::format("'apply --boot' failed with status {}", *status);
  log_.tell({Level::kError, "boot",
             fmt::format("nothing is in force, and {}: retry in {} s", what,
                         std::max(left, seconds(0)).count())});
}

std::string Boot::waits_for() const {
  if (!read_detached(host_.run_dir).empty())
    return "nothing is in force: detached by hand: waits for 'apiguard apply'";
  if (children_.runs("boot")) return "nothing is in force: 'apply --boot' is under way";
  if (wish_.names().empty())
    return "nothing is in force, and nothing says which interfaces to guard: waits for 'apiguard "
           "apply'";
  return fmt::format("nothing is in force: waits for an interface of: {}",
                     fmt::join(wish_.names(), ", "));
}

}  // namespace apiguard::service
