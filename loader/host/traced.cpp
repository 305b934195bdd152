// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/host/traced.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <optional>

#include "loader/base/disbelief.hpp"
#include "loader/base/fence.hpp"
#include "loader/base/fields.hpp"
#include "loader/base/time.hpp"
#include "loader/host/expendable_file.hpp"
#include "loader/host/files.hpp"
#include "loader/policy/text.hpp"

namespace apiguard {
namespace {

using Json = nlohmann::json;

constexpr std::size_t kMostEntries = 20;
constexpr std::size_t kMostBy = 5;

std::string path_of(const std::string& run_dir) { return run_dir + "/traced"; }

std::string line_of(const LeaseAnswer& answer, const std::string& by) {
  std::string text = fmt::format("{} {}", to_string(answer.result), to_string(answer.prefix));
  if (!answer.name.empty()) text += " name=" + answer.name;
  if (answer.until) text += " until=" + format_timestamp(*answer.until);
  return fmt::format("{} by {}", text, by);
}

}  // namespace

void add_leases(LeasesToTell& leases, std::uint64_t generation, const std::string& by,
                const std::vector<LeaseAnswer>& answers) {
  for (const LeaseAnswer& answer : answers) {
    const bool added = answer.result == LeaseResult::kAdded;
    if (!added && answer.result != LeaseResult::kRenewed) continue;
    ++(added ? leases.added : leases.renewed);
    leases.generation = generation;
    if (leases.by.size() < kMostBy) leases.by.insert(by);
    if (leases.entries.size() < kMostEntries) leases.entries.push_back(line_of(answer, by));
  }
}

// A clock that goes back is that of another boot.
bool is_due(const Traced& traced, BootTime boot) {
  return traced.leases_at == BootTime() || boot < traced.leases_at ||
         boot - traced.leases_at >= 1min;
}

Traced read_traced(const std::string& run_dir) {
  const auto text = read_expendable_file(path_of(run_dir)).value_or(std::nullopt);
  const auto json = parse_object(text.value_or(std::string()));
  if (!json) return {};
  Traced traced;
  Fields fields(*json);
  fields.take("generation", traced.generation);
  fields.take("leases_at", traced.leases_at);
  fields.take("added", traced.leases.added);
  fields.take("renewed", traced.leases.renewed);
  fields.take("leases_generation", traced.leases.generation);
  fields.take_texts("by", [&](const std::string& by) {
    traced.leases.by.insert(by);
    return true;
  });
  fields.take("entries", traced.leases.entries);
  return fields.check() ? traced : Traced{};
}

Result<> write_traced(const std::string& run_dir, const Traced& traced) {
  if (disbelief::find(run_dir) != nullptr)
    return fail(Exit::kFailed, fmt::format("directory '{}': is not trusted", run_dir));
  if (auto ours = fence::check(); !ours) return ours;
  const Json json = {{"generation", traced.generation},
                     {"leases_at", nanoseconds_of(traced.leases_at)},
                     {"added", traced.leases.added},
                     {"renewed", traced.leases.renewed},
                     {"leases_generation", traced.leases.generation},
                     {"by", traced.leases.by},
                     {"entries", traced.leases.entries}};
  return replace_snapshot(path_of(run_dir),
                          json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n");
}

}  // namespace apiguard
