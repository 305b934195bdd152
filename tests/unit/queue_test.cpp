// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/host/queue.hpp"

#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>

#include "tests/support/catch.hpp"
#include "tests/support/folder.hpp"

namespace fs = std::filesystem;
using namespace apiguard;
using namespace apiguard::test;

namespace {

constexpr std::size_t kMost = 100;

std::vector<std::string> texts(const std::vector<Queue::Waiting>& waiting) {
  std::vector<std::string> texts;
  for (const Queue::Waiting& one : waiting) texts.push_back(one.text);
  return texts;
}

Ticket entered(const Folder& run, const std::string& text) {
  auto ticket = Ticket::enter(run.path(), text);
  REQUIRE(ticket);
  return std::move(*ticket);
}

using Texts = std::vector<std::string>;

}  // namespace

TEST_CASE("tickets come in the order in which they were entered, and go with their owner") {
  const Folder run;
  const Queue queue(run.path());
  const Ticket first = entered(run, "one");
  {
    const Ticket second = entered(run, "two");
    const Ticket third = entered(run, "three");
    CHECK(texts(queue.waiting(third.name(), kMost)) == Texts{"one", "two", "three"});
    CHECK(texts(queue.waiting(third.name(), 2)) == Texts{"one", "two"});
  }
  CHECK(texts(queue.waiting(first.name(), kMost)) == Texts{"one"});
  CHECK(mode_of(run / "queue") == 0700);
  for (const std::string& name : names_in(run / "queue"))
    CHECK(mode_of((run / "queue") + "/" + name) == 0600);
}

TEST_CASE("a ticket is either taken or withdrawn") {
  const Folder run;
  const Queue queue(run.path());
  Ticket ticket = entered(run, "text");
  const Ticket own = entered(run, "own");
  SECTION("taken") {
    CHECK(queue.take(ticket.name(), own.name()));
    CHECK(queue.is_waiting(ticket.name()));
    CHECK_FALSE(ticket.withdraw());
    // Who took it died: it is taken again.
    CHECK(texts(queue.waiting(own.name(), kMost)) == Texts{"text", "own"});
    CHECK(queue.take(ticket.name(), own.name()));
  }
  SECTION("withdrawn") {
    CHECK(ticket.withdraw());
    CHECK_FALSE(queue.take(ticket.name(), own.name()));
    CHECK(texts(queue.waiting(own.name(), kMost)) == Texts{"own"});
  }
}

TEST_CASE("an answer is for who waits, and ends the waiting") {
  const Folder run;
  const Queue queue(run.path());
  const Ticket own = entered(run, "own");
  {
    const Ticket ticket = entered(run, "text");
    CHECK_FALSE(ticket.is_answered());
    CHECK_FALSE(ticket.answer());
    REQUIRE(queue.take(ticket.name(), own.name()));
    REQUIRE(queue.answer(ticket.name(), "done"));
    CHECK(ticket.is_answered());
    CHECK(ticket.answer() == "done");
    CHECK(texts(queue.waiting(own.name(), kMost)) == Texts{"own"});
  }
  CHECK(names_in(run / "queue").size() == 1);
}

TEST_CASE("a ticket of a process that died is nobody's") {
  const Folder run;
  int ready[2];
  REQUIRE(pipe(ready) == 0);
  const pid_t child = fork();
  if (child == 0) {
    const auto ticket = Ticket::enter(run.path(), "text");
    if (!ticket || write(ready[1], "x", 1) != 1) _exit(1);
    pause();
    _exit(0);
  }
  char byte = 0;
  REQUIRE(read(ready[0], &byte, 1) == 1);
  const Queue queue(run.path());
  const Ticket own = entered(run, "own");
  const auto waiting = queue.waiting(own.name(), kMost);
  REQUIRE(texts(waiting) == Texts{"text", "own"});
  const bool dies_after = GENERATE(false, true);
  if (dies_after) CHECK(queue.take(waiting.front().name, own.name()));
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
  if (!dies_after) CHECK_FALSE(queue.take(waiting.front().name, own.name()));
  CHECK_FALSE(queue.is_waiting(waiting.front().name));
  CHECK(texts(queue.waiting(own.name(), kMost)) == Texts{"own"});
  CHECK(names_in(run / "queue").size() == 1);
  close(ready[0]);
  close(ready[1]);
}

TEST_CASE("what is no ticket of ours is removed and not believed") {
  const Folder run;
  const Ticket own = entered(run, "own");
  const std::string queue_dir = run / "queue";
  put(queue_dir + "/1-1-1.ticket", "nobody holds it", 0600);
  put(queue_dir + "/2-1-1.answer", "nobody waits", 0600);
  put(queue_dir + "/.new-0-1-2-1-1", "a leader that died", 0600);
  put(queue_dir + "/.enters-3-1-1", "a waiter that died", 0600);
  fs::create_symlink("/etc/passwd", queue_dir + "/4-1-1.ticket");
  REQUIRE(mkfifo((queue_dir + "/5-1-1.ticket").c_str(), 0600) == 0);
  const Queue queue(run.path());
  CHECK(texts(queue.waiting(own.name(), kMost)) == Texts{"own"});
  queue.remove_leftovers();
  CHECK(names_in(queue_dir) == std::set<std::string>{own.name() + ".ticket"});
}

TEST_CASE("without a place for a queue, or with too much to say, there is no ticket") {
  const Folder run;
  CHECK_FALSE(Ticket::enter(run.path(), std::string(kMaxTicket + 1, 'x')));
  {
    const SmallFiles full(10);
    CHECK_FALSE(Ticket::enter(run.path(), std::string(100, 'x')));
  }
  CHECK(names_in(run / "queue").empty());
  fs::remove(run / "queue");
  put(run / "queue", "a file");
  CHECK_FALSE(Ticket::enter(run.path(), "text"));
  CHECK(Queue(run.path()).waiting("", kMost).empty());
}
