// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/report/metrics.hpp"

#include <algorithm>
#include <array>
#include <initializer_list>
#include <utility>

#include <fmt/format.h>

#include "loader/base/time.hpp"
#include "loader/base/utf8.hpp"

namespace apiguard::report {
namespace {

// What a terminal must not see is written as \xNN, a byte each. Two names stay two, or a scrape
// with one sample twice is refused as a whole: so a backslash in front of an x is written so, too.
std::string visible(std::string_view text) {
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    const CodePoint point = decode(text, at);
    const std::string_view bytes = text.substr(at, point.size);
    at += point.size;
    const bool is_mark = bytes == "\\" && text.substr(at, 1) == "x";
    if ((is_printable(point) && !is_mark) || bytes == "\n") {
      out += bytes;
      continue;
    }
    for (const char byte : bytes)
      out += fmt::format("\\x{:02x}", static_cast<unsigned>(static_cast<unsigned char>(byte)));
  }
  return out;
}

// The format wants UTF-8 and three escapes. Names of interfaces may be any bytes.
std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : visible(text)) {
    if (c == '\\' || c == '"' || c == '\n') out += '\\';
    out += c == '\n' ? 'n' : c;
  }
  return out;
}

// Text that grows by samples. The head of a family is written with its first one, so that a family
// without samples is no line at all.
class Page {
 public:
  void begin(std::string_view name, std::string_view type, std::string_view help) {
    name_ = name;
    head_ = fmt::format("# HELP {} {}\n# TYPE {} {}\n", name, help, name, type);
  }

  using Label = std::pair<std::string_view, std::string_view>;
  void add(std::initializer_list<Label> labels, std::string_view value) {
    text_ += std::exchange(head_, {});
    text_ += name_;
    char before = '{';
    for (const auto& [name, content] : labels) {
      text_ += fmt::format("{}{}=\"{}\"", std::exchange(before, ','), name, escaped(content));
    }
    text_ += fmt::format("{} {}\n", labels.size() == 0 ? "" : "}", value);
  }

  [[nodiscard]] std::string text() && { return std::move(text_); }

 private:
  std::string_view name_;
  std::string head_;
  std::string text_;
};

std::string number(std::uint64_t value) { return std::to_string(value); }
std::string yes(bool value) { return value ? "1" : "0"; }

// Milliseconds are enough, and what a double can hold for any time.
std::string seconds(std::chrono::nanoseconds time) {
  const std::int64_t milliseconds = time / 1ms;
  const std::int64_t size = milliseconds < 0 ? -milliseconds : milliseconds;
  return fmt::format("{}{}.{:03}", milliseconds < 0 ? "-" : "", size / 1000, size % 1000);
}

// Gauges without labels.
void add_gauge(Page& page, std::string_view name, std::string_view help, std::string_view value) {
  page.begin(name, "gauge", help);
  page.add({}, value);
}
void add_count(Page& page, std::string_view name, std::string_view help,
               const std::optional<std::size_t>& value) {
  if (value) add_gauge(page, name, help, number(*value));
}
void add_time(Page& page, std::string_view name, std::string_view help,
              const std::optional<Timestamp>& value) {
  if (value) add_gauge(page, name, help, seconds(value->time_since_epoch()));
}

// What is dropped in enforce is counted as would_drop in audit; everything else can only pass.
bool may_drop(unsigned reason) {
  constexpr std::array kReasons = {APIGUARD_VLAN_DEPTH, APIGUARD_SHORT_TCP, APIGUARD_EXT_CHAIN,
                                   APIGUARD_EXCEPTED,   APIGUARD_EXPIRED,   APIGUARD_UNLISTED};
  return std::find(kReasons.begin(), kReasons.end(), static_cast<apiguard_reason>(reason)) !=
         kReasons.end();
}

// Pairs that can be stand there from the beginning, because a counter that appears with its first
// packet shows no increase. Others only if they are after all.
void add_packets(Page& page, const apiguard_counters& counters) {
  page.begin("apiguard_packets_total", "counter", "Packets by outcome and reason.");
  for (unsigned outcome = 0; outcome < APIGUARD_OUTCOME_MAX; ++outcome) {
    for (unsigned reason = 0; reason < APIGUARD_REASON_MAX; ++reason) {
      const std::uint64_t packets = counters.packets[outcome][reason];
      if (packets == 0 && may_drop(reason) != (outcome != APIGUARD_PASS)) continue;
      page.add({{"verdict", outcome_name(outcome)}, {"reason", reason_name(reason)}},
               number(packets));
    }
  }
}

// A name stands for an interface that should be there; a glob that matches nothing stands for none.
bool is_nothing(const InterfaceStatus& interface) {
  return !interface.ifindex && interface.name.find_first_of("*?[") != std::string::npos;
}

void add_interfaces(Page& page, const std::vector<InterfaceStatus>& interfaces) {
  page.begin("apiguard_interface_attached", "gauge",
             "Whether the program is attached to the interface.");
  for (const InterfaceStatus& interface : interfaces) {
    if (is_nothing(interface)) continue;
    page.add({{"interface", interface.name}}, yes(interface.attached));
  }
  page.begin("apiguard_interface_xdp_mode", "gauge",
             "1 for the XDP mode in which the program is attached, else 0.");
  for (const InterfaceStatus& interface : interfaces) {
    if (!interface.xdp_mode) continue;
    for (const XdpMode mode : {XdpMode::kNative, XdpMode::kGeneric}) {
      page.add({{"interface", interface.name}, {"xdp_mode", to_string(mode)}},
               yes(interface.xdp_mode == mode));
    }
  }
}

