// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/policy/edit.hpp"
#include "loader/base/time.hpp"

#include <algorithm>
#include <array>
#include <random>

#include "loader/policy/lookup.hpp"
#include "tests/support/catch.hpp"

using namespace apiguard;

namespace {

using Texts = std::vector<std::string>;

const Timestamp kNow = *parse_timestamp("2026-12-01T08:00:00Z");

const std::string kOffice =
    "# the office\n"
    "203.0.113.0/24           name=office   # main\n"
    "\n"
    "except 203.0.113.128/25  name=guests\n"
    "  198.51.100.7\tname=ci until=2030-01-01T00:00:00Z\t# run 7\n";

SourceFile list(std::string text) { return {"authorized-ranges", "list", std::move(text), true}; }
SourceFile config(std::string text) { return {"apiguard.toml", "conf", std::move(text), true}; }

Prefix prefix(std::string_view text) { return parse_prefix(text)->prefix; }

// A range in the words of a list file.
Range range(const std::string& line) { return parse_ranges(list(line + "\n"))->policy.ranges[0]; }

Edited put(const std::string& text, const std::vector<std::string>& lines,
           const std::vector<Range>& others = {}) {
  std::vector<Range> entries;
  for (const std::string& line : lines) entries.push_back(range(line));
  const auto edited = put_ranges(list(text), entries, others, kNow);
  REQUIRE(edited);
  CHECK(edited->changed == (edited->text != text));
  return *edited;
}

Selector cidr(std::string_view text) { return {prefix(text), ""}; }
Selector named(std::string name) { return {std::nullopt, std::move(name)}; }

std::string removed(const std::string& text, const std::vector<Selector>& selectors) {
  const auto edited = remove_ranges(list(text), selectors, {}, kNow);
  REQUIRE(edited);
  CHECK(edited->changed == (edited->text != text));
  return edited->text;
}

Error not_removed(const std::string& text, const std::vector<Selector>& selectors,
                  const std::vector<Range>& elsewhere = {}) {
  const auto edited = remove_ranges(list(text), selectors, elsewhere, kNow);
  REQUIRE_FALSE(edited);
  return edited.error();
}

std::string set(const std::string& text, const std::vector<std::string>& cidrs) {
  std::vector<Prefix> prefixes;
  for (const std::string& one : cidrs) prefixes.push_back(prefix(one));
  const auto edited = replace_ranges(list(text), prefixes);
  REQUIRE(edited);
  CHECK(edited->changed == (edited->text != text));
  return edited->text;
}

std::string with_mode(const std::string& text, Mode mode) {
  const auto edited = replace_mode(config(text), mode);
  REQUIRE(edited);
  CHECK(edited->changed == (edited->text != text));
  return edited->text;
}

Range elsewhere(const std::string& line, std::string file, std::uint32_t number,
                Kind kind = Kind::kAllow) {
  Range out = range(line);
  out.kind = kind;
  out.origin = {std::move(file), number};
  return out;
}

}  // namespace

TEST_CASE("allow appends a line and leaves all others alone") {
  CHECK(put("", {"10.0.0.0/8"}).text == "10.0.0.0/8\n");
  CHECK(put(kOffice, {"10.0.0.0/8 name=lan"}).text == kOffice + "10.0.0.0/8 name=lan\n");
  CHECK(put(kOffice, {"except 2001:db8::1", "10.0.0.0/8 until=2030-01-01T00:00:00Z"}).text ==
        kOffice + "except 2001:db8::1/128\n10.0.0.0/8 until=2030-01-01T00:00:00Z\n");
  CHECK(put("# no entry\n", {"10.0.0.0/8"}).text == "# no entry\n10.0.0.0/8\n");
}

TEST_CASE("an entry given twice in one command is written once") {
  CHECK(put("", {"10.0.0.0/8", "10.0.0.0/8"}).text == "10.0.0.0/8\n");
}

TEST_CASE("allow of what is listed already changes nothing and says so") {
  const Edited same = put(kOffice, {"203.0.113.0/24"});
  CHECK_FALSE(same.changed);
  CHECK(same.text == kOffice);
  CHECK(same.notes == Texts{"range '203.0.113.0/24': already listed"});

  CHECK(put(kOffice, {"203.0.113.0/24 name=office"}).notes ==
        Texts{"range '203.0.113.0/24': already listed"});
  CHECK(put(kOffice, {"except 203.0.113.128/25"}).notes ==
        Texts{"range '203.0.113.128/25': already excepted"});
  CHECK(put(kOffice, {"198.51.100.7 until=2030-01-01T00:00:00Z"}).notes ==
        Texts{"range '198.51.100.7/32': already listed"});
}

