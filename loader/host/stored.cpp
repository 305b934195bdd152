// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/host/stored.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <utility>

#include "loader/base/paths.hpp"
#include "loader/base/sha256.hpp"
#include "loader/host/files.hpp"

namespace apiguard {
namespace {

// Lengths in front, so that no other files add up to the same bytes.
void add_file(Sha256& digest, std::string_view name, std::string_view text) {
  digest.add(fmt::format("{} {} {}\n", name.size(), text.size(), name));
  digest.add(text);
}

tl::unexpected<Error> fail_absent(const std::string& state, std::uint64_t generation) {
  return fail(
      Exit::kFailed,
      fmt::format("{}: open: '{}' does not have it", name_of(generation), generations_of(state)),
      ENOENT);
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
    Result<SourceFile> file = read_file(folder, drop_in_name(name));
    if (!file) return fail(file.error());
    files.push_back(*std::move(file));
  }
  return files;
}

}  // namespace

std::string generations_of(const std::string& state) { return state + "/generations"; }

std::string name_of(std::uint64_t generation) { return fmt::format("generation '{}'", generation); }

tl::unexpected<Error> fail_damaged(std::uint64_t generation, std::string_view what) {
  return fail(Exit::kFailed,
              fmt::format("{}: {}: the state directory was damaged", name_of(generation), what));
}

bool is_kept(const SourceFile& ranges) { return ranges.present || !ranges.text.empty(); }

std::string whole_digest(const Sources& sources) {
  Sha256 digest;
  add_file(digest, kConfigName, sources.config.text);
  if (is_kept(sources.ranges)) add_file(digest, kRangesName, sources.ranges.text);
  for (const SourceFile& file : sources.drop_ins) add_file(digest, file.name, file.text);
  return digest.hex();
}

TextDigests digests_of(const Sources& sources) {
  TextDigests digests{whole_digest(sources), {}};
  digests.files.push_back({std::string(kConfigName), sha256_hex(sources.config.text)});
  if (is_kept(sources.ranges))
    digests.files.push_back({std::string(kRangesName), sha256_hex(sources.ranges.text)});
  for (const SourceFile& file : sources.drop_ins)
    digests.files.push_back({file.name, sha256_hex(file.text)});
  return digests;
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
        generation, fmt::format("meta.json belongs to generation '{}'", record->meta.generation));
  }
  return record;
}

Result<TextRecord> read_text_record(const std::string& state, std::uint64_t generation) {
  const Result<std::string> text =
      read_text(fmt::format("{}/{}/text.json", generations_of(state), generation));
  if (!text) return fail_in(name_of(generation), text.error());
  Result<TextRecord> record = parse_text_record(*text);
  if (!record) return fail_in(name_of(generation), record.error());
  if (record->generation != generation) {
    return fail_damaged(generation,
                        fmt::format("text.json belongs to generation '{}'", record->generation));
  }
  return record;
}

Result<> check_text_record(const std::string& state, const Record& record) {
  if (record.text.files.empty()) return {};
  const Result<TextRecord> text = read_text_record(state, record.meta.generation);
  if (!text) return fail(text.error());
  if (text->text.whole == record.text.whole) return {};
  return fail_damaged(record.meta.generation, "text.json belongs to another text");
}

Result<Sources> read_stored_text(const std::string& state, std::uint64_t generation) {
  const std::string folder = fmt::format("{}/{}/files", generations_of(state), generation);
  Result<SourceFile> config = read_file(folder, std::string(kConfigName));
  if (!config) return fail(config.error());
  Result<SourceFile> ranges = read_ranges(folder);
  if (!ranges) return fail(ranges.error());
  Result<std::vector<SourceFile>> drop_ins = read_drop_ins(folder);
  if (!drop_ins) return fail(drop_ins.error());
  return Sources{*std::move(config), *std::move(ranges), *std::move(drop_ins)};
}

}  // namespace apiguard
