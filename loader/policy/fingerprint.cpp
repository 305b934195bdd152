// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// fingerprint() and fingerprint_permanent() of policy.hpp, whose comment says what is digested.
#include <fmt/format.h>

#include "loader/base/sha256.hpp"
#include "loader/policy/policy.hpp"
#include "loader/policy/texts.hpp"

namespace apiguard {
namespace {

constexpr std::size_t kRecords = 65536;  // bytes that are digested at a time

void add_big_endian(std::string& record, std::uint64_t value) {
  for (int shift = 56; shift >= 0; shift -= 8)
    record += static_cast<char>(static_cast<unsigned char>(value >> shift & 0xff));
}

// As the comment of fingerprint() says.
void add_record(const Range& range, std::string& records) {
  const Prefix& prefix = range.prefix;
  records += static_cast<char>(range.kind);
  records += static_cast<char>(prefix.address.family);
  records += static_cast<char>(prefix.length);
  records += static_cast<char>(range.until ? 1 : 0);
  const std::size_t bytes = prefix.address.family == Family::kIpv4 ? 4 : 16;
  records.append(reinterpret_cast<const char*>(prefix.address.bytes.data()), bytes);
  if (range.until)
    add_big_endian(records, static_cast<std::uint64_t>(nanoseconds_of(*range.until)));
}

// Of the deciding ranges those that are asked for.
template <typename Counts>
std::string digest_of(const Policy& policy, const Counts& counts) {
  Sha256 digest;
  digest.add(fmt::format("mode {}\n", to_string(policy.mode)));
  for (const std::string& endpoint : as_set(endpoint_texts(policy))) {
    digest.add(fmt::format("endpoint {}\n", endpoint));
  }
  std::string records;
  for (const Range* range : deciding_ranges(policy.ranges)) {
    if (!counts(*range)) continue;
    add_record(*range, records);
    if (records.size() < kRecords) continue;
    digest.add(records);
    records.clear();
  }
  digest.add(records);
  return digest.hex();
}

}  // namespace

std::string fingerprint(const Policy& policy) {
  return digest_of(policy, [](const Range&) { return true; });
}

// Of one prefix an entry without end stands for all of its kind, and is among the deciding ones
// unless an except without end hides it: the others need not be taken out first.
std::string fingerprint_permanent(const Policy& policy) {
  return digest_of(policy, [](const Range& range) { return !range.until; });
}

}  // namespace apiguard
