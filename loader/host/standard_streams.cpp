// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/host/standard_streams.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

namespace apiguard {
namespace {

// Opened the wrong way round: an answer that goes nowhere is an error and no answer. O_PATH neither
// reads nor writes and needs no /dev, which a chroot may lack.
int open_stand_in(int number) {
  const int mode = number == STDIN_FILENO ? O_WRONLY : O_RDONLY;
  const int fd = open("/dev/null", mode);
  return fd >= 0 ? fd : open("/", O_PATH);
}

}  // namespace

bool fill_standard_streams() {
  for (int number = STDIN_FILENO; number <= STDERR_FILENO; ++number) {
    if (fcntl(number, F_GETFD) >= 0) continue;
    if (errno != EBADF) return false;
    // The lowest free number, and those below are taken.
    if (open_stand_in(number) != number) return false;
  }
  return true;
}

void set_own_umask() { umask(S_IWGRP | S_IWOTH); }

// A handler and not SIG_IGN, which programs that are started from here would inherit.
void survive_size_limit() {
  struct sigaction action {};
  action.sa_handler = [](int) {};
  action.sa_flags = SA_RESTART;
  (void)sigaction(SIGXFSZ, &action, nullptr);
}

}  // namespace apiguard
