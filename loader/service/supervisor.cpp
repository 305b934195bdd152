// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/service/supervisor.hpp"

#include <unistd.h>

#include <csignal>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "loader/datapath/generation.hpp"
#include "loader/host/clock.hpp"
#include "loader/host/link_events.hpp"
#include "loader/host/lock.hpp"
#include "loader/host/outlet.hpp"
#include "loader/ledger/counters.hpp"
#include "loader/service/beginning.hpp"
#include "loader/service/boot.hpp"
#include "loader/service/busy.hpp"
#include "loader/service/children.hpp"
#include "loader/service/clock_watch.hpp"
#include "loader/service/ends.hpp"
#include "loader/service/events.hpp"
#include "loader/service/file_watch.hpp"
#include "loader/service/keeper.hpp"
#include "loader/service/loop.hpp"
#include "loader/service/notify.hpp"
#include "loader/service/pace.hpp"
#include "loader/service/pin_watch.hpp"
#include "loader/service/rate.hpp"
#include "loader/service/signals.hpp"
#include "loader/service/snapshot.hpp"
#include "loader/service/textfile.hpp"
#include "loader/service/tracing.hpp"
#include "loader/service/work.hpp"

namespace apiguard::service {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr auto kLook = milliseconds(500);           // at links, which nobody gives notice of
constexpr auto kBetweenEvents = milliseconds(100);  // of links and pins, which come in crowds
constexpr auto kRetry = seconds(5);                 // something could not be put right
constexpr auto kClockRetry = seconds(60);
constexpr auto kLookAtClock = seconds(10);  // that it became synchronised nobody gives notice of
constexpr auto kBetweenReloads = seconds(1);
constexpr auto kEvents = seconds(1);  // that the program told
constexpr auto kLookAtMetrics = seconds(1);
constexpr auto kSave = std::chrono::minutes(5);
constexpr auto kLongestStop = seconds(15);
constexpr auto kPredecessor = seconds(2);  // one that was killed may have left a child for a moment
constexpr std::size_t kBurst = 10;
constexpr std::size_t kLinesOfProcess = 40;  // of one level: a verb may explain itself at length

// What there is no notice of is looked at every half second instead, as the message says.
struct Watches {
  Signals signals;
  std::optional<LinkEvents> links;
  PinWatch pins;
  std::optional<ClockWatch> clock;
  std::vector<std::string> messages;
};

std::string instead(const Error& error) {
  return error.message + ": without notices, a look every half second takes their place";
}

class Supervisor {
 public:
  Supervisor(Host host, const std::string& textfile, Watches watches, std::optional<Lock> alone)
      : host_(std::move(host)),
        watches_(std::move(watches)),
        alone_(std::move(alone)),
        keeper_(host_),
        children_(host_, loop_,
                  [this](const std::string& name, const Marked& line) { hear(name, line); }),
        events_(host_, [this](const Event& event) { return tell_event(event); }),
        files_(host_.config),
        textfile_(host_, textfile, children_, [this](const Message& message) { tell(message); }),
        messages_(kBurst, seconds(60)),
        lines_(kLinesOfProcess, seconds(60)),
        busy_(host_.run_dir),
        boot_(
            host_, children_, [this](const Message& message) { tell(message); },
            [this](Loop::Clock::duration delay) { round_after(delay); }) {}

  void run() {
    for (const std::string& message : watches_.messages) tell({Level::kWarning, "watch", message});
    watch();
    round();
    notify("READY=1");
    loop_.run();
    notify("STOPPING=1");
    save_at_end();
  }

 private:
  // What else is to be done now and then, or when a descriptor says so, is one more line here.
  void watch() {
    if (watches_.signals.fd() >= 0) loop_.watch(watches_.signals.fd(), [this] { on_signals(); });
    if (watches_.links) loop_.watch(watches_.links->fd(), [this] { on_link_events(); });
    if (watches_.pins.fd() >= 0) loop_.watch(watches_.pins.fd(), [this] { on_pin_events(); });
    if (watches_.clock) loop_.watch(watches_.clock->fd(), [this] { on_clock_set(); });
    loop_.every(kLook, [this] { look(); });
    loop_.every(kLookAtClock, [this] {
      if (!clock_check_due_) check_clock();
    });
    loop_.every(kSnapshotEvery, [this] {
      stay_alone();
      take_snapshot_now();
    });
    loop_.every(kSave, [this] { save(); });
    loop_.every(kEvents, [this] {
      events_.read();
      outlet::catch_up();
      notify_again();
    });
    loop_.every(kLookAtMetrics, [this] {
      if (!stopping_) textfile_.write_if_due(keeper_, lost_);
    });
    if (const auto interval = watchdog_interval())
      loop_.every(*interval, [] { notify("WATCHDOG=1"); });
  }

