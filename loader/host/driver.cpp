// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/host/driver.hpp"

#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "loader/base/fd.hpp"

namespace apiguard {
namespace {

constexpr std::array<std::string_view, 7> kResetting = {"bnxt_en", "i40e",    "igb",      "igc",
                                                        "ixgbe",   "mlx4_en", "mlx5_core"};
// Devices of software, and virtio, which stops its queues alone.
constexpr std::array<std::string_view, 4> kStaying = {"veth", "virtio_net", "tun", "dummy"};

template <typename Names>
bool is_among(std::string_view name, const Names& names) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

}  // namespace

std::string driver_of(const std::string& interface) {
  const Fd fd(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  ifreq request{};
  if (!fd || interface.size() >= sizeof(request.ifr_name)) return {};
  std::memcpy(request.ifr_name, interface.data(), interface.size());
  ethtool_drvinfo info{};
  info.cmd = ETHTOOL_GDRVINFO;
  request.ifr_data = reinterpret_cast<char*>(&info);
  if (ioctl(fd.get(), SIOCETHTOOL, &request) != 0) return {};
  return {info.driver, strnlen(info.driver, sizeof(info.driver))};
}

AtAttach at_attach(std::string_view driver) {
  if (is_among(driver, kResetting)) return AtAttach::kResets;
  return is_among(driver, kStaying) ? AtAttach::kStays : AtAttach::kMay;
}

}  // namespace apiguard
