// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/cli/trust.hpp"

#include <unistd.h>

#include <cstdio>
#include <iterator>
#include <utility>

#include <fmt/format.h>

#include "loader/base/disbelief.hpp"
#include "loader/cli/reading.hpp"
#include "loader/datapath/pins.hpp"
#include "loader/host/owner.hpp"

namespace apiguard::cli {
namespace {

constexpr std::size_t kShown = 10;

enum class Manner {
  // reads and writes none of them
  kNoPlace,
  // goes on by the pins, or by the links alone
  kWayOut,
  // takes the files, and its status says so
  kBoot,
  // says what it can
  kLook,
  kOther
};

struct FindManner {
  Manner operator()(const VersionOptions&) const { return Manner::kNoPlace; }
  Manner operator()(const ValidateOptions&) const { return Manner::kNoPlace; }
  Manner operator()(const DetachOptions&) const { return Manner::kWayOut; }
  Manner operator()(const RollbackOptions&) const { return Manner::kWayOut; }
  // What it guards it goes on guarding, by the pins.
  Manner operator()(const RunOptions&) const { return Manner::kWayOut; }
  Manner operator()(const StatusOptions&) const { return Manner::kLook; }
  Manner operator()(const ModeOptions& options) const {
    return options.mode == Mode::kEnforce ? Manner::kOther : Manner::kWayOut;
  }
  Manner operator()(const ApplyOptions& options) const {
    return options.boot ? Manner::kBoot : Manner::kOther;
  }
  template <typename Options>
  Manner operator()(const Options&) const {
    return Manner::kOther;
  }
};

void say_some(const std::vector<std::string>& messages) {
  for (std::size_t i = 0; i < messages.size() && i < kShown; ++i) note(messages[i]);
  if (messages.size() > kShown) note(fmt::format("... and {} more", messages.size() - kShown));
}

// A folder of pins that others made before the first boot unit could keeps nobody unguarded: it is
// moved aside, unless links of ours live by it.
bool move_aside(const std::string& pins) {
  const auto live = datapath::Pins(pins).read();
  if (!live || !live->links.empty()) return false;
  constexpr int kMost = 1000;
  for (int number = 1; number <= kMost; ++number) {
    const std::string aside =
        fmt::format("{}-not-trusted{}", pins, number == 1 ? "" : fmt::format("-{}", number));
    if (access(aside.c_str(), F_OK) == 0 || std::rename(pins.c_str(), aside.c_str()) != 0) continue;
    note(fmt::format("directory '{}': moved to '{}'", pins, aside));
    return true;
  }
  return false;
}

class Look {
 public:
  explicit Look(Manner manner) : manner_(manner) {}

  void at(const std::string& folder) {
    Ownership found = look_at_owner(folder);
    say_some(found.closed);
    if (found.foreign.empty()) return;
    disbelief::folders.push_back({folder, found.foreign.front()});
    foreign_.insert(foreign_.end(), std::move_iterator(found.foreign.begin()),
                    std::move_iterator(found.foreign.end()));
  }

  // A boot that cannot pin guards nothing.
  void at_pins(const std::string& folder) {
    at(folder);
    if (manner_ != Manner::kBoot || disbelief::find(folder) == nullptr) return;
    const bool above_alone = look_at_owner(folder).above;
    if (above_alone || move_aside(folder)) disbelief::folders.pop_back();
  }

  [[nodiscard]] const std::vector<std::string>& foreign() const { return foreign_; }

 private:
  Manner manner_;
  std::vector<std::string> foreign_;
};

}  // namespace

Result<Exit> look_at_owners(const CommandLine& line) {
  const Manner manner = std::visit(FindManner(), line.verb);
  if (manner == Manner::kNoPlace) return Exit::kDone;
  Look look(manner);
  look.at(line.host.state_dir);
  look.at(line.host.run_dir);
  look.at_pins(line.host.pin_dir);
  if (look.foreign().empty()) return Exit::kDone;
  if (manner == Manner::kOther) {
    const auto& all = look.foreign();
    const std::vector<std::string> rest(all.begin() + 1, all.end());
    say_some(rest);
    return fail(Exit::kFailed, all.front());
  }
  say_some(look.foreign());
  return manner == Manner::kWayOut ? Exit::kDone : Exit::kFailed;
}

}  // namespace apiguard::cli
