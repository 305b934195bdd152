// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/host/traced.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <optional>

#include "loader/base/disbelief.hpp"
#include "loader/base/fence.hpp"
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

std::uint64_t number(const Json& json, const char* key) {
  const auto member = json.find(key);
  return member != json.end() && member->is_number_unsigned() ? member->get<std::uint64_t>() : 0;
}

std::vector<std::string> texts(const Json& json, const char* key) {
  std::vector<std::string> texts;
  const auto member = json.find(key);
  if (member == json.end() || !member->is_array()) return texts;
  for (const Json& one : *member) {
    if (one.is_string()) texts.push_back(one.get<std::string>());
  }
  return texts;
}

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
  const Json json = Json::parse(text.value_or(std::string()), nullptr, false);
  Traced traced;
  if (!json.is_object()) return traced;
  traced.generation = number(json, "generation");
  traced.leases_at = boot_time_of(number(json, "leases_at"));
  traced.leases.added = number(json, "added");
  traced.leases.renewed = number(json, "renewed");
  traced.leases.generation = number(json, "leases_generation");
  for (std::string& by : texts(json, "by")) traced.leases.by.insert(std::move(by));
  traced.leases.entries = texts(json, "entries");
  return traced;
}

Result<> write_traced(const std::string& run_dir, const Traced& traced) {
  if (disbelief::find(run_dir) != nullptr)
    return fail(Exit::kFailed, fmt::format("folder '{}': is not believed", run_dir));
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
