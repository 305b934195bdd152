// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/base/fields.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include <nlohmann/json.hpp>

namespace apiguard {
namespace {

using Json = nlohmann::json;

constexpr int kMostLevels = 16;

bool is_deeper_than(int levels, const Json& json) {
  if (!json.is_structured()) return false;
  return levels == 0 || std::any_of(json.begin(), json.end(), [&](const Json& inner) {
           return is_deeper_than(levels - 1, inner);
         });
}

}  // namespace

// The library itself neither parses nor destroys by recursion. It takes a NUL for the end.
Result<Json> parse_object(std::string_view text) {
  Json json = Json::parse(text, nullptr, false);
  if (!json.is_object() || text.find('\0') != std::string_view::npos)
    return fail(Exit::kFailed, "it is not a JSON object");
  if (is_deeper_than(kMostLevels, json))
    return fail(Exit::kFailed, fmt::format("it is nested deeper than {} levels", kMostLevels));
  return json;
}

bool Fields::has(const std::string& key) const { return find(key) != nullptr; }

bool Fields::is_null(const std::string& key) const {
  const Json* member = find(key);
  return member != nullptr && member->is_null();
}

void Fields::take(const std::string& key, std::string& to) {
  const Json* member = find(key);
  if (member == nullptr || !member->is_string()) return refuse(key);
  to = member->get_ref<const std::string&>();
}

void Fields::take(const std::string& key, bool& to) {
  const Json* member = find(key);
  if (member == nullptr || !member->is_boolean()) return refuse(key);
  to = member->get<bool>();
}

void Fields::take(const std::string& key, std::vector<std::string>& to) {
  take_texts(key, [&](const std::string& text) {
    to.push_back(text);
    return true;
  });
}

void Fields::take(const std::string& key, Timestamp& to) {
  std::int64_t nanoseconds = nanoseconds_of(to);
  take(key, nanoseconds);
  to = timestamp_of(nanoseconds);
}

void Fields::take(const std::string& key, BootTime& to) {
  std::uint64_t nanoseconds = nanoseconds_of(to);
  take(key, nanoseconds);
  to = boot_time_of(nanoseconds);
}

void Fields::take(const std::string& key, std::chrono::nanoseconds& to) {
  std::int64_t count = to.count();
  take(key, count);
  to = std::chrono::nanoseconds(count);
}

void Fields::take_object(const std::string& key, const Take& take) {
  const Json* member = find(key);
  if (member == nullptr || !member->is_object()) return refuse(key);
  Fields parts(*member);
  take(parts);
  if (!parts.refused_.empty()) refuse(key);
}

void Fields::take_each(const std::string& key, const Take& take) {
  const Json* array = find_array(key);
  if (array == nullptr) return;
  for (const Json& one : *array) {
    if (!one.is_object()) return refuse(key);
    Fields parts(one);
    take(parts);
    if (!parts.refused_.empty()) return refuse(key);
  }
}

void Fields::take_texts(const std::string& key,
                        const std::function<bool(const std::string&)>& right) {
  const Json* array = find_array(key);
  if (array == nullptr) return;
  for (const Json& one : *array) {
    if (!one.is_string() || !right(one.get_ref<const std::string&>())) return refuse(key);
  }
}

void Fields::refuse(const std::string& key) {
  if (refused_.empty()) refused_ = key;
}

Result<> Fields::check() const {
  if (refused_.empty()) return {};
  return fail(Exit::kFailed, fmt::format("'{}' is missing or wrong", refused_));
}

const Json* Fields::find(const std::string& key) const {
  const auto member = object_.find(key);
  return member == object_.end() ? nullptr : &*member;
}

const Json* Fields::find_array(const std::string& key) {
  const Json* member = find(key);
  if (member != nullptr && member->is_array()) return member;
  refuse(key);
  return nullptr;
}

std::optional<std::uint64_t> Fields::find_unsigned(const std::string& key, std::uint64_t most) {
  const Json* member = find(key);
  if (member != nullptr && member->is_number_unsigned()) {
    const auto number = member->get<std::uint64_t>();
    if (number <= most) return number;
  }
  refuse(key);
  return std::nullopt;
}

// A number that is not negative is of a type of its own, and an integer all the same.
std::optional<std::int64_t> Fields::find_signed(const std::string& key, std::int64_t least,
                                                std::int64_t most) {
  const Json* member = find(key);
  const bool is_integer = member != nullptr && member->is_number_integer();
  const bool fits = is_integer && (!member->is_number_unsigned() ||
                                   std::in_range<std::int64_t>(member->get<std::uint64_t>()));
  if (fits) {
    const auto number = member->get<std::int64_t>();
    if (number >= least && number <= most) return number;
  }
  refuse(key);
  return std::nullopt;
}

}  // namespace apiguard
