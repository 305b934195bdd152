// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// For LD_PRELOAD: what ethtool(8) -i would say is the driver of every interface is DRIVER.
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdarg>
#include <cstdlib>
#include <cstring>

extern "C" int ioctl(int fd, unsigned long request, ...) noexcept {
  std::va_list arguments;
  va_start(arguments, request);
  void* argument = va_arg(arguments, void*);
  va_end(arguments);
  const char* driver = std::getenv("DRIVER");
  if (request != SIOCETHTOOL || driver == nullptr)
    return static_cast<int>(syscall(SYS_ioctl, fd, request, argument));
  auto* info = reinterpret_cast<ethtool_drvinfo*>(static_cast<ifreq*>(argument)->ifr_data);
  if (info->cmd != ETHTOOL_GDRVINFO) {
    errno = EOPNOTSUPP;
    return -1;
  }
  std::strncpy(info->driver, driver, sizeof(info->driver) - 1);
  return 0;
}
