// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/service/signals.hpp"

#include <sys/signalfd.h>

#include <cerrno>
#include <csignal>

#include "loader/host/files.hpp"

namespace apiguard::service {

namespace {

constexpr const char* kWhich = "TERM, INT, HUP, CHLD";

sigset_t wanted() {
  sigset_t set;
  sigemptyset(&set);
  for (const int signal : {SIGTERM, SIGINT, SIGHUP, SIGCHLD}) sigaddset(&set, signal);
  return set;
}

}  // namespace

Result<Signals> Signals::open() {
  const sigset_t set = wanted();
  if (sigprocmask(SIG_BLOCK, &set, nullptr) != 0) return fail_os("signals", kWhich, "block", errno);
  Signals signals;
  signals.fd_ = Fd(signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!signals.fd_) signals.unwatched_ = fail_os("signals", kWhich, "watch", errno).value();
  return signals;
}

// Not read from the descriptor: this needs none.
std::vector<int> Signals::take() {
  const sigset_t set = wanted();
  constexpr timespec kNow{0, 0};
  std::vector<int> signals;
  for (int signal = 0; (signal = sigtimedwait(&set, nullptr, &kNow)) > 0;)
    signals.push_back(signal);
  return signals;
}

}  // namespace apiguard::service
