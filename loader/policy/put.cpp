// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Entries -> their lines in the CLI's file: allow and except.
#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "loader/policy/line.hpp"
#include "loader/policy/rows.hpp"

namespace apiguard {

std::vector<Range> entries_elsewhere(const Sources& sources) {
  std::vector<Range> elsewhere;
  if (auto config = parse_config(sources.config, {.lint = false}))
    elsewhere = std::move(config->policy.ranges);
  for (const SourceFile& file : sources.drop_ins) {
    auto parsed = parse_ranges(file, {.lint = false});
    if (!parsed) continue;
    elsewhere.insert(elsewhere.end(), parsed->policy.ranges.begin(), parsed->policy.ranges.end());
  }
  return elsewhere;
}

namespace {

// The rows of each prefix in question, in file order.
std::map<Prefix, Rows> rows_of(const std::vector<Row>& rows, const std::vector<Range>& entries) {
  std::map<Prefix, Rows> found;
  for (const Range& entry : entries) found[entry.prefix];
  for (const Row& row : rows) {
    if (const auto at = found.find(row.prefix); at != found.end()) at->second.push_back(&row);
  }
  return found;
}

std::string described(const Range& entry) {
  return fmt::format("range '{}'", to_string(entry.prefix));
}

// What the other files say of each prefix in question: the entry that decides there.
std::map<Prefix, Range> decide_elsewhere(const std::map<Prefix, Rows>& found,
                                         const std::vector<Range>& elsewhere) {
  std::vector<Range> same;
  for (const Range& range : elsewhere) {
    if (found.contains(range.prefix)) same.push_back(range);
  }
  std::map<Prefix, Range> deciding;
  for (Range& range : effective_ranges(same)) deciding.emplace(range.prefix, std::move(range));
  return deciding;
}

bool any_other_kind(const Rows& rows, Kind kind) {
  return std::any_of(rows.begin(), rows.end(), [&](const Row* row) { return row->kind != kind; });
}

bool any_permanent(const Rows& rows) {
  return std::any_of(rows.begin(), rows.end(), [](const Row* row) { return !row->until; });
}

// Why the file says already what the entry says, or more; "" if it does not.
std::string already(const Rows& rows, const Range& entry) {
  if (rows.empty() || any_other_kind(rows, entry.kind)) return "";
  const std::string_view listed = entry.kind == Kind::kExcept ? "excepted" : "listed";
  const bool permanent = any_permanent(rows);
  if (permanent && entry.until) return fmt::format("already {} permanently", listed);
  const auto same_end = [&](const Row* row) { return row->until == entry.until; };
  const auto same = [&](const Row* row) {
    return same_end(row) && (entry.name.empty() || row->name == entry.name);
  };
  // Of several ends the last one would decide, not the one that is asked for.
  if (!permanent && !std::all_of(rows.begin(), rows.end(), same_end)) return "";
  if (std::any_of(rows.begin(), rows.end(), same)) return fmt::format("already {}", listed);
  return "";
}

// The same of an entry that would end, where another file has it for good.
std::string already_elsewhere(const Rows& rows, const Range& entry, const Range* other) {
  if (!entry.until || other == nullptr || other->until) return "";
  const bool excepts = entry.kind == Kind::kExcept;
  if (any_other_kind(rows, entry.kind) || excepts != (other->kind == Kind::kExcept)) return "";
  return fmt::format("already {} permanently in {}", excepts ? "excepted" : "listed",
                     to_string(other->origin));
}

// The row's line with the entry's kind, name and end; indent, name and comment stay.
std::string rewritten(const Row& row, const Range& entry) {
  Range merged = entry;
  if (merged.name.empty()) merged.name = row.name;
  const std::size_t indent = row.line.find_first_not_of(" \t");
  const auto scanned = scan_line(row.line);
  return fmt::format("{}{}{}", row.line.substr(0, indent), show(merged), (*scanned)->tail);
}

// What a replaced line was.
std::string replaced_note(const Rows& rows, const Range& entry) {
  const Row& row = *rows.front();
  if (row.kind != entry.kind) {
    const bool for_good = entry.until && any_permanent(rows);
    return fmt::format("{}: {} replaces {}{}", described(entry), to_string(entry.kind),
                       to_string(row.kind),
                       for_good ? ", which does not come back at its end" : "");
  }
  if (row.until && !entry.until) return fmt::format("{}: now permanent", described(entry));
  if (row.until != entry.until) {
    return fmt::format("{}: now ends at {}", described(entry), format_timestamp(*entry.until));
  }
  return fmt::format("{}: replaces line {}", described(entry), row.number);
}

}  // namespace

Result<Edited> put_ranges(const SourceFile& file, const std::vector<Range>& entries,
                          const std::vector<Range>& elsewhere) {
  const auto rows = read_rows(file);
  if (!rows) return fail(rows.error());

  auto found = rows_of(*rows, entries);
  const auto others = decide_elsewhere(found, elsewhere);
  std::vector<std::string> notes;
  std::vector<Patch> patches;
  std::string appended;
  for (const Range& entry : entries) {
    const auto at = found.find(entry.prefix);
    if (at == found.end()) continue;  // given twice in one command
    const Rows& same = at->second;
    const auto other = others.find(entry.prefix);
    std::string reason = already(same, entry);
    if (reason.empty())
      reason = already_elsewhere(same, entry, other == others.end() ? nullptr : &other->second);
    if (!reason.empty()) {
      notes.push_back(fmt::format("{}: {}", described(entry), reason));
    } else if (same.empty()) {
      appended += show(entry) + '\n';
    } else {
      notes.push_back(replaced_note(same, entry));
      patches.push_back({same.front()->line, rewritten(*same.front(), entry)});
      for (std::size_t i = 1; i < same.size(); ++i) patches.push_back({same[i]->line, {}});
    }
    found.erase(at);
  }
  Edited edited = patched(file.text, std::move(patches), appended);
  edited.notes = std::move(notes);
  return edited;
}

}  // namespace apiguard