void add_mode(Page& page, const std::optional<Mode>& in_force) {
  page.begin("apiguard_mode", "gauge", "1 for the mode in force, else 0.");
  for (const Mode mode : {Mode::kEnforce, Mode::kAudit, Mode::kOff}) {
    page.add({{"mode", to_string(mode)}}, yes(in_force == mode));
  }
}

void add_ranges(Page& page, const Status& status) {
  page.begin("apiguard_ranges", "gauge", "Ranges in force by family.");
  if (status.ranges4) page.add({{"family", "ipv4"}}, number(*status.ranges4));
  if (status.ranges6) page.add({{"family", "ipv6"}}, number(*status.ranges6));
}

void add_leases(Page& page, const LeaseCounts& leases) {
  page.begin("apiguard_leases", "gauge",
             "Leases in force, leases that expire soon without renewal, and bars.");
  page.add({{"state", "in_force"}}, number(leases.in_force));
  page.add({{"state", "ending_soon"}}, number(leases.ending_soon));
  page.add({{"state", "barred"}}, number(leases.barred));
}

// All of them from the beginning, because a counter that appears with its first one shows no
// increase.
void add_refused(Page& page, const std::optional<RefusedLeases>& refused) {
  if (!refused) return;
  page.begin("apiguard_leases_refused_total", "counter",
             "Leases that were refused, by reason; renewals are counted each time.");
  for (std::size_t i = 0; i < refused->size(); ++i)
    page.add({{"reason", to_string(static_cast<Refusal>(i))}}, number((*refused)[i]));
}

void add_confirmation(Page& page, const Metrics& metrics) {
  const Status& status = metrics.status;
  if (!status.generation) return;
  add_gauge(page, "apiguard_confirmed",
            "Whether the generation in force is kept; 0: it is undone unless it is confirmed.",
            yes(status.confirmed));
  if (!status.confirm_deadline) return;
  const auto left = std::max<std::chrono::nanoseconds>(0s, *status.confirm_deadline - metrics.now);
  add_gauge(page, "apiguard_rollback_remaining_seconds",
            "Time until the unconfirmed generation is undone; absent if none waits.",
            seconds(left));
}

void add_fingerprint(Page& page, const Status& status) {
  if (status.fingerprint.empty()) return;
  page.begin("apiguard_fingerprint_info", "gauge",
             "SHA-256 of mode, endpoints and ranges, and the same of their permanent part; equal "
             "on equal hosts.");
  page.add({{"fingerprint", status.fingerprint}, {"permanent", status.fingerprint_permanent}}, "1");
}

// From zero, as the supervisor begins with each of its starts.
void add_lost(Page& page, const std::optional<Lost>& lost) {
  if (!lost) return;
  page.begin("apiguard_events_lost_total", "counter",
             "Denied packets and admitted connections that the supervisor's journal leaves out; "
             "absent while it is not running.");
  page.add({{"event", "denied"}}, number(lost->denied));
  page.add({{"event", "admitted"}}, number(lost->admitted));
  page.begin("apiguard_messages_dropped_total", "counter",
             "Messages of the supervisor that were dropped because nobody read them.");
  page.add({}, number(lost->messages));
}

void add_build(Page& page, const Metrics& metrics) {
  page.begin("apiguard_build_info", "gauge",
             "Version of the loader, build of its program and number of the ABI of its maps.");
  page.add({{"version", metrics.version}, {"program", metrics.build}, {"abi", number(metrics.abi)}},
           "1");
}

}  // namespace

std::string to_prometheus(const Metrics& metrics) {
  const Status& status = metrics.status;
  Page page;
  add_packets(page, status.counters);
  add_interfaces(page, status.interfaces);
  add_mode(page, status.mode);
  add_gauge(page, "apiguard_generation",
            "Number of the generation that judges packets; 0: none does.",
            number(status.generation.value_or(0)));
  add_confirmation(page, metrics);
  add_gauge(page, "apiguard_unapplied_edits",
            "Whether the files differ from the generation in force.", yes(status.unapplied));
  add_gauge(page, "apiguard_state_damaged",
            "Whether the state directory is damaged, so that a boot cannot restore the generation "
            "in force.",
            yes(status.damaged.has_value()));
  add_fingerprint(page, status);
  add_time(page, "apiguard_last_apply_timestamp_seconds",
           "When the generation in force was published.", metrics.published);
  add_ranges(page, status);
  add_leases(page, status.leases);
  add_refused(page, metrics.refused);
  add_count(page, "apiguard_expiring_ranges", "Ranges in force that expire.", metrics.expiring);
  add_time(page, "apiguard_next_expiry_timestamp_seconds", "When the next range expires.",
           metrics.next_end);
  add_count(page, "apiguard_unused_ranges",
            "Ranges that admitted no connection for 30 days; absent if that is not known.",
            metrics.unused);
  add_lost(page, metrics.lost);
  add_build(page, metrics);
  return std::move(page).text();
}

}  // namespace apiguard::report
