// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/policy/prefix.hpp"

#include <algorithm>
#include <cstring>

#include <fmt/compile.h>

namespace apiguard {
namespace {

constexpr std::array<std::uint8_t, 12> kMappedHead{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
constexpr int kGroups = 8;

std::uint32_t group(const Address& address, int index) {
  const auto i = static_cast<std::size_t>(index) * 2;
  return static_cast<std::uint32_t>(address.bytes[i] << 8 | address.bytes[i + 1]);
}

struct Run {
  int begin = 0;
  int length = 0;
};

// The groups that RFC 5952 section 4.2 writes as "::": the longest run of zeros, the first of
// equals, never a single one.
Run longest_zero_run(const Address& address) {
  Run best;
  Run run;
  for (int i = 0; i < kGroups; ++i) {
    run = group(address, i) != 0 ? Run{i + 1, 0} : Run{run.begin, run.length + 1};
    if (run.length > best.length) best = run;
  }
  return best.length >= 2 ? best : Run{kGroups, 0};
}

std::string format_ipv4(const std::uint8_t* bytes) {
  return fmt::format(FMT_COMPILE("{}.{}.{}.{}"), bytes[0], bytes[1], bytes[2], bytes[3]);
}

std::string format_ipv6(const Address& address) {
  const Run zeros = longest_zero_run(address);
  std::string out;
  for (int i = 0; i < kGroups; ++i) {
    if (i == zeros.begin) {
      out += "::";
      i += zeros.length - 1;
      continue;
    }
    if (!out.empty() && out.back() != ':') out += ':';
    fmt::format_to(std::back_inserter(out), "{:x}", group(address, i));
  }
  return out;
}

}  // namespace

std::string to_string(const Address& address) {
  if (address.family == Family::kIpv4) return format_ipv4(address.bytes.data());
  // RFC 5952 section 5: a mapped address ends in dotted decimals.
  if (std::equal(kMappedHead.begin(), kMappedHead.end(), address.bytes.begin())) {
    return "::ffff:" + format_ipv4(address.bytes.data() + kMappedHead.size());
  }
  return format_ipv6(address);
}

std::string to_string(const Prefix& prefix) {
  return fmt::format(FMT_COMPILE("{}/{}"), to_string(prefix.address), prefix.length);
}

Prefix prefix_around(const Address& address, std::uint8_t length) {
  Prefix prefix{address, length};
  for (std::size_t i = 0; i < prefix.address.bytes.size(); ++i) {
    const int keep = std::clamp(length - static_cast<int>(i) * 8, 0, 8);
    std::uint8_t& byte = prefix.address.bytes[i];
    byte = static_cast<std::uint8_t>(byte & (0xff00 >> keep));
  }
  return prefix;
}

bool covers(const Prefix& outer, const Address& address) {
  if (outer.address.family != address.family) return false;
  const std::size_t whole = outer.length / 8;
  if (std::memcmp(outer.address.bytes.data(), address.bytes.data(), whole) != 0) return false;
  const int rest = outer.length % 8;
  if (rest == 0) return true;
  return (outer.address.bytes[whole] ^ address.bytes[whole]) >> (8 - rest) == 0;
}

bool covers(const Prefix& outer, const Prefix& inner) {
  return outer.length <= inner.length && covers(outer, inner.address);
}

}  // namespace apiguard
