// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The verdict index on the addresses where it could be wrong: both ends of every range and their
// neighbours, in lists of every size and density, against the reference judge and against the trie
// that stands behind it. APIGUARD_SEED repeats a run.
#include <bpf/bpf.h>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <optional>

#include "loader/base/fd.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/oracle.hpp"
#include "tests/support/packet.hpp"
#include "tests/support/random.hpp"
#include "tests/support/rows.hpp"
#include "tests/support/run.hpp"

using namespace apiguard;
using namespace apiguard::test;

namespace {

constexpr std::uint16_t kPort = 6443;

Policy policy_of(std::vector<Range> ranges) {
  Policy policy;
  policy.endpoints = {{.address = std::nullopt, .port = kPort}};
  policy.ranges = std::move(ranges);
  return policy;
}

Range every_other(unsigned length, std::string_view of) {
  const std::string cidr = std::string(of) + "/" + std::to_string(length);
  return length % 2 == 0 ? allow(cidr) : except(cidr);
}

Address last_of(const Prefix& prefix) {
  Address address = prefix.address;
  for (unsigned bit = prefix.length; bit < max_length(address.family); ++bit) {
    address.bytes[bit / 8] = static_cast<std::uint8_t>(address.bytes[bit / 8] | 0x80 >> (bit % 8));
  }
  return address;
}

Bytes segment(const Address& source) {
  const Tcp ack{.dport = kPort};
  if (source.family == Family::kIpv4) {
    return (Eth() / Ipv4{.src = source, .dst = address("198.51.100.1")} / ack).bytes();
  }
  return (Eth() / Ipv6{.src = source, .dst = address("2001:db8::1")} / ack).bytes();
}

// What a family's tries say, asked from outside: the longest match of all shards is that of the
// right one.
class Tries {
 public:
  explicit Tries(int outer_fd) {
    __u32 id = 0;
    for (__u32 i = 0; bpf_map_lookup_elem(outer_fd, &i, &id) == 0; ++i)
      shards_.emplace_back(bpf_map_get_fd_by_id(id));
  }

  // Only for lists without ends.
  template <typename Key>
  [[nodiscard]] apiguard_reason say(const Address& source) const {
    Key key{.prefix_len = max_length(source.family), .address = {}};
    std::memcpy(key.address, source.bytes.data(), sizeof(key.address));
    std::optional<apiguard_range> longest;
    for (const Fd& shard : shards_) {
      apiguard_range found{};
      if (bpf_map_lookup_elem(shard.get(), &key, &found) != 0) continue;
      if (!longest || length(found) > length(*longest)) longest = found;
    }
    if (!longest) return APIGUARD_UNLISTED;
    return (longest->except_until & ~APIGUARD_LENGTH_MASK) != 0 ? APIGUARD_EXCEPTED
                                                                : APIGUARD_LISTED;
  }

  [[nodiscard]] std::size_t shards() const { return shards_.size(); }

 private:
  static __u64 length(const apiguard_range& range) {
    return range.except_until & APIGUARD_LENGTH_MASK;
  }

  std::vector<Fd> shards_;
};

class Comparison {
 public:
  explicit Comparison(Policy policy)
      : policy_(std::move(policy)),
        harness_(policy_),
        tries4_(harness_.generation().ranges4_fd()),
        tries6_(harness_.generation().ranges6_fd()) {
    ends_ = std::any_of(policy_.ranges.begin(), policy_.ranges.end(),
                        [](const Range& each) { return each.until.has_value(); });
  }

  void try_source(const Address& source) {
    const apiguard_reason wanted = judge_source(policy_, kNow, source).reason;
    const Verdict got = harness_.run(segment(source));
    if (got.reason != wanted) {
      FAIL(to_string(source) << ": table " << test::to_string(wanted) << ", program "
                             << test::to_string(got) << "\n"
                             << (policy_.ranges.size() < 300 ? dump(policy_) : "a long list"));
    }
    REQUIRE(got.outcome == (wanted == APIGUARD_LISTED ? APIGUARD_PASS : APIGUARD_DROP));
    if (!ends_) {
      const bool ipv4 = source.family == Family::kIpv4;
      REQUIRE((ipv4 ? tries4_.say<apiguard_key4>(source) : tries6_.say<apiguard_key6>(source)) ==
              wanted);
    }
    ++tried;
  }

  void try_edges() {
    for (const Range& each : policy_.ranges) {
      const Address first = each.prefix.address;
      const Address last = last_of(each.prefix);
      for (const Address& source : {first, last, beside(first, false), beside(last, true)}) {
        try_source(source);
      }
    }
  }

  void try_random(Random& random, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
      const Family family = random.percent(50) ? Family::kIpv4 : Family::kIpv6;
      try_source(random_source(random, policy_, family));
    }
  }

  [[nodiscard]] std::size_t shards() const { return tries4_.shards() + tries6_.shards(); }

  std::size_t tried = 0;

 private:
  Policy policy_;
  Harness harness_;
  Tries tries4_;
  Tries tries6_;
  bool ends_ = false;
};

void compare(std::vector<Range> ranges) {
  Comparison comparison(policy_of(std::move(ranges)));
  comparison.try_edges();
  comparison.try_source(address("0.0.0.0"));
  comparison.try_source(address("255.255.255.255"));
  comparison.try_source(address("::"));
  comparison.try_source(address("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"));
}

