// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/host/queue.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <ctime>
#include <set>
#include <string_view>

#include "loader/base/disbelief.hpp"
#include "loader/base/fence.hpp"
#include "loader/host/files.hpp"

namespace apiguard {
namespace {

constexpr const char* kTicket = ".ticket";
constexpr const char* kTaken = ".taken";
constexpr const char* kAnswer = ".answer";
constexpr std::string_view kEnters = ".enters-";  // a ticket that is being written
constexpr std::string_view kNew = ".new-";        // an answer
// Somebody who floods the folder is root; a verb looks at so many names and not at all of them.
constexpr std::size_t kMostNames = 8192;

std::string folder_of_queue(const std::string& run_dir) { return run_dir + "/queue"; }

std::string new_name() {
  timespec time{};
  clock_gettime(CLOCK_BOOTTIME, &time);
  const auto nanoseconds = static_cast<std::uint64_t>(time.tv_sec) * 1'000'000'000 +
                           static_cast<std::uint64_t>(time.tv_nsec);
  std::uint64_t random = 0;
  if (getrandom(&random, sizeof(random), GRND_NONBLOCK) != sizeof(random)) random = nanoseconds;
  return fmt::format("{:020}-{}-{:016x}", nanoseconds, getpid(), random);
}

bool write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = write(fd, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

// A file of its own that has no name yet which anybody looks for.
Result<Fd> write_new(const std::string& path, std::string_view text) {
  Fd fd(open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
  const int os_error = errno;
  if (!fd) return fail_os("file", path, "create", os_error);
  if (flock(fd.get(), LOCK_EX | LOCK_NB) == 0 && write_all(fd.get(), text)) return fd;
  const int written = errno;
  unlink(path.c_str());
  return fail_os("file", path, "write", written);
}

bool is_believed(const struct stat& info) {
  return S_ISREG(info.st_mode) && (info.st_uid == 0 || info.st_uid == geteuid()) &&
         (info.st_mode & (S_IWGRP | S_IWOTH)) == 0 &&
         static_cast<std::uint64_t>(info.st_size) <= kMaxTicket;
}

Fd open_believed(const std::string& path) {
  Fd fd(open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  struct stat info {};
  if (!fd || fstat(fd.get(), &info) != 0 || !is_believed(info)) return {};
  return fd;
}

std::optional<std::string> read_believed(int fd) {
  std::string text(kMaxTicket + 1, '\0');
  std::size_t filled = 0;
  while (filled < text.size()) {
    const ssize_t got =
        pread(fd, text.data() + filled, text.size() - filled, static_cast<off_t>(filled));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return std::nullopt;
    if (got == 0) break;
    filled += static_cast<std::size_t>(got);
  }
  if (filled > kMaxTicket) return std::nullopt;
  text.resize(filled);
  return text;
}

// The process that waits holds it. Asked for a moment only, which no waiter notices: it never asks.
bool is_alive(int fd) {
  if (flock(fd, LOCK_SH | LOCK_NB) != 0) return errno == EWOULDBLOCK;
  flock(fd, LOCK_UN);
  return false;
}

bool ends_with(std::string_view name, std::string_view suffix) {
  return name.size() > suffix.size() && name.substr(name.size() - suffix.size()) == suffix;
}

// The ticket that a file belongs to; empty: to none.
std::string ticket_of(const std::string& name) {
  for (const char* suffix : {kTicket, kTaken, kAnswer}) {
    if (ends_with(name, suffix)) return name.substr(0, name.rfind('.'));
  }
  return "";
}

}  // namespace

// ---- who waits ---------------------------------------------------------------------------------

Result<Ticket> Ticket::enter(const std::string& run_dir, const std::string& text) {
  if (disbelief::find(run_dir) != nullptr)
    return fail(Exit::kFailed, fmt::format("directory '{}': not trusted", run_dir));
  if (text.size() > kMaxTicket) return fail(Exit::kFailed, "ticket: too long");
  const std::string folder = folder_of_queue(run_dir);
  if (auto made = make_directory(folder, 0700); !made) return fail(made.error());
  std::string name = new_name();
  const std::string fresh = fmt::format("{}/{}{}", folder, kEnters, name);
  auto fd = write_new(fresh, text);
  if (!fd) return fail(fd.error());
  if (std::rename(fresh.c_str(), fmt::format("{}/{}{}", folder, name, kTicket).c_str()) == 0)
    return Ticket(folder, std::move(name), std::move(*fd));
  const int os_error = errno;
  unlink(fresh.c_str());
  return fail_os("file", fresh, "rename", os_error);
}

std::string Ticket::path(const char* suffix) const {
  return fmt::format("{}/{}{}", folder_, name_, suffix);
}

bool Ticket::is_answered() const { return access(path(kAnswer).c_str(), F_OK) == 0; }

std::optional<std::string> Ticket::answer() const {
  const Fd fd = open_believed(path(kAnswer));
  return fd ? read_believed(fd.get()) : std::nullopt;
}

bool Ticket::withdraw() {
  if (unlink(path(kTicket).c_str()) != 0) return false;
  withdrawn_ = true;
  return true;
}

Ticket::Ticket(Ticket&& other) noexcept
    : folder_(std::move(other.folder_)),
      name_(std::exchange(other.name_, {})),
      withdrawn_(other.withdrawn_),
      fd_(std::move(other.fd_)) {}

Ticket::~Ticket() {
  if (name_.empty() || withdrawn_) return;
  for (const char* suffix : {kTicket, kTaken, kAnswer}) unlink(path(suffix).c_str());
}

// ---- who leads ---------------------------------------------------------------------------------

Queue::Queue(const std::string& run_dir) : folder_(folder_of_queue(run_dir)) {}

std::string Queue::path(const std::string& name, const char* suffix) const {
  return fmt::format("{}/{}{}", folder_, name, suffix);
}

std::vector<Queue::Waiting> Queue::waiting(const std::string& own, std::size_t most) const {
  auto names = list_directory(folder_).value_or(std::vector<std::string>());
  names.resize(std::min(names.size(), kMostNames));
  std::vector<Waiting> waiting;
  std::set<std::string> alive{own};
  for (const std::string& file : names) {
    if (ends_with(file, kAnswer)) continue;  // sorts before its ticket
    const std::string name = ticket_of(file);
    if (name.empty() || waiting.size() >= most) continue;
    const Fd fd = open_believed(folder_ + "/" + file);
    if (name != own && (!fd || !is_alive(fd.get()))) {
      unlink((folder_ + "/" + file).c_str());
      continue;
    }
    alive.insert(name);
    auto text = fd && access(path(name, kAnswer).c_str(), F_OK) != 0 ? read_believed(fd.get())
                                                                     : std::nullopt;
    if (text) waiting.push_back({name, std::move(*text)});
  }
  if (waiting.size() >= most) return waiting;
  for (const std::string& file : names) {
    if (ends_with(file, kAnswer) && !alive.contains(ticket_of(file)))
      unlink((folder_ + "/" + file).c_str());
  }
  return waiting;
}

bool Queue::take(const std::string& name, const std::string& own) const {
  const std::string taken = path(name, kTaken);
  if (std::rename(path(name, kTicket).c_str(), taken.c_str()) != 0 && errno != ENOENT) return false;
  const Fd fd = open_believed(taken);
  return fd && (name == own || is_alive(fd.get()));
}

bool Queue::is_waiting(const std::string& name) const {
  const Fd fd = open_believed(path(name, kTaken));
  return fd && is_alive(fd.get());
}

Result<> Queue::answer(const std::string& name, const std::string& text) const {
  const std::string fresh = fmt::format("{}/{}{}-{}", folder_, kNew, fence::token(), name);
  if (const auto written = write_new(fresh, text); !written) return fail(written.error());
  if (auto ours = fence::check(); !ours) {
    unlink(fresh.c_str());
    return ours;
  }
  if (std::rename(fresh.c_str(), path(name, kAnswer).c_str()) == 0) return {};
  const int os_error = errno;
  unlink(fresh.c_str());
  return fence::explain(fail_os("file", fresh, "rename", os_error));
}

// Who is about to queue holds its file and is left alone. Who answers holds the lock, or held it.
void Queue::remove_leftovers() const {
  if (disbelief::find(folder_) != nullptr) return;
  for (const std::string& file : list_directory(folder_).value_or(std::vector<std::string>())) {
    const bool enters = file.starts_with(kEnters);
    if (!enters && !file.starts_with(kNew)) continue;
    const std::string path = folder_ + "/" + file;
    const Fd fd = enters ? open_believed(path) : Fd();
    if (!fd || !is_alive(fd.get())) unlink(path.c_str());
  }
}

}  // namespace apiguard
