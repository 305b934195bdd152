// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// What the manual pages of the files, and the examples that are installed, show is what the parser
// takes.
#include <string>

#include "loader/policy/text.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/folder.hpp"

using namespace apiguard;
using namespace apiguard::test;

namespace {

const std::string kTree = APIGUARD_POLICIES "/../..";

// The literal text of the page's example, as a reader sees it.
std::string example_of(const std::string& page) {
  const std::string begin = ".Bd -literal -offset indent\n";
  std::string text = get(kTree + "/loader/man/" + page);
  text = text.substr(text.find(begin) + begin.size());
  text = text.substr(0, text.find(".Ed\n"));
  for (std::size_t at; (at = text.find("\\(dq")) != std::string::npos;) text.replace(at, 4, "\"");
  return text;
}

SourceFile file(const std::string& text) { return {"file", "/file", text, true}; }

Parsed parsed(const Result<Parsed>& result) {
  if (!result) FAIL(result.error().message);
  CHECK(result->warnings.empty());
  return *result;
}

}  // namespace

TEST_CASE("the example of apiguard.toml(5)") {
  const Policy policy = parsed(parse_config(file(example_of("apiguard.toml.5")))).policy;
  CHECK(policy.interfaces.size() == 2);
  CHECK(policy.endpoints.size() == 2);
  CHECK(policy.mode == Mode::kAudit);
  CHECK(policy.ranges.size() == 2);
}

TEST_CASE("the example of authorized-ranges(5)") {
  const Policy policy = parsed(parse_ranges(file(example_of("authorized-ranges.5")))).policy;
  REQUIRE(policy.ranges.size() == 4);
  CHECK(policy.ranges[0].name == "ci");
  CHECK(policy.ranges[0].until);
}

TEST_CASE("the examples that are installed") {
  const std::string folder = kTree + "/scripts/packaging/examples/";
  CHECK(parsed(parse_config(file(get(folder + "apiguard.toml")))).policy.interfaces.size() == 1);
  CHECK(parsed(parse_ranges(file(get(folder + "authorized-ranges")))).policy.ranges.size() == 4);
}
