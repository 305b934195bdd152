// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// kill_at N COMMAND [ARGUMENT...]: runs the command and kills it (SIGKILL) when it enters its N-th
// system call after exec that can change what outlives it, which therefore does not happen. Prints
// "killed N CALL" with the number of the call, status 9; or, if the command ended before, "ran
// COUNT STATUS", status 0. With N = 0 it counts. Threads and children of the command are not
// followed.
//
// kill_at --stop N COMMAND [ARGUMENT...]: leaves it stopped there (as /proc has it, "t") and prints
// "stopped N CALL"; what the command
// prints goes to standard error. When a line comes on standard input, or that ends, it goes on,
// call and all, and "went on STATUS" is printed when it has ended. What is counted are the calls
// that make, move or remove a name, or reach into the kernel: a check in front of one of them has
// been made.
//
// Calls that read, or change only the process itself, are not counted: whoever is killed at one
// leaves behind what he would leave if killed at the next one that counts. So all the points that
// differ are tried by trying the counted ones.
#include <fcntl.h>
#include <linux/bpf.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace {

[[noreturn]] void fail(const char* what) {
  std::perror(what);
  std::exit(3);
}

void wait_for(pid_t child, int& status) {
  if (waitpid(child, &status, 0) != child) fail("waitpid");
}

[[noreturn]] void become(char** command) {
  if (ptrace(PTRACE_TRACEME, 0, nullptr, nullptr) != 0) fail("PTRACE_TRACEME");
  execvp(command[0], command);
  fail(command[0]);
}

// What makes a descriptor or looks something up is gone with the process; a map may be pinned, so
// that writing into it counts.
constexpr auto kBpfCommandsInside = std::to_array<std::uint64_t>(
    {BPF_MAP_CREATE, BPF_PROG_LOAD, BPF_BTF_LOAD, BPF_OBJ_GET, BPF_MAP_LOOKUP_ELEM,
     BPF_MAP_LOOKUP_BATCH, BPF_MAP_GET_NEXT_KEY, BPF_MAP_GET_FD_BY_ID, BPF_PROG_GET_FD_BY_ID,
     BPF_LINK_GET_FD_BY_ID, BPF_OBJ_GET_INFO_BY_FD});

// Also closing: death closes everything, and lets go of every lock. What is not named here counts.
constexpr auto kCallsInside = std::to_array<std::uint64_t>(
    {SYS_brk,        SYS_mmap,           SYS_munmap,          SYS_mprotect,        SYS_madvise,
     SYS_capget,     SYS_capset,         SYS_prctl,           SYS_prlimit64,       SYS_rt_sigaction,
     SYS_getrandom,  SYS_rt_sigprocmask, SYS_set_robust_list, SYS_set_tid_address, SYS_rseq,
     SYS_futex,      SYS_clock_gettime,  SYS_gettid,          SYS_getpid,          SYS_geteuid,
     SYS_uname,      SYS_read,           SYS_pread64,         SYS_lseek,           SYS_fstat,
     SYS_newfstatat, SYS_statx,          SYS_fstatfs,         SYS_statfs,          SYS_getdents64,
     SYS_faccessat,  SYS_readlinkat,     SYS_recvmsg,         SYS_recvfrom,        SYS_close,
     SYS_fcntl,      SYS_dup3,           SYS_umask,
#ifdef SYS_access
     SYS_access,     SYS_readlink,       SYS_arch_prctl
#endif
    });

// Of a command that is stopped and goes on: what is written has no name to be found by yet, or is
// renamed later.
constexpr auto kCallsUnnamed = std::to_array<std::uint64_t>(
    {SYS_write, SYS_fsync, SYS_fchmod, SYS_fchown, SYS_flock, SYS_clock_nanosleep, SYS_nanosleep,
     SYS_membarrier, SYS_socket, SYS_bind, SYS_sendto, SYS_sendmsg, SYS_connect, SYS_ioctl,
     SYS_pipe2, SYS_setsockopt, SYS_exit_group, SYS_exit, SYS_getsockname});

