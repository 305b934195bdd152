// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The file is never removed: two processes that lock two files of one name exclude nobody. It is
// replaced by a verb that overtakes, and everybody looks whether the file they have locked, or wait
// for, is still the one of that name.
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
#include <cstdint>
#include <cstdio>
#include <ctime>
#include <fstream>
#include <string_view>
#include <thread>

#include "loader/base/disbelief.hpp"
#include "loader/base/fence.hpp"
#include "loader/host/files.hpp"

namespace apiguard {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr milliseconds kPause{20};
constexpr milliseconds kLongPause{50};
constexpr milliseconds kSoon{1000};
// To replace the lock takes microseconds. Who is stopped in the middle of it is not waited for.
constexpr milliseconds kReplacing{1000};
constexpr std::size_t kMaxText = 200;
constexpr std::string_view kNumber = "number ";
constexpr std::string_view kOvertaken = "overtaken by ";

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

enum class Named { kThis, kAnother, kNothing };

// Which file has the name now. Something else (a service manager that clears its runtime folder)
// may have removed it.
Named named(int fd, const std::string& path) {
  struct stat ours {};
  struct stat there {};
  if (fstat(fd, &ours) != 0) return Named::kNothing;
  if (stat(path.c_str(), &there) != 0) return Named::kNothing;
  const bool same = ours.st_dev == there.st_dev && ours.st_ino == there.st_ino;
  return same ? Named::kThis : Named::kAnother;
}

bool is_current(int fd, const std::string& path) { return named(fd, path) == Named::kThis; }

// ---- the text

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

// The file may be about to be written, or that of another version.
std::string read_file(int fd) {
  std::array<char, 4 * kMaxText> buffer{};
  const ssize_t got = pread(fd, buffer.data(), buffer.size(), 0);
  return {buffer.data(), got > 0 ? static_cast<std::size_t>(got) : 0};
}

// "123 apply\n"
std::optional<Holder> read_holder(int fd) {
  const std::string file = read_file(fd);
  std::string_view text(file);
  text = text.substr(0, text.find('\n'));
  Holder holder;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), holder.pid);
  if (error != std::errc{} || holder.pid <= 0) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  if (text.size() >= 2) holder.verb = visible(text.substr(1));
  return holder;
}

// What stands behind this word, in a line of its own behind the first.
std::optional<std::string> read_line(int fd, std::string_view word) {
  const std::string file = read_file(fd);
  const std::size_t at = file.find("\n" + std::string(word));
  if (at == std::string::npos) return std::nullopt;
  const std::size_t from = at + 1 + word.size();
  return visible(file.substr(from, file.find('\n', from) - from));
}

