// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Leases and bars are few and each an object of its own. Lapsing lines may be as many as a list is
// long, and most of them end together: those of one file, kind and end are one object with a text
// for each line.
#include "loader/host/book_file.hpp"

#include <fmt/format.h>

#include <array>
#include <chrono>
#include <limits>
#include <nlohmann/json.hpp>
#include <utility>

#include "loader/base/masked.hpp"
#include "loader/host/expendable_file.hpp"
#include "loader/host/files.hpp"
#include "loader/host/sealed.hpp"
#include "loader/host/stamp_fields.hpp"
#include "loader/policy/text.hpp"

namespace apiguard {
namespace {

using Json = nlohmann::json;

constexpr std::uint64_t kSchema = 1;
constexpr std::uint64_t kMost = std::numeric_limits<std::int64_t>::max();
constexpr unsigned kMode = 0600;

std::array<std::string, 2> paths_of(const std::string& state_dir) {
  return {state_dir + "/leases", state_dir + "/leases.2"};
}

// ---- Book -> text

Json show_term(const Term& term) {
  return {{"until", nanoseconds_of(term.until)},
          {"duration", term.duration.count()},
          {"boot_id", term.boot_id},
          {"boot_end", nanoseconds_of(term.boot_end)}};
}

Json show_leases(const std::vector<Lease>& leases) {
  Json array = Json::array();
  for (const Lease& lease : leases) {
    array.push_back({{"cidr", to_string(lease.prefix)},
                     {"name", lease.name},
                     {"by", lease.by},
                     {"from_ssh", lease.from_ssh},
                     {"term", show_term(lease.term)}});
  }
  return array;
}

bool are_of_one_group(const Lapsing& a, const Lapsing& b) {
  return a.file == b.file && a.kind == b.kind && a.term == b.term;
}

std::string show_line(const Lapsing& lapsing) {
  const std::string cidr = to_string(lapsing.prefix);
  return lapsing.name.empty() ? cidr : fmt::format("{} {}", cidr, lapsing.name);
}

// Their order is kept: neighbours that are alike become a group.
Json show_lapsing(const std::vector<Lapsing>& lapsing) {
  Json array = Json::array();
  for (std::size_t i = 0; i < lapsing.size(); ++i) {
    if (i == 0 || !are_of_one_group(lapsing[i - 1], lapsing[i])) {
      array.push_back({{"file", lapsing[i].file},
                       {"kind", to_string(lapsing[i].kind)},
                       {"term", show_term(lapsing[i].term)},
                       {"lines", Json::array()}});
    }
    array.back()["lines"].push_back(show_line(lapsing[i]));
  }
  return array;
}

Json show_bars(const std::vector<Bar>& bars) {
  Json array = Json::array();
  for (const Bar& bar : bars) {
    Json one = {{"by", bar.by}, {"term", show_term(bar.term)}};
    if (!bar.name.empty()) one["name"] = bar.name;
    if (bar.prefix) one["cidr"] = to_string(*bar.prefix);
    array.push_back(std::move(one));
  }
  return array;
}

Json show_times(const std::vector<Written>& times) {
  Json array = Json::array();
  for (const Written& written : times) {
    Json one = {{"time", format_timestamp(written.time)}};
    if (written.stamp) one["clock"] = show_stamp(*written.stamp);
    array.push_back(std::move(one));
  }
  return array;
}

// ---- text -> Book

// Texts that are shown as they are must not move a cursor.
void take_shown(Fields& fields, const char* key, std::string& to) {
  fields.take(key, to);
  to = masked_line(to);
}

void take_name(Fields& fields, std::string& to) {
  fields.take("name", to);
  if (!valid_name(to)) fields.refuse("name");
}

bool parse_cidr(std::string_view text, Prefix& to) {
  const auto parsed = parse_prefix(text);
  if (!parsed || parsed->host_bits) return false;
  to = parsed->prefix;
  return true;
}

void take_cidr(Fields& fields, Prefix& to) {
  std::string text;
  fields.take("cidr", text);
  if (!parse_cidr(text, to)) fields.refuse("cidr");
}

void take_term(Fields& fields, Term& to) {
  fields.take_object("term", [&](Fields& parts) {
    std::uint64_t boot_end = 0;
    parts.take("until", to.until);
    parts.take("duration", to.duration);
    take_shown(parts, "boot_id", to.boot_id);
    parts.take("boot_end", boot_end);
    if (to.duration < 0ns) parts.refuse("duration");
    if (boot_end > kMost) parts.refuse("boot_end");
    to.boot_end = boot_time_of(boot_end);
  });
}

Lease take_lease(Fields& fields) {
  Lease lease;
  take_cidr(fields, lease.prefix);
  fields.take("name", lease.name);
  if (!lease.name.empty() && !valid_name(lease.name)) fields.refuse("name");
  take_shown(fields, "by", lease.by);
  fields.take("from_ssh", lease.from_ssh);
  take_term(fields, lease.term);
  return lease;
}

// A name, addresses, or both where the lease of an address was made for a name.
Bar take_bar(Fields& fields) {
  Bar bar;
  const bool named = fields.has("name");
  if (named) take_name(fields, bar.name);
  if (fields.has("cidr")) take_cidr(fields, bar.prefix.emplace());
  if (!named && !bar.prefix) fields.refuse("name");
  take_shown(fields, "by", bar.by);
  take_term(fields, bar.term);
  return bar;
}

bool take_line(const std::string& text, Lapsing& to) {
  const std::size_t blank = text.find(' ');
  to.name = blank == std::string::npos ? "" : text.substr(blank + 1);
  if (blank != std::string::npos && !valid_name(to.name)) return false;
  return parse_cidr(std::string_view(text).substr(0, blank), to.prefix);
}

void take_group(Fields& fields, std::vector<Lapsing>& to) {
  Lapsing one;
  std::string kind;
  take_shown(fields, "file", one.file);
  fields.take("kind", kind);
  take_term(fields, one.term);
  one.kind = kind == to_string(Kind::kExcept) ? Kind::kExcept : Kind::kAllow;
  if (kind != to_string(one.kind)) fields.refuse("kind");
  fields.take_texts("lines", [&](const std::string& line) {
    if (!take_line(line, one)) return false;
    to.push_back(one);
    return true;
  });
}

Written take_written(Fields& fields) {
  Written written;
  take_time(fields, written.time);
  take_stamp(fields, written.stamp);
  if (written.stamp) written.stamp->boot_id = masked_line(written.stamp->boot_id);
  return written;
}

Result<StoredBook> take_book(Fields fields) {
  StoredBook stored;
  Book& book = stored.book;
  fields.take("edition", book.edition);
  if (book.edition > kMost) fields.refuse("edition");
  fields.take_each("times", [&](Fields& parts) { stored.times.push_back(take_written(parts)); });
  fields.take_each("leases", [&](Fields& parts) { book.leases.push_back(take_lease(parts)); });
  fields.take_each("lapsing", [&](Fields& parts) { take_group(parts, book.lapsing); });
  fields.take_each("bars", [&](Fields& parts) { book.bars.push_back(take_bar(parts)); });
  if (auto right = fields.check(); !right) return fail(right.error());
  return stored;
}

}  // namespace

std::string show_book(const StoredBook& stored) {
  Json json = {{"schema", kSchema},
               {"edition", stored.book.edition},
               {"times", show_times(stored.times)},
               {"leases", show_leases(stored.book.leases)},
               {"lapsing", show_lapsing(stored.book.lapsing)},
               {"bars", show_bars(stored.book.bars)}};
  return show_sealed(std::move(json));
}

Result<StoredBook> parse_book(const std::string& text) {
  const Result<Json> json = parse_object(text);
  if (!json) return fail(json.error());
  const auto wrong = [](std::string what) { return fail(Exit::kFailed, std::move(what)); };
  std::uint64_t schema = 0;
  Fields fields(*json);
  fields.take("schema", schema);
  if (schema > kSchema) return wrong(fmt::format("schema {} belongs to a newer apiguard", schema));
  if (schema != kSchema) return wrong("'schema' is missing or wrong");
  if (!is_sealed(*json, text)) return wrong("its digest differs");
  return take_book(fields);
}

namespace {

// ---- the two copies

struct Copy {
  std::string path;
  std::optional<StoredBook> book;
  bool missing = false;
  // a finished message; empty: it is missing or good
  std::string wrong;
};

Copy read_copy(const std::string& path) {
  Copy copy{path, std::nullopt, false, ""};
  const auto text = read_expendable_file(path);
  if (!text) {
    copy.wrong = text.error().message;
  } else if (!*text) {
    copy.missing = true;
  } else {
    auto stored = parse_book(**text);
    if (stored) {
      copy.book = std::move(*stored);
    } else {
      copy.wrong = fmt::format("file '{}': read the book: {}", path, stored.error().message);
    }
  }
  return copy;
}

std::string wrong_with(const Copy& copy) {
  if (!copy.missing) return copy.wrong;
  return fmt::format("file '{}': read the book: no such file", copy.path);
}

// What stands there now, to be put back; none: there is nothing that could be.
std::optional<std::string> bytes_of(const std::string& path) {
  return read_expendable_file(path).value_or(std::nullopt);
}

Result<> write_copy(const std::string& path, const std::string& text) {
  if (auto written = write_expendable_file(path, text, kMode); !written)
    return fail(written.error());
  const auto again = read_expendable_file(path);
  if (!again) return fail(again.error());
  if (*again == text) return {};
  return fail(Exit::kFailed,
              fmt::format("file '{}': read back: it differs from what was written", path));
}

void put_back(const std::string& path, const std::optional<std::string>& bytes) {
  if (bytes) {
    static_cast<void>(write_expendable_file(path, *bytes, kMode));
  } else {
    static_cast<void>(remove_file(path));
  }
}

}  // namespace

BookRead read_book(const std::string& state_dir) {
  const auto [first, second] = paths_of(state_dir);
  std::array<Copy, 2> copies{read_copy(first), read_copy(second)};
  BookRead read;
  if (copies[0].missing && copies[1].missing) return read;
  for (Copy& copy : copies) {
    const bool newer =
        copy.book && (!read.book || copy.book->book.edition > read.book->book.edition);
    if (newer) read.book = std::move(copy.book);
  }
  read.lost = !read.book;
  for (const Copy& copy : copies) {
    if (!copy.missing && copy.wrong.empty()) continue;
    read.damage.push_back(wrong_with(copy) + (read.book ? ": the other copy is used" : ""));
  }
  return read;
}

Result<> write_book(const std::string& state_dir, const StoredBook& stored) {
  if (auto made = make_directory(state_dir, 0700); !made) return made;
  const std::string text = show_book(stored);
  const auto paths = paths_of(state_dir);
  const std::array<std::optional<std::string>, 2> before{bytes_of(paths[0]), bytes_of(paths[1])};
  for (std::size_t i = 0; i < paths.size(); ++i) {
    auto done = write_copy(paths[i], text);
    if (done) continue;
    for (std::size_t j = 0; j <= i; ++j) put_back(paths[j], before[j]);
    return done;
  }
  return {};
}

Result<> restore_book(const std::string& state_dir, const std::optional<StoredBook>& before) {
  if (before) return write_book(state_dir, *before);
  for (const std::string& path : paths_of(state_dir)) {
    if (auto removed = remove_file(path); !removed) return removed;
  }
  return {};
}

}  // namespace apiguard
