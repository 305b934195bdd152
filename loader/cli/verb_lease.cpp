// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause

#include <cstdlib>
#include <filesystem>
#include <set>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "loader/base/utf8.hpp"
#include "loader/cli/leasing.hpp"
#include "loader/cli/reading.hpp"
#include "loader/cli/verbs.hpp"
#include "loader/host/files.hpp"
#include "loader/host/input.hpp"
#include "loader/host/knock.hpp"
#include "loader/policy/text.hpp"
#include "loader/report/authorized_key.hpp"

namespace apiguard::cli {
namespace {

constexpr std::size_t kMostInput = std::size_t{16} << 20;

tl::unexpected<Error> bad_line(std::size_t number, std::string_view reason) {
  return fail(Exit::kBadFile,
              fmt::format("{}:{}: {}: nothing was changed", kInput, number, reason));
}

// One address a line. A torn line may read as another address, so the last newline has to be there.
Result<std::vector<Address>> parse_members(std::string_view text) {
  std::vector<Address> addresses;
  for (std::size_t number = 1; !text.empty(); ++number) {
    const std::size_t end = text.find('\n');
    if (end == std::string_view::npos)
      return bad_line(number, "the last line has no newline: the input may be cut off");
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(end + 1);
    const auto address = parse_address(line);
    if (!address)
      return bad_line(number,
                      fmt::format("{}: no address: {}", quote(line), address.error().message));
    addresses.push_back(*address);
  }
  return addresses;
}

Result<std::vector<Address>> read_members() {
  const auto text = read_input(kMostInput);
  if (!text) return fail(text.error());
  return parse_members(*text);
}

// As it was started, for the line that starts it again.
Result<std::string> program_path() {
  std::error_code error;
  const auto path = std::filesystem::read_symlink("/proc/self/exe", error);
  if (error) return fail_os("file", "/proc/self/exe", "read link", error.value());
  return path.string();
}

Result<std::vector<Address>> addresses_of(const LeaseOptions& options) {
  if (options.sync) return read_members();
  if (!options.from_ssh) return options.addresses;
  auto source = proven_ssh_source(std::getenv("SSH_CONNECTION"));
  if (!source) return fail(source.error());
  return std::vector<Address>{*source};
}

// Each once.
std::vector<Prefix> prefixes_of(const std::vector<Address>& addresses, std::uint8_t length6) {
  std::vector<Prefix> prefixes;
  std::set<Prefix> known;
  for (const Address& address : addresses) {
    const std::uint8_t length = address.family == Family::kIpv4 ? 32 : length6;
    const Prefix prefix = prefix_around(address, length);
    if (known.insert(prefix).second) prefixes.push_back(prefix);
  }
  return prefixes;
}

Result<Exit> print_key(const LeaseOptions& options) {
  const auto text = read_text(options.authorized_key);
  if (!text) return fail(text.error());
  const auto key = report::read_public_key(*text, options.authorized_key);
  if (!key) return fail(key.error());
  const auto program = program_path();
  if (!program) return fail(program.error());
  const report::LeaseCommand command{*program, options.lasts_text, options.name, options.within,
                                     options.prefix6};
  auto lines = report::authorized_key_text(*key, command, options.user);
  if (!lines) return fail(lines.error());
  to_stdout(*lines);
  if (options.name.empty())
    note(
        "without --name all such keys share one name, and 'per_name' of [leases] counts them as "
        "one");
  return Exit::kDone;
}

}  // namespace

Result<Exit> run(const CommandLine& line, const LeaseOptions& options) {
  if (!options.authorized_key.empty()) return print_key(options);
  if (options.unbar) return take_bars_out(line, *options.unbar, options.json);
  const auto addresses = addresses_of(options);
  if (!addresses) return fail(addresses.error());
  if (options.sync && addresses->empty()) {
    note(fmt::format("{}: empty: the leases of '{}' stay as they are", kInput, options.name));
    if (!options.json) return Exit::kDone;
  }
  LeaseOrder order;
  order.prefixes = prefixes_of(*addresses, options.prefix6);
  order.name = options.name;
  order.lasts = options.lasts;
  order.within = options.within;
  order.from_ssh = options.from_ssh;
  order.members = options.sync;
  return lease(line, std::move(order), options.json);
}

}  // namespace apiguard::cli
