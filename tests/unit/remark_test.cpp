// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// why= and review=: kept and shown, and judging nothing.
#include <string>

#include "loader/policy/edit.hpp"
#include "loader/policy/text.hpp"
#include "loader/publish/queued.hpp"
#include "loader/publish/ticket.hpp"
#include "loader/report/change.hpp"
#include "loader/report/review.hpp"
#include "tests/support/catch.hpp"

namespace apiguard {
namespace {

SourceFile list(const std::string& text) { return {"list", "list", text, true}; }

Policy parsed(const std::string& text) {
  auto result = parse_ranges(list(text));
  REQUIRE(result);
  return std::move(result->policy);
}

std::string error_of(const std::string& text) {
  const auto result = parse_ranges(list(text));
  REQUIRE_FALSE(result);
  return result.error().message;
}

Timestamp at(const char* text) { return *parse_timestamp(text); }

Range entry(const char* cidr, const char* why, const char* review = nullptr) {
  Range range;
  range.prefix = parse_prefix(cidr)->prefix;
  std::optional<Timestamp> day;
  if (review != nullptr) day = at((std::string(review) + "T00:00:00Z").c_str());
  range.remark = Remark(why, day);
  return range;
}

constexpr const char* kNow = "2026-11-29T12:00:00Z";

std::string json_of(const Policy& policy) {
  std::string out;
  report::review_json(deciding_ranges(policy.ranges), {}, at(kNow),
                      [&](std::string_view piece) { out += piece; });
  return out;
}

std::string text_of(const Policy& policy) {
  std::string out;
  report::review_text(deciding_ranges(policy.ranges), {}, at(kNow),
                      [&](std::string_view piece) { out += piece; });
  return out;
}

}  // namespace

TEST_CASE("a remark stands in any order among the keys and is read back as it is shown") {
  const Policy policy = parsed(
      "10.0.0.0/8 review=2027-01-31 name=a why=NET-1/x?y=z until=2027-01-01T00:00:00Z\n"
      "10.1.0.0/16 why=~!@$%^&*()\n"
      "except 10.2.0.0/16 review=2024-02-29 # comment\n"
      "10.3.0.0/16\n");
  REQUIRE(policy.ranges.size() == 4);
  CHECK(policy.ranges[0].remark.why() == "NET-1/x?y=z");
  CHECK(policy.ranges[0].remark.review() == at("2027-01-31T00:00:00Z"));
  CHECK(show(policy.ranges[0]) ==
        "10.0.0.0/8 name=a until=2027-01-01T00:00:00Z why=NET-1/x?y=z review=2027-01-31");
  CHECK(policy.ranges[1].remark.why() == "~!@$%^&*()");
  CHECK_FALSE(policy.ranges[1].remark.review());
  CHECK(policy.ranges[2].remark.why().empty());
  CHECK(policy.ranges[3].remark.empty());
  CHECK(parsed(show_ranges(policy.ranges)) == policy);
  CHECK(parsed("10.0.0.0/8 why=" + std::string(128, 'x') + "\n").ranges[0].remark.why().size() ==
        128);
}

TEST_CASE("what is wrong with a remark is shown where it is") {
  CHECK(error_of("10.0.0.0/8 review=2026-13-01\n")
            .find("list:1:19: '2026-13-01' is not a date: write YYYY-MM-DD") == 0);
  for (const char* date : {"2026-1-01", "2026-02-29", "2026-01-01T00:00:00Z", "01.02.2026",
                           "2026-01-0x", "tomorrow", "2026-00-10"})
    CHECK(error_of(std::string("10.0.0.0/8 review=") + date + "\n").find("list:1:19: ") == 0);
  CHECK(error_of("10.0.0.0/8 why=" + std::string(129, 'x') + "\n")
            .find("list:1:144: why is longer than 128 characters") == 0);
  CHECK(error_of("10.0.0.0/8 why=a\xC3\xA9\n").find("list:1:17: unexpected character ") == 0);
  CHECK(error_of("10.0.0.0/8 why=a\x7f\n").find("list:1:17: unexpected character ") == 0);
  CHECK(error_of("10.0.0.0/8 why=a#b\n").find("a comment needs a space") != std::string::npos);
  CHECK(error_of("10.0.0.0/8 why=a why=b\n").find("list:1:18: key 'why' is given twice") == 0);
  CHECK(error_of("10.0.0.0/8 review=2026-01-01 review=2026-01-01\n")
            .find("list:1:30: key 'review' is given twice") == 0);
  CHECK(error_of("10.0.0.0/8 why=\n").find("key 'why' has no value") != std::string::npos);
  CHECK(error_of("10.0.0.0/8 review\n").find("key 'review' has no value") != std::string::npos);
  CHECK(error_of("10.0.0.0/8 reviw=2026-01-01\n").find("did you mean 'review'") !=
        std::string::npos);
}

TEST_CASE("a remark judges nothing, and a change of it is a change of the text") {
  const Policy without = parsed("10.0.0.0/8 name=a\n");
  const Policy with = parsed("10.0.0.0/8 name=a why=NET-1 review=2027-01-31\n");
  CHECK(fingerprint(with) == fingerprint(without));
  CHECK(fingerprint_permanent(with) == fingerprint_permanent(without));
  const Difference change = difference(without, with);
  CHECK(change.added.size() == 1);
  CHECK(change.removed.size() == 1);
  CHECK(report::preview(change, false) ==
        "+ 10.0.0.0/8  a  why NET-1  review 2027-01-31\n- 10.0.0.0/8  a\n");
  CHECK(difference(with, with).empty());
}

TEST_CASE("verbs keep remarks and put in what they are given") {
  const SourceFile file =
      list("10.0.0.0/8  name=a why=NET-1 review=2027-01-31  # note\n10.1.0.0/16\n");
  const auto put = [&](const Range& range) { return *put_ranges(file, {range}, {}, at(kNow)); };
  // Nothing of it is new.
  CHECK_FALSE(put(entry("10.0.0.0/8", "")).changed);
  CHECK_FALSE(put(entry("10.0.0.0/8", "NET-1")).changed);
  CHECK_FALSE(put(entry("10.0.0.0/8", "NET-1", "2027-01-31")).changed);
  // One of the two is.
  CHECK(put(entry("10.0.0.0/8", "NET-2"))
            .text.find("10.0.0.0/8 name=a why=NET-2 review=2027-01-31  # note\n") == 0);
  CHECK(put(entry("10.0.0.0/8", "", "2028-01-01"))
            .text.find("10.0.0.0/8 name=a why=NET-1 review=2028-01-01  # note\n") == 0);
  CHECK(put(entry("10.1.0.0/16", "NET-3")).text.ends_with("\n10.1.0.0/16 why=NET-3\n"));
  CHECK(put(entry("10.2.0.0/16", "NET-4", "2027-01-01"))
            .text.ends_with("\n10.2.0.0/16 why=NET-4 review=2027-01-01\n"));
  // A new name, or another kind, leaves them as they are.
  Range renamed = entry("10.0.0.0/8", "");
  renamed.name = "b";
  CHECK(put(renamed).text.find("10.0.0.0/8 name=b why=NET-1 review=2027-01-31  # note\n") == 0);
  Range except = entry("10.0.0.0/8", "");
  except.kind = Kind::kExcept;
  CHECK(put(except).text.find("except 10.0.0.0/8 name=a why=NET-1 review=2027-01-31  # note\n") ==
        0);
  // A permanent entry stays permanent, whatever a temporary one says of it.
  Range temporary = entry("10.0.0.0/8", "NET-9");
  temporary.until = at("2027-01-01T00:00:00Z");
  CHECK_FALSE(put(temporary).changed);
  const auto set = replace_ranges(file, {parse_prefix("10.0.0.0/8")->prefix});
  REQUIRE(set);
  CHECK(set->text == "10.0.0.0/8  name=a why=NET-1 review=2027-01-31  # note\n");
  const auto ended =
      replace_ranges(list("10.0.0.0/8 why=NET-1 until=2027-01-01T00:00:00Z review=2027-01-31\n"),
                     {parse_prefix("10.0.0.0/8")->prefix});
  REQUIRE(ended);
  CHECK(ended->text == "10.0.0.0/8 why=NET-1 review=2027-01-31\n");
}

TEST_CASE("a review is overdue once its day is over") {
  const Remark remark("", at("2026-11-28T00:00:00Z"));
  CHECK_FALSE(is_overdue(remark, at("2026-11-28T23:59:59Z")));
  CHECK(is_overdue(remark, at("2026-11-29T00:00:00Z")));
  CHECK_FALSE(is_overdue(Remark("NET-1", {}), at("2099-01-01T00:00:00Z")));
  CHECK_FALSE(is_overdue(Remark(), at("2099-01-01T00:00:00Z")));
}

TEST_CASE("the report has what is overdue first, then by date, then the rest") {
  const Policy policy = parsed(
      "10.1.0.0/16 name=none\n"
      "10.2.0.0/16 name=later why=NET-2 review=2027-06-01\n"
      "10.3.0.0/16 name=past why=NET-3 review=2026-11-28\n"
      "10.4.0.0/16 name=today review=2026-11-29\n"
      "10.5.0.0/16 name=long review=2020-01-01\n");
  const std::string text = text_of(policy);
  std::size_t last = 0;
  for (const char* name : {"long", "past", "today", "later", "none"}) {
    const std::size_t found = text.find(name);
    REQUIRE(found != std::string::npos);
    CHECK(found > last);
    last = found;
  }
  CHECK(text.find("2020-01-01 OVERDUE  10.5.0.0/16") != std::string::npos);
  CHECK(text.find("2026-11-29          10.4.0.0/16") != std::string::npos);
  CHECK(text.find("NET-3") != std::string::npos);
  CHECK(text.find("list:3") != std::string::npos);
  const std::string json = json_of(policy);
  CHECK(json.find(R"("review": "2020-01-01",
      "overdue": true)") < json.find(R"("review": "2026-11-29",
      "overdue": false)"));
  CHECK(json.find(R"("why": null,
      "review": null,
      "overdue": false)") != std::string::npos);
  CHECK(json_of(Policy()) ==
        "{\n  \"schema\": 1,\n  \"ranges\": [],\n  \"observed_since\": null\n}\n");
}

TEST_CASE("what is overdue is one warning, counted") {
  CHECK(report::overdue_warning(parsed("10.0.0.0/8 review=2027-01-01\n").ranges, at(kNow)).empty());
  CHECK(report::overdue_warning(
            parsed("10.0.0.0/8 review=2026-01-02\n10.1.0.0/16 review=2026-01-01\n10.2.0.0/16\n")
                .ranges,
            at(kNow))
            .find("2 entries whose review is overdue, since 2026-01-01 (10.1.0.0/16, list:2)") ==
        0);
  CHECK(report::overdue_warning(parsed("10.0.0.0/8 review=2026-01-02\n").ranges, at(kNow))
            .find("1 entry whose") == 0);
}

TEST_CASE("a remark travels in a ticket") {
  publish::QueuedChange change;
  change.by = "root";
  publish::PutChange put;
  put.prefixes = {parse_prefix("192.0.2.1")->prefix};
  put.remark = Remark("NET-1", at("2027-01-31T00:00:00Z"));
  change.what = put;
  const auto read = publish::parse_ticket(publish::show_ticket(change));
  REQUIRE(read);
  CHECK(std::get<publish::PutChange>(read->what).remark == put.remark);
  std::string forged = publish::show_ticket(change);
  forged.replace(forged.find("NET-1"), 5, "N T-1");
  CHECK_FALSE(publish::parse_ticket(forged));
}

}  // namespace apiguard
