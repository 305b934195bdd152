// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// What the kernel answers when it is asked about a source.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "loader/ledger/usage_log.hpp"
#include "loader/policy/policy.hpp"
#include "loader/report/view.hpp"

namespace apiguard::report {

struct Check {
  Address source;
  // the list's verdict, whatever the mode
  bool pass = false;
  // as counted: "listed", "unlisted", ...
  std::string reason;
  // that decided; none: no range did, or its text is not known
  std::optional<Range> range;
  Mode mode = Mode::kEnforce;
  // of the range; none: it admits nobody, or not known
  std::optional<ledger::Usage> usage = std::nullopt;
};

// A table, one line a source; what is left at `now` stands beside the end of the range;
// behind it its connections and the last of them.
[[nodiscard]] std::string check_text(const std::vector<Check>& checks, Timestamp now,
                                     const View& view = {});

// One: {schema, source, verdict, reason, range, name, until, mode, connections, first_seen,
// last_seen}, and `lapsing`, which is true, where a lapsing line decided; several: {schema,
// checks[]} of these.
[[nodiscard]] std::string check_json(const std::vector<Check>& checks);

}  // namespace apiguard::report
