// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Questions on a terminal.
#pragma once

#include <csignal>
#include <string_view>

namespace apiguard::cli {

// Whether there is somebody to ask: stdin and stderr are terminals.
[[nodiscard]] bool can_ask();

// "Go on? [y/N]"; the last words of what was said before are its question. Ctrl-C says that nothing
// was changed, and ends the process.
[[nodiscard]] bool ask();

// While it lives Ctrl-C is noted, so that a question can say what goes on before it ends by it.
// One at a time. Where SIGINT is ignored it stays so.
class Interruptible {
 public:
  Interruptible();
  ~Interruptible();
  Interruptible(const Interruptible&) = delete;
  Interruptible& operator=(const Interruptible&) = delete;

  [[nodiscard]] static bool came();
  // Says it on stderr and ends the process as the signal would have.
  [[noreturn]] static void end(std::string_view text);

 private:
  struct sigaction before_ {};
};

}  // namespace apiguard::cli
