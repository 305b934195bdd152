// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// What of ours is in the kernel, read through the pin directory:
//
//   PINS/counters-v2               per-CPU counters of ABI 2; these outlive generations:
//   PINS/used-v2                   connections by range
//   PINS/denied-v2                 sources that were refused
//   PINS/seen-v2, flows-v2         sources and connections of an audit, once there was one
//   PINS/unproven-v2               its sources without a finished handshake
//   PINS/watches-v2, rings-v2      who watches events
//   PINS/secret-v2                 what hashes of this boot begin with (secret.hpp)
//   PINS/aside-NAME-1              what had the name of one of these and is not ours to remove
//   PINS/generations/17-3/         filter, check, settings, ranges4, ranges6, used of the third
//                                  edition of generation 17; "17": there was no book;
//                                  ranges4-0, ranges4-1, ...: the tries of several shards;
//                                  confirmation, before, joined: if it was published unconfirmed
//   PINS/verb-TOKEN/               pins of a verb on their way in or out (aside.hpp)
//   PINS/links/eth0-3              one XDP link an interface ("NAME-IFINDEX" at the time, dots as
//   underscores; pin_names.hpp)
//
// Pin names are for people; link info is the truth. Nothing of the normal way needs CAP_SYS_ADMIN;
// where the pins themselves are out of reach (a bpffs gone read-only refuses to open links), links
// are found by id, which does.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "apiguard/judge.h"
#include "loader/base/fd.hpp"
#include "loader/base/result.hpp"
#include "loader/datapath/edition.hpp"
#include "loader/datapath/filters.hpp"
#include "loader/datapath/generation.hpp"
#include "loader/datapath/target.hpp"
#include "loader/policy/prefix.hpp"

namespace apiguard::datapath {

struct LinkState {
  // path; empty for a link found by id
  std::string pin;
  // gone: its device is
  AttachPoint point;
  std::uint32_t link_id = 0;
  std::uint32_t prog_id = 0;
  // whose filter it runs; 0: not one of ours
  std::uint64_t generation = 0;
  // and of which edition
  std::uint64_t edition = 0;

  [[nodiscard]] Edition runs() const { return {generation, edition}; }
};

struct PinnedGeneration {
  Edition which;
  // Program ids of its filters; 0: the pin is missing (a publish died while pinning).
  PerKind<std::uint32_t> filter_ids;

  [[nodiscard]] bool has_filter(std::uint32_t prog_id) const;
};

struct OurPrograms;

struct Live {
  std::vector<LinkState> links;
  // ascending
  std::vector<PinnedGeneration> generations;
  // The number in the kernel: the newest generation that any link runs; none without links.
  std::optional<std::uint64_t> generation;
  // the newest of it that any link runs
  std::uint64_t edition = 0;
  // The pins are out of reach: bpffs is read-only or not mounted, or they are not believed
  // (disbelief.hpp).
  bool by_id = false;
  // what lies among the links and is not ours: left alone
  std::vector<std::string> strays;

  [[nodiscard]] const LinkState* link_of(const AttachPoint& point) const;
  // By LinkState::link_id.
  [[nodiscard]] const LinkState* link_with(std::uint32_t link_id) const;
  // Generation and edition in one; none without links.
  [[nodiscard]] std::optional<Edition> newest() const;
};

// Sets generation and edition by the links.
void note_newest(Live& live);

// What is to be said of a stray (Live::strays).
[[nodiscard]] std::string describe_stray(const std::string& pin);

class Pins {
 public:
  explicit Pins(std::string directory) : directory_(std::move(directory)) {}

  [[nodiscard]] const std::string& directory() const { return directory_; }
  // As in apiguard_settings: tells our links from those of another instance where only ids are
  // left.
  [[nodiscard]] std::uint64_t instance() const;
  // A directory that does not exist is an empty Live, unless no bpffs is mounted there: links may
  // live on through pins in another mount namespace. One that cannot be read is an Exit::kFailed.
  [[nodiscard]] Result<Live> read() const;

