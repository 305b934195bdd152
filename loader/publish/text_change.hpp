// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The operator's files of one change: prepared beside the old ones, put in place, read again, put
// back.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "loader/host/files.hpp"
#include "loader/publish/plan.hpp"

namespace apiguard::publish {

// Behind the name of a file that held edits which were never in force: a rollback keeps them there.
inline constexpr std::string_view kAside = ".before-rollback";

class TextChange {
 public:
  // Writes the new text beside the file, after finding out that the file can be replaced at all.
  [[nodiscard]] Result<> prepare(const FileEdit& edit);
  // Puts every file that was prepared in place. The first failure stops it.
  [[nodiscard]] Result<> commit();
  // Reads every file again that was put in place.
  [[nodiscard]] Result<> verify() const;
  // Brings those back that were put in place to what the change found. Returns what could not be.
  [[nodiscard]] std::vector<std::string> put_back();

 private:
  struct Part {
    FileEdit edit;
    Replacement replacement;
    bool in_place = false;
  };
  std::vector<Part> parts_;
};

}  // namespace apiguard::publish
