// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/host/owner.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "loader/base/disbelief.hpp"
#include "loader/host/detached.hpp"
#include "loader/host/files.hpp"
#include "loader/host/lock.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/folder.hpp"
#include "tests/support/left_out.hpp"

using namespace apiguard;
using test::Folder, test::mode_of, test::put;

namespace {

constexpr uid_t kStranger = 65534;

void make(const std::string& path, mode_t mode) {
  REQUIRE(mkdir(path.c_str(), 0700) == 0);
  REQUIRE(chmod(path.c_str(), mode) == 0);
}

bool mentions(const std::vector<std::string>& messages, const std::string& words) {
  return std::any_of(messages.begin(), messages.end(),
                     [&](const auto& message) { return message.find(words) != std::string::npos; });
}

bool is_root() {
  if (geteuid() == 0) return true;
  test::left_out("not root");
  return false;
}

// Puts things as they were, because disbelief is of the whole process.
struct Disbelieved {
  explicit Disbelieved(const std::string& folder) {
    disbelief::folders.push_back({folder, "why: because"});
  }
  Disbelieved(const Disbelieved&) = delete;
  Disbelieved& operator=(const Disbelieved&) = delete;
  ~Disbelieved() { disbelief::folders.clear(); }
};

}  // namespace

TEST_CASE("what is ours and closed is believed without a word") {
  const Folder folder;
  make(folder / "state", 0700);
  make(folder / "state/generations", 0755);
  put(folder / "state/in-force", "1\n", 0600);
  put(folder / "state/readable", "", 0444);
  const Ownership found = look_at_owner(folder / "state");
  CHECK(found.closed.empty());
  CHECK(found.foreign.empty());
  CHECK(mode_of(folder / "state/readable") == 0444);
}

TEST_CASE("what does not exist is as good as what is above it") {
  const Folder folder;
  CHECK(look_at_owner(folder / "none/at/all").foreign.empty());
  make(folder / "open", 0777);
  CHECK(look_at_owner(folder / "open/none").above);
  REQUIRE(chmod((folder / "open").c_str(), 01777) == 0);
  CHECK(look_at_owner(folder / "open/none").foreign.empty());
}

TEST_CASE("what is too open is closed, at every depth, and said") {
  const Folder folder;
  make(folder / "state", 0777);
  make(folder / "state/generations", 0775);
  make(folder / "state/generations/7", 01777);  // sticky is no excuse inside
  put(folder / "state/generations/7/meta.json", "", 0666);
  put(folder / "state/in-force", "", 0620);
  const Ownership found = look_at_owner(folder / "state");
  CHECK(found.foreign.empty());
  CHECK(found.closed.size() == 5);
  CHECK(mentions(found.closed, "state': others could write it: its mode was 0777 and is 0755"));
  CHECK(mode_of(folder / "state") == 0755);
  CHECK(mode_of(folder / "state/generations") == 0755);
  CHECK(mode_of(folder / "state/generations/7") == 01755);
  CHECK(mode_of(folder / "state/generations/7/meta.json") == 0644);
  CHECK(mode_of(folder / "state/in-force") == 0600);
  CHECK(look_at_owner(folder / "state").closed.empty());
}

TEST_CASE("a folder that its owner cannot use is opened for the owner") {
  const Folder folder;
  make(folder / "pins", 0600);
  CHECK(look_at_owner(folder / "pins").closed.size() == 1);
  CHECK(mode_of(folder / "pins") == 0700);
}

TEST_CASE("what belongs to another is not trusted, wherever it lies, and not touched") {
  if (!is_root()) return;
  for (const char* name :
       {"state", "state/generations", "state/generations/7", "state/generations/7/files",
        "state/generations/7/files/authorized-ranges", "state/detached"}) {
    const Folder folder;
    make(folder / "state", 0700);
    make(folder / "state/generations", 0700);
    make(folder / "state/generations/7", 0700);
    make(folder / "state/generations/7/files", 0700);
    put(folder / "state/generations/7/files/authorized-ranges", "", 0666);
    put(folder / "state/detached", "");
    REQUIRE(lchown((folder / name).c_str(), kStranger, kStranger) == 0);
    const mode_t before = mode_of(folder / name);
    const Ownership found = look_at_owner(folder / "state");
    INFO(name);
    REQUIRE(found.foreign.size() == 1);
    CHECK(mentions(found.foreign, (folder / name) + "': check owner: it belongs to uid 65534"));
    CHECK(mentions(found.foreign, "chown -hR root '" + (folder / name) + "'"));
    CHECK(mode_of(folder / name) == before);
    CHECK_FALSE(found.above);
  }
}

