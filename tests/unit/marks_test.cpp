// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Marks of what a person took off: whom they cover, and what is read of a file that is old or torn.
#include "loader/host/detached.hpp"

#include "loader/policy/text.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/folder.hpp"

using namespace apiguard;

namespace {

Timestamp at(const char* text) { return *parse_timestamp(text); }

}  // namespace

TEST_CASE("a mark covers its interface, and that of all every one") {
  const test::Folder folder;
  const std::string run = folder.path();
  CHECK(read_detached(run).empty());
  CHECK_FALSE(read_detached(run).covers("eth0", 0));

  REQUIRE(
      add_detached(run, {{"eth0", at("2026-01-02T03:04:05.678Z"), "root from 203.0.113.7", 7}}));
  CHECK(read_detached(run).covers("eth0", 0));
  CHECK_FALSE(read_detached(run).covers("eth1", 0));
  CHECK_FALSE(read_detached(run).covers("", 0));

  REQUIRE(add_detached(run, {{kDetachedAll, at("2026-01-03T00:00:00Z"), "alice (uid 1000)", 0}}));
  const Detached both = read_detached(run);
  REQUIRE(both.marks().size() == 2);
  REQUIRE(both.covers("eth1", 0));
  CHECK(both.mark_of("eth1", 0)->by == "alice (uid 1000)");
  CHECK(both.mark_of("eth0", 0)->by == "root from 203.0.113.7");
  CHECK(describe(*both.mark_of("eth0", 0)) == " by root from 203.0.113.7 at 2026-01-02T03:04:05Z");

  REQUIRE(clear_detached(run));
  CHECK(read_detached(run).empty());
  REQUIRE(clear_detached(run));
}

TEST_CASE("the newest mark of a name counts") {
  const test::Folder folder;
  REQUIRE(add_detached(folder.path(), {{"eth0", at("2026-01-02T00:00:00Z"), "alice", 0}}));
  REQUIRE(add_detached(folder.path(), {{"eth0", at("2026-01-03T00:00:00Z"), "bob", 0}}));
  const Detached detached = read_detached(folder.path());
  REQUIRE(detached.marks().size() == 1);
  CHECK(detached.marks().front().by == "bob");
}

TEST_CASE("what a version before wrote, or a kill tore, covers all the same") {
  const test::Folder folder;
  for (const char* text : {"eth0\n", "eth0", "eth0 ", "eth0 2026-01-02T00:00:00Z",
                           "eth0 nonsense x\n", "\n\neth0\n", "eth1\neth0\n"}) {
    INFO(text);
    test::put(folder / "detached", text);
    const Detached detached = read_detached(folder.path());
    CHECK(detached.covers("eth0", 0));
    CHECK_FALSE(detached.covers("eth", 0));
    CHECK_FALSE(detached.covers("nonsense", 0));
  }
  test::put(folder / "detached", "eth0 2026-01-02T00:00:00Z \n");
  const Detached nobody = read_detached(folder.path());
  CHECK(describe(nobody.marks().front()) == " at 2026-01-02T00:00:00Z");
  for (const char* of_nothing : {"", "\n", " \n", " 2026-01-02T00:00:00Z 7 alice\n"}) {
    test::put(folder / "detached", of_nothing);
    CHECK(read_detached(folder.path()).empty());
  }
}

TEST_CASE("a mark whose time is torn covers the same interface when it is written again") {
  const test::Folder folder;
  test::put(folder / "detached", "eth0 2026-01-0 7 alice\n");
  REQUIRE(add_detached(folder.path(), {{"eth1", at("2026-01-02T00:00:00Z"), "bob", 8}}));
  CHECK(test::get(folder / "detached") == "eth0 - 7 alice\neth1 2026-01-02T00:00:00Z 8 bob\n");
  const Detached detached = read_detached(folder.path());
  REQUIRE(detached.covers("renamed", 7));
  CHECK(describe(*detached.mark_of("renamed", 7)) == " by alice");
}

TEST_CASE("a mark goes with its interface, whatever that is called, and with its name") {
  const test::Folder folder;
  REQUIRE(add_detached(folder.path(), {{"eth0", at("2026-01-02T00:00:00Z"), "alice", 7}}));
  const Detached detached = read_detached(folder.path());
  CHECK(detached.marks().front().by == "alice");
  CHECK(detached.covers("eth9", 7));
  CHECK(detached.covers("eth0", 8));
  CHECK_FALSE(detached.covers("eth9", 8));
  CHECK_FALSE(detached.covers("eth9", 0));
}

TEST_CASE("void marks go, and the others stay") {
  const test::Folder folder;
  const auto time = at("2026-01-02T00:00:00Z");
  REQUIRE(add_detached(folder.path(), {{"eth0", time, "a", 1}, {"eth1", time, "b", 2}}));
  REQUIRE(forget_detached(folder.path(), [](const DetachMark& mark) { return mark.ifindex == 1; }));
  CHECK_FALSE(read_detached(folder.path()).covers("eth0", 1));
  CHECK(read_detached(folder.path()).mark_of("eth1", 0)->by == "b");
  REQUIRE(forget_detached(folder.path(), [](const DetachMark&) { return false; }));
  const Detached left = read_detached(folder.path());
  CHECK(left.marks().size() == 1);
  REQUIRE(forget_detached(folder.path(), [](const DetachMark&) { return true; }));
  CHECK(test::names_in(folder.path()).empty());
}
