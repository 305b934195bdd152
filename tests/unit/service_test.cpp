// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The parts of the supervisor that are values in, values out.
#include <fcntl.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "loader/base/time.hpp"
#include "loader/host/journal.hpp"
#include "loader/publish/republish.hpp"
#include "loader/report/counted.hpp"
#include "loader/report/snapshot.hpp"
#include "loader/service/ends.hpp"
#include "loader/service/file_watch.hpp"
#include "loader/service/loop.hpp"
#include "loader/service/notify.hpp"
#include "loader/service/paced_task.hpp"
#include "loader/service/rate.hpp"
#include "loader/service/snapshot.hpp"
#include "loader/status/counting.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/folder.hpp"

namespace apiguard::service {

using namespace status;

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

TEST_CASE("a journal gets the priority in front of every line, a terminal nothing") {
  CHECK(marked(Level::kError, "one", true) == "<3>one\n");
  CHECK(marked(Level::kWarning, "one\n  two\n", true) == "<4>one\n<4>  two\n");
  CHECK(marked(Level::kNotice, "", true) == "<5>\n");
  CHECK(marked(Level::kInfo, "one\ntwo", false) == "one\ntwo\n");
}

TEST_CASE("stderr is a journal only if JOURNAL_STREAM names it") {
  unsetenv("JOURNAL_STREAM");
  CHECK_FALSE(on_journal());
  setenv("JOURNAL_STREAM", "1:1", 1);
  CHECK_FALSE(on_journal());
  setenv("JOURNAL_STREAM", stream_name(STDERR_FILENO).c_str(), 1);
  CHECK(on_journal());
  // Stderr is redirected behind the variable's back.
  const test::Folder folder;
  const int stderr_before = dup(STDERR_FILENO);
  const int file = open((folder / "err").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  REQUIRE(dup2(file, STDERR_FILENO) == STDERR_FILENO);
  const bool still_named = on_journal();
  setenv("JOURNAL_STREAM", stream_name(file).c_str(), 1);
  const bool named = on_journal();
  REQUIRE(dup2(stderr_before, STDERR_FILENO) == STDERR_FILENO);
  CHECK_FALSE(still_named);
  CHECK(named);
  CHECK_FALSE(on_journal());
  close(stderr_before);
  close(file);
  unsetenv("JOURNAL_STREAM");
}

TEST_CASE("so many messages of a kind in an interval, the rest is counted and told once") {
  RateLimit limit(2, seconds(60));
  const RateLimit::Time start;
  CHECK(limit.ask("a", start).allowed);
  CHECK(limit.ask("a", start + seconds(1)).allowed);
  CHECK_FALSE(limit.ask("a", start + seconds(2)).allowed);
  CHECK_FALSE(limit.ask("a", start + seconds(59)).allowed);
  CHECK(limit.ask("b", start + seconds(59)).allowed);
  const auto later = limit.ask("a", start + seconds(60));
  CHECK(later.allowed);
  CHECK(later.withheld == 2);
  CHECK(limit.ask("a", start + seconds(61)).withheld == 0);
}

TEST_CASE("the watchdog is fed at half of its time, if it is ours") {
  CHECK(watchdog_interval("30000000", nullptr, 7) == milliseconds(15000));
  CHECK(watchdog_interval("30000000", "7", 7) == milliseconds(15000));
  CHECK_FALSE(watchdog_interval("30000000", "8", 7));
  CHECK_FALSE(watchdog_interval(nullptr, nullptr, 7));
  for (const char* text : {"", "x", "-1", "0", "1", "30s", "99999999999999999999999"}) {
    INFO(text);
    CHECK_FALSE(watchdog_interval(text, nullptr, 7));
  }
}

TEST_CASE("what a service manager is told") {
  CHECK(reloading(std::chrono::microseconds(1234567)) == "RELOADING=1\nMONOTONIC_USEC=1234567");
  CHECK(status("a\nb") == "STATUS=a b");
}

// Seconds.
Now clocks_at(std::int64_t wall, std::int64_t boot) {
  return {.wall = Timestamp(wall * 1s), .boot = BootTime(boot * 1s)};
}
Timestamp offset_of(const Now& clocks) { return clock_offset(clocks); }

TEST_CASE("ends are computed anew when the clock was set, and only then") {
  Ends ends;
  CHECK_FALSE(ends.why_anew(clocks_at(5000, 10)));  // nothing judges
  ends.judged_by({1, 0}, clocks_at(1000, 10), std::nullopt);
  CHECK_FALSE(ends.why_anew(clocks_at(1300, 310)));
  CHECK(ends.why_anew(clocks_at(1400, 310)) == "the clock was moved by 100 s");
  CHECK(ends.why_anew(clocks_at(1200, 310)) == "the clock was moved by -100 s");
  ends.agree_with(clocks_at(1400, 310));
  CHECK_FALSE(ends.why_anew(clocks_at(1401, 311)));
}

TEST_CASE("the kernel says by which clock the ends were computed") {
  Ends ends;
  // Published while the clock was ahead, and seen once it was right again.
  ends.judged_by({2, 0}, clocks_at(1500, 311), offset_of(clocks_at(9000, 300)));
  CHECK(ends.why_anew(clocks_at(1500, 311)) == "the clock was moved by -7511 s");
  ends.judged_by({3, 0}, clocks_at(1501, 312), offset_of(clocks_at(1501, 312)));
  CHECK_FALSE(ends.why_anew(clocks_at(1502, 313)));
  ends.judged_by({3, 0}, clocks_at(1502, 313), offset_of(clocks_at(2000, 313)));
  CHECK(ends.why_anew(clocks_at(1502, 313)));
}

TEST_CASE("what an unconfirmed change went back to has its ends by the clock before") {
  Ends ends;
  ends.judged_by({1, 0}, clocks_at(1000, 10), std::nullopt);
  ends.judged_by({2, 0}, clocks_at(1100, 110), std::nullopt);
  CHECK(ends.why_anew(clocks_at(9120, 120)));
  ends.judged_by({1, 0}, clocks_at(9130, 130), std::nullopt);
  CHECK(ends.why_anew(clocks_at(9130, 130)) == "the clock was moved by 8010 s");
  ends.judged_by({3, 0}, clocks_at(9131, 131), std::nullopt);
  CHECK_FALSE(ends.why_anew(clocks_at(9132, 132)));
}

TEST_CASE("the operator's files: whatever may have changed them is seen") {
  const test::Folder folder;
  const std::string config = folder.path() + "/apiguard.toml";
  FileWatch watch(config);
  CHECK(watch.changed());
  CHECK_FALSE(watch.changed());
  std::ofstream(config) << "mode = \"off\"\n";
  CHECK(watch.changed());
  CHECK_FALSE(watch.changed());
  std::ofstream(folder.path() + "/authorized-ranges") << "192.0.2.0/24\n";
  CHECK(watch.changed());
  std::filesystem::create_directory(folder.path() + "/authorized-ranges.d");
  CHECK_FALSE(watch.changed());
  std::ofstream(folder.path() + "/authorized-ranges.d/a.list") << "192.0.2.0/24\n";
  CHECK(watch.changed());
  std::ofstream(folder.path() + "/authorized-ranges.d/a.txt") << "nothing\n";
  CHECK_FALSE(watch.changed());
}

TEST_CASE("the loop: timers in their order, once or again and again, and what they add") {
  Loop loop;
  std::string order;
  loop.after(milliseconds(20), [&] { order += 'b'; });
  loop.after(milliseconds(0), [&] {
    order += 'a';
    loop.after(milliseconds(40), [&] {
      order += 'c';
      loop.stop();
    });
  });
  int turns = 0;
  loop.every(milliseconds(5), [&] { ++turns; });
  loop.run();
  CHECK(order == "abc");
  CHECK(turns >= 1);
}

TEST_CASE("the loop: a descriptor that is readable") {
  int ends[2];
  REQUIRE(pipe(ends) == 0);
  Loop loop;
  std::string got;
  loop.watch(ends[0], [&] {
    char c = 0;
    REQUIRE(read(ends[0], &c, 1) == 1);
    got += c;
    if (got.size() == 2) loop.stop();
  });
  REQUIRE(write(ends[1], "xy", 2) == 2);
  loop.run();
  CHECK(got == "xy");
  close(ends[0]);
  close(ends[1]);
}

TEST_CASE("work that many ask for is done once, at the earliest of their times") {
  Loop loop;
  std::string order;
  PacedTask task(loop, [&] { order += 'w'; });
  task.after(milliseconds(40));
  task.after(milliseconds(10));
  task.after(milliseconds(20));
  CHECK(order.empty());
  loop.after(milliseconds(80), [&] { loop.stop(); });
  loop.run();
  CHECK(order == "w");
}

TEST_CASE("work that is done before its time is not done again at that time") {
  Loop loop;
  int done = 0;
  PacedTask task(loop, [&] { ++done; });
  task.after(milliseconds(10));
  task.run();
  CHECK(done == 1);
  task.at(Loop::Clock::now());
  CHECK(done == 2);
  loop.after(milliseconds(30), [&] { loop.stop(); });
  loop.run();
  CHECK(done == 2);
}

TEST_CASE(
    "work that takes long has its share of the time, one that did nothing is asked for again") {
  Loop loop;
  int done = 0;
  bool busy = true;
  std::optional<PacedTask> task;
  task.emplace(loop, [&] {
    ++done;
    std::this_thread::sleep_for(milliseconds(10));
    if (!busy) task->ended();
  });
  task->run();
  task->at(Loop::Clock::now());
  CHECK(done == 2);
  busy = false;
  task->run();
  CHECK(done == 3);
  task->at(Loop::Clock::now());  // waits for four times the ten milliseconds
  CHECK(done == 3);
  loop.after(milliseconds(200), [&] { loop.stop(); });
  loop.run();
  CHECK(done == 4);
  CHECK(task->last() + milliseconds(40) <= Loop::Clock::now());
}

TEST_CASE("what was counted of a long list is good for a while, and for that list alone") {
  report::Counted counted;
  counted.generation = 17;
  counted.next_end = Timestamp(2000s);
  counted.unused = 3;
  counted.boot_id = "this";
  counted.boot = BootTime(100s);
  counted.took = 100ms;
  const Now now{.wall = Timestamp(1000s), .boot = BootTime(1099s)};
  CHECK(is_good(counted, 17, "this", now));
  CHECK_FALSE(is_good(counted, 18, "this", now));
  CHECK_FALSE(is_good(counted, 17, "another", now));
  CHECK_FALSE(is_good(counted, 17, "this", {.wall = now.wall, .boot = BootTime(1100s)}));
  CHECK_FALSE(is_good(counted, 17, "this", {.wall = now.wall, .boot = BootTime(99s)}));
  CHECK_FALSE(is_good(counted, 17, "this", {.wall = *counted.next_end, .boot = now.boot}));
  counted.took = 1ms;  // a short list is counted every minute
  CHECK(is_good(counted, 17, "this", {.wall = now.wall, .boot = BootTime(159s)}));
  CHECK_FALSE(is_good(counted, 17, "this", {.wall = now.wall, .boot = BootTime(160s)}));

  const auto read = report::parse_counted(report::show_counted(counted));
  REQUIRE(read);
  CHECK(*read == counted);
  counted.next_end.reset();
  counted.unused.reset();
  CHECK(report::parse_counted(report::show_counted(counted)).value() == counted);
  CHECK_FALSE(report::parse_counted(""));
  CHECK_FALSE(report::parse_counted("{}"));
}

TEST_CASE("counts of another type, or that none can be, are none") {
  const std::string good = report::show_counted({17, 3, timestamp_of(1'764'000'000), 2, "boot",
                                                 boot_time_of(5), std::chrono::nanoseconds(6)});
  REQUIRE(report::parse_counted(good));
  for (const auto& [from, to] : {std::pair{"\"expiring\": 3", "\"expiring\": -3"},
                                 {"\"expiring\": 3", "\"expiring\": 3.0"},
                                 {"\"expiring\": 3", "\"expiring\": true"},
                                 {"\"generation\": 17", "\"generation\": 18446744073709551616"},
                                 {"\"next_end\": 1764000000", "\"next_end\": \"1764000000\""},
                                 {"\"unused\"", "\"used\""},
                                 {"\"boot_id\": \"boot\"", "\"boot_id\": null"},
                                 {"\"took\": 6", "\"took\": 1e999"}}) {
    std::string text = good;
    REQUIRE(text.find(from) != std::string::npos);
    text.replace(text.find(from), std::string(from).size(), to);
    INFO(text);
    const auto counted = report::parse_counted(text);
    REQUIRE_FALSE(counted);
    CHECK(counted.error().message.starts_with("counted: "));
  }
}

StatusReport a_standing() {
  StatusReport standing;
  report::Status& status = standing.status;
  status.mode = Mode::kAudit;
  status.generation = 17;
  status.confirmed = false;
  status.confirm_deadline = Timestamp(1'764'000'000s);
  status.unapplied = true;
  status.damaged = report::DamagedState{18, 17, "generation '18': digest differs"};
  status.guarded = true;
  status.fingerprint = "abc";
  status.endpoints = {Endpoint{std::nullopt, 6443}, Endpoint{*parse_address("2001:db8::1"), 443}};
  status.ranges4 = 3;
  status.interfaces = {{"eth0", 2, true, XdpMode::kNative, 7U, 8U}, {"en*", {}, false, {}, {}, {}}};
  status.counters.packets[APIGUARD_DROP][APIGUARD_UNLISTED] = 5;
  status.counters.packets[APIGUARD_PASS][APIGUARD_LISTED] = 1ULL << 60;
  standing.problems = {"interface 'en1': not attached"};
  standing.notes = {"a note"};
  return standing;
}

TEST_CASE("a snapshot reads as what it was written from") {
  const report::Snapshot snapshot = take_snapshot(a_standing(), {7, 3});
  const auto read = report::parse_snapshot(report::show_snapshot(snapshot));
  REQUIRE(read);
  CHECK(report::to_json(read->status) == report::to_json(snapshot.status));
  CHECK(report::to_text(read->status, false) == report::to_text(snapshot.status, false));
  CHECK(read->problems == snapshot.problems);
  CHECK(read->notes == snapshot.notes);
  CHECK(read->lost.denied == 7);
  CHECK(read->lost.admitted == 3);
  CHECK(read->boot == snapshot.boot);
  CHECK(read->boot_id == snapshot.boot_id);
}

TEST_CASE("a snapshot knows of filters whose pins are elsewhere") {
  StatusReport standing;
  standing.status.unpinned = {{"eth0", 2, 7, 17, Mode::kEnforce}, {"eth1", 3, 8, 0, Mode::kOff}};
  const auto read = report::parse_snapshot(report::show_snapshot(take_snapshot(standing, {})));
  REQUIRE(read);
  CHECK(report::to_json(read->status).find("\"unpinned\"") != std::string::npos);
  CHECK(report::not_enforced(read->status) ==
        "NOT KNOWN HERE: a filter of apiguard whose pins are not here judges on eth0 (generation "
        "17, mode enforce), eth1 (generation 0, mode off)");
  CHECK(report::not_enforced(read->status) == report::not_enforced(standing.status));
}

TEST_CASE("a snapshot of nothing") {
  const auto read = report::parse_snapshot(report::show_snapshot(take_snapshot({}, {})));
  REQUIRE(read);
  CHECK_FALSE(read->status.generation);
  CHECK_FALSE(read->status.mode);
}

TEST_CASE("a snapshot that is damaged, old or of another boot is none") {
  const test::Folder folder;
  CHECK_FALSE(read_snapshot(folder.path()));
  report::Snapshot snapshot = take_snapshot(a_standing(), {7, 3});
  REQUIRE(write_snapshot(folder.path(), snapshot));
  CHECK(read_snapshot(folder.path()));

  report::Snapshot old = snapshot;
  old.boot = {};
  old.boot_id = "another";
  REQUIRE(write_snapshot(folder.path(), old));
  const auto refused = read_snapshot(folder.path());
  REQUIRE_FALSE(refused);
  CHECK(refused.error().message.find("the supervisor is no longer running") != std::string::npos);

  const std::string text = report::show_snapshot(snapshot);
  for (std::size_t length = 0; length + 2 < text.size(); length += 7) {
    INFO(length);
    CHECK_FALSE(report::parse_snapshot(text.substr(0, length)));
  }
  for (const char* wrong : {"[]", "{}", "null", "7", "\"x\""})
    CHECK_FALSE(report::parse_snapshot(wrong));
}

TEST_CASE("a snapshot with a member of another type is none, and the member is named") {
  StatusReport standing = a_standing();
  standing.status.unpinned = {{"eth0", 2, 7, 17, Mode::kEnforce}};
  standing.status.detached = {{"eth3", std::nullopt, "root", 0}};
  const std::string good = report::show_snapshot(take_snapshot(standing, {7, 3}));
  for (const auto& [pointer, value, named] :
       {std::tuple{"/generation", "17.5", "generation"},
        {"/generation", "true", "generation"},
        {"/confirmed", "1", "confirmed"},
        {"/confirm_deadline", "1764000000", "confirm_deadline"},
        {"/interfaces/0/ifindex", "2147483648", "interfaces"},
        {"/interfaces/0/prog_id", "-1", "interfaces"},
        {"/interfaces/1", "null", "interfaces"},
        {"/unpinned/0/prog_id", "4294967296", "unpinned"},
        {"/detached/0/name", "null", "detached"},
        {"/damaged", "[]", "damaged"},
        {"/damaged/why", "7", "damaged"},
        {"/counters/drop/unlisted", "\"5\"", "counters"},
        {"/counters/pass", "null", "counters"},
        {"/ranges", "[3, 4]", "ranges"},
        {"/leases/barred", "-1", "leases"},
        {"/endpoints", "[6443]", "endpoints"},
        {"/problems", "\"a\"", "problems"},
        {"/events_lost", "7", "events_lost"},
        {"/messages_dropped", "null", "messages_dropped"},
        {"/boot", "-1", "boot"}}) {
    auto json = nlohmann::json::parse(good);
    json[nlohmann::json::json_pointer(pointer)] = nlohmann::json::parse(value);
    INFO(pointer << ' ' << value);
    const auto snapshot = report::parse_snapshot(json.dump());
    REQUIRE_FALSE(snapshot);
    CHECK(snapshot.error().message == "snapshot: '" + std::string(named) + "' is missing or wrong");
  }
}

}  // namespace
}  // namespace apiguard::service
