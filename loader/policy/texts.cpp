// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/policy/texts.hpp"

#include <algorithm>

namespace apiguard {

std::vector<std::string> endpoint_texts(const Policy& policy) {
  std::vector<std::string> out;
  for (const Endpoint& endpoint : policy.endpoints) out.push_back(to_string(endpoint));
  return out;
}

std::vector<std::string> as_set(std::vector<std::string> texts) {
  std::sort(texts.begin(), texts.end());
  texts.erase(std::unique(texts.begin(), texts.end()), texts.end());
  return texts;
}

}  // namespace apiguard
