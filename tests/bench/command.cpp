// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "tests/bench/command.hpp"

#include <fcntl.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <sstream>

#include "loader/base/fd.hpp"
#include "tests/bench/programs.hpp"

namespace apiguard::bench {
namespace {

// Our own thread may be bound to one CPU; a program that is timed is not.
void use_all_cpus() {
  cpu_set_t all;
  CPU_ZERO(&all);
  for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) CPU_SET(cpu, &all);
  sched_setaffinity(0, sizeof(all), &all);
}

[[noreturn]] void become(const std::vector<char*>& words, int output) {
  use_all_cpus();
  const int nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
  dup2(nothing, STDIN_FILENO);
  dup2(output, STDOUT_FILENO);
  dup2(output, STDERR_FILENO);
  execvp(words[0], words.data());
  _exit(127);
}

std::string content_of(int fd) {
  std::string text;
  text.resize(static_cast<std::size_t>(lseek(fd, 0, SEEK_END)));
  const ssize_t got = pread(fd, text.data(), text.size(), 0);
  text.resize(got < 0 ? 0 : static_cast<std::size_t>(got));
  return text;
}

double seconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
}

}  // namespace

Outcome run(const std::vector<std::string>& command) {
  std::vector<char*> words;
  for (const std::string& word : command) words.push_back(const_cast<char*>(word.c_str()));
  words.push_back(nullptr);
  const Fd output(memfd_create("output", MFD_CLOEXEC));
  const auto start = std::chrono::steady_clock::now();
  // vfork: a fork would copy page tables for longer than the small verbs take.
  const pid_t child = vfork();
  if (child == 0) become(words, output.get());
  if (child < 0) broken("start " + command[0]);
  int status = 0;
  rusage usage{};
  if (wait4(child, &status, 0, &usage) != child) broken("wait for " + command[0]);
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
  return {WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status),
          content_of(output.get()),
          took.count(),
          seconds(usage.ru_utime),
          seconds(usage.ru_stime),
          usage.ru_maxrss};
}

Outcome must_run(const std::vector<std::string>& command) {
  Outcome outcome = run(command);
  if (outcome.status == 0) return outcome;
  std::string text;
  for (const std::string& word : command) text += word + " ";
  broken(text + "ended with status " + std::to_string(outcome.status) + ":\n" +
         outcome.output.substr(0, 2000));
}

Outcome must(const std::string& command) {
  std::istringstream stream(command);
  std::vector<std::string> words;
  for (std::string word; stream >> word;) words.push_back(word);
  return must_run(words);
}

}  // namespace apiguard::bench
