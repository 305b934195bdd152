// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/host/files.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <utility>

#include "loader/base/fence.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/folder.hpp"

namespace fs = std::filesystem;
using namespace apiguard;
using namespace apiguard::test;

namespace {

// What a process without the lock prepares.
std::string temporary_of(const std::string& folder, const std::string& name) {
  return folder + "/." + name + ".apiguard-new-0-" + std::to_string(getpid());
}

constexpr const char* kToml = "interfaces = [\"eth0\"]\n";

std::set<std::string> both() { return {"apiguard.toml", "authorized-ranges"}; }

// A configuration folder with the two main files.
struct Config {
  Folder folder;
  std::string toml = folder / "apiguard.toml";
  std::string ranges = folder / "authorized-ranges";
  std::string drop_ins = folder / "authorized-ranges.d";

  Config() {
    put(toml, kToml);
    put(ranges, "203.0.113.0/24\n");
  }
  void drop_in(const std::string& name, const std::string& text) {
    fs::create_directory(drop_ins);
    chmod(drop_ins.c_str(), 0755);
    put(drop_ins + "/" + name, text);
  }
  [[nodiscard]] Error error() const {
    const Result<Sources> sources = read_sources(toml);
    REQUIRE_FALSE(sources);
    return sources.error();
  }
};

void refuse(const Config& config, const std::string& message, Exit exit = Exit::kBadFile) {
  const Error error = config.error();
  CHECK(error.message == message);
  CHECK(error.exit == exit);
}

}  // namespace

// ---- read_sources

TEST_CASE("toml, list and drop-ins are read byte for byte, drop-ins in bytewise name order") {
  Config config;
  const std::string odd("\xef\xbb\xbf \r\n\0 no newline", 17);
  config.drop_in("b.list", odd);
  config.drop_in("a.list", "");
  config.drop_in("B.list", "x\n");
  config.drop_in("10.list", "y\n");
  config.drop_in(".hidden.list", "no\n");
  config.drop_in(".list", "no\n");
  config.drop_in("a.list~", "no\n");
  config.drop_in("README", "no\n");

  const Result<Sources> sources = read_sources(config.toml);
  REQUIRE(sources);
  CHECK(sources->config.name == "apiguard.toml");
  CHECK(sources->config.path == config.toml);
  CHECK(sources->config.text == kToml);
  CHECK(sources->config.present);
  CHECK(sources->ranges.name == "authorized-ranges");
  CHECK(sources->ranges.path == config.ranges);
  CHECK(sources->ranges.text == "203.0.113.0/24\n");
  CHECK(sources->ranges.present);
  REQUIRE(sources->drop_ins.size() == 4);
  CHECK(sources->drop_ins[0].name == "authorized-ranges.d/10.list");
  CHECK(sources->drop_ins[1].name == "authorized-ranges.d/B.list");
  CHECK(sources->drop_ins[2].name == "authorized-ranges.d/a.list");
  CHECK(sources->drop_ins[2].text.empty());
  CHECK(sources->drop_ins[2].present);
  CHECK(sources->drop_ins[3].path == config.drop_ins + "/b.list");
  CHECK(sources->drop_ins[3].text == odd);
}

TEST_CASE("a configuration file of another name keeps its lists beside it") {
  Config config;
  put(config.folder / "other.toml", "x = 1\n");
  const Result<Sources> sources = read_sources(config.folder / "other.toml");
  REQUIRE(sources);
  CHECK(sources->config.name == "apiguard.toml");
  CHECK(sources->config.text == "x = 1\n");
  CHECK(sources->ranges.text == "203.0.113.0/24\n");
}

TEST_CASE("a relative path is read from the working directory and shown as written") {
  Config config;
  const fs::path before = fs::current_path();
  fs::current_path(config.folder.path());
  const Result<Sources> sources = read_sources("apiguard.toml");
  fs::current_path(before);
  REQUIRE(sources);
  CHECK(sources->config.path == "apiguard.toml");
  CHECK(sources->ranges.path == "authorized-ranges");
}

TEST_CASE("a long file is read whole") {
  Config config;
  std::string text;
  while (text.size() < 3'000'000) text += "198.51.100.7 name=ci-run-123\n";
  put(config.ranges, text);
  const Result<Sources> sources = read_sources(config.toml);
  REQUIRE(sources);
  CHECK((sources->ranges.text == text));
}

