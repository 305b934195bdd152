// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// What this thread may do, capabilities(7). From its first step on the program works with the three
// that loading and attaching take, so that nothing more is at hand while text is parsed. What else
// the caller has and a few places need is put aside, and taken up by them for a moment (Raised):
//
//   CAP_SYS_ADMIN      programs, maps and links by id: a way out over a bpffs that is read-only or
//                      gone, the name of a program that occupies a hook, leases whose book is lost
//   CAP_DAC_OVERRIDE,  the operator's files where they are not root's
//   CAP_DAC_READ_SEARCH
//   CAP_CHOWN          a file that is replaced keeps its owner
//   CAP_SYS_PTRACE     which sockets the sshd above us holds, for `lease --from-ssh`
//
// Everything else is given up. A program that root starts from here (the editor) has all that root
// has: execve(2) sees to that.
#pragma once

#include <linux/capability.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <optional>

namespace apiguard::capabilities {

using Set = std::uint64_t;

// Numbers of linux/capability.h; CAP_PERFMON and CAP_BPF came with 5.8, older headers lack them.
inline constexpr Set kChown = Set{1} << 0;
inline constexpr Set kDacOverride = Set{1} << 1;
inline constexpr Set kDacReadSearch = Set{1} << 2;
inline constexpr Set kNetAdmin = Set{1} << 12;
inline constexpr Set kSysPtrace = Set{1} << 19;
inline constexpr Set kSysAdmin = Set{1} << 21;
inline constexpr Set kPerfmon = Set{1} << 38;
inline constexpr Set kBpf = Set{1} << 39;

inline constexpr Set kWork = kBpf | kNetAdmin | kPerfmon;
inline constexpr Set kAnyFile = kDacOverride | kDacReadSearch | kChown;
inline constexpr Set kAside = kSysAdmin | kSysPtrace | kAnyFile;

struct Sets {
  Set effective = 0;
  Set permitted = 0;
  Set inheritable = 0;

  friend bool operator==(const Sets&, const Sets&) = default;
};

// What to work with, of what there is. CAP_SYS_ADMIN stands in for a missing CAP_BPF or
// CAP_PERFMON. Pure.
[[nodiscard]] constexpr Sets reduced(const Sets& sets) {
  const bool complete = (sets.permitted & kWork) == kWork;
  const Set work = complete ? kWork : kWork | kSysAdmin;
  return {sets.effective & work, sets.permitted & (kWork | kAside), sets.inheritable};
}

using Halves = std::array<__user_cap_data_struct, _LINUX_CAPABILITY_U32S_3>;

[[nodiscard]] inline std::optional<Sets> read() {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  Halves data{};
  if (syscall(SYS_capget, &header, data.data()) != 0) return std::nullopt;
  const auto join = [](std::uint32_t high, std::uint32_t low) { return Set{high} << 32 | low; };
  return Sets{join(data[1].effective, data[0].effective),
              join(data[1].permitted, data[0].permitted),
              join(data[1].inheritable, data[0].inheritable)};
}

// False where a sandbox refuses it: it has taken away what matters itself.
inline bool write(const Sets& sets) {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  Halves data{};
  for (unsigned half = 0; half < data.size(); ++half) {
    const auto of = [half](Set set) { return static_cast<std::uint32_t>(set >> (32 * half)); };
    data[half] = {of(sets.effective), of(sets.permitted), of(sets.inheritable)};
  }
  return syscall(SYS_capset, &header, data.data()) == 0;
}

// What give_up_most() has put aside, in the process that has called it.
inline Set put_aside = 0;

// Before anything else, and before there is a second thread: the sets are those of a thread. Before
// kernel 5.11 maps are charged to RLIMIT_MEMLOCK, which is lifted while that is allowed.
inline void give_up_most() {
  const rlimit unlimited{RLIM_INFINITY, RLIM_INFINITY};
  (void)setrlimit(RLIMIT_MEMLOCK, &unlimited);
  const auto sets = read();
  if (!sets) return;
  const Sets wanted = reduced(*sets);
  if (wanted != *sets && write(wanted)) put_aside = sets->effective & kAside & ~wanted.effective;
}

// Takes up some of that while it lives. Nothing where nothing was put aside.
class Raised {
 public:
  explicit Raised(Set set) : before_(read()) {
    if (!before_) return;
    Sets more = *before_;
    more.effective |= before_->permitted & put_aside & set;
    if (more == *before_ || !write(more)) before_.reset();
  }
  ~Raised() {
    if (before_) (void)write(*before_);
  }
  Raised(const Raised&) = delete;
  Raised& operator=(const Raised&) = delete;

 private:
  std::optional<Sets> before_;
};

}  // namespace apiguard::capabilities