TEST_CASE("a temporary allow of what is permanent changes nothing and says so") {
  for (const char* line : {"203.0.113.0/24 until=2030-01-01T00:00:00Z",
                           "203.0.113.0/24 name=other until=2030-01-01T00:00:00Z"}) {
    const Edited edited = put(kOffice, {line});
    CHECK_FALSE(edited.changed);
    CHECK(edited.notes == Texts{"range '203.0.113.0/24': already listed permanently"});
  }
}

TEST_CASE("a temporary allow of what another file lists for good changes nothing and says so") {
  const std::string line = "10.0.0.0/8 until=2030-01-01T00:00:00Z";
  const std::string drop_in = "authorized-ranges.d/site.list";
  const auto notes = [&](const std::string& text, const std::string& put_line,
                         const std::vector<Range>& others) {
    const Edited edited = put(text, {put_line}, others);
    return edited.changed ? Texts{"changed"} : edited.notes;
  };
  CHECK(notes("", line, {elsewhere("10.0.0.0/8", drop_in, 3)}) ==
        Texts{"range '10.0.0.0/8': already listed permanently in authorized-ranges.d/site.list:3"});
  CHECK(notes("", line, {elsewhere("10.0.0.0/8", "apiguard.toml", 5, Kind::kCluster)}) ==
        Texts{"range '10.0.0.0/8': already listed permanently in apiguard.toml:5"});
  CHECK(notes("10.0.0.0/8 until=2029-01-01T00:00:00Z\n", line,
              {elsewhere("10.0.0.0/8", drop_in, 3)}) ==
        Texts{"range '10.0.0.0/8': already listed permanently in authorized-ranges.d/site.list:3"});
  CHECK(
      notes("", "except " + line, {elsewhere("except 10.0.0.0/8", drop_in, 3, Kind::kExcept)}) ==
      Texts{"range '10.0.0.0/8': already excepted permanently in authorized-ranges.d/site.list:3"});

  // A wider range, one that ends or has ended, one of the other kind, an entry for good: none of
  // them is it already.
  CHECK(notes("", "10.1.0.0/16 until=2030-01-01T00:00:00Z",
              {elsewhere("10.0.0.0/8", drop_in, 3)}) == Texts{"changed"});
  CHECK(notes("", line, {elsewhere("10.0.0.0/8 until=2031-01-01T00:00:00Z", drop_in, 3)}) ==
        Texts{"changed"});
  CHECK(notes("", line, {elsewhere("10.0.0.0/8 until=2025-01-01T00:00:00Z", drop_in, 3)}) ==
        Texts{"changed"});
  CHECK(notes("", "except " + line, {elsewhere("10.0.0.0/8", drop_in, 3)}) == Texts{"changed"});
  CHECK(notes("", "10.0.0.0/8", {elsewhere("10.0.0.0/8", drop_in, 3)}) == Texts{"changed"});
}

TEST_CASE("of several ends of one range the one asked for is the only one left") {
  const std::string text =
      "10.0.0.0/8 until=2030-01-01T00:00:00Z # a\n10.0.0.0/8 until=2031-01-01T00:00:00Z # b\n";
  CHECK(put(text, {"10.0.0.0/8 until=2030-01-01T00:00:00Z"}).text ==
        "10.0.0.0/8 until=2030-01-01T00:00:00Z # a\n");
  CHECK(put(text, {"10.0.0.0/8"}).text == "10.0.0.0/8 # a\n");
}

TEST_CASE("allow replaces the line of its prefix in place, and keeps name and comment") {
  const Edited permanent = put(
      "# a\n  198.51.100.7\tname=ci until=2030-01-01T00:00:00Z\t# run 7\n# b\n", {"198.51.100.7"});
  CHECK(permanent.text == "# a\n  198.51.100.7/32 name=ci\t# run 7\n# b\n");
  CHECK(permanent.notes == Texts{"range '198.51.100.7/32': now permanent"});

  const Edited longer = put("10.0.0.0/8 until=2030-01-01T00:00:00Z # x\n",
                            {"10.0.0.0/8 name=lan until=2031-01-01T00:00:00Z"});
  CHECK(longer.text == "10.0.0.0/8 name=lan until=2031-01-01T00:00:00Z # x\n");
  CHECK(longer.notes == Texts{"range '10.0.0.0/8': now expires at 2031-01-01T00:00:00Z"});
  CHECK(put("10.0.0.0/8 until=2030-01-01T00:00:00Z\n", {"10.0.0.0/8 until=2029-01-01T00:00:00Z"})
            .text == "10.0.0.0/8 until=2029-01-01T00:00:00Z\n");

  CHECK(put("10.0.0.0/8 name=a\n", {"10.0.0.0/8 name=b"}).text == "10.0.0.0/8 name=b\n");
  // The same prefix in other words.
  CHECK(put("10.0.0.7/8 name=a\n", {"10.0.0.0/8 name=b"}).text == "10.0.0.0/8 name=b\n");
}

