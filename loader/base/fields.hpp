// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Members of the JSON objects that are read back: files of the state and run directory, tickets.
// Included by the .cpp files that read them.
#pragma once

#include <chrono>
#include <concepts>
#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "loader/base/result.hpp"
#include "loader/base/time.hpp"

namespace apiguard {

// The object that a text is. Exit::kFailed: "it is no JSON object", or it is nested deeper than
// anything of ours: to write or copy such a value would take all of the stack.
[[nodiscard]] Result<nlohmann::json> parse_object(std::string_view text);

// Takes members, strictly typed, and remembers the first that is missing, of another type or out of
// the range of its type. Where one is refused, what it was to be taken to may hold anything.
// Members that nobody takes are no error.
class Fields {
 public:
  // The object must outlive this. Of a value that is no object every member is missing.
  explicit Fields(const nlohmann::json& object) : object_(object) {}

  [[nodiscard]] bool has(const std::string& key) const;
  [[nodiscard]] bool is_null(const std::string& key) const;

  void take(const std::string& key, std::string& to);
  void take(const std::string& key, bool& to);
  void take(const std::string& key, std::vector<std::string>& to);
  template <std::unsigned_integral Number>
  void take(const std::string& key, Number& to) {
    if (const auto number = find_unsigned(key, std::numeric_limits<Number>::max()))
      to = static_cast<Number>(*number);
  }
  template <std::signed_integral Number>
  void take(const std::string& key, Number& to) {
    using Limits = std::numeric_limits<Number>;
    if (const auto number = find_signed(key, Limits::min(), Limits::max()))
      to = static_cast<Number>(*number);
  }
  // Nanoseconds, as time.hpp counts them.
  void take(const std::string& key, Timestamp& to);
  void take(const std::string& key, BootTime& to);
  void take(const std::string& key, std::chrono::nanoseconds& to);

  // Of files since the member came up; in older ones `to` stays as it is.
  template <typename Member>
  void take_if_there(const std::string& key, Member& to) {
    if (has(key)) take(key, to);
  }
  template <typename Member>
  void take_if_there(const std::string& key, std::optional<Member>& to) {
    if (has(key)) take(key, to.emplace());
  }
  // Null: `to` stays as it is.
  template <typename Member>
  void take_unless_null(const std::string& key, Member& to) {
    if (!is_null(key)) take(key, to);
  }
  template <typename Member>
  void take_unless_null(const std::string& key, std::optional<Member>& to) {
    if (!is_null(key)) take(key, to.emplace());
  }

  // An object, an array of objects: refused as a whole if a member within is.
  using Take = std::function<void(Fields&)>;
  void take_object(const std::string& key, const Take& take);
  void take_each(const std::string& key, const Take& take);
  // An array of texts, until one is not `right`.
  void take_texts(const std::string& key, const std::function<bool(const std::string&)>& right);

  void refuse(const std::string& key);
  [[nodiscard]] const std::string& refused() const { return refused_; }
  // Exit::kFailed: "'KEY' is missing or wrong".
  [[nodiscard]] Result<> check() const;

 private:
  // Null: there is none.
  [[nodiscard]] const nlohmann::json* find(const std::string& key) const;
  // Null, none: refused.
  [[nodiscard]] const nlohmann::json* find_array(const std::string& key);
  [[nodiscard]] std::optional<std::uint64_t> find_unsigned(const std::string& key,
                                                           std::uint64_t most);
  [[nodiscard]] std::optional<std::int64_t> find_signed(const std::string& key, std::int64_t least,
                                                        std::int64_t most);

  const nlohmann::json& object_;
  std::string refused_;
};

}  // namespace apiguard
