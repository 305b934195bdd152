// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Edits of a list file are patches: the lines that a verb touches are replaced or taken out by
// their position, so that all others cannot change.
#include "loader/policy/edit.hpp"

#include <algorithm>
#include <map>
#include <unordered_map>

#include <fmt/format.h>

#include "loader/policy/draft.hpp"

namespace apiguard {
namespace {

// An entry line of the file.
struct Row {
  Prefix prefix;
  Kind kind = Kind::kAllow;
  std::uint32_t number = 0;  // of the line, from 1
  std::optional<Timestamp> until;
  std::string_view name;
  std::string_view line;  // without its newline
};

struct Patch {
  std::string_view line;               // of the text, without its newline
  std::optional<std::string> replace;  // none: the line goes
};

Result<std::vector<Row>> read_rows(const SourceFile& file) {
  Diagnostics diagnostics;
  std::vector<Row> rows;
  read_entries(
      file, diagnostics, [&](const Entry& entry, std::uint32_t number, std::string_view line) {
        rows.push_back({entry.parsed.prefix, entry.kind, number, entry.until, entry.name, line});
      });
  if (diagnostics.failed()) return fail(diagnostics.to_error());
  return rows;
}

// Patches in the order of the text, then new lines at its end.
Edited patched(const std::string& text, std::vector<Patch> patches, const std::string& appended) {
  std::sort(patches.begin(), patches.end(),
            [](const Patch& a, const Patch& b) { return a.line.data() < b.line.data(); });
  Edited edited;
  std::size_t at = 0;
  for (const Patch& patch : patches) {
    const auto begin = static_cast<std::size_t>(patch.line.data() - text.data());
    edited.text.append(text, at, begin - at);
    if (patch.replace) edited.text += *patch.replace + '\n';
    at = begin + patch.line.size() + 1;
  }
  edited.text.append(text, at);
  edited.text += appended;
  edited.changed = edited.text != text;
  return edited;
}

}  // namespace

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

// ---- put ---------------------------------------------------------------------------------------

using Rows = std::vector<const Row*>;

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

// ---- remove ------------------------------------------------------------------------------------

namespace {

std::string described(const Selector& selector) {
  return selector.prefix ? fmt::format("range '{}'", to_string(*selector.prefix))
                         : fmt::format("name '{}'", selector.name);
}

// Looks up which selectors name a range, all in one pass over any number of ranges.
class Selection {
 public:
  explicit Selection(const std::vector<Selector>& selectors) {
    for (std::size_t i = 0; i < selectors.size(); ++i) {
      if (selectors[i].prefix) {
        by_prefix_.emplace(*selectors[i].prefix, i);
      } else {
        by_name_.emplace(selectors[i].name, i);
      }
    }
  }

  template <typename Visit>
  void each(const Prefix& prefix, std::string_view name, Visit visit) const {
    const auto [first, last] = by_prefix_.equal_range(prefix);
    for (auto at = first; at != last; ++at) visit(at->second);
    if (name.empty()) return;
    const auto [begin, end] = by_name_.equal_range(name);
    for (auto at = begin; at != end; ++at) visit(at->second);
  }

