// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/report/diff.hpp"

#include "loader/report/json.hpp"

namespace apiguard::report {

std::string to_json(const Diff& diff) {
  return dump({{"schema", 1},
               {"differs", diff.differs()},
               {"generation", value_or_null(diff.generation)},
               {"added", ranges_json(diff.difference.added)},
               {"removed", ranges_json(diff.difference.removed)},
               {"settings", diff.difference.settings}});
}

}  // namespace apiguard::report
