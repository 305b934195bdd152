// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Files that may be lost: whatever has their name, they can be written again.
#include "loader/host/expendable_file.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <string>

#include "loader/ledger/audit_file.hpp"
#include "loader/ledger/usage_log.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/folder.hpp"

using namespace apiguard;
using namespace apiguard::ledger;
namespace fs = std::filesystem;

namespace {

std::string moved_by_writing(const std::string& path) {
  const auto aside = write_expendable_file(path, "fresh\n");
  REQUIRE(aside);
  const auto text = read_expendable_file(path);
  REQUIRE(text);
  REQUIRE(text->has_value());
  CHECK(**text == "fresh\n");
  CHECK(fs::is_regular_file(fs::symlink_status(path)));
  return *aside;
}

std::string why_not(const std::string& path) {
  const auto text = read_expendable_file(path);
  REQUIRE(!text);
  CHECK(text.error().exit == Exit::kFailed);
  return text.error().message;
}

}  // namespace

TEST_CASE("A kept file that is not there is none, and can be written") {
  const test::Folder folder;
  const std::string path = folder.path() + "/used";
  const auto text = read_expendable_file(path);
  REQUIRE(text);
  CHECK(!*text);
  CHECK(moved_by_writing(path).empty());
  CHECK(moved_by_writing(path).empty());
}

TEST_CASE("A link is neither read nor written through") {
  const test::Folder folder;
  const std::string path = folder.path() + "/used";
  const std::string target = folder.path() + "/target";
  test::put(target, "theirs\n");
  for (const std::string& to : {target, folder.path() + "/nowhere", std::string("/dev/zero")}) {
    fs::remove(path);
    fs::create_symlink(to, path);
    CHECK(why_not(path) == "file '" + path + "': is a link");
    CHECK(moved_by_writing(path).empty());
  }
  CHECK(test::get(target) == "theirs\n");
  CHECK(!fs::exists(folder.path() + "/nowhere"));
}

TEST_CASE("A FIFO is not waited for") {
  const test::Folder folder;
  const std::string path = folder.path() + "/seen";
  REQUIRE(mkfifo(path.c_str(), 0600) == 0);
  CHECK(why_not(path) == "file '" + path + "': is not a regular file");
  CHECK(moved_by_writing(path).empty());
}

TEST_CASE("A folder is moved aside, an empty one goes") {
  const test::Folder folder;
  const std::string path = folder.path() + "/seen";
  for (const std::string& aside : {path + ".aside-1", path + ".aside-2"}) {
    fs::remove(path);
    fs::create_directory(path);
    test::put(path + "/theirs", "x");
    CHECK(why_not(path) == "file '" + path + "': is a directory");
    CHECK(moved_by_writing(path) == aside);
    CHECK(fs::exists(aside + "/theirs"));
  }
  fs::remove(path);
  fs::create_directory(path);
  CHECK(moved_by_writing(path).empty());
}

TEST_CASE("A file of somebody else is not trusted, and replaced by one of ours") {
  if (geteuid() != 0) return;  // nobody else can give files away
  const test::Folder folder;
  const std::string path = folder.path() + "/used";
  test::put(path, "theirs\n");
  REQUIRE(chown(path.c_str(), 65534, 65534) == 0);
  CHECK(why_not(path) == "file '" + path + "': belongs to user 65534");
  CHECK(moved_by_writing(path).empty());
  struct stat info {};
  REQUIRE(stat(path.c_str(), &info) == 0);
  CHECK(info.st_uid == 0);
}

TEST_CASE("Damaged files of the ledger are errors with a place, and can be written again") {
  const test::Folder folder;
  for (const std::string text : {"", "\n", "garbage", "apiguard used 1\n", "apiguard seen 1\nend",
                                 "apiguard used 2\nend\n"}) {
    test::put(folder.path() + "/used", text);
    test::put(folder.path() + "/seen", text);
    INFO(text);
    const auto used = read_usage_log(folder.path());
    const auto seen = read_audit_file(folder.path());
    REQUIRE(!used);
    CHECK(used.error().message.find("/used': damaged: line ") != std::string::npos);
    if (seen) CHECK(text == "apiguard seen 1\nend");
  }
  REQUIRE(write_usage_log(folder.path(), {}));
  REQUIRE(write_audit_file(folder.path(), {}));
  CHECK(read_usage_log(folder.path()));
  CHECK(read_audit_file(folder.path()));
}
