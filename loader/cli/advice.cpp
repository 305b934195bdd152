// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/cli/advice.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <optional>

#include <fmt/format.h>

#include "loader/base/utf8.hpp"
#include "loader/policy/scan.hpp"
#include "loader/policy/text.hpp"

namespace apiguard::cli {
namespace {

constexpr std::size_t kShown = 8;      // CIDRs in one message
constexpr std::size_t kMaxName = 63;   // as in policy/name.cpp
constexpr std::size_t kMaxText = 200;  // what is longer is not read for what is meant

bool has_only(std::string_view text, std::string_view allowed) {
  return !text.empty() && text.find_first_not_of(allowed) == std::string_view::npos;
}

bool is_one_of(std::string_view word, std::string_view words) {
  const std::string padded = fmt::format(" {} ", words);
  return !word.empty() && word.find(' ') == std::string_view::npos &&
         padded.find(fmt::format(" {} ", word)) != std::string::npos;
}

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return out;
}

// --- spans of addresses

Address last_of(const Prefix& prefix) {
  Address last = prefix.address;
  for (unsigned bit = prefix.length; bit < max_length(last.family); ++bit)
    last.bytes[bit / 8] = static_cast<std::uint8_t>(last.bytes[bit / 8] | 0x80U >> bit % 8);
  return last;
}

// Of the last address of the family: the first one.
Address behind(Address address) {
  for (std::size_t i = max_length(address.family) / 8; i-- > 0;) {
    if (++address.bytes[i] != 0) break;
  }
  return address;
}

std::string list_of(const std::vector<Prefix>& prefixes) {
  std::string text;
  for (std::size_t i = 0; i < std::min(prefixes.size(), kShown); ++i)
    text += (i == 0 ? "" : " ") + to_string(prefixes[i]);
  if (prefixes.size() > kShown) text += fmt::format(" and {} more", prefixes.size() - kShown);
  return text;
}

// "10.0.0.5-9" ends with a part of an address.
std::optional<Address> end_of_span(std::string_view first, std::string_view last) {
  if (const auto whole = parse_address(last)) return *whole;
  const std::size_t dot = first.rfind('.');
  if (dot == std::string_view::npos || !has_only(last, "0123456789")) return std::nullopt;
  const auto address = parse_address(fmt::format("{}{}", first.substr(0, dot + 1), last));
  return address ? std::optional(*address) : std::nullopt;
}

std::string on_span(std::string_view text) {
  const std::size_t dash = text.find('-');
  if (dash == std::string_view::npos) return "";
  const auto first = parse_address(text.substr(0, dash));
  const auto last = first ? end_of_span(text.substr(0, dash), text.substr(dash + 1)) : std::nullopt;
  if (!last || last->family != first->family) return "";
  if (*last < *first) return "the span ends before it starts";
  return fmt::format("no spans, write the CIDRs: {}", list_of(cover(*first, *last)));
}

// --- what else is meant

std::string on_commas(std::string_view text) {
  if (text.find(',') == std::string_view::npos) return "";
  std::string blanks(text);
  std::replace(blanks.begin(), blanks.end(), ',', ' ');
  return fmt::format("write spaces between ranges, commas are for 'apiguard set': {}", blanks);
}

// Without a port: "203.0.113.7" of "203.0.113.7:6443" and of "[203.0.113.7]".
std::optional<std::string_view> host_of(std::string_view text) {
  if (text.starts_with('[')) {
    const std::size_t end = text.find(']');
    if (end == std::string_view::npos) return std::nullopt;
    return text.substr(1, end - 1);
  }
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos || !has_only(text.substr(colon + 1), "0123456789"))
    return std::nullopt;
  return text.substr(0, colon);
}

std::string on_port(std::string_view text) {
  const auto host = host_of(text);
  if (!host || !parse_prefix(*host)) return "";
  return fmt::format(
      "no port and no brackets belong here: sources are listed, ports go into 'endpoints' of "
      "apiguard.toml: write {}",
      *host);
}

// "10.0.*.*"
std::string on_wildcard(std::string_view text) {
  if (!has_only(text, "0123456789.*x") || text.find_first_of("*x") == std::string_view::npos)
    return "";
  std::string zeros(text);
  unsigned fixed = 0;
  bool wild = false;
  std::size_t begin = 0;
  for (unsigned octet = 0; octet < 4 && begin <= text.size(); ++octet) {
    const std::size_t end = std::min(text.find('.', begin), text.size());
    const std::string_view part = text.substr(begin, end - begin);
    const bool any = part == "*" || part == "x";
    if (wild && !any) return "";
    wild = wild || any;
    if (!any) ++fixed;
    if (any) zeros[begin] = '0';
    begin = end + 1;
  }
  while (std::count(zeros.begin(), zeros.end(), '.') < 3) zeros += ".0";
  const auto range = parse_prefix(fmt::format("{}/{}", zeros, 8 * fixed));
  return range ? fmt::format("no wildcards: write {}", to_string(range->prefix)) : "";
}

std::string on_words(std::string_view text, Wanted wanted) {
  const std::string word = lower(text);
  if (wanted == Wanted::kSelector) return "";  // it may be a name
  if (is_one_of(word, "any all * everyone everybody anywhere world internet anyone public 0/0"))
    return "to allow everybody, list 0.0.0.0/0 and ::/0; 'apiguard mode off' lets every packet "
           "pass and keeps the list";
  if (word == "localhost")
    return "the loopback is not filtered, and names are not resolved: write an address";
  if (is_one_of(word, "from to in out on port proto tcp source src dst ip inet"))
    return "leave it out: 'apiguard allow CIDR' takes only ranges";
  return "";
}

