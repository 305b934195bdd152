// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/service/children.hpp"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <utility>

namespace apiguard::service {
namespace {

constexpr int kNotStarted = 127;

// What the supervisor blocks to read it from a descriptor reaches a child as usual.
void unblock_signals() {
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
}

int become_verb(const Places& places, const std::vector<std::string>& verb) {
  const int nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
  if (nothing < 0 || dup2(nothing, STDIN_FILENO) < 0 || dup2(STDERR_FILENO, STDOUT_FILENO) < 0)
    return kNotStarted;
  std::vector<std::string> words{"apiguard",     "--config",       places.config,
                                 "--state-dir",  places.state_dir, "--run-dir",
                                 places.run_dir, "--pin-dir",      places.pin_dir};
  words.insert(words.end(), verb.begin(), verb.end());
  std::vector<char*> argv;
  argv.reserve(words.size() + 1);
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  execv("/proc/self/exe", argv.data());
  return kNotStarted;
}

}  // namespace

bool Children::start(const std::string& name, const std::function<int()>& work, Ended ended) {
  if (runs(name)) return false;
  const pid_t pid = fork();
  if (pid < 0) return false;
  if (pid == 0) {
    unblock_signals();
    _exit(work());
  }
  running_.emplace(pid, Child{name, std::move(ended)});
  return true;
}

bool Children::start_verb(const std::string& name, const std::vector<std::string>& verb,
                          Ended ended) {
  return start(
      name, [this, &verb] { return become_verb(places_, verb); }, std::move(ended));
}

bool Children::runs(const std::string& name) const {
  return std::any_of(running_.begin(), running_.end(),
                     [&](const auto& child) { return child.second.name == name; });
}

void Children::reap() {
  int status = 0;
  for (pid_t pid = 0; (pid = waitpid(-1, &status, WNOHANG)) > 0;) {
    const auto at = running_.find(pid);
    if (at == running_.end()) continue;
    const Ended ended = std::move(at->second.ended);
    running_.erase(at);
    ended(WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
  }
}

}  // namespace apiguard::service
