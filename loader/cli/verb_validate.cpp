// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "loader/base/paths.hpp"
#include "loader/cli/reading.hpp"
#include "loader/cli/text_argument.hpp"
#include "loader/cli/verbs.hpp"
#include "loader/host/clock.hpp"
#include "loader/host/doors.hpp"
#include "loader/host/files.hpp"
#include "loader/report/review.hpp"

namespace apiguard::cli {
namespace {

using FileKind = ValidateOptions::Kind;

std::string ranges_text(const Policy& policy) {
  const FamilyCounts counts = count_ranges(policy.ranges);
  return fmt::format("{} ({} IPv4, {} IPv6)", count_of(counts.ipv4 + counts.ipv6, "range"),
                     counts.ipv4, counts.ipv6);
}

// One for all of them: it says what people have to do, not what is wrong with a line.
void warn_of_overdue(const Policy& policy) {
  const std::string warning = report::overdue_warning(policy.ranges, read_clocks().wall);
  if (!warning.empty()) print_warnings({warning});
}

Result<> validate_all(const std::string& config, const ParseOptions& parse) {
  const auto sources = read_sources(config);
  if (!sources) return fail(sources.error());
  const auto parsed = parse_policy(*sources, parse);
  if (!parsed) return fail(parsed.error());
  print_warnings(parsed->warnings);
  print_warnings(look_at_doors(parsed->policy.endpoints, parsed->policy.mode));
  warn_of_overdue(parsed->policy);
  print(fmt::format("OK: {}, {}", ranges_text(parsed->policy),
                    count_of(parsed->policy.endpoints.size(), "endpoint")));
  return {};
}

// By the names that the files have, and what tools make of them ("authorized-ranges.new").
FileKind kind_by_name(const std::string& path) {
  const std::string name = base_of(path);
  if (name.ends_with(".toml") || name.starts_with(kConfigName)) return FileKind::kToml;
  if (name.ends_with(".list") || name.starts_with(kRangesName)) return FileKind::kRanges;
  return FileKind::kByName;
}

Error unknown_kind(const std::string& argument) {
  const std::string subject =
      argument == kDash ? "standard input: it has no name"
                        : fmt::format("file '{}': its name does not tell the kind", argument);
  return {fmt::format(
              "{}, and a toml and a list are read differently: give --kind toml or --kind ranges",
              subject),
          Exit::kUsage, 0};
}

// A file by itself: rules that span files are not judged.
Result<> validate_file(const std::string& argument, FileKind kind, const ParseOptions& parse) {
  const auto file = read_text_argument(argument);
  if (!file) return fail(file.error());
  const bool config = kind == FileKind::kToml;
  const auto parsed = config ? parse_config(*file, parse) : parse_ranges(*file, parse);
  if (!parsed) return fail(parsed.error());
  print_warnings(parsed->warnings);
  warn_of_overdue(parsed->policy);
  const std::string endpoints =
      config ? ", " + count_of(parsed->policy.endpoints.size(), "endpoint") : "";
  print(fmt::format("{}: OK: {}{}", file->path, ranges_text(parsed->policy), endpoints));
  return {};
}

Result<std::vector<FileKind>> kinds_of(const ValidateOptions& options) {
  std::vector<FileKind> kinds;
  for (const std::string& argument : options.files) {
    kinds.push_back(options.kind == FileKind::kByName ? kind_by_name(argument) : options.kind);
    if (kinds.back() == FileKind::kByName) return fail(unknown_kind(argument));
  }
  return kinds;
}

}  // namespace

Result<Exit> run(const CommandLine& line, const ValidateOptions& options) {
  const ParseOptions parse{options.strict};
  if (options.files.empty()) {
    if (auto valid = validate_all(line.host.config, parse); !valid) return fail(valid.error());
    return Exit::kDone;
  }
  const auto kinds = kinds_of(options);
  if (!kinds) return fail(kinds.error());
  std::string errors;
  for (std::size_t i = 0; i < options.files.size(); ++i) {
    auto valid = validate_file(options.files[i], (*kinds)[i], parse);
    if (valid) continue;
    errors += (errors.empty() ? "" : "\n") + valid.error().message;
  }
  if (!errors.empty()) return fail(Exit::kBadFile, errors);
  return Exit::kDone;
}

}  // namespace apiguard::cli
