// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Verbs -> Request. Those that edit read the operator's files; the ways out start from the
// generation in force and, but for audit without a text, parse no list file.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "loader/policy/edit.hpp"
#include "loader/publish/plan.hpp"

namespace apiguard::publish {

// apply: the files as they are.
[[nodiscard]] Result<Request> request_files(const Host& host, const World& world, bool strict);

// allow, except, revoke, set, edit: the files with one of them edited. The editor gets the files as
// they are now. If it changes the list, entries of it that have ended by clocks() go as well, each
// with a note; by themselves they are no change. Where the list would be empty they stay.
enum class Which { kConfig, kRanges };
using Editor = std::function<Result<Edited>(const Sources&)>;
[[nodiscard]] Result<Request> request_edit(const Host& host, const World& world, Which which,
                                           bool strict, const Editor& editor);

// allow, except: the list with entries put in, and of all else the text in force. Edits that wait
// in the toml and in drop-ins stay so and are a note; only those in the list are
// Request::unapplied. Entries that are in force already and are missing from the list are written
// there and nothing is published. Where the text in force cannot be read: request_edit().
[[nodiscard]] Result<Request> request_addition(const Host& host, const World& world, bool strict,
                                               const Editor& editor);

// request_addition() is made of the following, which changes that are published together share.

// The text in force under the paths of the operator's files; none: nothing is in force, or its text
// cannot be read as it was written.
[[nodiscard]] std::optional<Sources> text_in_force(const Host& host, const World& world);
// What waits in the toml and in drop-ins.
struct Waiting {
  // they hold the text in force, byte for byte
  bool same = false;
  // which edits stay unapplied; none where they mean nothing
  std::vector<std::string> notes;
};
[[nodiscard]] Waiting look_at_waiting(const Host& host, const World& world,
                                      const Sources& in_force);
// `before` with its list edited. Entries that have ended go as well, as in request_edit().
[[nodiscard]] Result<Request> request_edited(const World& world, const Sources& before,
                                             Edited edited, Which which, bool strict);

// A drop-in that a change brings in: NAME.list and its text.
struct WithFile {
  // as in Sources: "authorized-ranges.d/NAME.list"
  std::string name;
  // path of the file that the text was read from, for messages
  std::string from;
  std::string text;
};
// apply --with: these drop-ins, and all other files as they are. Edits in those that are not in
// force are Request::unapplied.
[[nodiscard]] Result<Request> request_with(const Host& host, const World& world,
                                           const std::vector<WithFile>& files, bool strict);

// mode off, mode audit: the generation in force in another mode. A toml that is broken or not there
// stays as it is, which becomes a note. Without a stored text only `off` is possible: from the
// endpoints that the kernel knows.
[[nodiscard]] Result<Request> request_mode(const Host& host, const World& world, Mode mode);

// rollback: a stored generation, to the letter, and its authorized-ranges and toml put back, and
// those drop-ins that the generations it leaves brought in and nobody edited since. Files
// that hold edits not in force are kept beside as NAME.before-rollback. Exit::kFailed if there is
// no such generation.
[[nodiscard]] Result<Request> request_rollback(const Host& host, const World& world,
                                               std::optional<std::uint64_t> generation);

// apply --boot: the last confirmed generation, whatever the files say; the files only where there
// is none.
[[nodiscard]] Result<Request> request_boot(const Host& host, const World& world);

}  // namespace apiguard::publish