TEST_CASE("the newer verb replaces the line of the other kind") {
  const Edited except = put(kOffice, {"except 203.0.113.0/24"});
  CHECK(except.text ==
        "# the office\n"
        "except 203.0.113.0/24 name=office   # main\n"
        "\n"
        "except 203.0.113.128/25  name=guests\n"
        "  198.51.100.7\tname=ci until=2030-01-01T00:00:00Z\t# run 7\n");
  CHECK(except.notes == Texts{"range '203.0.113.0/24': except replaces allow"});
  CHECK(put("except 10.0.0.0/8 # x\n", {"10.0.0.0/8"}).text == "10.0.0.0/8 # x\n");

  // With an end or without: an entry for good replaces both.
  CHECK(put("10.0.0.0/8 until=2030-01-01T00:00:00Z\n", {"except 10.0.0.0/8"}).text ==
        "except 10.0.0.0/8\n");
  const Edited lifted =
      put("10.0.0.0/8 name=a # 1\nexcept 10.0.0.0/8 until=2030-01-01T00:00:00Z\n", {"10.0.0.0/8"});
  CHECK(lifted.text == "10.0.0.0/8 name=a # 1\n");
  CHECK(lifted.notes == Texts{"range '10.0.0.0/8': allow replaces except"});
  CHECK(put("except 10.0.0.0/8 name=ban until=2030-01-01T00:00:00Z\n10.0.0.0/8 name=a # 1\n",
            {"10.0.0.0/8"})
            .text == "10.0.0.0/8 name=a # 1\n");
}

TEST_CASE("an except with an end stands beside a permanent allow") {
  const Edited beside = put(kOffice, {"except 203.0.113.0/24 until=2030-01-01T00:00:00Z"});
  CHECK(beside.text == kOffice + "except 203.0.113.0/24 until=2030-01-01T00:00:00Z\n");
  CHECK(beside.notes.empty());

  // Again with another end: its own line is the one that changes.
  const Edited longer = put(beside.text, {"except 203.0.113.0/24 until=2031-01-01T00:00:00Z"});
  CHECK(longer.text == kOffice + "except 203.0.113.0/24 until=2031-01-01T00:00:00Z\n");
  CHECK(longer.notes == Texts{"range '203.0.113.0/24': now expires at 2031-01-01T00:00:00Z"});
  const Edited same = put(beside.text, {"except 203.0.113.0/24 until=2030-01-01T00:00:00Z"});
  CHECK_FALSE(same.changed);
  CHECK(same.notes == Texts{"range '203.0.113.0/24': already excepted"});

  // For good: one line is left.
  CHECK(put("10.0.0.0/8 # 1\nexcept 10.0.0.0/8 until=2030-01-01T00:00:00Z # 2\n",
            {"except 10.0.0.0/8"})
            .text == "except 10.0.0.0/8 # 1\n");
  // A permanent except is more than what is asked for, whatever stands beside it.
  CHECK(put("10.0.0.0/8\nexcept 10.0.0.0/8\n", {"except 10.0.0.0/8 until=2030-01-01T00:00:00Z"})
            .notes == Texts{"range '10.0.0.0/8': already excepted permanently"});
}

TEST_CASE("of two entries with ends the newer replaces the line of the other kind") {
  const std::string allow = "10.0.0.0/8 until=2030-06-01T00:00:00Z # x\n";
  const Edited shorter = put(allow, {"except 10.0.0.0/8 until=2030-01-01T00:00:00Z"});
  CHECK(shorter.text == "except 10.0.0.0/8 until=2030-01-01T00:00:00Z # x\n");
  CHECK(
      shorter.notes ==
      Texts{"range '10.0.0.0/8': except replaces allow, which does not come back when it expires"});
  CHECK(put(allow, {"except 10.0.0.0/8 until=2031-01-01T00:00:00Z"}).notes ==
        Texts{"range '10.0.0.0/8': except replaces allow"});
}

