// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// What is, at one moment: kernel, state directory and interfaces, put together. look.hpp reads it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "loader/base/result.hpp"
#include "loader/compile/fit_book.hpp"
#include "loader/compile/image.hpp"
#include "loader/datapath/switch.hpp"
#include "loader/host/book_file.hpp"
#include "loader/host/floor.hpp"
#include "loader/host/interfaces.hpp"
#include "loader/host/state.hpp"
#include "loader/ledger/host.hpp"
#include "loader/policy/text.hpp"
#include "loader/publish/stored_record.hpp"

namespace apiguard::publish {

// The generation that judges packets now. The kernel knows its number and settings; its text is in
// the state directory, unless that was full or read-only when it was published, or is damaged.
struct InForce {
  std::uint64_t generation = 0;
  std::uint64_t edition = 0;
  // all zero if its pins are out of reach
  apiguard_settings settings{};
  // also what could be put together of a damaged one
  std::optional<StoredGeneration> stored;
  // what its toml says: all but the ranges of the list files
  std::optional<Policy> config;
  // why there is no stored text, or no policy
  mutable std::string missing;
  // why it cannot be read as it was written; empty: it can
  std::string damaged;

  // All that the stored text says; null if there is none. Parsed when it is first asked for: most
  // of what is asked about a million ranges does not need them.
  [[nodiscard]] const Policy* policy() const;
  [[nodiscard]] datapath::Edition which() const { return {generation, edition}; }

 private:
  mutable std::optional<Policy> policy_;
};

// The kernel's where its settings could be read, else the text's.
[[nodiscard]] Mode mode_of(const InForce& in_force);
// The text's, else the kernel's.
[[nodiscard]] std::vector<Endpoint> endpoints_of(const InForce& in_force);

// Wall clock less boot-time clock, as the kernel says that its ends were computed; none: its
// settings could not be read.
[[nodiscard]] std::optional<Timestamp> clock_of(const InForce& in_force);

// A generation that links run and nobody has confirmed yet, in the kernel or in the state.
struct PendingConfirmation {
  std::uint64_t generation = 0;
  std::uint64_t edition = 0;
  // judges once it has expired; 0: none, every packet passes
  std::uint64_t before = 0;
  std::uint64_t before_edition = 0;
  // none: confirmed, the state lags behind
  std::optional<BootTime> deadline;
  // the same by the wall clock
  Timestamp until{};
  // it judges nothing any more
  bool expired = false;

  [[nodiscard]] bool open() const { return deadline && !expired; }
  [[nodiscard]] datapath::Edition which() const { return {generation, edition}; }
  [[nodiscard]] datapath::Edition fallback() const { return {before, before_edition}; }
};

inline constexpr std::string_view kNothingInForce =
    "nothing is in force: 'apiguard apply' publishes the files";

// What a boot has to publish is not, or not all, as it was written.
struct Damage {
  // 0: the state directory says of none
  std::uint64_t generation = 0;
  std::string why;
};

struct World {
  datapath::Live live;
  std::vector<Interface> interfaces;
  // none: nothing of ours is attached
  std::optional<InForce> in_force;
  std::optional<PendingConfirmation> window;
  // STATE/in-force; where that is damaged, what the records say in its place.
  std::optional<std::uint64_t> marked;
  // why the mark is damaged, or missing
  std::optional<std::string> mark_error;
  // numbers in the state directory, ascending
  std::vector<std::uint64_t> stored;
  // their records
  std::vector<StoredRecord> records;
  // by a boot
  std::optional<std::uint64_t> to_publish;
  // as far as known: where nothing is in force no text is read
  std::optional<Damage> damage;
  // why the state directory could not be read
  std::optional<std::string> state_error;
  // below which no time is taken
  Floor floor;
  // of all records, by this boot's clock, oldest first
  std::vector<Lasting> lasting;
  // what look_and_settle() could not settle, and went on
  std::optional<std::string> unsettled;
  // beside the text: what ends by itself
  BookRead book;

  // What packets are judged by now: the text in force with the book, and with the ends that its
  // entries were given. Null if the text cannot be read. Put together when it is first asked for.
  [[nodiscard]] const Policy* judged() const;
  // The book, empty where there is none or it is lost.
  [[nodiscard]] const Book& booked() const;
  // Whether there is a newer book than the one that the list in force was loaded with.
  [[nodiscard]] bool is_outdated() const;

 private:
  mutable std::optional<Policy> judged_;
};

// The clocks by which ends are judged, and the boot.
[[nodiscard]] Moment moment_of(const World& world);

// The policy that packets are judged by: the text, with ends that are due earlier (lasting.hpp) and
// the entries of the book. Returns the text if neither changes it, and fills `own` and returns that
// otherwise. Entries of the book that would make it fail are left out or lengthened, and noted in
// `fitted` if that is given.
[[nodiscard]] const Policy& policy_in_effect(const World& world, const Policy& text,
                                             const Book& book, std::optional<Policy>& own,
                                             Fitted* fitted = nullptr);

// The link of ours that is on an interface: its number and the program that the interface names are
// those of the link. Null if there is none. A number alone says nothing: that of a device which
// moved to another namespace may have passed to a new one here.
[[nodiscard]] const datapath::LinkState* link_on(const World& world, const Interface& interface);

// Interface::guarded of all of them, by the links.
void note_guarded(World& world);

// Whether packets that meet this link are judged by the generation in force: it runs it, or one
// that has handed over to it.
[[nodiscard]] bool judges_in_force(const World& world, const datapath::LinkState& link);

// The clocks by which ends are judged: believed_time() of host/clock.hpp.
[[nodiscard]] Now clocks(const World& world);

}  // namespace apiguard::publish
