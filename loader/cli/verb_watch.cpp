// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <poll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <functional>
#include <optional>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "loader/base/time.hpp"
#include "loader/cli/reading.hpp"
#include "loader/cli/verbs.hpp"
#include "loader/datapath/confirmation.hpp"
#include "loader/datapath/generation.hpp"
#include "loader/datapath/watch.hpp"
#include "loader/host/clock.hpp"
#include "loader/host/seat.hpp"
#include "loader/ledger/counters.hpp"
#include "loader/policy/lookup.hpp"
#include "loader/publish/look.hpp"
#include "loader/publish/world.hpp"
#include "loader/report/event.hpp"

namespace apiguard::cli {
namespace {

constexpr int kPause = 50;       // milliseconds between two looks
constexpr auto kLease = 3s;      // packets pay no longer for a watch that was killed
constexpr unsigned kLines = 20;  // a second are as many as people can read

// Follows which generation is in force.
class Changes {
 public:
  explicit Changes(const Host& host) : host_(host), pins_(host.pins) {
    if (const auto live = pins_.read()) take(live->newest().value_or(datapath::Edition()));
  }

  using Tell = std::function<void(const report::ChangeEvent&)>;

  // By the links, as of now.
  [[nodiscard]] datapath::Edition in_force() const {
    const auto live = pins_.read();
    return live ? live->newest().value_or(datapath::Edition()) : which_;
  }

  // What has changed since it was asked last.
  void look(const Now& now, const Tell& tell) {
    const auto live = pins_.read();
    if (!live) return;
    const std::uint64_t generation = live->generation.value_or(0);
    if (generation != loaded_) {
      const bool told = undone_ && generation == before_;  // the kernel was there before the links
      if (!told) tell_changes(generation, now, tell);
    }
    if (const datapath::Edition which = live->newest().value_or(datapath::Edition());
        which != which_)
      take(which);
    if (!waits_) return;
    const auto deadline = datapath::read_deadline(pins_, which_);
    waits_ = deadline && *deadline && **deadline > now.boot;
    undone_ = deadline && *deadline && !waits_;
    if (undone_) describe(before_, now, true, tell);
  }

 private:
  void take(const datapath::Edition& which) {
    which_ = which;
    loaded_ = which.generation;
    undone_ = false;
    const auto settings = pins_.read_settings(which);
    waits_ = settings && settings->unconfirmed != 0;
    before_ = settings ? settings->before : 0;
  }

  // Those that were in force for less than a second, too.
  void tell_changes(std::uint64_t generation, const Now& now, const Tell& tell) const {
    const auto stored = host_.state.generations();
    for (const std::uint64_t passed : stored.value_or(std::vector<std::uint64_t>())) {
      if (passed > loaded_ && passed < generation && loaded_ != 0)
        describe(passed, now, false, tell);
    }
    describe(generation, now, false, tell);
  }

  void describe(std::uint64_t generation, const Now& now, bool undone, const Tell& tell) const {
    report::ChangeEvent event{now.wall, generation, undone, nullptr};
    const auto meta = host_.state.read_meta(generation);
    if (meta) event.meta = &*meta;
    tell(event);
  }

  const Host& host_;
  datapath::Pins pins_;
  datapath::Edition which_;
  // its generation
  std::uint64_t loaded_ = 0;
  // judges once `loaded_` has not been confirmed in time
  std::uint64_t before_ = 0;
  // for its confirmation
  bool waits_ = false;
  bool undone_ = false;
};

// Names ranges by the list in force, which is read when the first event comes and after a change.
class Names {
 public:
  explicit Names(const Host& host) : host_(host) {}

  // For each event the entry that decides for its source; null where that is not known.
  std::vector<const Range*> of(const std::vector<apiguard_event>& events,
                               const datapath::Edition& in_force) {
    if (world_.in_force ? world_.in_force->which() != in_force : in_force != asked_) {
      asked_ = in_force;
      auto world = publish::look(host_);
      world_ = world ? std::move(*world) : publish::World();
    }
    const Policy* policy = world_.judged();
    std::vector<const Range*> names(events.size(), nullptr);
    if (policy == nullptr) return names;
    std::vector<Address> sources;
    sources.reserve(events.size());
    for (const apiguard_event& event : events)
      sources.push_back(report::source_of(event).value_or(Address{}));
    names = deciding_for(policy->ranges, sources, publish::clocks(world_).wall);
    for (std::size_t i = 0; i < events.size(); ++i) {
      const bool same = events[i].generation == world_.in_force->generation;
      if (!same || !report::source_of(events[i])) names[i] = nullptr;
    }
    return names;
  }

 private:
  const Host& host_;
  publish::World world_;
  datapath::Edition asked_;
};

class Watcher {
 public:
  // Without a watch only changes are told.
  Watcher(const Host& host, const WatchOptions& options, std::optional<datapath::Watch> watch)
      : options_(options),
        pins_(host.pins),
        changes_(host),
        names_(host),
        watch_(std::move(watch)) {}

  // Until a signal comes, or its time is over.
  Result<Exit> run(const Fd& signals) {
    const BootTime begin = read_clocks().boot;
    begin_to_count(begin);
    pollfd wait{signals.get(), POLLIN, 0};
    while (poll(&wait, 1, kPause) == 0) {
      if (auto looked = look(); !looked) return fail(looked.error());
      if (options_.lasts && read_clocks().boot - begin >= *options_.lasts) break;
    }
    next_second_ = {};
    if (auto last = look(); !last) return fail(last.error());
    return Exit::kDone;
  }

