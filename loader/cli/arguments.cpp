// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/cli/arguments.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <string_view>

#include <fmt/format.h>

#include "loader/base/number.hpp"
#include "loader/base/trim.hpp"
#include "loader/base/utf8.hpp"
#include "loader/cli/advice.hpp"
#include "loader/cli/habits.hpp"
#include "loader/policy/text.hpp"
#include "loader/publish/risk.hpp"

namespace apiguard::cli {
namespace {

using publish::risk::kAll;

tl::unexpected<Error> bad(std::string_view text, std::string_view reason) {
  return fail(Exit::kUsage, fmt::format("argument '{}': {}", text, reason));
}

// What is meant, where it is known, or else the reader's reason.
tl::unexpected<Error> bad_source(const std::string& text, Wanted wanted, const Error& error) {
  const std::string advice = advice_on_source(text, wanted);
  return bad(text, advice.empty() ? error.message : advice);
}

bool has_only(std::string_view text, std::string_view allowed) {
  return text.find_first_not_of(allowed) == std::string_view::npos;
}

// Decimal without sign, spaces or leading zeros, at least 1.
std::optional<std::uint64_t> parse_positive(std::string_view text) {
  if (text.starts_with('0')) return std::nullopt;
  return parse_whole<std::uint64_t>(text);
}

Result<> add_risk(std::set<std::string>& accepted, const std::string& name) {
  if (name == "all") {
    accepted.insert(kAll.begin(), kAll.end());
    return {};
  }
  if (std::find(kAll.begin(), kAll.end(), name) == kAll.end()) {
    return bad(name, fmt::format("no such risk: {} or all", fmt::join(kAll, ", ")));
  }
  accepted.insert(name);
  return {};
}

}  // namespace

std::span<const char* const> risk_names() { return kAll; }

Result<ParsedPrefix> parse_cidr_argument(const std::string& text) {
  auto parsed = parse_prefix(text);
  if (!parsed) return bad_source(text, Wanted::kRange, parsed.error());
  return *parsed;
}

Result<std::vector<ParsedPrefix>> parse_cidr_arguments(const std::vector<std::string>& texts) {
  std::vector<ParsedPrefix> prefixes;
  for (const std::string& text : texts) {
    auto parsed = parse_cidr_argument(text);
    if (!parsed) return fail(parsed.error());
    prefixes.push_back(*parsed);
  }
  return prefixes;
}

Result<std::vector<std::string>> split_list(const std::string& text) {
  std::vector<std::string> elements;
  std::string_view rest = text;
  while (true) {
    const auto comma = rest.find(',');
    const std::string_view element = trim(rest.substr(0, comma));
    if (element.empty()) return bad(text, "empty element");
    elements.emplace_back(element);
    if (comma == std::string_view::npos) return elements;
    rest.remove_prefix(comma + 1);
  }
}

Result<std::string> parse_name_argument(const std::string& text) {
  if (valid_name(text)) return text;
  return bad(text, advice_on_name(text));
}

Result<Selector> parse_selector_argument(const std::string& text) {
  const bool like_an_address =
      text.find_first_of(":/") != std::string::npos ||
      (text.find('.') != std::string::npos && has_only(text, "0123456789."));
  auto prefix = parse_prefix(text);
  if (prefix) return Selector{prefix->prefix, ""};
  if (like_an_address) return bad_source(text, Wanted::kSelector, prefix.error());
  auto name = parse_name_argument(text);
  if (!name) return fail(name.error());
  return Selector{std::nullopt, *name};
}

Result<Mode> parse_mode_argument(const std::string& text) {
  const auto mode = parse_mode(text);
  if (!mode) return bad(text, "no such mode: enforce, audit or off" + advice_on_mode(text));
  return *mode;
}

Result<std::uint64_t> parse_generation_argument(const std::string& text) {
  const auto number = parse_positive(text);
  if (!number)
    return bad(text,
               "not the number of a generation: 'apiguard history' shows them; without a number, "
               "'apiguard rollback' restores the previous one");
  return *number;
}

Result<Address> parse_address_argument(const std::string& text) {
  auto address = parse_address(text);
  if (!address) return bad_source(text, Wanted::kAddress, address.error());
  return *address;
}

Result<std::chrono::nanoseconds> parse_duration_argument(const std::string& text) {
  auto duration = parse_duration(text);
  const std::string advice = duration ? "" : advice_on_duration(text);
  if (advice.empty()) return duration;
  return fail(Exit::kUsage, fmt::format("duration {}: {}", quote(text), advice));
}

Result<Endpoint> parse_destination_argument(const std::string& text) {
  if (text.starts_with(':'))
    return bad(text, "the address is missing: write ADDRESS:PORT, as in 10.0.0.1:6443");
  auto endpoint = parse_endpoint(text);
  if (!endpoint) return fail(Exit::kUsage, endpoint.error().message);
  if (!endpoint->address) return bad(text, "the address is missing: write ADDRESS:PORT");
  return *endpoint;
}

Result<std::set<std::string>> parse_risk_arguments(const std::vector<std::string>& texts) {
  std::set<std::string> accepted;
  for (const std::string& text : texts) {
    const auto names = split_list(text);
    if (!names) return fail(names.error());
    for (const std::string& name : *names) {
      if (auto added = add_risk(accepted, name); !added) return fail(added.error());
    }
  }
  return accepted;
}

}  // namespace apiguard::cli
