// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/host/lock.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <thread>

#include "loader/base/fence.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/folder.hpp"

namespace fs = std::filesystem;
using namespace apiguard;
using namespace apiguard::test;
using namespace std::chrono_literals;
using std::chrono::steady_clock;

namespace {

// A process that holds the lock (verb "apply") until it is ended or its time is over.
class Holder {
 public:
  explicit Holder(const std::string& run_dir, std::chrono::milliseconds time = 60s) {
    int ready[2];
    if (pipe(ready) != 0) std::abort();
    pid_ = fork();
    if (pid_ == 0) hold(run_dir, ready[1], time);
    close(ready[1]);
    char byte = 0;
    held_ = read(ready[0], &byte, 1) == 1;
    close(ready[0]);
  }
  Holder(const Holder&) = delete;
  Holder& operator=(const Holder&) = delete;
  ~Holder() { end(); }

  void end() {
    if (pid_ <= 0) return;
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
    pid_ = -1;
  }
  [[nodiscard]] pid_t pid() const { return pid_; }
  [[nodiscard]] bool held() const { return held_; }

 private:
  [[noreturn]] static void hold(const std::string& run_dir, int ready,
                                std::chrono::milliseconds time) {
    const Result<Lock> lock = Lock::take(run_dir, "apply");
    if (lock && write(ready, "x", 1) == 1) std::this_thread::sleep_for(time);
    _exit(0);
  }

  pid_t pid_ = -1;
  bool held_ = false;
};

}  // namespace

TEST_CASE("the lock is a file with pid and verb that stays") {
  Folder folder;
  const std::string run = folder / "run/apiguard";
  const mode_t before = umask(077);
  {
    const Result<Lock> lock = Lock::take(run, "allow 203.0.113.0/24");
    REQUIRE(lock);
    CHECK(get(run + "/lock") == std::to_string(getpid()) + " allow 203.0.113.0/24\nnumber 1\n");
  }
  umask(before);
  CHECK(mode_of(run) == 0755);
  CHECK(mode_of(run + "/lock") == 0600);
  REQUIRE(Lock::take(run, "apply"));
  CHECK(get(run + "/lock") == std::to_string(getpid()) + " apply\nnumber 2\n");
}

TEST_CASE("a second taker gives up in time and names the holder") {
  Folder folder;
  const Holder holder(folder.path());
  REQUIRE(holder.held());
  const steady_clock::time_point start = steady_clock::now();
  const Result<Lock> lock = Lock::take(folder.path(), "allow", 200ms);
  const auto waited = steady_clock::now() - start;
  REQUIRE_FALSE(lock);
  CHECK(lock.error().message == "lock '" + folder / "lock" + "': held by pid " +
                                    std::to_string(holder.pid()) +
                                    " (apply): gave up after 200 ms; wait for it or end it");
  CHECK(lock.error().exit == Exit::kFailed);
  CHECK(waited >= 200ms);
  CHECK(waited < 5s);
}

TEST_CASE("within one process too, and whole seconds are shown as such") {
  Folder folder;
  const Result<Lock> first = Lock::take(folder.path(), "apply");
  REQUIRE(first);
  const Result<Lock> second = Lock::take(folder.path(), "apply", 1s);
  REQUIRE_FALSE(second);
  CHECK(second.error().message.find("gave up after 1 s;") != std::string::npos);
}

TEST_CASE("without patience it is tried once") {
  Folder folder;
  CHECK(Lock::take(folder.path(), "apply", 0s));
  const Holder holder(folder.path());
  CHECK_FALSE(Lock::take(folder.path(), "apply", 0s));
}

TEST_CASE("a killed holder blocks nobody") {
  Folder folder;
  Holder holder(folder.path());
  REQUIRE(holder.held());
  holder.end();
  CHECK(Lock::take(folder.path(), "apply", 0s));
}

TEST_CASE("whoever waits gets the lock when it comes free") {
  Folder folder;
  const Holder holder(folder.path(), 300ms);
  REQUIRE(holder.held());
  CHECK(Lock::take(folder.path(), "apply", 10s));
}

