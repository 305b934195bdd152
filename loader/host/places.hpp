// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Where everything of one instance lies. Options win over the environment, which wins over the
// defaults.
#pragma once

#include <string>

namespace apiguard {

struct Places {
  // list files lie beside it
  std::string config = "/etc/apiguard/apiguard.toml";
  std::string state_dir = "/var/lib/apiguard";
  std::string run_dir = "/run/apiguard";
  std::string pin_dir = "/sys/fs/bpf/apiguard";
};

// A slash at the end of a folder would make another instance of it.
inline void strip_slashes(Places& places) {
  for (std::string* folder : {&places.state_dir, &places.run_dir, &places.pin_dir}) {
    while (folder->size() > 1 && folder->back() == '/') folder->pop_back();
  }
}

}  // namespace apiguard
