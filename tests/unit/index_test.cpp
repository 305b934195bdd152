// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The verdict index of small lists in full, written down as abi.h lays it out. That it is right for
// every list is for the bpf tier to show, on the program that reads it.
#include "loader/compile/index.hpp"

#include <fmt/format.h>

#include <array>
#include <string>

#include "loader/compile/tree.hpp"
#include "tests/support/catch.hpp"

using namespace apiguard;

namespace {

constexpr Timestamp kSomeTime = 1'767'225'600'000'000'000;

Range range(Kind kind, std::string_view cidr) {
  auto parsed = parse_prefix(cidr);
  REQUIRE(parsed);
  return {.prefix = parsed->prefix, .kind = kind, .name = {}, .until = {}, .origin = {}};
}

Range allow(std::string_view cidr) { return range(Kind::kAllow, cidr); }
Range except(std::string_view cidr) { return range(Kind::kExcept, cidr); }

Index4 index4_of(std::vector<Range> ranges) { return index4(effective_ranges(ranges)); }
Index6 index6_of(std::vector<Range> ranges) { return index6(effective_ranges(ranges)); }

std::string_view name(unsigned cell) {
  static constexpr std::array<std::string_view, 4> kNames{".", "listed", "excepted", "deeper"};
  return kNames.at(cell);
}

unsigned cell_at(const apiguard_block& block, unsigned i) {
  return static_cast<unsigned>(block.cells[i / 32] >> 2 * (i % 32) & 3);
}

// "12:34 listed" for every cell of the blocks that is not unlisted; runs of one kind as one.
std::string show(const std::vector<apiguard_block>& blocks) {
  std::string text;
  for (std::size_t number = 0; number < blocks.size(); ++number) {
    for (unsigned i = 0; i < kBlockCells;) {
      unsigned end = i + 1;
      const unsigned cell = cell_at(blocks[number], i);
      while (end < kBlockCells && cell_at(blocks[number], end) == cell) ++end;
      if (cell != APIGUARD_CELL_UNLISTED) {
        text += fmt::format("{}:{}", number, i);
        if (end - i > 1) text += fmt::format("-{}", end - 1);
        text += fmt::format(" {}\n", name(cell));
      }
      i = end;
    }
  }
  return text;
}

std::string show_leaves(const std::vector<__u64>& leaves) {
  std::string text;
  for (const __u64 leaf : leaves) text += fmt::format("{:016x}\n", leaf);
  return text;
}

std::string show(const apiguard_node& node) {
  const bool leaf = (node.tail & APIGUARD_NODE_LEAF) != 0;
  std::string text = leaf ? "leaf" : "node";
  for (unsigned i = 0; i <= APIGUARD_NODE_KEYS; ++i) {
    if (i > 0 && node.keys[i - 1] == APIGUARD_NO_KEY) break;
    if (i > 0) text += fmt::format(" {:x}", node.keys[i - 1]);
    if (leaf) text += fmt::format(" {}", name(node.tail >> (32 + 2 * i) & 3));
  }
  return text + fmt::format(" first {}\n", static_cast<__u32>(node.tail));
}

std::string show(const std::vector<apiguard_node>& nodes) {
  std::string text;
  for (const apiguard_node& node : nodes) text += show(node);
  return text;
}

}  // namespace

TEST_CASE("a family of one kind needs no blocks") {
  CHECK(index4_of({}).whole == APIGUARD_CELL_UNLISTED);
  CHECK(index6_of({}).whole == APIGUARD_CELL_UNLISTED);
  CHECK(index4_of({allow("0.0.0.0/0")}).whole == APIGUARD_CELL_LISTED);
  CHECK(index6_of({except("::/0")}).whole == APIGUARD_CELL_EXCEPTED);
  CHECK(index4_of({allow("0.0.0.0/0"), allow("10.0.0.0/8")}).blocks.blocks.empty());
  CHECK(index4_of({allow("0.0.0.0/1"), allow("128.0.0.0/1")}).whole == APIGUARD_CELL_LISTED);
  CHECK(index6_of({allow("::/1"), allow("8000::/1")}).nodes.empty());
}

TEST_CASE("IPv4 ranges up to /16 stand in the top blocks") {
  const Index4 index =
      index4_of({allow("10.0.0.0/8"), except("10.1.0.0/16"), allow("172.16.0.0/12")});
  CHECK(index.whole == APIGUARD_CELL_DEEPER);
  CHECK(index.blocks.blocks.size() == 256);
  CHECK(show(index.blocks.blocks) ==
        "10:0 listed\n"
        "10:1 excepted\n"
        "10:2-255 listed\n"
        "172:16-31 listed\n");
  CHECK(index.leaves.empty());
}

TEST_CASE("longer ones stand one level down, numbered in the order of addresses") {
  const Index4 index = index4_of(
      {allow("192.0.2.0/24"), allow("10.20.4.0/22"), allow("192.0.4.0/24"), allow("10.21.0.0/17")});
  CHECK(show(index.blocks.blocks) ==
        "10:20-21 deeper\n"
        "192:0 deeper\n"
        "256:4-7 listed\n"
        "257:0-127 listed\n"
        "258:2 listed\n"
        "258:4 listed\n");
  CHECK(index.blocks.ranks[10].first == 256);
  CHECK(index.blocks.ranks[192].first == 258);
  CHECK(index.blocks.ranks[10].before[0] == 0);
  CHECK(index.blocks.ranks[10].before[1] == 2);
}

