// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/host/salvage.hpp"

#include <fmt/format.h>

#include <utility>

#include "loader/base/paths.hpp"
#include "loader/base/sha256.hpp"
#include "loader/host/files.hpp"
#include "loader/host/stored.hpp"

namespace apiguard {
namespace {

struct Folders {
  // STATE/generations/17/files
  std::string stored;
  // the operator's
  std::string config_path;
};

// The stored file or the operator's, whichever has the digest.
std::optional<SourceFile> find_file(const Folders& folders, const FileDigest& wanted) {
  const std::string path = folders.stored + "/" + wanted.name;
  if (auto text = read_text(path); text && sha256_hex(*text) == wanted.digest)
    return SourceFile{wanted.name, path, *std::move(text), true};
  auto file = read_source(operator_path(folders.config_path, wanted.name), true);
  if (!file || sha256_hex(file->text) != wanted.digest) return std::nullopt;
  file->name = wanted.name;
  return *std::move(file);
}

bool put(Sources& sources, SourceFile file) {
  const auto drop_in = drop_in_file(file.name);
  if (file.name == kConfigName) {
    sources.config = std::move(file);
  } else if (file.name == kRangesName) {
    sources.ranges = std::move(file);
  } else if (drop_in && is_drop_in(*drop_in)) {
    sources.drop_ins.push_back(std::move(file));
  } else {
    return false;
  }
  return true;
}

std::optional<Sources> collect(const Folders& folders, const TextDigests& digests) {
  Sources sources;
  sources.ranges = {std::string(kRangesName), fmt::format("{}/{}", folders.stored, kRangesName), "",
                    false};
  for (const FileDigest& wanted : digests.files) {
    auto file = find_file(folders, wanted);
    if (!file || !put(sources, *std::move(file))) return std::nullopt;
  }
  if (whole_digest(sources) != digests.whole) return std::nullopt;
  return sources;
}

// A record of an older version has one digest for all of its files.
std::optional<Sources> collect_whole(const std::string& state, std::uint64_t generation,
                                     const Folders& folders, const std::string& digest) {
  if (auto stored = read_stored_text(state, generation); stored && whole_digest(*stored) == digest)
    return *std::move(stored);
  if (auto files = read_sources(folders.config_path); files && whole_digest(*files) == digest)
    return *std::move(files);
  return std::nullopt;
}

std::optional<SourceFile> find_config(const Folders& folders, const TextDigests& digests) {
  for (const FileDigest& wanted : digests.files) {
    if (wanted.name == kConfigName) return find_file(folders, wanted);
  }
  return std::nullopt;
}

}  // namespace

Salvage salvage(const std::string& state, std::uint64_t generation,
                const std::string& config_path) {
  Salvage left;
  const Folders folders{fmt::format("{}/{}/files", generations_of(state), generation), config_path};
  TextDigests digests;
  if (auto text = read_text_record(state, generation)) {
    digests = std::move(text->text);
    left.mode = text->mode;
    left.waits = text->waits;
  }
  if (auto record = read_record(state, generation)) {
    if (digests.files.empty() || !record->text.files.empty()) digests = std::move(record->text);
    left.mode = record->meta.mode;
    left.waits = false;
    left.meta = std::move(record->meta);
  }
  left.text = digests.files.empty() ? collect_whole(state, generation, folders, digests.whole)
                                    : collect(folders, digests);
  left.config = left.text ? std::optional(left.text->config) : find_config(folders, digests);
  return left;
}

bool is_text_of(const std::string& state, std::uint64_t generation, const Sources& files) {
  const auto record = read_record(state, generation);
  return record && whole_digest(files) == record->text.whole;
}

}  // namespace apiguard
