// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/service/supervisor.hpp"

#include <csignal>

#include <chrono>
#include <string>
#include <utility>

#include "loader/host/outlet.hpp"
#include "loader/ledger/counters.hpp"
#include "loader/service/alone.hpp"
#include "loader/service/beginning.hpp"
#include "loader/service/boot.hpp"
#include "loader/service/busy.hpp"
#include "loader/service/children.hpp"
#include "loader/service/events.hpp"
#include "loader/service/file_watch.hpp"
#include "loader/service/interface_watch.hpp"
#include "loader/service/keeper.hpp"
#include "loader/service/log.hpp"
#include "loader/service/loop.hpp"
#include "loader/service/notify.hpp"
#include "loader/service/paced_task.hpp"
#include "loader/service/reload.hpp"
#include "loader/service/republish.hpp"
#include "loader/service/signals.hpp"
#include "loader/service/snapshot.hpp"
#include "loader/service/textfile.hpp"
#include "loader/service/tracing.hpp"
#include "loader/service/watches.hpp"
#include "loader/service/work.hpp"

namespace apiguard::service {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr auto kLook = milliseconds(500);              // at links, which nobody gives notice of
constexpr auto kBetweenPinEvents = milliseconds(100);  // which come in crowds
constexpr auto kRetry = seconds(5);                    // something could not be put right
constexpr auto kLookAtClock = seconds(10);  // that it became synchronised nobody gives notice of
constexpr auto kEvents = seconds(1);        // that the program told
constexpr auto kLookAtMetrics = seconds(1);
constexpr auto kSave = std::chrono::minutes(5);
constexpr auto kLongestStop = seconds(15);

class Supervisor {
 public:
  Supervisor(Host host, const std::string& textfile, Watches watches, Alone alone)
      : host_(std::move(host)),
        watches_(std::move(watches)),
        alone_(std::move(alone)),
        rounds_(loop_, [this] { round(); }),
        keeper_(host_),
        children_(host_, loop_,
                  [this](const std::string& name, const Marked& line) { log_.hear(name, line); }),
        events_(host_, log_),
        files_(host_.config),
        textfile_(host_, textfile, children_, log_),
        busy_(host_.run_dir),
        boot_(host_, children_, log_, rounds_),
        reload_(loop_, children_, log_, rounds_),
        republish_(host_, loop_, keeper_, children_, log_, rounds_),
        interfaces_(loop_, keeper_, boot_, rounds_) {}

  void run() {
    for (const std::string& message : watches_.messages)
      log_.tell({Level::kWarning, "watch", message});
    watch();
    rounds_.run();
    notify("READY=1");
    loop_.run();
    notify("STOPPING=1");
    save_at_end();
  }

