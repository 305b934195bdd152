// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Entries -> their lines in the CLI's file: allow and except.
#include <algorithm>
#include <iterator>
#include <map>

#include <fmt/format.h>

#include "loader/policy/line.hpp"
#include "loader/policy/order.hpp"
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

// What the other files say of each prefix in question, of what has not ended at `now`.
std::map<Prefix, Deciders> find_elsewhere(const std::map<Prefix, Rows>& found,
                                          const std::vector<Range>& elsewhere, Timestamp now) {
  std::map<Prefix, Deciders> others;
  for (const auto& [prefix, rows] : found) others[prefix];
  for (const Range& range : elsewhere) {
    const auto at = others.find(range.prefix);
    if (at != others.end() && !has_ended(range, now)) at->second.add(range);
  }
  return others;
}

bool is_live(const Row& row, Timestamp now) { return !row.until || *row.until > now; }

Rows live_rows(const Rows& rows, Timestamp now) {
  Rows live;
  std::copy_if(rows.begin(), rows.end(), std::back_inserter(live),
               [now](const Row* row) { return is_live(*row, now); });
  return live;
}

Rows of_kind(const Rows& rows, Kind kind) {
  Rows out;
  std::copy_if(rows.begin(), rows.end(), std::back_inserter(out),
               [kind](const Row* row) { return row->kind == kind; });
  return out;
}

// An entry with an end leaves a permanent line of the other kind: that one decides again after it.
bool gives_way(const Row& row, const Range& entry) {
  return row.kind == entry.kind || !entry.until || row.until;
}

Rows replaced_by(const Range& entry, const Rows& rows) {
  Rows out;
  std::copy_if(rows.begin(), rows.end(), std::back_inserter(out),
               [&](const Row* row) { return gives_way(*row, entry); });
  return out;
}

std::string end_of(const std::optional<Timestamp>& until) {
  return until ? "until " + format_timestamp(*until) : "for good";
}

// An allow with an end never lifts an except: it would go with what a person took out, or come
// after it unseen. `live`: the rows that have not ended.
Result<> check_excepts(const SourceFile& file, const Rows& live, const Range& entry,
                       const Deciders& other) {
  if (!entry.until || entry.kind == Kind::kExcept) return {};
  const std::string cidr = to_string(entry.prefix);
  if (other.except != nullptr) {
    return fail(
        Exit::kNo,
        fmt::format("{}: excepted {} ({}), which a temporary allow does not lift, nor 'apiguard "
                    "revoke {}': the file belongs to another tool, remove it there",
                    described(entry), end_of(other.except->until), to_string(other.except->origin),
                    cidr));
  }
  const Rows excepts = of_kind(live, Kind::kExcept);
  if (excepts.empty()) return {};
  const Row& except = *excepts.front();
  return fail(
      Exit::kNo,
      fmt::format("{}: excepted {} ({}:{}), which a temporary allow does not lift; to remove the "
                  "except: apiguard revoke {}; to allow it permanently: apiguard allow {}",
                  described(entry), end_of(except.until), file.name, except.number, cidr, cidr));
}

bool any_permanent(const Rows& rows) {
  return std::any_of(rows.begin(), rows.end(), [](const Row* row) { return !row->until; });
}

// What is asked for, and for the rest what the line says.
Remark merged_remark(const Row& row, const Range& entry) {
  const auto scanned = scan_line(row.line);
  const Remark& asked = entry.remark;
  return {asked.why().empty() ? (*scanned)->why : std::string_view(asked.why()),
          asked.review() ? asked.review() : (*scanned)->review};
}

bool says_remark(const Row& row, const Range& entry) {
  return entry.remark.empty() ||
         merged_remark(row, entry) == remark_of(*scan_line(row.line).value());
}

// Why the file says already what the entry says, or more; "" if it does not.
std::string already(const Rows& live, const Range& entry) {
  const Rows rows = of_kind(live, entry.kind);
  if (rows.empty()) return "";
  const std::string_view listed = entry.kind == Kind::kExcept ? "excepted" : "listed";
  const bool permanent = any_permanent(rows);
  if (permanent && entry.until) return fmt::format("already {} permanently", listed);
  const auto is_replaced = [&](const Row* row) {
    return row->kind != entry.kind && gives_way(*row, entry);
  };
  if (std::any_of(live.begin(), live.end(), is_replaced)) return "";
  const auto same_end = [&](const Row* row) { return row->until == entry.until; };
  const auto same = [&](const Row* row) {
    return same_end(row) && (entry.name.empty() || row->name == entry.name) &&
           says_remark(*row, entry);
  };
  // Of several ends the last one would decide, not the one that is asked for.
  if (!permanent && !std::all_of(rows.begin(), rows.end(), same_end)) return "";
  if (std::any_of(rows.begin(), rows.end(), same)) return fmt::format("already {}", listed);
  return "";
}

