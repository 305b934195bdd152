// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Asks the program that judges packets, so that the answer is the kernel's and not ours.
#include "loader/report/check.hpp"

#include <algorithm>
#include <cerrno>

#include <fmt/format.h>

#include "loader/cli/reading.hpp"
#include "loader/cli/verbs.hpp"
#include "loader/compile/answer.hpp"
#include "loader/compile/compile.hpp"
#include "loader/datapath/generation.hpp"
#include "loader/publish/lasting.hpp"
#include "loader/report/names.hpp"

namespace apiguard::cli {
namespace {

// How often the generation in force may be replaced under our hands.
constexpr int kLooks = 10;

// Something to ask, and what names the ranges of its answers.
struct Judge {
  publish::World world;
  Fd pinned;
  std::optional<datapath::Generation> transient;
  std::vector<Endpoint> endpoints;
  // of the policy in force
  RangeRefs ranges;
  Mode mode = Mode::kEnforce;
  Now now;

  [[nodiscard]] int fd() const { return transient ? transient->check_fd() : pinned.get(); }
};

// Mode off loads no ranges: the list is asked through a generation that is never attached.
Result<datapath::Generation> load_list(const publish::InForce& in_force, const Policy* in_text,
                                       const Now& now) {
  if (in_text == nullptr) return fail(text_unknown(in_force));
  Policy policy = *in_text;
  policy.mode = Mode::kEnforce;
  const auto image = compile(policy, in_force.generation, now);
  if (!image) return fail(image.error());
  return datapath::Generation::load(*image, {.kind = datapath::ProgramKind::kPlain});
}

Result<Judge> make_judge(const Host& host, publish::World world) {
  Judge judge;
  judge.world = std::move(world);
  judge.now = publish::clocks(judge.world);
  const publish::InForce& in_force = *judge.world.in_force;
  judge.endpoints = endpoints_of(in_force);
  judge.mode = mode_of(in_force);
  const Policy* policy = judge.world.judged();
  if (policy != nullptr) judge.ranges = deciding_ranges(policy->ranges);
  if (judge.mode == Mode::kOff) {
    auto loaded = load_list(in_force, policy, judge.now);
    if (!loaded) return fail(loaded.error());
    judge.transient = std::move(*loaded);
    return judge;
  }
  if (policy == nullptr) note(text_unknown(in_force).message);
  auto pinned = host.pins.open_check(in_force.which());
  if (!pinned) return fail(pinned.error());
  judge.pinned = std::move(*pinned);
  return judge;
}

bool was_replaced(const Host& host, std::uint64_t generation) {
  const auto live = host.pins.read();
  return live && live->generation != generation;
}

// Reading verbs hold no lock: a publish may drop the generation between the look at it and the
// opening of its program. Once that is open it answers for its generation, all of it, to the end.
Result<Judge> judge_in_force(const Host& host) {
  for (int look = 0; look < kLooks; ++look) {
    auto world = look_for_reading(host);
    if (!world) return fail(world.error());
    if (!world->in_force) return fail(Exit::kFailed, nothing_in_force(host));
    const std::uint64_t generation = world->in_force->generation;
    auto judge = make_judge(host, std::move(*world));
    const bool gone = !judge && judge.error().os_error == ENOENT;
    if (!gone || !was_replaced(host, generation)) return judge;
  }
  return fail(
      Exit::kFailed,
      fmt::format(
          "check: the generation in force was replaced {} times during the check: try again",
          kLooks));
}

// Some address of the family (RFC 5737, RFC 3849): an endpoint without an address means all of
// them.
Address any_destination(Family family) {
  Address address;
  address.family = family;
  if (family == Family::kIpv4) {
    address.bytes = {192, 0, 2, 1};
  } else {
    address.bytes = {0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
  }
  return address;
}

std::vector<Endpoint> destinations(const Judge& judge, const CheckOptions& options, Family family) {
  if (options.to) return {*options.to};
  std::vector<Endpoint> asked;
  for (Endpoint endpoint : judge.endpoints) {
    if (!endpoint.address) endpoint.address = any_destination(family);
    if (endpoint.address->family == family) asked.push_back(endpoint);
  }
  return asked;
}

report::Check describe(const Judge& judge, const Address& source, const apiguard_answer& answer) {
  report::Check check;
  check.source = source;
  check.pass = answer.outcome == APIGUARD_PASS;
  check.reason = report::reason_name(answer.reason);
  check.mode = judge.mode;
  if (const Range* range = range_of(answer, source, judge.ranges)) check.range = *range;
  return check;
}

// The worst answer over all destinations; with none, what is no endpoint's traffic is.
Result<report::Check> check_source(const Judge& judge, const CheckOptions& options,
                                   const Address& source) {
  apiguard_answer worst{};
  worst.outcome = APIGUARD_PASS;
  worst.reason = APIGUARD_OTHER_TRAFFIC;
  for (const Endpoint& to : destinations(judge, options, source.family)) {
    const auto answer = datapath::ask(judge.fd(), source, *to.address, to.port);
    if (!answer) return fail_in(fmt::format("check '{}'", to_string(source)), answer.error());
    const bool first = worst.reason == APIGUARD_OTHER_TRAFFIC;
    if (first || (answer->outcome != APIGUARD_PASS && worst.outcome == APIGUARD_PASS)) {
      worst = *answer;
    }
  }
  return describe(judge, source, worst);
}

// A range that admits nobody has no connections.
void add_usage(const publish::UsageView& used, report::Check& check) {
  if (!check.range || check.range->kind == Kind::kExcept) return;
  const ledger::RangeUsage* range = ledger::find_usage(used.log, check.range->prefix);
  check.usage = range != nullptr ? range->total() : ledger::Usage{};
}

void say_what_is_next(const std::vector<report::Check>& checks) {
  for (const report::Check& check : checks) {
    if (check.pass || check.reason != "unlisted") continue;
    const std::string source = to_string(check.source);
    tell(fmt::format("no range holds {0}: 'apiguard allow {0} --for 2h' adds it", source));
    tell("'apiguard denied' shows how often it was refused");
    return;
  }
}

}  // namespace

Result<Exit> run(const CommandLine& line, const CheckOptions& options) {
  const auto judge = judge_in_force(line.host);
  if (!judge) return fail(judge.error());
  const auto used = read_usage_or_say(line.host, judge->world);
  std::vector<report::Check> checks;
  for (const Address& source : options.sources) {
    auto check = check_source(*judge, options, source);
    if (!check) return fail(check.error());
    add_usage(used, *check);
    checks.push_back(std::move(*check));
  }
  print(options.json ? report::check_json(checks)
                     : report::check_text(checks, judge->now.wall, view_of(options.wide)));
  if (judge->mode != Mode::kEnforce) {
    note(fmt::format("mode is {}: packets that would be dropped pass", to_string(judge->mode)));
  }
  if (!options.json) say_what_is_next(checks);
  const bool all_pass = std::all_of(checks.begin(), checks.end(),
                                    [](const report::Check& check) { return check.pass; });
  return all_pass ? Exit::kDone : Exit::kNo;
}

}  // namespace apiguard::cli
