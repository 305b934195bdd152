// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/propose/gather.hpp"

#include <algorithm>
#include <cerrno>
#include <charconv>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "loader/base/number.hpp"
#include "loader/base/trim.hpp"
#include "loader/host/files.hpp"
#include "loader/propose/lines.hpp"

namespace apiguard::propose {
namespace {

std::optional<std::uint16_t> parse_port(std::string_view text) {
  const auto port = parse_whole<std::uint16_t>(text);
  return port == 0 ? std::nullopt : port;
}

// 0.0.0.0 and ::, which mean every address.
bool is_unspecified(const Address& address) {
  return std::all_of(address.bytes.begin(), address.bytes.end(),
                     [](auto byte) { return byte == 0; });
}

// "https://10.0.0.1:6443/x" -> "10.0.0.1", "https://[fd00::1]:6443" -> "fd00::1".
std::string_view host_of(std::string_view url) {
  const std::size_t scheme = url.find("://");
  if (scheme != std::string_view::npos) url.remove_prefix(scheme + 3);
  if (url.starts_with('[')) return url.substr(1, url.find(']') - 1);
  return url.substr(0, url.find_first_of(":/"));
}

template <typename T>
void add_once(std::vector<T>& list, T value) {
  if (std::find(list.begin(), list.end(), value) == list.end()) list.push_back(std::move(value));
}

void add_once(std::vector<Network>& list, Network network) {
  const bool known = std::any_of(list.begin(), list.end(), [&](const Network& present) {
    return present.prefix == network.prefix;
  });
  if (!known) list.push_back(std::move(network));
}

}  // namespace

std::optional<std::string> read_optional(const std::string& path, Facts& facts) {
  auto text = read_text(path);
  if (text) return *std::move(text);
  const int error = text.error().os_error;
  if (error != ENOENT && error != ENOTDIR) facts.unread.push_back(text.error().message);
  return std::nullopt;
}

std::vector<std::string> Gatherer::parts(std::string_view option) const {
  std::vector<std::string> parts;
  const auto values = options_.find(option);
  if (values == options_.end()) return parts;
  for (std::string_view rest : values->second) {
    while (!rest.empty()) {
      const std::size_t comma = rest.find(',');
      const std::string_view part = trim(rest.substr(0, comma));
      if (!part.empty()) parts.emplace_back(part);
      rest.remove_prefix(comma == std::string_view::npos ? rest.size() : comma + 1);
    }
  }
  return parts;
}

void Gatherer::unread(std::string_view option, std::string_view value, std::string_view reason) {
  facts_.unread.push_back(fmt::format("{}: {} '{}': {}", path_, option, value, reason));
}

void Gatherer::took(std::string_view what, std::string_view value) {
  took_.push_back(fmt::format("{} {}", what, value));
}

void Gatherer::take_port(std::string_view option, std::uint16_t otherwise, const std::string& why) {
  const auto values = options_.find(option);
  std::optional<std::uint16_t> port;
  if (values != options_.end()) {
    if (!values->second.empty()) {
      port = parse_port(values->second.back());
      if (!port) unread(option, values->second.back(), "no port");
    }
    if (!port) {
      facts_.doubts.push_back(
          fmt::format("the port of the API server: {} in {} could not be read, so {} is a guess",
                      option, path_, otherwise));
    }
  }
  if (port) took("port", std::to_string(*port));
  const Port found{port.value_or(otherwise), why};
  const bool known = std::any_of(facts_.ports.begin(), facts_.ports.end(),
                                 [&](const Port& each) { return each.port == found.port; });
  if (!known) facts_.ports.push_back(found);
}

std::vector<Address> Gatherer::addresses(std::string_view option) {
  std::vector<Address> found;
  for (const std::string& part : parts(option)) {
    const auto address = parse_address(part);
    if (!address) {
      unread(option, part, address.error().message);
    } else if (!is_unspecified(*address)) {
      found.push_back(*address);
    }
  }
  return found;
}

void Gatherer::take_advertised(std::string_view option) {
  for (const Address& address : addresses(option)) {
    took(option, to_string(address));
    add_once(facts_.advertised, address);
  }
}

void Gatherer::take_bound(std::string_view option) {
  for (const Address& address : addresses(option)) {
    took(option, to_string(address));
    add_once(facts_.bound, address);
  }
}

void Gatherer::take_networks(std::string_view option, std::string_view otherwise,
                             std::string_view what, std::vector<Network>& to) {
  const bool is_default = !options_.contains(option) && !otherwise.empty();
  const std::vector<std::string> texts =
      is_default ? std::vector{std::string(otherwise)} : parts(option);
  for (const std::string& text : texts) {
    const auto parsed = parse_prefix(text);
    if (!parsed) {
      unread(option, text, parsed.error().message);
      continue;
    }
    const std::string name = fmt::format("{}{}", what, is_default ? " by default" : "");
    took(name, to_string(parsed->prefix));
    add_once(to, {parsed->prefix, name});
  }
  if (!is_default && options_.contains(option) && texts.empty()) {
    facts_.doubts.push_back(
        fmt::format("the subnet of the {}: {} in {} could not be read", what, option, path_));
  }
}

void Gatherer::take_pods(std::string_view option, std::string_view otherwise) {
  take_networks(option, otherwise, "pods", facts_.pods);
}

void Gatherer::take_services(std::string_view option, std::string_view otherwise) {
  take_networks(option, otherwise, "services", facts_.services);
}

void Gatherer::take_names(std::string_view option) {
  for (std::string& name : parts(option)) {
    took(option, name);
    add_once(facts_.names, std::move(name));
  }
}

// A name is not resolved: that would ask the network.
void Gatherer::take_joined(std::string_view option) {
  for (const std::string& url : parts(option)) {
    took(option, url);
    const std::string host(host_of(url));
    const auto address = parse_address(host);
    if (address) {
      add_once(facts_.joined, Network{{*address, max_length(address->family)},
                                      "the server that this one joined, " + path_});
    } else {
      add_once(facts_.names, host);
    }
  }
}

void Gatherer::finish(const std::string& what) {
  const std::string taken =
      took_.empty() ? "nothing but defaults" : fmt::format("{}", fmt::join(took_, ", "));
  facts_.took.push_back(fmt::format("{}: {}: {}", path_, what, taken));
}

Facts read_facts(const std::string& root) {
  Facts facts;
  add_kubeadm(root, facts);
  add_k3s(root, facts);
  add_rke2(root, facts);
  return facts;
}

}  // namespace apiguard::propose