 private:
  // What else is to be done now and then, or when a descriptor says so, is one more line here.
  void watch() {
    if (watches_.signals.fd() >= 0) loop_.watch(watches_.signals.fd(), [this] { on_signals(); });
    if (watches_.links)
      loop_.watch(watches_.links->fd(), [this] { interfaces_.on_news(watches_.links->drain()); });
    if (watches_.pins.fd() >= 0) loop_.watch(watches_.pins.fd(), [this] { on_pin_events(); });
    if (watches_.clock) loop_.watch(watches_.clock->fd(), [this] { on_clock_set(); });
    loop_.every(kLook, [this] { look(); });
    loop_.every(kLookAtClock, [this] { republish_.look(); });
    loop_.every(kSnapshotEvery, [this] {
      log_.tell_if(alone_.stay());
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

  void round() {
    const Keeper::Round round = keeper_.round();
    for (const Message& message : round.messages) log_.tell(message);
    if (!round.repairs.empty() && log_.takes(Level::kWarning, "repair"))
      trace_repair(round.repairs, keeper_.generation());
    if (round.outcome == Keeper::Outcome::kBusy) {
      log_.tell_if(busy_.held(Loop::Clock::now()));
      return rounds_.after(busy_.pause());
    }
    log_.tell_if(busy_.released(Loop::Clock::now()));
    act_upon(round);
    rounds_.ended();
  }

  void act_upon(const Keeper::Round& round) {
    watches_.pins.arm();
    tell_if_unwatched();
    troubled_ = round.outcome == Keeper::Outcome::kTryLater;
    if (troubled_) rounds_.after(kRetry);
    if (round.new_generation) {
      events_.begin_anew();
      republish_.learn_ends();
      compare();
    } else {
      republish_.look();
    }
    if (keeper_.guards()) {
      boot_.not_needed();
    } else {
      boot_.begin_if_wanted();
    }
    take_snapshot_now();
    textfile_.make_due();
  }

  // What nobody gives notice of. After a failure the next try has its time.
  void look() {
    if (watches_.signals.fd() < 0) on_signals();
    if (!watches_.links) interfaces_.look();
    if (!watches_.clock) republish_.look();
    if (troubled_) return;
    if (keeper_.disturbed() || watches_.pins.moved() || lost_pin_unseen())
      rounds_.after(Span::zero());
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
    log_.tell(unwatched ? Message{Level::kWarning, "watch", instead(*watches_.pins.unwatched())}
                        : Message{Level::kNotice, "watch", "pins: are watched"});
  }

  void on_pin_events() {
    if (!watches_.pins.drain()) return;
    keeper_.drop_replaced();
    if (troubled_) return;
    // A verb that comes now would take our own program for that of somebody else. But pins come and
    // go in crowds.
    const bool at_once =
        keeper_.lost_pin() && rounds_.last() + kBetweenPinEvents < Loop::Clock::now();
    rounds_.after(at_once ? Span::zero() : kBetweenPinEvents);
  }

  // ---- signals and children

  void on_signals() {
    for (const int signal : Signals::take()) {
      if (signal == SIGCHLD) {
        children_.reap();
      } else if (signal == SIGHUP) {
        reload_.begin();
      } else {
        stop();
      }
    }
    if (stopping_ && !children_.any()) loop_.stop();
  }

  // A publish that is under way is not cut short.
  void stop() {
    if (std::exchange(stopping_, true)) return;
    boot_.stop();
    loop_.after(kLongestStop, [this] { loop_.stop(); });
  }

  void on_clock_set() {
    watches_.clock->again();
    republish_.begin_if_wanted();
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

  void take_snapshot_now() {
    if (files_.changed() || compare_again_) compare();
    // Confirming may touch no pin that is watched.
    if (keeper_.was_confirmed()) rounds_.after(Span::zero());
    const auto world = keeper_.view();
    if (!world) return log_.tell({Level::kError, "snapshot", world.error().message});
    status::StatusReport standing = keeper_.standing(*world);
    if (!busy_.problem().empty()) standing.problems.push_back(busy_.problem());
    tell_beginning(standing);
    say_status(standing);
    lost_ = events_.lost(ledger::count_denied(standing.status.counters));
    lost_.messages = outlet::dropped();
    const auto written = write_snapshot(host_.run_dir, take_snapshot(std::move(standing), lost_));
    if (!written) log_.tell({Level::kError, "snapshot", written.error().message});
  }

  void say_status(const status::StatusReport& standing) {
    const std::string text = describe_shortly(standing) + reload_.failure();
    if (text == said_) return;
    said_ = text;
    notify(status(text));
  }

  void tell_beginning(const status::StatusReport& standing) {
    if (std::exchange(told_beginning_, true)) return;
    log_.tell({Level::kNotice, "beginning", describe_beginning(standing, boot_.waits_for())});
  }

  Host host_;
  Watches watches_;
  Alone alone_;
  Loop loop_;
  Log log_;
  PacedTask rounds_;
  Keeper keeper_;
  Children children_;
  Events events_;
  FileWatch files_;
  // as of the last snapshot
  report::Lost lost_;
  Textfile textfile_;
  Busy busy_;
  Boot boot_;
  Reload reload_;
  Republish republish_;
  InterfaceWatch interfaces_;

  // the last round left something undone
  bool troubled_ = false;
  bool pins_unwatched_ = false;
  bool told_beginning_ = false;
  bool stopping_ = false;
  std::string said_;
  bool compare_again_ = false;
};

}  // namespace

Result<Exit> supervise(const Host& host, const std::string& textfile) {
  // Messages to a reader that is gone are no reason to end, and none is waited for.
  (void)signal(SIGPIPE, SIG_IGN);
  outlet::never_wait();
  auto alone = Alone::begin(host.run_dir);
  if (!alone) return fail(alone.error());
  auto watches = open_watches(host);
  if (!watches) return fail(watches.error());
  Supervisor(host, textfile, std::move(*watches), std::move(*alone)).run();
  return Exit::kDone;
}

}  // namespace apiguard::service
