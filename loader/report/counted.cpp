// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/report/counted.hpp"

#include <fmt/format.h>

#include "loader/report/json.hpp"

namespace apiguard::report {

std::string show_counted(const Counted& counted) {
  const Json json{{"generation", counted.generation},
                  {"expiring", counted.expiring},
                  {"next_end", value_or_null(counted.next_end)},
                  {"unused", value_or_null(counted.unused)},
                  {"boot_id", counted.boot_id},
                  {"boot", counted.boot},
                  {"took", counted.took}};
  return dump(json) + "\n";
}

Result<Counted> parse_counted(const std::string& text) {
  try {
    const Json json = Json::parse(text);
    Counted counted;
    json.at("generation").get_to(counted.generation);
    json.at("expiring").get_to(counted.expiring);
    counted.next_end = optional_of<Timestamp>(json.at("next_end"));
    counted.unused = optional_of<std::size_t>(json.at("unused"));
    json.at("boot_id").get_to(counted.boot_id);
    json.at("boot").get_to(counted.boot);
    json.at("took").get_to(counted.took);
    return counted;
  } catch (const Json::exception& error) {
    return fail(Exit::kFailed, fmt::format("counted: {}", error.what()));
  }
}

}  // namespace apiguard::report
