// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/host/progress.hpp"

#include <pty.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <string>
#include <thread>

#include "loader/base/fd.hpp"
#include "tests/support/catch.hpp"

using namespace apiguard;

namespace {

// A terminal in place of stderr, and what was written to it up to the word "done".
class Terminal {
 public:
  Terminal() : stderr_(dup(STDERR_FILENO)) {
    int screen = -1, line = -1;
    REQUIRE(openpty(&screen, &line, nullptr, nullptr, nullptr) == 0);
    screen_ = Fd(screen);
    const Fd mine(line);
    dup2(mine.get(), STDERR_FILENO);
  }

  std::string written() {
    dup2(stderr_.get(), STDERR_FILENO);
    std::string text;
    std::array<char, 256> piece{};
    while (!text.ends_with("done")) {
      const ssize_t size = read(screen_.get(), piece.data(), piece.size());
      if (size <= 0) break;
      text.append(piece.data(), static_cast<std::size_t>(size));
    }
    return text;
  }

 private:
  Fd stderr_;
  Fd screen_;
};

void wait(int milliseconds) {
  std::this_thread::sleep_for(std::chrono::milliseconds(milliseconds));
}

}  // namespace

TEST_CASE("what takes long is shown on a terminal, and taken off the screen") {
  Terminal terminal;
  {
    const progress::Watcher watcher;
    progress::step("looking");
    wait(2500);
    progress::step("");
    write(STDERR_FILENO, "done", 4);
  }
  const std::string text = terminal.written();
  CAPTURE(text);
  CHECK(text.find("\r\x1b[Kapiguard: looking ... ") != std::string::npos);
  CHECK(text.ends_with("\r\x1b[Kdone"));
}

TEST_CASE("nothing is shown of what is over at once") {
  Terminal terminal;
  {
    const progress::Watcher watcher;
    progress::step("looking");
    progress::step("writing");
    progress::step("");
    wait(1500);
    write(STDERR_FILENO, "done", 4);
  }
  CHECK(terminal.written() == "done");
}
