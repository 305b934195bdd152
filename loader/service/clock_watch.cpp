// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/service/clock_watch.hpp"

#include <sys/timerfd.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <ctime>
#include <limits>

#include "loader/host/files.hpp"

namespace apiguard::service {

Result<ClockWatch> ClockWatch::open() {
  ClockWatch watch(Fd(timerfd_create(CLOCK_REALTIME, TFD_CLOEXEC | TFD_NONBLOCK)));
  if (!watch.fd_ || !watch.arm()) return fail_os("clock", "CLOCK_REALTIME", "watch", errno);
  return watch;
}

// For a time that no clock shows, however wrong it is: only its being set ends it (ECANCELED).
bool ClockWatch::arm() const {
  itimerspec never{};
  never.it_value.tv_sec = std::numeric_limits<std::time_t>::max();
  constexpr int kFlags = TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET;
  return timerfd_settime(fd_.get(), kFlags, &never, nullptr) == 0 || errno == ECANCELED;
}

void ClockWatch::again() {
  std::uint64_t expirations = 0;
  [[maybe_unused]] const ssize_t got = read(fd_.get(), &expirations, sizeof(expirations));
  (void)arm();
}

}  // namespace apiguard::service
