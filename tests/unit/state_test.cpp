// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/host/state.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <thread>

#include "loader/base/fence.hpp"
#include "loader/base/sha256.hpp"
#include "loader/host/salvage.hpp"
#include "loader/host/sealed.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/folder.hpp"

namespace fs = std::filesystem;
using namespace apiguard;
using namespace apiguard::test;

namespace {

using Numbers = std::vector<std::uint64_t>;

GenerationMeta meta_of(std::uint64_t generation) {
  GenerationMeta meta;
  meta.generation = generation;
  meta.time = timestamp_of(1'764'000'000'123'456'789);
  meta.stamp = Stamp{{Timestamp(-24h), BootTime::max()},
                     "8f5b1a54-0000-4000-8000-000000000000",
                     Timestamp(-1000s)};
  meta.trusts_clock = true;
  meta.lasting = {
      {parse_prefix("203.0.113.7")->prefix, Kind::kAllow, Timestamp(1'764'000'003s), BootTime(4ns)},
      {parse_prefix("2001:db8::/32")->prefix, Kind::kExcept, Timestamp(-5ns), BootTime()}};
  meta.by = "alice (uid 1000) from 203.0.113.7";
  meta.verb = "allow 203.0.113.0/24";
  meta.mode = Mode::kAudit;
  meta.confirmed = false;
  meta.fingerprint = std::string(64, 'a');
  meta.program_build = "0123456789abcdef";
  meta.added = 3;
  meta.removed = 18'446'744'073'709'551'615u;
  meta.ranges4 = 1'000'000;
  meta.ranges6 = 7;
  meta.edits = {{"authorized-ranges", std::string(64, 'b'), std::string(64, 'c')},
                {"apiguard.toml", "", std::nullopt}};
  return meta;
}

// Published together with others.
GenerationMeta meta_of_several(std::uint64_t generation) {
  GenerationMeta meta = meta_of(generation);
  const Range added{parse_prefix("203.0.113.7")->prefix, Kind::kExcept, "ci", Timestamp(-5ns), {}};
  const Range removed{parse_prefix("2001:db8::/32")->prefix, Kind::kAllow, "", std::nullopt, {}};
  meta.changes = {{"00000000000000000001-2-3", "bob", "except 203.0.113.7", {added}, {}},
                  {"00000000000000000002-2-3", "root", "revoke 2001:db8::/32", {}, {removed}}};
  return meta;
}

Sources sources_of(const std::string& ranges) {
  Sources sources;
  sources.config = {"apiguard.toml", "", "interfaces = [\"eth0\"]\n", true};
  sources.ranges = {"authorized-ranges", "", ranges, true};
  sources.drop_ins = {{"authorized-ranges.d/10-ci.list", "", "198.51.100.7\n", true},
                      {"authorized-ranges.d/b.list", "", std::string("\0\r\xff", 3), true}};
  return sources;
}

// A state directory with generation 17 in it.
struct State {
  Folder folder;
  std::string path = folder / "state";
  StateDir dir{path};
  std::string generation = path + "/generations/17";

  State() { REQUIRE(dir.write(meta_of(17), sources_of("203.0.113.0/24\n"))); }

  [[nodiscard]] std::string error() const {
    const Result<StoredGeneration> stored = dir.read(17);
    if (stored) return "";
    CHECK(stored.error().exit == Exit::kFailed);
    return stored.error().message;
  }
  void replace_in_meta(const std::string& from, const std::string& to) const {
    std::string text = get(generation + "/meta.json");
    const std::size_t at = text.find(from);
    REQUIRE(at != std::string::npos);
    put(generation + "/meta.json", text.replace(at, from.size(), to));
  }
};

Numbers numbers_of(const StateDir& dir) {
  const Result<Numbers> numbers = dir.generations();
  REQUIRE(numbers);
  return *numbers;
}

// 0: none.
std::uint64_t in_force_of(const StateDir& dir) {
  const Result<std::optional<std::uint64_t>> in_force = dir.in_force();
  REQUIRE(in_force);
  return in_force->value_or(0);
}

constexpr const char* kRecordDiffers =
    "generation '17': meta.json: its digest differs: the state directory was damaged";
constexpr const char* kDigestDiffers =
    "generation '17': digest differs: the state directory was damaged";

}  // namespace

TEST_CASE("changes that were published together are read back, each by itself") {
  const Folder folder;
  StateDir dir(folder / "state");
  const auto before = meta_of_several(17).changes;
  REQUIRE(dir.write(meta_of_several(17), sources_of("")));
  REQUIRE(dir.enter(17));
  const auto meta = dir.read_meta(17);
  REQUIRE(meta);
  REQUIRE(meta->changes.size() == before.size());
  for (std::size_t i = 0; i < before.size(); ++i) {
    CHECK(meta->changes[i].ticket == before[i].ticket);
    CHECK(meta->changes[i].by == before[i].by);
    CHECK(meta->changes[i].verb == before[i].verb);
    CHECK(meta->changes[i].added == before[i].added);
    CHECK(meta->changes[i].removed == before[i].removed);
  }
}

TEST_CASE("what was written is read back byte for byte") {
  const State state;
  const Result<StoredGeneration> stored = state.dir.read(17);
  REQUIRE(stored);
  CHECK(stored->sources == sources_of("203.0.113.0/24\n"));
  CHECK(stored->sources.ranges.present);
  CHECK(stored->sources.config.path == state.generation + "/files/apiguard.toml");
  CHECK(stored->sources.drop_ins[0].path ==
        state.generation + "/files/authorized-ranges.d/10-ci.list");

  const GenerationMeta& meta = stored->meta;
  const GenerationMeta before = meta_of(17);
  CHECK(meta.generation == before.generation);
  CHECK(meta.time == before.time);
  REQUIRE(meta.stamp);
  CHECK(meta.stamp->now.wall == before.stamp->now.wall);
  CHECK(meta.stamp->now.boot == before.stamp->now.boot);
  CHECK(meta.stamp->boot_id == before.stamp->boot_id);
  CHECK(meta.stamp->before == before.stamp->before);
  CHECK(meta.trusts_clock);
  CHECK(meta.lasting == before.lasting);
  CHECK(meta.by == before.by);
  CHECK(meta.verb == before.verb);
  CHECK(meta.mode == before.mode);
  CHECK(meta.confirmed == before.confirmed);
  CHECK(meta.fingerprint == before.fingerprint);
  CHECK(meta.program_build == before.program_build);
  CHECK(meta.added == before.added);
  CHECK(meta.removed == before.removed);
  CHECK(meta.ranges4 == before.ranges4);
  CHECK(meta.ranges6 == before.ranges6);
  REQUIRE(meta.edits.size() == 2);
  CHECK(meta.edits[0].name == "authorized-ranges");
  CHECK(meta.edits[0].before == std::string(64, 'b'));
  CHECK(meta.edits[1].before.empty());

  const Result<GenerationMeta> alone = state.dir.read_meta(17);
  REQUIRE(alone);
  CHECK(alone->time == before.time);
}

TEST_CASE("only the owner can look into the state directory") {
  const mode_t before = umask(0);
  const State state;
  umask(before);
  CHECK(mode_of(state.path) == 0700);
  CHECK(mode_of(state.path + "/generations") == 0700);
  CHECK(mode_of(state.generation) == 0700);
  CHECK(mode_of(state.generation + "/files/authorized-ranges.d") == 0700);
  CHECK(mode_of(state.generation + "/files/authorized-ranges") == 0600);
  CHECK(mode_of(state.generation + "/meta.json") == 0600);
}

TEST_CASE("a missing list stays missing, an empty one empty") {
  Folder folder;
  StateDir dir(folder.path());
  Sources sources = sources_of("");
  sources.drop_ins.clear();
  REQUIRE(dir.write(meta_of(1), sources));
  sources.ranges.present = false;
  REQUIRE(dir.write(meta_of(2), sources));
  CHECK(dir.read(1)->sources.ranges.present);
  CHECK_FALSE(dir.read(2)->sources.ranges.present);
  CHECK(dir.read(2)->sources.drop_ins.empty());
}

TEST_CASE("text that is no UTF-8 does not keep a generation from being written") {
  Folder folder;
  StateDir dir(folder.path());
  GenerationMeta meta = meta_of(1);
  meta.verb = "allow \xff\"\n";
  REQUIRE(dir.write(meta, sources_of("")));
  CHECK(dir.read_meta(1)->verb == "allow \xef\xbf\xbd\"\n");
}

TEST_CASE("numbers are ascending as numbers, other names are none") {
  Folder folder;
  StateDir dir(folder.path());
  for (const std::uint64_t number : Numbers{10, 9, 100, 2}) {
    REQUIRE(dir.write(meta_of(number), sources_of("")));
  }
  for (const char* name : {".new-11", ".old-1", "0", "007", "1x", "-3", "99999999999999999999"}) {
    fs::create_directory(folder / "generations/" + name);
  }
  const Result<Numbers> numbers = dir.generations();
  REQUIRE(numbers);
  CHECK(*numbers == Numbers{2, 9, 10, 100});
}

TEST_CASE("a state directory that does not exist has nothing and is no error") {
  Folder folder;
  StateDir dir(folder / "none");
  CHECK(numbers_of(dir).empty());
  CHECK(in_force_of(dir) == 0);
  CHECK(dir.prune());
  CHECK(dir.remove(3));
  CHECK_FALSE(fs::exists(folder / "none"));
  CHECK_FALSE(dir.mark_in_force(1));
  const Result<GenerationMeta> meta = dir.read_meta(3);
  REQUIRE_FALSE(meta);
  CHECK(meta.error().message ==
        "generation '3': open: '" + folder / "none/generations" + "' does not have it");
  CHECK(meta.error().os_error == ENOENT);
}

TEST_CASE("a state directory that may not be read is an error") {
  const State state;
  chmod(state.path.c_str(), 0);
  {
    const AsNobody nobody;
    CHECK(state.dir.generations().error().os_error == EACCES);
    CHECK(state.dir.in_force().error().os_error == EACCES);
    CHECK(state.dir.read(17).error().os_error == EACCES);
  }
  chmod(state.path.c_str(), 0700);
}

TEST_CASE("generation 0 and names that are no drop-in's are refused and leave nothing") {
  Folder folder;
  StateDir dir(folder.path());
  CHECK_FALSE(dir.write(meta_of(0), sources_of("")));
  for (const char* name :
       {"authorized-ranges.d/../../x.list", "../x.list", "/etc/x.list", "x.list",
        "authorized-ranges.d/.x.list", "authorized-ranges.d/x", "authorized-ranges.d/"}) {
    Sources sources = sources_of("");
    sources.drop_ins[0].name = name;
    const Result<> written = dir.write(meta_of(1), sources);
    REQUIRE_FALSE(written);
    CHECK(written.error().message ==
          "generation '1': file '" + std::string(name) + "': keep: not a drop-in name");
  }
  CHECK(names_in(folder / "generations").empty());
}

// ---- damage

TEST_CASE("a meta.json that was cut anywhere is refused") {
  State state;
  const std::string path = state.generation + "/meta.json";
  for (std::size_t length = get(path).size() - 1;
       length-- > 0;) {  // without the newline it is whole
    fs::resize_file(path, length);
    const Result<GenerationMeta> meta = state.dir.read_meta(17);
    REQUIRE_FALSE(meta);
    CHECK(meta.error().message ==
          "generation '17': meta.json: it is not a JSON object: the state directory was damaged");
  }
}

TEST_CASE("every member of meta.json must be there and of its type") {
  State state;
  const std::string text = get(state.generation + "/meta.json");
  for (const char* key :
       {"schema", "generation", "time", "by", "verb", "mode", "confirmed", "fingerprint",
        "program_build", "added", "removed", "ranges4", "ranges6", "edits", "digest"}) {
    const std::string expected = "generation '17': meta.json: '" + std::string(key) +
                                 "' is missing or wrong: the state directory was damaged";
    const std::string quoted = "\"" + std::string(key) + "\":";
    state.replace_in_meta(quoted, "\"x-" + std::string(key) + "\":");
    CHECK(state.error() == expected);
    put(state.generation + "/meta.json", text);
    state.replace_in_meta(quoted, quoted + " null, \"old\":");
    CHECK(state.error() == expected);
    put(state.generation + "/meta.json", text);
  }
  CHECK(state.error().empty());
}

TEST_CASE("values of meta.json that make no sense are refused, unknown members are not") {
  State state;
  const std::string text = get(state.generation + "/meta.json");
  const auto error = [&](const std::string& from, const std::string& to) {
    state.replace_in_meta(from, to);
    const std::string message = state.error();
    put(state.generation + "/meta.json", text);
    return message;
  };
  const auto wrong = [](const std::string& key) {
    return "generation '17': meta.json: '" + key +
           "' is missing or wrong: the state directory was damaged";
  };
  CHECK(error("\"audit\"", "\"on\"") == wrong("mode"));
  CHECK(error("2025-", "2025/") == wrong("time"));
  CHECK(error("\"added\": 3", "\"added\": -3") == wrong("added"));
  CHECK(error("\"added\": 3", "\"added\": 3.5") == wrong("added"));
  CHECK(error("\"added\": 3", "\"added\": 99999999999999999999") == wrong("added"));
  CHECK(error("\"edits\": [", "\"edits\": [7,") == wrong("edits"));
  CHECK(error(R"("before": ")", R"("befor": ")") == wrong("edits"));
  CHECK(error("\"edits\": [", "\"edits\": [null,") == wrong("edits"));
  CHECK(error("\"lasting\": [", "\"lasting\": [null,") == wrong("lasting"));
  CHECK(error("\"added\": 3", "\"added\": 3, \"entered\": null") == wrong("entered"));
  CHECK(error("\"added\": 3", "\"added\": 3, \"changes\": [[]]") == wrong("changes"));
  CHECK(error("\"wall\": ", "\"wall\": 9223372036854775808, \"other\": ") == wrong("clock"));
  CHECK(error("\"added\": 3",
              "\"added\": 3, \"x\": " + std::string(20, '[') + std::string(20, ']')) ==
        "generation '17': meta.json: it is nested deeper than 16 levels: the state directory was "
        "damaged");
  CHECK(error("\"schema\": 1", "\"schema\": 0") == wrong("schema"));
  CHECK(error("\"added\": 3", "\"added\": 4") == kRecordDiffers);
  CHECK(error("\"schema\": 1", "\"schema\": 2") ==
        "generation '17': meta.json: schema 2 belongs to a newer apiguard, this one reads 1; "
        "install the newer one again or use another generation");
  CHECK(error("\"added\": 3", "\"added\": 3, \"later\": {}") == kRecordDiffers);
  auto json = nlohmann::json::parse(text);
  json["later"] = {1};
  put(state.generation + "/meta.json", show_sealed(json));
  CHECK(state.error().empty());
  json["generation"] = 16;
  put(state.generation + "/meta.json", show_sealed(json));
  CHECK(state.error() ==
        "generation '17': meta.json belongs to generation '16': the state directory was damaged");
}

TEST_CASE("one bit of a record anywhere is damage") {
  State state;
  for (const std::string file : {"/meta.json", "/text.json"}) {
    const std::string text = get(state.generation + file);
    for (std::size_t bit = 0; bit < 8 * text.size(); bit += 3) {
      std::string damaged = text;
      damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << bit % 8));
      put(state.generation + file, damaged);
      INFO(file << " bit " << bit);
      REQUIRE_FALSE(state.error().empty());
    }
    put(state.generation + file, text);
  }
  CHECK(state.error().empty());
}

