// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/host/refused.hpp"

#include <filesystem>
#include <fstream>

#include "tests/support/catch.hpp"
#include "tests/support/folder.hpp"

using namespace apiguard;

namespace {

LeaseAnswer answered(LeaseResult result) {
  LeaseAnswer answer;
  answer.result = result;
  return answer;
}

LeaseAnswer too_deep() {
  LeaseAnswer answer = answered(LeaseResult::kFull);
  answer.too_deep = true;
  return answer;
}

LeaseAnswer excepted() {
  LeaseAnswer answer = answered(LeaseResult::kAdded);
  answer.excepted = true;
  answer.why = "excepted by 192.0.2.0/24";
  return answer;
}

}  // namespace

TEST_CASE("an answer is a refusal by what kept it out") {
  CHECK(refusal_of(answered(LeaseResult::kBarred)) == Refusal::kBarred);
  CHECK(refusal_of(answered(LeaseResult::kOutside)) == Refusal::kOutside);
  CHECK(refusal_of(answered(LeaseResult::kFull)) == Refusal::kFull);
  CHECK(refusal_of(excepted()) == Refusal::kExcepted);
  CHECK(refusal_of(too_deep()) == Refusal::kNested);
  for (const LeaseResult result :
       {LeaseResult::kAdded, LeaseResult::kRenewed, LeaseResult::kUnchanged})
    CHECK_FALSE(refusal_of(answered(result)));
}

TEST_CASE("refused leases are counted over processes, and nothing is written where none is") {
  const test::Folder folder;
  const std::string& run = folder.path();
  const auto file = folder.path() + "/refused-leases";
  REQUIRE(read_refused(run));
  CHECK(*read_refused(run) == RefusedLeases{});
  REQUIRE(count_refused(run, {answered(LeaseResult::kAdded)}));
  REQUIRE(count_refused(run, {}));
  CHECK_FALSE(std::filesystem::exists(file));
  REQUIRE(count_refused(run, {answered(LeaseResult::kBarred), excepted(), too_deep()}));
  REQUIRE(count_refused(run, {answered(LeaseResult::kBarred)}));
  CHECK(*read_refused(run) == RefusedLeases{2, 0, 0, 1, 1});
}

TEST_CASE("what cannot be read is not trusted, and counted anew") {
  const test::Folder folder;
  const std::string& run = folder.path();
  const auto file = folder.path() + "/refused-leases";
  const std::string good = show_refused({1, 2, 3, 4, 5});
  REQUIRE(parse_refused(good));
  CHECK(*parse_refused(good) == RefusedLeases{1, 2, 3, 4, 5});
  for (std::size_t size = 0; size + 1 < good.size(); ++size) {
    INFO(size);
    CHECK_FALSE(parse_refused(good.substr(0, size)));
  }
  for (const char* wrong : {"barred -1", "barred 99999999999999999999", "barred 1 2", "fired 1",
                            "barred 0x1", "barred", ""}) {
    std::string text = good;
    text.replace(text.find("barred 1"), 8, wrong);
    INFO(wrong);
    CHECK_FALSE(parse_refused(text));
  }
  std::ofstream(file) << "nonsense\n";
  CHECK_FALSE(read_refused(run));
  REQUIRE(count_refused(run, {answered(LeaseResult::kFull)}));
  CHECK(*read_refused(run) == RefusedLeases{0, 0, 1, 0, 0});
  std::filesystem::remove(file);
  std::filesystem::create_directory(file);
  CHECK_FALSE(read_refused(run));
  REQUIRE(count_refused(run, {answered(LeaseResult::kFull)}));
  CHECK(*read_refused(run) == RefusedLeases{0, 0, 1, 0, 0});
}
