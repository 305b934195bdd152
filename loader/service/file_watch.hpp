// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Whether the operator's files are still those that were looked at last, without reading them.
#pragma once

#include <string>

namespace apiguard::service {

class FileWatch {
 public:
  explicit FileWatch(std::string config) : config_(std::move(config)) {}
  // True the first time, and whenever one of them is another, has another size or was written.
  [[nodiscard]] bool changed();

 private:
  std::string config_;
  std::string seen_;
};

// Names, inodes, sizes and times of the configuration and the lists beside it.
[[nodiscard]] std::string describe_files(const std::string& config);

}  // namespace apiguard::service
