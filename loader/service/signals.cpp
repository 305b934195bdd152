// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/service/signals.hpp"

#include <sys/signalfd.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

#include "loader/host/files.hpp"

namespace apiguard::service {

Result<Signals> Signals::open() {
  sigset_t wanted;
  sigemptyset(&wanted);
  for (const int signal : {SIGTERM, SIGINT, SIGHUP, SIGCHLD}) sigaddset(&wanted, signal);
  Fd fd(sigprocmask(SIG_BLOCK, &wanted, nullptr) == 0
            ? signalfd(-1, &wanted, SFD_CLOEXEC | SFD_NONBLOCK)
            : -1);
  if (!fd) return fail_os("signals", "TERM, INT, HUP, CHLD", "listen", errno);
  return Signals(std::move(fd));
}

std::vector<int> Signals::take() {
  std::vector<int> signals;
  signalfd_siginfo info{};
  while (read(fd_.get(), &info, sizeof(info)) == static_cast<ssize_t>(sizeof(info)))
    signals.push_back(static_cast<int>(info.ssi_signo));
  return signals;
}

}  // namespace apiguard::service
