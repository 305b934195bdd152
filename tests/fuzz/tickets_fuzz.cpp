// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Tickets and answers of changes that wait for each other. What a ticket asks for is done to a
// list, which then parses.
#include <string>

#include "loader/policy/text.hpp"
#include "loader/publish/queued.hpp"
#include "tests/fuzz/fuzz.hpp"

namespace apiguard::fuzz {
namespace {

using namespace apiguard::publish;

constexpr Timestamp kWall = 1'796'126'400'000'000'000;

Taken now() {
  Taken taken;
  taken.now = {kWall, 500'000'000'000};
  taken.clock = kWall;
  return taken;
}

void changes_a_list(const QueuedChange& change) {
  Sources sources;
  sources.config = {"apiguard.toml", "apiguard.toml",
                    "interfaces = [\"eth0\"]\ncluster = [\"10.20.0.0/16\"]\n", true};
  sources.ranges = {"authorized-ranges", "authorized-ranges",
                    "203.0.113.0/24 name=office # here\n"
                    "except 203.0.113.128/25 until=2026-12-24T00:00:00Z\n"
                    "2001:db8::/32 name=office why=A-1 review=2026-01-01\n",
                    true};
  const Elsewhere elsewhere(sources);
  const auto edited = edit_list(change, sources.ranges, elsewhere, kWall, now());
  if (!edited) {
    must(!edited.error().message.empty(), "a refusal says why");
    return;
  }
  SourceFile after = sources.ranges;
  after.text = edited->edited.text;
  must(parse_ranges(after).has_value(), "a list that a ticket changes parses", after.text);
}

void reads_ticket(const std::string& text) {
  const auto change = parse_ticket(text);
  if (!change) {
    must(!change.error().message.empty(), "a refusal says why");
    return;
  }
  const std::string shown = show_ticket(*change);
  const auto again = parse_ticket(shown);
  must(again.has_value(), "what is shown parses", shown);
  same(shown, show_ticket(*again), "a ticket reads back as it was written");
  must(is_addition(*again) == is_addition(*change), "it is the same kind of change");
  changes_a_list(*change);
}

void reads_answer(const std::string& text) {
  const auto answer = parse_answer(text);
  if (!answer) return;
  const std::string shown = show_answer(*answer);
  const auto again = parse_answer(shown);
  must(again.has_value(), "what is shown parses", shown);
  must(again->exit == answer->exit && again->error == answer->error && again->out == answer->out &&
           again->notes == answer->notes && again->warnings == answer->warnings,
       "an answer reads back as it was written", shown);
}

}  // namespace

void run(std::string_view input) {
  const std::string text(input);
  reads_ticket(text);
  reads_answer(text);
}

}  // namespace apiguard::fuzz
