// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// STATE/used: text and back. A list of a million ranges may stand in it, so it is read in one go.
#include <algorithm>
#include <map>
#include <string_view>

#include <fmt/compile.h>
#include <fmt/format.h>

#include "loader/base/line_reader.hpp"
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

bool take_usage(std::string_view& text, Usage& usage) {
  return take_number(text, usage.connections) && take_number(text, usage.first) &&
         take_number(text, usage.last);
}

class Reader {
 public:
  explicit Reader(const LineReader& lines) : lines_(lines) {}

  Result<UsageLog> run() {
    while (lines_.next()) {
      if (auto taken = take_line(); !taken) return fail(taken.error());
    }
    if (auto whole = lines_.check_end(); !whole) return fail(whole.error());
    return finish();
  }

 private:
  enum class Part { kBefore, kAdded, kUsed };

  Result<> take_line() {
    std::string_view value = lines_.line();
    const std::string_view word = take_word(value);
    if (word == "added" && part_ != Part::kUsed) return take_added(value);
    if (lines_.line() == "used" && part_ != Part::kUsed) {
      part_ = Part::kUsed;
      return {};
    }
    if (part_ == Part::kAdded) return take_prefix(word, value);
    if (part_ == Part::kUsed) return take_range(word, value);
    return take_head(word, value);
  }

  Result<> take_head(std::string_view word, std::string_view value) {
    if (word == "boot") {
      state_.boot = value;
      return {};
    }
    if (word == "generation") return take_whole(value, state_.generation);
    if (word == "clock") return take_whole(value, state_.clock);
    if (word == "observed") return take_whole(value, state_.observed.emplace());
    if (word == "missed") return take_whole(value, state_.missed.emplace());
    return lines_.wrong("is not known");
  }

  Result<> take_added(std::string_view value) {
    part_ = Part::kAdded;
    return take_whole(value, since_);
  }

  template <typename Number>
  Result<> take_whole(std::string_view text, Number& to) {
    if (!take_number(text, to) || !text.empty()) return lines_.wrong("no number");
    return {};
  }

  Result<> take_prefix(std::string_view word, std::string_view value) {
    const auto parsed = parse_prefix(word);
    if (!parsed || !value.empty()) return lines_.wrong("no range");
    state_.added.push_back({parsed->prefix, since_});
    return {};
  }

  Result<> take_range(std::string_view word, std::string_view value) {
    const auto parsed = parse_prefix(word);
    if (!parsed) return lines_.wrong("no range");
    RangeUsage range{parsed->prefix, {}, {}};
    if (!take_usage(value, range.earlier) || !take_usage(value, range.current) || !value.empty())
      return lines_.wrong("expected six numbers");
    state_.ranges.push_back(range);
    return {};
  }

  Result<UsageLog> finish() {
    const auto by_prefix = [](const auto& a, const auto& b) { return a.prefix < b.prefix; };
    std::sort(state_.added.begin(), state_.added.end(), by_prefix);
    const auto unordered = [](const auto& a, const auto& b) { return !(a.prefix < b.prefix); };
    const auto& ranges = state_.ranges;
    if (std::adjacent_find(ranges.begin(), ranges.end(), unordered) != ranges.end() ||
        std::adjacent_find(state_.added.begin(), state_.added.end(), unordered) !=
            state_.added.end())
      return lines_.wrong("ranges are repeated or out of order");
    return std::move(state_);
  }

  LineReader lines_;
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

Result<UsageLog> parse_usage_log(const std::string& text) {
  const auto lines = LineReader::open(text, kHead);
  if (!lines) return fail(lines.error());
  return Reader(*lines).run();
}

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
