// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/ledger/audit_file.hpp"

#include <fmt/format.h>

#include "loader/base/line_reader.hpp"
#include "loader/host/expendable_file.hpp"

namespace apiguard::ledger {
namespace {

constexpr std::string_view kHead = "apiguard seen 1";

std::string path_of(const std::string& state_dir) { return state_dir + "/seen"; }

bool take_numbers(std::string_view& line, AuditSource& to) {
  return take_number(line, to.connections) && take_number(line, to.first) &&
         take_number(line, to.last) && take_number(line, to.days);
}

Result<AuditSource> parse_source(std::string_view line) {
  const std::string_view address = take_word(line);
  AuditSource source;
  if (!take_numbers(line, source) || !line.empty())
    return fail(Exit::kFailed, "expected an address and four numbers");
  auto parsed = parse_address(address);
  if (!parsed) return fail(parsed.error());
  source.source = *parsed;
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
  auto lines = LineReader::open(text, kHead);
  if (!lines) return fail(lines.error());
  std::vector<AuditSource> sources;
  while (lines->next()) {
    auto source = parse_source(lines->line());
    if (!source) return lines->wrong(source.error().message);
    sources.push_back(*source);
  }
  if (auto whole = lines->check_end(); !whole) return fail(whole.error());
  return sources;
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