TEST_CASE("programs that the holder starts do not hold it on") {
  Folder folder;
  Result<Lock> lock = Lock::take(folder.path(), "edit");
  REQUIRE(lock);
  const pid_t child = fork();
  if (child == 0) {
    execl("/bin/sleep", "sleep", "30", nullptr);
    _exit(127);
  }
  std::this_thread::sleep_for(200ms);  // past exec
  lock = fail(Exit::kFailed, "released");
  CHECK(Lock::take(folder.path(), "apply", 1s));
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
}

TEST_CASE("a holder that has not written its name yet, or nonsense, is another process") {
  Folder folder;
  const Result<Lock> lock = Lock::take(folder.path(), "apply");
  REQUIRE(lock);
  const auto message = [&](const std::string& text) {
    put(folder / "lock", text, 0600);
    const Result<Lock> second = Lock::take(folder.path(), "apply", 0s);
    REQUIRE_FALSE(second);
    const std::string& whole = second.error().message;
    const std::size_t start = whole.find("held by ") + 8;
    return whole.substr(start, whole.find(": gave up") - start);
  };
  CHECK(message("") == "another process");
  CHECK(message("nonsense\n") == "another process");
  CHECK(message("-7 apply\n") == "another process");
  CHECK(message("99999999999999999999 apply\n") == "another process");
  CHECK(message("7") == "pid 7");
  CHECK(message("7 \n") == "pid 7");
  CHECK(message("7 a\x1b[31mb\nc\n") == "pid 7 (a [31mb)");
  CHECK(message("7 " + std::string(5000, 'x')).size() < 300);
}

TEST_CASE("control characters of a verb are not written") {
  Folder folder;
  REQUIRE(Lock::take(folder.path(), "allow\n8 evil\x1b"));
  CHECK(get(folder / "lock") == std::to_string(getpid()) + " allow 8 evil \nnumber 1\n");
}

TEST_CASE("a lock file that is replaced while one waits is not the one to hold") {
  Folder folder;
  const Holder holder(folder.path(), 400ms);
  REQUIRE(holder.held());
  fs::remove(folder / "lock");
  Result<Lock> second = Lock::take(folder.path(), "second", 0s);
  REQUIRE(second);  // a new file: what the header forbids others to cause
  const Result<Lock> third = Lock::take(folder.path(), "third", 600ms);
  CHECK_FALSE(third);
}

TEST_CASE("what is no lock file is an error that says so") {
  Folder folder;
  fs::create_directory(folder / "lock");
  CHECK(Lock::take(folder.path(), "apply", 0s).error().message ==
        "lock '" + folder / "lock" + "': open: is a directory");
  fs::remove(folder / "lock");
  fs::create_symlink("elsewhere", folder / "lock");
  CHECK(Lock::take(folder.path(), "apply", 0s).error().os_error == ELOOP);
  put(folder / "file", "");
  CHECK_FALSE(Lock::take(folder / "file", "apply", 0s));
}

TEST_CASE("a run directory of somebody else is an error at once") {
  Folder folder;
  put(folder / "lock", "", 0600);
  chmod(folder.path().c_str(), geteuid() == 0 ? 0755 : 0);
  const steady_clock::time_point start = steady_clock::now();
  {
    const AsNobody nobody;
    CHECK(Lock::take(folder.path(), "apply").error().os_error == EACCES);
  }
  CHECK(steady_clock::now() - start < 5s);
  chmod(folder.path().c_str(), 0755);
}

// ---- overtaken

