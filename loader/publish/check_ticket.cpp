// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/publish/check_ticket.hpp"

#include <set>
#include <string_view>
#include <variant>

#include <fmt/format.h>

#include "loader/base/masked.hpp"
#include "loader/policy/text.hpp"

namespace apiguard::publish {
namespace {

constexpr std::uint8_t kHost4 = 32;
constexpr std::uint8_t kHost6 = 128;
constexpr std::uint8_t kNetwork6 = 64;

tl::unexpected<Error> refuse(std::string_view kind, std::string_view what,
                             std::string_view reason) {
  return fail(Exit::kUsage, fmt::format("{} '{}': {}", kind, masked_line(what), reason));
}

Result<> check_name(const std::string& name) {
  if (valid_name(name)) return {};
  return refuse("argument", name, "no name: [A-Za-z0-9][A-Za-z0-9._-]{0,62} and no address");
}

bool is_leased(const Prefix& prefix) {
  if (prefix.address.family == Family::kIpv4) return prefix.length == kHost4;
  return prefix.length == kHost6 || prefix.length == kNetwork6;
}

Result<> check_leased(const std::vector<Prefix>& prefixes) {
  std::set<Prefix> known;
  for (const Prefix& prefix : prefixes) {
    const std::string text = to_string(prefix);
    if (!is_leased(prefix))
      return refuse("argument", text, "a lease is for one address: 'apiguard allow' adds ranges");
    if (!known.insert(prefix).second) return refuse("argument", text, "given more than once");
  }
  return {};
}

struct CheckArguments {
  Result<> operator()(const PutChange& put) const {
    if (put.lasts && put.until)
      return refuse("verb", to_string(put.kind), "either --for or --until, not both");
    if (put.lasts && *put.lasts <= 0s) return refuse("option", "--for", "it is zero");
    // Long past for any clock, and what is added to it stays a number.
    if (put.until && *put.until <= Timestamp()) return refuse("option", "--until", "it has passed");
    return put.name.empty() ? Result<>() : check_name(put.name);
  }
  Result<> operator()(const RevokeChange& revoke) const {
    for (const Selector& selector : revoke.selectors) {
      if (selector.prefix) continue;
      if (auto named = check_name(selector.name); !named) return named;
    }
    return {};
  }
  Result<> operator()(const LeaseChange& lease) const {
    const LeaseOrder& order = lease.order;
    if (order.lasts <= 0s) return refuse("option", "--for", "it is zero");
    if (order.members && order.name.empty()) return refuse("option", "--sync", "a name is missing");
    if (order.members && order.from_ssh)
      return refuse("verb", "lease", "--from-ssh and --sync exclude each other");
    if (order.from_ssh && order.prefixes.size() > 1)
      return refuse("option", "--from-ssh", "a session has one source");
    if (!order.name.empty()) {
      if (auto named = check_name(order.name); !named) return named;
    }
    return check_leased(order.prefixes);
  }
};

}  // namespace

Result<> check_arguments(const QueuedChange& change) {
  return std::visit(CheckArguments{}, change.what);
}

}  // namespace apiguard::publish
