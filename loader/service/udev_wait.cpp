// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/service/udev_wait.hpp"

#include <algorithm>
#include <thread>

#include "loader/host/detached.hpp"
#include "loader/host/lock.hpp"
#include "loader/publish/attach_missing.hpp"
#include "loader/publish/look.hpp"
#include "loader/publish/world.hpp"
#include "loader/service/boot.hpp"

namespace apiguard::service {
namespace {

constexpr std::chrono::milliseconds kPause{5};

bool is_missing(const Host& host, const std::string& interface) {
  const auto world = publish::look(host);
  if (!world) return false;
  if (!world->live.generation) return BootWish().interfaces(host).contains(interface);
  const auto missing = publish::unguarded(*world, read_detached(host.run_dir));
  return std::find(missing.begin(), missing.end(), interface) != missing.end();
}

}  // namespace

void wait_until_guarded(const Host& host, const std::string& interface) {
  const auto end = std::chrono::steady_clock::now() + kGatePatience;
  while (std::chrono::steady_clock::now() < end) {
    if (!Lock::is_held(host.run_dir, kSupervisorLock)) return;
    if (!is_missing(host, interface)) return;
    std::this_thread::sleep_for(kPause);
  }
}

}  // namespace apiguard::service