// The same of an entry that would end, where another file has it for good.
std::string already_elsewhere(const Range& entry, const Deciders& other) {
  const bool excepts = entry.kind == Kind::kExcept;
  const Range* same = excepts ? other.except : other.allow;
  if (!entry.until || same == nullptr || same->until) return "";
  return fmt::format("already {} permanently in {}", excepts ? "excepted" : "listed",
                     to_string(same->origin));
}

// The row's line with the entry's kind, name, end and remark; indent, name, remark and comment
// stay.
std::string rewritten(const Row& row, const Range& entry) {
  Range merged = entry;
  if (merged.name.empty()) merged.name = row.name;
  merged.remark = merged_remark(row, entry);
  const std::size_t indent = row.line.find_first_not_of(" \t");
  const auto scanned = scan_line(row.line);
  return fmt::format("{}{}{}", row.line.substr(0, indent), show(merged), (*scanned)->tail);
}

// The line that becomes the entry's: the first one, but of a temporary line and a permanent one of
// the entry's kind the permanent one, which is the one that people know.
const Row& kept_row(const Rows& replaced, const Range& entry) {
  const auto known = std::find_if(replaced.begin(), replaced.end(), [&](const Row* row) {
    return row->kind == entry.kind && !row->until;
  });
  const bool first = known == replaced.end() || !replaced.front()->until;
  return first ? *replaced.front() : **known;
}

// What the replaced lines were, `kept` being the one that becomes the entry's.
std::string replaced_note(const Rows& replaced, const Row& kept, const Range& entry) {
  const auto other = std::find_if(replaced.begin(), replaced.end(),
                                  [&](const Row* row) { return row->kind != entry.kind; });
  if (other != replaced.end()) {
    const Range was = {entry.prefix, (*other)->kind, "", (*other)->until, {}};
    return fmt::format("{}: {} replaces {}{}", described(entry), to_string(entry.kind),
                       to_string(was.kind),
                       ends_later(was, entry) ? ", which does not come back when it expires" : "");
  }
  if (kept.until && !entry.until) return fmt::format("{}: now permanent", described(entry));
  if (kept.until != entry.until) {
    return fmt::format("{}: now expires at {}", described(entry), format_timestamp(*entry.until));
  }
  return fmt::format("{}: replaces line {}", described(entry), kept.number);
}

// What becomes of the file, entry by entry.
struct Changes {
  std::vector<std::string> notes;
  std::vector<Patch> patches;
  std::string appended;
};

void put(const Range& entry, const Rows& rows, Changes& changes) {
  const Rows replaced = replaced_by(entry, rows);
  if (replaced.empty()) {
    changes.appended += show(entry) + '\n';
    return;
  }
  const Row& kept = kept_row(replaced, entry);
  changes.notes.push_back(replaced_note(replaced, kept, entry));
  for (const Row* row : replaced) {
    Patch patch{row->line, {}};
    if (row == &kept) patch.replace = rewritten(kept, entry);
    changes.patches.push_back(std::move(patch));
  }
}

}  // namespace

Result<Edited> put_ranges(const SourceFile& file, const std::vector<Range>& entries,
                          const std::vector<Range>& elsewhere, Timestamp now) {
  const auto rows = read_rows(file);
  if (!rows) return fail(rows.error());

  auto found = rows_of(*rows, entries);
  const auto others = find_elsewhere(found, elsewhere, now);
  Changes changes;
  for (const Range& entry : entries) {
    const auto at = found.find(entry.prefix);
    if (at == found.end()) continue;  // given twice in one command
    const Rows live = live_rows(at->second, now);
    const Deciders& other = others.at(entry.prefix);
    if (auto free = check_excepts(file, live, entry, other); !free) return fail(free.error());
    std::string reason = already(live, entry);
    if (reason.empty()) reason = already_elsewhere(entry, other);
    if (reason.empty()) {
      put(entry, at->second, changes);
    } else {
      changes.notes.push_back(fmt::format("{}: {}", described(entry), reason));
    }
    found.erase(at);
  }
  Edited edited = patched(file.text, std::move(changes.patches), changes.appended);
  edited.notes = std::move(changes.notes);
  return edited;
}

}  // namespace apiguard
