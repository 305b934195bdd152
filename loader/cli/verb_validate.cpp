// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <fmt/format.h>

#include "loader/cli/reading.hpp"
#include "loader/cli/verbs.hpp"
#include "loader/host/clock.hpp"
#include "loader/host/files.hpp"
#include "loader/report/review.hpp"

namespace apiguard::cli {
namespace {

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
  warn_of_overdue(parsed->policy);
  print(fmt::format("OK: {}, {}", ranges_text(parsed->policy),
                    count_of(parsed->policy.endpoints.size(), "endpoint")));
  return {};
}

// A file by itself: rules that span files are not judged.
Result<> validate_file(const std::string& path, const ParseOptions& parse) {
  const auto file = read_source(path, false);
  if (!file) return fail(file.error());
  if (!file->present) return fail(Exit::kBadFile, fmt::format("file '{}': no such file", path));
  const bool config = path.ends_with(".toml");
  const auto parsed = config ? parse_config(*file, parse) : parse_ranges(*file, parse);
  if (!parsed) return fail(parsed.error());
  print_warnings(parsed->warnings);
  warn_of_overdue(parsed->policy);
  const std::string endpoints =
      config ? ", " + count_of(parsed->policy.endpoints.size(), "endpoint") : "";
  print(fmt::format("{}: OK: {}{}", path, ranges_text(parsed->policy), endpoints));
  return {};
}

}  // namespace

Result<Exit> run(const CommandLine& line, const ValidateOptions& options) {
  const ParseOptions parse{options.strict};
  if (options.files.empty()) {
    if (auto valid = validate_all(line.places.config, parse); !valid) return fail(valid.error());
    return Exit::kDone;
  }
  std::string errors;
  for (const std::string& path : options.files) {
    auto valid = validate_file(path, parse);
    if (valid) continue;
    errors += (errors.empty() ? "" : "\n") + valid.error().message;
  }
  if (!errors.empty()) return fail(Exit::kBadFile, errors);
  return Exit::kDone;
}

}  // namespace apiguard::cli
