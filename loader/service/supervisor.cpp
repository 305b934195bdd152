// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/service/supervisor.hpp"

#include <unistd.h>

#include <csignal>

#include <algorithm>
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
#include "loader/publish/again.hpp"
#include "loader/service/boot.hpp"
#include "loader/service/children.hpp"
#include "loader/service/clock_watch.hpp"
#include "loader/service/ends.hpp"
#include "loader/service/events.hpp"
#include "loader/service/file_watch.hpp"
#include "loader/service/keeper.hpp"
#include "loader/service/loop.hpp"
#include "loader/service/notify.hpp"
#include "loader/service/pin_watch.hpp"
#include "loader/service/rate.hpp"
#include "loader/service/signals.hpp"
#include "loader/service/snapshot.hpp"
#include "loader/service/textfile.hpp"
#include "loader/service/work.hpp"

namespace apiguard::service {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr auto kLook = milliseconds(500);           // at links, which nobody gives notice of
constexpr auto kBetweenEvents = milliseconds(100);  // of links and pins, which come in crowds
constexpr auto kBusy = milliseconds(100);           // a verb holds the lock
constexpr auto kRetry = seconds(5);                 // something could not be put right
constexpr auto kClockRetry = seconds(60);
constexpr auto kEvents = seconds(1);  // that the program told
constexpr auto kLookAtMetrics = seconds(1);
constexpr auto kSave = std::chrono::minutes(5);
constexpr auto kLongestStop = seconds(15);
constexpr auto kPredecessor = seconds(2);  // one that was killed may have left a child for a moment
constexpr std::size_t kBurst = 10;

struct Watches {
  Signals signals;
  LinkEvents links;
  PinWatch pins;
  ClockWatch clock;
};

class Supervisor {
 public:
  Supervisor(Places places, const std::string& textfile, Watches watches)
      : places_(std::move(places)),
        watches_(std::move(watches)),
        keeper_(places_),
        children_(places_),
        events_(places_, [this](const Event& event) { return tell_event(event); }),
        files_(places_.config),
        textfile_(places_, textfile, children_, [this](const Message& message) { tell(message); }),
        messages_(kBurst, seconds(60)),
        boot_(
            places_, children_, [this](const Message& message) { tell(message); },
            [this](Loop::Clock::duration delay) { round_after(delay); }) {}

  void run() {
    published_by_ = publish::offset_of_last_publish(places_);
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
    loop_.watch(watches_.signals.fd(), [this] { on_signals(); });
    loop_.watch(watches_.links.fd(), [this] { on_link_events(); });
    loop_.watch(watches_.pins.fd(), [this] { on_pin_events(); });
    loop_.watch(watches_.clock.fd(), [this] { on_clock_set(); });
    loop_.every(kLook, [this] { look(); });
    loop_.every(kSnapshotEvery, [this] { take_snapshot_now(); });
    loop_.every(kSave, [this] { save(); });
    loop_.every(kEvents, [this] { events_.read(); });
    loop_.every(kLookAtMetrics, [this] {
      if (!stopping_) textfile_.write_if_due(keeper_, lost_);
    });
    if (const auto interval = watchdog_interval())
      loop_.every(*interval, [] { notify("WATCHDOG=1"); });
  }

  // ---- rounds

  void round_after(Loop::Clock::duration delay) {
    const auto due = Loop::Clock::now() + delay;
    if (round_due_ && *round_due_ <= due) return;
    round_due_ = due;
    loop_.after(delay, [this, due] {
      if (round_due_ == due) round();
    });
  }

  void round() {
    round_due_.reset();
    const Keeper::Round round = keeper_.round();
    for (const Message& message : round.messages) tell(message);
    if (round.outcome == Keeper::Outcome::kBusy) return round_after(kBusy);
    watches_.pins.arm();
    troubled_ = round.outcome == Keeper::Outcome::kTryLater;
    if (troubled_) round_after(kRetry);
    if (round.new_generation) {
      events_.begin_anew();
      learn_ends();
      compare();
    } else if (!clock_check_due_) {
      check_clock();
    }
    if (!keeper_.guards() && !stopping_) boot_.begin_if_wanted();
    take_snapshot_now();
    textfile_.make_due();
  }

  // What nobody gives notice of. After a failure the next try has its time.
  void look() {
    if (troubled_) return;
    if (keeper_.disturbed() || watches_.pins.moved()) round_after(Loop::Clock::duration::zero());
  }

  // At once for an interface that is to be guarded: whoever configures it waits for nobody. Hosts
  // with many pods have many notices that are not.
  void on_link_events() {
    const LinkEvents::News news = watches_.links.drain();
    if (news.lost || std::any_of(news.names.begin(), news.names.end(),
                                 [this](const std::string& name) { return wants(name); }))
      return look_at_links();
    if (std::exchange(links_pending_, true)) return;
    const auto since = Loop::Clock::now() - links_looked_;
    loop_.after(std::max<Loop::Clock::duration>(kBetweenEvents - since, milliseconds(0)),
                [this] { look_at_links(); });
  }

  [[nodiscard]] bool wants(const std::string& name) const {
    return keeper_.guards() ? keeper_.wants(name) : boot_.wants(name);
  }

  void look_at_links() {
    links_pending_ = false;
    links_looked_ = Loop::Clock::now();
    if (!keeper_.guards()) {
      if (!stopping_) boot_.begin_if_wanted();
    } else if (keeper_.misses_interface() || keeper_.disturbed()) {
      round();
    }
  }

  void on_pin_events() {
    if (!watches_.pins.drain()) return;
    keeper_.let_go_of_replaced();
    if (!troubled_) round_after(kBetweenEvents);
  }

