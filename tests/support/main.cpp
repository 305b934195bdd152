// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// main() of every Catch2 binary, for Catch2 2 and 3. Cases with the tag [root] are left out where
// they cannot run: the others run all the same, and exit status 77 ("skipped") is for a binary
// whose others passed.
#include <unistd.h>

#include <algorithm>
#include <string>

#if __has_include(<catch2/catch_session.hpp>)
#include <catch2/catch_session.hpp>
#include <catch2/catch_test_case_info.hpp>
#include <catch2/internal/catch_test_case_registry_impl.hpp>
#else
#define CATCH_CONFIG_RUNNER
#include <catch2/catch.hpp>
#endif

#include "tests/support/left_out.hpp"

namespace {

constexpr int kSkipped = 77;

#if __has_include(<catch2/catch_session.hpp>)
bool is_for_root(const Catch::TestCaseHandle& test) {
  const auto& tags = test.getTestCaseInfo().tags;
  return std::any_of(tags.begin(), tags.end(), [](const Catch::Tag& tag) {
    return static_cast<std::string>(tag.original) == "root";
  });
}
#else
bool is_for_root(const Catch::TestCase& test) {
  return std::count(test.tags.begin(), test.tags.end(), "root") > 0;
}
#endif

bool has_cases_for_root(Catch::Session& session) {
  const auto& tests = Catch::getAllTestCasesSorted(session.config());
  return std::any_of(tests.begin(), tests.end(),
                     [](const auto& test) { return is_for_root(test); });
}

}  // namespace

int main(int argc, char** argv) {
  Catch::Session session;
  if (const int wrong = session.applyCommandLine(argc, argv); wrong != 0) return wrong;
  const bool leaves_out = geteuid() != 0 && has_cases_for_root(session);
  if (leaves_out) {
    Catch::ConfigData without = session.configData();
    without.testsOrTags.emplace_back("~[root]");
    session.useConfigData(without);
  }
  const int failed = session.run();
  if (failed != 0 || !leaves_out) return failed;
  apiguard::test::left_out("not root");
  return kSkipped;
}
