// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The two copies of the book, and what may become of them.
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <limits>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "loader/base/time.hpp"
#include "loader/host/book_file.hpp"
#include "loader/host/sealed.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/folder.hpp"

using namespace apiguard;
namespace fs = std::filesystem;
using Json = nlohmann::json;

namespace {

constexpr Timestamp kNoon{1'796'126'400s};  // 2026-12-01T12:00:00Z
const Moment kMoment{{kNoon, BootTime(500s)}, "8e3f0b0a-6a3e-4a3c-b9a0-9b8f3ad5a3d1"};

Prefix prefix(const char* text) { return parse_prefix(text)->prefix; }

// Edition `edition` of a book with something of everything.
StoredBook sample(std::uint64_t edition = 3) {
  StoredBook stored;
  stored.book.edition = edition;
  const Term hour = term_of(1h, kMoment);
  stored.book.leases = {
      {prefix("203.0.113.7"), "ci", "alice (uid 1000) from 203.0.113.7", true, hour},
      {prefix("2001:db8:1:2::/64"), "ci.b-c_D", "", false, {Timestamp(-1ns), 0s, "", {}}}};
  stored.book.lapsing = {
      {prefix("0.0.0.0/0"), Kind::kExcept, "", "authorized-ranges.d/n.list", hour},
      {prefix("10.0.0.0/8"), Kind::kAllow, "x", "authorized-ranges.d/n.list", hour},
      {prefix("::/0"), Kind::kAllow, "", "authorized-ranges.d/o p.list", hour}};
  stored.book.bars = {{"ci", std::nullopt, "root", hour},
                      {"", prefix("2001:db8::/64"), "root", hour},
                      {"both", prefix("198.51.100.1"), "", hour}};
  stored.times = {
      {0, kNoon - 1h, std::nullopt, false},
      {0, kNoon + 1ns, Stamp{kMoment.now, kMoment.boot_id, std::nullopt}, false},
      {0, kNoon + 2ns, Stamp{{kNoon - 7ns, BootTime(5ns)}, "", Timestamp(-9ns)}, false}};
  return stored;
}

bool equal(const Stamp& a, const Stamp& b) {
  return a.now.wall == b.now.wall && a.now.boot == b.now.boot && a.boot_id == b.boot_id &&
         a.before == b.before;
}

bool equal(const Written& a, const Written& b) {
  return a.generation == b.generation && a.time == b.time && a.trusted == b.trusted &&
         a.stamp.has_value() == b.stamp.has_value() && (!a.stamp || equal(*a.stamp, *b.stamp));
}

bool equal(const StoredBook& a, const StoredBook& b) {
  return a.book == b.book &&
         std::equal(a.times.begin(), a.times.end(), b.times.begin(), b.times.end(),
                    [](const Written& x, const Written& y) { return equal(x, y); });
}

// A state directory with both copies of a book.
struct Copies {
  test::Folder folder;
  std::vector<std::string> paths{folder / "leases", folder / "leases.2"};

  explicit Copies(const StoredBook& stored = sample()) {
    REQUIRE(write_book(folder.path(), stored));
  }

  [[nodiscard]] BookRead read() const { return read_book(folder.path()); }
  [[nodiscard]] bool holds(const StoredBook& stored) const {
    const BookRead got = read();
    return got.book && equal(*got.book, stored) && !got.lost;
  }
  [[nodiscard]] bool is_whole() const { return read().damage.empty() && holds(sample()); }
  [[nodiscard]] std::size_t damaged() const { return read().damage.size(); }
};

// Damage of one copy: told, and the other is used. If the other is gone or damaged too: lost.
void check_damage(const Copies& copies, std::size_t which, const std::string& good) {
  const std::string& other = copies.paths[1 - which];
  BookRead read = copies.read();
  REQUIRE(read.book);
  REQUIRE(equal(*read.book, sample()));
  REQUIRE_FALSE(read.lost);
  REQUIRE(read.damage.size() == 1);
  REQUIRE(read.damage[0].rfind("file '" + copies.paths[which] + "': ", 0) == 0);
  REQUIRE(read.damage[0].find("the other copy is used") != std::string::npos);
  test::put(other, good.substr(0, good.size() / 2), 0600);
  read = copies.read();
  REQUIRE_FALSE(read.book);
  REQUIRE(read.lost);
  REQUIRE(read.damage.size() == 2);
  REQUIRE(read.damage[0].find("other copy") == std::string::npos);
  test::put(other, good, 0600);
}

void clear(const std::string& path) { fs::remove_all(path); }

}  // namespace

TEST_CASE("a copy that nests without an end is damaged, and nothing worse") {
  const auto nested = [](std::size_t levels) {
    return R"({"schema": 1, "record_digest": "x", "a": )" + std::string(levels, '[') +
           std::string(levels, ']') + "}";
  };
  for (const std::size_t levels : {std::size_t{3}, std::size_t{20}, std::size_t{300'000}}) {
    INFO(levels);
    const auto book = parse_book(nested(levels));
    REQUIRE_FALSE(book);
    CHECK(book.error().message ==
          (levels == 3 ? "its digest differs" : "it is nested deeper than 16 levels"));
  }
}

TEST_CASE("what is read of a copy is what is shown of it") {
  const auto again = parse_book(show_book(sample()));
  REQUIRE(again);
  CHECK(again->book == sample().book);
  CHECK(show_book(*again) == show_book(sample()));
}

TEST_CASE("without copies there is no book, and nothing is lost") {
  const test::Folder folder;
  for (const std::string& dir : {folder.path(), folder / "no-such-folder"}) {
    const BookRead read = read_book(dir);
    CHECK_FALSE(read.book);
    CHECK_FALSE(read.lost);
    CHECK(read.damage.empty());
  }
}

TEST_CASE("a book comes back as it was written, in two equal copies for root alone") {
  const Copies copies;
  CHECK(copies.is_whole());
  CHECK(test::names_in(copies.folder.path()) == std::set<std::string>{"leases", "leases.2"});
  CHECK(test::get(copies.paths[0]) == test::get(copies.paths[1]));
  for (const std::string& path : copies.paths) CHECK(test::mode_of(path) == 0600);
  const Copies empty{StoredBook{}};
  CHECK(empty.holds(StoredBook{}));
}

TEST_CASE("a state directory that is missing is made") {
  const test::Folder folder;
  REQUIRE(write_book(folder / "state", sample()));
  CHECK(equal(read_book(folder / "state").book.value(), sample()));
}

TEST_CASE("every byte that flips shows") {
  StoredBook stored = sample();
  stored.book.leases.pop_back();
  stored.book.lapsing.resize(1);
  stored.book.bars.resize(1);
  stored.times.resize(1);
  const Copies copies(stored);
  const std::string good = test::get(copies.paths[0]);
  for (std::size_t which = 0; which < 2; ++which) {
    const std::size_t step = which == 0 ? 1 : 7;
    for (std::size_t at = 0; at < good.size(); at += step) {
      std::string bad = good;
      bad[at] = static_cast<char>(bad[at] ^ (at % 3 == 0 ? 0x01 : at % 3 == 1 ? 0x20 : 0x80));
      test::put(copies.paths[which], bad, 0600);
      INFO(which << " " << at);
      const BookRead read = copies.read();
      REQUIRE(read.damage.size() == 1);
      REQUIRE((read.book && equal(*read.book, stored)));
    }
    test::put(copies.paths[which], good, 0600);
  }
  CHECK(copies.damaged() == 0);
}

TEST_CASE("a copy that is cut anywhere, or goes on, shows") {
  const Copies copies;
  const std::string good = test::get(copies.paths[0]);
  for (std::size_t which = 0; which < 2; ++which) {
    std::vector<std::string> texts{good + good,
                                   good + "\n",
                                   good + " ",
                                   " " + good,
                                   good + "x",
                                   good.substr(1),
                                   std::string(good.size(), '\0'),
                                   "{}",
                                   "[]\n",
                                   "null",
                                   good + std::string(1, '\0'),
                                   "\xef\xbb\xbf" + good,
                                   std::string(10'000, '['),
                                   std::string(10'000, '{')};
    for (std::size_t size = 0; size < good.size(); size += 37)
      texts.push_back(good.substr(0, size));
    texts.push_back(good.substr(0, good.size() - 1));
    for (std::size_t i = 0; i < texts.size(); ++i) {
      INFO(which << " " << i);
      test::put(copies.paths[which], texts[i], 0600);
      check_damage(copies, which, good);
    }
    test::put(copies.paths[which], good, 0600);
  }
}

TEST_CASE("pages that a crash left empty show") {
  const Copies copies;
  const std::string good = test::get(copies.paths[0]);
  for (std::size_t which = 0; which < 2; ++which) {
    for (std::size_t at = 0; at < good.size(); at += 512) {
      std::string bad = good;
      std::fill_n(bad.begin() + static_cast<std::ptrdiff_t>(at),
                  std::min<std::size_t>(512, good.size() - at), '\0');
      test::put(copies.paths[which], bad, 0600);
      check_damage(copies, which, good);
    }
    test::put(copies.paths[which], good, 0600);
  }
}

TEST_CASE("what has the name of a copy and is no file is damage, and the next write mends it") {
  const test::Folder theirs;
  test::put(theirs / "target", "theirs\n");
  const std::vector<std::function<void(const std::string&)>> faults = {
      [](const std::string&) {},  // gone
      [](const std::string& path) { REQUIRE(mkfifo(path.c_str(), 0600) == 0); },
      [](const std::string& path) { fs::create_directory(path); },
      [](const std::string& path) {
        fs::create_directory(path);
        test::put(path + "/file", "x");
      },
      [&](const std::string& path) { fs::create_symlink(theirs / "target", path); },
      [&](const std::string& path) { fs::create_symlink(theirs / "nowhere", path); },
      [](const std::string& path) { fs::create_symlink("/dev/zero", path); },
      [](const std::string& path) { fs::create_symlink(path, path); },
      [](const std::string& path) { test::put(path, "", 0600); },
  };
  for (std::size_t i = 0; i < faults.size(); ++i) {
    for (std::size_t which = 0; which < 2; ++which) {
      const Copies copies;
      const std::string good = test::get(copies.paths[0]);
      clear(copies.paths[which]);
      faults[i](copies.paths[which]);
      INFO(i << " " << which);
      check_damage(copies, which, good);
      REQUIRE(write_book(copies.folder.path(), sample()));
      CHECK(copies.is_whole());
    }
    const Copies both;
    for (const std::string& path : both.paths) {
      clear(path);
      faults[i](path);
    }
    CHECK_FALSE(both.read().book);
    CHECK(both.read().lost == (i > 0));
    CHECK(both.damaged() == (i > 0 ? 2U : 0U));
    REQUIRE(write_book(both.folder.path(), sample()));
    CHECK(both.is_whole());
  }
  CHECK(test::get(theirs / "target") == "theirs\n");
  CHECK_FALSE(fs::exists(theirs / "nowhere"));
}

TEST_CASE("a link to a good copy is not followed") {
  const Copies copies;
  fs::rename(copies.paths[1], copies.folder / "moved");
  fs::create_symlink("moved", copies.paths[1]);
  CHECK(copies.damaged() == 1);
  CHECK(copies.holds(sample()));
}

TEST_CASE("one copy damaged and the other missing is a loss") {
  for (std::size_t which = 0; which < 2; ++which) {
    const Copies copies;
    clear(copies.paths[which]);
    test::put(copies.paths[1 - which], "torn", 0600);
    const BookRead read = copies.read();
    CHECK_FALSE(read.book);
    CHECK(read.lost);
    CHECK(read.damage.size() == 2);
  }
}

TEST_CASE("the higher edition counts, wherever it is") {
  const Copies older(sample(7));
  const Copies newer(sample(8));
  const Copies most(sample(std::numeric_limits<std::int64_t>::max()));
  const auto of = [](const Copies& first, const Copies& second) {
    const Copies mixed;
    fs::copy_file(first.paths[0], mixed.paths[0], fs::copy_options::overwrite_existing);
    fs::copy_file(second.paths[1], mixed.paths[1], fs::copy_options::overwrite_existing);
    const BookRead read = mixed.read();
    CHECK(read.damage.empty());
    CHECK_FALSE(read.lost);
    return read.book.value().book.edition;
  };
  CHECK(of(newer, older) == 8);  // a write that was cut off
  CHECK(of(older, newer) == 8);
  CHECK(of(older, older) == 7);
  CHECK(of(most, older) == std::numeric_limits<std::int64_t>::max());
  CHECK(of(older, most) == std::numeric_limits<std::int64_t>::max());
}

TEST_CASE("a copy of a newer apiguard is not guessed at, and is named") {
  const Copies copies;
  Json json = Json::parse(test::get(copies.paths[0]));
  json.erase(kSealMember);
  json["schema"] = 2;
  json["edition"] = 99;
  json["leases"] = "what they are then";
  const std::string newer = show_sealed(json);
  test::put(copies.paths[1], newer, 0600);
  CHECK(copies.holds(sample()));
  REQUIRE(copies.damaged() == 1);
  CHECK(copies.read().damage[0].find("newer apiguard") != std::string::npos);
  test::put(copies.paths[0], newer, 0600);
  CHECK(copies.read().lost);
  CHECK_FALSE(copies.read().book);
}

namespace {

// Every change of one member of `json`, at any depth, by `junk`; `use` gets the whole.
void change_each(Json& whole, Json& part, const Json& junk, const std::function<void(bool)>& use) {
  for (auto& member : part) {
    const Json before = member;
    member = junk;
    use(before.type() != junk.type());
    member = before;
    if (member.is_structured()) change_each(whole, member, junk, use);
  }
}

}  // namespace

TEST_CASE("a sealed copy with a wrong member is damage, whatever stands there") {
  const Copies copies;
  Json json = Json::parse(test::get(copies.paths[0]));
  json.erase(kSealMember);
  for (const Json& junk : {Json(nullptr), Json("\x1b[2J"), Json(-1), Json(1e300),
                           Json(~std::uint64_t{0}), Json::array({nullptr}), Json::object()}) {
    change_each(json, json, junk, [&](bool other_type) {
      test::put(copies.paths[1], show_sealed(json), 0600);
      const BookRead read = copies.read();
      INFO(json.dump());
      REQUIRE(read.book);  // the other one, or this one if the value happens to be a good one
      const bool number = junk.is_number_integer();
      if (other_type && !number) REQUIRE(read.damage.size() == 1);
    });
  }
}

TEST_CASE("a sealed copy that lacks a member is damage") {
  const Copies copies;
  Json json = Json::parse(test::get(copies.paths[0]));
  json.erase(kSealMember);
  const std::vector<std::string> members = {"/schema",
                                            "/edition",
                                            "/times",
                                            "/leases",
                                            "/lapsing",
                                            "/bars",
                                            "/leases/0/cidr",
                                            "/leases/0/name",
                                            "/leases/0/term",
                                            "/leases/0/term/until",
                                            "/leases/0/term/duration",
                                            "/leases/0/term/boot_id",
                                            "/leases/0/term/boot_end",
                                            "/lapsing/0/kind",
                                            "/lapsing/0/file",
                                            "/lapsing/0/lines",
                                            "/lapsing/0/term",
                                            "/bars/0/name",
                                            "/bars/1/cidr",
                                            "/bars/0/term",
                                            "/times/0/time"};
  for (const std::string& path : members) {
    INFO(path);
    const Json::json_pointer pointer(path);
    Json less = json;
    less[pointer.parent_pointer()].erase(pointer.back());
    test::put(copies.paths[0], show_sealed(less), 0600);
    CHECK(copies.damaged() == 1);
    CHECK(copies.holds(sample()));
  }
}

TEST_CASE("a sealed copy with values past their limits is damage") {
  const Copies copies;
  Json json = Json::parse(test::get(copies.paths[0]));
  json.erase(kSealMember);
  const std::uint64_t past = std::uint64_t{1} << 63;
  const std::vector<std::pair<std::string, Json>> wrong = {
      {"/edition", past},
      {"/leases/0/term/boot_end", past},
      {"/leases/0/term/duration", -1},
      {"/leases/0/cidr", "203.0.113.7/24"},
      {"/leases/0/cidr", "::ffff:1.2.3.4/128"},
      {"/leases/0/cidr", "203.0.113.7/33"},
      {"/leases/0/cidr", "203.0.113.7/32 "},
      {"/leases/0/name", "-ci"},
      {"/leases/0/name", "10.0.0.1"},
      {"/leases/0/name", "c\ni"},
      {"/leases/0/name", "ci\x1b[31m"},
      {"/leases/0/name", std::string(64, 'a')},
      {"/lapsing/0/kind", "cluster"},
      {"/lapsing/0/kind", ""},
      {"/lapsing/0/lines/0", "10.0.0.0/8 "},
      {"/lapsing/0/lines/0", "10.0.0.0/8  x"},
      {"/lapsing/0/lines/0", "10.0.0.0/8 x\r"},
      {"/lapsing/0/lines/0", " 10.0.0.0/8"},
      {"/lapsing/0/lines/0", ""},
      {"/lapsing/0/lines/0", "10.0.0.0/8 x y"},
      {"/bars/0/name", "b\tc"},
      {"/bars/1/cidr", "10.1.2.3/8"},
      {"/times/0/time", "2026-13-01T00:00:00Z"}};
  for (const auto& [path, value] : wrong) {
    INFO(path << " " << value.dump());
    Json changed = json;
    changed[Json::json_pointer(path)] = value;
    test::put(copies.paths[0], show_sealed(changed), 0600);
    CHECK(copies.damaged() == 1);
    CHECK(copies.holds(sample()));
  }
}

TEST_CASE("texts that move a cursor do no harm when they are shown") {
  StoredBook stored = sample();
  const std::string nasty =
      std::string("a\x1b[2J\r\n\t\x7f\b") + std::string(1, '\0') + "\xff\xc3z\"\\";
  stored.book.leases[0].by = nasty;
  stored.book.leases[0].term.boot_id = nasty;
  stored.book.lapsing[0].file = nasty;
  stored.book.bars[0].by = nasty;
  stored.times[1].stamp->boot_id = nasty;
  const Copies copies(stored);
  const BookRead read = copies.read();
  REQUIRE(read.book);
  CHECK(read.damage.empty());
  const Book& book = read.book->book;
  for (const std::string& text :
       {book.leases[0].by, book.leases[0].term.boot_id, book.lapsing[0].file, book.bars[0].by,
        read.book->times[1].stamp->boot_id}) {
    INFO(text);
    CHECK(text.substr(0, 1) == "a");
    CHECK(text.find('z') != std::string::npos);
    CHECK(std::none_of(text.begin(), text.end(),
                       [](char c) { return (static_cast<unsigned char>(c) < 0x20) || c == 0x7f; }));
  }
  // Once read it is a book like any other.
  REQUIRE(write_book(copies.folder.path(), *read.book));
  CHECK(copies.holds(*read.book));
}

TEST_CASE("times and numbers at their limits are kept") {
  StoredBook stored;
  constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();
  stored.book.edition = static_cast<std::uint64_t>(kMost);
  for (const Timestamp until : {Timestamp::min(), Timestamp{}, Timestamp::max()}) {
    stored.book.leases.push_back(
        {prefix("10.0.0.1"), std::string(63, 'n'), "", false,
         Term{until, std::chrono::nanoseconds::max(), "b", BootTime::max()}});
    stored.book.lapsing.push_back(
        {prefix("10.0.0.1"), Kind::kAllow, "", "f", Term{until, 0s, "", {}}});
    stored.book.bars.push_back({"", prefix("::/0"), "", Term{until, 1ns, "", BootTime(1ns)}});
  }
  for (const Timestamp time :
       {Timestamp{}, Timestamp(1ns), Timestamp(-1ns), kNoon + 123'456'789ns}) {
    stored.times.push_back({0, time, Stamp{{time, BootTime(77ns)}, "b", time}, false});
  }
  const Copies copies(stored);
  CHECK(copies.damaged() == 0);
  CHECK(copies.holds(stored));
}

TEST_CASE("ten thousand lapsing lines and ten thousand leases come back") {
  StoredBook stored;
  stored.book.edition = 1;
  for (std::uint32_t i = 0; i < 10'000; ++i) {
    Address address;
    address.bytes = {10, 0, static_cast<std::uint8_t>(i >> 8), static_cast<std::uint8_t>(i)};
    const Prefix one = prefix_around(address, 32);
    const auto duration = 1h + (i % 3) * 1s;
    stored.book.leases.push_back(
        {one, "n" + std::to_string(i), "by", i % 2 == 0, term_of(duration, kMoment)});
    stored.book.lapsing.push_back({one, i % 7 == 0 ? Kind::kExcept : Kind::kAllow,
                                   i % 5 == 0 ? "x" : "", "authorized-ranges.d/n.list",
                                   term_of(1h * (1 + (i / 5000)), kMoment)});
  }
  const Copies copies(stored);
  const BookRead read = copies.read();
  CHECK(read.damage.empty());
  CHECK((read.book && equal(*read.book, stored)));
}

TEST_CASE("a write that fails leaves what was there") {
  const Copies copies;
  StoredBook more = sample(4);
  more.book.leases.clear();
  {
    const test::SmallFiles small(100);
    CHECK_FALSE(write_book(copies.folder.path(), more));
  }
  CHECK(copies.is_whole());
  CHECK(test::names_in(copies.folder.path()).size() == 2);
  const test::Folder fresh;
  {
    const test::SmallFiles small(100);
    CHECK_FALSE(write_book(fresh.path(), more));
  }
  CHECK_FALSE(read_book(fresh.path()).book);
  CHECK_FALSE(read_book(fresh.path()).lost);
  CHECK(test::names_in(fresh.path()).empty());
}

TEST_CASE("a write that fails on the second copy puts back the first") {
  if (geteuid() != 0) return;  // nobody else can give files away
  // In a folder with the sticky bit nobody replaces the files of others.
  const Copies copies;
  const std::string& dir = copies.folder.path();
  REQUIRE(chmod(dir.c_str(), 01777) == 0);
  REQUIRE(chown(copies.paths[0].c_str(), 65534, 65534) == 0);
  REQUIRE(chmod(copies.paths[1].c_str(), 0644) == 0);
  const auto try_to_write = [&] {
    const test::AsNobody nobody;
    const bool written = write_book(dir, sample(4)).has_value();
    CHECK(copies.holds(sample()));  // by the caller's reading: a file of nobody is not root's
    return written;
  };
  CHECK_FALSE(try_to_write());
  const std::string good = test::get(copies.paths[1]);
  CHECK(test::get(copies.paths[0]) == good);

  test::put(copies.paths[0], "torn", 0600);  // put back as it was, whatever it was
  CHECK_FALSE(try_to_write());
  CHECK(test::get(copies.paths[0]) == "torn");

  clear(copies.paths[0]);
  CHECK_FALSE(try_to_write());
  CHECK_FALSE(fs::exists(copies.paths[0]));
  CHECK(test::get(copies.paths[1]) == good);
}

TEST_CASE("restored is the book of before, or none") {
  const Copies copies;
  REQUIRE(write_book(copies.folder.path(), sample(4)));
  REQUIRE(restore_book(copies.folder.path(), sample()));
  CHECK(copies.is_whole());

  REQUIRE(restore_book(copies.folder.path(), std::nullopt));
  CHECK_FALSE(copies.read().book);
  CHECK_FALSE(copies.read().lost);
  CHECK(copies.damaged() == 0);
  REQUIRE(restore_book(copies.folder.path(), std::nullopt));  // again: there is none already
  CHECK(test::names_in(copies.folder.path()).empty());
}

TEST_CASE("restored over damage") {
  const Copies copies;
  test::put(copies.paths[0], "torn", 0600);
  clear(copies.paths[1]);
  REQUIRE(restore_book(copies.folder.path(), sample()));
  CHECK(copies.is_whole());
  test::put(copies.paths[0], "torn", 0600);
  clear(copies.paths[1]);
  REQUIRE(restore_book(copies.folder.path(), std::nullopt));
  CHECK_FALSE(copies.read().lost);
}
