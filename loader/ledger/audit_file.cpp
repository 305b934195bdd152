// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/ledger/audit_file.hpp"

#include <sstream>

#include <fmt/format.h>

#include "loader/host/expendable_file.hpp"

namespace apiguard::ledger {
namespace {

constexpr std::string_view kHead = "apiguard seen 1";

std::string path_of(const std::string& state_dir) { return state_dir + "/seen"; }

Result<AuditSource> parse_source(const std::string& line) {
  std::istringstream words(line);
  std::string address, surplus;
  AuditSource source;
  std::int64_t first = 0;
  std::int64_t last = 0;
  words >> address >> source.connections >> first >> last >> source.days;
  if (!words || words >> surplus)
    return fail(Exit::kFailed, "an address and four numbers are wanted");
  auto parsed = parse_address(address);
  if (!parsed) return fail(Exit::kFailed, parsed.error().message);
  source.source = *parsed;
  source.first = timestamp_of(first);
  source.last = timestamp_of(last);
  return source;
}

}  // namespace

std::string show_audit_file(const std::vector<AuditSource>& sources) {
  std::string text = fmt::format("{}\n", kHead);
  for (const AuditSource& source : sources) {
    text += fmt::format("{} {} {} {} {}\n", to_string(source.source), source.connections,
                        nanoseconds_of(source.first), nanoseconds_of(source.last), source.days);
  }
  return text + "end\n";
}

Result<std::vector<AuditSource>> parse_audit_file(const std::string& text) {
  std::istringstream lines(text);
  std::vector<AuditSource> sources;
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

Result<std::vector<AuditSource>> read_audit_file(const std::string& state_dir) {
  const auto text = read_expendable_file(path_of(state_dir));
  if (!text) return fail(text.error());
  if (!*text) return std::vector<AuditSource>();
  auto sources = parse_audit_file(**text);
  if (!sources)
    return fail_in(fmt::format("file '{}': damaged", path_of(state_dir)), sources.error());
  return sources;
}

Result<std::string> write_audit_file(const std::string& state_dir,
                                     const std::vector<AuditSource>& sources) {
  return write_expendable_file(path_of(state_dir), show_audit_file(sources));
}

}  // namespace apiguard::ledger
