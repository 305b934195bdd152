// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/datapath/read_tries.hpp"

#include <bpf/bpf.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <iterator>

#include <fmt/format.h>

#include "loader/base/capabilities.hpp"

namespace apiguard::datapath {
namespace {

Prefix prefix_of(const apiguard_key4& key) {
  Address address{Family::kIpv4, {}};
  std::copy(std::begin(key.address), std::end(key.address), address.bytes.begin());
  return prefix_around(address, static_cast<std::uint8_t>(key.prefix_len));
}

Prefix prefix_of(const apiguard_key6& key) {
  Address address{Family::kIpv6, {}};
  std::copy(std::begin(key.address), std::end(key.address), address.bytes.begin());
  return prefix_around(address, static_cast<std::uint8_t>(key.prefix_len));
}

bool comes(__u64 end) { return end != 0 && end < APIGUARD_WITHOUT_END; }

// Nothing writes to a trie once it is filled, so no key is lost on the way.
template <typename Key>
Result<> read_trie(int fd, std::map<Prefix, TrieEnds>& to) {
  Key key{};
  const Key* before = nullptr;
  Key next{};
  while (bpf_map_get_next_key(fd, before, &next) == 0) {
    key = next;
    before = &key;
    apiguard_range value{};
    if (bpf_map_lookup_elem(fd, &key, &value) != 0) break;
    const TrieEnds ends{value.except_until & ~APIGUARD_LENGTH_MASK,
                        value.allow_until & ~APIGUARD_LENGTH_MASK};
    if (comes(ends.except_until) || comes(ends.allow_until)) to.emplace(prefix_of(key), ends);
  }
  if (errno == ENOENT) return {};
  return fail(Exit::kFailed, fmt::format("ranges: read the trie: {}", std::strerror(errno)), errno);
}

// A trie is entered by its number and read by its id.
template <typename Key>
Result<> read_tries(int outer_fd, std::map<Prefix, TrieEnds>& to) {
  const capabilities::Raised raised(capabilities::kSysAdmin);
  for (__u32 number = 0; number < APIGUARD_MAX_SHARDS; ++number) {
    __u32 id = 0;
    if (bpf_map_lookup_elem(outer_fd, &number, &id) != 0) continue;
    const Fd trie(bpf_map_get_fd_by_id(id));
    if (!trie) {
      return fail(Exit::kFailed, fmt::format("ranges: open the trie: {}", std::strerror(errno)),
                  errno);
    }
    if (auto read = read_trie<Key>(trie.get(), to); !read) return read;
  }
  return {};
}

}  // namespace

Result<std::map<Prefix, TrieEnds>> read_ending(const Pins& pins, const Edition& edition) {
  const auto ranges = pins.open_ranges(edition);
  if (!ranges) return fail(ranges.error());
  std::map<Prefix, TrieEnds> ends;
  auto read = read_tries<apiguard_key4>((*ranges)[0].get(), ends);
  if (read) read = read_tries<apiguard_key6>((*ranges)[1].get(), ends);
  if (!read) return fail(read.error());
  return ends;
}

}  // namespace apiguard::datapath
