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
  std::set<std::string> accepted;  // names of risks; "all" stands for each of them
  std::optional<std::chrono::nanoseconds> confirm_within;
};

struct ApplyOptions {
  // A drop-in that the change brings in, and the file with its text.
  struct With {
    std::string name;  // "NAME.list"
    std::string file;  // path, as typed
  };
  ChangeFlags flags;
  bool boot = false;
  bool trust_clock = false;
  std::vector<With> with;  // each name once
};
struct PutOptions {  // allow, except
  ChangeFlags flags;
  Kind kind = Kind::kAllow;
  std::vector<ParsedPrefix> prefixes;
  std::vector<std::string> texts;  // as typed, for messages
  std::string name;
  std::optional<std::chrono::nanoseconds> lasts;  // --for; at most one of the two is there
  std::optional<Timestamp> until;                 // --until
  Remark remark = {};                             // --why and --review
};
struct RevokeOptions {
  ChangeFlags flags;
  bool if_listed = false;  // what is not there is no error
  std::vector<Selector> selectors;
};
struct LeaseOptions {
  bool json = false;
  std::vector<Address> addresses;  // unless one of the next two says where they come from
  bool from_ssh = false;           // the source of the session that we run in
  bool sync = false;               // standard input, all that bear `name`
  std::string name;                // empty: none
  std::chrono::nanoseconds lasts{};
  std::string lasts_text;  // as typed
  std::vector<Prefix> within;
  std::uint8_t prefix6 = 128;  // or 64
  // These two stand alone: nothing is leased.
  std::optional<Selector> unbar;
  std::string authorized_key;  // path of a public key; empty: none
  std::string user;            // with it; empty: root
};
struct SetOptions {
  ChangeFlags flags;
  bool off = false;  // the argument was ""
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
  bool asks = false;  // nobody typed 'off': it is a risk
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
  bool wide = false;  // whatever the terminal has room for; so below
};
struct ListOptions {
  bool json = false;
  std::optional<std::chrono::nanoseconds> unused;
  bool review = false;
  bool wide = false;
  std::vector<Selector> only;  // what is meant by one of them; empty: all
};
struct StatusOptions {
  bool json = false;
};
struct CheckOptions {
  bool json = false;
  std::vector<Address> sources;
  std::optional<Endpoint> to;  // --to ADDRESS:PORT; the address is always there
  bool wide = false;
};
struct DeniedOptions {
  bool json = false;
  std::optional<std::size_t> top;                 // so many of them; 0: all
  std::optional<std::chrono::nanoseconds> since;  // seen within it
  bool wide = false;
};
struct WatchOptions {
  bool json = false;
  std::optional<std::chrono::nanoseconds> lasts;  // none: until a signal comes
};
struct SuggestOptions {
  bool json = false;
  propose::SuggestOptions how;
};
struct ValidateOptions {
  enum class Kind : std::uint8_t { kByName, kToml, kRanges };
  bool strict = false;
  Kind kind = Kind::kByName;
  std::vector<std::string> files;  // "-" for standard input, at most once
};
struct DiffOptions {
  bool json = false;
};
struct InitOptions {
  std::string root;    // in front of the paths of the host's files; "" for none
  bool print = false;  // to stdout instead of the file
};
struct RunOptions {
  std::string textfile;  // --textfile; empty: none
};
struct MetricsOptions {
  std::string textfile;  // --textfile; empty: standard output
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
  std::string command;   // the verb and its arguments as typed, for history and the lock
  bool verbose = false;  // libbpf's own messages
  Verb verb;
};

}  // namespace apiguard::cli
