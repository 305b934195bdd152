// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// What a boot and a rollback start from, so every step is one a power cut may interrupt: write
// aside, sync, rename, sync the folder.
#include "loader/host/state.hpp"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <filesystem>
#include <system_error>
#include <utility>

#include "loader/base/fence.hpp"
#include "loader/base/number.hpp"
#include "loader/base/paths.hpp"
#include "loader/base/sha256.hpp"
#include "loader/host/files.hpp"
#include "loader/host/record.hpp"
#include "loader/host/stored.hpp"

namespace apiguard {
namespace {

constexpr std::size_t kKept = 10;

// Canonical decimal only, so that a name and a number are one to one.
std::optional<std::uint64_t> parse_number(std::string_view text) {
  if (text.starts_with('0')) return std::nullopt;
  return parse_whole<std::uint64_t>(text);
}

Result<> remove_tree(const std::string& path) {
  std::error_code error;
  std::filesystem::remove_all(path, error);
  if (error) return fail_os("directory", path, "remove", error.value());
  return {};
}

// Right before it the fence is asked; what a verb that overtakes has removed is not there to
// rename. A generation that has the name already, with anything in it, refuses.
Result<> rename_fenced(const std::string& from, const std::string& to) {
  if (Result<> ours = fence::check(); !ours) return ours;
  if (std::rename(from.c_str(), to.c_str()) == 0) return {};
  const int os_error = errno;
  return fence::explain(fail_os("directory", from, fmt::format("rename to '{}'", to), os_error));
}

// Not synced: nobody misses it. What has the name is of a process that died with the same token.
Result<> make_own_folder(const std::string& path) {
  if (Result<> removed = remove_tree(path); !removed) return removed;
  if (mkdir(path.c_str(), 0700) == 0) return {};
  const int os_error = errno;
  return fail_os("directory", path, "create", os_error);
}

// Folders of this verb, which the one that overtakes it removes: what is prepared, and what is on
// its way out.
std::string new_folder(const std::string& parent) {
  return fmt::format("{}/.new-{}", parent, fence::token());
}
std::string old_folder(const std::string& parent) {
  return fmt::format("{}/.old-{}", parent, fence::token());
}

// ---- one generation on disk

// "authorized-ranges.d/x.list" and nothing that could lead out of the folder.
Result<> check_drop_in(const SourceFile& file) {
  const auto name = drop_in_file(file.name);
  if (name && is_drop_in(*name)) return {};
  return fail(Exit::kFailed, fmt::format("file '{}': keep: not a drop-in name", file.name));
}

Result<> write_drop_ins(const std::string& folder, const std::vector<SourceFile>& files) {
  if (files.empty()) return {};
  const std::string path = fmt::format("{}/{}", folder, kDropInFolder);
  if (Result<> made = make_directory(path, 0700); !made) return made;
  for (const SourceFile& file : files) {
    if (Result<> safe = check_drop_in(file); !safe) return safe;
    if (Result<> written = write_synced(folder + "/" + file.name, file.text); !written)
      return written;
  }
  return sync_directory(path);
}

Result<> write_files(const std::string& folder, const Sources& sources) {
  if (Result<> made = make_directory(folder, 0700); !made) return made;
  const std::string config = fmt::format("{}/{}", folder, kConfigName);
  if (Result<> written = write_synced(config, sources.config.text); !written) return written;
  if (is_kept(sources.ranges)) {
    const std::string ranges = fmt::format("{}/{}", folder, kRangesName);
    if (Result<> written = write_synced(ranges, sources.ranges.text); !written) return written;
  }
  if (Result<> written = write_drop_ins(folder, sources.drop_ins); !written) return written;
  return sync_directory(folder);
}

std::string text_path(const std::string& folder, const std::string& name) {
  return fmt::format("{}/files/{}", folder, name);
}

// A second name of a text that is kept already: a long list is not written twice. Where that fails,
// by a limit of the file system or because the text is gone, it is written.
bool link_text(const std::string& state, std::uint64_t generation, const std::string& name,
               const std::string& to) {
  if (generation == 0) return false;
  const std::string from = text_path(fmt::format("{}/{}", generations_of(state), generation), name);
  return link(from.c_str(), to.c_str()) == 0;
}

Result<> write_before(const std::string& state, const std::string& folder,
                      const std::vector<FileBytes>& bytes) {
  if (Result<> made = make_directory(folder, 0700); !made) return made;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (!bytes[i].before) continue;
    const std::string path = fmt::format("{}/{}", folder, i);
    if (link_text(state, bytes[i].before_is_of, bytes[i].name, path)) continue;
    if (Result<> written = write_synced(path, *bytes[i].before); !written) return written;
  }
  return sync_directory(folder);
}

const SourceFile* source_named(const Sources& sources, const std::string& name) {
  if (name == kConfigName) return &sources.config;
  if (name == kRangesName) return &sources.ranges;
  for (const SourceFile& file : sources.drop_ins) {
    if (file.name == name) return &file;
  }
  return nullptr;
}

bool is_in_text(const Sources& sources, const FileBytes& file) {
  const SourceFile* source = source_named(sources, file.name);
  return source != nullptr && source->text == *file.after;
}

Result<> write_after(const std::string& folder, const std::vector<FileBytes>& bytes,
                     const Sources& sources) {
  if (Result<> made = make_directory(folder, 0700); !made) return made;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (!bytes[i].after || is_in_text(sources, bytes[i])) continue;
    if (Result<> written = write_synced(fmt::format("{}/{}", folder, i), *bytes[i].after); !written)
      return written;
  }
  return sync_directory(folder);
}

