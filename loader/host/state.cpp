// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// What a boot and a rollback start from, so every step is one a power cut may interrupt: write
// aside, sync, rename, sync the folder.
#include "loader/host/state.hpp"

#include <fmt/format.h>

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <filesystem>
#include <system_error>

#include "loader/host/files.hpp"
#include "loader/host/paths.hpp"
#include "loader/host/record.hpp"
#include "loader/policy/sha256.hpp"

namespace apiguard {
namespace {

constexpr std::size_t kKept = 10;

std::string generations_of(const std::string& state) { return state + "/generations"; }

std::string name_of(std::uint64_t generation) { return fmt::format("generation '{}'", generation); }

// Canonical decimal only, so that a name and a number are one to one.
std::optional<std::uint64_t> parse_number(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  if (number == 0 || text.front() == '0') return std::nullopt;
  return number;
}

Result<> rename_synced(const std::string& folder, const std::string& from, const std::string& to) {
  if (std::rename((folder + "/" + from).c_str(), (folder + "/" + to).c_str()) != 0) {
    const int os_error = errno;
    return fail_os("folder", folder + "/" + from, fmt::format("rename to '{}'", to), os_error);
  }
  return sync_directory(folder);
}

Result<> remove_tree(const std::string& path) {
  std::error_code error;
  std::filesystem::remove_all(path, error);
  if (error) return fail_os("folder", path, "remove", error.value());
  return {};
}

// ---- digest

// Lengths in front, so that no other files add up to the same bytes.
void add_file(Sha256& digest, std::string_view name, std::string_view text) {
  digest.add(fmt::format("{} {} {}\n", name.size(), text.size(), name));
  digest.add(text);
}

bool is_kept(const SourceFile& ranges) { return ranges.present || !ranges.text.empty(); }

std::string digest_of(const Sources& sources) {
  Sha256 digest;
  add_file(digest, kConfigName, sources.config.text);
  if (is_kept(sources.ranges)) add_file(digest, kRangesName, sources.ranges.text);
  for (const SourceFile& file : sources.drop_ins) add_file(digest, file.name, file.text);
  return digest.hex();
}

// ---- one generation on disk

tl::unexpected<Error> fail_damaged(std::uint64_t generation, std::string_view what) {
  return fail(Exit::kFailed,
              fmt::format("{}: {}: the state directory was damaged", name_of(generation), what));
}

tl::unexpected<Error> fail_absent(const std::string& state, std::uint64_t generation) {
  return fail(Exit::kFailed,
              fmt::format("{}: open: '{}' has none of that number", name_of(generation),
                          generations_of(state)),
              ENOENT);
}

Result<Record> read_record(const std::string& state, std::uint64_t generation) {
  const std::string folder = fmt::format("{}/{}", generations_of(state), generation);
  const Result<std::string> text = read_text(folder + "/meta.json");
  if (!text && text.error().os_error == ENOENT && !is_directory(folder)) {
    return fail_absent(state, generation);
  }
  if (!text) return fail_in(name_of(generation), text.error());
  Result<Record> record = parse_record(*text);
  if (!record) return fail_in(name_of(generation), record.error());
  if (record->meta.generation != generation) {
    return fail_damaged(
        generation, fmt::format("meta.json is that of generation '{}'", record->meta.generation));
  }
  return record;
}

Result<SourceFile> read_file(const std::string& folder, const std::string& name) {
  const std::string path = folder + "/" + name;
  Result<std::string> text = read_text(path);
  if (!text) return fail(text.error());
  return SourceFile{name, path, *std::move(text), true};
}

Result<SourceFile> read_ranges(const std::string& folder) {
  const std::string name(kRangesName);
  Result<SourceFile> file = read_file(folder, name);
  if (file || file.error().os_error != ENOENT) return file;
  return SourceFile{name, folder + "/" + name, "", false};
}

Result<std::vector<SourceFile>> read_drop_ins(const std::string& folder) {
  std::vector<SourceFile> files;
  const Result<std::vector<std::string>> names =
      list_directory(fmt::format("{}/{}", folder, kDropInFolder));
  if (!names && names.error().os_error == ENOENT) return files;
  if (!names) return fail(names.error());
  for (const std::string& name : *names) {
    if (!is_drop_in(name)) continue;
    Result<SourceFile> file = read_file(folder, fmt::format("{}/{}", kDropInFolder, name));
    if (!file) return fail(file.error());
    files.push_back(*std::move(file));
  }
  return files;
}

Result<Sources> read_files(const std::string& folder) {
  Result<SourceFile> config = read_file(folder, std::string(kConfigName));
  if (!config) return fail(config.error());
  Result<SourceFile> ranges = read_ranges(folder);
  if (!ranges) return fail(ranges.error());
  Result<std::vector<SourceFile>> drop_ins = read_drop_ins(folder);
  if (!drop_ins) return fail(drop_ins.error());
  return Sources{*std::move(config), *std::move(ranges), *std::move(drop_ins)};
}

// "authorized-ranges.d/x.list" and nothing that could lead out of the folder.
Result<> check_drop_in(const SourceFile& file) {
  const std::string front = fmt::format("{}/", kDropInFolder);
  if (file.name.compare(0, front.size(), front) == 0 &&
      is_drop_in(std::string_view(file.name).substr(front.size()))) {
    return {};
  }
  return fail(Exit::kFailed, fmt::format("file '{}': keep: no name of a drop-in", file.name));
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

Result<> replace_text(const std::string& path, const std::string& text) {
  Result<Replacement> replacement = Replacement::prepare(path, text);
  if (!replacement) return fail(replacement.error());
  return replacement->commit();
}

Result<> remove_file(const std::string& folder, const std::string& name) {
  if (std::remove((folder + "/" + name).c_str()) != 0 && errno != ENOENT) {
    const int os_error = errno;
    return fail_os("file", folder + "/" + name, "remove", os_error);
  }
  return sync_directory(folder);
}

// What the generation in force falls back to while it waits for its confirmation.
std::optional<std::uint64_t> fallback_of(const StateDir& state,
                                         std::optional<std::uint64_t> in_force) {
  if (!in_force) return std::nullopt;
  const auto meta = state.read_meta(*in_force);
  if (!meta || meta->confirmed) return std::nullopt;
  return meta->fallback;
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
  Result<Sources> sources =
      read_files(fmt::format("{}/{}/files", generations_of(path_), generation));
  if (!sources) return fail_in(name_of(generation), sources.error());
  if (digest_of(*sources) != record->digest) return fail_damaged(generation, "digest differs");
  return StoredGeneration{std::move(record->meta), *std::move(sources)};
}

Result<std::optional<std::uint64_t>> StateDir::in_force() const {
  const std::string path = path_ + "/in-force";
  const Result<std::string> text = read_text(path);
  if (!text && text.error().os_error == ENOENT) return std::nullopt;
  if (!text) return fail(text.error());
  std::optional<std::uint64_t> number;
  if (!text->empty() && text->back() == '\n') {
    number = parse_number(std::string_view(*text).substr(0, text->size() - 1));
  }
  if (number) return number;
  return fail(Exit::kFailed,
              fmt::format("file '{}': read: it holds no generation number: the state directory was "
                          "damaged; write the number of one of '{}' into it or remove it",
                          path, generations_of(path_)));
}

Result<> StateDir::rewrite(const GenerationMeta& meta) {
  Result<Record> record = read_record(path_, meta.generation);
  if (!record) return fail(record.error());
  record->meta = meta;
  return replace_text(fmt::format("{}/{}/meta.json", generations_of(path_), meta.generation),
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

Result<> StateDir::write(const GenerationMeta& meta, const Sources& sources,
                         const std::vector<FileBytes>& bytes) {
  if (meta.generation == 0) return fail(Exit::kFailed, "generation '0': write: numbers start at 1");
  const Record record{meta, digest_of(sources)};
  const std::string parent = generations_of(path_);
  const std::string name = std::to_string(meta.generation);
  if (const auto old = read(meta.generation); old && digest_of(old->sources) == record.digest) {
    return replace_text(fmt::format("{}/{}/meta.json", parent, name), show_record(record));
  }
  for (const std::string& folder : {path_, parent}) {
    if (Result<> made = make_directory(folder, 0700); !made) return made;
  }
  const std::string temporary = fmt::format("{}/.new-{}", parent, name);
  Result<> written = write_tree(path_, temporary, record, sources, bytes);
  if (written) written = remove(meta.generation);
  if (written) written = rename_synced(parent, ".new-" + name, name);
  if (!written) {
    static_cast<void>(remove_tree(temporary));  // prune tries again
    return fail_in(name_of(meta.generation), written.error());
  }
  return {};
}

Result<> StateDir::mark_in_force(std::uint64_t generation) {
  if (generation == 0) return remove_file(path_, "in-force");
  return replace_text(path_ + "/in-force", fmt::format("{}\n", generation));
}

Result<> StateDir::remove(std::uint64_t generation) {
  const std::string parent = generations_of(path_);
  const std::string name = std::to_string(generation);
  const std::string old = fmt::format("{}/.old-{}", parent, name);
  if (Result<> removed = remove_tree(old); !removed) return removed;
  if (Result<> renamed = rename_synced(parent, name, ".old-" + name); !renamed) {
    if (renamed.error().os_error == ENOENT) return {};
    return fail_in(name_of(generation), renamed.error());
  }
  return remove_tree(old);
}

Result<> StateDir::prune() {
  const std::string parent = generations_of(path_);
  const Result<std::vector<std::string>> names = list_directory(parent);
  if (!names && names.error().os_error == ENOENT) return {};
  if (!names) return fail(names.error());
  for (const std::string& name : *names) {
    if (!is_leftover(name)) continue;
    if (Result<> removed = remove_tree(fmt::format("{}/{}", parent, name)); !removed)
      return removed;
  }

  const Result<std::optional<std::uint64_t>> kept = in_force();
  if (!kept) return fail(kept.error());
  const std::optional<std::uint64_t> fallback = fallback_of(*this, *kept);
  const Result<std::vector<std::uint64_t>> numbers = generations();
  if (!numbers) return fail(numbers.error());
  for (std::size_t i = 0; i + kKept < numbers->size(); ++i) {
    if ((*numbers)[i] == *kept || (*numbers)[i] == fallback) continue;
    if (Result<> removed = remove((*numbers)[i]); !removed) return removed;
  }
  return {};
}

}  // namespace apiguard