 private:
  // Without counters it is not known how many events were lost.
  void begin_to_count(BootTime now) {
    if (watch_) watch_->keep_until(now + kLease);
    next_second_ = now + 1s;
    auto counters = pins_.open_counters();
    const auto packets = counters ? ledger::read_counters(counters->get())
                                  : Result<apiguard_counters>(fail(counters.error()));
    if (!packets) return note(packets.error().message + ": how many were lost is not known");
    counters_ = std::move(*counters);
    denied_before_ = ledger::count_denied(*packets);
  }

  Result<std::uint64_t> count_denied() const {
    if (!counters_) return 0;
    const auto packets = ledger::read_counters(counters_.get());
    if (!packets) return fail(packets.error());
    return ledger::count_denied(*packets) - denied_before_;
  }

  // The counters first: what is counted by then is in the ring, or it is lost.
  Result<> look() {
    const Now now = read_clocks();
    const bool second = now.boot >= next_second_;
    Result<std::uint64_t> denied = 0;
    if (second) {
      if (watch_) watch_->keep_until(now.boot + kLease);
      denied = count_denied();
      if (!denied) return fail(denied.error());
    }
    if (watch_) {
      auto read = watch_->read([&](const apiguard_event& event) { take(event); });
      if (!read) return read;
      tell(now);
    }
    if (second) end_second(now, *denied);
    std::fflush(stdout);
    return {};
  }

  void take(const apiguard_event& event) {
    const bool admitted = event.outcome == APIGUARD_PASS;
    if (!options_.json && lines_ >= kLines) {
      if (admitted) ++hidden_;
      return;
    }
    ++lines_;
    if (!admitted) ++shown_;
    events_.push_back(event);
  }

  void tell(const Now& now) {
    if (events_.empty()) return;
    const std::vector<const Range*> names = names_.of(events_, changes_.in_force());
    for (std::size_t i = 0; i < events_.size(); ++i) {
      const std::string interface = datapath::interface_of(events_[i]);
      put(options_.json ? report::event_json(events_[i], interface, now, names[i])
                        : report::event_text(events_[i], interface, now, names[i]));
    }
    events_.clear();
  }

  void end_second(const Now& now, std::uint64_t denied) {
    changes_.look(now, [this](const report::ChangeEvent& change) {
      put(options_.json ? report::event_json(change) : report::event_text(change));
    });
    const std::uint64_t lost_denied = watch_ && denied > shown_ ? denied - shown_ : 0;
    const std::uint64_t lost_admitted = (watch_ ? watch_->lost_connections() : 0) + hidden_;
    if (lost_denied > told_denied_ || lost_admitted > told_admitted_) {
      report::LostEvents lost{{0, lost_admitted - told_admitted_}, now.wall};
      if (lost_denied > told_denied_) lost.denied = lost_denied - told_denied_;
      put(options_.json ? report::event_json(lost) : report::event_text(lost));
      told_denied_ += lost.denied;
      told_admitted_ = lost_admitted;
    }
    lines_ = 0;
    next_second_ = now.boot + 1s;
  }

  static void put(const std::string& line) {
    to_stdout(line);
    to_stdout("\n");
  }

  const WatchOptions& options_;
  datapath::Pins pins_;
  Changes changes_;
  Names names_;
  // taken and not told yet
  std::vector<apiguard_event> events_;
  std::optional<datapath::Watch> watch_;
  Fd counters_;
  std::uint64_t denied_before_ = 0;
  // denied packets that were told
  std::uint64_t shown_ = 0;
  // admitted connections too many for people
  std::uint64_t hidden_ = 0;
  std::uint64_t told_denied_ = 0;
  std::uint64_t told_admitted_ = 0;
  BootTime next_second_{};
  // in this second
  unsigned lines_ = 0;
};

Result<Fd> take_signals() {
  sigset_t set;
  sigemptyset(&set);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) sigaddset(&set, signal);
  sigprocmask(SIG_BLOCK, &set, nullptr);
  Fd fd(signalfd(-1, &set, SFD_CLOEXEC));
  if (!fd) return fail(Exit::kFailed, "signals: cannot be waited for", errno);
  return fd;
}

// None: the kernel has no place to write events to, which is said.
Result<std::optional<datapath::Watch>> open_watch(const Host& host, unsigned number) {
  const datapath::Pins& pins = host.pins;
  auto watch = datapath::Watch::open(pins, number);
  if (watch) return std::optional(std::move(*watch));
  const auto live = pins.read();
  if (watch.error().os_error == ENOENT && (!live || !live->generation))
    return fail(Exit::kFailed, nothing_in_force(host));
  if (geteuid() != 0) return fail_reading(watch.error());
  note(watch.error().message + ": packets cannot be watched, changes can");
  return std::optional<datapath::Watch>();
}

}  // namespace

Result<Exit> run(const CommandLine& line, const WatchOptions& options) {
  const auto signals = take_signals();
  if (!signals) return fail(signals.error());
  const auto seat = take_seat(line.host.run_dir, "watch", APIGUARD_MAX_WATCHERS);
  if (!seat) return fail_reading(seat.error());
  auto watch = open_watch(line.host, seat->number);
  if (!watch) return fail(watch.error());
  if (!options.json && !options.lasts) note("watching; Ctrl-C ends it");
  return Watcher(line.host, options, std::move(*watch)).run(*signals);
}

}  // namespace apiguard::cli
