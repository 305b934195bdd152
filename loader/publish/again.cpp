// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/publish/again.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "loader/host/clock.hpp"
#include "loader/host/floor.hpp"
#include "loader/host/marks.hpp"

namespace apiguard::publish {
namespace {

constexpr const char* kVerb = "run (the clock was set)";

bool has_ends(const Policy& policy) {
  return std::any_of(policy.ranges.begin(), policy.ranges.end(),
                     [](const Range& range) { return range.until.has_value(); });
}

Request request_again(const Places& places, const World& world, const Policy& policy) {
  Request request;
  request.verb = kVerb;
  request.sources = world.in_force->stored->sources;
  request.policy = policy;
  request.boot = true;
  request.anew = true;
  request.left_alone = read_detached(places.run_dir);
  return request;
}

bool is_far(const Now& a, const Now& b) {
  constexpr Timestamp kDay = Timestamp{86'400} * 1'000'000'000;
  const Timestamp first = clock_offset(a);
  const Timestamp second = clock_offset(b);
  return std::max(first, second) - kDay > std::min(first, second);
}

// Of one text only the first and the last number are kept: a clock that is set again and again does
// not push out of the history what there is to go back to. But for the last one before the clock
// went far off: should that have been wrong, the time goes on from there, and what had ended by
// then stays ended.
void forget_the_last_time(const Places& places, const World& world, Published& published) {
  const auto& meta = world.in_force->stored->meta;
  if (meta.verb != kVerb || (meta.stamp && is_far(meta.stamp->now, read_clocks()))) return;
  if (auto removed = StateDir(places.state_dir).remove(meta.generation); !removed)
    published.warnings.push_back(removed.error().message);
}

}  // namespace

Result<std::optional<Published>> publish_again(const Places& places, const World& world) {
  if (world.window && world.window->open())
    return fail(Exit::kFailed,
                fmt::format("generation {}: waits for its confirmation", world.window->generation));
  const Policy* policy = world.in_force ? world.in_force->policy() : nullptr;
  if (policy == nullptr || !has_ends(*policy)) return std::optional<Published>();
  const Request request = request_again(places, world, *policy);
  const auto plan = make_plan(places, world, request);
  if (!plan) return fail(plan.error());
  auto published = carry_out(places, world, request, *plan);
  if (!published) return fail(published.error());
  published->warnings.insert(published->warnings.begin(), plan->ledger.begin(), plan->ledger.end());
  forget_the_last_time(places, world, *published);
  return std::optional(std::move(*published));
}

}  // namespace apiguard::publish
