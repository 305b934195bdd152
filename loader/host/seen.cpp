// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/host/seen.hpp"

#include <sstream>

#include <fmt/format.h>

#include "loader/host/kept_file.hpp"

namespace apiguard {
namespace {

constexpr std::string_view kHead = "apiguard seen 1";

std::string path_of(const std::string& state_dir) { return state_dir + "/seen"; }

Result<SeenSource> parse_source(const std::string& line) {
  std::istringstream words(line);
  std::string address, surplus;
  SeenSource source;
  words >> address >> source.connections >> source.first >> source.last >> source.days;
  if (!words || words >> surplus)
    return fail(Exit::kFailed, "an address and four numbers are wanted");
  auto parsed = parse_address(address);
  if (!parsed) return fail(Exit::kFailed, parsed.error().message);
  source.source = *parsed;
  return source;
}

}  // namespace

std::string show_seen(const std::vector<SeenSource>& sources) {
  std::string text = fmt::format("{}\n", kHead);
  for (const SeenSource& source : sources) {
    text += fmt::format("{} {} {} {} {}\n", to_string(source.source), source.connections,
                        source.first, source.last, source.days);
  }
  return text + "end\n";
}

Result<std::vector<SeenSource>> parse_seen(const std::string& text) {
  std::istringstream lines(text);
  std::vector<SeenSource> sources;
  std::size_t number = 1;
  std::string line;
  const auto wrong = [&](std::string_view why) {
    return fail(Exit::kFailed, fmt::format("line {}: {}", number, why));
  };
  if (!std::getline(lines, line) || line != kHead)
    return wrong("is not the first line of such a file");
  while (++number, std::getline(lines, line)) {
    if (line == "end") return sources;
    auto source = parse_source(line);
    if (!source) return wrong(source.error().message);
    sources.push_back(*source);
  }
  return wrong("the end is missing");
}

Result<std::vector<SeenSource>> read_seen_state(const std::string& state_dir) {
  const auto text = read_kept_file(path_of(state_dir));
  if (!text) return fail(text.error());
  if (!*text) return std::vector<SeenSource>();
  auto sources = parse_seen(**text);
  if (!sources)
    return fail_in(fmt::format("file '{}': damaged", path_of(state_dir)), sources.error());
  return sources;
}

Result<std::string> write_seen_state(const std::string& state_dir,
                                     const std::vector<SeenSource>& sources) {
  return write_kept_file(path_of(state_dir), show_seen(sources));
}

}  // namespace apiguard
