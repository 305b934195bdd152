// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/cli/filter.hpp"

#include <string>

#include "loader/policy/text.hpp"
#include "tests/support/catch.hpp"

using namespace apiguard;
using namespace apiguard::cli;

namespace {

Range range(const char* cidr, const char* name) {
  Range one;
  one.prefix = parse_prefix(cidr)->prefix;
  one.name = name;
  return one;
}

const std::vector<Range>& some() {
  static const std::vector<Range> kRanges = {
      range("0.0.0.0/0", ""),           range("10.0.0.0/8", "inner"),
      range("10.1.0.0/16", "office"),   range("10.1.2.0/24", "office"),
      range("10.1.2.3/32", "Office"),   range("10.2.0.0/16", ""),
      range("2001:db8::/32", "office"), range("2001:db8::7/128", "v6")};
  return kRanges;
}

Selector cidr(const char* text) { return {parse_prefix(text)->prefix, ""}; }
Selector name(const char* text) { return {std::nullopt, text}; }

std::string kept(const std::vector<Selector>& selectors) {
  RangeRefs all;
  for (const Range& one : some()) all.push_back(&one);
  std::string text;
  for (const Range* one : keep_meant(selectors, all))
    text += (text.empty() ? "" : " ") + to_string(one->prefix);
  return text;
}

}  // namespace

TEST_CASE("a name means the entries of exactly that name") {
  CHECK(kept({name("office")}) == "10.1.0.0/16 10.1.2.0/24 2001:db8::/32");
  CHECK(kept({name("Office")}) == "10.1.2.3/32");
  CHECK(kept({name("offic")}).empty());
}

TEST_CASE("a CIDR means what overlaps it, of its family") {
  CHECK(kept({cidr("10.1.0.0/16")}) == "0.0.0.0/0 10.0.0.0/8 10.1.0.0/16 10.1.2.0/24 10.1.2.3/32");
  CHECK(kept({cidr("10.2.3.0/24")}) == "0.0.0.0/0 10.0.0.0/8 10.2.0.0/16");
  CHECK(kept({cidr("192.0.2.0/24")}) == "0.0.0.0/0");
  CHECK(kept({cidr("::/0")}) == "2001:db8::/32 2001:db8::7/128");
}

TEST_CASE("an address means what contains it") {
  CHECK(kept({cidr("10.1.2.3")}) == "0.0.0.0/0 10.0.0.0/8 10.1.0.0/16 10.1.2.0/24 10.1.2.3/32");
  CHECK(kept({cidr("10.1.2.4")}) == "0.0.0.0/0 10.0.0.0/8 10.1.0.0/16 10.1.2.0/24");
  CHECK(kept({cidr("2001:db8::8")}) == "2001:db8::/32");
  CHECK(kept({cidr("2001:db9::")}).empty());
}

TEST_CASE("several mean what any of them means, once and in order; none means all") {
  CHECK(kept({name("v6"), cidr("10.2.0.0/24"), name("inner")}) ==
        "0.0.0.0/0 10.0.0.0/8 10.2.0.0/16 2001:db8::7/128");
  CHECK(kept({}).size() > kept({cidr("0.0.0.0/0")}).size());
}

TEST_CASE("bars are of a name, an address or both") {
  Bar both;
  both.name = "ci";
  both.prefix = parse_prefix("10.1.2.3/32")->prefix;
  Bar named;
  named.name = "ci";
  CHECK(is_meant(name("ci"), both));
  CHECK(is_meant(cidr("10.1.2.0/24"), both));
  CHECK(is_meant(name("ci"), named));
  CHECK_FALSE(is_meant(cidr("10.1.2.0/24"), named));
  CHECK(keep_meant({name("x")}, std::vector<report::BarLine>{{both, {}}, {named, {}}}).empty());
  CHECK(keep_meant({}, std::vector<report::BarLine>{{both, {}}, {named, {}}}).size() == 2);
}