// As a version before this one wrote it.
void make_older(const State& state) {
  auto json = nlohmann::json::parse(get(state.generation + "/meta.json"));
  for (const char* key : {"record_digest", "files", "entered", "stands_for"}) json.erase(key);
  put(state.generation + "/meta.json", json.dump(2) + "\n");
  fs::remove(state.generation + "/text.json");
}

TEST_CASE("a record of an older version is read, and does not say whether it was in force") {
  State state;
  make_older(state);
  REQUIRE(state.dir.read(17));
  CHECK_FALSE(state.dir.read_meta(17)->entered);
  REQUIRE(state.dir.enter(17));
  CHECK(state.dir.read_meta(17)->entered == std::optional(true));
  CHECK(state.dir.read(17));
}

TEST_CASE("that a generation was in force is written once, and keeps the rest") {
  State state;
  GenerationMeta meta = meta_of(18);
  meta.entered = false;
  meta.stands_for = 17;
  REQUIRE(state.dir.write(meta, sources_of("")));
  CHECK(state.dir.read_meta(18)->entered == std::optional(false));
  REQUIRE(state.dir.enter(18));
  const std::string once = get(state.path + "/generations/18/meta.json");
  REQUIRE(state.dir.enter(18));
  CHECK(get(state.path + "/generations/18/meta.json") == once);
  CHECK(state.dir.read_meta(18)->entered == std::optional(true));
  CHECK(state.dir.read_meta(18)->stands_for == 17);
  CHECK(state.dir.read(18));
  CHECK_FALSE(state.dir.enter(19));
}