TEST_CASE("a missing list is an empty one, an empty file is there") {
  Config config;
  fs::remove(config.ranges);
  Result<Sources> sources = read_sources(config.toml);
  REQUIRE(sources);
  CHECK_FALSE(sources->ranges.present);
  CHECK(sources->ranges.text.empty());
  CHECK(sources->ranges.path == config.ranges);
  CHECK(sources->drop_ins.empty());

  put(config.ranges, "");
  sources = read_sources(config.toml);
  REQUIRE(sources);
  CHECK(sources->ranges.present);
}

TEST_CASE("a missing toml or folder says how to make one") {
  Config config;
  const std::string advice =
      "open: no such file or directory; 'apiguard init' proposes one; or create it with one line "
      "that names the interfaces to guard: interfaces = [\"eth0\"]";
  fs::remove(config.toml);
  refuse(config, "file '" + config.toml + "': " + advice);
  CHECK(config.error().os_error == ENOENT);

  const std::string nowhere = config.folder / "no/apiguard.toml";
  const Result<Sources> sources = read_sources(nowhere);
  REQUIRE_FALSE(sources);
  CHECK(sources.error().message == "file '" + nowhere + "': " + advice);
  CHECK(sources.error().exit == Exit::kBadFile);
}

TEST_CASE("what is not a regular file is refused and never waited for") {
  Config config;
  SECTION("a folder as toml") {
    fs::remove(config.toml);
    fs::create_directory(config.toml);
    refuse(config,
           "file '" + config.toml + "': open: it is not a regular file; put a plain file there");
  }
  SECTION("a FIFO as list") {
    fs::remove(config.ranges);
    REQUIRE(mkfifo(config.ranges.c_str(), 0644) == 0);
    refuse(config,
           "file '" + config.ranges + "': open: it is not a regular file; put a plain file there");
  }
  SECTION("a folder as drop-in") {
    config.drop_in("a.list", "");
    fs::create_directory(config.drop_ins + "/b.list");
    refuse(config, "file '" + config.drop_ins +
                       "/b.list': open: it is not a regular file; put a plain file there");
  }
  SECTION("a file as drop-in folder") {
    put(config.drop_ins, "");
    refuse(config, "directory '" + config.drop_ins + "': open: not a directory");
  }
}

TEST_CASE("a link that leads nowhere is no missing file") {
  Config config;
  SECTION("list") {
    fs::remove(config.ranges);
    fs::create_symlink("nowhere", config.ranges);
    refuse(config, "file '" + config.ranges + "': open: no such file or directory");
  }
  SECTION("drop-in") {
    config.drop_in("a.list", "");
    fs::create_symlink("nowhere", config.drop_ins + "/b.list");
    refuse(config, "file '" + config.drop_ins + "/b.list': open: no such file or directory");
  }
  SECTION("drop-in folder") {
    fs::create_symlink("nowhere", config.drop_ins);
    refuse(config, "directory '" + config.drop_ins + "': open: no such file or directory");
  }
}

TEST_CASE("files and folders that others can write are refused") {
  Config config;
  config.drop_in("a.list", "");
  SECTION("toml, group") {
    chmod(config.toml.c_str(), 0664);
    refuse(config, "file '" + config.toml +
                       "': check mode: 0664 lets others write it; chmod go-w '" + config.toml +
                       "'");
  }
  SECTION("list, others") {
    chmod(config.ranges.c_str(), 0602);
    refuse(config, "file '" + config.ranges +
                       "': check mode: 0602 lets others write it; chmod go-w '" + config.ranges +
                       "'");
  }
  SECTION("drop-in") {
    const std::string path = config.drop_ins + "/a.list";
    chmod(path.c_str(), 0666);
    refuse(config,
           "file '" + path + "': check mode: 0666 lets others write it; chmod go-w '" + path + "'");
  }
  SECTION("folder, where the sticky bit is no excuse") {
    chmod(config.folder.path().c_str(), 01777);
    refuse(config, "directory '" + config.folder.path() +
                       "': check mode: 1777 lets others write it; chmod go-w '" +
                       config.folder.path() + "'");
  }
  SECTION("drop-in folder") {
    chmod(config.drop_ins.c_str(), 0775);
    refuse(config, "directory '" + config.drop_ins +
                       "': check mode: 0775 lets others write it; chmod go-w '" + config.drop_ins +
                       "'");
  }
}

