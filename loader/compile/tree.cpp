// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/compile/tree.hpp"

#include <algorithm>

namespace apiguard {
namespace {

constexpr std::size_t kFanout = APIGUARD_NODE_KEYS + 1;

// One level of the tree, from left to right, and the key that each node begins with.
struct Row {
  std::vector<apiguard_node> nodes;
  std::vector<__u64> keys;
};

apiguard_node empty_node() {
  apiguard_node node{};
  std::fill(std::begin(node.keys), std::end(node.keys), APIGUARD_NO_KEY);
  return node;
}

// Keeps a node free for each deeper cell; they are numbered from the tail of the leaf on.
apiguard_node leaf_of(std::span<const Step> steps, std::vector<apiguard_node>& nodes,
                      std::vector<OpenSlot>& slots) {
  apiguard_node leaf = empty_node();
  leaf.tail = APIGUARD_NODE_LEAF | nodes.size();
  for (std::size_t i = 0; i < steps.size(); ++i) {
    const Step& step = steps[i];
    if (i > 0) leaf.keys[i - 1] = step.key;
    leaf.tail |= static_cast<__u64>(step.cell) << (APIGUARD_NODE_CELLS_SHIFT + 2 * i);
    if (step.cell != APIGUARD_CELL_DEEPER) continue;
    slots.push_back({nodes.size(), step.key, step.stretch});
    nodes.emplace_back();
  }
  return leaf;
}

Row leaves_of(std::span<const Step> steps, std::vector<apiguard_node>& nodes,
              std::vector<OpenSlot>& slots) {
  Row row;
  for (std::size_t at = 0; at < steps.size(); at += kFanout) {
    const auto some = steps.subspan(at, std::min(kFanout, steps.size() - at));
    row.nodes.push_back(leaf_of(some, nodes, slots));
    row.keys.push_back(some.front().key);
  }
  return row;
}

// The children's numbers are not known yet: see place().
Row parents_of(const Row& children) {
  Row row;
  for (std::size_t at = 0; at < children.nodes.size(); at += kFanout) {
    apiguard_node parent = empty_node();
    const std::size_t end = std::min(at + kFanout, children.keys.size());
    std::copy(children.keys.begin() + static_cast<std::ptrdiff_t>(at) + 1,
              children.keys.begin() + static_cast<std::ptrdiff_t>(end), std::begin(parent.keys));
    row.nodes.push_back(parent);
    row.keys.push_back(children.keys[at]);
  }
  return row;
}

// Rows lie behind one another, so the children of node i of a row begin at the next row's 8 * i.
void place(std::vector<apiguard_node>& nodes, std::size_t root, std::vector<Row>& rows) {
  std::size_t next_row = nodes.size();
  for (std::size_t row = 0; row + 1 < rows.size(); ++row) {
    for (std::size_t i = 0; i < rows[row].nodes.size(); ++i) {
      rows[row].nodes[i].tail = next_row + kFanout * i;
    }
    next_row += rows[row + 1].nodes.size();
  }
  nodes[root] = rows.front().nodes.front();
  for (std::size_t row = 1; row < rows.size(); ++row) {
    nodes.insert(nodes.end(), rows[row].nodes.begin(), rows[row].nodes.end());
  }
}

}  // namespace

std::vector<OpenSlot> build_tree(std::vector<apiguard_node>& nodes, std::size_t root,
                                 std::span<const Step> steps) {
  std::vector<OpenSlot> slots;
  std::vector<Row> rows;
  rows.push_back(leaves_of(steps, nodes, slots));
  while (rows.back().nodes.size() > 1) rows.push_back(parents_of(rows.back()));
  std::reverse(rows.begin(), rows.end());
  place(nodes, root, rows);
  return slots;
}

}  // namespace apiguard
