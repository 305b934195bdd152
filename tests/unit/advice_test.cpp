// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/cli/advice.hpp"

#include <string>
#include <utility>

#include "loader/base/duration.hpp"
#include "loader/policy/text.hpp"
#include "tests/support/catch.hpp"

using namespace apiguard;
using namespace apiguard::cli;

namespace {

std::string covered(const char* first, const char* last) {
  std::string text;
  for (const Prefix& prefix : cover(*parse_address(first), *parse_address(last)))
    text += (text.empty() ? "" : " ") + to_string(prefix);
  return text;
}

std::string on_range(const char* text) { return advice_on_source(text, Wanted::kRange); }

bool ends_with(const std::string& text, const std::string& end) { return text.ends_with(end); }

}  // namespace

TEST_CASE("a span of addresses in the fewest CIDRs") {
  CHECK(covered("203.0.113.10", "203.0.113.20") ==
        "203.0.113.10/31 203.0.113.12/30 203.0.113.16/30 203.0.113.20/32");
  CHECK(covered("10.0.0.0", "10.255.255.255") == "10.0.0.0/8");
  CHECK(covered("0.0.0.0", "255.255.255.255") == "0.0.0.0/0");
  CHECK(covered("::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff") == "::/0");
  CHECK(covered("192.0.2.7", "192.0.2.7") == "192.0.2.7/32");
  CHECK(covered("255.255.255.254", "255.255.255.255") == "255.255.255.254/31");
  CHECK(covered("10.0.0.255", "10.0.1.0") == "10.0.0.255/32 10.0.1.0/32");
  CHECK(covered("2001:db8::ff", "2001:db8::101") == "2001:db8::ff/128 2001:db8::100/127");
  CHECK(cover(*parse_address("0.0.0.1"), *parse_address("255.255.255.254")).size() == 62);
}

TEST_CASE("what is no range, and how it is written") {
  CHECK(ends_with(on_range("10.0.0.5-10.0.0.6"), ": 10.0.0.5/32 10.0.0.6/32"));
  CHECK(ends_with(on_range("10.0.0.4-7"), ": 10.0.0.4/30"));
  CHECK(on_range("10.0.0.6-10.0.0.5") == "the span ends before it starts");
  CHECK(ends_with(on_range("0.0.0.1-255.255.255.254"), " and 54 more"));
  CHECK(on_range("10.0.0.1-2001:db8::").empty());
  CHECK(ends_with(on_range("192.0.2.0/24,198.51.100.7"), ": 192.0.2.0/24 198.51.100.7"));
  CHECK(ends_with(on_range("203.0.113.7:6443"), ": write 203.0.113.7"));
  CHECK(ends_with(on_range("[2001:db8::7]:6443"), ": write 2001:db8::7"));
  CHECK(ends_with(on_range("[2001:db8::7]"), ": write 2001:db8::7"));
  CHECK(on_range("https://203.0.113.7:6443/").find("URL") != std::string::npos);
  CHECK(ends_with(on_range("10.*"), "write 10.0.0.0/8"));
  CHECK(ends_with(on_range("10.1.2.x"), "write 10.1.2.0/24"));
  CHECK(on_range("10.*.2.3").empty());
  CHECK(on_range("300.*").empty());
  CHECK(on_range("ANY").find("0.0.0.0/0 and ::/0") != std::string::npos);
  CHECK(on_range("from").find("'apiguard allow CIDR'") != std::string::npos);
  CHECK(on_range("office.example.com").find("getent ahosts office.example.com") !=
        std::string::npos);
  CHECK(ends_with(on_range("office"), "--name office"));
}

TEST_CASE("the reader's own reason where nothing is known, and no word of what is too long") {
  for (const char* text : {"", "10.0.0.300", "10.0.0.0/33", "010.0.0.0/8", "::1%eth0", "-", ":",
                           "2001:db8::/129", "a b", "\x1b[31m", "[", "[]", "1.2.3", "*.*.*.*.*"})
    CHECK(on_range(text).empty());
  CHECK(on_range((std::string(300, '1') + "-10.0.0.1").c_str()).empty());
}

TEST_CASE("an address is wanted, or what may be a name") {
  CHECK(advice_on_source("10.0.0.1/8", Wanted::kAddress) ==
        "only addresses; 'apiguard list 10.0.0.0/8' shows the ranges that overlap it");
  CHECK(advice_on_source("office", Wanted::kAddress).find("'apiguard list office'") !=
        std::string::npos);
  CHECK(advice_on_source("any", Wanted::kSelector).empty());
  CHECK(ends_with(advice_on_source("10.0.0.1:80", Wanted::kSelector), "write 10.0.0.1"));
}

TEST_CASE("durations of other tools") {
  const std::pair<const char*, const char*> cases[] = {
      {"2hours", "2h"},  {"90 minutes", "1h30m"}, {"1.5h", "1h30m"},
      {"1w", "7d"},      {"24H", "1d"},           {"100sec", "1m40s"},
      {"1month", "30d"}, {"2 Days", "2d"},        {"0.5 hours", "30m"}};
  for (const auto& [typed, meant] : cases) {
    INFO(typed);
    CHECK(advice_on_duration(typed) == "write " + std::string(meant));
    CHECK(parse_duration(meant));
  }
  CHECK(advice_on_duration("100ms") == "the shortest is one second: write 1s");
  CHECK(advice_on_duration("forever").find("permanent") != std::string::npos);
  for (const char* text : {"", "2", "h", "tomorrow", "2x", "1h30", "-2h", "0h", "99999999999d"})
    CHECK(advice_on_duration(text).empty());
}

TEST_CASE("names that are none") {
  CHECK(ends_with(advice_on_name("ci runner"), "'ci-runner' is one"));
  CHECK(ends_with(advice_on_name("me@host"), "'me-host' is one"));
  CHECK(advice_on_name(std::string(69, 'a')) ==
        "a name has 63 characters at most, this one has 69");
  CHECK(advice_on_name("").find("empty") != std::string::npos);
  CHECK(advice_on_name("10.0.0.1").find("reads as an address") != std::string::npos);
  CHECK_FALSE(advice_on_name("\xc3\xa9").empty());
}
