// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Output that nobody reads: a process of its own, with such a standard error, says something and
// reports by its exit status. It hangs where it waits; then the test ends by its timeout.
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <csignal>
#include <functional>
#include <string>
#include <thread>

#include "loader/base/fd.hpp"
#include "loader/host/journal.hpp"
#include "loader/host/outlet.hpp"
#include "loader/service/notify.hpp"
#include "tests/support/catch.hpp"

namespace apiguard {
namespace {

struct Ends {
  Fd read;
  Fd write;
};

Ends make_pipe() {
  std::array<int, 2> fds{};
  REQUIRE(pipe(fds.data()) == 0);
  return {Fd(fds[0]), Fd(fds[1])};
}

Ends make_sockets() {
  std::array<int, 2> fds{};
  REQUIRE(socketpair(AF_UNIX, SOCK_STREAM, 0, fds.data()) == 0);
  return {Fd(fds[0]), Fd(fds[1])};
}

// The terminal that nobody reads is one whose output was stopped, as by Ctrl-S.
Ends make_terminal() {
  Fd master(posix_openpt(O_RDWR | O_NOCTTY));
  REQUIRE(master);
  REQUIRE(grantpt(master.get()) == 0);
  REQUIRE(unlockpt(master.get()) == 0);
  Fd terminal(open(ptsname(master.get()), O_RDWR | O_NOCTTY));
  REQUIRE(terminal);
  return {std::move(master), std::move(terminal)};
}

// Whether anything went in.
bool fill_once(int fd) {
  bool wrote = false;
  for (const std::size_t size : {std::size_t{4096}, std::size_t{1}}) {
    const std::string text(size, 'x');
    while (write(fd, text.data(), size) > 0) wrote = true;
  }
  return wrote;
}

// A terminal passes on what was written in its own time, and has room once more.
void fill(int fd) {
  constexpr int kQuiet = 5;
  REQUIRE(fcntl(fd, F_SETFL, O_NONBLOCK) == 0);
  for (int quiet = 0; quiet < kQuiet; quiet = fill_once(fd) ? 0 : quiet + 1)
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  REQUIRE(fcntl(fd, F_SETFL, 0) == 0);
}

std::string drain(int fd) {
  REQUIRE(fcntl(fd, F_SETFL, O_NONBLOCK) == 0);
  std::string all;
  std::array<char, 65536> buffer{};
  for (ssize_t got = 0; (got = read(fd, buffer.data(), buffer.size())) > 0;)
    all.append(buffer.data(), static_cast<std::size_t>(got));
  return all;
}

int status_of(const Ends& ends, const std::function<int()>& work) {
  const pid_t child = fork();
  if (child == 0) {
    dup2(ends.write.get(), STDERR_FILENO);
    (void)signal(SIGPIPE, SIG_IGN);
    outlet::wait_as_verbs_do();
    _exit(work());
  }
  int status = 0;
  REQUIRE(waitpid(child, &status, 0) == child);
  REQUIRE(WIFEXITED(status));
  return WEXITSTATUS(status);
}

int dropped() { return static_cast<int>(outlet::dropped()); }

int say_three_times() {
  outlet::never_wait();
  for (int i = 0; i < 3; ++i) outlet::put(STDERR_FILENO, "a message\n");
  return dropped();
}

bool shares_nonblocking(int fd) { return (fcntl(fd, F_GETFL) & O_NONBLOCK) != 0; }

TEST_CASE(
    "who never waits drops what has no room, whatever stderr is, and leaves its file as it was") {
  for (const auto& make : {make_pipe, make_sockets, make_terminal}) {
    const Ends ends = make();
    CHECK(status_of(ends, say_three_times) == 0);
    fill(ends.write.get());
    CHECK(status_of(ends, say_three_times) == 3);
    CHECK_FALSE(shares_nonblocking(ends.write.get()));
  }
}

TEST_CASE("the same where no file can be opened anew") {
  const Ends ends = make_pipe();
  fill(ends.write.get());
  CHECK(status_of(ends, [] {
          const int all = open("/dev/null", O_RDONLY);  // the next number would be above the limit
          const rlimit none{static_cast<rlim_t>(all), static_cast<rlim_t>(all)};
          if (all < 0 || setrlimit(RLIMIT_NOFILE, &none) != 0) return 99;
          return say_three_times();
        }) == 3);
}

TEST_CASE("a reader that is gone is dropped for, and ends nobody") {
  for (const auto& make : {make_pipe, make_sockets}) {
    Ends ends = make();
    ends.read = Fd();
    CHECK(status_of(ends, say_three_times) == 3);
  }
}

TEST_CASE(
    "once there is room again it is told how many were dropped, and a cut message ends first") {
  const Ends ends = make_sockets();
  fill(ends.write.get());
  const int reader = ends.read.get();
  CHECK(status_of(ends, [reader] {
          const int lost = say_three_times();
          (void)drain(reader);
          outlet::catch_up();
          outlet::put(STDERR_FILENO, "and on\n");
          return lost;
        }) == 3);
  CHECK(drain(reader) == "apiguard: 3 messages were dropped because nobody read them\nand on\n");
}

TEST_CASE("a message is never torn: what was cut comes before the next") {
  const Ends ends = make_sockets();
  const int reader = ends.read.get();
  std::string all;
  CHECK(status_of(ends, [reader] {
          outlet::never_wait();
          std::string got;
          for (int i = 0; i < 400; ++i) {
            outlet::put(STDERR_FILENO, std::string(999, static_cast<char>('a' + i % 26)) + "\n");
            if (i % 300 == 299) got += drain(reader);
          }
          got += drain(reader);
          outlet::catch_up();
          got += drain(reader);
          for (std::size_t at = 0; at < got.size();) {
            const std::size_t end = got.find('\n', at);
            if (end == std::string::npos) return 1;
            const std::string line = got.substr(at, end - at);
            const bool whole =
                line.size() == 999 && line.find_first_not_of(line[0]) == std::string::npos;
            if (!whole && line.find("were dropped") == std::string::npos) return 2;
            at = end + 1;
          }
          return outlet::dropped() > 0 ? 0 : 3;
        }) == 0);
}

TEST_CASE("a verb that others wait for does not wait for its reader, and loses nothing") {
  const Ends ends = make_pipe();
  fill(ends.write.get());
  const int reader = ends.read.get();
  CHECK(status_of(ends, [reader] {
          {
            const outlet::Hurry hurry;
            const outlet::Hurry moved = hurry;
            outlet::put(STDERR_FILENO, "one\n");
            outlet::put(STDERR_FILENO, "two\n");
            (void)drain(reader);
          }
          return dropped();
        }) == 0);
  CHECK(drain(reader) == "one\ntwo\n");
}

TEST_CASE("what is shown only if there is room is not shown where there is none") {
  const Ends ends = make_pipe();
  fill(ends.write.get());
  CHECK(status_of(ends, [] {
          outlet::put_if_room(STDERR_FILENO, "on the way\n");
          return dropped();
        }) == 0);
}

TEST_CASE("a mark is read back as it was written") {
  for (const Level level : {Level::kError, Level::kWarning, Level::kNotice, Level::kInfo}) {
    std::string line = marked(level, "text", true);
    line.pop_back();
    CHECK(read_mark(line).level == level);
    CHECK(read_mark(line).text == "text");
  }
  CHECK(read_mark("<0>x").level == Level::kError);
  CHECK(read_mark("<7>x").level == Level::kInfo);
  for (const char* line : {"", "<", "<3", "<3 x", "<a>x", "<8>x", "3>x", "text"}) {
    CHECK(read_mark(line).level == Level::kInfo);
    CHECK(read_mark(line).text == line);
  }
}

TEST_CASE("what a manager could not be told: of each kind the newest, in the order it happened") {
  service::Untold untold;
  CHECK(untold.keep("READY=1"));
  CHECK(untold.keep("STATUS=a"));
  CHECK_FALSE(untold.keep("STATUS=b"));
  CHECK_FALSE(untold.keep("WATCHDOG=1"));
  CHECK(untold.keep("STOPPING=1"));
  std::string all;
  for (; !untold.empty(); untold.told()) all += untold.front() + " ";
  CHECK(all == "READY=1 STATUS=b STOPPING=1 ");
}

}  // namespace
}  // namespace apiguard
