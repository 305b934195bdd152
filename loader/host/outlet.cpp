// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/host/outlet.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <climits>
#include <cstdio>
#include <mutex>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "loader/base/fd.hpp"

namespace apiguard::outlet {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr milliseconds kHurry{2000};

// Writes what there is room for: the number of bytes, or -1 with EAGAIN if there is none.
ssize_t write_socket(int fd, std::string_view text) {
  return send(fd, text.data(), text.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
}

// Somebody else may fill a pipe between the question and the write; only a description of its own
// (Reopened) is safe from that. A pipe that has room takes PIPE_BUF bytes.
ssize_t write_asking(int fd, std::string_view text) {
  pollfd asked{fd, POLLOUT, 0};
  if (poll(&asked, 1, 0) == 0) {
    errno = EAGAIN;
    return -1;
  }
  return write(fd, text.data(), std::min<std::size_t>(text.size(), PIPE_BUF));
}

// The pipe or terminal behind a descriptor, opened once more: O_NONBLOCK is then ours alone.
class Reopened {
 public:
  [[nodiscard]] const Fd& of(int fd, const struct stat& info) {
    const Identity identity{info.st_dev, info.st_ino, info.st_rdev};
    if (std::exchange(identity_, identity) == identity) return fd_;
    const std::string path = fmt::format("/proc/self/fd/{}", fd);
    fd_ = Fd(open(path.c_str(), O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
    return fd_;
  }

 private:
  using Identity = std::array<std::uint64_t, 3>;
  Identity identity_{};
  Fd fd_;
};

struct Stream {
  Reopened reopened;
  // what is to go first
  std::string kept;
};

struct State {
  // the thread that shows progress writes, too
  std::recursive_mutex mutex;
  std::array<Stream, 3> streams;
  bool never_wait = false;
  int hurries = 0;
  steady_clock::time_point patient_until;
  std::uint64_t dropped = 0;
  std::uint64_t told = 0;
};

// Never destroyed: messages come up to the last moment.
State& state() {
  static State& one = *new State;
  return one;
}

ssize_t write_now(Stream& stream, int fd, std::string_view text) {
  struct stat info {};
  if (fstat(fd, &info) != 0) return -1;
  if (S_ISSOCK(info.st_mode)) return write_socket(fd, text);
  if (!S_ISFIFO(info.st_mode) && !S_ISCHR(info.st_mode)) return write(fd, text.data(), text.size());
  const Fd& own = stream.reopened.of(fd, info);
  return own ? write(own.get(), text.data(), text.size()) : write_asking(fd, text);
}

enum class Pushed { kAll, kNoRoom, kBroken };

// Broken: nobody will ever read it.
Pushed push(Stream& stream, int fd, std::string_view& text) {
  while (!text.empty()) {
    const ssize_t written = write_now(stream, fd, text);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) {
      const bool no_room = errno == EAGAIN || errno == EWOULDBLOCK || errno == ENOBUFS;
      return no_room ? Pushed::kNoRoom : Pushed::kBroken;
    }
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return Pushed::kAll;
}

Pushed push_kept(Stream& stream, int fd) {
  std::string_view rest = stream.kept;
  const Pushed pushed = push(stream, fd, rest);
  if (pushed == Pushed::kBroken) rest = {};
  stream.kept.erase(0, stream.kept.size() - rest.size());
  return pushed;
}

// A message is written as a whole, sooner or later, or dropped as a whole.
bool put_or_drop(State& now, int fd, std::string_view text) {
  Stream& stream = now.streams[static_cast<std::size_t>(fd)];
  std::string_view rest = text;
  Pushed pushed = push_kept(stream, fd);
  if (pushed == Pushed::kAll) pushed = push(stream, fd, rest);
  if (pushed == Pushed::kAll) return true;
  if (pushed == Pushed::kNoRoom && rest.size() != text.size()) {
    stream.kept.append(rest);
    return true;
  }
  ++now.dropped;
  return false;
}

bool wait_for_room(int fd, steady_clock::time_point until) {
  const auto left = std::chrono::duration_cast<milliseconds>(until - steady_clock::now());
  pollfd asked{fd, POLLOUT, 0};
  return left.count() > 0 && poll(&asked, 1, static_cast<int>(left.count())) > 0;
}

void put_hurrying(State& now, int fd, std::string_view text) {
  Stream& stream = now.streams[static_cast<std::size_t>(fd)];
  stream.kept.append(text);
  while (push_kept(stream, fd) == Pushed::kNoRoom && wait_for_room(fd, now.patient_until)) {
  }
}

void put_patiently(int fd, std::string_view text) {
  std::FILE* file = fd == STDOUT_FILENO ? stdout : stderr;
  std::fwrite(text.data(), 1, text.size(), file);
}

void write_what_was_kept() {
  State& now = state();
  for (const int fd : {STDOUT_FILENO, STDERR_FILENO}) {
    const std::string kept =
        std::exchange(now.streams[static_cast<std::size_t>(fd)].kept, std::string());
    put_patiently(fd, kept);
  }
}

// Ours to say: nothing else does when there is room again.
void tell_dropped(State& now) {
  if (now.dropped == now.told) return;
  const std::uint64_t before = now.dropped;
  const std::string text = fmt::format(
      "apiguard: {} messages were dropped because nobody read them\n", before - now.told);
  if (put_or_drop(now, STDERR_FILENO, text)) {
    now.told = before;
  } else {
    now.dropped = before;
  }
}

}  // namespace

void put(int fd, std::string_view text) {
  State& now = state();
  const std::unique_lock lock(now.mutex);
  if (now.never_wait) {
    tell_dropped(now);
    (void)put_or_drop(now, fd, text);
  } else if (now.hurries > 0) {
    if (fd == STDOUT_FILENO) std::fflush(stdout);
    put_hurrying(now, fd, text);
  } else {
    put_patiently(fd, text);
  }
}

void put_if_room(int fd, std::string_view text) {
  State& now = state();
  const std::unique_lock lock(now.mutex);
  Stream& stream = now.streams[static_cast<std::size_t>(fd)];
  if (stream.kept.empty()) (void)push(stream, fd, text);
}

void never_wait() { state().never_wait = true; }

void wait_as_verbs_do() {
  State& now = state();
  now.never_wait = false;
  now.hurries = 0;  // locks of the process that forked are not held here
  for (Stream& stream : now.streams) stream = Stream();
}

std::uint64_t dropped() { return state().dropped; }

void count_dropped() { ++state().dropped; }

void catch_up() {
  State& now = state();
  if (push_kept(now.streams[STDERR_FILENO], STDERR_FILENO) == Pushed::kAll) tell_dropped(now);
}

Hurry::Hurry() {
  State& now = state();
  const std::unique_lock lock(now.mutex);
  if (now.hurries++ == 0) now.patient_until = steady_clock::now() + kHurry;
}

Hurry::Hurry(const Hurry&) : Hurry() {}

Hurry::Hurry(Hurry&&) noexcept : Hurry() {}

Hurry::~Hurry() {
  State& now = state();
  const std::unique_lock lock(now.mutex);
  if (--now.hurries == 0 && !now.never_wait) write_what_was_kept();
}

}  // namespace apiguard::outlet
