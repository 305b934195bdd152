// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/datapath/tries.hpp"

#include <bpf/bpf.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <iterator>

#include <fmt/format.h>

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

}  // namespace

Result<std::map<Prefix, TrieEnds>> read_ending(const Pins& pins, const Edition& edition) {
  std::map<Prefix, TrieEnds> ends;
  for (const Fd& trie : pins.open_tries(edition)) {
    bpf_map_info info{};
    __u32 length = sizeof(info);
    if (bpf_obj_get_info_by_fd(trie.get(), &info, &length) != 0)
      return fail(Exit::kFailed, fmt::format("ranges: ask: {}", std::strerror(errno)), errno);
    auto read = info.key_size == sizeof(apiguard_key4) ? read_trie<apiguard_key4>(trie.get(), ends)
                                                       : read_trie<apiguard_key6>(trie.get(), ends);
    if (!read) return fail(read.error());
  }
  return ends;
}

}  // namespace apiguard::datapath
