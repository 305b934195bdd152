// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// What every fuzzer here shares. A fuzzer is one file NAME_fuzz.cpp with a run(); its corpus is
// corpus/NAME.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

namespace apiguard::fuzz {

// One input. Whatever it is, this returns; what must not be ends the process.
void run(std::string_view input);

// Ends the process with `what` and the text that shows it, which libFuzzer then keeps the input of.
inline void must(bool holds, std::string_view what, std::string_view text = {}) {
  if (holds) return;
  std::fprintf(stderr, "MUST: %.*s\n%.*s\n", static_cast<int>(what.size()), what.data(),
               static_cast<int>(text.size()), text.data());
  std::abort();
}

inline void same(std::string_view a, std::string_view b, std::string_view what) {
  if (a == b) return;
  must(false, what, std::string(a) + "\n---- and ----\n" + std::string(b));
}

// A text of ours that is read back: either it is refused, by an error that begins with `front`, or
// what is shown of it reads as the same. Returns what was read, or that error.
template <typename Parse, typename Show, typename IsSame>
auto reads_back(const std::string& text, std::string_view front, const Parse& parse,
                const Show& show, const IsSame& is_same) {
  auto value = parse(text);
  if (!value) {
    const std::string& message = value.error().message;
    must(!message.empty() && message.starts_with(front), "an error says of what it is", message);
    return value;
  }
  const std::string shown = show(*value);
  const auto again = parse(shown);
  must(again.has_value(), "what is shown parses", shown);
  same(shown, show(*again), "it is shown again as it was shown");
  must(is_same(*value, *again), "it reads back as it was written", shown);
  return value;
}
template <typename Parse, typename Show>
auto reads_back(const std::string& text, std::string_view front, const Parse& parse,
                const Show& show) {
  return reads_back(text, front, parse, show, [](const auto&, const auto&) { return true; });
}

// Takes one line off the front of an input, without its newline.
inline std::string_view take_line(std::string_view& input) {
  const std::size_t end = input.find('\n');
  const std::string_view line = input.substr(0, end);
  input.remove_prefix(end == std::string_view::npos ? input.size() : end + 1);
  return line;
}

}  // namespace apiguard::fuzz