  // ---- signals and children

  void on_signals() {
    for (const int signal : watches_.signals.take()) {
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
    if (std::exchange(reload_again_, false)) return reload();
    round_after(Loop::Clock::duration::zero());
  }

  // ---- the clock

  void on_clock_set() {
    watches_.clock.again();
    check_clock();
  }

  // One that was published before this process began may have been so by another clock.
  void learn_ends() {
    const auto& known = keeper_.known();
    ends_.judged_by(known ? known->generation : 0, read_clocks(), keeper_.newest(),
                    std::exchange(published_by_, std::nullopt));
    check_clock();
  }

  // What waits for its confirmation is not published again; the round that sees it end asks anew.
  void check_clock() {
    const Now now = read_clocks();
    const auto why = ends_.why_anew(now, keeper_.newest());
    if (!why || !keeper_.guards() || keeper_.waits_for_confirmation()) return;
    const bool started = children_.start(
        "again",
        [this] {
          keeper_ = Keeper(places_);  // what is replaced does not wait for the child's descriptors
          return publish_again_now(places_);
        },
        [this, now](int status) {
          if (status == 0) return ends_.agree_with(now, keeper_.newest());
          check_clock_later();
        });
    if (started) tell({Level::kNotice, "clock", *why + ": ends of ranges are computed anew"});
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
    if (!clock_check_due_) check_clock();
    if (!keeper_.guards() || children_.runs("again")) return;
    children_.start(
        "save", [this] { return save_used_now(places_, keeper_.newest()); }, [](int) {});
  }

  void save_at_end() {
    if (keeper_.guards()) (void)save_used_now(places_, keeper_.newest());
  }

  void compare() {
    if (!keeper_.known()) return;
    const bool started = children_.start(
        "compare", [this] { return files_differ(places_); },
        [this](int status) {
          keeper_.set_unapplied(status != 0);
          take_snapshot_now();
          textfile_.make_due();
        });
    compare_again_ = !started;
  }

  void take_snapshot_now() {
    if (files_.changed() || compare_again_) compare();
    // Confirming may touch no pin that is watched.
    if (keeper_.was_confirmed()) round_after(Loop::Clock::duration::zero());
    const auto world = keeper_.view();
    if (!world) return tell({Level::kError, "snapshot", world.error().message});
    Standing standing = keeper_.standing(*world);
    say_status(standing);
    lost_ = events_.lost(datapath::count_denied(standing.status.counters));
    const auto written = write_snapshot(places_.run_dir, take_snapshot(std::move(standing), lost_));
    if (!written) tell({Level::kError, "snapshot", written.error().message});
  }

  void say_status(const Standing& standing) {
    const std::string text = describe(standing) + reloaded_;
    if (text == said_) return;
    said_ = text;
    notify(status(text));
  }

  static std::string describe(const Standing& standing) {
    if (!standing.status.generation) return "nothing is in force";
    const auto& interfaces = standing.status.interfaces;
    const auto attached = std::count_if(interfaces.begin(), interfaces.end(),
                                        [](const auto& each) { return each.attached; });
    return fmt::format(
        "generation {}, {}, {} of {} interfaces attached", *standing.status.generation,
        standing.status.mode ? to_string(*standing.status.mode) : "?", attached, interfaces.size());
  }

  // Whether one more of this kind is to be said.
  bool may_say(Level level, const std::string& kind) {
    const auto answer = messages_.ask(kind, Loop::Clock::now());
    if (answer.withheld > 0)
      say(level,
          fmt::format("apiguard: {} more messages like the next were not shown", answer.withheld));
    return answer.allowed;
  }

  void tell(const Message& message) {
    if (may_say(message.level, message.kind)) say(message.level, "apiguard: " + message.text);
  }

  bool tell_event(const Event& event) {
    if (!may_say(event.level, event.kind)) return false;
    say(event.level, event.text, event.fields);
    return true;
  }

  Places places_;
  Watches watches_;
  Loop loop_;
  Keeper keeper_;
  Children children_;
  Events events_;
  FileWatch files_;
  report::Lost lost_;  // as of the last snapshot
  Textfile textfile_;
  RateLimit messages_;
  Boot boot_;

  std::optional<Loop::Clock::time_point> round_due_;
  bool troubled_ = false;  // the last round left something undone
  bool links_pending_ = false;
  Loop::Clock::time_point links_looked_;
  bool stopping_ = false;
  bool reload_again_ = false;
  std::string reloaded_;  // what STATUS says of a reload that failed
  std::string said_;
  bool compare_again_ = false;
  std::optional<Timestamp> published_by_;  // what the state says of the publish before we began
  Ends ends_;
  bool clock_check_due_ = false;
};

Result<Watches> open_watches(const Places& places) {
  auto signals = Signals::open();
  if (!signals) return fail(signals.error());
  auto links = LinkEvents::open();
  if (!links) return fail(links.error());
  auto pins = PinWatch::open(places.pin_dir);
  if (!pins) return fail(pins.error());
  auto clock = ClockWatch::open();
  if (!clock) return fail(clock.error());
  return Watches{std::move(*signals), std::move(*links), std::move(*pins), std::move(*clock)};
}

}  // namespace

Result<Exit> supervise(const Places& places, const std::string& textfile) {
  const auto alone = Lock::take(places.run_dir, "run", kPredecessor, kSupervisorLock);
  if (!alone) return fail(alone.error());
  auto watches = open_watches(places);
  if (!watches) return fail(watches.error());
  Supervisor(places, textfile, std::move(*watches)).run();
  return Exit::kDone;
}

}  // namespace apiguard::service
