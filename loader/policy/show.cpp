// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Policy -> text that the readers take back as the same policy.
#include <fmt/format.h>

#include "loader/base/duration.hpp"
#include "loader/policy/text.hpp"
#include "loader/policy/texts.hpp"

namespace apiguard {
namespace {

std::string toml_array(const std::vector<std::string>& texts) {
  std::string out = "[";
  for (const std::string& text : texts) {
    if (out.size() > 1) out += ", ";
    out += toml_string(text);
  }
  return out + "]";
}

std::vector<std::string> cluster_texts(const Policy& policy) {
  std::vector<std::string> out;
  for (const Range& range : policy.ranges) {
    if (range.kind == Kind::kCluster) out.push_back(to_string(range.prefix));
  }
  return out;
}

std::string show_leases(const LeaseLimits& leases) {
  std::vector<std::string> within;
  within.reserve(leases.within.size());
  for (const Prefix& prefix : leases.within) within.push_back(to_string(prefix));
  return fmt::format(
      "\n"
      "[leases]\n"
      "max = {}\n"
      "per_name = {}\n"
      "within = {}\n"
      "longest = \"{}\"\n",
      leases.max, leases.per_name, toml_array(within), format_duration(leases.longest));
}

}  // namespace

// A table is the last thing in a file: keys behind it would be its own. Nobody misses what says
// the defaults.
std::string toml_string(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + '"';
}

std::string show_config(const Policy& policy) {
  std::string out = fmt::format(
      "interfaces = {}\n"
      "endpoints = {}\n"
      "mode = \"{}\"\n"
      "xdp_mode = \"{}\"\n"
      "cluster = {}\n",
      toml_array(policy.interfaces), toml_array(endpoint_texts(policy)), to_string(policy.mode),
      to_string(policy.xdp_mode), toml_array(cluster_texts(policy)));
  if (policy.leases != LeaseLimits()) out += show_leases(policy.leases);
  return out;
}

std::string show(const Range& range) {
  std::string out = range.kind == Kind::kExcept ? "except " : "";
  out += to_string(range.prefix);
  if (!range.name.empty()) out += " name=" + range.name;
  if (range.until) out += " until=" + format_timestamp(*range.until);
  if (!range.remark.why().empty()) out += " why=" + range.remark.why();
  if (range.remark.review()) out += " review=" + format_date(*range.remark.review());
  return out;
}

std::string show_edits(const Difference& edits) {
  constexpr std::size_t kShown = 10;
  std::vector<std::string> lines = edits.settings;
  lines.reserve(lines.size() + edits.added.size() + edits.removed.size());
  for (const Range& range : edits.added) lines.push_back("+ " + show(range));
  for (const Range& range : edits.removed) lines.push_back("- " + show(range));
  const std::size_t more = lines.size() > kShown ? lines.size() - kShown : 0;
  lines.resize(lines.size() - more);
  std::string text;
  for (const std::string& line : lines) text += "\n    " + line;
  if (more > 0) text += fmt::format("\n    ... and {} more", more);
  return text;
}

std::string show_ranges(const std::vector<Range>& ranges) {
  std::string out;
  for (const Range& range : ranges) {
    if (range.kind != Kind::kCluster) out += show(range) + '\n';
  }
  return out;
}

}  // namespace apiguard