// `count` ranges within `net`, no longer than `most` bits, a third of them excepts.
std::vector<Range> crowd(Random& random, std::string_view net, std::size_t count, unsigned most) {
  const Prefix inside = allow(net).prefix;
  std::vector<Range> ranges;
  for (std::size_t i = 0; i < count; ++i) {
    Range one = random.percent(33) ? except(net) : allow(net);
    one.prefix.length =
        static_cast<std::uint8_t>(inside.length + random.below(most - inside.length + 1));
    for (unsigned bit = inside.length; bit < one.prefix.length; ++bit) {
      if (random.percent(50)) one.prefix.address.bytes[bit / 8] |= 0x80 >> (bit % 8);
    }
    ranges.push_back(one);
  }
  return ranges;
}

}  // namespace

TEST_CASE("the index knows the ends of the address space", "[root]") {
  compare({allow("0.0.0.0/0")});
  compare({allow("::/0")});
  compare({allow("0.0.0.0/0"), allow("::/0"), except("0.0.0.0"), except("255.255.255.255"),
           except("::"), except("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff")});
  compare({allow("0.0.0.0/1"), allow("8000::/1")});
  compare({allow("128.0.0.0/1"), allow("::/1")});
  compare({allow("255.255.255.255"), allow("0.0.0.0"), allow("::")});
  compare({except("0.0.0.0/0"), except("::/0")});
}

TEST_CASE("the index knows exceptions inside ranges inside exceptions", "[root]") {
  std::vector<Range> nested;
  for (unsigned length = 0; length <= 32; ++length) {
    nested.push_back(every_other(length, "192.0.2.129"));
  }
  for (unsigned length = 0; length <= 128; ++length) {
    nested.push_back(every_other(length, "2001:db8:5555:aaaa:5555:aaaa:5555:aaaa"));
  }
  compare(nested);
  std::reverse(nested.begin(), nested.end());
  for (Range& each : nested) each.kind = each.kind == Kind::kAllow ? Kind::kExcept : Kind::kAllow;
  compare(nested);
}

TEST_CASE("every length alone, at both ends of what covers it", "[root]") {
  for (unsigned length = 1; length <= 32; ++length) {
    compare({allow("170.85.170.85/" + std::to_string(length))});
  }
  for (unsigned length = 1; length <= 128; ++length) {
    compare({allow("2001:db8:5555:aaaa:5555:aaaa:5555:aaaa/" + std::to_string(length)),
             allow("2001:db8::/32")});
    compare({except("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/" + std::to_string(length)),
             allow("::/0")});
  }
}

TEST_CASE("a /24 with any number of boundaries, every address of it", "[root]") {
  Random random(seed_from_environment());
  for (std::size_t count = 1; count < 40; ++count) {
    Comparison comparison(policy_of(crowd(random, "203.0.113.0/24", count, 32)));
    for (unsigned host = 0; host < 256; ++host) {
      comparison.try_source(address("203.0.113." + std::to_string(host)));
    }
  }
}

TEST_CASE("crowded nets: trees of several levels, and trees below trees", "[root]") {
  Random random(seed_from_environment());
  for (const std::size_t count : {7U, 8U, 9U, 63U, 64U, 65U, 511U, 700U, 3000U}) {
    compare(crowd(random, "10.0.0.0/8", count, 32));
    compare(crowd(random, "198.51.100.0/22", count, 32));
    compare(crowd(random, "2001:db8::/32", count, 64));
    compare(crowd(random, "2001:db8:1:2::/64", count, 128));
    compare(crowd(random, "2001:db8:1:2:3::/80", count, 128));
    compare(crowd(random, "::/0", count, 128));
  }
}

TEST_CASE("random lists of 1 to 5,000 ranges, at the ends of every range", "[root]") {
  Random random(seed_from_environment());
  std::size_t tried = 0;
  for (const std::size_t most : {1U, 3U, 10U, 30U, 100U, 300U, 1000U, 5000U}) {
    for (int round = 0; round < (most < 1000 ? 8 : 2); ++round) {
      PolicyOptions options{.max_ranges = most};
      if (round % 2 == 1) options.ends = {kNow - 1h, kNow + 1h};
      Policy policy = policy_of(random_policy(random, options).ranges);
      Comparison comparison(std::move(policy));
      comparison.try_edges();
      comparison.try_random(random, 500);
      tried += comparison.tried;
    }
  }
  std::printf("%zu sources\n", tried);
  CHECK(tried > 20'000);
}

// The program picks a shard where it asks: for ranges that end, and here some of them do.
TEST_CASE("lists of several shards, beside their borders and anywhere", "[root]") {
  Random random(seed_from_environment());
  std::vector<Range> ranges = crowd(random, "10.0.0.0/8", 50'000, 32);
  for (const Range& each : crowd(random, "2001:db8::/32", 50'000, 64)) ranges.push_back(each);
  for (std::size_t i = 0; i < ranges.size(); i += 3)
    ranges[i].until = kNow + (random.percent(50) ? 1h : -1h);
  const Policy policy = policy_of(ranges);
  Comparison comparison(policy);
  CHECK(comparison.shards() >= 4);
  const std::vector<Range> effective = effective_ranges(policy.ranges);
  for (std::size_t i = 0; i < effective.size(); i += 1 + random.below(500)) {
    for (const Address& source :
         {effective[i].prefix.address, beside(effective[i].prefix.address, false)}) {
      comparison.try_source(source);
    }
  }
  comparison.try_random(random, 500);
}