  // ---- rounds

  // However much asks for them: rounds take a fifth of the time at most.
  void round_after(Loop::Clock::duration delay) {
    const auto due = std::max(Loop::Clock::now() + delay, duty_.due());
    if (round_due_ && *round_due_ <= due) return;
    round_due_ = due;
    loop_.after(due - Loop::Clock::now(), [this, due] {
      if (round_due_ == due) round();
    });
  }

  void round_soon() {
    if (Loop::Clock::now() < duty_.due()) return round_after(Loop::Clock::duration::zero());
    round();
  }

  void round() {
    round_due_.reset();
    duty_.began(Loop::Clock::now());
    const Keeper::Round round = keeper_.round();
    for (const Message& message : round.messages) tell(message);
    if (!round.repairs.empty() && may_say(messages_, Level::kWarning, "repair"))
      trace_repair(round.repairs, keeper_.generation());
    if (round.outcome == Keeper::Outcome::kBusy) {
      tell_if(busy_.held(Loop::Clock::now()));
      return round_after(busy_.pause());
    }
    tell_if(busy_.released(Loop::Clock::now()));
    act_upon(round);
    duty_.ended(Loop::Clock::now());
  }

  void act_upon(const Keeper::Round& round) {
    watches_.pins.arm();
    tell_if_unwatched();
    troubled_ = round.outcome == Keeper::Outcome::kTryLater;
    if (troubled_) round_after(kRetry);
    if (round.new_generation) {
      events_.begin_anew();
      learn_ends();
      compare();
    } else if (!clock_check_due_) {
      check_clock();
    }
    if (keeper_.guards()) {
      boot_.not_needed();
    } else if (!stopping_) {
      boot_.begin_if_wanted();
    }
    take_snapshot_now();
    textfile_.make_due();
  }

  // What nobody gives notice of. After a failure the next try has its time.
  void look() {
    if (watches_.signals.fd() < 0) on_signals();
    if (!watches_.links) look_at_links();
    if (!watches_.clock && !clock_check_due_) check_clock();
    if (troubled_) return;
    if (keeper_.disturbed() || watches_.pins.moved() || lost_pin_unseen())
      round_after(Loop::Clock::duration::zero());
  }

  // What is removed in the midst of a round is part of what the next look compares with.
  bool lost_pin_unseen() {
    if (!watches_.pins.unwatched()) return false;
    keeper_.drop_replaced();
    return keeper_.lost_pin();
  }

  void tell_if_unwatched() {
    const bool unwatched = watches_.pins.unwatched().has_value();
    if (std::exchange(pins_unwatched_, unwatched) == unwatched) return;
    tell(unwatched ? Message{Level::kWarning, "watch", instead(*watches_.pins.unwatched())}
                   : Message{Level::kNotice, "watch", "pins: are watched"});
  }

  // At once for an interface that is to be guarded: whoever configures it waits for nobody. Hosts
  // with many pods have many notices that are not, and one that goes leaves nothing unguarded: what
  // is left of it is cleaned up by the next look.
  void on_link_events() {
    const LinkEvents::News news = watches_.links->drain();
    for (const int gone : news.gone) keeper_.note_gone(gone);
    const bool urgent =
        news.lost || std::any_of(news.there.begin(), news.there.end(), [this](const auto& link) {
          return wants(link.second) && !keeper_.guarded_lately(link.first);
        });
    const auto now = Loop::Clock::now();
    look_at_links_at(
        std::max(urgent ? now : links_duty_.last() + kBetweenEvents, links_duty_.due()));
  }

  void look_at_links_at(Loop::Clock::time_point due) {
    const auto now = Loop::Clock::now();
    if (due <= now) return look_at_links();
    if (links_due_ && *links_due_ <= due) return;
    links_due_ = due;
    loop_.after(due - now, [this, due] {
      if (links_due_ == due) look_at_links();
    });
  }

  [[nodiscard]] bool wants(const std::vector<std::string>& names) const {
    return keeper_.guards() ? keeper_.wants(names) : boot_.wants(names);
  }

  void look_at_links() {
    links_due_.reset();
    links_duty_.began(Loop::Clock::now());
    if (!keeper_.guards()) {
      if (!stopping_) boot_.begin_if_wanted();
      links_duty_.ended(Loop::Clock::now());
      return;
    }
    const bool misses = keeper_.misses_interface();
    links_duty_.ended(Loop::Clock::now());
    if (misses) round_soon();
  }