TEST_CASE("files and folders of somebody else are refused") {
  if (geteuid() != 0) return;  // only root can give files away
  Config config;
  config.drop_in("a.list", "");
  const auto give = [&](const std::string& kind, const std::string& path) {
    REQUIRE(chown(path.c_str(), 12345, 0) == 0);
    refuse(config,
           kind + " '" + path +
               "': check owner: it belongs to uid 12345, neither to root nor to the caller; chown "
               "root '" +
               path + "'");
    REQUIRE(chown(path.c_str(), 0, 0) == 0);
  };
  give("file", config.toml);
  give("file", config.ranges);
  give("file", config.drop_ins + "/a.list");
  give("directory", config.drop_ins);
  give("directory", config.folder.path());
  CHECK(read_sources(config.toml));
}

TEST_CASE("the caller's own files will do, and root's for everybody") {
  Config config;
  if (geteuid() == 0) REQUIRE(chown(config.ranges.c_str(), 65534, 65534) == 0);
  chmod(config.folder.path().c_str(), 0755);
  const AsNobody nobody;
  CHECK(read_sources(config.toml));
}

TEST_CASE("a link is followed, and the folder it leads to is checked too") {
  Config config;
  Folder elsewhere;
  put(elsewhere / "managed.toml", "managed = true\n");
  fs::remove(config.toml);
  fs::create_symlink(elsewhere / "managed.toml", config.toml);
  const Result<Sources> sources = read_sources(config.toml);
  REQUIRE(sources);
  CHECK(sources->config.text == "managed = true\n");
  CHECK(sources->config.path == config.toml);

  chmod(elsewhere.path().c_str(), 0777);
  const std::string real = fs::canonical(elsewhere.path());
  refuse(config, "directory '" + real + "': check mode: 0777 lets others write it; chmod go-w '" +
                     real + "'");
}

TEST_CASE("a file over the limit is refused") {
  Config config;
  fs::resize_file(config.ranges, (std::uintmax_t{256} << 20) + 1);
  refuse(config, "file '" + config.ranges +
                     "': read: over 256 MiB, the limit; check that it is the right file");
}

TEST_CASE("what may not be read is an error of the machine, never skipped") {
  Config config;
  config.drop_in("a.list", "");
  chmod(config.folder.path().c_str(), 0755);
  SECTION("drop-in folder") {
    chmod(config.drop_ins.c_str(), 0);
    const AsNobody nobody;
    refuse(config, "directory '" + config.drop_ins + "': open: permission denied", Exit::kFailed);
    CHECK(config.error().os_error == EACCES);
  }
  SECTION("list") {
    chmod(config.ranges.c_str(), 0);
    const AsNobody nobody;
    refuse(config, "file '" + config.ranges + "': open: permission denied", Exit::kFailed);
  }
  chmod(config.drop_ins.c_str(), 0755);
}

// ---- read_source

TEST_CASE("one file is read with and without the ownership rule") {
  Folder folder;
  const std::string path = folder / "draft.list";
  put(path, "192.0.2.1\n", 0666);
  const Result<SourceFile> file = read_source(path, false);
  REQUIRE(file);
  CHECK(file->name == "draft.list");
  CHECK(file->path == path);
  CHECK(file->text == "192.0.2.1\n");
  CHECK(file->present);
  CHECK_FALSE(read_source(path, true));

  chmod(path.c_str(), 0644);
  CHECK(read_source(path, true));
  chmod(folder.path().c_str(), 0777);
  CHECK_FALSE(read_source(path, true));

  const Result<SourceFile> missing = read_source(folder / "none", false);
  REQUIRE_FALSE(missing);
  CHECK(missing.error().message ==
        "file '" + folder / "none" + "': open: no such file or directory");
  CHECK(missing.error().exit == Exit::kBadFile);
  CHECK_FALSE(read_source(folder.path(), false));
}

// ---- Replacement

TEST_CASE("a replacement shows only when it is committed") {
  Config config;
  Result<Replacement> replacement = Replacement::prepare(config.ranges, "new\n");
  REQUIRE(replacement);
  CHECK(get(config.ranges) == "203.0.113.0/24\n");
  CHECK(get(temporary_of(config.folder.path(), "authorized-ranges")) == "new\n");
  REQUIRE(replacement->commit());
  CHECK(get(config.ranges) == "new\n");
  CHECK(names_in(config.folder.path()) == both());
  CHECK(replacement->commit());  // nothing left to do
}

