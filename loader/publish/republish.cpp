// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/publish/republish.hpp"

#include <algorithm>

#include "loader/host/detached.hpp"
#include "loader/publish/make_plan.hpp"

namespace apiguard::publish {
namespace {

constexpr const char* kVerb = "run (the clock was set)";

bool has_ends(const Policy& policy) {
  return std::any_of(policy.ranges.begin(), policy.ranges.end(),
                     [](const Range& range) { return range.until.has_value(); });
}

Request request_edition(const Host& host, const World& world, const Policy& policy) {
  Request request;
  request.verb = kVerb;
  request.sources = world.in_force->stored->sources;
  request.policy = policy;
  request.kind = Request::Kind::kClocks;
  request.detached = read_detached(host.run_dir);
  return request;
}

}  // namespace

Result<std::optional<Published>> republish(const Host& host, const World& world) {
  const Policy* judged = world.judged();
  if (judged == nullptr || (!has_ends(*judged) && !world.is_outdated()))
    return std::optional<Published>();
  const Request request = request_edition(host, world, *world.in_force->policy());
  const auto plan = make_plan(host, world, request);
  if (!plan) return fail(plan.error());
  // Without targets all that is there was detached by hand.
  if (plan->unchanged || plan->targets.empty()) return std::optional<Published>();
  auto published = carry_out(host, world, request, *plan);
  if (!published) return fail(published.error());
  published->warnings.insert(published->warnings.begin(), plan->ledger.begin(), plan->ledger.end());
  return std::optional(std::move(*published));
}

}  // namespace apiguard::publish