TEST_CASE("an allow with an end lifts no except") {
  const std::string allow = "10.0.0.0/8 until=2030-01-01T00:00:00Z";
  const auto refused = [&](const std::string& text, const std::vector<Range>& others = {}) {
    const auto edited = put_ranges(list(text), {range(allow)}, others, kNow);
    REQUIRE_FALSE(edited);
    CHECK(edited.error().exit == Exit::kNo);
    return edited.error().message;
  };
  CHECK(refused("# x\nexcept 10.0.0.0/8\n") ==
        "range '10.0.0.0/8': excepted for good (authorized-ranges:2), which a temporary allow does "
        "not lift; to remove the except: apiguard revoke 10.0.0.0/8; to allow it permanently: "
        "apiguard allow 10.0.0.0/8");
  const std::string live = "except 10.0.0.0/8 until=2029-01-01T00:00:00Z\n";
  CHECK(refused(live).find("excepted until 2029-01-01T00:00:00Z (authorized-ranges:1)") !=
        std::string::npos);
  CHECK(refused("10.0.0.0/8\n" + live).find("(authorized-ranges:2)") != std::string::npos);
  const std::string drop_in = "authorized-ranges.d/site.list";
  const auto except = elsewhere("except 10.0.0.0/8", drop_in, 3, Kind::kExcept);
  for (const std::string text : {"", "10.0.0.0/8\n", "except 10.0.0.0/8\n"}) {
    CHECK(refused(text, {except, elsewhere("10.0.0.0/8", drop_in, 4)}).find(drop_in + ":3") !=
          std::string::npos);
  }

  // What has ended, and what is wider, is no except of the prefix.
  const std::string ended = "except 10.0.0.0/8 until=2025-01-01T00:00:00Z # x\n";
  CHECK(put(ended, {allow}).text == allow + " # x\n");
  CHECK(put("10.0.0.0/8\n" + ended, {allow}).notes ==
        Texts{"range '10.0.0.0/8': already listed permanently"});
  CHECK(put("10.0.0.0/8\n" + ended, {"10.0.0.0/8"}).notes ==
        Texts{"range '10.0.0.0/8': already listed"});
  CHECK(put("except 10.0.0.0/7\n", {allow}).changed);
  CHECK(put("", {allow},
            {elsewhere("except 10.0.0.0/8 until=2025-01-01T00:00:00Z", drop_in, 3, Kind::kExcept)})
            .changed);
}

TEST_CASE("several lines of one prefix become the one that was asked for") {
  const std::string text = "10.0.0.0/8 name=a # 1\nexcept 10.0.0.0/8 # 2\n# x\n10.0.0.0/8 name=b\n";
  CHECK(put(text, {"10.0.0.0/8"}).text == "10.0.0.0/8 name=a # 1\n# x\n");
  CHECK(put(text, {"except 10.0.0.0/8"}).text == "except 10.0.0.0/8 name=a # 1\n# x\n");
}

TEST_CASE("a file that does not parse is not edited") {
  const SourceFile broken = list("10.0.0.0/8\nx\n");
  const std::string message = "list:2:1: 'x' is not an address\n  x\n  ^";
  CHECK(put_ranges(broken, {range("10.0.0.0/8")}, {}, kNow).error().message == message);
  CHECK(remove_ranges(broken, {cidr("10.0.0.0/8")}, {}, kNow).error().message == message);
  CHECK(replace_ranges(broken, {}).error().message == message);
  CHECK(put_ranges(broken, {}, {}, kNow).error().exit == Exit::kBadFile);
  CHECK(put_ranges(list("10.0.0.0/8"), {}, {}, kNow).error().exit == Exit::kBadFile);
}

TEST_CASE("revoke takes out the lines of a range, allow and except") {
  CHECK(removed(kOffice, {cidr("203.0.113.0/24")}) ==
        "# the office\n"
        "\n"
        "except 203.0.113.128/25  name=guests\n"
        "  198.51.100.7\tname=ci until=2030-01-01T00:00:00Z\t# run 7\n");
  CHECK(removed("10.0.0.0/8\nexcept 10.0.0.0/8\n10.0.0.7/8 # same\n11.0.0.0/8\n",
                {cidr("10.0.0.0/8")}) == "11.0.0.0/8\n");
  CHECK(removed("10.0.0.0/8\n", {cidr("10.0.0.0/8"), cidr("10.0.0.0/8")}).empty());
}

TEST_CASE("revoke takes out every line of a name") {
  CHECK(removed("10.0.0.0/8 name=a\nexcept 10.1.0.0/16 name=a\n10.2.0.0/16 name=ab\n",
                {named("a")}) == "10.2.0.0/16 name=ab\n");
  CHECK(removed("10.0.0.0/8 name=a\n11.0.0.0/8\n", {named("a"), cidr("11.0.0.0/8")}).empty());
}

TEST_CASE("revoke of what is in no file is a no, and nothing is removed") {
  const Error error = not_removed(kOffice, {cidr("203.0.113.0/24"), cidr("10.0.0.0/8")});
  CHECK(error.exit == Exit::kNo);
  CHECK(error.message == "range '10.0.0.0/8': no such entry");
  CHECK(not_removed(kOffice, {named("offic")}).message == "name 'offic': no such entry");
  CHECK(not_removed("", {named("x")}).exit == Exit::kNo);
}

