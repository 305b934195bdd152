// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Image -> kernel: one loaded generation. Destroying the object never changes what packets see:
// pins and links govern that.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "loader/compile/image.hpp"
#include "loader/result.hpp"

namespace apiguard::datapath {

// Which of the two programs of the object runs. They cannot replace each other in a program array,
// so there is one kind per boot: kProbe is for the first generation only.
enum class ProgramKind { kProbe, kFrags, kPlain };

struct LoadOptions {
  ProgramKind kind = ProgramKind::kProbe;
  int counters_fd = -1;  // counters of the generation before, borrowed; -1: a fresh map
  int used_fd = -1;      // as UsedHandover has it, borrowed; -1: a fresh, small map
  bool adds = false;     // the adding program is loaded as well
};

class Generation {
 public:
  // Opens, sizes, specialises, loads and fills. Needs CAP_BPF, CAP_NET_ADMIN, CAP_PERFMON.
  [[nodiscard]] static Result<Generation> load(const Image& image, const LoadOptions& options);

  Generation(Generation&&) noexcept;
  Generation& operator=(Generation&&) noexcept;
  ~Generation();

  // Descriptors are owned by the object.
  [[nodiscard]] int filter_fd() const;
  [[nodiscard]] int check_fd() const;
  [[nodiscard]] int counters_fd() const;
  [[nodiscard]] int used_fd() const;
  [[nodiscard]] int add_fd() const;       // negative unless LoadOptions::adds
  [[nodiscard]] int settings_fd() const;  // the frozen .rodata
  [[nodiscard]] int ranges4_fd() const;
  [[nodiscard]] int ranges6_fd() const;
  [[nodiscard]] bool frags() const;

 private:
  struct State;
  explicit Generation(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// Sum over all CPUs.
[[nodiscard]] Result<apiguard_counters> read_counters(int counters_fd);

// First eight bytes of the SHA-256 of the embedded object, as apiguard_settings.build: two loaders
// with the same build publish the same program. Printed as 16 hex digits.
[[nodiscard]] std::uint64_t program_build();

}  // namespace apiguard::datapath
