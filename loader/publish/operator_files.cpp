// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/publish/operator_files.hpp"

#include <cerrno>
#include <utility>

#include <fmt/format.h>

#include "loader/base/capabilities.hpp"
#include "loader/base/sha256.hpp"

namespace apiguard::publish {

Result<FileText> read_if_there(const std::string& path) {
  const capabilities::Raised raised(capabilities::kAnyFile);
  auto text = read_text(path);
  if (text) return FileText(std::move(*text));
  if (text.error().os_error == ENOENT) return FileText();
  return fail(text.error());
}

Result<Replacement> prepare_file(const std::string& path, const FileText& text) {
  if (!text) return Replacement::removal(path);
  const capabilities::Raised raised(capabilities::kAnyFile);
  // The folder of drop-ins may not be there yet.
  if (auto made = make_directory(folder_of(path), 0755); !made) return fail(made.error());
  return Replacement::prepare(path, *text);
}

Result<> check_file(const std::string& path, const FileText& wanted) {
  const auto text = read_if_there(path);
  if (!text) return fail(text.error());
  if (*text == wanted) return {};
  return fail(Exit::kFailed,
              fmt::format("file '{}': read back: it differs from what was written", path));
}

Result<> bring_file(const std::string& path, const FileText& text) {
  auto prepared = prepare_file(path, text);
  if (!prepared) return fail(prepared.error());
  if (auto committed = prepared->commit(); !committed) return committed;
  return check_file(path, text);
}

Result<EditedFile> EditedFile::look(const Host& host, const GenerationMeta& meta,
                                    std::size_t index) {
  const GenerationMeta::Edit& edit = meta.edits[index];
  EditedFile file;
  file.path_ = path_of(host, edit.name);
  auto written = host.state.read_after(meta, index);
  if (!written)
    return fail(Exit::kFailed,
                fmt::format("{}: file '{}' stays as it is", written.error().message, file.path_));
  file.written_ = std::move(*written);
  file.now_ = read_if_there(file.path_);
  if (!file.now_) return file;
  const FileText& now = *file.now_;
  file.as_before_ = (now ? sha256_hex(*now) : std::string()) == edit.before;
  return file;
}

}  // namespace apiguard::publish