TEST_CASE("revoke inside a wider range hints at except") {
  const Error error = not_removed(kOffice, {cidr("203.0.113.7")});
  CHECK(error.exit == Exit::kNo);
  CHECK(error.message ==
        "range '203.0.113.7/32': no such entry, but it lies inside 203.0.113.0/24 "
        "(authorized-ranges:2); to exclude it: apiguard except 203.0.113.7/32");
  // The narrowest range around it is an except: it is out already.
  CHECK(not_removed(kOffice, {cidr("203.0.113.200")}).message ==
        "range '203.0.113.200/32': no such entry");
  const std::vector<Range> others{elsewhere("10.0.0.0/8", "authorized-ranges.d/site.list", 3)};
  CHECK(not_removed(kOffice, {cidr("10.1.0.0/16")}, others).message ==
        "range '10.1.0.0/16': no such entry, but it lies inside 10.0.0.0/8 "
        "(authorized-ranges.d/site.list:3); to exclude it: apiguard except 10.1.0.0/16");
  const std::vector<Range> cluster{elsewhere("10.0.0.0/8", "apiguard.toml", 5, Kind::kCluster)};
  CHECK(not_removed(kOffice, {cidr("10.1.0.0/16")}, cluster).message ==
        "range '10.1.0.0/16': no such entry, but it lies inside 10.0.0.0/8 (apiguard.toml:5), a "
        "cluster range, which no command removes");
}

TEST_CASE("revoke of what another file lists names that file") {
  const std::vector<Range> others{
      elsewhere("203.0.113.0/24 name=office", "authorized-ranges.d/site.list", 3),
      elsewhere("10.20.0.0/16", "apiguard.toml", 5, Kind::kCluster)};
  const Error drop_in = not_removed(kOffice, {cidr("203.0.113.0/24")}, others);
  CHECK(drop_in.exit == Exit::kBadFile);
  CHECK(drop_in.message ==
        "range '203.0.113.0/24': also in authorized-ranges.d/site.list:3, which belongs to another "
        "tool: remove it there");
  CHECK(not_removed(kOffice, {named("office")}, others).message ==
        "name 'office': also in authorized-ranges.d/site.list:3, which belongs to another tool: "
        "remove it there");
  const Error cluster = not_removed(kOffice, {cidr("10.20.0.0/16")}, others);
  CHECK(cluster.exit == Exit::kBadFile);
  CHECK(cluster.message ==
        "range '10.20.0.0/16': a cluster range of apiguard.toml:5, which no command removes: edit "
        "that file");
}

TEST_CASE("what has ended is taken out, and all else stays") {
  const std::string text =
      "# head\n"
      "10.0.0.0/8\n"
      "  198.51.100.7\tname=ci until=2030-01-01T00:00:00Z\t# run 7\n"
      "\n"
      "except 10.1.0.0/16 until=2029-12-31T23:59:59.5+00:00\n"
      "# until=2001-01-01T00:00:00Z\n"
      "198.51.100.8 until=2030-01-01T00:00:00.000000001Z\n";
  const auto edited = remove_ended(list(text), *parse_timestamp("2030-01-01T00:00:00Z"));
  REQUIRE(edited);
  CHECK(edited->changed);
  CHECK(edited->text ==
        "# head\n"
        "10.0.0.0/8\n"
        "\n"
        "# until=2001-01-01T00:00:00Z\n"
        "198.51.100.8 until=2030-01-01T00:00:00.000000001Z\n");
  CHECK(
      edited->notes ==
      Texts{"range '198.51.100.7/32': expired at 2030-01-01T00:00:00Z: this change removes it from "
            "authorized-ranges",
            "range '10.1.0.0/16': except expired at 2029-12-31T23:59:59.5Z: this change removes it "
            "from "
            "authorized-ranges"});

  const auto earlier = remove_ended(list(text), *parse_timestamp("2029-01-01T00:00:00Z"));
  REQUIRE(earlier);
  CHECK_FALSE(earlier->changed);
  CHECK(earlier->text == text);
  CHECK(earlier->notes.empty());
}

TEST_CASE("of many that have ended ten are told, and the rest is counted") {
  std::string text;
  for (int i = 0; i < 12; ++i)
    text += "10.0.0." + std::to_string(i) + " until=2030-01-01T00:00:00Z\n";
  const auto edited = remove_ended(list(text), *parse_timestamp("2031-01-01T00:00:00Z"));
  REQUIRE(edited);
  CHECK(edited->text.empty());
  REQUIRE(edited->notes.size() == 11);
  CHECK(edited->notes[10] ==
        "ranges: 2 more expired: this change removes them from authorized-ranges");
}

