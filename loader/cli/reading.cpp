// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/cli/reading.hpp"

#include <arpa/inet.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>

#include <fmt/format.h>

#include "loader/host/progress.hpp"

namespace apiguard::cli {
namespace {

Endpoint endpoint_of(const apiguard_endpoint& entry) {
  Endpoint endpoint;
  endpoint.port = ntohs(entry.port);
  if (entry.family == APIGUARD_ANY_ADDRESS) return endpoint;
  Address address;
  address.family = entry.family == APIGUARD_IPV4 ? Family::kIpv4 : Family::kIpv6;
  std::copy(std::begin(entry.address), std::end(entry.address), address.bytes.begin());
  endpoint.address = address;
  return endpoint;
}

bool has_settings(const publish::InForce& in_force) { return in_force.settings.generation != 0; }

}  // namespace

Result<publish::World> look_for_reading(const Places& places) {
  progress::step("reading what is in force");
  auto world = publish::look(places);
  if (!world) return fail_reading(world.error());
  return world;
}

tl::unexpected<Error> fail_reading(Error error) {
  const bool denied = error.os_error == EACCES || error.os_error == EPERM;
  return denied && geteuid() != 0 ? fail_in("needs root", std::move(error))
                                  : fail(std::move(error));
}

Mode mode_of(const publish::InForce& in_force) {
  if (has_settings(in_force)) return static_cast<Mode>(in_force.settings.mode);
  return in_force.config ? in_force.config->mode : Mode::kEnforce;
}

std::vector<Endpoint> endpoints_of(const publish::InForce& in_force) {
  if (in_force.config) return in_force.config->endpoints;
  std::vector<Endpoint> endpoints;
  const auto count = std::min<unsigned>(in_force.settings.endpoint_count, APIGUARD_MAX_ENDPOINTS);
  for (unsigned i = 0; i < count; ++i) {
    endpoints.push_back(endpoint_of(in_force.settings.endpoints[i]));
  }
  return endpoints;
}

Result<publish::Used> read_used_or_say(const Places& places, const publish::World& world) {
  auto used = publish::read_used(places, world);
  if (!used) {
    note(used.error().message + ": which range was used is not known");
  } else {
    print_warnings(used->warnings);
  }
  return used;
}

Error text_unknown(const publish::InForce& in_force) {
  return {"the text of what is in force is not known: " + in_force.missing};
}

void print(std::string_view text) {
  progress::clear();
  fmt::print("{}{}", text, text.ends_with('\n') ? "" : "\n");
}

void to_stdout(std::string_view piece) { std::fwrite(piece.data(), 1, piece.size(), stdout); }

void note(std::string_view text) {
  progress::clear();
  fmt::print(stderr, "apiguard: {}\n", text);
}

void print_warnings(const std::vector<std::string>& warnings) {
  progress::clear();
  for (const std::string& warning : warnings) fmt::print(stderr, "warning: {}\n", warning);
}

std::string count_of(std::size_t count, std::string_view noun) {
  return fmt::format("{} {}{}", count, noun, count == 1 ? "" : "s");
}

FamilyCounts count_ranges(const std::vector<Range>& ranges) {
  FamilyCounts counts;
  for (const Range* range : deciding_ranges(ranges)) {
    const bool ipv4 = range->prefix.address.family == Family::kIpv4;
    ++(ipv4 ? counts.ipv4 : counts.ipv6);
  }
  return counts;
}

}  // namespace apiguard::cli
