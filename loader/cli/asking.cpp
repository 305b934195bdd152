// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/cli/asking.hpp"

#include <poll.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <string>

#include <fmt/format.h>

#include "loader/cli/reading.hpp"
#include "loader/host/progress.hpp"

namespace apiguard::cli {
namespace {

constexpr int kLookEvery = 200;  // milliseconds: another thread may be given the signal

volatile std::sig_atomic_t interrupted = 0;

void note_interrupt(int) { interrupted = 1; }

bool has_input() {
  pollfd input{STDIN_FILENO, POLLIN, 0};
  return std::cin.rdbuf()->in_avail() > 0 || poll(&input, 1, kLookEvery) > 0;
}

}  // namespace

bool can_ask() { return isatty(STDIN_FILENO) == 1 && isatty(STDERR_FILENO) == 1; }

bool ask() {
  progress::step("");
  fmt::print(stderr, "Go on? [y/N] ");
  const Interruptible noted;
  while (!has_input()) {
    if (Interruptible::came())
      Interruptible::end("nothing was changed: the generation in force stays");
  }
  std::string answer;
  std::getline(std::cin, answer);
  return answer == "y" || answer == "Y" || answer == "yes";
}

Interruptible::Interruptible() {
  interrupted = 0;
  sigaction(SIGINT, nullptr, &before_);
  if (before_.sa_handler == SIG_IGN) return;
  struct sigaction noted {};
  noted.sa_handler = note_interrupt;
  sigaction(SIGINT, &noted, nullptr);
}

Interruptible::~Interruptible() { sigaction(SIGINT, &before_, nullptr); }

bool Interruptible::came() { return interrupted != 0; }

void Interruptible::end(std::string_view text) {
  fmt::print(stderr, "\n");
  note(text);
  std::signal(SIGINT, SIG_DFL);
  std::raise(SIGINT);
  std::_Exit(static_cast<int>(Exit::kFailed));  // somebody blocks it
}

}  // namespace apiguard::cli
