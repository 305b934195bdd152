// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/service/rate.hpp"

namespace apiguard::service {

RateLimit::Answer RateLimit::ask(const std::string& kind, Time now) {
  auto [at, fresh] = kinds_.try_emplace(kind, Kind{now, 0});
  Kind& known = at->second;
  Answer answer;
  if (!fresh && now - known.begun >= interval_) {
    if (known.count > burst_) answer.withheld = known.count - burst_;
    known = {now, 0};
  }
  answer.allowed = ++known.count <= burst_;
  return answer;
}

}  // namespace apiguard::service