TEST_CASE("set makes the permanent list exactly what was given, and keeps name and comment") {
  CHECK(set(kOffice, {"203.0.113.0/24", "10.0.0.0/8", "198.51.100.7", "10.0.0.0/8"}) ==
        "# the office\n"
        "203.0.113.0/24           name=office   # main\n"
        "\n"
        "  198.51.100.7\tname=ci\t# run 7\n"
        "10.0.0.0/8\n");
  const std::string temporary = "  198.51.100.7\tname=ci until=2030-01-01T00:00:00Z\t# run 7\n";
  CHECK(set(kOffice, {}) == "# the office\n\n" + temporary);
  CHECK(set("", {"10.0.0.0/8"}) == "10.0.0.0/8\n");
  CHECK(set(kOffice, {"203.0.113.128/25"}) ==
        "# the office\n\n" + temporary + "203.0.113.128/25\n");
  CHECK(set("10.0.0.0/8 until=2030-01-01T00:00:00Z  name=a\n", {"10.0.0.0/8"}) ==
        "10.0.0.0/8  name=a\n");
  CHECK(set("10.0.0.0/8 # x\n", {"10.0.0.0/8"}) == "10.0.0.0/8 # x\n");
}

TEST_CASE("set leaves what ends by itself") {
  const std::string allow = "198.51.100.9 name=late until=2030-01-01T00:00:00Z # a\n";
  const std::string except = "except 10.0.0.7 until=2030-01-01T00:00:00Z\n";
  CHECK(set("203.0.113.0/24\n" + allow + except, {"10.0.0.0/8"}) ==
        allow + except + "10.0.0.0/8\n");
  CHECK(set(allow, {}) == allow);
  SECTION("an except of the very range decides until it ends") {
    const std::string ban = "except 10.0.0.0/8 until=2030-01-01T00:00:00Z\n";
    CHECK(set(ban + "10.0.0.0/8 name=a\n", {"10.0.0.0/8"}) == ban + "10.0.0.0/8 name=a\n");
    CHECK(set(ban, {"10.0.0.0/8"}) == ban + "10.0.0.0/8\n");
  }
  SECTION("of several allows of a listed range one stays, without an end") {
    const std::string line = "10.0.0.0/8 name=a until=2030-01-01T00:00:00Z\n";
    CHECK(set(line + line, {"10.0.0.0/8"}) == "10.0.0.0/8 name=a\n");
  }
}

TEST_CASE("set keeps one line of a prefix, the permanent one first") {
  CHECK(set("10.0.0.0/8 name=a until=2030-01-01T00:00:00Z\n10.0.0.0/8 name=b\n10.0.0.0/8 name=c\n",
            {"10.0.0.0/8"}) == "10.0.0.0/8 name=b\n");
  CHECK(set("except 10.0.0.0/8\n10.0.0.0/8 name=b\n", {"10.0.0.0/8"}) == "10.0.0.0/8 name=b\n");
}

TEST_CASE("mode replaces just its value") {
  CHECK(with_mode("mode = \"enforce\"\n", Mode::kOff) == "mode = \"off\"\n");
  CHECK(with_mode("mode       = \"enforce\"         # default\n", Mode::kAudit) ==
        "mode       = \"audit\"         # default\n");
  CHECK(with_mode("mode='enforce'# x\n", Mode::kAudit) == "mode='audit'# x\n");
  CHECK(with_mode("\"mode\"\t=\t'off'", Mode::kEnforce) == "\"mode\"\t=\t'enforce'");
  CHECK(with_mode("mode = \"\"\"off\"\"\"\n", Mode::kEnforce) == "mode = \"enforce\"\n");
  CHECK(with_mode("mode = '''\noff'''\n", Mode::kEnforce) == "mode = 'enforce'\n");
  CHECK(with_mode("mode = \"o\\u0066f\" # x\n", Mode::kAudit) == "mode = \"audit\" # x\n");
  CHECK(with_mode("interfaces = [\"\xC3\xA9\"] # \xE4\xBA\x8B\nmode = \"off\" # \xC3\xA9\n",
                  Mode::kAudit) ==
        "interfaces = [\"\xC3\xA9\"] # \xE4\xBA\x8B\nmode = \"audit\" # \xC3\xA9\n");
  CHECK(with_mode("mode = \"nonsense\"\n", Mode::kAudit) == "mode = \"audit\"\n");
}

