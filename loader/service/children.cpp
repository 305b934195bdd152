// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/service/children.hpp"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <utility>

#include <fmt/format.h>

#include "loader/host/outlet.hpp"

namespace apiguard::service {
namespace {

constexpr int kNotStarted = 127;
constexpr int kPiecesAtOnce = 16;
constexpr std::size_t kLongestLine = 8192;
constexpr auto kStopped = std::chrono::seconds(10);

struct Pipe {
  Fd read;
  Fd write;
};

// Two descriptions of one pipe: only ours does not wait. Neither where there are no descriptors:
// then the process prints where we do.
Pipe open_pipe() {
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) return {};
  Pipe pipe{Fd(ends[0]), Fd(ends[1])};
  if (fcntl(ends[0], F_SETFL, O_NONBLOCK) != 0) return {};
  return pipe;
}

// In the child. It is not to die of it if the supervisor does.
void speak_into(const Fd& pipe) {
  outlet::wait_as_verbs_do();
  (void)signal(SIGPIPE, SIG_IGN);
  if (!pipe || dup2(pipe.get(), STDERR_FILENO) < 0) return;
  setenv(kMarkedStream, stream_name(STDERR_FILENO).c_str(), 1);
}

// What the supervisor blocks to read it from a descriptor reaches a child as usual.
void unblock_signals() {
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
}

int become_verb(const Host& host, const std::vector<std::string>& verb) {
  const int nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
  if (nothing < 0 || dup2(nothing, STDIN_FILENO) < 0 || dup2(STDERR_FILENO, STDOUT_FILENO) < 0)
    return kNotStarted;
  std::vector<std::string> words{"apiguard",    "--config",     host.config,
                                 "--state-dir", host.state_dir, "--run-dir",
                                 host.run_dir,  "--pin-dir",    host.pin_dir};
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
  Pipe pipe = open_pipe();
  const pid_t pid = fork();
  if (pid < 0) return false;
  if (pid == 0) {
    speak_into(pipe.write);
    unblock_signals();
    _exit(work());
  }
  running_.emplace(pid, Child{name, std::move(ended), std::move(pipe.read), "", false});
  listen(pid);
  return true;
}

void Children::listen(pid_t pid) {
  const int fd = running_.at(pid).says.get();
  if (fd < 0) return;
  loop_.watch(fd, [this, pid] {
    const auto at = running_.find(pid);
    if (at != running_.end()) hear_all(at->second);
  });
}

// All that is there by now; not more, of one that never stops.
void Children::hear_all(Child& child) {
  std::array<char, 4096> buffer{};
  for (int pieces = 0; child.says && pieces < kPiecesAtOnce; ++pieces) {
    const ssize_t got = read(child.says.get(), buffer.data(), buffer.size());
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (got <= 0) {
      loop_.unwatch(child.says.get());
      child.says = Fd();
      break;
    }
    child.line.append(buffer.data(), static_cast<std::size_t>(got));
    for (std::size_t end = 0; (end = child.line.find('\n')) != std::string::npos;) {
      hear_(child.name, read_mark(child.line.substr(0, end)));
      child.line.erase(0, end + 1);
    }
    if (child.line.size() > kLongestLine)
      hear_(child.name, read_mark(std::exchange(child.line, "")));
  }
}

bool Children::start_verb(const std::string& name, const std::vector<std::string>& verb,
                          Ended ended) {
  return start(
      name, [this, &verb] { return become_verb(host_, verb); }, std::move(ended));
}

bool Children::runs(const std::string& name) const {
  return std::any_of(running_.begin(), running_.end(),
                     [&](const auto& child) { return child.second.name == name; });
}

void Children::reap() {
  int status = 0;
  for (pid_t pid = 0; (pid = waitpid(-1, &status, WNOHANG | WUNTRACED | WCONTINUED)) > 0;) {
    const auto at = running_.find(pid);
    if (at == running_.end()) continue;
    if (WIFSTOPPED(status) || WIFCONTINUED(status)) {
      if (std::exchange(at->second.stopped, WIFSTOPPED(status)) != WIFSTOPPED(status) &&
          WIFSTOPPED(status))
        stopped(pid, at->second);
      continue;
    }
    Child child = std::move(at->second);
    running_.erase(at);
    hear_all(child);
    if (!child.line.empty()) hear_(child.name, read_mark(child.line));
    if (child.says) loop_.unwatch(child.says.get());
    child.ended(WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
  }
}

void Children::stopped(pid_t pid, Child& child) {
  hear_(child.name,
        {Level::kWarning,
         fmt::format(
             "apiguard: process '{}' (pid {}) is stopped: it is killed in {} s unless it resumes",
             child.name, pid, kStopped.count())});
  loop_.after(kStopped, [this, pid] { end_if_stopped(pid); });
}

// Killed at any moment it loses nothing.
void Children::end_if_stopped(pid_t pid) {
  const auto at = running_.find(pid);
  if (at != running_.end() && at->second.stopped) kill(pid, SIGKILL);
}

}  // namespace apiguard::service
