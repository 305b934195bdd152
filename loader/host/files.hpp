// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The operator's files on disk: read with care, replaced as a whole.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "loader/base/os_error.hpp"
#include "loader/base/result.hpp"
#include "loader/policy/text.hpp"

namespace apiguard {

// Of any file that is read, bytes.
inline constexpr std::size_t kMostText = std::size_t{256} << 20;

// Reads the toml, the CLI's file and the drop-ins, each once. Exit::kBadFile for: a missing toml
// (with the words how to make one), a file or its folder that is not root's or the caller's or that
// others can write (fstat after open; of a symlink both the folder of the link and that of its
// target count), a file over 256 MiB, something that is no regular file. A missing
// authorized-ranges is an empty file. Exit::kFailed where the machine does not let us look (EACCES,
// EIO, ...), and for a file that goes on changing while it is read. A drop-in that was written just
// now is read once its writer has been quiet for a moment. Files among the drop-ins that nobody
// reads are Sources::warnings.
[[nodiscard]] Result<Sources> read_sources(const std::string& config_path);

// The CLI's file alone, same rules: what the verbs that add need of the files.
[[nodiscard]] Result<SourceFile> read_list(const std::string& config_path);

// One file, same rules; for `validate FILE` without the ownership rule.
[[nodiscard]] Result<SourceFile> read_source(const std::string& path, bool check_owner);

// A replacement that is already on disk beside the file, complete and synced, so that what is left
// is one rename: a full disk shows before the kernel is touched. Mode and owner are those of the
// old file, else `mode` and the caller's. A symlink is followed: its target is replaced. Destroying
// it without commit() removes the temporary. Whether the file can be replaced at all is found out
// first (replaceable.hpp). A verb that was overtaken (loader/base/fence.hpp) prepares and commits
// nothing: ECANCELED.
class Replacement {
 public:
  [[nodiscard]] static Result<Replacement> prepare(const std::string& path, const std::string& text,
                                                   unsigned mode = 0644);
  // The same for a file that is to go: nothing is written, commit() removes the name.
  [[nodiscard]] static Result<Replacement> removal(const std::string& path);
  // Rename, fsync of the folder. If only the latter fails the new text is in place, which the error
  // says.
  [[nodiscard]] Result<> commit();

  Replacement(Replacement&& other) noexcept;
  Replacement& operator=(Replacement&& other) noexcept;
  ~Replacement();

 private:
  Replacement(std::string path, std::string temporary);
  [[nodiscard]] Result<> remove();
  [[nodiscard]] Result<> sync() const;
  std::string path_;
  // empty: nothing to rename
  std::string temporary_;
  bool removes_ = false;
};

// prepare() and commit() in one.
[[nodiscard]] Result<> replace_file(const std::string& path, const std::string& text,
                                    unsigned mode = 0644);

// One file; absent already: done. As commit() for a verb that was overtaken.
[[nodiscard]] Result<> remove_file(const std::string& path);

// Removes what replacements and removals that died, or were overtaken, have left in a folder
// (".NAME.apiguard-new-TOKEN"), where the name begins with `front`. With the lock held, and nothing
// of its own prepared.
void remove_leftovers(const std::string& folder, std::string_view front = ".");
// The same in the folders of the operator's files.
void remove_stale_replacements(const std::string& config_path);

// mkdir -p with fsynced parents: `mode` for the last folder, whatever the umask, 0755 for those
// above. A folder that exists stays as it is.
[[nodiscard]] Result<> make_directory(const std::string& path, unsigned mode);

// Replaces a file that others read at any time, as a whole: mode 0644, in the place of whatever had
// the name (a link is replaced, not followed). Not synced: it is written again soon, and nobody
// needs it after a power cut.
[[nodiscard]] Result<> replace_snapshot(const std::string& path, std::string_view text);

// Plain helpers of the state directory; errors are Exit::kFailed.
// a regular file up to 256 MiB
[[nodiscard]] Result<std::string> read_text(const std::string& path);
// Create (0600, in place of whatever had the name), write, fsync. A failure leaves no file.
[[nodiscard]] Result<> write_synced(const std::string& path, const std::string& text);
[[nodiscard]] Result<> sync_directory(const std::string& path);
// Names in a folder without "." and "..", sorted bytewise.
[[nodiscard]] Result<std::vector<std::string>> list_directory(const std::string& path);
// What of a drop-in folder is read: "*.list" that does not start with a dot and is no path.
[[nodiscard]] bool is_drop_in(std::string_view name);

}  // namespace apiguard
