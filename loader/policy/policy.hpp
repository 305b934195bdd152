// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The model: what the operator's files say, as plain values. Knows neither files nor BPF.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "loader/base/time.hpp"
#include "loader/policy/prefix.hpp"

namespace apiguard {

enum class Mode : std::uint8_t { kOff = 0, kAudit = 1, kEnforce = 2 };
enum class XdpMode : std::uint8_t { kAuto, kNative, kGeneric };
enum class Kind : std::uint8_t { kAllow = 1, kExcept = 2, kCluster = 3 };

struct Endpoint {
  // none: every address of both families
  std::optional<Address> address;
  // host byte order, 1..65535
  std::uint16_t port = 0;

  friend bool operator==(const Endpoint&, const Endpoint&) = default;
};

// A file by name. Each name is kept once, for as long as the process lives: a million ranges of one
// file share it, and moving them costs nothing for it.
class FileName {
 public:
  FileName() = default;
  // A text becomes the name that it is.
  FileName(std::string_view name);
  FileName(const std::string& name) : FileName(std::string_view(name)) {}
  FileName(const char* name) : FileName(std::string_view(name)) {}

  [[nodiscard]] const std::string& text() const { return *name_; }

  friend bool operator==(FileName a, FileName b) { return *a.name_ == *b.name_; }

 private:
  static const std::string kNone;
  const std::string* name_ = &kNone;
};

// Where an entry was written. Not part of what it means: equality of policies ignores it.
struct Origin {
  // "apiguard.toml", "authorized-ranges", "authorized-ranges.d/NAME.list"
  FileName file;
  // from 1
  std::uint32_t line = 0;

  friend bool operator==(const Origin&, const Origin&) { return true; }
};

// Why an entry is there and when somebody looks at it again: `why=` and `review=`. Judges nothing.
// Of a million ranges most have none, which takes no room.
class Remark {
 public:
  Remark() = default;
  // `review`: the beginning of a day of UTC.
  Remark(std::string_view why, std::optional<Timestamp> review);

  [[nodiscard]] bool empty() const { return parts_ == nullptr; }
  // empty: none
  [[nodiscard]] const std::string& why() const;
  [[nodiscard]] std::optional<Timestamp> review() const;

  friend bool operator==(const Remark& a, const Remark& b) {
    return a.why() == b.why() && a.review() == b.review();
  }

 private:
  struct Parts {
    std::string why;
    std::optional<Timestamp> review;
  };
  std::shared_ptr<const Parts> parts_;
};
// Its day is over.
[[nodiscard]] bool is_overdue(const Remark& remark, Timestamp now);

// One CIDR entry.
struct Range {
  Prefix prefix;
  Kind kind = Kind::kAllow;
  // empty: none
  std::string name;
  // none: permanent
  std::optional<Timestamp> until;
  Origin origin;
  Remark remark = {};

  friend bool operator==(const Range&, const Range&) = default;
};

// What tools may add with `apiguard lease`: [leases] of the configuration file.
struct LeaseLimits {
  // at once; 1..10000
  std::size_t max = 500;
  // of one name at once; 1..max
  std::size_t per_name = 4;
  // The roof: every lease lies in one of them whole. Empty: there are no leases.
  std::vector<Prefix> within = {Prefix{}, Prefix{{Family::kIpv6, {}}, 0}};
  // 1m..30d
  std::chrono::nanoseconds longest = 48h;

  friend bool operator==(const LeaseLimits&, const LeaseLimits&) = default;
};

struct Policy {
  Mode mode = Mode::kEnforce;
  XdpMode xdp_mode = XdpMode::kAuto;
  // names or globs, as written
  std::vector<std::string> interfaces;
  std::vector<Endpoint> endpoints;
  // By prefix, as deciding_ranges; equal prefixes as they are written: cluster first, then the
  // CLI's file, then drop-ins in name order. What is in another order is judged alike, but slower.
  std::vector<Range> ranges;
  LeaseLimits leases;
  // `#lapse` headers of drop-ins, by the name of the file (as in Origin::file).
  std::map<std::string, std::chrono::nanoseconds> lapses;

  friend bool operator==(const Policy&, const Policy&) = default;
};

// "enforce", "audit", "off"
[[nodiscard]] std::string_view to_string(Mode mode);
// "auto", "native", "generic"
[[nodiscard]] std::string_view to_string(XdpMode xdp_mode);
// "allow", "except", "cluster"
[[nodiscard]] std::string_view to_string(Kind kind);
[[nodiscard]] std::string to_string(const Endpoint& endpoint);
// FILE:LINE, or FILE if the line is 0
[[nodiscard]] std::string to_string(const Origin& origin);
[[nodiscard]] std::optional<Mode> parse_mode(std::string_view text);

// ---- effective.cpp

// The ranges that decide at some time, as pointers into `ranges`, sorted by family, address,
// length. Of one prefix there are at most two: the except, and behind it the allow that ends later
// and decides from the end of the except on. Of allows of one prefix cluster wins, then permanent,
// then the one that ends last; of excepts permanent, then the one that ends last. What has ended is
// among them. The order of `ranges` is irrelevant to everything but the name of equal entries
// (first wins).
using RangeRefs = std::vector<const Range*>;
[[nodiscard]] RangeRefs deciding_ranges(const std::vector<Range>& ranges);
// The same as copies.
[[nodiscard]] std::vector<Range> effective_ranges(const std::vector<Range>& ranges);

// Permanent is later than every end.
[[nodiscard]] bool ends_later(const Range& a, const Range& b);
[[nodiscard]] bool has_ended(const Range& range, Timestamp now);

// ---- fingerprint.cpp

// SHA-256 (64 hex digits) of what is judged: mode, endpoints, effective ranges with kind and until.
// Neither interfaces, names, remarks, [leases], `#lapse`, comments nor the order of anything count,
// so equal hosts show equal values. Digested are the lines "mode MODE" and "endpoint ENDPOINT"
// (sorted), then of each range: kind, family, length, 1 if it ends (a byte each), the 4 or 16 bytes
// of its address, and its end (eight bytes, nanoseconds since 1970, big-endian).
[[nodiscard]] std::string fingerprint(const Policy& policy);

// The same of those ranges that have no end, as if there were no others.
[[nodiscard]] std::string fingerprint_permanent(const Policy& policy);

// ---- difference.cpp

// What a change adds and removes: entries (prefix, kind, until, name, remark) of one set that are
// not in the other, sorted like deciding_ranges.
struct Difference {
  std::vector<Range> added;
  std::vector<Range> removed;
  // "mode: audit -> enforce", "interfaces: ...", one line each
  std::vector<std::string> settings;

  [[nodiscard]] bool empty() const { return added.empty() && removed.empty() && settings.empty(); }
};
[[nodiscard]] Difference difference(const Policy& before, const Policy& after);

}  // namespace apiguard
