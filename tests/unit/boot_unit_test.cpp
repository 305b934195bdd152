// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/host/boot_unit.hpp"

#include <filesystem>
#include <string>

#include "loader/host/driver.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/folder.hpp"

namespace apiguard {
namespace {

namespace fs = std::filesystem;

// A host with systemd and the units of the package.
class Host {
 public:
  Host() {
    make("run/systemd/system");
    make("etc/systemd/system");
    for (const char* unit : {"apiguard-boot.service", "apiguard.service", "ssh.service"}) {
      make("usr/lib/systemd/system");
      test::put(at("usr/lib/systemd/system/") + unit, "[Unit]\n");
    }
  }
  [[nodiscard]] std::string at(const std::string& path) const { return folder_ / path; }
  void make(const std::string& path) const { fs::create_directories(at(path)); }
  void enable(const std::string& unit, const std::string& by, const std::string& wants) const {
    make(by + "/" + wants);
    fs::create_symlink(at("usr/lib/systemd/system/") + unit, at(by + "/" + wants + "/" + unit));
  }
  [[nodiscard]] std::optional<bool> guarded(const Places& places = {}) const {
    return guarded_after_boot(places, folder_.path());
  }

 private:
  test::Folder folder_;
};

constexpr const char* kEtc = "etc/systemd/system";

}  // namespace

TEST_CASE("a host is guarded after a reboot if one of the units is enabled") {
  SECTION("none") { CHECK(Host().guarded() == false); }
  for (const char* unit : {"apiguard-boot.service", "apiguard.service"}) {
    for (const char* wants : {"sysinit.target.wants", "multi-user.target.requires"}) {
      const Host host;
      host.enable(unit, kEtc, wants);
      CHECK(host.guarded() == true);
    }
  }
  SECTION("a vendor enables it") {
    const Host host;
    host.enable("apiguard.service", "usr/lib/systemd/system", "sysinit.target.wants");
    CHECK(host.guarded() == true);
  }
}

TEST_CASE("what does not last, is masked, gone or another's does not count") {
  const Host host;
  host.enable("ssh.service", kEtc, "multi-user.target.wants");
  CHECK(host.guarded() == false);
  host.enable("apiguard-boot.service", "run/systemd/system", "sysinit.target.wants");
  CHECK(host.guarded() == false);
  host.make("etc/systemd/system/apiguard-boot.service.wants");
  CHECK(host.guarded() == false);
  host.enable("apiguard-boot.service", kEtc, "sysinit.target.wants");
  CHECK(host.guarded() == true);
  fs::create_symlink("/dev/null", host.at("etc/systemd/system/apiguard-boot.service"));
  CHECK(host.guarded() == false);
  host.enable("apiguard.service", kEtc, "sysinit.target.wants");
  CHECK(host.guarded() == true);
  fs::remove(host.at("usr/lib/systemd/system/apiguard.service"));
  CHECK(host.guarded() == false);
}

TEST_CASE("nothing is said without systemd, or of an instance with folders of its own") {
  const Host host;
  Places elsewhere;
  elsewhere.state_dir = "/var/lib/other";
  CHECK_FALSE(host.guarded(elsewhere));
  fs::remove(host.at("run/systemd/system"));
  CHECK_FALSE(host.guarded());
}

TEST_CASE("drivers that reset their link at a first attach are known by name") {
  for (const char* driver : {"igb", "igc", "ixgbe", "i40e", "bnxt_en", "mlx4_en", "mlx5_core"})
    CHECK(at_attach(driver) == AtAttach::kResets);
  for (const char* driver : {"veth", "virtio_net", "tun", "dummy"})
    CHECK(at_attach(driver) == AtAttach::kStays);
  for (const char* driver : {"", "ixgbevf", "ena", "igbx", "IGB", "mlx5"})
    CHECK(at_attach(driver) == AtAttach::kMay);
  CHECK(driver_of("no-such-interface").empty());
  CHECK(driver_of(std::string(100, 'x')).empty());
}

}  // namespace apiguard