  void on_pin_events() {
    if (!watches_.pins.drain()) return;
    keeper_.drop_replaced();
    if (troubled_) return;
    // A verb that comes now would take our own program for that of somebody else. But pins come and
    // go in crowds.
    const bool at_once = keeper_.lost_pin() && duty_.last() + kBetweenEvents < Loop::Clock::now();
    round_after(at_once ? Loop::Clock::duration::zero() : kBetweenEvents);
  }

  // ---- signals and children

  void on_signals() {
    for (const int signal : Signals::take()) {
      if (signal == SIGCHLD) {
        children_.reap();
      } else if (signal == SIGHUP) {
        reload();
      } else {
        stop();
      }
    }
    if (stopping_ && !children_.any()) loop_.stop();
  }

  // A publish that is under way is not cut short.
  void stop() {
    if (std::exchange(stopping_, true)) return;
    loop_.after(kLongestStop, [this] { loop_.stop(); });
  }

  // One that comes while another runs is not lost: the files may have changed since.
  void reload() {
    if (children_.runs("apply")) {
      reload_again_ = true;
      return;
    }
    const auto now = std::chrono::duration_cast<std::chrono::microseconds>(
        Loop::Clock::now().time_since_epoch());
    notify(reloading(now));
    if (!children_.start_verb("apply", {"apply"}, [this](int status) { reloaded(status); }))
      reloaded(-1);
  }

  void reloaded(int status) {
    reloaded_ = status == 0 ? "" : fmt::format(", the last reload failed with status {}", status);
    const Level level = status == 0 ? Level::kNotice : Level::kError;
    tell({level, "reload",
          status == 0
              ? "reload: done"
              : fmt::format("reload: failed with status {}: what was in force stays", status)});
    notify("READY=1");
    if (std::exchange(reload_again_, false)) loop_.after(kBetweenReloads, [this] { reload(); });
    round_after(Loop::Clock::duration::zero());
  }

  // ---- the clock

  void on_clock_set() {
    watches_.clock->again();
    check_clock();
  }

  // One that was published before this process began may have been so by another clock.
  void learn_ends() {
    const auto& known = keeper_.known();
    ends_.judged_by(known ? known->which() : datapath::Edition(), take(keeper_.floor()).now,
                    known ? publish::clock_of(*known) : std::nullopt);
    check_clock();
  }

  // Whether the clock was set, or a verb died between its book and its edition.
  [[nodiscard]] std::optional<std::string> why_anew(const Now& now) const {
    if (const auto why = ends_.why_anew(now)) return *why + ": ends of ranges are computed anew";
    if (!keeper_.outdated()) return std::nullopt;
    return "what a command wrote into the book of leases is not in force yet: it is published";
  }

  void check_clock() {
    const Now now = take(keeper_.floor()).now;
    const auto why = why_anew(now);
    if (!why || !keeper_.guards()) return;
    const bool started = children_.start(
        "again",
        [this] {
          keeper_ = Keeper(host_);  // what is replaced does not wait for the child's descriptors
          return publish_again_now(host_);
        },
        [this, now](int status) {
          if (status != 0) return check_clock_later();
          ends_.agree_with(now);
          // The clock may have been set again meanwhile.
          round_after(Loop::Clock::duration::zero());
        });
    if (started) tell({Level::kNotice, "clock", *why});
  }

  void check_clock_later() {
    if (std::exchange(clock_check_due_, true)) return;
    loop_.after(kClockRetry, [this] {
      clock_check_due_ = false;
      check_clock();
    });
  }

  // ---- now and then

  void save() {
    if (!keeper_.guards() || children_.runs("again")) return;
    children_.start(
        "save", [this] { return save_usage_now(host_, keeper_.floor()); }, [](int) {});
  }

  void save_at_end() {
    if (keeper_.guards()) (void)save_usage_now(host_, keeper_.floor());
  }

  void compare() {
    if (!keeper_.known()) return;
    const bool started = children_.start(
        "compare", [this] { return files_differ(host_); },
        [this](int status) {
          keeper_.set_unapplied(status != 0);
          take_snapshot_now();
          textfile_.make_due();
        });
    compare_again_ = !started;
  }

  // Whoever clears the runtime folder takes the lock away by which we are known.
  void stay_alone() {
    if (alone_ && Lock::is_held(host_.run_dir, kSupervisorLock)) return;
    auto taken = Lock::take(host_.run_dir, "run", milliseconds(0), kSupervisorLock);
    if (!taken) return tell({Level::kError, "alone", taken.error().message});
    alone_ = std::move(*taken);
    tell({Level::kNotice, "alone",
          fmt::format("folder '{}': is there again, and the supervisor known by it",
                      host_.run_dir)});
  }

