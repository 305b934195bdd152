// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/report/event.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <cctype>
#include <optional>
#include <span>

#include <fmt/format.h>

#include "loader/base/time.hpp"
#include "loader/compile/sources.hpp"
#include "loader/policy/text.hpp"
#include "loader/report/json.hpp"
#include "loader/report/names.hpp"

namespace apiguard::report {
namespace {

std::optional<Address> address_of(const apiguard_event& event, std::span<const __u8, 16> bytes) {
  if (event.family == APIGUARD_ANY_ADDRESS) return std::nullopt;
  Address address;
  address.family = event.family == APIGUARD_IPV4 ? Family::kIpv4 : Family::kIpv6;
  std::copy(bytes.begin(), bytes.end(), address.bytes.begin());
  return address;
}

bool is_admitted(const apiguard_event& event) { return event.outcome == APIGUARD_PASS; }

// The range that admitted it: its length is known, and the source.
Prefix range_of(const apiguard_event& event) {
  Prefix prefix{address_of(event, event.source).value_or(Address{}), event.prefix_len};
  for (std::size_t i = 0; i < prefix.address.bytes.size(); ++i) {
    const int kept = std::clamp(int{event.prefix_len} - static_cast<int>(8 * i), 0, 8);
    prefix.address.bytes[i] &= static_cast<std::uint8_t>(0xff00U >> kept);
  }
  return prefix;
}

// What the event names, or may be told to have decided: of a denied packet the except alone.
std::optional<Range> decided(const apiguard_event& event, const Range* deciding) {
  if (!is_admitted(event)) {
    const bool known = event.reason == APIGUARD_EXCEPTED && deciding != nullptr;
    return known && deciding->kind == Kind::kExcept ? std::optional(*deciding) : std::nullopt;
  }
  Range range;
  range.prefix = range_of(event);
  if (deciding != nullptr && deciding->prefix == range.prefix) range.name = deciding->name;
  return range;
}

std::string endpoint_text(const Address& address, unsigned port) {
  const bool ipv6 = address.family == Family::kIpv6;
  return fmt::format("{}{}{}:{}", ipv6 ? "[" : "", to_string(address), ipv6 ? "]" : "", port);
}

// A line a second of people's time needs no nanoseconds.
std::string time_text(Timestamp time) {
  const auto second = std::chrono::time_point_cast<std::chrono::seconds>(time);
  std::string text = format_timestamp(second);
  text.pop_back();  // the Z
  return fmt::format("{}.{:03}Z", text, (time - second) / 1ms);
}

// One line: no indentation, bytes that are not UTF-8 replaced.
std::string line(const Json& json) { return dump(json, -1); }

std::string_view word_of(const apiguard_event& event) {
  if (is_admitted(event)) return "admitted";
  return event.outcome == APIGUARD_WOULD_DROP ? "would deny" : "denied";
}

// "192.0.2.7 -> 198.51.100.1:6443  unlisted  eth0".
std::string whom(const apiguard_event& event, const std::string& interface,
                 const Range* deciding = nullptr) {
  const auto source = address_of(event, event.source);
  const auto destination = address_of(event, event.destination);
  std::string text = source ? to_string(*source) : "a source that was not read";
  if (destination && event.dport != 0)
    text += " -> " + endpoint_text(*destination, ntohs(event.dport));
  const auto range = decided(event, deciding);
  text += "  ";
  if (!is_admitted(event))
    text += fmt::format("{}{}", reason_name(event.reason), range ? " by " : "");
  if (range) text += range_text(*range);
  return interface.empty() ? text : text + "  " + interface;
}

// All but the time.
Json members(const apiguard_event& event, const std::string& interface,
             const Range* deciding = nullptr) {
  const auto range = decided(event, deciding);
  const auto source = address_of(event, event.source);
  const auto destination = address_of(event, event.destination);
  const auto text_of = [](const std::optional<Address>& address) {
    return address ? Json(to_string(*address)) : Json(nullptr);
  };
  return {{"event", is_admitted(event) ? "admitted" : "denied"},
          {"source", text_of(source)},
          {"destination", text_of(destination)},
          {"port", event.dport != 0 ? Json(ntohs(event.dport)) : Json(nullptr)},
          {"interface", text_or_null(interface)},
          {"generation", event.generation},
          {"verdict", outcome_name(event.outcome)},
          {"reason", reason_name(event.reason)},
          {"range", range ? Json(to_string(range->prefix)) : Json(nullptr)},
          {"name", range ? text_or_null(range->name) : Json(nullptr)}};
}

}  // namespace

std::string event_words(const apiguard_event& event, const std::string& interface) {
  return fmt::format("{} {}", word_of(event), whom(event, interface));
}

std::optional<Address> source_of(const apiguard_event& event) {
  return address_of(event, event.source);
}

std::string event_text(const apiguard_event& event, const std::string& interface, const Now& now,
                       const Range* deciding) {
  return fmt::format("{}  {:<10}  {}", time_text(wall_time(boot_time_of(event.time), now)),
                     word_of(event), whom(event, interface, deciding));
}

std::string event_json(const apiguard_event& event, const std::string& interface, const Now& now,
                       const Range* deciding) {
  Json json{{"time", format_timestamp(wall_time(boot_time_of(event.time), now))}};
  json.update(members(event, interface, deciding));
  return line(json);
}

std::vector<std::pair<std::string, std::string>> event_fields(const apiguard_event& event,
                                                              const std::string& interface) {
  std::vector<std::pair<std::string, std::string>> fields;
  const Json all = members(event, interface);
  for (const auto& [name, value] : all.items()) {
    if (value.is_null()) continue;
    std::string key = "APIGUARD_" + name;
    for (char& c : key) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    fields.emplace_back(key, value.is_string() ? value.get<std::string>() : value.dump());
  }
  return fields;
}

std::string event_text(const ChangeEvent& event) {
  std::string text = fmt::format("{}  {:<10}  ", time_text(event.time), "change");
  if (event.generation == 0) return text + "nothing is in force: every packet passes";
  text += fmt::format("generation {} is in force", event.generation);
  if (event.undone) text += " again: the change after it was not confirmed";
  if (event.meta == nullptr) return text;
  return text + fmt::format(": mode {}, +{} -{}, by {}: {}", to_string(event.meta->mode),
                            event.meta->added, event.meta->removed, event.meta->by,
                            event.meta->verb);
}

std::string event_json(const ChangeEvent& event) {
  Json json{{"time", format_timestamp(event.time)},
            {"event", "change"},
            {"generation", event.generation == 0 ? Json(nullptr) : Json(event.generation)},
            {"undone", event.undone}};
  const GenerationMeta* meta = event.meta;
  json["mode"] = meta != nullptr ? Json(to_string(meta->mode)) : Json(nullptr);
  json["added"] = meta != nullptr ? Json(meta->added) : Json(nullptr);
  json["removed"] = meta != nullptr ? Json(meta->removed) : Json(nullptr);
  json["by"] = meta != nullptr ? Json(meta->by) : Json(nullptr);
  json["verb"] = meta != nullptr ? Json(meta->verb) : Json(nullptr);
  return line(json);
}

std::string event_text(const LostEvents& lost) {
  return fmt::format("{}  {:<10}  {} denied packets and {} admitted connections are not shown",
                     time_text(lost.time), "lost", lost.denied, lost.admitted);
}

std::string event_json(const LostEvents& lost) {
  return line({{"time", format_timestamp(lost.time)},
               {"event", "lost"},
               {"denied", lost.denied},
               {"admitted", lost.admitted}});
}

}  // namespace apiguard::report
