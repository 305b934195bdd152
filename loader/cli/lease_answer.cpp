// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/cli/lease_answer.hpp"

#include <utility>

#include "loader/publish/leases.hpp"
#include "loader/publish/ticket.hpp"

namespace apiguard::cli {

publish::Answer lease_answer(report::Leases leases, Mode mode, bool json,
                             std::vector<std::string> notes, const std::string& where) {
  publish::Answer answer;
  answer.exit = publish::exit_of(leases.answers, mode);
  answer.notes = std::move(notes);
  if (mode == Mode::kOff) {
    for (LeaseAnswer& one : leases.answers) one.in_force = false;
  }
  for (std::string& refusal : report::refusals(leases.answers))
    answer.notes.push_back(std::move(refusal));
  answer.out = json ? report::to_json(leases) : report::to_text(leases) + where;
  answer.warnings = std::move(leases.warnings);
  return answer;
}

}  // namespace apiguard::cli
