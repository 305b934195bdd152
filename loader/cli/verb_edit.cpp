// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The CLI's file in an editor, checked before it takes effect, as visudo does. The editor works on
// a copy; the lock is not held while it is open, so the file is compared with what the copy was
// made of before anything is done.
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <iostream>
#include <utility>

#include <fmt/format.h>

#include "loader/base/descriptors.hpp"
#include "loader/cli/change.hpp"
#include "loader/cli/reading.hpp"
#include "loader/cli/verbs.hpp"
#include "loader/host/files.hpp"
#include "loader/publish/make_request.hpp"

namespace apiguard::cli {
namespace {

// A private copy that is removed with this object, unless it was told to stay.
class Copy {
 public:
  static Result<Copy> make(const std::string& run_dir, const std::string& text) {
    if (auto made = make_directory(run_dir, 0755); !made) return fail(made.error());
    std::string path = run_dir + "/edit-" + std::to_string(getpid()) + ".list";
    unlink(path.c_str());
    if (auto written = write_synced(path, text); !written) return fail(written.error());
    return Copy(std::move(path));
  }
  Copy(Copy&& other) noexcept : path_(std::exchange(other.path_, {})) {}
  Copy& operator=(Copy&&) = delete;
  ~Copy() {
    if (!path_.empty()) unlink(path_.c_str());
  }
  [[nodiscard]] const std::string& path() const { return path_; }
  // For a message: the path, and the file stays.
  std::string leave() { return std::exchange(path_, {}); }

 private:
  explicit Copy(std::string path) : path_(std::move(path)) {}
  std::string path_;
};

std::string editor_command() {
  for (const char* variable : {"VISUAL", "EDITOR"}) {
    const char* value = std::getenv(variable);
    if (value != nullptr && *value != '\0') return value;
  }
  return "vi";
}

// Why the editor, which a shell started, did not succeed.
std::string describe_end(int status) {
  constexpr int kNotFound = 127;  // of sh
  if (!WIFEXITED(status)) return fmt::format("failed (signal {})", WTERMSIG(status));
  if (WEXITSTATUS(status) == kNotFound)
    return "not found: name another one, as in 'EDITOR=vi apiguard edit'";
  return fmt::format("failed (exit status {})", WEXITSTATUS(status));
}

// The variable may hold arguments ("vim -n"), so a shell splits it; the path is passed as a
// parameter and never parsed.
Result<> run_editor(const std::string& path) {
  const std::string command = editor_command();
  const std::string script = command + " \"$1\"";
  const pid_t child = fork();
  if (child == 0) {
    descriptors::lower_limit_again();
    execl("/bin/sh", "sh", "-c", script.c_str(), "sh", path.c_str(), static_cast<char*>(nullptr));
    _exit(127);
  }
  int status = 0;
  const bool waited = child > 0 && waitpid(child, &status, 0) == child;
  if (waited && status == 0) return {};
  return fail(Exit::kFailed, fmt::format("editor '{}': {}: nothing was changed", command,
                                         waited ? describe_end(status) : "could not be started"));
}

bool edit_again(const Error& error) {
  note(error.message);
  if (isatty(STDIN_FILENO) != 1 || isatty(STDERR_FILENO) != 1) return false;
  fmt::print(stderr, "(e)dit again or (q)uit without a change? [e/q] ");
  std::string answer;
  return std::getline(std::cin, answer) && (answer.empty() || answer.front() == 'e');
}

// Until the whole policy parses with the text, or the operator gives up.
Result<std::string> edit_until_good(const Sources& sources, const Copy& copy, bool strict) {
  while (true) {
    if (auto edited = run_editor(copy.path()); !edited) return fail(edited.error());
    auto text = read_text(copy.path());
    if (!text) return text;
    Sources after = sources;
    after.ranges.text = *text;
    auto parsed = parse_policy(after, {strict});
    if (parsed) return text;
    if (!edit_again(parsed.error())) return fail(Exit::kBadFile, "edit: nothing was changed");
  }
}

}  // namespace

Result<Exit> run(const CommandLine& line, const EditOptions& options) {
  const auto sources = read_sources(line.host.config);
  if (!sources) return fail(sources.error());
  auto copy = Copy::make(line.host.run_dir, sources->ranges.text);
  if (!copy) return fail(copy.error());
  auto text = edit_until_good(*sources, *copy, options.flags.strict);
  if (!text) return fail(text.error());
  return change(line, options.flags, {}, [&](const publish::World& world) {
    return publish::request_edit(
        line.host, world, publish::Which::kRanges, options.flags.strict,
        [&](const Sources& now) -> Result<Edited> {
          if (now.ranges.text == sources->ranges.text)
            return Edited{*text, {}, *text != now.ranges.text};
          return fail(Exit::kFailed, fmt::format("file '{}': was changed by another process: "
                                                 "nothing was done, your edit is kept in '{}'",
                                                 now.ranges.path, copy->leave()));
        });
  });
}

}  // namespace apiguard::cli