// An update to no program only asks whether something is a link.
bool asks_for_a_link(pid_t child, const std::uint64_t* arguments) {
  if (arguments[0] != BPF_LINK_UPDATE) return false;
  errno = 0;
  const long word = ptrace(PTRACE_PEEKDATA, child, arguments[1], nullptr);
  bpf_attr attr{};
  std::memcpy(&attr, &word, sizeof(word));
  return errno == 0 && static_cast<int>(attr.link_update.new_prog_fd) < 0;
}

bool stays_inside(pid_t child, std::uint64_t call, const std::uint64_t* arguments) {
  if (call == SYS_bpf)
    return std::ranges::count(kBpfCommandsInside, arguments[0]) > 0 ||
           asks_for_a_link(child, arguments);
  if (call == SYS_openat) return (arguments[2] & (O_CREAT | O_TRUNC)) == 0;
  return std::ranges::count(kCallsInside, call) > 0;
}

// The number of the system call that the child enters and that counts; else negative.
long entered(pid_t child, bool stops) {
  __ptrace_syscall_info info{};
  if (ptrace(PTRACE_GET_SYSCALL_INFO, child, sizeof info, &info) < 0) fail("GET_SYSCALL_INFO");
  if (info.op != PTRACE_SYSCALL_INFO_ENTRY) return -1;
  if (stays_inside(child, info.entry.nr, info.entry.args)) return -1;
  if (stops && std::ranges::count(kCallsUnnamed, info.entry.nr) > 0) return -1;
  return static_cast<long>(info.entry.nr);
}

int status_of(int status) {
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

// Signals that come meanwhile are the command's.
int go_on(pid_t child) {
  char line[16];
  while (read(STDIN_FILENO, line, sizeof line) < 0 && errno == EINTR) continue;
  int status = 0;
  for (long signal = 0;;) {
    if (ptrace(PTRACE_CONT, child, nullptr, signal) != 0) fail("PTRACE_CONT");
    wait_for(child, status);
    if (!WIFSTOPPED(status)) break;
    signal = WSTOPSIG(status);
  }
  std::printf("went on %d\n", status_of(status));
  return 0;
}

int run(pid_t child, long wanted, bool stops) {
  constexpr int kSystemCall = SIGTRAP | 0x80;
  int status = 0;
  wait_for(child, status);
  if (!WIFSTOPPED(status)) return 3;  // exec failed, and said so
  if (ptrace(PTRACE_SETOPTIONS, child, nullptr, PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL) != 0) {
    fail("PTRACE_SETOPTIONS");
  }
  long count = 0;
  for (long signal = 0;;) {
    if (ptrace(PTRACE_SYSCALL, child, nullptr, signal) != 0) fail("PTRACE_SYSCALL");
    wait_for(child, status);
    if (!WIFSTOPPED(status)) break;
    signal = WSTOPSIG(status) == kSystemCall ? 0 : WSTOPSIG(status);
    if (signal != 0) continue;
    const long call = entered(child, stops);
    if (call < 0 || ++count != wanted) continue;
    if (stops) {
      std::printf("stopped %ld %ld\n", count, call);
      std::fflush(stdout);
      return go_on(child);
    }
    kill(child, SIGKILL);
    wait_for(child, status);
    std::printf("killed %ld %ld\n", count, call);
    return 9;
  }
  std::printf("ran %ld %d\n", count, status_of(status));
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  const bool stops = argc > 1 && std::strcmp(argv[1], "--stop") == 0;
  char** words = argv + (stops ? 2 : 1);
  if (argc - (stops ? 1 : 0) < 3) {
    std::fputs("usage: kill_at [--stop] N COMMAND [ARGUMENT...]\n", stderr);
    return 3;
  }
  const long wanted = std::strtol(words[0], nullptr, 10);
  const pid_t child = fork();
  if (child < 0) fail("fork");
  if (child == 0) {
    if (stops && std::freopen("/dev/null", "r", stdin) == nullptr) fail("/dev/null");
    if (stops && dup2(STDERR_FILENO, STDOUT_FILENO) < 0) fail("dup2");
    become(words + 1);
  }
  return run(child, wanted, stops);
}