TEST_CASE("mode is not confused by its name elsewhere") {
  const std::string text =
      "# mode = \"audit\"\n"
      "note = '''\nmode = \"off\"\n'''\n"
      "mode = \"enforce\"\n"
      "[table]\n"
      "mode = \"audit\"\n";
  const std::string expected =
      "# mode = \"audit\"\n"
      "note = '''\nmode = \"off\"\n'''\n"
      "mode = \"off\"\n"
      "[table]\n"
      "mode = \"audit\"\n";
  CHECK(with_mode(text, Mode::kOff) == expected);
}

TEST_CASE("a missing mode is inserted as the first key") {
  CHECK(with_mode("", Mode::kOff) == "mode = \"off\"\n");
  CHECK(with_mode("# head\n\n  interfaces = [\"eth0\"]\n", Mode::kOff) ==
        "# head\n\nmode = \"off\"\n  interfaces = [\"eth0\"]\n");
  CHECK(with_mode("# mode = \"audit\"", Mode::kOff) == "# mode = \"audit\"\nmode = \"off\"\n");
  CHECK(with_mode("# t\n[table]\nmode = \"audit\"\n", Mode::kOff) ==
        "# t\nmode = \"off\"\n[table]\nmode = \"audit\"\n");
  CHECK(with_mode("z = 1\na = '''\nmode = \"x\"\n'''\n", Mode::kOff) ==
        "mode = \"off\"\nz = 1\na = '''\nmode = \"x\"\n'''\n");
}

TEST_CASE("a mode that is set already is left alone") {
  const auto edited = replace_mode(config("mode = 'off'\n"), Mode::kOff);
  REQUIRE(edited);
  CHECK_FALSE(edited->changed);
  CHECK(edited->text == "mode = 'off'\n");
  CHECK(edited->notes == Texts{"mode: already 'off'"});
}

TEST_CASE("a broken configuration is not edited") {
  const auto broken = replace_mode(config("mode = \"off\n"), Mode::kOff);
  REQUIRE_FALSE(broken);
  CHECK(broken.error().exit == Exit::kBadFile);
  CHECK(replace_mode(config("mode = 1\n"), Mode::kOff).error().message ==
        "conf:1:8: key 'mode': expected a string\n  mode = 1\n         ^");
  CHECK(replace_mode(config("[mode]\n"), Mode::kOff).error().message ==
        "conf:1:1: key 'mode': expected a string\n  [mode]\n  ^");
  CHECK_FALSE(replace_mode(config("mode = \"off\"\r\n"), Mode::kAudit));
}

// ---- what no verb may do: change a verdict by taking ended lines out
// -----------------------------

namespace {

// Entries of few prefixes nested in one another, of both kinds, ended, ending and permanent.
std::string random_list(std::mt19937& random, std::size_t lines) {
  static const std::array<const char*, 7> kPrefixes{"0.0.0.0/0",      "10.0.0.0/8", "10.1.0.0/16",
                                                    "10.1.2.0/24",    "10.1.2.3",   "2001:db8::/32",
                                                    "2001:db8:1::/48"};
  std::string text;
  for (std::size_t i = 0; i < lines; ++i) {
    if (random() % 2 == 0) text += "except ";
    text += kPrefixes.at(random() % kPrefixes.size());
    if (random() % 4 != 0) {
      const auto hours = static_cast<std::int64_t>(random() % 7) - 3;
      text += " until=" + format_timestamp(kNow + hours * 1h);
    }
    text += '\n';
  }
  return text;
}

// What is admitted from `kNow` on, at every hour at which something may end and between.
std::vector<bool> verdicts(const std::string& own, const std::string& drop_in) {
  std::vector<Range> ranges = parse_ranges(list(own), {.lint = false})->policy.ranges;
  const auto others = parse_ranges(list(drop_in), {.lint = false})->policy.ranges;
  ranges.insert(ranges.end(), others.begin(), others.end());
  std::vector<Address> sources;
  for (const char* text : {"10.1.2.3", "10.1.2.4", "10.1.3.1", "10.2.0.1", "192.0.2.1",
                           "2001:db8:1::1", "2001:db8:2::1", "2001:db9::1"})
    sources.push_back(*parse_address(text));
  std::vector<bool> out;
  for (int half = 0; half < 8; ++half) {
    for (const Range* range : deciding_for(ranges, sources, kNow + half * 1h / 2))
      out.push_back(admits(range));
  }
  return out;
}

}  // namespace

TEST_CASE("taking ended lines out changes no verdict, now or later") {
  std::mt19937 random(7);
  std::size_t cleaned = 0;
  for (int round = 0; round < 2000; ++round) {
    const std::string own = random_list(random, 1 + random() % 8);
    const std::string drop_in = random_list(random, random() % 4);
    CAPTURE(own, drop_in);
    const auto edited = remove_ended(list(own), kNow);
    REQUIRE(edited);
    cleaned += edited->changed ? 1 : 0;
    REQUIRE(verdicts(own, drop_in) == verdicts(edited->text, drop_in));
  }
  CHECK(cleaned > 1000);
}