// ---- what is left of a damaged generation

TEST_CASE("record and text are lost one without the other") {
  State state;
  const std::string etc = state.folder / "etc/apiguard.toml";
  const Sources text = sources_of("203.0.113.0/24\n");
  const auto left = [&] { return salvage(state.path, 17, etc); };
  SECTION("the record") {
    put(state.generation + "/meta.json", "");
    CHECK_FALSE(left().meta);
    CHECK(left().mode == Mode::kAudit);
    CHECK(left().waits);  // as it was written; nothing says what became of it
    REQUIRE(left().text);
    CHECK(*left().text == text);
  }
  SECTION("the record of the text") {
    fs::remove(state.generation + "/text.json");
    CHECK_FALSE(state.dir.read(17));
    CHECK(left().meta);
    CHECK_FALSE(left().waits);
    CHECK(*left().text == text);
  }
  SECTION("a list, and the toml is still there") {
    put(state.generation + "/files/authorized-ranges", "0.0.0.0/0\n");
    CHECK(left().meta);
    CHECK_FALSE(left().text);
    REQUIRE(left().config);
    CHECK(left().config->text == text.config.text);
  }
  SECTION("all of it") {
    fs::remove_all(state.generation);
    CHECK_FALSE(left().meta);
    CHECK_FALSE(left().mode);
    CHECK_FALSE(left().text);
    CHECK_FALSE(left().config);
  }
}

