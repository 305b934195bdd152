// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// STATE/used: text and back. A list of a million ranges may stand in it, so it is read in one go.
#include <algorithm>
#include <charconv>
#include <map>
#include <string_view>

#include <fmt/compile.h>
#include <fmt/format.h>

#include "loader/base/number.hpp"
#include "loader/host/expendable_file.hpp"
#include "loader/host/files.hpp"
#include "loader/ledger/usage_log.hpp"

namespace apiguard::ledger {
namespace {

constexpr std::string_view kHead = "apiguard used 1";

std::string path_of(const std::string& state_dir) { return state_dir + "/used"; }

// ---- writing

void show_added(const std::vector<AddedRange>& added, std::string& text) {
  std::map<Timestamp, std::vector<Prefix>> by_time;
  for (const AddedRange& range : added) by_time[range.since].push_back(range.prefix);
  for (const auto& [since, prefixes] : by_time) {
    text += fmt::format("added {}\n", nanoseconds_of(since));
    for (const Prefix& prefix : prefixes) {
      text += to_string(prefix);
      text += '\n';
    }
  }
}

void show_usage(const Usage& usage, std::string& text) {
  fmt::format_to(std::back_inserter(text), FMT_COMPILE(" {} {} {}"), usage.connections,
                 nanoseconds_of(usage.first), nanoseconds_of(usage.last));
}

// ---- reading

template <typename T>
bool read_number(std::string_view text, T& number) {
  const auto parsed = parse_whole<T>(text);
  if (parsed) number = *parsed;
  return parsed.has_value();
}

bool read_number(std::string_view text, Timestamp& time) {
  std::int64_t nanoseconds = 0;
  if (!read_number(text, nanoseconds)) return false;
  time = timestamp_of(nanoseconds);
  return true;
}

class Reader {
 public:
  explicit Reader(std::string_view text) : rest_(text) {}

  Result<UsageLog> run() {
    if (!next() || line_ != kHead) return wrong("is not the first line of such a file");
    while (next()) {
      if (line_ == "end") return finish();
      if (auto taken = take_line(); !taken) return fail(taken.error());
    }
    return wrong("the end is missing");
  }

 private:
  enum class Part { kBefore, kAdded, kUsed };

  // A last line without newline was cut.
  bool next() {
    const std::size_t end = rest_.find('\n');
    ++number_;
    if (end == std::string_view::npos) return false;
    line_ = rest_.substr(0, end);
    rest_.remove_prefix(end + 1);
    return true;
  }

  [[nodiscard]] tl::unexpected<Error> wrong(std::string_view what) const {
    return fail(Exit::kFailed, fmt::format("line {}: {}", number_, what));
  }

  Result<> take_line() {
    const std::size_t space = line_.find(' ');
    const std::string_view word = line_.substr(0, space);
    const std::string_view value =
        space == std::string_view::npos ? std::string_view() : line_.substr(space + 1);
    if (word == "added" && part_ != Part::kUsed) return take_added(value);
    if (line_ == "used" && part_ != Part::kUsed) {
      part_ = Part::kUsed;
      return {};
    }
    if (part_ == Part::kAdded) return take_prefix(word, value);
    if (part_ == Part::kUsed) return take_range(word, value);
    return take_head(word, value);
  }

  Result<> take_head(std::string_view word, std::string_view value) {
    Timestamp time{};
    if (word == "boot") {
      state_.boot = value;
      return {};
    }
    if (word == "generation" && read_number(value, state_.generation)) return {};
    if (!read_number(value, time)) return wrong("no number");
    if (word == "clock") {
      state_.clock = time;
    } else if (word == "observed") {
      state_.observed = time;
    } else if (word == "missed") {
      state_.missed = time;
    } else {
      return wrong("is not known");
    }
    return {};
  }

  Result<> take_added(std::string_view value) {
    part_ = Part::kAdded;
    if (!read_number(value, since_)) return wrong("no number");
    return {};
  }

  Result<> take_prefix(std::string_view word, std::string_view value) {
    const auto parsed = parse_prefix(word);
    if (!parsed || !value.empty()) return wrong("no range");
    state_.added.push_back({parsed->prefix, since_});
    return {};
  }

  Result<> take_range(std::string_view word, std::string_view value) {
    const auto parsed = parse_prefix(word);
    if (!parsed) return wrong("no range");
    RangeUsage range{parsed->prefix, {}, {}};
    if (!take_usage(value, range.earlier) || !take_usage(value, range.current) || !value.empty())
      return wrong("six numbers are wanted");
    state_.ranges.push_back(range);
    return {};
  }

  static bool take_usage(std::string_view& text, Usage& usage) {
    return take_number(text, usage.connections) && take_number(text, usage.first) &&
           take_number(text, usage.last);
  }

  template <typename T>
  static bool take_number(std::string_view& text, T& number) {
    const std::size_t end = std::min(text.find(' '), text.size());
    const bool is_number = read_number(text.substr(0, end), number);
    text.remove_prefix(std::min(end + 1, text.size()));
    return is_number;
  }

  Result<UsageLog> finish() {
    if (!rest_.empty()) return wrong("something stands behind the end");
    const auto by_prefix = [](const auto& a, const auto& b) { return a.prefix < b.prefix; };
    std::sort(state_.added.begin(), state_.added.end(), by_prefix);
    const auto unordered = [](const auto& a, const auto& b) { return !(a.prefix < b.prefix); };
    const auto& ranges = state_.ranges;
    if (std::adjacent_find(ranges.begin(), ranges.end(), unordered) != ranges.end() ||
        std::adjacent_find(state_.added.begin(), state_.added.end(), unordered) !=
            state_.added.end())
      return wrong("ranges stand twice or in no order");
    return std::move(state_);
  }

  std::string_view rest_;
  std::string_view line_;
  std::size_t number_ = 0;
  Part part_ = Part::kBefore;
  Timestamp since_{};
  UsageLog state_;
};

}  // namespace

std::string show_usage_log(const UsageLog& state) {
  std::string text = fmt::format("{}\nboot {}\nclock {}\ngeneration {}\n", kHead, state.boot,
                                 nanoseconds_of(state.clock), state.generation);
  if (state.observed) text += fmt::format("observed {}\n", nanoseconds_of(*state.observed));
  if (state.missed) text += fmt::format("missed {}\n", nanoseconds_of(*state.missed));
  show_added(state.added, text);
  text += "used\n";
  for (const RangeUsage& range : state.ranges) {
    text += to_string(range.prefix);
    show_usage(range.earlier, text);
    show_usage(range.current, text);
    text += '\n';
  }
  return text + "end\n";
}

Result<UsageLog> parse_usage_log(const std::string& text) { return Reader(text).run(); }

Result<UsageLog> read_usage_log(const std::string& state_dir) {
  const auto text = read_expendable_file(path_of(state_dir));
  if (!text) return fail(text.error());
  if (!*text) return UsageLog{};
  auto state = parse_usage_log(**text);
  if (!state) return fail_in(fmt::format("file '{}': damaged", path_of(state_dir)), state.error());
  return state;
}

Result<std::string> write_usage_log(const std::string& state_dir, const UsageLog& state) {
  return write_expendable_file(path_of(state_dir), show_usage_log(state));
}

}  // namespace apiguard::ledger