TEST_CASE("a way out overtakes who holds the lock, and says whom") {
  Folder folder;
  const Holder holder(folder.path());
  REQUIRE(holder.held());
  kill(holder.pid(), SIGSTOP);
  waitpid(holder.pid(), nullptr, WUNTRACED);
  const Result<Lock> lock = Lock::take_or_overtake(folder.path(), "mode off", 200ms);
  REQUIRE(lock);
  REQUIRE(lock->overtaken());
  CHECK(lock->overtaken()->find("held by pid " + std::to_string(holder.pid()) + " (apply), for ") !=
        std::string::npos);
  CHECK(lock->overtaken()->find("which is stopped: overtaken") != std::string::npos);
  CHECK(get(folder / "lock") == std::to_string(getpid()) + " mode off\nnumber 2\n");
  CHECK(names_in(folder.path()) == std::set<std::string>{"lock"});
  CHECK(fence::overtook());
  CHECK(fence::token() == "2-" + std::to_string(getpid()));
  CHECK(fence::check());
  kill(holder.pid(), SIGCONT);
}

TEST_CASE("who was overtaken finds it out, and who did it; others wait for that one") {
  Folder folder;
  int news[2];
  REQUIRE(pipe(news) == 0);
  const pid_t child = fork();
  if (child == 0) {
    const Result<Lock> lock = Lock::take(folder.path(), "apply");
    if (!lock || !fence::check() || write(news[1], "x", 1) != 1) _exit(1);
    while (fence::check()) std::this_thread::sleep_for(10ms);
    const std::string message = fence::check().error().message;
    _exit(message.find("(mode off)") != std::string::npos ? 0 : 2);
  }
  char byte = 0;
  REQUIRE(read(news[0], &byte, 1) == 1);
  const Result<Lock> lock = Lock::take_or_overtake(folder.path(), "mode off", 100ms);
  REQUIRE(lock);
  int status = -1;
  REQUIRE(waitpid(child, &status, 0) == child);
  CHECK(status == 0);
  CHECK(fence::check());
  const Result<Lock> third = Lock::take(folder.path(), "allow", 100ms);
  REQUIRE_FALSE(third);
  CHECK(third.error().message.find("(mode off)") != std::string::npos);
  close(news[0]);
  close(news[1]);
}

TEST_CASE("a free lock, or one of a dead verb, is taken and nobody is overtaken") {
  Folder folder;
  Holder holder(folder.path());
  REQUIRE(holder.held());
  holder.end();
  const Result<Lock> lock = Lock::take_or_overtake(folder.path(), "mode off", 10s);
  REQUIRE(lock);
  CHECK_FALSE(lock->overtaken());
  CHECK_FALSE(fence::overtook());
}

TEST_CASE("two ways out at once: one overtakes, the other waits for it") {
  Folder folder;
  const Holder holder(folder.path());
  REQUIRE(holder.held());
  const std::string inside = folder / "inside";
  constexpr int kWays = 4;
  for (int i = 0; i < kWays; ++i) {
    if (fork() != 0) continue;
    const Result<Lock> lock = Lock::take_or_overtake(folder.path(), "mode off", 500ms);
    if (!lock || !fence::check() || fs::exists(inside)) _exit(2);
    put(inside, "");
    std::this_thread::sleep_for(20ms);
    if (!fence::check()) _exit(3);
    fs::remove(inside);
    _exit(lock->overtaken() ? 1 : 0);
  }
  int overtook = 0;
  for (int i = 0; i < kWays; ++i) {
    int status = -1;
    REQUIRE(wait(&status) > 0);
    REQUIRE(WIFEXITED(status));
    REQUIRE(WEXITSTATUS(status) < 2);
    overtook += WEXITSTATUS(status);
  }
  CHECK(overtook == 1);
}

TEST_CASE("what one that died while it overtook has left is no obstacle") {
  Folder folder;
  const Holder holder(folder.path());
  REQUIRE(holder.held());
  put(folder / "lock.next", "");
  const Result<Lock> lock = Lock::take_or_overtake(folder.path(), "mode off", 0ms);
  REQUIRE(lock);
  CHECK(lock->overtaken());
  CHECK(names_in(folder.path()) == std::set<std::string>{"lock"});
}

