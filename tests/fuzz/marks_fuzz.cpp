// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// RUN/detached: however torn it is, what is written of it covers the same interfaces.
#include <string>

#include "loader/host/detached.hpp"
#include "tests/fuzz/fuzz.hpp"

namespace apiguard::fuzz {

void run(std::string_view input) {
  const std::vector<DetachMark> marks = parse_marks(std::string(input));
  const std::string shown = show_marks(marks);
  const std::vector<DetachMark> again = parse_marks(shown);
  must(again.size() == marks.size(), "no mark is lost, and none comes", shown);
  for (std::size_t i = 0; i < marks.size(); ++i) {
    must(!marks[i].name.empty(), "a mark names an interface", shown);
    same(marks[i].name, again[i].name, "the name of a mark");
    same(marks[i].by, again[i].by, "who made a mark");
    must(marks[i].time == again[i].time, "when a mark was made", shown);
    must(marks[i].ifindex == again[i].ifindex, "the number of a mark's interface", shown);
    must(Detached({again[i]}).covers(marks[i].name, 0), "a mark covers its name", shown);
    static_cast<void>(describe(marks[i]));
  }
}

}  // namespace apiguard::fuzz
