// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/host/steady.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <string>

#include "loader/base/fd.hpp"
#include "loader/host/files.hpp"
#include "loader/host/unread.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/folder.hpp"

using namespace apiguard;
using namespace apiguard::test;
using namespace std::chrono_literals;

namespace {

// A file, and how often it was read; each reading may change it.
struct Read {
  Folder folder;
  std::string path = folder / "feed";
  int times = 0;

  Read() { put(path, "old\n"); }

  template <typename Change>
  Result<std::string> steady(Writers writers, const Change& change) {
    const Fd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC));
    return read_steady(fd.get(), path, writers, [&]() -> Result<std::string> {
      const std::string text = get(path);
      change(++times);
      return text;
    });
  }

  // As if it had been written long ago.
  void age() const {
    const timespec times_ago[] = {{1'000'000'000, 0}, {1'000'000'000, 0}};
    REQUIRE(utimensat(AT_FDCWD, path.c_str(), times_ago, 0) == 0);
  }
};

auto now() { return std::chrono::steady_clock::now(); }

}  // namespace

TEST_CASE("a file that nobody touches is read once and at once") {
  Read read;
  read.age();
  const auto begin = now();
  const auto text = read.steady(Writers::kWaitFor, [](int) {});
  REQUIRE(text);
  CHECK(*text == "old\n");
  CHECK(read.times == 1);
  CHECK(now() - begin < 40ms);
}

TEST_CASE("what changes while it is read is read again") {
  for (const Writers writers : {Writers::kIgnore, Writers::kWaitFor}) {
    Read read;
    const auto text = read.steady(writers, [&](int time) {
      if (time < 3) put(read.path, "new " + std::to_string(time) + "\n");
    });
    REQUIRE(text);
    CHECK(*text == "new 2\n");
    CHECK(read.times == 3);
  }
}

TEST_CASE("a change of the same length counts, and one that only touches") {
  Read read;
  read.age();
  const auto text = read.steady(Writers::kIgnore, [&](int time) {
    if (time == 1) put(read.path, "new\n");
  });
  REQUIRE(text);
  CHECK(*text == "new\n");
}

TEST_CASE("another file in its place is no reason to give up") {
  Read read;
  read.age();
  const auto text = read.steady(Writers::kIgnore, [&](int) {
    put(read.path + ".new", "new\n");
    REQUIRE(rename((read.path + ".new").c_str(), read.path.c_str()) == 0);
  });
  REQUIRE(text);
  CHECK(read.times == 2);  // what was opened has lost its name and is as it was
}

TEST_CASE("what goes on changing is refused after a second and a half") {
  Read read;
  const auto begin = now();
  const auto text =
      read.steady(Writers::kIgnore, [&](int time) { put(read.path, std::to_string(time) + "\n"); });
  REQUIRE_FALSE(text);
  CHECK(text.error().exit == Exit::kFailed);
  CHECK(text.error().message == "file '" + read.path +
                                    "': read: it keeps changing; write a new file and rename it "
                                    "into place (see authorized-ranges(5)), then try again");
  CHECK(now() - begin > 1s);
}

TEST_CASE("a file written just now is believed once its writer is quiet") {
  Read read;
  const auto begin = now();
  put(read.path, "begun\n");
  const auto text = read.steady(Writers::kWaitFor, [](int) {});
  REQUIRE(text);
  CHECK(now() - begin > 30ms);
}

TEST_CASE("an error of reading is passed on at once") {
  Read read;
  const Fd fd(open(read.path.c_str(), O_RDONLY | O_CLOEXEC));
  const auto text = read_steady(fd.get(), read.path, Writers::kIgnore, []() -> Result<std::string> {
    return fail(Exit::kBadFile, "too large");
  });
  REQUIRE_FALSE(text);
  CHECK(text.error().message == "too large");
}

TEST_CASE("which names somebody may have meant to be read") {
  for (const char* meant : {"office.txt", "office", "office.LIST", "office.list.gz", "office.conf",
                            "README", "list", "a.list.1", "office.list ", "\xc3\xa9.txt"}) {
    CAPTURE(meant);
    CHECK(looks_meant(meant));
  }
  for (const char* left :
       {".office.list", ".list", ".office.list.swp", "office.list~", "office.list.dpkg-old",
        "office.list.dpkg-dist", "office.list.ucf-old", "office.list.rpmnew", "office.list.rpmsave",
        "#office.list#", "office.list.bak", "office.list.new", "office.list.tmp", "office.list.swo",
        "office.list.pacnew", "office.list.orig", "..data", "office.disabled"}) {
    CAPTURE(left);
    CHECK_FALSE(looks_meant(left));
  }
}

TEST_CASE("the files that nobody reads are named, the first ten") {
  CHECK(describe_unread("/etc/x.d", {}).empty());
  CHECK(describe_unread("/etc/x.d", {"office.txt"}) ==
        std::vector<std::string>{"file '/etc/x.d/office.txt': is not read: the name of a drop-in "
                                 "ends in '.list'; rename it, or put a dot in front"});
  std::vector<std::string> many;
  for (int i = 0; i < 13; ++i) many.push_back("f" + std::to_string(i));
  const auto texts = describe_unread("/d", many);
  REQUIRE(texts.size() == 11);
  CHECK(texts.back() == "directory '/d': 3 more files are not read");
  CHECK(describe_unread("/d", {"a\nb"}).front().find('\n') == std::string::npos);
}

TEST_CASE("Sources name what lies among the drop-ins and is not read, and are the same without") {
  Folder folder;
  put(folder / "apiguard.toml", "interfaces = [\"eth0\"]\n");
  REQUIRE(mkdir((folder / "authorized-ranges.d").c_str(), 0755) == 0);
  put(folder / "authorized-ranges.d/a.list", "203.0.113.0/24\n");
  const auto before = read_sources(folder / "apiguard.toml");
  REQUIRE(before);
  CHECK(before->warnings.empty());
  put(folder / "authorized-ranges.d/b.txt", "nonsense");
  put(folder / "authorized-ranges.d/a.list.dpkg-old", "nonsense");
  REQUIRE(mkdir((folder / "authorized-ranges.d/folder").c_str(), 0755) == 0);
  const auto after = read_sources(folder / "apiguard.toml");
  REQUIRE(after);
  REQUIRE(after->warnings.size() == 1);
  CHECK(after->warnings.front().find("authorized-ranges.d/b.txt': is not read") !=
        std::string::npos);
  CHECK(*before == *after);
  const auto parsed = parse_policy(*after);
  REQUIRE(parsed);
  CHECK(parsed->warnings == after->warnings);
  const auto quiet = parse_policy(*after, {.lint = false});
  REQUIRE(quiet);
  CHECK(quiet->warnings.empty());
}
