// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The operator's files, one by one: what stands in each, whether somebody edited it since a change,
// and another text in its place.
#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "loader/base/paths.hpp"
#include "loader/host/files.hpp"
#include "loader/host/record.hpp"
#include "loader/ledger/host.hpp"

namespace apiguard::publish {

// A text, or none: the file does not exist.
using FileText = std::optional<std::string>;

// Path of a file of the policy, by its name in Sources.
[[nodiscard]] inline std::string path_of(const Host& host, const std::string& name) {
  return operator_path(host.config, name);
}

[[nodiscard]] Result<FileText> read_if_there(const std::string& path);

// Writes the text beside the file, or prepares its removal; finds out that it can be replaced.
[[nodiscard]] Result<Replacement> prepare_file(const std::string& path, const FileText& text);
// Exit::kFailed: the file does not hold this.
[[nodiscard]] Result<> check_file(const std::string& path, const FileText& wanted);
// Brings a file to a text, and reads it again.
[[nodiscard]] Result<> bring_file(const std::string& path, const FileText& text);

// A file that a change wrote, by its record, as it stands now. What it held before is known by a
// digest, what the change wrote by its bytes: the text of the generation need not hold what else
// stood in the file.
class EditedFile {
 public:
  // Of the edit of that number. Fails where what the change wrote is lost: the message says that
  // the file stays as it is.
  [[nodiscard]] static Result<EditedFile> look(const Host& host, const GenerationMeta& meta,
                                               std::size_t index);

  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] const FileText& written() const { return written_; }
  // What stands there, or why it cannot be read.
  [[nodiscard]] const Result<FileText>& now() const { return now_; }
  [[nodiscard]] bool is_as_before() const { return as_before_; }
  [[nodiscard]] bool is_as_written() const { return now_ && *now_ == written_; }

 private:
  std::string path_;
  FileText written_;
  Result<FileText> now_;
  bool as_before_ = false;
};

}  // namespace apiguard::publish
