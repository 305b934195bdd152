// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/cli/older_warnings.hpp"

#include "tests/support/catch.hpp"

using namespace apiguard::cli;

namespace {

using Texts = std::vector<std::string>;

}  // namespace

TEST_CASE("a warning is older if the same was said of some line before") {
  const Texts before = {"/state/3/authorized-ranges:1:1: 10.0.0.0/7 is wide",
                        "/state/3/authorized-ranges:2:1: twice", "nothing listens there"};
  const auto sorted =
      sort_warnings({"/etc/authorized-ranges:5:1: 10.0.0.0/7 is wide",
                     "/etc/authorized-ranges:7:1: twice", "/etc/authorized-ranges:9:1: twice",
                     "nothing listens there", "/etc/authorized-ranges:8:2: new"},
                    before);
  CHECK(sorted.older == 2);
  CHECK(sorted.fresh == Texts{"/etc/authorized-ranges:9:1: twice", "nothing listens there",
                              "/etc/authorized-ranges:8:2: new"});
  CHECK(count_older(sorted) == "2 older warnings: 'apiguard validate' shows them");
}

TEST_CASE("what is at no line is never older, and a path may hold colons") {
  CHECK(sort_warnings({"a:b:1: x"}, {"a:b:1: x"}).older == 0);
  CHECK(sort_warnings({"endpoint [::1]:6443: x"}, {"endpoint [::1]:6443: x"}).older == 0);
  CHECK(sort_warnings({"/a:1/b:3:4: x"}, {"/c:3:4: x"}).older == 1);
  CHECK(sort_warnings({"/a:1:2:"}, {"/a:1:2:"}).older == 0);
  CHECK(count_older(sort_warnings({"/a:3:4: x"}, {"/c:9:9: x"})) ==
        "1 older warning: 'apiguard validate' shows it");
}

TEST_CASE("nothing before, nothing now") {
  CHECK(sort_warnings({"/a:1:1: x", "y"}, {}).fresh == Texts{"/a:1:1: x", "y"});
  CHECK(sort_warnings(Texts{}, Texts{"/a:1:1: x"}).older == 0);
  CHECK(count_older({}).empty());
}