TEST_CASE("the lock of the supervisor is no fence, and a lock that was removed is no overtaking") {
  Folder folder;
  const Result<Lock> supervisor = Lock::take(folder.path(), "run", 0s, kSupervisorLock);
  REQUIRE(supervisor);
  fs::remove(folder / kSupervisorLock);
  put(folder / kSupervisorLock, "");
  CHECK(fence::check());
  const Result<Lock> lock = Lock::take(folder.path(), "apply", 0s);
  REQUIRE(lock);
  fs::remove(folder / "lock");
  CHECK(fence::check());
  put(folder / "lock", "77 mode off\n");
  REQUIRE_FALSE(fence::check());
  CHECK(fence::check().error().message.find("pid 77 (mode off)") != std::string::npos);
}

TEST_CASE("who waits in vain for a stopped verb is told how it goes on") {
  Folder folder;
  const Holder holder(folder.path());
  REQUIRE(holder.held());
  kill(holder.pid(), SIGSTOP);
  waitpid(holder.pid(), nullptr, WUNTRACED);
  CHECK(is_stopped(holder.pid()));
  const Result<Lock> lock = Lock::take(folder.path(), "allow", 0s);
  REQUIRE_FALSE(lock);
  CHECK(lock.error().message.find("kill -CONT " + std::to_string(holder.pid())) !=
        std::string::npos);
  kill(holder.pid(), SIGCONT);
}

TEST_CASE("who holds a lock, as long as he does") {
  Folder folder;
  CHECK_FALSE(Lock::holder(folder.path(), "lock"));
  {
    const auto lock = Lock::take(folder.path(), "apply");
    REQUIRE(lock);
    CHECK(Lock::holder(folder.path(), "lock") == getpid());
    put(folder / "lock", "nonsense\n");
    CHECK_FALSE(Lock::holder(folder.path(), "lock"));
    CHECK(Lock::is_held(folder.path(), "lock"));
  }
  CHECK_FALSE(Lock::holder(folder.path(), "lock"));
}

TEST_CASE("only one is inside at a time") {
  Folder folder;
  const std::string counter = folder / "counter";
  put(counter, "0");
  constexpr int kProcesses = 4;
  constexpr int kRounds = 25;
  for (int i = 0; i < kProcesses; ++i) {
    if (fork() != 0) continue;
    for (int round = 0; round < kRounds; ++round) {
      const Result<Lock> lock = Lock::take(folder.path(), "count", 60s);
      if (!lock) _exit(1);
      put(counter, std::to_string(std::stoi(get(counter)) + 1));
    }
    _exit(0);
  }
  for (int i = 0; i < kProcesses; ++i) {
    int status = -1;
    REQUIRE(wait(&status) > 0);
    CHECK(status == 0);
  }
  CHECK(get(counter) == std::to_string(kProcesses * kRounds));
}

TEST_CASE("who may be served does not wait for the lock any longer") {
  const Folder run;
  const Holder holder(run.path());
  REQUIRE(holder.held());
  int asked = 0;
  const auto lock = Lock::take_unless(run.path(), "allow", [&] { return ++asked == 3; });
  REQUIRE(lock);
  CHECK_FALSE(*lock);
  CHECK(asked == 3);
}

TEST_CASE("who is never served takes the lock, or gives up naming who holds it") {
  const Folder run;
  const auto never = [] { return false; };
  {
    const Holder holder(run.path());
    const auto lock = Lock::take_unless(run.path(), "allow", never, 50ms);
    REQUIRE_FALSE(lock);
    CHECK(lock.error().os_error == EWOULDBLOCK);
    CHECK(lock.error().message.find(std::to_string(holder.pid())) != std::string::npos);
  }
  const auto lock = Lock::take_unless(run.path(), "allow", never, 50ms);
  REQUIRE(lock);
  CHECK(*lock);
}

TEST_CASE("the patience of who may be served is counted anew when the lock changes hands") {
  const Folder run;
  const Holder holder(run.path());
  REQUIRE(holder.held());
  // Somebody else has it at each look: the number in its file goes up.
  int number = 10;
  const auto changes = [&] {
    put(run / "lock", "7 allow\nnumber " + std::to_string(++number) + "\n");
    return number == 40;
  };
  const auto lock = Lock::take_unless(run.path(), "allow", changes, 60ms);
  REQUIRE(lock);
  CHECK_FALSE(*lock);
}
