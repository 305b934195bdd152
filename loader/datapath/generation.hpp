// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Image -> kernel: one loaded generation. Destroying the object never changes what packets see:
// pins and links govern that.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "loader/base/fd.hpp"
#include "loader/base/result.hpp"
#include "loader/base/time.hpp"
#include "loader/compile/image.hpp"
#include "loader/datapath/edition.hpp"
#include "loader/datapath/filters.hpp"
#include "loader/datapath/ledger_maps.hpp"

namespace apiguard::datapath {

// Which of the two programs of the object runs. They cannot replace each other in a program array,
// so there is one kind per boot: kProbe is for the first generation only.
enum class ProgramKind { kProbe, kFrags, kPlain };

// What a generation falls back to that is published unconfirmed. Descriptors are borrowed.
struct Fallback {
  // judges past the deadline; generation 0: none did before
  Edition which;
  // its filters, of the same kind of program; -1: none
  FilterFds filter_fds{-1};
  // what it does not guard: there all passes
  std::vector<AttachPoint> joined;
};

struct LoadOptions {
  ProgramKind kind = ProgramKind::kProbe;
  // those of the generation before; null or -1: fresh ones
  const LedgerMaps* kept = nullptr;
  // Of those that are fresh: which have their full size without an audit, too.
  std::array<bool, kLedgerMaps.size()> begun{};
  // fresh ones as small as can be: there is no room
  bool lean = false;
  // the map `used` to go on with, borrowed; -1: a fresh, small one
  int used_fd = -1;
  // the adding program is loaded as well
  bool adds = false;
  // null: confirmed from the start
  const Fallback* fallback = nullptr;
};

class Generation {
 public:
  // Opens, sizes, specialises, loads and fills. Needs CAP_BPF, CAP_NET_ADMIN, CAP_PERFMON.
  [[nodiscard]] static Result<Generation> load(const Image& image, const LoadOptions& options);

  Generation(Generation&&) noexcept;
  Generation& operator=(Generation&&) noexcept;
  ~Generation();

  // Descriptors are owned by the object.
  [[nodiscard]] int filter_fd(AttachKind kind) const;
  [[nodiscard]] FilterFds filter_fds() const;
  [[nodiscard]] int check_fd() const;
  [[nodiscard]] int kept_fd(LedgerMap kept) const;
  [[nodiscard]] int counters_fd() const { return kept_fd(LedgerMap::kCounters); }
  [[nodiscard]] int used_fd() const;
  // negative unless LoadOptions::adds
  [[nodiscard]] int add_fd() const;
  // the frozen .rodata
  [[nodiscard]] int settings_fd() const;
  [[nodiscard]] int ranges4_fd() const;
  [[nodiscard]] int ranges6_fd() const;
  // The tries in them, in the order of their shards.
  [[nodiscard]] const std::vector<Fd>& tries4() const;
  [[nodiscard]] const std::vector<Fd>& tries6() const;
  [[nodiscard]] bool frags() const;

  // Of one with a fallback: maps to pin with it, and from when on it hands over. Until this is
  // called it never does.
  [[nodiscard]] bool unconfirmed() const;
  [[nodiscard]] int confirmation_fd() const;
  [[nodiscard]] int before_fd() const;
  [[nodiscard]] int joined_fd() const;
  [[nodiscard]] Result<> set_deadline(BootTime deadline) const;

 private:
  struct State;
  explicit Generation(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// First eight bytes of the SHA-256 of the embedded object, as apiguard_settings.build: two loaders
// with the same build publish the same program. Printed as 16 hex digits.
[[nodiscard]] std::uint64_t program_build();

}  // namespace apiguard::datapath
