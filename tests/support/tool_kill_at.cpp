// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// kill_at N COMMAND [ARGUMENT...]: runs the command and kills it (SIGKILL) when it enters its N-th
// system call after exec, which therefore does not happen. Prints "killed N CALL" with the number
// of the call, status 9; or, if the command ended before, "ran COUNT STATUS", status 0. With N = 0
// it counts. Threads and children of the command are not followed.
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>

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

// Negative: stopped for something else than entering a system call.
long entered(pid_t child) {
  __ptrace_syscall_info info{};
  if (ptrace(PTRACE_GET_SYSCALL_INFO, child, sizeof info, &info) < 0) fail("GET_SYSCALL_INFO");
  return info.op == PTRACE_SYSCALL_INFO_ENTRY ? static_cast<long>(info.entry.nr) : -1;
}

int run(pid_t child, long wanted) {
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
    const long call = entered(child);
    if (call < 0 || ++count != wanted) continue;
    kill(child, SIGKILL);
    wait_for(child, status);
    std::printf("killed %ld %ld\n", count, call);
    return 9;
  }
  std::printf("ran %ld %d\n", count,
              WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) {
    std::fputs("usage: kill_at N COMMAND [ARGUMENT...]\n", stderr);
    return 3;
  }
  const long wanted = std::strtol(argv[1], nullptr, 10);
  const pid_t child = fork();
  if (child < 0) fail("fork");
  if (child == 0) become(argv + 2);
  return run(child, wanted);
}
