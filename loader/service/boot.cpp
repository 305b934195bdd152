// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/service/boot.hpp"

#include <malloc.h>

#include <algorithm>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "loader/host/files.hpp"
#include "loader/host/interfaces.hpp"
#include "loader/host/marks.hpp"
#include "loader/host/state.hpp"
#include "loader/publish/settle.hpp"
#include "loader/service/file_watch.hpp"

namespace apiguard::service {
namespace {

using std::chrono::seconds;

constexpr auto kPause = seconds(5);  // twice as long after each failure
constexpr auto kLongestPause = seconds(60);

}  // namespace

// Whatever is parsed here is forgotten at once, but for a few names.
bool BootWish::read(const Places& places) {
  wanted_.clear();
  const auto world = publish::look(places);
  if (!world) return false;
  std::optional<std::string> text;
  if (const auto stored = publish::last_confirmed(places, *world)) {
    text = stored->sources.config.text;
  } else if (const auto sources = read_sources(places.config)) {
    text = sources->config.text;
  }
  if (!text) return true;
  const SourceFile file{"apiguard.toml", places.config, *text, true};
  if (const auto config = parse_config(file, {.lint = false})) wanted_ = config->policy.interfaces;
  return true;
}

std::set<std::string> BootWish::interfaces(const Places& places) {
  std::set<std::string> names;
  if (!read_detached(places.run_dir).empty()) return names;
  const StateDir state(places.state_dir);
  const auto marked = state.in_force();
  std::string from =
      fmt::format("{} {}", marked ? marked->value_or(0) : 0, describe_files(places.config));
  if (from != read_from_) {
    read_from_ = read(places) ? std::move(from) : "";
    malloc_trim(0);
  }
  const auto present = list_interfaces();
  if (!present) return names;
  for (const Interface& interface : select_interfaces(*present, wanted_).interfaces) {
    if (has_ethernet_header(interface)) names.insert(interface.name);
  }
  return names;
}

bool BootWish::wants(const std::string& name) const { return is_wanted(wanted_, name); }

Boot::Boot(Places places, Children& children, Tell tell, RoundAfter round_after)
    : places_(std::move(places)),
      children_(children),
      tell_(std::move(tell)),
      round_after_(std::move(round_after)),
      pause_(kPause) {}

void Boot::begin_if_wanted() {
  if (children_.runs("boot")) return;
  const std::set<std::string> wanted = wish_.interfaces(places_);
  if (wanted.empty()) {
    tried_.clear();
    return;
  }
  if (wanted == tried_ && Loop::Clock::now() < due_) return;
  tried_ = wanted;
  if (!children_.start_verb("boot", {"apply", "--boot"}, [this](int status) { ended(status); }))
    ended(-1);
}

void Boot::ended(int status) {
  if (status == 0) {
    pause_ = kPause;
    return round_after_(Loop::Clock::duration::zero());
  }
  tell_({Level::kError, "boot",
         fmt::format("nothing is in force, and 'apply --boot' failed with status {}: again in {} s",
                     status, pause_.count())});
  due_ = Loop::Clock::now() + pause_;
  round_after_(pause_);
  pause_ = std::min<seconds>(2 * pause_, kLongestPause);
}

}  // namespace apiguard::service