TEST_CASE("a leaf holds six boundaries, the unused ones first") {
  CHECK(show_leaves(index4_of({allow("192.0.2.16/28")}).leaves) ==
        // cells . . . . . listed . ; boundaries 0 0 0 0 16 32
        "0400201000000000\n");
  CHECK(show_leaves(
            index4_of({allow("192.0.2.0/25"), except("192.0.2.5"), allow("192.0.2.255")}).leaves) ==
        // . . listed excepted listed . listed; 0 0 5 6 128 255
        "1190ff8006050000\n");
}

TEST_CASE("a /24 with more boundaries has a block for its addresses") {
  const Index4 index = index4_of({allow("192.0.2.1"), allow("192.0.2.3"), except("192.0.2.128/25"),
                                  allow("192.0.2.200"), allow("198.51.100.1")});
  CHECK(show_leaves(index.leaves) == "8000000000000000\n0400020100000000\n");
  CHECK(show(index.dense) ==
        "0:1 listed\n"
        "0:3 listed\n"
        "0:128-199 excepted\n"
        "0:200 listed\n"
        "0:201-255 excepted\n");
}

TEST_CASE("what ends is left to the trie") {
  Range ending = allow("10.0.0.0/8");
  ending.until = kSomeTime;
  CHECK(show(index4_of({ending, allow("10.9.0.0/16")}).blocks.blocks) ==
        "10:0-8 excepted\n"
        "10:9 listed\n"
        "10:10-255 excepted\n");
}

TEST_CASE("IPv6 starts behind the bits that all ranges share") {
  const Index6 index = index6_of({allow("2001:db8::/48"), allow("2001:db8:8000::/48")});
  CHECK(index.shared_len == 32);
  CHECK(index.shared == 0x20010db800000000);
  CHECK(index.outside == APIGUARD_CELL_UNLISTED);
  CHECK(show(index.blocks.blocks) == "0:0 listed\n128:0 listed\n");
  CHECK(index.nodes.empty());
}

TEST_CASE("what lies outside of them follows the range that holds everything") {
  const Index6 index = index6_of({allow("::/0"), except("2001:db8::/32")});
  CHECK(index.shared_len == 32);
  CHECK(index.outside == APIGUARD_CELL_LISTED);
  CHECK(show(index.blocks.blocks).substr(0, 14) == "0:0-255 except");
  const Index6 upper = index6_of({allow("ffff::/16")});
  CHECK(upper.shared == 0xffff000000000000);
  CHECK(upper.outside == APIGUARD_CELL_UNLISTED);
  CHECK(index6_of({allow("::/0"), except("::/64")}).outside == APIGUARD_CELL_LISTED);
}

TEST_CASE("IPv6 ranges behind the top are a tree, and the longest ones a tree below it") {
  const Index6 index = index6_of({allow("2001:db8::/64"), allow("2001:db8::5:0:0:0:1")});
  CHECK(index.shared_len == 47);
  CHECK(show(index.blocks.blocks) ==
        "0:0 deeper\n"
        "0:2 deeper\n");
  // The key is bits 63 to 125: the /64 ends where bit 63 is 1, and the /128 lies in four addresses.
  CHECK(show(index.nodes) ==
        "leaf listed 4000000000000000 . first 2\n"
        "leaf . 4000000000000000 deeper 4000000000000001 . first 2\n"
        "leaf . 1 listed 2 . first 3\n");
}

TEST_CASE("nine stretches make two leaves under one node") {
  std::vector<Step> steps;
  for (__u64 i = 0; i < 9; ++i) {
    steps.push_back({i * 16, i % 2 == 0 ? APIGUARD_CELL_UNLISTED : APIGUARD_CELL_LISTED, 0});
  }
  std::vector<apiguard_node> nodes(1);
  CHECK(plant(nodes, 0, steps).empty());
  CHECK(show(nodes) ==
        "node 80 first 1\n"
        "leaf . 10 listed 20 . 30 listed 40 . 50 listed 60 . 70 listed first 1\n"
        "leaf . first 1\n");
}

TEST_CASE("a hundred thousand scattered ranges take less than sixty bytes each") {
  std::vector<Range> ranges;
  std::uint32_t state = 1;
  for (int i = 0; i < 100'000; ++i) {
    state = state * 1664525 + 1013904223;
    Range one = allow("0.0.0.0/0");
    one.prefix.length = static_cast<std::uint8_t>(20 + i % 13);
    const std::uint32_t bits = state >> (32 - one.prefix.length) << (32 - one.prefix.length);
    for (unsigned byte = 0; byte < 4; ++byte) {
      one.prefix.address.bytes[byte] = static_cast<std::uint8_t>(bits >> (24 - 8 * byte));
    }
    ranges.push_back(one);
  }
  const Index4 index = index4_of(ranges);
  const std::size_t bytes = index.blocks.blocks.size() * sizeof(apiguard_block) +
                            index.blocks.ranks.size() * sizeof(apiguard_rank) +
                            index.leaves.size() * sizeof(__u64) +
                            index.dense.size() * sizeof(apiguard_block);
  CHECK(bytes / ranges.size() < 60);
}