TEST_CASE("what is lost is taken from the operator's files if it is the same, file by file") {
  State state;
  const Sources text = sources_of("203.0.113.0/24\n");
  fs::create_directories(state.folder / "etc/authorized-ranges.d");
  const std::string etc = state.folder / "etc/apiguard.toml";
  put(etc, "mode = \"off\"\n");  // edited since
  put(state.folder / "etc/authorized-ranges", text.ranges.text);
  put(state.folder / "etc/authorized-ranges.d/b.list", text.drop_ins[1].text);
  const std::string files = state.generation + "/files/";
  fs::remove(files + "authorized-ranges");
  put(files + "authorized-ranges.d/b.list", "0.0.0.0/0\n");
  const Salvage left = salvage(state.path, 17, etc);
  REQUIRE(left.text);
  CHECK(*left.text == text);
  fs::remove(files + "apiguard.toml");
  CHECK_FALSE(salvage(state.path, 17, etc).text);
  put(etc, text.config.text);
  CHECK(salvage(state.path, 17, etc).text);
}

TEST_CASE("the text of an older version is taken from the files as a whole") {
  State state;
  make_older(state);
  const Sources text = sources_of("203.0.113.0/24\n");
  fs::create_directories(state.folder / "etc/authorized-ranges.d");
  const std::string etc = state.folder / "etc/apiguard.toml";
  put(etc, text.config.text);
  put(state.folder / "etc/authorized-ranges", text.ranges.text);
  for (const SourceFile& file : text.drop_ins) put(state.folder / "etc/" + file.name, file.text);
  fs::remove_all(state.generation + "/files");
  REQUIRE(salvage(state.path, 17, etc).text);
  put(state.folder / "etc/authorized-ranges", "0.0.0.0/0\n");
  CHECK_FALSE(salvage(state.path, 17, etc).text);
}

TEST_CASE("files that are not what was written are refused") {
  State state;
  const std::string files = state.generation + "/files";
  SECTION("one byte of any file") {
    for (const char* name :
         {"/apiguard.toml", "/authorized-ranges", "/authorized-ranges.d/10-ci.list"}) {
      const std::string text = get(files + name);
      std::string damaged = text;
      damaged[damaged.size() / 2] = static_cast<char>(damaged[damaged.size() / 2] ^ 1);
      put(files + name, damaged);
      CHECK(state.error() == kDigestDiffers);
      put(files + name, text.substr(0, text.size() - 1));
      CHECK(state.error() == kDigestDiffers);
      put(files + name, text);
    }
    CHECK(state.error().empty());
  }
  SECTION("a list that is gone or empty") {
    put(files + "/authorized-ranges", "");
    CHECK(state.error() == kDigestDiffers);
    fs::remove(files + "/authorized-ranges");
    CHECK(state.error() == kDigestDiffers);
  }
  SECTION("a drop-in more, fewer, renamed") {
    put(files + "/authorized-ranges.d/c.list", "");
    CHECK(state.error() == kDigestDiffers);
    fs::remove(files + "/authorized-ranges.d/c.list");
    CHECK(state.error().empty());
    fs::rename(files + "/authorized-ranges.d/b.list", files + "/authorized-ranges.d/c.list");
    CHECK(state.error() == kDigestDiffers);
    fs::remove_all(files + "/authorized-ranges.d");
    CHECK(state.error() == kDigestDiffers);
  }
  SECTION("a toml that is gone") {
    fs::remove(files + "/apiguard.toml");
    CHECK(state.error() ==
          "generation '17': file '" + files + "/apiguard.toml': open: no such file or directory");
  }
  SECTION("a folder in place of a file") {
    fs::remove(files + "/authorized-ranges");
    fs::create_directory(files + "/authorized-ranges");
    CHECK(state.error() ==
          "generation '17': file '" + files +
              "/authorized-ranges': open: it is not a regular file; put a plain file there");
  }
}