  // Owned by the caller. Opened read-only, which a read-only bpffs allows.
  [[nodiscard]] Result<Fd> open_counters() const { return open_ledger_map(LedgerMap::kCounters); }
  // Exit::kFailed with ENOENT where there is none.
  [[nodiscard]] Result<Fd> open_ledger_map(LedgerMap kept) const;
  [[nodiscard]] Result<Fd> open_ledger_map_for_writing(LedgerMap kept) const;
  // The map of connections by range, and those of pinned generations that have another one, each
  // once; empty where nothing attributes connections. `unread`: pins that hold something else, and
  // what: "pin '...': holds a program".
  struct UsageMaps {
    std::vector<Fd> maps;
    std::vector<std::string> unread;
  };
  [[nodiscard]] UsageMaps open_usage_maps() const;
  // the first of them
  [[nodiscard]] Result<Fd> open_usage_map_for_writing() const;
  // Whether a generation attributes connections: programs of older versions do not.
  [[nodiscard]] bool attributes(const Edition& edition) const;
  [[nodiscard]] Result<Fd> open_check(const Edition& edition) const;
  [[nodiscard]] Result<Fd> open_filter(const Edition& edition, AttachKind kind) const;
  [[nodiscard]] Result<Filters> open_filters(const Edition& edition) const;
  [[nodiscard]] Result<apiguard_settings> read_settings(const Edition& edition) const;
  // Of a generation that was published unconfirmed.
  enum class Access { kRead, kWrite };
  [[nodiscard]] Result<Fd> open_confirmation(const Edition& edition, Access access) const;
  [[nodiscard]] Result<Fd> open_joined(const Edition& edition) const;
  // Of the program a link runs, by id: for a generation whose pins are not there.
  [[nodiscard]] static std::optional<apiguard_settings> settings_behind(const LinkState& link);
  // Of any program of ours, by its id; none: it is not ours, or privilege is missing.
  [[nodiscard]] static std::optional<apiguard_settings> settings_of_program(std::uint32_t prog_id);

  // mkdir, mode 0700, after making sure that the parent is a bpffs.
  [[nodiscard]] Result<> create() const;
  // Pins programs and maps of a loaded generation. Leftovers of the same number are replaced. What
  // outlives it has pins of its own: see KeptMaps.
  [[nodiscard]] Result<> pin(const Generation& generation, const Edition& edition) const;
  // Pins a new link, over the pin of a link whose device is gone if that has the same name.
  [[nodiscard]] Result<std::string> pin_link(int link_fd, const Target& target) const;
  // Whether a generation with this filter is pinned.
  [[nodiscard]] bool has_program(std::uint32_t program) const;
  // Links of ours that no pin names: of a verb that attached them and is not yet, or was not, at
  // the pin. Found by id; empty where the pins are out of reach.
  [[nodiscard]] std::vector<LinkState> unpinned_links() const;
  // Those of its tries that have pins of their own and can be opened. Owned by the caller.
  [[nodiscard]] std::vector<Fd> open_tries(const Edition& edition) const;
  // What holds all of them, IPv4 first.
  [[nodiscard]] Result<std::array<Fd, 2>> open_ranges(const Edition& edition) const;
  // The last step of drop_generation() (release.hpp), which is what to call.
  [[nodiscard]] Result<> unpin_generation(const Edition& edition) const;
  // Where what outlives generations is pinned.
  [[nodiscard]] std::string ledger_pin(LedgerMap kept) const;
  [[nodiscard]] std::string usage_pin() const;
  [[nodiscard]] std::string usage_pin(const Edition& edition) const;
  [[nodiscard]] std::string secret_pin() const;
  // Pins of maps of other ABI numbers that outlived their generations; removed once the new ones
  // are in use.
  [[nodiscard]] std::vector<std::string> foreign_maps() const;
  void remove_foreign_maps() const;

 private:
  [[nodiscard]] Result<> read_generations(Live& live, OurPrograms& ours) const;
  [[nodiscard]] Result<> read_links(Live& live, const OurPrograms& ours) const;
  [[nodiscard]] std::string generation_dir(const Edition& edition) const;
  std::string directory_;
};

// A link as LinkState names it: by pin, else by id. Owned by the caller.
[[nodiscard]] Result<Fd> open_link(const LinkState& link);

// Runs a check program (pinned or of a loaded Generation) on one TCP segment of `source` to
// `destination`. Addresses are of one family, network byte order as in Address::bytes; port in host
// byte order.
[[nodiscard]] Result<apiguard_answer> ask(int check_fd, const Address& source,
                                          const Address& destination, std::uint16_t port);

}  // namespace apiguard::datapath