TEST_CASE("links: whose they are, and what they lead to") {
  const Folder folder;
  make(folder / "state", 0700);
  put(folder / "elsewhere", "1\n", 0666);
  REQUIRE(symlink((folder / "elsewhere").c_str(), (folder / "state/in-force").c_str()) == 0);
  CHECK(mentions(look_at_owner(folder / "state").foreign, "in-force': check mode: 0666"));
  CHECK(mode_of(folder / "elsewhere") == 0666);  // not ours to close
  REQUIRE(chmod((folder / "elsewhere").c_str(), 0644) == 0);
  CHECK(look_at_owner(folder / "state").foreign.empty());
  REQUIRE(symlink("nowhere", (folder / "state/dangling").c_str()) == 0);
  REQUIRE(symlink("loop", (folder / "state/loop").c_str()) == 0);
  CHECK(look_at_owner(folder / "state").foreign.empty());
  if (!is_root()) return;
  REQUIRE(lchown((folder / "state/dangling").c_str(), kStranger, kStranger) == 0);
  CHECK(mentions(look_at_owner(folder / "state").foreign, "link '"));
}

TEST_CASE("the folder may be a link, and both ways to it are looked at") {
  const Folder folder;
  make(folder / "var", 0755);
  make(folder / "open", 0777);
  make(folder / "var/state", 0777);
  REQUIRE(symlink("../var/state", (folder / "open/state").c_str()) == 0);
  CHECK(look_at_owner(folder / "open/state").above);
  REQUIRE(chmod((folder / "open").c_str(), 0755) == 0);
  CHECK(look_at_owner(folder / "open/state/").closed.size() == 1);
  CHECK(mode_of(folder / "var/state") == 0755);
  REQUIRE(chmod((folder / "var").c_str(), 0775) == 0);
  CHECK(look_at_owner(folder / "open/state").above);
}

TEST_CASE("a link of another on the way is not trusted, though it leads to what is ours") {
  if (!is_root()) return;
  const Folder folder;
  make(folder / "tmp", 01777);
  make(folder / "ours", 0755);
  make(folder / "ours/state", 0700);
  REQUIRE(symlink("../ours", (folder / "tmp/way").c_str()) == 0);
  REQUIRE(symlink("../ours/state", (folder / "tmp/state").c_str()) == 0);
  CHECK(look_at_owner(folder / "tmp/way/state").foreign.empty());
  CHECK(look_at_owner(folder / "tmp/state").foreign.empty());
  for (const char* name : {"tmp/way", "tmp/state"})
    REQUIRE(lchown((folder / name).c_str(), kStranger, kStranger) == 0);
  CHECK(look_at_owner(folder / "tmp/way/state").above);
  CHECK(mentions(look_at_owner(folder / "tmp/state").foreign, "chown -h root '"));
}

TEST_CASE("a folder above of another is not trusted, and is not to be given to root as a whole") {
  if (!is_root()) return;
  const Folder folder;
  make(folder / "home", 0755);
  make(folder / "home/state", 0700);
  REQUIRE(chown((folder / "home").c_str(), kStranger, kStranger) == 0);
  const Ownership found = look_at_owner(folder / "home/state");
  CHECK(found.above);
  CHECK(mentions(found.foreign, "which can replace its target"));
  CHECK_FALSE(mentions(found.foreign, "-hR"));
}

TEST_CASE("pipes and sockets of ours are closed like files, and not opened") {
  const Folder folder;
  make(folder / "run", 0755);
  REQUIRE(mkfifo((folder / "run/lock").c_str(), 0600) == 0);
  REQUIRE(chmod((folder / "run/lock").c_str(), 0666) == 0);
  CHECK(look_at_owner(folder / "run").closed.size() == 1);
  CHECK(mode_of(folder / "run/lock") == 0644);
}

TEST_CASE("what is not trusted is neither read nor written") {
  const Folder folder;
  make(folder / "run", 0755);
  put(folder / "run/detached", "eth0\n");
  put(folder / "run-of-another", "");
  {
    const Disbelieved disbelieved(folder / "run");
    CHECK(read_detached(folder / "run").empty());
    CHECK_FALSE(read_text(folder / "run/detached"));
    CHECK(read_text(folder / "run-of-another"));
    CHECK_FALSE(list_directory(folder / "run"));
    CHECK_FALSE(write_synced(folder / "run/new", ""));
    CHECK_FALSE(replace_snapshot(folder / "run/status.json", ""));
    CHECK_FALSE(Replacement::prepare(folder / "run/detached", ""));
    CHECK_FALSE(add_detached(folder / "run", {{"eth1", {}, "", 0}}));
    const auto lock = Lock::take(folder / "run", "mode off");
    REQUIRE_FALSE(lock);
    CHECK(lock.error().os_error == EACCES);
    CHECK(lock.error().message == "why: because");
    CHECK(clear_detached(folder / "run"));
  }
  CHECK(test::names_in(folder / "run") == std::set<std::string>{"detached"});
}

TEST_CASE("nothing in the run folder is written through a link") {
  const Folder folder;
  make(folder / "run", 0755);
  put(folder / "victim", "whole");
  for (const char* name : {"status.json", "detached"})
    REQUIRE(symlink("../victim", (folder / "run/").append(name).c_str()) == 0);
  REQUIRE(replace_snapshot(folder / "run/status.json", "{}"));
  REQUIRE(add_detached(folder / "run", {{"eth0", {}, "", 0}}));
  CHECK(test::get(folder / "victim") == "whole");
  CHECK(read_detached(folder / "run").covers("eth0", 0));
  CHECK(test::get(folder / "run/status.json") == "{}");
}