// 0 where there is none.
std::uint64_t read_number(int fd) {
  const std::string text = read_line(fd, kNumber).value_or(std::string());
  std::uint64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

std::string describe(const std::optional<Holder>& holder) {
  if (!holder) return "another process";
  if (holder->verb.empty()) return fmt::format("pid {}", holder->pid);
  return fmt::format("pid {} ({})", holder->pid, holder->verb);
}

// The text is for messages and for names that carry the pid as well, so a full disk is no reason to
// fail.
void write_holder(int fd, const std::string& verb, std::uint64_t number) {
  const std::string text = fmt::format("{} {}\n{}{}\n", getpid(), visible(verb), kNumber, number);
  if (ftruncate(fd, 0) != 0) return;
  [[maybe_unused]] const ssize_t written = pwrite(fd, text.data(), text.size(), 0);
}

// For who holds the old file and goes on one day.
void write_overtaken(int fd, const std::string& verb) {
  struct stat info {};
  if (fstat(fd, &info) != 0) return;
  const std::string text = fmt::format("{}pid {} ({})\n", kOvertaken, getpid(), visible(verb));
  [[maybe_unused]] const ssize_t written = pwrite(fd, text.data(), text.size(), info.st_size);
}

std::string show(milliseconds time) {
  if (time.count() % 1000 == 0) return fmt::format("{} s", time.count() / 1000);
  return fmt::format("{} ms", time.count());
}

// By when the text was written.
std::string since(int fd) {
  struct stat info {};
  if (fstat(fd, &info) != 0) return "";
  const std::int64_t seconds = std::max<std::int64_t>(0, std::time(nullptr) - info.st_mtime);
  return fmt::format(", for {} s", seconds);
}

tl::unexpected<Error> fail_held(const std::string& path, int fd, milliseconds patience) {
  const auto holder = read_holder(fd);
  std::string text = fmt::format("lock '{}': held by {}", path, describe(holder));
  if (holder && is_stopped(holder->pid)) {
    text += fmt::format(
        ", which is stopped: gave up after {}; 'kill -CONT {}' resumes it, 'kill -9 {}' ends it, "
        "and 'apiguard mode off', 'rollback' and 'detach' do not wait for it",
        show(patience), holder->pid, holder->pid);
  } else {
    text += fmt::format(": gave up after {}; wait for it or end it", show(patience));
  }
  return fail(Exit::kFailed, std::move(text), EWOULDBLOCK);
}

// ---- waiting

enum class Turn { kOurs, kTheirs, kReplaced };

// kReplaced: `fd` is now the file that has the name.
Result<Turn> try_once(Fd& fd, const std::string& path) {
  const bool locked = flock(fd.get(), LOCK_EX | LOCK_NB) == 0;
  const int os_error = errno;
  if (!locked && os_error != EWOULDBLOCK && os_error != EINTR)
    return fail_os("lock", path, "lock", os_error);
  if (is_current(fd.get(), path)) return locked ? Turn::kOurs : Turn::kTheirs;
  auto another = open_lock(path);
  if (!another) return fail(another.error());
  fd = std::move(*another);
  return Turn::kReplaced;
}

struct Patience {
  milliseconds at_first;
  // with one that overtook meanwhile; none: no longer
  std::optional<milliseconds> anew;
};

// As wait_for(), for whoever may be served meanwhile. A lock that changes hands has another number.
enum class Waited { kGot, kServed, kInVain };
Result<Waited> wait_or_be_served(Fd& fd, const std::string& path, milliseconds patience,
                                 const std::function<bool()>& served) {
  const steady_clock::time_point begin = steady_clock::now();
  steady_clock::time_point end = begin + patience;
  std::uint64_t number = read_number(fd.get());
  while (true) {
    if (served()) return Waited::kServed;
    const auto turn = try_once(fd, path);
    if (!turn) return fail(turn.error());
    if (*turn == Turn::kOurs) return Waited::kGot;
    const steady_clock::time_point now = steady_clock::now();
    if (const std::uint64_t latest = read_number(fd.get()); latest != number) {
      number = latest;
      end = now + patience;
    }
    if (*turn == Turn::kReplaced) continue;
    if (now >= end) return Waited::kInVain;
    // Hundreds may wait: who has waited for long asks less often.
    std::this_thread::sleep_for(now - begin < kSoon ? kPause : kLongPause);
  }
}

// Whether it was got.
Result<bool> wait_for(Fd& fd, const std::string& path, const Patience& patience) {
  steady_clock::time_point end = steady_clock::now() + patience.at_first;
  while (true) {
    const auto turn = try_once(fd, path);
    if (!turn) return fail(turn.error());
    if (*turn == Turn::kOurs) return true;
    if (*turn == Turn::kReplaced) {
      if (patience.anew) end = steady_clock::now() + *patience.anew;
      continue;
    }
    if (steady_clock::now() >= end) return false;
    std::this_thread::sleep_for(kPause);
  }
}

// ---- overtaking

// One verb at a time replaces the lock: it makes this file, which must not be there. A file of one
// that died or stopped in between is removed, and then its rename fails.
class NextFile {
 public:
  explicit NextFile(const std::string& lock) : path_(lock + ".next") {}

  [[nodiscard]] const std::string& path() const { return path_; }

  // None: somebody else is at it.
  Result<std::optional<Fd>> make() {
    Fd fd(open(path_.c_str(), O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
    if (fd) return std::optional(std::move(fd));
    const int os_error = errno;
    if (os_error != EEXIST) return fail_os("lock", path_, "create", os_error);
    if (steady_clock::now() >= seen_ + kReplacing) {
      unlink(path_.c_str());
      seen_ = steady_clock::now();
    }
    return std::optional<Fd>();
  }

 private:
  std::string path_;
  steady_clock::time_point seen_ = steady_clock::now();
};

// Puts a file of ours, locked, in the place of `held`. None: another verb was faster, or is at it.
Result<std::optional<Fd>> replace(const Fd& held, NextFile& next, const std::string& path,
                                  const std::string& verb) {
  auto fresh = next.make();
  if (!fresh || !*fresh) return fresh;
  const int fd = (*fresh)->get();
  if (flock(fd, LOCK_EX | LOCK_NB) != 0) return std::optional<Fd>();
  write_holder(fd, verb, read_number(held.get()) + 1);
  if (is_current(held.get(), path)) {
    // The file may be gone by now, or be put there by one that meant to put its own.
    (void)rename(next.path().c_str(), path.c_str());
    if (is_current(fd, path)) return fresh;
  }
  if (is_current(fd, next.path())) unlink(next.path().c_str());
  return std::optional<Fd>();
}

std::string describe_overtaken(int fd, const std::string& path) {
  const auto holder = read_holder(fd);
  const bool stopped = holder && is_stopped(holder->pid);
  return fmt::format(
      "lock '{}': held by {}{}{}: overtaken: it changes nothing more, and exits when it resumes",
      path, describe(holder), since(fd), stopped ? ", which is stopped" : "");
}

}  // namespace

bool is_stopped(int pid) {
  std::ifstream file(fmt::format("/proc/{}/stat", pid));
  std::string text;
  std::getline(file, text);
  // "12 (name) T 1 ...": the name may hold brackets and blanks.
  const std::size_t at = text.rfind(") ");
  return at != std::string::npos && at + 2 < text.size() &&
         (text[at + 2] == 'T' || text[at + 2] == 't');
}

void Lock::arm(const std::string& path) {
  fences_ = true;
  const int fd = fd_.get();
  const auto look = [fd, path]() -> std::optional<std::string> {
    if (named(fd, path) != Named::kAnother) return std::nullopt;
    if (auto said = read_line(fd, kOvertaken)) return said;
    const Fd now(open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
    return now ? describe(read_holder(now.get())) : "another command";
  };
  fence::arm(fmt::format("{}-{}", read_number(fd), getpid()), look, overtaken_.has_value());
}

Lock::~Lock() {
  if (fd_ && fences_) fence::disarm();
}

Lock Lock::of(Fd fd, const std::string& path, std::optional<std::string> overtaken) {
  Lock lock(std::move(fd));
  lock.overtaken_ = std::move(overtaken);
  lock.arm(path);
  return lock;
}

Result<Lock> Lock::take(const std::string& run_dir, const std::string& verb, milliseconds patience,
                        const char* name) {
  if (Result<> made = make_directory(run_dir, 0755); !made) return fail(made.error());
  const std::string path = run_dir + "/" + name;
  Result<Fd> fd = open_lock(path);
  if (!fd) return fail(fd.error());
  const auto got = wait_for(*fd, path, {patience, std::nullopt});
  if (!got) return fail(got.error());
  if (!*got) return fail_held(path, fd->get(), patience);
  write_holder(fd->get(), verb, read_number(fd->get()) + 1);
  if (std::string_view(name) == kSupervisorLock) return Lock(*std::move(fd));
  return of(*std::move(fd), path, std::nullopt);
}

Result<std::optional<Lock>> Lock::take_unless(const std::string& run_dir, const std::string& verb,
                                              const std::function<bool()>& served,
                                              milliseconds patience) {
  if (Result<> made = make_directory(run_dir, 0755); !made) return fail(made.error());
  const std::string path = run_dir + "/lock";
  Result<Fd> fd = open_lock(path);
  if (!fd) return fail(fd.error());
  const auto waited = wait_or_be_served(*fd, path, patience, served);
  if (!waited) return fail(waited.error());
  if (*waited == Waited::kServed) return std::optional<Lock>();
  if (*waited == Waited::kInVain) return fail_held(path, fd->get(), patience);
  write_holder(fd->get(), verb, read_number(fd->get()) + 1);
  return std::optional(of(*std::move(fd), path, std::nullopt));
}

Result<Lock> Lock::take_or_overtake(const std::string& run_dir, const std::string& verb,
                                    milliseconds patience) {
  if (Result<> made = make_directory(run_dir, 0755); !made) return fail(made.error());
  const std::string path = run_dir + "/lock";
  Result<Fd> held = open_lock(path);
  if (!held) return fail(held.error());
  NextFile next(path);
  for (milliseconds first = patience;; first = kPause) {
    const auto got = wait_for(*held, path, {first, patience});
    if (!got) return fail(got.error());
    if (*got) {
      write_holder(held->get(), verb, read_number(held->get()) + 1);
      return of(*std::move(held), path, std::nullopt);
    }
    auto fresh = replace(*held, next, path, verb);
    if (!fresh) return fail(fresh.error());
    if (!*fresh) continue;
    std::string whom = describe_overtaken(held->get(), path);
    write_overtaken(held->get(), verb);
    return of(*std::move(*fresh), path, std::move(whom));
  }
}

namespace {

Fd open_to_read(const std::string& run_dir, const char* name) {
  if (disbelief::find(run_dir) != nullptr) return {};
  const std::string path = run_dir + "/" + name;
  return Fd(open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
}

}  // namespace

bool Lock::is_held(const std::string& run_dir, const char* name) {
  const Fd fd = open_to_read(run_dir, name);
  return fd && flock(fd.get(), LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
}

std::string Lock::describe_holder(const std::string& run_dir, const char* name) {
  const Fd fd = open_to_read(run_dir, name);
  return describe(read_holder(fd.get()));
}

std::optional<int> Lock::holder(const std::string& run_dir, const char* name) {
  if (!is_held(run_dir, name)) return std::nullopt;
  const Fd fd = open_to_read(run_dir, name);
  const auto holder = fd ? read_holder(fd.get()) : std::nullopt;
  return holder ? std::optional(holder->pid) : std::nullopt;
}

}  // namespace apiguard