// "allow CIDR comment office"
std::string on_keywords(std::string_view text, Wanted wanted) {
  if (wanted != Wanted::kRange) return "";
  const std::string word = lower(text);
  if (is_one_of(word, "name label")) return "write --name NAME";
  if (is_one_of(word, "comment why reason note")) return "write --why TICKET, or --name NAME";
  if (is_one_of(word, "for timeout ttl expires")) return "write --for DURATION, as in --for 2h";
  if (word == "until") return "write --until TIME, as in --until 2026-12-01T08:00:00Z";
  if (word == "review") return "write --review DATE, as in --review 2027-01-31";
  return "";
}

// "6443", "6443/tcp"
std::string on_port_alone(std::string_view text) {
  const std::string_view number = text.substr(0, text.find('/'));
  const std::string_view rest = text.substr(number.size());
  if (!has_only(number, "0123456789") || !(rest.empty() || rest == "/tcp" || rest == "/udp"))
    return "";
  return "a port is no source: write the addresses of the clients; ports go into 'endpoints' of "
         "apiguard.toml";
}

std::string on_names(std::string_view text, Wanted wanted) {
  if (has_only(text, "0123456789.")) return "";
  const bool host = text.find('.') != std::string_view::npos &&
                    text.find_first_not_of("0123456789.") != std::string_view::npos &&
                    valid_name(text);
  if (host)
    return fmt::format("names are not resolved: 'getent ahosts {}' shows its addresses", text);
  if (wanted == Wanted::kSelector || !valid_name(text)) return "";
  if (wanted == Wanted::kRange)
    return fmt::format(
        "not an address: 'apiguard list {0}' shows the ranges of that name; to name "
        "a new range, add --name {0}",
        text);
  return fmt::format("not an address; 'apiguard list {}' shows the ranges of that name", text);
}

std::string on_range(std::string_view text, Wanted wanted) {
  const auto range = parse_prefix(text);
  if (wanted != Wanted::kAddress || !range) return "";
  return fmt::format("only addresses; 'apiguard list {}' shows the ranges that overlap it",
                     to_string(range->prefix));
}

// --- durations

struct UnitName {
  std::string_view words;
  double seconds;
};
constexpr std::array kUnitNames = {
    UnitName{"s sec secs second seconds", 1}, UnitName{"m min mins minute minutes", 60},
    UnitName{"h hr hrs hour hours", 3600},    UnitName{"d day days", 86400},
    UnitName{"w wk week weeks", 604800},      UnitName{"mo mon month months", 2592000},
    UnitName{"y yr year years", 31536000},
};

std::string duration_of(std::int64_t seconds) {
  std::string text;
  const auto add = [&](std::int64_t length, char unit) {
    if (seconds >= length) text += fmt::format("{}{}", seconds / length, unit);
    seconds %= length;
  };
  add(86400, 'd');
  add(3600, 'h');
  add(60, 'm');
  add(1, 's');
  return text;
}

}  // namespace

std::vector<Prefix> cover(Address first, const Address& last) {
  std::vector<Prefix> prefixes;
  while (true) {
    Prefix widest{first, max_length(first.family)};
    while (widest.length > 0) {
      const auto length = static_cast<std::uint8_t>(widest.length - 1);
      const Prefix wider = prefix_around(first, length);
      if (wider.address != first || last < last_of(wider)) break;
      widest = wider;
    }
    prefixes.push_back(widest);
    if (last_of(widest) == last) return prefixes;
    first = behind(last_of(widest));
  }
}

std::string advice_on_source(std::string_view text, Wanted wanted) {
  if (text.size() > kMaxText) return "";
  if (text.find("://") != std::string_view::npos) return "a URL is not a source: write an address";
  for (std::string advice : {on_range(text, wanted), on_span(text), on_commas(text), on_port(text),
                             on_port_alone(text), on_wildcard(text), on_words(text, wanted),
                             on_keywords(text, wanted), on_names(text, wanted)}) {
    if (!advice.empty()) return advice;
  }
  return "";
}

std::string advice_on_duration(std::string_view text) {
  const std::string word = lower(text);
  if (is_one_of(word, "forever never permanent always infinite inf 0 none"))
    return "an entry without an expiry is permanent: leave the option out";
  const std::size_t unit_at = word.find_first_not_of("0123456789.");
  if (unit_at == 0 || unit_at == std::string::npos || word.size() > kMaxName) return "";
  std::string_view unit = std::string_view(word).substr(unit_at);
  unit.remove_prefix(std::min(unit.find_first_not_of(' '), unit.size()));
  if (is_one_of(unit, "ms msec millis millisecond milliseconds us ns"))
    return "the shortest is one second: write 1s";
  const double number = std::strtod(word.c_str(), nullptr);
  for (const UnitName& known : kUnitNames) {
    const double seconds = std::round(number * known.seconds);
    if (!is_one_of(unit, known.words) || seconds < 1 || seconds > 1e10) continue;
    return fmt::format("write {}", duration_of(static_cast<std::int64_t>(seconds)));
  }
  return "";
}

std::string advice_on_name(std::string_view text) {
  if (text.size() > kMaxName && valid_name(text.substr(0, kMaxName)))
    return fmt::format("a name has {} characters at most, this one has {}", kMaxName, text.size());
  const auto name = scan_name(text);
  std::string advice = name ? "no name" : name.error().message;
  std::string dashed(text);
  std::replace_if(
      dashed.begin(), dashed.end(),
      [](char c) { return c == ' ' || c == '/' || c == ':' || c == '@' || c == '+'; }, '-');
  if (dashed != text && valid_name(dashed)) advice += fmt::format(": '{}' is one", dashed);
  return advice;
}

}  // namespace apiguard::cli
