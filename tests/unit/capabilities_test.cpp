// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/base/capabilities.hpp"
#include "tests/support/catch.hpp"

namespace apiguard::capabilities {
namespace {

constexpr Set kAll = (Set{1} << 41) - 1;
constexpr Set kSysBoot = Set{1} << 22;

TEST_CASE("root works with three, and has the rest of what is needed at hand") {
  const Sets sets = reduced({kAll, kAll, 0});
  CHECK(sets.effective == kWork);
  CHECK(sets.permitted == (kWork | kAside));
  CHECK((sets.permitted & kSysBoot) == 0);
}

TEST_CASE("nothing is added, and what others inherit stays") {
  CHECK(reduced({0, 0, 0}) == Sets{});
  CHECK(reduced({kWork, kWork, kWork}) == Sets{kWork, kWork, kWork});
  CHECK(reduced({0, kAll, kAll}) == Sets{0, kWork | kAside, kAll});
}

TEST_CASE("where CAP_BPF or CAP_PERFMON is missing CAP_SYS_ADMIN stands in") {
  const Set some = kSysAdmin | kNetAdmin | kSysBoot;
  CHECK(reduced({some, some, 0}) == Sets{kSysAdmin | kNetAdmin, kSysAdmin | kNetAdmin, 0});
}

TEST_CASE("raised for a moment, as far as it is there") {
  const auto before = read();
  REQUIRE(before);
  Sets lowered = *before;
  lowered.effective &= ~kChown;
  REQUIRE(write(lowered));
  {
    const Raised raised(kChown);
    CHECK(read() == lowered);  // nothing was put aside
  }
  put_aside = before->effective & kChown;
  {
    const Raised raised(kChown | kSysAdmin);
    const auto now = read();
    REQUIRE(now);
    CHECK(now->effective == (lowered.effective | (before->effective & kChown)));
    {
      const Raised again(kChown);
      CHECK(read() == now);
    }
    CHECK(read() == now);
  }
  CHECK(read() == lowered);
  put_aside = 0;
  CHECK(write(*before));
}

}  // namespace
}  // namespace apiguard::capabilities