TEST_CASE("text that moves from one file to the next changes the digest") {
  State state;
  const std::string files = state.generation + "/files/authorized-ranges.d/";
  const std::string first = get(files + "10-ci.list");
  const std::string second = get(files + "b.list");
  put(files + "10-ci.list", first + second);
  put(files + "b.list", "");
  CHECK(state.error() == kDigestDiffers);
}

TEST_CASE("a damaged generation leaves the others readable") {
  State state;
  REQUIRE(state.dir.write(meta_of(18), sources_of("192.0.2.0/24\n")));
  REQUIRE(state.dir.write(meta_of(19), sources_of("192.0.2.1\n")));
  put(state.path + "/generations/18/meta.json", "");
  fs::remove(state.path + "/generations/19/meta.json");
  CHECK(numbers_of(state.dir) == Numbers{17, 18, 19});
  CHECK(state.dir.read(17));
  CHECK_FALSE(state.dir.read(18));
  CHECK(state.dir.read(19).error().message ==
        "generation '19': file '" + state.path +
            "/generations/19/meta.json': open: no such file or directory");
  REQUIRE(state.dir.write(meta_of(18), sources_of("192.0.2.0/24\n")));
  CHECK(state.dir.read(18));
}

// ---- in-force

TEST_CASE("what is in force is remembered") {
  State state;
  CHECK(in_force_of(state.dir) == 0);
  REQUIRE(state.dir.mark_in_force(17));
  CHECK(in_force_of(state.dir) == 17);
  CHECK(get(state.path + "/in-force") == "17\n");
  REQUIRE(state.dir.mark_in_force(18));
  CHECK(in_force_of(state.dir) == 18);
  CHECK(names_in(state.path) == std::set<std::string>{"generations", "in-force"});
}

TEST_CASE("a damaged in-force is an error") {
  State state;
  for (const char* text :
       {"", "\n", "17", "017\n", "0\n", "17\n\n", " 17\n", "-1\n", "x\n", "17\r\n"}) {
    put(state.path + "/in-force", text);
    const auto in_force = state.dir.in_force();
    REQUIRE_FALSE(in_force);
    CHECK(in_force.error().message == "file '" + state.path +
                                          "/in-force': read: it holds no generation number: the "
                                          "state directory was damaged");
  }
  REQUIRE(state.dir.mark_in_force(17));
  CHECK(in_force_of(state.dir) == 17);
}

TEST_CASE("what is no mark is moved aside when one is written") {
  State state;
  const std::string mark = state.path + "/in-force";
  fs::create_directories(mark + "/x");
  CHECK_FALSE(state.dir.in_force());
  REQUIRE(state.dir.mark_in_force(17));
  CHECK(in_force_of(state.dir) == 17);
  CHECK(fs::exists(mark + ".damaged/x"));
  fs::remove(mark);
  fs::create_symlink("/nowhere", mark);
  CHECK_FALSE(state.dir.in_force());
  REQUIRE(state.dir.mark_in_force(18));
  CHECK(in_force_of(state.dir) == 18);
  CHECK(fs::is_symlink(mark + ".damaged-2"));
}

TEST_CASE("a mark that cannot be written leaves the one before") {
  State state;
  REQUIRE(state.dir.mark_in_force(17));
  {
    const SmallFiles limit(1);
    CHECK(state.dir.mark_in_force(18).error().os_error == EFBIG);
  }
  CHECK(in_force_of(state.dir) == 17);
  CHECK(names_in(state.path) == std::set<std::string>{"generations", "in-force"});
}

// ---- writing again, removing, pruning

TEST_CASE("writing a number again with the same sources replaces its meta alone") {
  State state;
  struct stat before {};
  REQUIRE(stat((state.generation + "/files").c_str(), &before) == 0);
  GenerationMeta meta = meta_of(17);
  meta.confirmed = true;
  REQUIRE(state.dir.write(meta, sources_of("203.0.113.0/24\n")));
  CHECK(state.dir.read(17)->meta.confirmed);
  struct stat after {};
  REQUIRE(stat((state.generation + "/files").c_str(), &after) == 0);
  CHECK(before.st_ino == after.st_ino);
  CHECK(names_in(state.generation) == std::set<std::string>{"files", "meta.json", "text.json"});
}

TEST_CASE("writing a number again with other sources replaces the whole") {
  State state;
  Sources sources = sources_of("192.0.2.1\n");
  sources.drop_ins.pop_back();
  REQUIRE(state.dir.write(meta_of(17), sources));
  CHECK(state.dir.read(17)->sources == sources);
  CHECK(names_in(state.path + "/generations") == std::set<std::string>{"17"});
}

