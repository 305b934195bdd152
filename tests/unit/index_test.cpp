// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The verdict index of small lists in full, written down as judge.h lays it out. That it is right for
// every list is for the bpf tier to show, on the program that reads it.
#include "loader/compile/index.hpp"

#include <fmt/format.h>

#include <array>
#include <span>
#include <string>

#include "loader/compile/tree.hpp"
#include "tests/support/catch.hpp"

using namespace apiguard;

namespace {

constexpr Timestamp kSomeTime{1'767'225'600s};

Range range(Kind kind, std::string_view cidr) {
  auto parsed = parse_prefix(cidr);
  REQUIRE(parsed);
  return {.prefix = parsed->prefix, .kind = kind, .name = {}, .until = {}, .origin = {}};
}

Range allow(std::string_view cidr) { return range(Kind::kAllow, cidr); }
Range except(std::string_view cidr) { return range(Kind::kExcept, cidr); }

Index4 index4_of(const std::vector<Range>& ranges) { return index4(deciding_ranges(ranges)); }
Index6 index6_of(const std::vector<Range>& ranges) { return index6(deciding_ranges(ranges)); }

std::string_view name(unsigned cell) {
  static constexpr std::array<std::string_view, 4> kNames{".", "listed", "excepted", "deeper"};
  return kNames.at(cell);
}

// "12 listed", "14-16 deeper" for the cells that are not unlisted, each behind `prefix`.
std::string show_cells(std::span<const __u64> words, const std::string& prefix) {
  const auto cell_at = [&](std::size_t i) {
    return static_cast<unsigned>(words[i / 32] >> 2 * (i % 32) & 3);
  };
  const std::size_t count = words.size() * 32;
  std::string text;
  for (std::size_t i = 0, end = 0; i < count; i = end) {
    for (end = i + 1; end < count && cell_at(end) == cell_at(i);) ++end;
    if (cell_at(i) == APIGUARD_CELL_UNLISTED) continue;
    text += fmt::format("{}{:x}", prefix, i);
    if (end - i > 1) text += fmt::format("-{:x}", end - 1);
    text += fmt::format(" {}\n", name(cell_at(i)));
  }
  return text;
}

std::string show(const apiguard_top& top) { return show_cells(top.cells, ""); }

std::string show(const std::vector<apiguard_block>& blocks) {
  std::string text;
  for (std::size_t number = 0; number < blocks.size(); ++number) {
    text += show_cells(blocks[number].cells, fmt::format("{}:", number));
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
  CHECK(index4_of({allow("0.0.0.0/0"), allow("10.0.0.0/8")}).blocks.empty());
  CHECK(index4_of({allow("0.0.0.0/1"), allow("128.0.0.0/1")}).whole == APIGUARD_CELL_LISTED);
  CHECK(index6_of({allow("::/1"), allow("8000::/1")}).nodes.empty());
}

TEST_CASE("IPv4 ranges up to /16 stand in the top") {
  const Index4 index =
      index4_of({allow("10.0.0.0/8"), except("10.1.0.0/16"), allow("172.16.0.0/12")});
  CHECK(index.whole == APIGUARD_CELL_DEEPER);
  CHECK(show(index.top) ==
        "a00 listed\n"
        "a01 excepted\n"
        "a02-aff listed\n"
        "ac10-ac1f listed\n");
  CHECK(index.blocks.empty());
  CHECK(index.leaves.empty());
}

TEST_CASE("longer ones stand one level down, numbered in the order of addresses") {
  const Index4 index = index4_of(
      {allow("192.0.2.0/24"), allow("10.20.4.0/22"), allow("192.0.4.0/24"), allow("10.21.0.0/17")});
  CHECK(show(index.top) ==
        "a14-a15 deeper\n"
        "c000 deeper\n");
  CHECK(show(index.blocks) ==
        "0:4-7 listed\n"
        "1:0-7f listed\n"
        "2:2 listed\n"
        "2:4 listed\n");
  CHECK(index.top.first[0xa14 / 32] == 0);
  CHECK(index.top.first[0xc000 / 32] == 2);
}

TEST_CASE("leaves are numbered through all blocks") {
  const Index4 index = index4_of({allow("10.20.4.1"), allow("10.20.255.1"), allow("192.0.2.1")});
  CHECK(show(index.blocks) ==
        "0:4 deeper\n"
        "0:ff deeper\n"
        "1:2 deeper\n");
  CHECK(index.leaves.size() == 3);
  CHECK(index.ranks[0].first == 0);
  CHECK(index.ranks[0].before[0] == 0);
  CHECK(index.ranks[0].before[7] == 1);
  CHECK(index.ranks[1].first == 2);
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
        "0:80-c7 excepted\n"
        "0:c8 listed\n"
        "0:c9-ff excepted\n");
}

TEST_CASE("what ends is left to the trie") {
  Range ending = allow("10.0.0.0/8");
  ending.until = kSomeTime;
  CHECK(show(index4_of({ending, allow("10.9.0.0/16")}).top) ==
        "a00-a08 excepted\n"
        "a09 listed\n"
        "a0a-aff excepted\n");
}

TEST_CASE("IPv6 starts behind the bits that all ranges share") {
  const Index6 index = index6_of({allow("2001:db8::/48"), allow("2001:db8:8000::/48")});
  CHECK(index.shared_len == 32);
  CHECK(index.shared == 0x20010db800000000);
  CHECK(index.outside == APIGUARD_CELL_UNLISTED);
  CHECK(show(index.top) ==
        "0 listed\n"
        "8000 listed\n");
  CHECK(index.nodes.empty());
}

TEST_CASE("what lies outside of them follows the range that holds everything") {
  const Index6 index = index6_of({allow("::/0"), except("2001:db8::/32")});
  CHECK(index.shared_len == 32);
  CHECK(index.outside == APIGUARD_CELL_LISTED);
  CHECK(show(index.top) == "0-ffff excepted\n");
  const Index6 upper = index6_of({allow("ffff::/16")});
  CHECK(upper.shared == 0xffff000000000000);
  CHECK(upper.outside == APIGUARD_CELL_UNLISTED);
  CHECK(index6_of({allow("::/0"), except("::/64")}).outside == APIGUARD_CELL_LISTED);
}

TEST_CASE("IPv6 ranges behind the top are a tree, and the longest ones a tree below it") {
  const Index6 index = index6_of({allow("2001:db8::/64"), allow("2001:db8::5:0:0:0:1")});
  CHECK(index.shared_len == 47);
  CHECK(show(index.top) ==
        "0 deeper\n"
        "2 deeper\n");
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
  CHECK(build_tree(nodes, 0, steps).empty());
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
  const std::size_t bytes = sizeof(index.top) + index.blocks.size() * sizeof(apiguard_block) +
                            index.ranks.size() * sizeof(apiguard_rank) +
                            index.leaves.size() * sizeof(__u64) +
                            index.dense.size() * sizeof(apiguard_block);
  CHECK(bytes / ranges.size() < 60);
}