Result<> write_bytes(const std::string& state, const std::string& folder,
                     const std::vector<FileBytes>& bytes, const Sources& sources) {
  if (bytes.empty()) return {};
  if (Result<> written = write_before(state, folder + "/before", bytes); !written) return written;
  return write_after(folder + "/after", bytes, sources);
}

Result<> write_tree(const std::string& state, const std::string& folder, const Record& record,
                    const Sources& sources, const std::vector<FileBytes>& bytes) {
  if (Result<> removed = remove_tree(folder); !removed) return removed;  // of a write that died
  if (Result<> made = make_directory(folder, 0700); !made) return made;
  if (Result<> written = write_files(folder + "/files", sources); !written) return written;
  if (Result<> written = write_bytes(state, folder, bytes, sources); !written) return written;
  const TextRecord text{record.meta.generation, record.meta.mode, !record.meta.confirmed,
                        record.text};
  if (Result<> written = write_synced(folder + "/text.json", show_text_record(text)); !written)
    return written;
  if (Result<> written = write_synced(folder + "/meta.json", show_record(record)); !written)
    return written;
  return sync_directory(folder);
}

// Of these paths the first that holds what the digest says.
Result<std::optional<std::string>> read_bytes(std::uint64_t generation, const std::string& digest,
                                              const std::vector<std::string>& paths) {
  if (digest.empty()) return std::optional<std::string>();
  Error why = fail_damaged(generation, "bytes of a file are missing").value();
  for (const std::string& path : paths) {
    auto text = read_text(path);
    if (text && sha256_hex(*text) == digest) return std::optional(std::move(*text));
    if (text) why = fail_damaged(generation, "digest differs").value();
    if (!text && text.error().os_error != ENOENT)
      why = fail_in(name_of(generation), text.error()).value();
  }
  return fail(why);
}

// What the generation in force falls back to while it waits for its confirmation.
std::optional<std::uint64_t> fallback_of(const StateDir& state,
                                         std::optional<std::uint64_t> in_force) {
  if (!in_force) return std::nullopt;
  const auto meta = state.read_meta(*in_force);
  if (!meta || meta->confirmed) return std::nullopt;
  return meta->fallback;
}

std::string mark_of(const std::string& state) { return state + "/in-force"; }

bool is_there(const std::string& path) {
  struct stat info {};
  return lstat(path.c_str(), &info) == 0;
}

// A name beside `path` that is free.
std::string aside_of(const std::string& path) {
  std::string name = path + ".damaged";
  for (int i = 2; is_there(name); ++i) name = fmt::format("{}.damaged-{}", path, i);
  return name;
}

// A mark is a plain file. What else has its name (a folder, a link that leads nowhere) would keep
// it from being replaced: it is moved aside, not removed.
Result<> free_mark(const std::string& state) {
  const std::string path = mark_of(state);
  struct stat info {};
  if (lstat(path.c_str(), &info) != 0 || S_ISREG(info.st_mode)) return {};
  const std::string aside = aside_of(path);
  if (std::rename(path.c_str(), aside.c_str()) != 0) {
    const int os_error = errno;
    return fail_os("file", path, fmt::format("move to '{}'", aside), os_error);
  }
  return sync_directory(state);
}

bool is_leftover(std::string_view name) {
  return name.substr(0, 5) == ".new-" || name.substr(0, 5) == ".old-";
}

}  // namespace

