// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// What the process is doing, for who watches a terminal: shown on stderr once it has taken a
// second, and gone from the screen before anything else is written.
#pragma once

#include <string>
#include <thread>

namespace apiguard::progress {

// What is being done from now on, as in "reading the files"; empty: nothing that takes long. May be
// called where nobody watches.
void step(std::string what);

// Takes the line off the screen. Whoever writes to the terminal calls this first.
void clear();

// While it lives, steps are shown; does nothing where stderr is no terminal.
class Watcher {
 public:
  Watcher();
  ~Watcher();
  Watcher(const Watcher&) = delete;
  Watcher& operator=(const Watcher&) = delete;

 private:
  std::jthread thread_;
};

}  // namespace apiguard::progress