TEST_CASE("a replacement that is dropped leaves the old file and nothing else") {
  Config config;
  {
    Result<Replacement> first = Replacement::prepare(config.ranges, "new\n");
    REQUIRE(first);
    Replacement second = std::move(*first);
    Result<Replacement> other = Replacement::prepare(config.toml, "other\n");
    REQUIRE(other);
    second = std::move(*other);
  }
  CHECK(get(config.ranges) == "203.0.113.0/24\n");
  CHECK(get(config.toml) == kToml);
  CHECK(names_in(config.folder.path()) == both());
}

TEST_CASE("mode and owner are those of the old file") {
  Config config;
  chmod(config.ranges.c_str(), 0640);
  if (geteuid() == 0) REQUIRE(chown(config.ranges.c_str(), 12345, 54321) == 0);
  struct stat before {};
  REQUIRE(stat(config.ranges.c_str(), &before) == 0);
  Result<Replacement> replacement = Replacement::prepare(config.ranges, "new\n");
  REQUIRE(replacement);
  REQUIRE(replacement->commit());
  struct stat after {};
  REQUIRE(stat(config.ranges.c_str(), &after) == 0);
  CHECK(after.st_mode == before.st_mode);
  CHECK(after.st_uid == before.st_uid);
  CHECK(after.st_gid == before.st_gid);
}

TEST_CASE("a file that was not there is made 0644 whatever the umask") {
  Folder folder;
  const mode_t before = umask(077);
  Result<Replacement> replacement = Replacement::prepare(folder / "authorized-ranges", "new\n");
  umask(before);
  REQUIRE(replacement);
  REQUIRE(replacement->commit());
  CHECK(get(folder / "authorized-ranges") == "new\n");
  CHECK(mode_of(folder / "authorized-ranges") == 0644);
}

TEST_CASE("of a link the target is replaced") {
  Config config;
  Folder elsewhere;
  put(elsewhere / "list", "old\n");
  fs::remove(config.ranges);
  fs::create_symlink(elsewhere / "list", config.ranges);
  Result<Replacement> replacement = Replacement::prepare(config.ranges, "new\n");
  REQUIRE(replacement);
  CHECK(fs::exists(temporary_of(elsewhere.path(), "list")));
  REQUIRE(replacement->commit());
  CHECK(fs::is_symlink(config.ranges));
  CHECK(get(elsewhere / "list") == "new\n");
  CHECK(names_in(elsewhere.path()) == std::set<std::string>{"list"});
}

TEST_CASE("a replacement of what is no file is refused") {
  Folder folder;
  fs::create_symlink("nowhere", folder / "link");
  const Result<Replacement> link = Replacement::prepare(folder / "link", "new\n");
  REQUIRE_FALSE(link);
  CHECK(link.error().message == "file '" + folder / "link" +
                                    "': resolve: a symbolic link to a file that does not exist; "
                                    "create that file or remove the link");
  fs::create_directory(folder / "folder");
  CHECK_FALSE(Replacement::prepare(folder / "folder", "new\n"));
  const Result<Replacement> nowhere = Replacement::prepare(folder / "no/file", "new\n");
  REQUIRE_FALSE(nowhere);
  CHECK(nowhere.error().os_error == ENOENT);
  CHECK(nowhere.error().exit == Exit::kFailed);
  CHECK(names_in(folder.path()) == std::set<std::string>{"folder", "link"});
}

TEST_CASE("a temporary of a process that died is replaced, a link in its place not followed") {
  Config config;
  const std::string temporary = temporary_of(config.folder.path(), "authorized-ranges");
  SECTION("file") { put(temporary, "half", 0600); }
  SECTION("link") { fs::create_symlink(config.toml, temporary); }
  Result<Replacement> replacement = Replacement::prepare(config.ranges, "new\n");
  REQUIRE(replacement);
  REQUIRE(replacement->commit());
  CHECK(get(config.ranges) == "new\n");
  CHECK_FALSE(fs::is_symlink(config.ranges));
  CHECK(get(config.toml) == kToml);
  CHECK(names_in(config.folder.path()) == both());
}

