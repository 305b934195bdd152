// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/cli/waiting.hpp"

#include <poll.h>
#include <unistd.h>

#include <array>
#include <string_view>

#include <fmt/format.h>

#include "loader/base/duration.hpp"
#include "loader/base/fence.hpp"
#include "loader/base/time.hpp"
#include "loader/cli/asking.hpp"
#include "loader/cli/reading.hpp"
#include "loader/cli/settling.hpp"
#include "loader/datapath/confirmation.hpp"
#include "loader/host/clock.hpp"
#include "loader/host/detached.hpp"
#include "loader/host/lock.hpp"
#include "loader/host/progress.hpp"
#include "loader/publish/attach_missing.hpp"
#include "loader/publish/confirm.hpp"
#include "loader/publish/look.hpp"
#include "loader/service/tracing.hpp"

namespace apiguard::cli {
namespace {

using std::chrono::seconds;

// Whole seconds, rounded up: "1 s left" until there is none.
seconds seconds_left(BootTime deadline) {
  const BootTime now = read_clocks().boot;
  return now >= deadline ? 0s : std::chrono::ceil<seconds>(deadline - now);
}

std::string wall_time(BootTime deadline) {
  const Now now = read_clocks();
  return format_timestamp(std::chrono::time_point_cast<seconds>(now.wall + (deadline - now.boot)));
}

Exit undone(std::uint64_t generation) {
  note(fmt::format("generation {}: undone, because it was not confirmed", generation));
  return Exit::kRolledBack;
}

// What has become of it while nobody held the lock.
enum class Fate { kWaits, kConfirmed, kUndone };

// The newest edition of it that is pinned: a lease may have published another one meanwhile.
datapath::Edition newest_of(const datapath::Pins& pins, std::uint64_t generation) {
  datapath::Edition newest{generation, 0};
  const auto live = pins.read();
  if (!live) return newest;
  for (const datapath::PinnedGeneration& pinned : live->generations) {
    if (pinned.which.generation == generation) newest = std::max(newest, pinned.which);
  }
  return newest;
}

Fate fate_of(const Host& host, std::uint64_t generation) {
  const datapath::Pins& pins = host.pins;
  const auto deadline = datapath::read_deadline(pins, newest_of(pins, generation));
  if (!deadline) return Fate::kUndone;
  if (!*deadline) return Fate::kConfirmed;
  return seconds_left(**deadline) > 0s ? Fate::kWaits : Fate::kUndone;
}

enum class Answer { kNone, kYes, kNo, kNobody };

// At most a second. An empty line is no answer; the end of the input is nobody to ask.
Answer read_answer(bool listen) {
  pollfd input{STDIN_FILENO, POLLIN, 0};
  if (poll(&input, listen ? 1 : 0, 1000) <= 0) return Answer::kNone;
  std::array<char, 256> line{};
  const ssize_t length = read(STDIN_FILENO, line.data(), line.size());
  if (length <= 0) return Answer::kNobody;
  std::string_view word(line.data(), static_cast<std::size_t>(length));
  word = word.substr(0, word.find('\n'));
  if (word == "y" || word == "Y" || word == "yes") return Answer::kYes;
  if (word == "n" || word == "N" || word == "no") return Answer::kNo;
  return Answer::kNone;
}

void show_question(std::uint64_t generation, seconds left) {
  fmt::print(stderr, "\r\x1b[KKeep generation {}? [y/n] {} left ", generation, show_duration(left));
  std::fflush(stderr);
}

// Undoes it now, if that has not happened by itself, and puts back the files.
Result<Exit> undo(const CommandLine& line, std::uint64_t generation) {
  const auto world = publish::look(line.host);
  if (!world) return fail(world.error());
  const bool waits = world->window && world->window->generation == generation;
  if (waits && !world->window->deadline) return Exit::kDone;  // confirmed by another verb
  if (waits) {
    const auto messages = publish::undo(line.host, *world);
    if (!messages) return fail(messages.error());
    for (const std::string& message : *messages) note(message);
    service::trace_ending(line.host, {generation, false}, line.command);
  }
  if (const auto settled = look_and_settle(line.host, false); !settled)
    return fail(settled.error());
  return undone(generation);
}

// With the lock. A verb that was overtaken has no other answer than that.
template <typename Work>
Result<Exit> locked(const CommandLine& line, const Work& work) {
  const auto lock = take_lock(line, Ways::kWaits);
  if (!lock) return fail(lock.error());
  Result<Exit> exit = work();
  if (auto ours = fence::check(); !ours) return fail(ours.error());
  return exit;
}

Result<Exit> undo_now(const CommandLine& line, std::uint64_t generation) {
  return locked(line, [&] { return undo(line, generation); });
}

// A confirmation is never taken back. Where it does not hold is said.
Result<Exit> where_it_runs(const Host& host, std::uint64_t generation) {
  const auto world = publish::look(host);
  if (!world) return fail(world.error());
  std::vector<std::string> open = publish::unguarded(*world, read_detached(host.run_dir));
  for (const datapath::LinkState& link : world->live.links) {
    if (!link.point.gone() && link.generation != generation)
      open.push_back(datapath::target_of(link).name);
  }
  if (open.empty()) return Exit::kDone;
  return fail(Exit::kFailed,
              fmt::format("interface '{}': generation {} is confirmed and kept, and not in force "
                          "there: 'apiguard apply' puts it there",
                          fmt::join(open, "', '"), generation));
}

Result<Exit> confirm(const CommandLine& line) {
  const auto before = publish::look(line.host);
  if (!before) return fail(before.error());
  const auto window = before->window;
  if (window && window->open()) {
    const auto messages = publish::confirm(line.host, *before);
    if (!messages) return fail(messages.error());
    if (auto ours = fence::check(); !ours) return fail(ours.error());
    service::trace_ending(line.host, {window->generation, true}, line.command);
    for (const std::string& message : *messages) note(message);
    print(fmt::format("generation {} is confirmed", window->generation));
    return where_it_runs(line.host, window->generation);
  }
  const auto world = look_and_settle(line.host, false);
  if (!world) return fail(world.error());
  if (window && window->expired) return undone(window->generation);
  const std::uint64_t newest = world->stored.empty() ? 0 : world->stored.back();
  const auto meta = line.host.state.read_meta(newest);
  if (meta && meta->undone) return undone(newest);
  print(window ? fmt::format("generation {} is confirmed", window->generation)
               : "no change is pending confirmation");
  return Exit::kDone;
}

}  // namespace

std::string describe_window(BootTime deadline) {
  return fmt::format("undone in {}, at {}, unless 'apiguard confirm' keeps it",
                     show_duration(seconds_left(deadline)), wall_time(deadline));
}

Error refuse_in_window(const publish::PendingConfirmation& window) {
  return {fmt::format("generation {}: not confirmed yet: {}, or 'apiguard rollback' undoes "
                      "it now; no other change until then",
                      window.generation, describe_window(*window.deadline)),
          Exit::kFailed, 0};
}

Result<Exit> confirm_now(const CommandLine& line) {
  return locked(line, [&] { return confirm(line); });
}

Result<Exit> wait_for_answer(const CommandLine& line, std::uint64_t generation, BootTime deadline) {
  progress::step("");  // the terminal is the question's
  bool listen = true;
  const Interruptible noted;
  while (true) {
    if (Interruptible::came()) {
      Interruptible::end(
          fmt::format("generation {}: is in force and not kept: {}; 'apiguard "
                      "rollback' undoes it now",
                      generation, describe_window(deadline)));
    }
    const Fate fate = fate_of(line.host, generation);
    if (fate == Fate::kWaits) show_question(generation, seconds_left(deadline));
    if (fate != Fate::kWaits) fmt::print(stderr, "\n");
    if (fate == Fate::kConfirmed) {
      note(fmt::format("generation {}: was confirmed by another command", generation));
      return Exit::kDone;
    }
    if (fate == Fate::kUndone) return undo_now(line, generation);
    const Answer answer = read_answer(listen);
    if (answer == Answer::kYes) return confirm_now(line);
    if (answer == Answer::kNo) return undo_now(line, generation);
    if (answer == Answer::kNobody) listen = false;
  }
}

}  // namespace apiguard::cli
