// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// What the operator asks for: one plain struct a verb.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "loader/ledger/host.hpp"
#include "loader/policy/edit.hpp"
#include "loader/policy/policy.hpp"
#include "loader/propose/suggestion.hpp"

namespace apiguard::cli {

// Shared by all changing verbs.
struct ChangeFlags {
  bool dry_run = false;
  bool strict = false;
  bool json = false;
  // names of risks; "all" stands for each of them
  std::set<std::string> accepted;
  std::optional<std::chrono::nanoseconds> confirm_within;
};

struct ApplyOptions {
  // A drop-in that the change brings in, and the file with its text.
  struct With {
    // "NAME.list"
    std::string name;
    // path, as typed
    std::string file;
  };
  ChangeFlags flags;
  bool boot = false;
  bool trust_clock = false;
  // each name once
  std::vector<With> with;
};
// allow, except
struct PutOptions {
  ChangeFlags flags;
  Kind kind = Kind::kAllow;
  std::vector<ParsedPrefix> prefixes;
  // as typed, for messages
  std::vector<std::string> texts;
  std::string name;
  // --for; at most one of the two is there
  std::optional<std::chrono::nanoseconds> lasts;
  // --until
  std::optional<Timestamp> until;
  // --why and --review
  Remark remark = {};
};
struct RevokeOptions {
  ChangeFlags flags;
  // what is not there is no error
  bool if_listed = false;
  std::vector<Selector> selectors;
};
struct LeaseOptions {
  bool json = false;
  // unless one of the next two says where they come from
  std::vector<Address> addresses;
  // the source of the session that we run in
  bool from_ssh = false;
  // standard input, all that bear `name`
  bool sync = false;
  // empty: none
  std::string name;
  std::chrono::nanoseconds lasts{};
  // as typed
  std::string lasts_text;
  std::vector<Prefix> within;
  // or 64
  std::uint8_t prefix6 = 128;
  // These two stand alone: nothing is leased.
  std::optional<Selector> unbar;
  // path of a public key; empty: none
  std::string authorized_key;
  // with it; empty: root
  std::string user;
};
struct SetOptions {
  ChangeFlags flags;
  // the argument was ""
  bool off = false;
  // The whole text instead: of a file, or "-" for standard input; empty: of the arguments.
  std::string file;
  std::vector<ParsedPrefix> prefixes;
  std::vector<std::string> texts;
};
struct EditOptions {
  ChangeFlags flags;
};
struct ModeOptions {
  ChangeFlags flags;
  Mode mode = Mode::kEnforce;
  // nobody typed 'off': it is a risk
  bool asks = false;
};
struct RollbackOptions {
  ChangeFlags flags;
  std::optional<std::uint64_t> generation;
};
struct ConfirmOptions {};
struct DetachOptions {
  bool all = false;
  std::vector<std::string> interfaces;
  bool dry_run = false;
  bool json = false;
};
struct HistoryOptions {
  bool json = false;
  // whatever the terminal has room for; so below
  bool wide = false;
};
struct ListOptions {
  bool json = false;
  std::optional<std::chrono::nanoseconds> unused;
  bool review = false;
  bool wide = false;
  // what is meant by one of them; empty: all
  std::vector<Selector> only;
};
struct StatusOptions {
  bool json = false;
};
struct CheckOptions {
  bool json = false;
  std::vector<Address> sources;
  // --to ADDRESS:PORT; the address is always there
  std::optional<Endpoint> to;
  bool wide = false;
};
struct DeniedOptions {
  bool json = false;
  // so many of them; 0: all
  std::optional<std::size_t> top;
  // seen within it
  std::optional<std::chrono::nanoseconds> since;
  bool wide = false;
};
struct WatchOptions {
  bool json = false;
  // none: until a signal comes
  std::optional<std::chrono::nanoseconds> lasts;
};
struct SuggestOptions {
  bool json = false;
  propose::SuggestOptions how;
};
struct ValidateOptions {
  enum class Kind : std::uint8_t { kByName, kToml, kRanges };
  bool strict = false;
  Kind kind = Kind::kByName;
  // "-" for standard input, at most once
  std::vector<std::string> files;
};
struct DiffOptions {
  bool json = false;
};
struct InitOptions {
  // in front of the paths of the host's files; "" for none
  std::string root;
  // to stdout instead of the file
  bool print = false;
};
struct RunOptions {
  // --textfile; empty: none
  std::string textfile;
};
struct MetricsOptions {
  // --textfile; empty: standard output
  std::string textfile;
};
struct VersionOptions {
  bool verbose = false;
};

using Verb = std::variant<ApplyOptions, PutOptions, RevokeOptions, LeaseOptions, SetOptions,
                          EditOptions, ModeOptions, RollbackOptions, ConfirmOptions, DetachOptions,
                          HistoryOptions, ListOptions, StatusOptions, CheckOptions, DeniedOptions,
                          WatchOptions, SuggestOptions, ValidateOptions, DiffOptions, InitOptions,
                          RunOptions, MetricsOptions, VersionOptions>;

struct CommandLine {
  Host host;
  // the verb and its arguments as typed, for history and the lock
  std::string command;
  // libbpf's own messages
  bool verbose = false;
  Verb verb;
};

}  // namespace apiguard::cli
