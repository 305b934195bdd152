// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Members of a JSON file of the state directory, strictly typed. Private to this room.
#pragma once

#include <cstdint>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "loader/base/time.hpp"
#include "loader/host/floor.hpp"

namespace apiguard {

// Members of an object, strictly typed; remembers the first that is missing or of another type.
class Fields {
 public:
  explicit Fields(const nlohmann::json& json) : json_(json) {}

  void take(const char* key, std::string& to) {
    if (const nlohmann::json* member = find(key, nlohmann::json::value_t::string))
      to = member->get<std::string>();
  }
  void take(const char* key, std::uint64_t& to) {
    if (const nlohmann::json* member = find(key, nlohmann::json::value_t::number_unsigned))
      to = member->get<std::uint64_t>();
  }
  void take(const char* key, std::int64_t& to) {
    const nlohmann::json* member = find(key, nlohmann::json::value_t::number_integer);
    if (member != nullptr) to = member->get<std::int64_t>();
  }
  // Nanoseconds, as time.hpp counts them.
  void take(const char* key, Timestamp& to) {
    std::int64_t nanoseconds = nanoseconds_of(to);
    take(key, nanoseconds);
    to = timestamp_of(nanoseconds);
  }
  void take(const char* key, BootTime& to) {
    std::uint64_t nanoseconds = nanoseconds_of(to);
    take(key, nanoseconds);
    to = boot_time_of(nanoseconds);
  }
  // Of records since the member came up; in older ones `to` stays as it is.
  template <typename Member>
  void take_if_there(const char* key, Member& to) {
    if (json_.contains(key)) take(key, to);
  }
  void take_if_there(const char* key, std::optional<bool>& to) {
    if (json_.contains(key)) take(key, to.emplace());
  }
  void take(const char* key, bool& to) {
    if (const nlohmann::json* member = find(key, nlohmann::json::value_t::boolean))
      to = member->get<bool>();
  }
  const nlohmann::json* take_array(const char* key) {
    return find(key, nlohmann::json::value_t::array);
  }
  const nlohmann::json* take_object(const char* key) {
    return find(key, nlohmann::json::value_t::object);
  }
  void refuse(const char* key) {
    if (refused_.empty()) refused_ = key;
  }

  [[nodiscard]] const std::string& refused() const { return refused_; }

 private:
  // A number that is not negative is of a type of its own, and an integer all the same.
  static bool is_of(const nlohmann::json& member, nlohmann::json::value_t type) {
    if (member.type() == type) return true;
    return type == nlohmann::json::value_t::number_integer && member.is_number_unsigned() &&
           member.get<std::uint64_t>() <= std::numeric_limits<std::int64_t>::max();
  }

  const nlohmann::json* find(const char* key, nlohmann::json::value_t type) {
    const auto member = json_.find(key);
    if (member != json_.end() && is_of(*member, type)) return &*member;
    refuse(key);
    return nullptr;
  }

  const nlohmann::json& json_;
  std::string refused_;
};

// "clock", which records of older versions do not have; and "time", in RFC 3339.
void take_stamp(Fields& fields, const nlohmann::json& json, std::optional<Stamp>& to);
void take_time(Fields& fields, Timestamp& to);
[[nodiscard]] nlohmann::json show_stamp(const Stamp& stamp);

}  // namespace apiguard