StateDir::StateDir(std::string path) : path_(std::move(path)) {}

Result<std::vector<std::uint64_t>> StateDir::generations() const {
  std::vector<std::uint64_t> numbers;
  const Result<std::vector<std::string>> names = list_directory(generations_of(path_));
  if (!names && names.error().os_error == ENOENT) return numbers;
  if (!names) return fail(names.error());
  for (const std::string& name : *names) {
    if (const std::optional<std::uint64_t> number = parse_number(name)) numbers.push_back(*number);
  }
  std::sort(numbers.begin(), numbers.end());
  return numbers;
}

Result<GenerationMeta> StateDir::read_meta(std::uint64_t generation) const {
  Result<Record> record = read_record(path_, generation);
  if (!record) return fail(record.error());
  return std::move(record->meta);
}

Result<StoredGeneration> StateDir::read(std::uint64_t generation) const {
  Result<Record> record = read_record(path_, generation);
  if (!record) return fail(record.error());
  Result<Sources> sources = read_stored_text(path_, generation);
  if (!sources) return fail_in(name_of(generation), sources.error());
  if (whole_digest(*sources) != record->text.whole)
    return fail_damaged(generation, "digest differs");
  if (Result<> kept = check_text_record(path_, *record); !kept) return fail(kept.error());
  return StoredGeneration{std::move(record->meta), *std::move(sources)};
}

Result<std::optional<std::uint64_t>> StateDir::in_force() const {
  const std::string path = mark_of(path_);
  const Result<std::string> text = read_text(path);
  if (!text && text.error().os_error == ENOENT && !is_there(path)) return std::nullopt;
  if (!text) return fail(text.error());
  std::optional<std::uint64_t> number;
  if (!text->empty() && text->back() == '\n') {
    number = parse_number(std::string_view(*text).substr(0, text->size() - 1));
  }
  if (number) return number;
  return fail(Exit::kFailed, fmt::format("file '{}': read: it holds no generation number: the "
                                         "state directory was damaged",
                                         path));
}

Result<> StateDir::rewrite(const GenerationMeta& meta) const {
  Result<Record> record = read_record(path_, meta.generation);
  if (!record) return fail(record.error());
  record->meta = meta;
  if (meta.confirmed) {
    // It says so for itself: the record may be lost one day, and the text not.
    auto text = read_text_record(path_, meta.generation);
    if (text && std::exchange(text->waits, false)) {
      auto written =
          replace_file(fmt::format("{}/{}/text.json", generations_of(path_), meta.generation),
                       show_text_record(*text));
      if (!written) return written;
    }
  }
  return replace_file(fmt::format("{}/{}/meta.json", generations_of(path_), meta.generation),
                      show_record(*record));
}

Result<std::optional<std::string>> StateDir::read_before(const GenerationMeta& meta,
                                                         std::size_t edit) const {
  const std::string folder = fmt::format("{}/{}", generations_of(path_), meta.generation);
  const GenerationMeta::Edit& one = meta.edits.at(edit);
  // By name: older versions.
  return read_bytes(
      meta.generation, one.before,
      {fmt::format("{}/before/{}", folder, edit), fmt::format("{}/before/{}", folder, one.name)});
}

Result<std::optional<std::string>> StateDir::read_after(const GenerationMeta& meta,
                                                        std::size_t edit) const {
  const std::string folder = fmt::format("{}/{}", generations_of(path_), meta.generation);
  const GenerationMeta::Edit& one = meta.edits.at(edit);
  const std::string text = text_path(folder, one.name);
  if (one.after)
    return read_bytes(meta.generation, *one.after,
                      {fmt::format("{}/after/{}", folder, edit), text});
  auto read = read_text(text);
  if (!read) return fail_in(name_of(meta.generation), read.error());
  return std::optional(std::move(*read));
}

Result<> StateDir::enter(std::uint64_t generation) const {
  Result<GenerationMeta> meta = read_meta(generation);
  if (!meta) return fail(meta.error());
  if (meta->entered == std::optional(true)) return {};
  meta->entered = true;
  return rewrite(*meta);
}

