// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Entries out of the CLI's file: those that are named, those that have ended, those that are not in
// a new list.
#include "loader/policy/edit.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <unordered_map>

#include <fmt/format.h>

#include "loader/policy/line.hpp"
#include "loader/policy/lookup.hpp"
#include "loader/policy/rows.hpp"

namespace apiguard {

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

std::vector<Range> everything(const SourceFile& file, const std::vector<Row>& rows,
                              const std::vector<Range>& elsewhere) {
  std::vector<Range> ranges = elsewhere;
  for (const Row& row : rows) ranges.push_back(range_of(row, file));
  return ranges;
}

// What lists a range that has no entry of its own. Null: nothing does.
const Range* listed_by(const Selector& selector, const std::vector<Range>& ranges, Timestamp now) {
  if (!selector.prefix) return nullptr;
  const Range* cover = deciding_over(ranges, {*selector.prefix}, now).front();
  return admits(cover) ? cover : nullptr;
}

// A selector that names no entry: says what lists the range all the same.
std::string no_match(const Selector& selector, const Range* cover) {
  if (cover == nullptr) return fmt::format("{}: no such entry", described(selector));
  const std::string inside =
      fmt::format("{}: no such entry, but it lies inside {} ({})", described(selector),
                  to_string(cover->prefix), to_string(cover->origin));
  if (cover->kind == Kind::kCluster) return inside + ", a cluster range, which no command removes";
  return fmt::format("{}; to exclude it: apiguard except {}", inside, to_string(*selector.prefix));
}

// Names the range that still allows what was removed.
std::string still_allowed(const Selector& selector, const Range& cover) {
  const std::string by =
      fmt::format("{}: removed, but {} ({}) still allows it", described(selector),
                  to_string(cover.prefix), to_string(cover.origin));
  if (cover.kind == Kind::kCluster) return by + ", a cluster range, which no command removes";
  return fmt::format("{}; to exclude it: apiguard except {}", by, to_string(*selector.prefix));
}

// A note on each of the removed CIDRs that the ranges `left` still allow.
std::vector<std::string> notes_on_allowed(const std::vector<Selector>& removed,
                                          const std::vector<Range>& left, Timestamp now) {
  std::vector<Prefix> prefixes;
  prefixes.reserve(removed.size());
  for (const Selector& selector : removed) prefixes.push_back(*selector.prefix);
  const auto covers = deciding_over(left, prefixes, now);
  std::vector<std::string> notes;
  for (std::size_t i = 0; i < removed.size(); ++i) {
    if (admits(covers[i])) notes.push_back(still_allowed(removed[i], *covers[i]));
  }
  return notes;
}

std::string not_here(const Selector& selector, const Range& range) {
  if (range.kind == Kind::kCluster) {
    return fmt::format("{}: a cluster range of {}, which no command removes: edit that file",
                       described(selector), to_string(range.origin));
  }
  return fmt::format("{}: also in {}, which belongs to another tool: remove it there",
                     described(selector), to_string(range.origin));
}

}  // namespace

Result<Edited> remove_ranges(const SourceFile& file, const std::vector<Selector>& selectors,
                             const std::vector<Range>& elsewhere, Timestamp now,
                             Unmatched unmatched) {
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
  std::vector<bool> allowed(selectors.size());
  std::vector<Patch> patches;
  std::vector<Row> left;
  for (const Row& row : *rows) {
    bool selected = false;
    selection.each(row.prefix, row.name, [&](std::size_t i) {
      selected = matched[i] = true;
      if (row.kind == Kind::kAllow) allowed[i] = true;
    });
    if (selected) patches.push_back({row.line, {}});
    if (!selected) left.push_back(row);
  }
  std::vector<Selector> removed;
  std::vector<std::string> notes;
  std::optional<std::vector<Range>> ranges;
  for (std::size_t i = 0; i < selectors.size(); ++i) {
    if (foreign[i] != nullptr) return fail(Exit::kBadFile, not_here(selectors[i], *foreign[i]));
    if (allowed[i] && selectors[i].prefix) removed.push_back(selectors[i]);
    if (matched[i]) continue;
    if (!ranges) ranges = everything(file, *rows, elsewhere);
    const Range* cover = listed_by(selectors[i], *ranges, now);
    if (cover != nullptr || unmatched == Unmatched::kRefused)
      return fail(Exit::kNo, no_match(selectors[i], cover));
    notes.push_back(no_match(selectors[i], nullptr) + ": nothing to revoke");
  }
  if (!removed.empty()) {
    const auto allowed_still = notes_on_allowed(removed, everything(file, left, elsewhere), now);
    notes.insert(notes.end(), allowed_still.begin(), allowed_still.end());
  }
  auto edited = patched(file.text, std::move(patches), "");
  edited.notes = std::move(notes);
  return edited;
}

// ---- remove what has ended ----------------------------------------------------------------------

namespace {

constexpr std::size_t kTold = 10;

std::vector<std::string> ended_notes(const Rows& ended, const std::string& file) {
  std::vector<std::string> notes;
  for (const Row* row : ended) {
    if (notes.size() == kTold) break;
    notes.push_back(fmt::format("range '{}': {}expired at {}: this change removes it from {}",
                                to_string(row->prefix), row->kind == Kind::kExcept ? "except " : "",
                                format_timestamp(*row->until), file));
  }
  if (ended.size() > kTold) {
    notes.push_back(fmt::format("ranges: {} more expired: this change removes them from {}",
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
      // Nobody has to take out what ends by itself, but of a range that becomes permanent.
      const bool ends = row.until && (at == kept.end() || row.kind == Kind::kExcept);
      if (!ends) patches.push_back({row.line, {}});
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