namespace {

// In the names of what a process without the lock prepares.
std::string own_token() { return "0-" + std::to_string(getpid()); }

}  // namespace

TEST_CASE("a write that fails half-way leaves what was there and nothing else") {
  State state;
  {
    const SmallFiles limit(4096);
    const Result<> written = state.dir.write(meta_of(18), sources_of(std::string(10'000, '#')));
    REQUIRE_FALSE(written);
    CHECK(written.error().message == "generation '18': file '" + state.path + "/generations/.new-" +
                                         own_token() +
                                         "/18/files/authorized-ranges': write: file too large");
    CHECK(written.error().os_error == EFBIG);
    CHECK_FALSE(state.dir.write(meta_of(17), sources_of(std::string(10'000, '#'))));
  }
  CHECK(names_in(state.path + "/generations") == std::set<std::string>{"17"});
  CHECK(state.dir.read(17)->sources == sources_of("203.0.113.0/24\n"));
}

TEST_CASE("what a write that died left behind is no obstacle") {
  State state;
  const std::string unfinished = state.path + "/generations/.new-" + own_token() + "/18";
  fs::create_directories(unfinished + "/files/authorized-ranges.d");
  put(unfinished + "/files/authorized-ranges.d/ghost.list", "0.0.0.0/0\n");
  put(state.path + "/generations/.old-" + own_token(), "a file where a folder should be");
  REQUIRE(state.dir.write(meta_of(18), sources_of("192.0.2.1\n")));
  CHECK(state.dir.read(18)->sources == sources_of("192.0.2.1\n"));
  REQUIRE(state.dir.remove(17));
  CHECK(names_in(state.path + "/generations") == std::set<std::string>{"18"});
}

TEST_CASE("what verbs that died left behind is removed, wherever it lies") {
  State state;
  fs::create_directories(state.path + "/generations/.new-7-1234/18/files");
  fs::create_directories(state.path + "/generations/.old-7-1234/16/files");
  fs::create_directories(state.path + "/generations/.new-18");  // of an older version
  put(state.path + "/.in-force.apiguard-new-7-1234", "18\n");
  put(state.path + "/generations/17/.meta.json.apiguard-new-7-1234", "{}");
  state.dir.remove_leftovers();
  CHECK(names_in(state.path + "/generations") == std::set<std::string>{"17"});
  CHECK(names_in(state.path + "/generations/17").count(".meta.json.apiguard-new-7-1234") == 0);
  CHECK(names_in(state.path).count(".in-force.apiguard-new-7-1234") == 0);
  CHECK(state.dir.read(17));
}

TEST_CASE("a verb that was overtaken writes, marks, removes and prunes nothing") {
  State state;
  REQUIRE(state.dir.mark_in_force(17));
  for (std::uint64_t number = 18; number <= 30; ++number) {
    REQUIRE(state.dir.write(meta_of(number), sources_of("")));
  }
  fence::arm(
      "7-1234", [] { return std::optional<std::string>("pid 9 (mode off)"); }, false);
  for (const Result<>& done :
       {state.dir.write(meta_of(31), sources_of("")), state.dir.write(meta_of(30), sources_of("x")),
        state.dir.rewrite(meta_of(30)), state.dir.mark_in_force(18), state.dir.mark_in_force(0),
        state.dir.remove(30), state.dir.prune()}) {
    REQUIRE_FALSE(done);
    CHECK(done.error().os_error == ECANCELED);
  }
  fence::disarm();
  CHECK(numbers_of(state.dir).size() == 14);
  CHECK(state.dir.in_force().value() == 17);
  CHECK(state.dir.read(30)->sources == sources_of(""));
  for (const std::string& name : names_in(state.path + "/generations")) CHECK(name[0] != '.');
}

TEST_CASE("a file where the state directory should be is an error") {
  Folder folder;
  put(folder / "state", "");
  StateDir dir(folder / "state");
  CHECK(dir.write(meta_of(1), sources_of("")).error().message ==
        "directory '" + folder / "state" + "': create: file exists");
  CHECK_FALSE(dir.generations());
  CHECK_FALSE(dir.prune());
}

TEST_CASE("removing is done when it is gone") {
  State state;
  REQUIRE(state.dir.remove(17));
  REQUIRE(state.dir.remove(17));
  CHECK(numbers_of(state.dir).empty());
  CHECK(names_in(state.path + "/generations").empty());
}

TEST_CASE("pruning keeps the newest ten, what is in force, and nothing half-done") {
  State state;
  for (std::uint64_t number = 18; number <= 30; ++number) {
    REQUIRE(state.dir.write(meta_of(number), sources_of("")));
  }
  REQUIRE(state.dir.mark_in_force(18));
  fs::create_directories(state.path + "/generations/.new-31/files");
  fs::create_directories(state.path + "/generations/.old-16/files");
  put(state.path + "/generations/.old-16/files/x", "");
  fs::create_directory(state.path + "/generations/notes");
  REQUIRE(state.dir.prune());
  CHECK(numbers_of(state.dir) == Numbers{18, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30});
  CHECK(names_in(state.path + "/generations").count("notes") == 1);
  CHECK(names_in(state.path + "/generations").size() == 12);
  for (const std::uint64_t number : numbers_of(state.dir)) CHECK(state.dir.read(number));
}

TEST_CASE("pruning removes no generation while in-force cannot be read") {
  State state;
  for (std::uint64_t number = 18; number <= 30; ++number) {
    REQUIRE(state.dir.write(meta_of(number), sources_of("")));
  }
  fs::create_directory(state.path + "/generations/.new-31");
  put(state.path + "/in-force", "");
  CHECK_FALSE(state.dir.prune());
  CHECK(numbers_of(state.dir).size() == 14);
  CHECK_FALSE(fs::exists(state.path + "/generations/.new-31"));
}

// ---- published unconfirmed

TEST_CASE("the bytes that a change found and wrote are kept with it, and read only if whole") {
  Folder folder;
  StateDir dir(folder / "state");
  const Sources sources = sources_of("203.0.113.0/24\n");
  const std::string after = sources.ranges.text + "# a colleague's edit\n";
  GenerationMeta meta = meta_of(17);
  meta.fallback = 16;
  meta.edits = {{"authorized-ranges", sha256_hex("198.51.100.7\n"), sha256_hex(after)},
                {"apiguard.toml", "", sha256_hex(sources.config.text)},
                {"authorized-ranges.d/b.list", sha256_hex("x"), ""}};
  const std::vector<FileBytes> bytes{{"authorized-ranges", "198.51.100.7\n", after, 0},
                                     {"apiguard.toml", std::nullopt, sources.config.text, 0},
                                     {"authorized-ranges.d/b.list", "x", std::nullopt, 0}};
  REQUIRE(dir.write(meta, sources, bytes));
  CHECK(dir.read_before(meta, 0).value() == "198.51.100.7\n");
  CHECK(dir.read_after(meta, 0).value() == after);
  CHECK(dir.read_before(meta, 1).value() == std::nullopt);
  CHECK(dir.read_after(meta, 1).value() == sources.config.text);
  CHECK_FALSE(fs::exists(folder / "state/generations/17/after/1"));  // it is the text in files/
  CHECK(dir.read_before(meta, 2).value() == "x");
  CHECK(dir.read_after(meta, 2).value() == std::nullopt);
  CHECK(dir.read(17));

  meta.undone = true;
  REQUIRE(dir.rewrite(meta));
  const auto again = dir.read_meta(17);
  REQUIRE(again);
  CHECK(again->undone);
  CHECK(again->fallback == 16);
  CHECK(again->edits[0].after == sha256_hex(after));
  CHECK(dir.read(17));  // the digest of the files is still there
  CHECK_FALSE(dir.rewrite(meta_of(18)));

  put(folder / "state/generations/17/before/0", "198.51.100.8\n");
  const auto damaged = dir.read_before(meta, 0);
  REQUIRE_FALSE(damaged);
  CHECK(damaged.error().message == kDigestDiffers);
  fs::remove(folder / "state/generations/17/after/0");
  CHECK_FALSE(dir.read_after(meta, 0));  // the text of the generation is no substitute
}

TEST_CASE("bytes that an older version kept are found: by name, and the text as what was written") {
  Folder folder;
  StateDir dir(folder / "state");
  const Sources sources = sources_of("203.0.113.0/24\n");
  GenerationMeta meta = meta_of(17);
  meta.edits = {{"authorized-ranges", sha256_hex("old\n"), std::nullopt}};
  REQUIRE(dir.write(meta, sources));
  fs::create_directory(folder / "state/generations/17/before");
  put(folder / "state/generations/17/before/authorized-ranges", "old\n");
  CHECK(dir.read_before(meta, 0).value() == "old\n");
  CHECK(dir.read_after(meta, 0).value() == sources.ranges.text);
}

TEST_CASE("a text that another generation holds is not written twice, and outlives that one") {
  Folder folder;
  StateDir dir(folder / "state");
  REQUIRE(dir.write(meta_of(16), sources_of("198.51.100.7\n")));
  GenerationMeta meta = meta_of(17);
  meta.edits = {{"authorized-ranges", sha256_hex("198.51.100.7\n"), sha256_hex("x\n")}};
  REQUIRE(dir.write(meta, sources_of("x\n"), {{"authorized-ranges", "198.51.100.7\n", "x\n", 16}}));
  CHECK(fs::hard_link_count(folder / "state/generations/17/before/0") == 2);
  REQUIRE(dir.remove(16));
  CHECK(dir.read_before(meta, 0).value() == "198.51.100.7\n");
}

TEST_CASE("a record of before the clocks were kept holds none") {
  const State state;
  auto json = nlohmann::json::parse(get(state.generation + "/meta.json"));
  for (const char* key : {"clock", "trusts_clock", "lasting"}) json.erase(key);
  put(state.generation + "/meta.json", show_sealed(json));
  const auto meta = state.dir.read_meta(17);
  REQUIRE(meta);
  CHECK_FALSE(meta->stamp);
  CHECK_FALSE(meta->trusts_clock);
  CHECK(meta->lasting.empty());
}

TEST_CASE("changes in a record that are none are damage") {
  for (
      const char* value :
      {"{}", "[1]", R"([{"ticket":"a","by":"b","verb":"c","added":[]}])",
       R"([{"ticket":"a","by":"b","verb":"c","added":[{"cidr":"x","kind":"allow"}],"removed":[]}])",
       R"([{"ticket":"a","by":"b","verb":"c","added":[{"cidr":"::/0","kind":"cluster"}],"removed":[]}])",
       R"([{"ticket":7,"by":"b","verb":"c","added":[],"removed":[]}])"}) {
    INFO(value);
    const State state;
    auto json = nlohmann::json::parse(get(state.generation + "/meta.json"));
    json["changes"] = nlohmann::json::parse(value);
    put(state.generation + "/meta.json", show_sealed(json));
    CHECK_FALSE(state.dir.read_meta(17));
  }
}

TEST_CASE("clocks in a record that are no clocks are damage") {
  for (const auto& [key, value] :
       {std::pair{"clock", "5"},
        {"clock", "{}"},
        {"clock", R"({"wall":1,"boot":-1,"boot_id":""})"},
        {"clock", R"({"wall":18446744073709551615,"boot":1,"boot_id":""})"},
        {"clock", R"({"wall":1,"boot":1,"boot_id":"","before":"x"})"},
        {"trusts_clock", "1"},
        {"lasting", "{}"},
        {"lasting", "[1]"},
        {"lasting", R"([{"cidr":"x","kind":"allow","until":1,"end":1}])"},
        {"lasting", R"([{"cidr":"::/0","kind":"cluster","until":1,"end":1}])"}}) {
    INFO(key << ' ' << value);
    const State state;
    auto json = nlohmann::json::parse(get(state.generation + "/meta.json"));
    json[key] = nlohmann::json::parse(value);
    put(state.generation + "/meta.json", show_sealed(json));
    CHECK_FALSE(state.dir.read_meta(17));
  }
}

TEST_CASE("a record of before confirmations is one that was not undone") {
  State state;
  make_older(state);
  for (const char* key : {"undone", "fallback"}) {
    state.replace_in_meta("\"" + std::string(key) + "\":", "\"x-" + std::string(key) + "\":");
  }
  const auto meta = state.dir.read_meta(17);
  REQUIRE(meta);
  CHECK_FALSE(meta->undone);
  CHECK(meta->fallback == 0);
}

TEST_CASE("nothing in force is a mark that is not there") {
  State state;
  REQUIRE(state.dir.mark_in_force(17));
  REQUIRE(state.dir.mark_in_force(0));
  CHECK(in_force_of(state.dir) == 0);
  REQUIRE(state.dir.mark_in_force(0));
}

TEST_CASE("what the generation in force falls back to is kept while it waits") {
  Folder folder;
  StateDir dir(folder / "state");
  for (std::uint64_t number = 1; number <= 14; ++number) {
    GenerationMeta meta = meta_of(number);
    meta.fallback = number == 14 ? 2 : 0;
    REQUIRE(dir.write(meta, sources_of("")));
  }
  REQUIRE(dir.mark_in_force(14));
  REQUIRE(dir.prune());
  CHECK(numbers_of(dir) == Numbers{2, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14});
  GenerationMeta confirmed = meta_of(14);
  confirmed.confirmed = true;
  REQUIRE(dir.rewrite(confirmed));
  REQUIRE(dir.prune());
  CHECK(numbers_of(dir).front() == 5);
}

// ---- killed at any moment

namespace {

// Publishes as the loader does.
bool publish(StateDir& dir, std::uint64_t number) {
  GenerationMeta meta = meta_of(number);
  const Sources sources = sources_of(std::to_string(number) + "\n");
  if (!dir.write(meta, sources) || !dir.mark_in_force(number)) return false;
  meta.confirmed = true;
  return dir.write(meta, sources) && dir.prune();
}

[[noreturn]] void publish_on(const std::string& path, std::uint64_t number) {
  StateDir dir(path);
  while (publish(dir, number)) ++number;
  _exit(1);
}

std::uint64_t check_all(const std::string& path) {
  const StateDir dir(path);
  const Result<Numbers> numbers = dir.generations();
  REQUIRE(numbers);
  for (const std::uint64_t number : *numbers) {
    const Result<StoredGeneration> stored = dir.read(number);
    REQUIRE(stored);
    CHECK(stored->sources.ranges.text == std::to_string(number) + "\n");
  }
  const auto in_force = dir.in_force();
  REQUIRE(in_force);
  if (*in_force) CHECK(dir.read(**in_force));
  return numbers->empty() ? 0 : numbers->back();
}

}  // namespace

TEST_CASE("a writer that is killed leaves complete generations only") {
  using Microseconds = std::chrono::duration<double, std::micro>;
  Folder folder;
  const std::string path = folder / "state";
  StateDir dir(path);
  const auto start = std::chrono::steady_clock::now();
  REQUIRE(publish(dir, 1));
  Microseconds one = std::chrono::steady_clock::now() - start;

  constexpr int kRounds =
      40;  // at moments spread over two publishes, however slow the disk or busy the host
  std::uint64_t last = 1;
  for (int round = 0; round < kRounds; ++round) {
    const pid_t child = fork();
    if (child == 0) publish_on(path, last + 1);
    const Microseconds given = one * 2 * round / kRounds;
    std::this_thread::sleep_for(given);
    kill(child, SIGKILL);
    int status = 0;
    REQUIRE(waitpid(child, &status, 0) == child);
    REQUIRE(WIFSIGNALED(status));
    const std::uint64_t newest = check_all(path);
    if (newest == last && given > one) one *= 2;  // slower by now than the first one was
    last = newest;
  }
  CHECK(last > 1);
  REQUIRE(dir.prune());
  for (const std::string& name : names_in(path + "/generations")) CHECK(name.front() != '.');
}