 private:
  std::multimap<Prefix, std::size_t> by_prefix_;
  std::unordered_multimap<std::string_view, std::size_t> by_name_;
};

// The narrowest range around `prefix`.
const Range* cover_of(const Prefix& prefix, const std::vector<Range>& ranges) {
  const Range* best = nullptr;
  for (const Range& range : ranges) {
    if (range.prefix == prefix || !covers(range.prefix, prefix)) continue;
    if (best == nullptr || range.prefix.length > best->prefix.length) best = &range;
  }
  return best;
}

std::vector<Range> everything(const SourceFile& file, const std::vector<Row>& rows,
                              const std::vector<Range>& elsewhere) {
  std::vector<Range> ranges = elsewhere;
  for (const Row& row : rows) {
    ranges.push_back(
        {row.prefix, row.kind, std::string(row.name), row.until, Origin{file.name, row.number}});
  }
  return effective_ranges(ranges);
}

// A selector that names no entry: says what lists the range all the same.
std::string no_match(const Selector& selector, const std::vector<Range>& ranges) {
  const Range* cover = selector.prefix ? cover_of(*selector.prefix, ranges) : nullptr;
  if (cover == nullptr || cover->kind == Kind::kExcept) {
    return fmt::format("{}: no such entry", described(selector));
  }
  const std::string inside =
      fmt::format("{}: no such entry, but it lies inside {} ({})", described(selector),
                  to_string(cover->prefix), to_string(cover->origin));
  if (cover->kind == Kind::kCluster)
    return inside + ", a cluster range, which no command takes out";
  return fmt::format("{}; to take it out: apiguard except {}", inside, to_string(*selector.prefix));
}

std::string not_here(const Selector& selector, const Range& range) {
  if (range.kind == Kind::kCluster) {
    return fmt::format("{}: a cluster range of {}, which no command takes out: edit that file",
                       described(selector), to_string(range.origin));
  }
  return fmt::format("{}: also in {}, which belongs to another tool: remove it there",
                     described(selector), to_string(range.origin));
}

}  // namespace

Result<Edited> remove_ranges(const SourceFile& file, const std::vector<Selector>& selectors,
                             const std::vector<Range>& elsewhere) {
  const auto rows = read_rows(file);
  if (!rows) return fail(rows.error());

  const Selection selection(selectors);
  std::vector<const Range*> foreign(selectors.size());
  for (const Range& range : elsewhere) {
    selection.each(range.prefix, range.name, [&](std::size_t i) {
      if (foreign[i] == nullptr) foreign[i] = &range;
    });
  }
  std::vector<bool> matched(selectors.size());
  std::vector<Patch> patches;
  for (const Row& row : *rows) {
    bool selected = false;
    selection.each(row.prefix, row.name, [&](std::size_t i) { selected = matched[i] = true; });
    if (selected) patches.push_back({row.line, {}});
  }
  for (std::size_t i = 0; i < selectors.size(); ++i) {
    if (foreign[i] != nullptr) return fail(Exit::kBadFile, not_here(selectors[i], *foreign[i]));
    if (matched[i]) continue;
    return fail(Exit::kNo, no_match(selectors[i], everything(file, *rows, elsewhere)));
  }
  return patched(file.text, std::move(patches), "");
}

// ---- remove what has ended ----------------------------------------------------------------------

namespace {

constexpr std::size_t kTold = 10;

std::vector<std::string> ended_notes(const Rows& ended, const std::string& file) {
  std::vector<std::string> notes;
  for (const Row* row : ended) {
    if (notes.size() == kTold) break;
    notes.push_back(fmt::format("range '{}': {}ended at {}, removed from {}",
                                to_string(row->prefix), row->kind == Kind::kExcept ? "except " : "",
                                format_timestamp(*row->until), file));
  }
  if (ended.size() > kTold) {
    notes.push_back(fmt::format("ranges: {} more that have ended, removed from {}",
                                ended.size() - kTold, file));
  }
  return notes;
}

}  // namespace

Result<Edited> remove_ended(const SourceFile& file, Timestamp now) {
  const auto rows = read_rows(file);
  if (!rows) return fail(rows.error());

  Rows ended;
  std::vector<Patch> patches;
  for (const Row& row : *rows) {
    if (!row.until || *row.until > now) continue;
    ended.push_back(&row);
    patches.push_back({row.line, {}});
  }
  Edited edited = patched(file.text, std::move(patches), "");
  edited.notes = ended_notes(ended, file.name);
  return edited;
}

// ---- set ---------------------------------------------------------------------------------------

namespace {

// The line that stays for each prefix: the first permanent allow, else the first allow.
std::map<Prefix, const Row*> kept_rows(const std::vector<Row>& rows,
                                       const std::vector<Prefix>& prefixes) {
  std::map<Prefix, const Row*> kept;
  for (const Prefix& prefix : prefixes) kept[prefix] = nullptr;
  for (const Row& row : rows) {
    const auto at = kept.find(row.prefix);
    if (at == kept.end() || row.kind != Kind::kAllow) continue;
    if (at->second == nullptr || (at->second->until && !row.until)) at->second = &row;
  }
  return kept;
}

// The line without its end; all else stays.
std::string made_permanent(std::string_view line) {
  const auto scanned = scan_line(line);
  const std::string_view token = (*scanned)->until_token;
  const auto begin = static_cast<std::size_t>(token.data() - line.data());
  const std::size_t blanks = line.find_last_not_of(" \t", begin - 1) + 1;
  std::string out(line.substr(0, blanks));
  return out += line.substr(begin + token.size());
}

}  // namespace

Result<Edited> replace_ranges(const SourceFile& file, const std::vector<Prefix>& prefixes) {
  const auto rows = read_rows(file);
  if (!rows) return fail(rows.error());

  auto kept = kept_rows(*rows, prefixes);
  std::vector<Patch> patches;
  for (const Row& row : *rows) {
    const auto at = kept.find(row.prefix);
    if (at == kept.end() || at->second != &row) {
      patches.push_back({row.line, {}});
    } else if (row.until) {
      patches.push_back({row.line, made_permanent(row.line)});
    }
  }
  std::string appended;
  for (const Prefix& prefix : prefixes) {
    const auto at = kept.find(prefix);
    if (at == kept.end() || at->second != nullptr) continue;
    appended += to_string(prefix) + '\n';
    kept.erase(at);  // given twice
  }
  return patched(file.text, std::move(patches), appended);
}

}  // namespace apiguard
