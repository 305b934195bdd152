// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Tickets and answers of changes that wait for each other. What a ticket asks for is done to a
// list, which then parses.
#include <algorithm>
#include <string>

#include "loader/policy/text.hpp"
#include "loader/publish/queued.hpp"
#include "loader/publish/ticket.hpp"
#include "tests/fuzz/fuzz.hpp"

namespace apiguard::fuzz {
namespace {

using namespace apiguard::publish;

constexpr Timestamp kWall{1'796'126'400s};

Taken now() {
  Taken taken;
  taken.now = {kWall, BootTime(500s)};
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

struct IsSame {
  const QueuedChange::What& other;

  bool operator()(const PutChange& a) const {
    const auto* b = std::get_if<PutChange>(&other);
    return b != nullptr && a.kind == b->kind && a.prefixes == b->prefixes && a.name == b->name &&
           a.lasts == b->lasts && a.until == b->until && a.remark == b->remark;
  }
  bool operator()(const RevokeChange& a) const {
    const auto* b = std::get_if<RevokeChange>(&other);
    const auto same = [](const Selector& x, const Selector& y) {
      return x.prefix == y.prefix && x.name == y.name;
    };
    return b != nullptr && a.if_listed == b->if_listed &&
           std::equal(a.selectors.begin(), a.selectors.end(), b->selectors.begin(),
                      b->selectors.end(), same);
  }
  bool operator()(const LeaseChange& a) const {
    const auto* b = std::get_if<LeaseChange>(&other);
    return b != nullptr && a.order.prefixes == b->order.prefixes && a.order.name == b->order.name &&
           a.order.lasts == b->order.lasts && a.order.within == b->order.within &&
           a.order.from_ssh == b->order.from_ssh && a.order.members == b->order.members &&
           a.order.by == b->order.by;
  }
};

bool is_same(const QueuedChange& a, const QueuedChange& b) {
  return a.by == b.by && a.login_uid == b.login_uid && a.client == b.client && a.verb == b.verb &&
         a.json == b.json && a.colour == b.colour && a.accepted == b.accepted &&
         a.warnings == b.warnings && std::visit(IsSame{b.what}, a.what);
}

void reads_ticket(const std::string& text) {
  if (const auto change = reads_back(text, "", parse_ticket, show_ticket, is_same))
    changes_a_list(*change);
}

bool is_same_answer(const Answer& a, const Answer& b) {
  return a.exit == b.exit && a.error == b.error && a.out == b.out && a.notes == b.notes &&
         a.warnings == b.warnings;
}

void reads_answer(const std::string& text) {
  static_cast<void>(reads_back(text, "ticket: ", parse_answer, show_answer, is_same_answer));
}

}  // namespace

void run(std::string_view input) {
  const std::string text(input);
  reads_ticket(text);
  reads_answer(text);
}

}  // namespace apiguard::fuzz
