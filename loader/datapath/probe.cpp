// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/datapath/probe.hpp"

#include "loader/compile/compile.hpp"
#include "loader/datapath/generation.hpp"

namespace apiguard::datapath {
// Audit has the code of everything that can be in use; it is never attached.
Result<Image> probe_image() {
  Policy policy;
  policy.mode = Mode::kAudit;
  policy.endpoints.emplace_back().port = 6443;
  return compile(policy, 1, {});
}

Probed probe() {
  Probed probed;
  const auto image = probe_image();
  const auto plain = image ? Generation::load(*image, {}) : Result<Generation>(fail(image.error()));
  if (!plain) {
    probed.error = plain.error().message;
    return probed;
  }
  probed.frags = plain->frags();
  const Fallback nothing;
  LoadOptions options;
  options.kind = probed.frags ? ProgramKind::kFrags : ProgramKind::kPlain;
  options.fallback = &nothing;
  const auto unconfirmed = Generation::load(*image, options);
  if (!unconfirmed) probed.unconfirmed = unconfirmed.error().message;
  return probed;
}

}  // namespace apiguard::datapath
