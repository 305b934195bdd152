// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The state directory: the last ten generations, each with the text it was made of.
//
//   STATE/generations/17/meta.json       its record
//   STATE/generations/17/text.json       enough to use the text without the record
//   STATE/generations/17/files/apiguard.toml
//   STATE/generations/17/files/authorized-ranges
//   STATE/generations/17/files/authorized-ranges.d/*.list
//   STATE/generations/17/before/0, 1..   the operator's files as the change found them, in the
//                                        order of the edits in meta.json
//   STATE/generations/17/after/0, 1..    and as it writes them, where that is not the text in files
//   STATE/in-force                       "17\n"
//
// A generation is written in a folder of the verb (".new-TOKEN"), synced and renamed: a number that
// exists is complete; removed, it is moved into ".old-TOKEN" first. A verb that overtakes removes
// both, and the one that was overtaken changes nothing more (loader/base/fence.hpp). `in-force`,
// the mark, says what a boot starts from; while something is attached the kernel is the truth. All
// writing functions need the lock.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "loader/base/result.hpp"
#include "loader/host/files.hpp"
#include "loader/host/record.hpp"
#include "loader/policy/text.hpp"

namespace apiguard {

// Bytes of a file as a change found it and as it writes it; none: absent.
struct FileBytes {
  // as in GenerationMeta::Edit
  std::string name;
  std::optional<std::string> before;
  std::optional<std::string> after;
  // The generation whose text of that name is `before`, and need not be written once more; 0: none.
  std::uint64_t before_is_of = 0;
};

struct StoredGeneration {
  GenerationMeta meta;
  // byte for byte; paths are those in the state directory
  Sources sources;
};

class StateDir {
 public:
  explicit StateDir(std::string path);

  // Numbers of complete generations, ascending. A state directory that does not exist has none.
  [[nodiscard]] Result<std::vector<std::uint64_t>> generations() const;
  // checks the digests written with it
  [[nodiscard]] Result<StoredGeneration> read(std::uint64_t generation) const;
  [[nodiscard]] Result<GenerationMeta> read_meta(std::uint64_t generation) const;
  // None: there is no mark. What has its name and is no mark (a link that leads nowhere, too) is an
  // error.
  [[nodiscard]] Result<std::optional<std::uint64_t>> in_force() const;

  // Creates the directory (0700) if absent. Of a number that exists already: with the same sources
  // only the meta is replaced (at once: the old or the new, at any moment), with others the whole
  // generation. `bytes`: one for each of meta.edits, in their order.
  [[nodiscard]] Result<> write(const GenerationMeta& meta, const Sources& sources,
                               const std::vector<FileBytes>& bytes = {}) const;
  // The meta alone, of a generation that is there.
  [[nodiscard]] Result<> rewrite(const GenerationMeta& meta) const;
  // One file as the change found it, and as it writes it, by its place in meta.edits; checked
  // against the digests there. None: absent.
  [[nodiscard]] Result<std::optional<std::string>> read_before(const GenerationMeta& meta,
                                                               std::size_t edit) const;
  [[nodiscard]] Result<std::optional<std::string>> read_after(const GenerationMeta& meta,
                                                              std::size_t edit) const;
  // Its record says from now on that it was in force.
  [[nodiscard]] Result<> enter(std::uint64_t generation) const;
  // A mark that waits for its rename. What has the name and is no file is moved aside before.
  [[nodiscard]] Result<Replacement> prepare_mark(std::uint64_t generation) const;
  // 0: nothing is
  [[nodiscard]] Result<> mark_in_force(std::uint64_t generation) const;
  // absent already: done
  [[nodiscard]] Result<> remove(std::uint64_t generation) const;
  // Keeps the newest ten, what is marked, what runs (`live`) and, while the marked one waits for
  // its confirmation, what that falls back to; removes what writes and removals that died left
  // behind. Without a mark that can be read nothing but that is removed.
  [[nodiscard]] Result<> prune(std::optional<std::uint64_t> live = std::nullopt) const;
  // What writes and removals that died, or were overtaken, left behind: what prune() removes of it,
  // and files that were to be replaced. With nothing of its own prepared.
  void remove_leftovers() const;

 private:
  [[nodiscard]] Result<> put(const std::string& folder, const std::string& name) const;
  std::string path_;
};

}  // namespace apiguard