Result<> StateDir::write(const GenerationMeta& meta, const Sources& sources,
                         const std::vector<FileBytes>& bytes) const {
  if (meta.generation == 0) return fail(Exit::kFailed, "generation '0': write: numbers start at 1");
  const Record record{meta, digests_of(sources)};
  const std::string parent = generations_of(path_);
  const std::string name = std::to_string(meta.generation);
  if (const auto old = read(meta.generation); old && old->sources == sources) {
    return replace_file(fmt::format("{}/{}/meta.json", parent, name), show_record(record));
  }
  for (const std::string& folder : {path_, parent}) {
    if (Result<> made = make_directory(folder, 0700); !made) return made;
  }
  const std::string folder = new_folder(parent);
  Result<> written = make_own_folder(folder);
  if (written) written = write_tree(path_, folder + "/" + name, record, sources, bytes);
  if (written) written = put(folder, name);
  if (written) written = sync_directory(parent);
  static_cast<void>(remove_tree(folder));  // prune tries again
  return written ? written : fail_in(name_of(meta.generation), written.error());
}

// One of the number that is there already (not of these sources) is kept until this is in place.
Result<> StateDir::put(const std::string& folder, const std::string& name) const {
  const std::string parent = generations_of(path_);
  const std::string place = parent + "/" + name;
  Result<> done = rename_fenced(folder + "/" + name, place);
  if (done || !fence::check() || !is_directory(place)) return done;
  const std::string old = old_folder(parent);
  if (Result<> made = make_own_folder(old); !made) return made;
  if (done = rename_fenced(place, old + "/" + name); done) {
    done = rename_fenced(folder + "/" + name, place);
    if (!done) static_cast<void>(rename_fenced(old + "/" + name, place));
  }
  static_cast<void>(remove_tree(old));
  return done;
}

Result<Replacement> StateDir::prepare_mark(std::uint64_t generation) const {
  if (Result<> free = free_mark(path_); !free) return fail(free.error());
  return Replacement::prepare(mark_of(path_), fmt::format("{}\n", generation));
}

Result<> StateDir::mark_in_force(std::uint64_t generation) const {
  if (generation == 0) return remove_file(path_ + "/in-force");
  Result<Replacement> mark = prepare_mark(generation);
  return mark ? mark->commit() : Result<>(fail(mark.error()));
}

Result<> StateDir::remove(std::uint64_t generation) const {
  const std::string parent = generations_of(path_);
  const std::string name = std::to_string(generation);
  if (!is_directory(parent + "/" + name)) return {};
  const std::string old = old_folder(parent);
  // A full disk may have no room for a folder more; what goes makes room.
  const std::string moved = make_own_folder(old) ? old + "/" + name : old + "-" + name;
  Result<> removed = rename_fenced(parent + "/" + name, moved);
  if (removed) removed = sync_directory(parent);
  Result<> cleared = remove_tree(moved);
  if (cleared) cleared = remove_tree(old);
  if (!removed && removed.error().os_error == ENOENT) return {};
  if (removed) removed = cleared;
  return removed ? removed : fail_in(name_of(generation), removed.error());
}

void StateDir::remove_leftovers() const {
  apiguard::remove_leftovers(path_);
  const std::string parent = generations_of(path_);
  for (const std::string& name : list_directory(parent).value_or(std::vector<std::string>())) {
    const std::string folder = fmt::format("{}/{}", parent, name);
    if (is_leftover(name)) {
      static_cast<void>(remove_tree(folder));  // prune tries again
    } else {
      apiguard::remove_leftovers(folder);
    }
  }
}

Result<> StateDir::prune(std::optional<std::uint64_t> live) const {
  const std::string parent = generations_of(path_);
  const Result<std::vector<std::string>> names = list_directory(parent);
  if (!names && names.error().os_error == ENOENT) return {};
  if (!names) return fail(names.error());
  for (const std::string& name : *names) {
    if (!is_leftover(name)) continue;
    if (Result<> ours = fence::check(); !ours) return ours;
    if (Result<> removed = remove_tree(fmt::format("{}/{}", parent, name)); !removed)
      return removed;
  }

  const Result<std::optional<std::uint64_t>> kept = in_force();
  if (!kept) return fail(kept.error());
  if (!*kept) return {};  // nothing is marked, or the mark is lost
  const std::optional<std::uint64_t> fallback = fallback_of(*this, *kept);
  const Result<std::vector<std::uint64_t>> numbers = generations();
  if (!numbers) return fail(numbers.error());
  for (std::size_t i = 0; i + kKept < numbers->size(); ++i) {
    const std::uint64_t number = (*numbers)[i];
    if (number == *kept || number == fallback || number == live) continue;
    if (Result<> removed = remove(number); !removed) return removed;
  }
  return {};
}

}  // namespace apiguard