TEST_CASE("a write that fails half-way leaves the old file and no temporary") {
  Config config;
  const SmallFiles limit(4096);
  const Result<Replacement> replacement =
      Replacement::prepare(config.ranges, std::string(10'000, '#'));
  REQUIRE_FALSE(replacement);
  CHECK(replacement.error().message == "file '" +
                                           temporary_of(config.folder.path(), "authorized-ranges") +
                                           "': write: file too large");
  CHECK(replacement.error().os_error == EFBIG);
  CHECK(get(config.ranges) == "203.0.113.0/24\n");
  CHECK(names_in(config.folder.path()) == both());
}

TEST_CASE("a folder that may not be written is an error of prepare") {
  Config config;
  chmod(config.folder.path().c_str(), 0555);
  {
    const AsNobody nobody;
    const Result<Replacement> replacement = Replacement::prepare(config.ranges, "new\n");
    REQUIRE_FALSE(replacement);
    CHECK(replacement.error().os_error == EACCES);
    CHECK(replacement.error().exit == Exit::kFailed);
  }
  chmod(config.folder.path().c_str(), 0755);
  CHECK(names_in(config.folder.path()) == both());
}

TEST_CASE("a rename that fails leaves what is there and no temporary") {
  Config config;
  {
    Result<Replacement> replacement = Replacement::prepare(config.ranges, "new\n");
    REQUIRE(replacement);
    fs::remove(config.ranges);
    fs::create_directory(config.ranges);
    const Result<> committed = replacement->commit();
    REQUIRE_FALSE(committed);
    CHECK(committed.error().message == "file '" + config.ranges + "': replace: is a directory");
  }
  CHECK(names_in(config.folder.path()) == both());
}

TEST_CASE("stale temporaries are removed, also those beside the target of a link") {
  Config config;
  Folder elsewhere;
  put(elsewhere / "list", "old\n");
  put(elsewhere / ".list.apiguard-new-7-1234", "half");
  put(config.folder / ".apiguard.toml.apiguard-new-7-1234", "half");
  put(config.folder / ".authorized-ranges.apiguard-new", "half, of an older version");
  put(config.folder / ".authorized-ranges.before-rollback.apiguard-new-1-2", "half");
  fs::create_directories(config.folder / ".authorized-ranges.apiguard-old-7-1234");
  put(config.folder / ".authorized-ranges.apiguard-old-7-1234/authorized-ranges", "on its way out");
  put(config.folder / ".other.apiguard-new", "not ours");
  fs::remove(config.ranges);
  fs::create_symlink(elsewhere / "list", config.ranges);
  remove_stale_replacements(config.toml);
  CHECK(names_in(elsewhere.path()) == std::set<std::string>{"list"});
  CHECK(names_in(config.folder.path()) ==
        std::set<std::string>{".other.apiguard-new", "apiguard.toml", "authorized-ranges"});
}

TEST_CASE("a process that is killed before commit leaves the old file") {
  Config config;
  const pid_t child = fork();
  if (child == 0) {
    const Result<Replacement> replacement = Replacement::prepare(config.ranges, "new\n");
    raise(SIGKILL);
  }
  REQUIRE(waitpid(child, nullptr, 0) == child);
  CHECK(get(config.ranges) == "203.0.113.0/24\n");
  CHECK(fs::exists(config.folder / (".authorized-ranges.apiguard-new-0-" + std::to_string(child))));
  remove_stale_replacements(config.toml);
  CHECK(names_in(config.folder.path()) == both());
}

// ---- a verb that was overtaken

namespace {

// As the lock arms it; overtaken at will.
class Verb {
 public:
  explicit Verb(const std::string& token) {
    fence::arm(
        token, [this] { return by; }, false);
  }
  Verb(const Verb&) = delete;
  Verb& operator=(const Verb&) = delete;
  ~Verb() { fence::disarm(); }

  std::optional<std::string> by;
};

constexpr const char* kOvertaken =
    "lock: overtaken by pid 9 (mode off): nothing more was changed: 'apiguard status' shows what "
    "is "
    "in force";

}  // namespace

TEST_CASE("a verb that was overtaken prepares, replaces and removes nothing") {
  Config config;
  Verb verb("7-1234");
  Result<Replacement> before = Replacement::prepare(config.ranges, "new\n");
  REQUIRE(before);
  CHECK(fs::exists(config.folder / ".authorized-ranges.apiguard-new-7-1234"));
  verb.by = "pid 9 (mode off)";
  const Result<> committed = before->commit();
  REQUIRE_FALSE(committed);
  CHECK(committed.error().message == kOvertaken);
  CHECK(committed.error().exit == Exit::kFailed);
  CHECK(committed.error().os_error == ECANCELED);
  CHECK_FALSE(Replacement::prepare(config.toml, "new\n"));
  const Result<> removed = remove_file(config.ranges);
  REQUIRE_FALSE(removed);
  CHECK(removed.error().message == kOvertaken);
  before = fail(Exit::kFailed, "gone");
  CHECK(names_in(config.folder.path()) == both());
  CHECK(get(config.ranges) == "203.0.113.0/24\n");
}

TEST_CASE("a rename whose temporary was taken away fails, whatever was checked before") {
  Config config;
  const Verb verb("7-1234");
  Result<Replacement> replacement = Replacement::prepare(config.ranges, "new\n");
  REQUIRE(replacement);
  remove_stale_replacements(config.toml);
  CHECK_FALSE(replacement->commit());
  CHECK(get(config.ranges) == "203.0.113.0/24\n");
}

TEST_CASE("two verbs prepare the same file under two names") {
  Config config;
  const Verb first("7-1234");
  Result<Replacement> a = Replacement::prepare(config.ranges, "a\n");
  const Verb second("8-1300");
  Result<Replacement> b = Replacement::prepare(config.ranges, "b\n");
  REQUIRE(a);
  REQUIRE(b);
  REQUIRE(b->commit());
  a = fail(Exit::kFailed, "gone");
  CHECK(get(config.ranges) == "b\n");
  CHECK(names_in(config.folder.path()) == both());
}

TEST_CASE("a file is removed; one that is not there is removed already") {
  Config config;
  REQUIRE(remove_file(config.ranges));
  REQUIRE(remove_file(config.ranges));
  CHECK(names_in(config.folder.path()) == std::set<std::string>{"apiguard.toml"});
}

// ---- helpers

TEST_CASE("folders are made with those above, in the mode asked for whatever the umask") {
  Folder folder;
  const mode_t before = umask(077);
  const Result<> made = make_directory(folder / "a/b/c/", 0750);
  umask(before);
  REQUIRE(made);
  CHECK(mode_of(folder / "a") == 0755);
  CHECK(mode_of(folder / "a/b") == 0755);
  CHECK(mode_of(folder / "a/b/c") == 0750);
  REQUIRE(make_directory(folder / "a/b", 0700));
  CHECK(mode_of(folder / "a/b") == 0755);

  put(folder / "file", "");
  const Result<> in_the_way = make_directory(folder / "file", 0755);
  REQUIRE_FALSE(in_the_way);
  CHECK(in_the_way.error().message == "directory '" + folder / "file" + "': create: file exists");
  CHECK_FALSE(make_directory(folder / "file/x", 0755));
  CHECK_FALSE(make_directory("", 0755));
}

TEST_CASE("texts are written and read, or there is no file") {
  Folder folder;
  const std::string path = folder / "text";
  REQUIRE(write_synced(path, "one"));
  REQUIRE(write_synced(path, "two"));
  CHECK(*read_text(path) == "two");
  CHECK(mode_of(path) == 0600);
  {
    const SmallFiles limit(1);
    CHECK_FALSE(write_synced(path, "three"));
  }
  CHECK(names_in(folder.path()).empty());

  const Result<std::string> missing = read_text(path);
  REQUIRE_FALSE(missing);
  CHECK(missing.error().message == "file '" + path + "': open: no such file or directory");
  CHECK(missing.error().exit == Exit::kFailed);
  CHECK_FALSE(read_text(folder.path()));
  CHECK_FALSE(write_synced(folder / "no/text", ""));
}

TEST_CASE("files of /proc, which have no size, are read to their end") {
  const Result<std::string> text = read_text("/proc/self/status");
  REQUIRE(text);
  CHECK(text->find("Name:") == 0);
  CHECK(text->back() == '\n');
}

TEST_CASE("folders are listed bytewise and synced, or the error says which") {
  Folder folder;
  for (const char* name : {"b", "a", "B", ".c", "10", "9"}) put(folder / name, "");
  const Result<std::vector<std::string>> names = list_directory(folder.path());
  REQUIRE(names);
  CHECK(*names == std::vector<std::string>{".c", "10", "9", "B", "a", "b"});
  CHECK(sync_directory(folder.path()));
  CHECK(list_directory(folder / "none").error().message ==
        "directory '" + folder / "none" + "': open: no such file or directory");
  CHECK(sync_directory(folder / "a").error().message ==
        "directory '" + folder / "a" + "': open: not a directory");
}

TEST_CASE("a drop-in is a plain name that ends in .list") {
  for (const char* name : {"a.list", "10-office.list", "a.b.list", "list.list", "x y.list"}) {
    CHECK(is_drop_in(name));
  }
  for (const char* name :
       {"", ".list", ".a.list", "a", "a.list~", "a.LIST", "alist", "d/a.list", "../a.list"}) {
    CHECK_FALSE(is_drop_in(name));
  }
}