TEST_CASE("an entry that stands beside others changes no verdict after its end") {
  std::mt19937 random(8);
  std::size_t tried = 0;
  for (int round = 0; round < 500; ++round) {
    const std::string own = random_list(random, 1 + random() % 6);
    const auto edited = put_ranges(
        list(own), {range("except 10.1.0.0/16 until=" + format_timestamp(kNow + 1h))}, {}, kNow);
    REQUIRE(edited);
    const std::size_t kept = edited->text.find("\n10.1.0.0/16\n");
    if (kept == std::string::npos || !edited->changed) continue;
    ++tried;
    CAPTURE(own, edited->text);
    const auto before = verdicts(own, ""), after = verdicts(edited->text, "");
    const std::size_t end = after.size() / 8 * 2;  // in halves of an hour
    CHECK(std::equal(before.begin() + static_cast<std::ptrdiff_t>(end), before.end(),
                     after.begin() + static_cast<std::ptrdiff_t>(end)));
  }
  CHECK(tried > 10);
}

TEST_CASE("an address that another range still allows after its entry is removed is noted") {
  const std::string text =
      "203.0.113.0/24 name=office\n203.0.113.5 name=desk\n198.51.100.9\nexcept 203.0.113.6\n";
  const auto notes = [&](const std::vector<Selector>& selectors,
                         const std::vector<Range>& others = {}) {
    const auto edited = remove_ranges(list(text), selectors, others, kNow);
    REQUIRE(edited);
    CHECK(edited->changed);
    return edited->notes;
  };
  const std::string still =
      "range '203.0.113.5/32': removed, but 203.0.113.0/24 (authorized-ranges:1) still allows it; "
      "to exclude it: apiguard except 203.0.113.5/32";
  CHECK(notes({cidr("203.0.113.5")}) == Texts{still});
  CHECK(notes({cidr("198.51.100.9"), cidr("203.0.113.5")}) == Texts{still});
  // Also where it is in a cluster range, which no except narrows.
  CHECK(notes({cidr("198.51.100.9")},
              {elsewhere("198.51.100.0/24", "apiguard.toml", 5, Kind::kCluster)}) ==
        Texts{"range '198.51.100.9/32': removed, but 198.51.100.0/24 (apiguard.toml:5) still "
              "allows it, a cluster range, which no command removes"});
  // Nothing else allows it: the wider range goes as well, has expired or is narrowed by an except.
  CHECK(notes({cidr("198.51.100.9")}).empty());
  CHECK(notes({cidr("203.0.113.5"), cidr("203.0.113.0/24")}).empty());
  CHECK(
      notes({cidr("198.51.100.9")}, {range("198.51.100.0/24 until=2001-01-01T00:00:00Z")}).empty());
  CHECK(notes({cidr("198.51.100.9")}, {range("198.51.100.0/24"), range("except 198.51.100.8/31")})
            .empty());
  // A name is not one address, and an except is removed to let its sources in.
  CHECK(notes({named("desk")}).empty());
  CHECK(notes({cidr("203.0.113.6")}).empty());
}

TEST_CASE("what is not there is noted where that is asked for, unless a wider range lists it") {
  const auto asked = [](const std::vector<Selector>& selectors,
                        const std::vector<Range>& elsewhere = {}) {
    return remove_ranges(list(kOffice), selectors, elsewhere, kNow, Unmatched::kNoted);
  };
  const auto none = asked({named("nobody"), cidr("10.0.0.0/8"), cidr("203.0.113.200")});
  REQUIRE(none);
  CHECK_FALSE(none->changed);
  CHECK(none->notes == Texts{"name 'nobody': no such entry: nothing to revoke",
                             "range '10.0.0.0/8': no such entry: nothing to revoke",
                             "range '203.0.113.200/32': no such entry: nothing to revoke"});
  const auto some = asked({named("nobody"), named("ci")});
  REQUIRE(some);
  CHECK(some->changed);
  CHECK(some->text == removed(kOffice, {named("ci")}));
  CHECK(some->notes.size() == 1);
  const auto inside = asked({cidr("203.0.113.7")});
  REQUIRE_FALSE(inside);
  CHECK(inside.error().exit == Exit::kNo);
  CHECK(inside.error().message.find("apiguard except 203.0.113.7/32") != std::string::npos);
  const auto foreign = asked({named("tool")}, {range("192.0.2.0/24 name=tool")});
  REQUIRE_FALSE(foreign);
  CHECK(foreign.error().exit == Exit::kBadFile);
}