  void take_snapshot_now() {
    if (files_.changed() || compare_again_) compare();
    // Confirming may touch no pin that is watched.
    if (keeper_.was_confirmed()) round_after(Loop::Clock::duration::zero());
    const auto world = keeper_.view();
    if (!world) return tell({Level::kError, "snapshot", world.error().message});
    status::StatusReport standing = keeper_.standing(*world);
    if (!busy_.problem().empty()) standing.problems.push_back(busy_.problem());
    tell_beginning(standing);
    say_status(standing);
    lost_ = events_.lost(ledger::count_denied(standing.status.counters));
    lost_.messages = outlet::dropped();
    const auto written = write_snapshot(host_.run_dir, take_snapshot(std::move(standing), lost_));
    if (!written) tell({Level::kError, "snapshot", written.error().message});
  }

  void say_status(const status::StatusReport& standing) {
    const std::string text = describe_shortly(standing) + reloaded_;
    if (text == said_) return;
    said_ = text;
    notify(status(text));
  }

  void tell_beginning(const status::StatusReport& standing) {
    if (std::exchange(told_beginning_, true)) return;
    tell({Level::kNotice, "beginning", describe_beginning(standing, boot_.waits_for())});
  }

  // Whether one more of this kind is to be said.
  static bool may_say(RateLimit& limit, Level level, const std::string& kind) {
    const auto answer = limit.ask(kind, Loop::Clock::now());
    if (answer.withheld > 0)
      say(level,
          fmt::format("apiguard: {} more messages like the next were not shown", answer.withheld));
    return answer.allowed;
  }

  void tell(const Message& message) {
    if (may_say(messages_, message.level, message.kind))
      say(message.level, "apiguard: " + message.text);
  }

  void tell_if(const std::optional<Message>& message) {
    if (message) tell(*message);
  }

  bool tell_event(const Event& event) {
    if (!may_say(messages_, event.level, event.kind)) return false;
    say(event.level, event.text, event.fields);
    return true;
  }

  // An error at the end is not to be lost behind many warnings.
  void hear(const std::string& name, const Marked& line) {
    if (may_say(lines_, line.level, fmt::format("{} {}", name, static_cast<int>(line.level))))
      say(line.level, line.text);
  }

  Host host_;
  Watches watches_;
  std::optional<Lock> alone_;
  Loop loop_;
  Keeper keeper_;
  Children children_;
  Events events_;
  FileWatch files_;
  report::Lost lost_;  // as of the last snapshot
  Textfile textfile_;
  RateLimit messages_;
  RateLimit lines_;  // of processes
  Busy busy_;
  Boot boot_;

  std::optional<Loop::Clock::time_point> round_due_;
  bool troubled_ = false;  // the last round left something undone
  Duty duty_;              // of rounds
  Duty links_duty_;        // of looks at the interfaces
  std::optional<Loop::Clock::time_point> links_due_;
  bool pins_unwatched_ = false;
  bool told_beginning_ = false;
  bool stopping_ = false;
  bool reload_again_ = false;
  std::string reloaded_;  // what STATUS says of a reload that failed
  std::string said_;
  bool compare_again_ = false;
  Ends ends_;
  bool clock_check_due_ = false;
};

Result<Watches> open_watches(const Host& host) {
  auto signals = Signals::open();
  if (!signals) return fail(signals.error());
  Watches watches{std::move(*signals), {}, PinWatch(host.pin_dir), {}, {}};
  if (const auto& missing = watches.signals.unwatched())
    watches.messages.push_back(instead(*missing));
  if (auto links = LinkEvents::open()) {
    watches.links.emplace(std::move(*links));
  } else {
    watches.messages.push_back(instead(links.error()));
  }
  if (auto clock = ClockWatch::open()) {
    watches.clock.emplace(std::move(*clock));
  } else {
    watches.messages.push_back(instead(clock.error()));
  }
  return watches;
}

}  // namespace

Result<Exit> supervise(const Host& host, const std::string& textfile) {
  // Messages to a reader that is gone are no reason to end, and none is waited for.
  (void)signal(SIGPIPE, SIG_IGN);
  outlet::never_wait();
  auto alone = Lock::take(host.run_dir, "run", kPredecessor, kSupervisorLock);
  if (!alone && alone.error().os_error == EWOULDBLOCK) return fail(alone.error());
  std::optional<Lock> held;
  if (alone) {
    held.emplace(std::move(*alone));
  } else {
    say(Level::kWarning, "apiguard: " + alone.error().message + ": going on without it");
  }
  auto watches = open_watches(host);
  if (!watches) return fail(watches.error());
  Supervisor(host, textfile, std::move(*watches), std::move(held)).run();
  return Exit::kDone;
}

}  // namespace apiguard::service
