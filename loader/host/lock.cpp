// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The file is made once and never removed: two processes that lock two files of one name exclude
// nobody.
#include "loader/host/lock.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <string_view>
#include <thread>

#include "loader/disbelief.hpp"
#include "loader/host/files.hpp"

namespace apiguard {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr milliseconds kPause{20};
constexpr std::size_t kMaxText = 200;

// On a read-only file system the lock that lies there still serves: flock needs no writable
// descriptor.
Result<Fd> open_lock(const std::string& path) {
  Fd fd(open(path.c_str(), O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!fd && errno == EROFS) fd = Fd(open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
  if (!fd) {
    const int os_error = errno;
    return fail_os("lock", path, "open", os_error);
  }
  return fd;
}

// Something else (a service manager that clears its runtime folder) may have removed what we wait
// for.
bool is_current(int fd, const std::string& path) {
  struct stat ours {};
  struct stat named {};
  return fstat(fd, &ours) == 0 && stat(path.c_str(), &named) == 0 && ours.st_dev == named.st_dev &&
         ours.st_ino == named.st_ino;
}

std::string visible(std::string_view text) {
  std::string out(text.substr(0, kMaxText));
  std::replace_if(
      out.begin(), out.end(),
      [](char c) { return static_cast<unsigned char>(c) < ' ' || c == 0x7f; }, ' ');
  return out;
}

struct Holder {
  int pid = 0;
  std::string verb;
};

// "123 apply\n". The holder may be about to write it.
std::optional<Holder> read_holder(int fd) {
  std::array<char, kMaxText + 32> buffer{};
  const ssize_t got = pread(fd, buffer.data(), buffer.size(), 0);
  std::string_view text(buffer.data(), got > 0 ? static_cast<std::size_t>(got) : 0);
  text = text.substr(0, text.find('\n'));
  Holder holder;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), holder.pid);
  if (error != std::errc{} || holder.pid <= 0) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  if (text.size() >= 2) holder.verb = visible(text.substr(1));
  return holder;
}

// "pid 123 (apply)"
std::string describe_holder(int fd) {
  const auto holder = read_holder(fd);
  if (!holder) return "another process";
  if (holder->verb.empty()) return fmt::format("pid {}", holder->pid);
  return fmt::format("pid {} ({})", holder->pid, holder->verb);
}

bool is_locked(const Fd& fd) {
  return fd && flock(fd.get(), LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
}

Fd open_to_read(const std::string& run_dir, const char* name) {
  if (disbelief::find(run_dir) != nullptr) return Fd();
  const std::string path = run_dir + "/" + name;
  return Fd(open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
}

// Only for the message of others, so a full disk is no reason to fail.
void write_holder(int fd, const std::string& verb) {
  const std::string text = fmt::format("{} {}\n", getpid(), visible(verb));
  if (ftruncate(fd, 0) != 0) return;
  [[maybe_unused]] const ssize_t written = pwrite(fd, text.data(), text.size(), 0);
}

std::string show(milliseconds time) {
  if (time.count() % 1000 == 0) return fmt::format("{} s", time.count() / 1000);
  return fmt::format("{} ms", time.count());
}

tl::unexpected<Error> fail_held(const std::string& path, int fd, milliseconds patience) {
  return fail(Exit::kFailed,
              fmt::format("lock '{}': held by {}: gave up after {}; wait for it or end it", path,
                          describe_holder(fd), show(patience)),
              EWOULDBLOCK);
}

}  // namespace

Result<Lock> Lock::take(const std::string& run_dir, const std::string& verb, milliseconds patience,
                        const char* name) {
  if (Result<> made = make_directory(run_dir, 0755); !made) return fail(made.error());
  const std::string path = run_dir + "/" + name;
  Result<Fd> fd = open_lock(path);
  if (!fd) return fail(fd.error());

  const steady_clock::time_point end = steady_clock::now() + patience;
  while (true) {
    const bool locked = flock(fd->get(), LOCK_EX | LOCK_NB) == 0;
    const int os_error = errno;
    if (locked && is_current(fd->get(), path)) break;
    if (!locked && os_error != EWOULDBLOCK && os_error != EINTR) {
      return fail_os("lock", path, "lock", os_error);
    }
    if (steady_clock::now() >= end) return fail_held(path, fd->get(), patience);
    if (locked) {
      fd = open_lock(path);
      if (!fd) return fail(fd.error());
      continue;
    }
    std::this_thread::sleep_for(kPause);
  }
  write_holder(fd->get(), verb);
  return Lock(*std::move(fd));
}

bool Lock::is_held(const std::string& run_dir, const char* name) {
  return is_locked(open_to_read(run_dir, name));
}

std::string Lock::describe_holder(const std::string& run_dir, const char* name) {
  const Fd fd = open_to_read(run_dir, name);
  return apiguard::describe_holder(fd.get());
}

std::optional<int> Lock::holder(const std::string& run_dir, const char* name) {
  const Fd fd = open_to_read(run_dir, name);
  if (!is_locked(fd)) return std::nullopt;
  const auto holder = read_holder(fd.get());
  return holder ? std::optional(holder->pid) : std::nullopt;
}

}  // namespace apiguard
