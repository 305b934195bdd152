// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/report/metrics.hpp"
#include "loader/base/time.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <set>
#include <sstream>

#include "loader/host/files.hpp"
#include "loader/status/gather_metrics.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/folder.hpp"

using namespace apiguard;
using namespace apiguard::status;
using namespace apiguard::report;
using namespace apiguard::test;

namespace {

constexpr Timestamp kNow{1'764'000'000s};

InterfaceStatus interface_of(const char* name, std::optional<XdpMode> mode) {
  InterfaceStatus interface;
  interface.name = name;
  interface.attached = mode.has_value();
  interface.xdp_mode = mode;
  return interface;
}

Metrics enforcing() {
  Metrics metrics;
  Status& status = metrics.status;
  status.mode = Mode::kEnforce;
  status.generation = 17;
  status.fingerprint = "00ff";
  status.ranges4 = 3;
  status.leases = {12, 2, 1};
  metrics.refused = RefusedLeases{7, 0, 2, 1, 0};
  status.fingerprint_permanent = "11ee";
  status.ranges6 = 1;
  status.interfaces = {interface_of("eth0", XdpMode::kNative), interface_of("eth1", std::nullopt)};
  status.counters.packets[APIGUARD_PASS][APIGUARD_LISTED] = 1234;
  status.counters.packets[APIGUARD_DROP][APIGUARD_UNLISTED] = 18446744073709551615U;
  metrics.now = kNow;
  metrics.published = kNow - 3600s + 500ms;
  metrics.expiring = 2;
  metrics.next_end = kNow + 60s;
  metrics.unused = 0;
  metrics.lost = Lost{70, 0};
  metrics.version = "0.1.0";
  metrics.build = "00112233aabbccdd";
  metrics.abi = 1;
  return metrics;
}

std::string line_of(const std::string& text, const std::string& begin) {
  const std::size_t at = ("\n" + text).find("\n" + begin);
  if (at == std::string::npos) return "";
  return text.substr(at, text.find('\n', at) - at);
}

}  // namespace

TEST_CASE("the whole text") {
  CHECK(to_prometheus(enforcing()) ==
        R"(# HELP apiguard_packets_total Packets by outcome and reason.
# TYPE apiguard_packets_total counter
apiguard_packets_total{verdict="pass",reason="not_ip"} 0
apiguard_packets_total{verdict="pass",reason="malformed"} 0
apiguard_packets_total{verdict="pass",reason="later_fragment"} 0
apiguard_packets_total{verdict="pass",reason="other_traffic"} 0
apiguard_packets_total{verdict="pass",reason="listed"} 1234
apiguard_packets_total{verdict="pass",reason="off"} 0
apiguard_packets_total{verdict="drop",reason="vlan_depth"} 0
apiguard_packets_total{verdict="drop",reason="short_tcp"} 0
apiguard_packets_total{verdict="drop",reason="ext_chain"} 0
apiguard_packets_total{verdict="drop",reason="excepted"} 0
apiguard_packets_total{verdict="drop",reason="expired"} 0
apiguard_packets_total{verdict="drop",reason="unlisted"} 18446744073709551615
apiguard_packets_total{verdict="would_drop",reason="vlan_depth"} 0
apiguard_packets_total{verdict="would_drop",reason="short_tcp"} 0
apiguard_packets_total{verdict="would_drop",reason="ext_chain"} 0
apiguard_packets_total{verdict="would_drop",reason="excepted"} 0
apiguard_packets_total{verdict="would_drop",reason="expired"} 0
apiguard_packets_total{verdict="would_drop",reason="unlisted"} 0
# HELP apiguard_interface_attached Whether the program is attached to the interface.
# TYPE apiguard_interface_attached gauge
apiguard_interface_attached{interface="eth0"} 1
apiguard_interface_attached{interface="eth1"} 0
# HELP apiguard_interface_xdp_mode 1 for the XDP mode in which the program is attached, else 0.
# TYPE apiguard_interface_xdp_mode gauge
apiguard_interface_xdp_mode{interface="eth0",xdp_mode="native"} 1
apiguard_interface_xdp_mode{interface="eth0",xdp_mode="generic"} 0
# HELP apiguard_mode 1 for the mode in force, else 0.
# TYPE apiguard_mode gauge
apiguard_mode{mode="enforce"} 1
apiguard_mode{mode="audit"} 0
apiguard_mode{mode="off"} 0
# HELP apiguard_generation Number of the generation that judges packets; 0: none does.
# TYPE apiguard_generation gauge
apiguard_generation 17
# HELP apiguard_confirmed Whether the generation in force is kept; 0: it is undone unless it is confirmed.
# TYPE apiguard_confirmed gauge
apiguard_confirmed 1
# HELP apiguard_unapplied_edits Whether the files differ from the generation in force.
# TYPE apiguard_unapplied_edits gauge
apiguard_unapplied_edits 0
# HELP apiguard_state_damaged Whether the state directory is damaged, so that a boot cannot restore the generation in force.
# TYPE apiguard_state_damaged gauge
apiguard_state_damaged 0
# HELP apiguard_fingerprint_info SHA-256 of mode, endpoints and ranges, and the same of their permanent part; equal on equal hosts.
# TYPE apiguard_fingerprint_info gauge
apiguard_fingerprint_info{fingerprint="00ff",permanent="11ee"} 1
# HELP apiguard_last_apply_timestamp_seconds When the generation in force was published.
# TYPE apiguard_last_apply_timestamp_seconds gauge
apiguard_last_apply_timestamp_seconds 1763996400.500
# HELP apiguard_ranges Ranges in force by family.
# TYPE apiguard_ranges gauge
apiguard_ranges{family="ipv4"} 3
apiguard_ranges{family="ipv6"} 1
# HELP apiguard_leases Leases in force, leases that expire soon without renewal, and bars.
# TYPE apiguard_leases gauge
apiguard_leases{state="in_force"} 12
apiguard_leases{state="ending_soon"} 2
apiguard_leases{state="barred"} 1
# HELP apiguard_leases_refused_total Leases that were refused, by reason; renewals are counted each time.
# TYPE apiguard_leases_refused_total counter
apiguard_leases_refused_total{reason="barred"} 7
apiguard_leases_refused_total{reason="outside"} 0
apiguard_leases_refused_total{reason="full"} 2
apiguard_leases_refused_total{reason="excepted"} 1
apiguard_leases_refused_total{reason="nested"} 0
# HELP apiguard_expiring_ranges Ranges in force that expire.
# TYPE apiguard_expiring_ranges gauge
apiguard_expiring_ranges 2
# HELP apiguard_next_expiry_timestamp_seconds When the next range expires.
# TYPE apiguard_next_expiry_timestamp_seconds gauge
apiguard_next_expiry_timestamp_seconds 1764000060.000
# HELP apiguard_unused_ranges Ranges that admitted no connection for 30 days; absent if that is not known.
# TYPE apiguard_unused_ranges gauge
apiguard_unused_ranges 0
# HELP apiguard_events_lost_total Denied packets and admitted connections that the supervisor's journal leaves out; absent while it is not running.
# TYPE apiguard_events_lost_total counter
apiguard_events_lost_total{event="denied"} 70
apiguard_events_lost_total{event="admitted"} 0
# HELP apiguard_messages_dropped_total Messages of the supervisor that were dropped because nobody read them.
# TYPE apiguard_messages_dropped_total counter
apiguard_messages_dropped_total 0
# HELP apiguard_build_info Version of the loader, build of its program and number of the ABI of its maps.
# TYPE apiguard_build_info gauge
apiguard_build_info{version="0.1.0",program="00112233aabbccdd",abi="1"} 1
)");
}

TEST_CASE("nothing in force: what is not known is absent") {
  Metrics metrics;
  metrics.version = "0.1.0";
  const std::string text = to_prometheus(metrics);
  CHECK(line_of(text, "apiguard_generation ") == "apiguard_generation 0");
  CHECK(line_of(text, "apiguard_mode{mode=\"enforce\"}") == "apiguard_mode{mode=\"enforce\"} 0");
  for (const char* name : {"confirmed", "rollback", "fingerprint", "last_apply", "ranges",
                           "interface", "expiring", "next_expiry", "unused"}) {
    CHECK(text.find(std::string("apiguard_") + name) == std::string::npos);
  }
}

TEST_CASE("an unconfirmed generation says how long it has left, never less than nothing") {
  Metrics metrics = enforcing();
  metrics.status.confirmed = false;
  metrics.status.confirm_deadline = kNow + 90s + 250ms;
  std::string text = to_prometheus(metrics);
  CHECK(line_of(text, "apiguard_confirmed ") == "apiguard_confirmed 0");
  CHECK(line_of(text, "apiguard_rollback_remaining_seconds ") ==
        "apiguard_rollback_remaining_seconds 90.250");
  metrics.status.confirm_deadline = kNow - 1s;
  text = to_prometheus(metrics);
  CHECK(line_of(text, "apiguard_rollback_remaining_seconds ") ==
        "apiguard_rollback_remaining_seconds 0.000");
}

TEST_CASE("a pair that cannot be is shown if it was counted after all") {
  Metrics metrics = enforcing();
  metrics.status.counters.packets[APIGUARD_DROP][APIGUARD_NOT_IP] = 7;
  CHECK(line_of(to_prometheus(metrics),
                R"(apiguard_packets_total{verdict="drop",reason="not_ip"})") ==
        R"(apiguard_packets_total{verdict="drop",reason="not_ip"} 7)");
}

TEST_CASE("names of interfaces are escaped, and are UTF-8") {
  Metrics metrics = enforcing();
  metrics.status.interfaces = {interface_of("a\"b\\c\nd\xFF\xC3\xA9", XdpMode::kGeneric)};
  CHECK(line_of(to_prometheus(metrics), "apiguard_interface_attached{") ==
        "apiguard_interface_attached{interface=\"a\\\"b\\\\c\\nd\\\\xff\xC3\xA9\"} 1");
}

TEST_CASE("no label moves a cursor, and two names stay two") {
  Metrics metrics = enforcing();
  metrics.status.interfaces.clear();
  for (const char* name :
       {"\x1b[31m", "\x07[31m", "\\x1b[31m", "\xC2\x9b", "\x9b", "\xE2\x80\xAE", "\x7f"})
    metrics.status.interfaces.push_back(interface_of(name, XdpMode::kGeneric));
  for (InterfaceStatus& interface : metrics.status.interfaces) interface.ifindex = 7;
  std::istringstream lines(to_prometheus(metrics));
  std::set<std::string> labels;
  for (std::string line; std::getline(lines, line);) {
    for (const char c : line) CHECK((c >= ' ' && c < 0x7f));
    if (line.starts_with("apiguard_interface_attached{")) labels.insert(line);
  }
  CHECK(labels.size() == 7);
}

TEST_CASE("a name that is absent is not attached, a glob that matches nothing is no interface") {
  Metrics metrics = enforcing();
  metrics.status.interfaces = {interface_of("en*", std::nullopt),
                               interface_of("eth9", std::nullopt)};
  const std::string text = to_prometheus(metrics);
  CHECK(text.find("en*") == std::string::npos);
  CHECK(line_of(text, "apiguard_interface_attached{") ==
        "apiguard_interface_attached{interface=\"eth9\"} 0");
  metrics.status.interfaces[0].ifindex = 7;  // a device of that very name
  CHECK(to_prometheus(metrics).find("en*") != std::string::npos);
}

TEST_CASE("a moment before 1970 has one sign") {
  Metrics metrics = enforcing();
  metrics.published = Timestamp(-1500ms);
  CHECK(line_of(to_prometheus(metrics), "apiguard_last_apply_timestamp_seconds ") ==
        "apiguard_last_apply_timestamp_seconds -1.500");
}

TEST_CASE(
    "the text file is replaced as a whole, for everybody to read, and nothing lies beside it") {
  const Folder folder;
  const std::string path = folder / "apiguard.prom";
  const mode_t umask_before = umask(0077);
  REQUIRE(status::write_textfile(path, enforcing()));
  umask(umask_before);
  CHECK(mode_of(path) == 0644);
  CHECK(get(path) == to_prometheus(enforcing()));
  CHECK(names_in(folder.path()) == std::set<std::string>{"apiguard.prom"});

  {
    const SmallFiles full(100);
    CHECK_FALSE(status::write_textfile(path, Metrics{}));
  }
  CHECK(get(path) == to_prometheus(enforcing()));
  CHECK(names_in(folder.path()) == std::set<std::string>{"apiguard.prom"});
  REQUIRE(status::write_textfile(path, Metrics{}));
  CHECK(get(path) == to_prometheus(Metrics{}));
  CHECK(names_in(folder.path()) == std::set<std::string>{"apiguard.prom"});
}

TEST_CASE("a link in the place of the text file is replaced, what it leads to is not written") {
  const Folder folder;
  const std::string other = folder / "other";
  const std::string path = folder / "apiguard.prom";
  put(other, "mine");
  REQUIRE(symlink(other.c_str(), path.c_str()) == 0);
  REQUIRE(status::write_textfile(path, Metrics{}));
  CHECK(get(other) == "mine");
  CHECK_FALSE(std::filesystem::is_symlink(path));
}

TEST_CASE("a text file that cannot be written is told, and leaves nothing") {
  const Folder folder;
  const auto absent = status::write_textfile(folder / "no/apiguard.prom", Metrics{});
  REQUIRE_FALSE(absent);
  CHECK(absent.error().exit == Exit::kFailed);
  CHECK(absent.error().message.find("create: no such file or directory") != std::string::npos);

  const std::string path = folder / "apiguard.prom";
  REQUIRE(make_directory(path, 0755));
  const auto folder_there = status::write_textfile(path, Metrics{});
  REQUIRE_FALSE(folder_there);
  CHECK(folder_there.error().message.find("replace: is a directory") != std::string::npos);
  CHECK(names_in(folder.path()) == std::set<std::string>{"apiguard.prom"});
}
