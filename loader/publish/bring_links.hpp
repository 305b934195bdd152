// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#pragma once

#include <string>
#include <vector>

#include "loader/base/result.hpp"
#include "loader/datapath/switch.hpp"

namespace apiguard::publish {

// Brings links that are there to the filters of one generation, and asks the kernel whether they
// run it. Keeps what it could do. Exit::kFailed names every interface that does not run `what`
// ("generation 17"). Needs the lock.
[[nodiscard]] Result<> bring_links(const datapath::Pins& pins, const datapath::Live& live,
                                   const datapath::Filters& filters,
                                   const std::vector<datapath::Target>& targets,
                                   const std::string& what);

}  // namespace apiguard::publish
