// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/policy/lapse.hpp"
#include "loader/base/time.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "loader/policy/overlay.hpp"
#include "loader/policy/text.hpp"
#include "tests/support/catch.hpp"

using namespace apiguard;

namespace {

constexpr Timestamp kNow{1'800'000'000s};  // 2027-01-15T08:00:00Z
constexpr const char* kNodes = "authorized-ranges.d/nodes.list";
constexpr const char* kOther = "authorized-ranges.d/other.list";

Moment at(std::chrono::nanoseconds later) {
  return {{kNow + later, BootTime(10h + later)}, "boot"};
}

// The CLI's file lists something, so that no text is empty.
struct Text {
  std::string nodes = {};
  std::string other = {};
  std::string own = "203.0.113.0/24\n";
  std::string config = "interfaces = [\"eth0\"]\n";
};

Policy policy_of(const Text& text) {
  Sources sources;
  sources.config = {"apiguard.toml", "conf", text.config, true};
  sources.ranges = {"authorized-ranges", "list", text.own, true};
  // An empty text is a file that is gone.
  if (!text.nodes.empty()) sources.drop_ins.push_back({kNodes, "nodes", text.nodes, true});
  if (!text.other.empty()) sources.drop_ins.push_back({kOther, "other", text.other, true});
  auto parsed = parse_policy(sources, {.lint = false});
  if (!parsed) FAIL(parsed.error().message);
  return std::move(parsed->policy);
}

// A host whose text changes: what lapses after each change, as lines of a list.
class Host {
 public:
  explicit Host(const Text& text) : in_force_(policy_of(text)) {}

  Host& change(const Text& text, std::chrono::nanoseconds later = 0s) {
    notes.clear();
    Policy after = policy_of(text);
    book.lapsing = lapsing_after(book.lapsing, &in_force_, after, at(later), notes);
    in_force_ = std::move(after);
    return *this;
  }

  // What the book has, each with the hours from kNow to its end.
  [[nodiscard]] std::string booked(std::chrono::nanoseconds later = 0s) const {
    std::string out;
    for (const Lapsing& one : book.lapsing) {
      out += fmt::format(
          "{}{}{}{} {}h\n", one.kind == Kind::kExcept ? "except " : "", to_string(one.prefix),
          one.name.empty() ? "" : " name=", one.name,
          std::chrono::duration<double, std::ratio<3600>>(end_of(one.term, at(later)) - kNow)
              .count());
    }
    return out;
  }

  // What is listed beside the text.
  [[nodiscard]] std::string listed(std::chrono::nanoseconds later = 0s) const {
    std::string out;
    for (const Range& range : overlay(in_force_, book, at(later)).ranges) {
      CHECK(is_lapsing(range));
      CHECK(origin_of(range) == kNodes);
      out += fmt::format("{}{}\n", range.kind == Kind::kExcept ? "except " : "",
                         to_string(range.prefix));
    }
    return out;
  }

  Book book;
  std::vector<std::string> notes;

 private:
  Policy in_force_;
};

const std::string kTwo = "#lapse 24h\n192.0.2.1 name=a\n192.0.2.2 name=b\n";
const std::string kOne = "#lapse 24h\n192.0.2.1 name=a\n";

}  // namespace

TEST_CASE("a line that vanishes from a drop-in with #lapse ends after the time of the header") {
  Host host({kTwo});
  host.change({kOne});
  CHECK(host.booked() == "192.0.2.2/32 name=b 24h\n");
  CHECK(host.book.lapsing.front().file == kNodes);
  CHECK(host.listed() == "192.0.2.2/32\n");
  CHECK(host.listed(24h - 1ns) == "192.0.2.2/32\n");
  CHECK(host.listed(24h).empty());
  CHECK(host.notes ==
        std::vector<std::string>{
            "1 line of 'authorized-ranges.d/nodes.list' lapses until 2027-01-16T08:00:00Z: "
            "192.0.2.2/32: 'apiguard revoke' removes it at once"});
}

TEST_CASE("so do all that vanish with the file, and those of a file that came empty") {
  const std::string both = "192.0.2.1/32 name=a 24h\n192.0.2.2/32 name=b 24h\n";
  CHECK(Host({kTwo}).change({}).booked() == both);
  CHECK(Host({kTwo}).change({"\n"}).booked() == both);
  CHECK(Host({kTwo}).change({"# nothing\n"}).booked() == both);
  CHECK(Host({kTwo}).change({"#lapse 24h\n"}).booked() == both);
}

TEST_CASE("except lines lapse as well, and both kinds of one prefix") {
  CHECK(Host({"#lapse 24h\n192.0.2.0/24\nexcept 192.0.2.1\n"})
            .change({"#lapse 24h\n192.0.2.0/24\n"})
            .booked() == "except 192.0.2.1/32 24h\n");
  Host both({"#lapse 24h\n192.0.2.1\nexcept 192.0.2.1\n2001:db8::/32\n"});
  both.change({});
  CHECK(both.booked() == "192.0.2.1/32 24h\nexcept 192.0.2.1/32 24h\n2001:db8::/32 24h\n");
}

TEST_CASE("what stands in no drop-in with #lapse goes at once") {
  CHECK(Host({"192.0.2.1\n192.0.2.2\n"}).change({"192.0.2.1\n"}).booked().empty());
  CHECK(Host({"192.0.2.1\n"}).change({}).booked().empty());
  // The header of one file is not that of another, or of the CLI's own.
  Host host({kOne, "198.51.100.1\n", "203.0.113.0/24\n203.0.113.9\n10.0.0.0/8\n"});
  host.change({kOne});
  CHECK(host.booked().empty());
  CHECK(host.notes.empty());
  CHECK(host.listed().empty());
}

TEST_CASE("the longer of the headers in force and in the new file counts") {
  const auto lines = [](const std::string& head, const std::string& body) { return head + body; };
  const std::string body = "192.0.2.1\n192.0.2.2\n", rest = "192.0.2.1\n";
  CHECK(Host({lines("#lapse 2h\n", body)}).change({lines("#lapse 5h\n", rest)}).booked() ==
        "192.0.2.2/32 5h\n");
  CHECK(Host({lines("#lapse 5h\n", body)}).change({lines("#lapse 2h\n", rest)}).booked() ==
        "192.0.2.2/32 5h\n");
  CHECK(Host({lines("#lapse 5h\n", body)}).change({rest}).booked() == "192.0.2.2/32 5h\n");
  CHECK(Host({body}).change({lines("#lapse 5h\n", rest)}).booked() == "192.0.2.2/32 5h\n");
  // Without the header first.
  CHECK(Host({lines("#lapse 5h\n", body)}).change({body}).change({rest}).booked().empty());
}

TEST_CASE("a lapsing line lapses once: later changes leave its end as it is") {
  Host host({kTwo});
  host.change({kOne}).change({kOne}, 1h).change({"#lapse 30d\n192.0.2.1\n"}, 2h);
  CHECK(host.booked(2h) == "192.0.2.2/32 name=b 24h\n");
  CHECK(host.notes.empty());
  host.change({}, 3h);
  CHECK(host.booked(3h) == "192.0.2.1/32 723h\n192.0.2.2/32 name=b 24h\n");
}

TEST_CASE("if the line returns, in any file, the lapse is forgotten") {
  // It vanishes once more: by its file, then in one without a header, then in the CLI's own.
  Host same({kTwo});
  same.change({kOne}).change({kTwo}, 1h);
  CHECK(same.listed(1h).empty());
  same.change({kOne}, 2h);
  CHECK(same.booked(2h) == "192.0.2.2/32 name=b 26h\n");
  Host other({kTwo});
  other.change({kOne}).change({kOne, "192.0.2.2\n"}, 1h);
  CHECK(other.listed(1h).empty());
  other.change({kOne}, 2h);
  CHECK(other.booked(2h).empty());
  Host own({kTwo});
  own.change({kOne}).change({kOne, "", "192.0.2.2\n"}, 1h).change({kOne}, 2h);
  CHECK(own.booked(2h).empty());
}

TEST_CASE("a line of the same prefix in the new text, of either kind, replaces it") {
  for (const char* line : {"192.0.2.2\n", "except 192.0.2.2\n", "192.0.2.2 name=other\n",
                           "192.0.2.2 until=2027-01-15T09:00:00Z\n"}) {
    CAPTURE(line);
    Host host({kTwo});
    host.change({kOne}).change({kOne, line}, 1ns);
    CHECK(host.listed(1ns).empty());
    host.change({kOne}, 2ns);
    CHECK(host.listed(2ns).empty());
    // At once, too.
    CHECK(Host({kTwo}).change({kOne, line}).listed().empty());
  }
  // What had ended before the lapse began is no line.
  Host ended({kTwo});
  ended.change({kOne, "192.0.2.2 until=2027-01-15T07:00:00Z\n"});
  CHECK(ended.listed() == "192.0.2.2/32\n");
}

TEST_CASE("an allow ends at once where the new text brings an except that covers it") {
  Host host({kTwo});
  host.change({kOne}).change({kOne, "except 192.0.2.0/30\n"}, 1h);
  CHECK(host.booked(1h).empty());
  CHECK(host.notes == std::vector<std::string>{"1 lapsing line ends now: a new except covers it"});
  host.change({kOne}, 2h);
  CHECK(host.listed(2h).empty());
  // In the change that takes the line out, it does not begin to lapse.
  CHECK(Host({kTwo}).change({kOne, "except 192.0.2.0/24\n"}).booked().empty());
  // An except that was there before is none that the new text brings.
  CHECK(Host({kTwo, "except 192.0.2.0/24\n"}).change({kOne, "except 192.0.2.0/24\n"}).listed() ==
        "192.0.2.2/32\n");
  // One that does not cover the line, has ended, or is inside it, ends nothing.
  for (const char* line : {"except 192.0.2.4/30\n", "except ::/0\n",
                           "except 192.0.2.0/24 until=2027-01-15T07:00:00Z\n"}) {
    CAPTURE(line);
    Host other({kTwo});
    other.change({kOne}).change({kOne, line});
    CHECK(other.listed() == "192.0.2.2/32\n");
  }
  Host wide({"#lapse 24h\n192.0.2.0/24\n"});
  wide.change({}).change({"", "except 192.0.2.7\n"});
  CHECK(wide.listed() == "192.0.2.0/24\n");
}

TEST_CASE("a lapsing except stays where a new except covers it") {
  Host host({"#lapse 24h\n192.0.2.0/24\nexcept 192.0.2.1\n"});
  host.change({"#lapse 24h\n192.0.2.0/24\n"});
  CHECK(host.listed() == "except 192.0.2.1/32\n");
  host.change({"#lapse 24h\n192.0.2.0/24\n", "except 192.0.2.0/30\n"});
  CHECK(host.listed() == "except 192.0.2.1/32\n");
}

TEST_CASE("what other entries list anyhow does not lapse") {
  const std::string net = "#lapse 24h\n192.0.2.0/24\n";
  CHECK(Host({net + "192.0.2.1\n"}).change({net}).booked().empty());
  CHECK(Host({kTwo}).change({kOne, "192.0.2.0/24\n"}).booked().empty());
  CHECK(Host({kTwo}).change({kOne, "", "192.0.2.0/25\n"}).booked().empty());
  CHECK(Host({kTwo, "", "203.0.113.0/24\n", "interfaces = [\"e\"]\ncluster = [\"192.0.2.0/24\"]\n"})
            .change({kOne, "", "203.0.113.0/24\n",
                     "interfaces = [\"e\"]\ncluster = [\"192.0.2.0/24\"]\n"})
            .booked()
            .empty());
  // As long as the lapse would last, or it ends with the entry.
  CHECK(Host({kTwo}).change({kOne, "192.0.2.0/24 until=2027-01-16T08:00:00Z\n"}).booked().empty());
  CHECK(Host({kTwo}).change({kOne, "192.0.2.0/24 until=2027-01-16T07:59:59Z\n"}).booked() ==
        "192.0.2.2/32 name=b 24h\n");
  // An except in between says otherwise.
  CHECK(Host({kTwo, "192.0.2.0/24\nexcept 192.0.2.0/30\n"})
            .change({kOne, "192.0.2.0/24\nexcept 192.0.2.0/30\n"})
            .listed() == "192.0.2.2/32\n");
  // Outside of every allow an except says nothing that is not so anyhow, but a lapsing allow may
  // stand around it.
  Host both({net + "except 192.0.2.1\n"});
  both.change({});
  CHECK(both.listed() == "192.0.2.0/24\nexcept 192.0.2.1/32\n");
}

TEST_CASE("what the text says anyhow lapses inside a lapsing line of the other kind") {
  // The /24 lists the node, but until it ends the except would cut it.
  const std::string net = "#lapse 24h\n192.0.2.0/24\n";
  Host node({net + "except 192.0.2.0/30\n192.0.2.2\n"});
  node.change({net});
  CHECK(node.listed() == "except 192.0.2.0/30\n192.0.2.2/32\n");
  Host later({net + "except 192.0.2.0/30\n192.0.2.2\n"});
  later.change({net + "192.0.2.2\n"}).change({net}, 1h);
  CHECK(later.listed(1h) == "except 192.0.2.0/30\n192.0.2.2/32\n");
  // An except whose lapse is forgotten cuts nobody.
  Host forgotten({net + "except 192.0.2.2\n"});
  forgotten.change({net}).change({net + "192.0.2.2\n"}).change({net});
  CHECK(forgotten.booked().empty());
  // The except /8 keeps it out, but until it ends the /16 would list it.
  const std::string out = "#lapse 24h\nexcept 10.0.0.0/8\n";
  Host inner({out + "10.1.0.0/16\nexcept 10.1.1.0/24\n"});
  inner.change({out});
  CHECK(inner.listed() == "10.1.0.0/16\nexcept 10.1.1.0/24\n");
}

TEST_CASE("an end of the line that comes sooner stays, and what has ended does not lapse") {
  Host host(
      {"#lapse 24h\n192.0.2.1 until=2027-01-15T10:00:00Z\n"
       "192.0.2.2 until=2027-01-15T07:00:00Z\n192.0.2.3 until=2027-02-15T07:00:00Z\n"});
  host.change({});
  CHECK(host.booked() == "192.0.2.1/32 2h\n192.0.2.3/32 24h\n");
}

TEST_CASE("a line that is written otherwise has not vanished") {
  for (const char* line :
       {"192.0.2.2\n", "192.0.2.2/32 name=renamed\n", "192.0.2.2 until=2027-01-15T09:00:00Z\n",
        "192.0.2.2 until=2027-01-15T07:00:00Z\n"}) {
    CAPTURE(line);
    CHECK(Host({kTwo}).change({kOne + line}).booked().empty());
  }
  // Nor has one that moved to another file.
  CHECK(Host({kTwo}).change({kOne, "192.0.2.2\n"}).booked().empty());
}

TEST_CASE("a line that stood twice lapses once, for the longer time") {
  Host host({"#lapse 1h\n192.0.2.1\n192.0.2.1 name=again\n", "#lapse 3h\n192.0.2.1 name=other\n"});
  host.change({});
  CHECK(host.book.lapsing.size() == 1);
  CHECK(host.booked().ends_with(" 3h\n"));
}

TEST_CASE("a range that is cut in two lapses beside its parts") {
  Host host({"#lapse 24h\n192.0.2.0/24\n"});
  host.change({"#lapse 24h\n192.0.2.0/25\n"});
  CHECK(host.listed() == "192.0.2.0/24\n");
}

TEST_CASE("no lapsing except cuts into the cluster") {
  const std::string cluster = "interfaces = [\"e\"]\ncluster = [\"192.0.2.0/24\"]\n";
  const std::string nodes = "#lapse 24h\n192.0.0.0/16\nexcept 192.0.2.1\nexcept 192.0.3.1\n";
  const std::string own = "203.0.113.0/24\n";
  Host at_once({nodes});
  at_once.change({"#lapse 24h\n192.0.0.0/16\n", "", own, cluster});
  CHECK(at_once.listed() == "except 192.0.3.1/32\n");
  Host later({nodes});
  later.change({"#lapse 24h\n192.0.0.0/16\n"});
  CHECK(later.listed() == "except 192.0.2.1/32\nexcept 192.0.3.1/32\n");
  later.change({"#lapse 24h\n192.0.0.0/16\n", "", own, cluster});
  CHECK(later.listed() == "except 192.0.3.1/32\n");
  // It does not come back with the end of the promise.
  later.change({"#lapse 24h\n192.0.0.0/16\n"});
  CHECK(later.listed() == "except 192.0.3.1/32\n");
}

TEST_CASE("where nothing is in force nothing lapses, and what lapsed goes on") {
  std::vector<std::string> notes;
  Host host({kTwo});
  host.change({kOne});
  const auto known = host.book.lapsing;
  CHECK(lapsing_after(known, nullptr, policy_of({kOne}), at(1h), notes) == known);
  CHECK(lapsing_after({}, nullptr, policy_of({kOne}), at(1h), notes).empty());
  CHECK(notes.empty());
}

TEST_CASE("many lines are said in one note, of three of them") {
  std::string nodes = "#lapse 24h\n";
  for (int i = 1; i <= 200; ++i) nodes += fmt::format("192.0.2.{}\n", i);
  Host host({nodes, "#lapse 1h\n198.51.100.1\n"});
  host.change({});
  CHECK(host.book.lapsing.size() == 201);
  CHECK(host.notes ==
        std::vector<std::string>{
            "200 lines of 'authorized-ranges.d/nodes.list' lapse until 2027-01-16T08:00:00Z: "
            "192.0.2.1/32, 192.0.2.2/32, 192.0.2.3/32, ...: 'apiguard revoke' removes them at once",
            "1 line of 'authorized-ranges.d/other.list' lapses until 2027-01-15T09:00:00Z: "
            "198.51.100.1/32: 'apiguard revoke' removes it at once"});
}

TEST_CASE("the text never sees the book: fingerprint and difference are of texts") {
  const Policy before = policy_of({kTwo});
  const Policy after = policy_of({kOne});
  Host host({kTwo});
  host.change({kOne});
  CHECK(fingerprint(after) == fingerprint(policy_of({"192.0.2.1\n"})));
  CHECK(difference(before, after).removed.size() == 1);
  CHECK(fingerprint(with_book(after, host.book, at(0s))) != fingerprint(after));
  CHECK(policy_of({kOne}) == after);
}
