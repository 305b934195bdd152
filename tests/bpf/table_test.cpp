// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The BPF program against the table: every row, every kind of source, every mode, both kinds of
// program. The harness checks that exactly one counter moves by one and that the XDP action fits
// it.
#include <time.h>

#include <algorithm>
#include <chrono>

#include "tests/support/catch.hpp"
#include "tests/support/left_out.hpp"
#include "tests/support/packet.hpp"
#include "tests/support/rows.hpp"
#include "tests/support/run.hpp"

using namespace apiguard;
using namespace apiguard::test;
using datapath::ProgramKind;

namespace {

std::string run(Harness& harness, const Packet& packet) {
  return test::to_string(harness.run(packet.bytes()));
}

void check_rows(const std::vector<Row>& table, Mode mode, ProgramKind kind = ProgramKind::kProbe) {
  Harness harness(table_policy(mode), test_clocks(), kind);
  for (const Row& row : table) {
    for (const Source source : kSources) {
      INFO(describe(row, source, mode));
      CHECK(test::to_string(harness.run(frame_of(row, source))) ==
            test::to_string(expected(row, source, mode)));
    }
  }
}

void sleep_ms(long milliseconds) {
  const timespec time{.tv_sec = milliseconds / 1000, .tv_nsec = milliseconds % 1000 * 1'000'000};
  nanosleep(&time, nullptr);
}

Policy policy_of(std::vector<Endpoint> endpoints, std::vector<Range> ranges) {
  Policy policy;
  policy.endpoints = std::move(endpoints);
  policy.ranges = std::move(ranges);
  return policy;
}

// An emulated machine takes seconds, and the first range is not to end meanwhile.
std::chrono::nanoseconds time_to_load() {
  const auto begun = std::chrono::steady_clock::now();
  const Harness harness(policy_of({endpoint(6443)}, {}));
  return std::chrono::steady_clock::now() - begun;
}

}  // namespace

TEST_CASE("rows 1 to 3: what is not IP passes and tags are looked through, up to four", "[root]") {
  check_rows(link_rows(), Mode::kEnforce);
}

TEST_CASE("rows 4 to 10: IPv4", "[root]") { check_rows(ipv4_rows(), Mode::kEnforce); }

TEST_CASE("rows 9 to 13 and 17: IPv6 and its extension headers", "[root]") {
  check_rows(ipv6_rows(), Mode::kEnforce);
}

TEST_CASE("rows 14 to 16: IPv6 fragments", "[root]") {
  check_rows(fragment_rows(), Mode::kEnforce);
}

TEST_CASE("row 13b: more than eight extension headers are dropped whatever the source", "[root]") {
  check_rows(too_many_rows(), Mode::kEnforce);
}

TEST_CASE("row 15c: a fragment header far behind is dropped whatever the source", "[root]") {
  check_rows(far_fragment_rows(), Mode::kEnforce);
}

TEST_CASE("row 15c: the boundary is where the header in front begins, whatever its kind",
          "[root]") {
  Harness harness(table_policy(Mode::kEnforce));
  for (std::size_t words = 0; words <= 160; ++words) {
    // AH moves the last header in units of 4 bytes.
    const std::size_t begin = 40 + 12 + 4 * words;
    const Bytes icv(4 * (words % 2));
    const std::size_t wide = begin - 40 - 12 - icv.size();
    Packet front = Eth() / Ipv6{} / Ah{.icv = icv};
    if (wide > 0) front /= DstOpts{.options = Bytes(wide - 2)};
    INFO("begins at " << begin);
    for (const bool more : {false, true}) {
      const Packet packet = front / Ah{} / Frag{.more = more} / Tcp{.sport = 0x8000};
      CHECK(run(harness, packet) == (begin >= 256 ? "drop ext_chain" : "pass listed"));
    }
    CHECK(run(harness, front / Ah{} / Frag{.offset = 5} / Tcp{}) == "pass later_fragment");
  }
}

TEST_CASE("rows 18 and 19: endpoints", "[root]") { check_rows(endpoint_rows(), Mode::kEnforce); }

TEST_CASE("audit counts what enforce would drop and passes it", "[root]") {
  check_rows(rows(), Mode::kAudit);
}

TEST_CASE("off passes every packet under off", "[root]") { check_rows(rows(), Mode::kOff); }

TEST_CASE("the program without frags judges alike", "[root]") {
  check_rows(rows(), Mode::kEnforce, ProgramKind::kPlain);
  check_rows(rows(), Mode::kAudit, ProgramKind::kPlain);
}

TEST_CASE("row 19: every segment to a protected port is judged, whatever its flags", "[root]") {
  Harness harness(table_policy(Mode::kEnforce));
  for (unsigned flags = 0; flags < 256; ++flags) {
    const auto bits = static_cast<std::uint8_t>(flags);
    CHECK(run(harness, Eth() / Ipv4{.src = "203.0.114.1"} / Tcp{.flags = bits}) == "drop unlisted");
    CHECK(run(harness, Eth() / Ipv4{} / Tcp{.flags = bits}) == "pass listed");
    CHECK(run(harness, Eth() / Ipv6{.src = "2001:db8::1"} / Tcp{.flags = bits}) == "drop unlisted");
  }
}

TEST_CASE("row 18: of all destination ports only the protected ones are judged", "[root]") {
  Harness harness(table_policy(Mode::kEnforce));
  for (unsigned port = 0; port < 65536; port += port < 10000 ? 1 : 37) {
    const auto number = static_cast<std::uint16_t>(port);
    const char* wanted = port == 6443 || port == 443 ? "drop unlisted" : "pass other_traffic";
    CHECK(run(harness, Eth() / Ipv4{.src = "203.0.114.1"} / Tcp{.dport = number}) == wanted);
  }
}

TEST_CASE("row 18: replies from API servers elsewhere pass", "[root]") {
  Harness harness(table_policy(Mode::kEnforce));
  const Tcp reply{.sport = 6443, .dport = 41234, .flags = 0x12};
  CHECK(run(harness, Eth() / Ipv4{.src = "203.0.114.1"} / reply) == "pass other_traffic");
  CHECK(run(harness, Eth() / Ipv6{.src = "2001:db8::1"} / reply) == "pass other_traffic");
}

TEST_CASE("row 18: a bound endpoint protects its address and its family only", "[root]") {
  Harness harness(policy_of({endpoint("198.51.100.1", 6443)}, {allow("192.0.2.0/24")}));
  const Ipv4 stranger{.src = "203.0.113.1"};
  CHECK(run(harness, Eth() / stranger / Tcp{}) == "drop unlisted");
  CHECK(run(harness, Eth() / Ipv4{.dst = "198.51.100.2"} / Tcp{}) == "pass other_traffic");
  CHECK(run(harness, Eth() / Ipv6{.dst = "2001:db8::1"} / Tcp{}) == "pass other_traffic");
  CHECK(run(harness, Eth() / Ipv6{.dst = "c633:6401::"} / Tcp{}) == "pass other_traffic");
  CHECK(run(harness, Eth() / Ipv6{.dst = "::ffff:198.51.100.1"} / Tcp{}) == "pass other_traffic");
  CHECK(run(harness, Eth() / Ipv4{.dst = "198.51.100.2", .options = Bytes(4)} / Tcp{}) ==
        "pass listed");
}

TEST_CASE("row 18: thirty-two endpoints are all protected", "[root]") {
  std::vector<Endpoint> endpoints;
  for (std::uint16_t i = 0; i < APIGUARD_MAX_ENDPOINTS; ++i) {
    const auto port = static_cast<std::uint16_t>(2000 + i);
    endpoints.push_back(i % 2 == 0 ? endpoint(port) : endpoint("198.51.100.1", port));
  }
  Harness harness(policy_of(endpoints, {allow("203.0.113.0/24")}));
  for (std::uint16_t i = 0; i < APIGUARD_MAX_ENDPOINTS; ++i) {
    const Tcp segment{.dport = static_cast<std::uint16_t>(2000 + i)};
    INFO("port " << segment.dport);
    CHECK(run(harness, Eth() / Ipv4{} / segment) == "drop unlisted");
    CHECK(run(harness, Eth() / Ipv4{.dst = "198.51.100.2"} / segment) ==
          (i % 2 == 0 ? "drop unlisted" : "pass other_traffic"));
  }
  CHECK(run(harness, Eth() / Ipv4{} / Tcp{.dport = 1999}) == "pass other_traffic");
  CHECK(run(harness, Eth() / Ipv4{} / Tcp{.dport = 2032}) == "pass other_traffic");
}

TEST_CASE("rows 20 and 21: the longest match decides", "[root]") {
  Harness harness(policy_of({endpoint(6443)},
                            {allow("192.0.2.0/24"), except("192.0.2.0/25"), allow("192.0.2.64/26"),
                             except("192.0.2.65/32"), cluster("10.20.0.0/16")}));
  const auto from = [&](const char* source) {
    return run(harness, Eth() / Ipv4{.src = source} / Tcp{});
  };
  CHECK(from("192.0.2.255") == "pass listed");
  CHECK(from("192.0.2.128") == "pass listed");
  CHECK(from("192.0.2.127") == "pass listed");
  CHECK(from("192.0.2.64") == "pass listed");
  CHECK(from("192.0.2.65") == "drop excepted");
  CHECK(from("192.0.2.63") == "drop excepted");
  CHECK(from("192.0.2.0") == "drop excepted");
  CHECK(from("192.0.1.255") == "drop unlisted");
  CHECK(from("192.0.3.0") == "drop unlisted");
  CHECK(from("10.20.255.255") == "pass listed");
  CHECK(from("10.21.0.0") == "drop unlisted");
}

TEST_CASE("row 22: what covers an ended range decides", "[root]") {
  const Timestamp past = kNow - 1h;
  Harness harness(
      policy_of({endpoint(6443)},
                {allow("192.0.2.1/32", past), allow("192.0.2.0/24"), allow("203.0.113.1/32", past),
                 except("203.0.113.0/24"), allow("198.51.100.1/32", past),
                 allow("198.51.100.0/24", past), except("192.0.2.2/32", past)}));
  const auto from = [&](const char* source) {
    return run(harness, Eth() / Ipv4{.src = source} / Tcp{});
  };
  CHECK(from("192.0.2.1") == "pass listed");
  CHECK(from("192.0.2.2") == "pass listed");
  CHECK(from("203.0.113.1") == "drop excepted");
  CHECK(from("198.51.100.1") == "drop expired");
  CHECK(from("198.51.100.2") == "drop expired");
  CHECK(from("198.51.101.2") == "drop unlisted");
}

TEST_CASE("row 22: ranges end in the kernel, one after the other, with nothing of ours running",
          "[root]") {
  const std::chrono::nanoseconds step = std::max<std::chrono::nanoseconds>(3s, 4 * time_to_load());
  std::vector<Range> ranges{allow("192.0.2.1/32", kNow + step),
                            except("192.0.2.0/30", kNow + 2 * step),
                            allow("192.0.2.0/29", kNow + 3 * step)};
  Harness harness(policy_of({endpoint(6443)}, ranges));
  const Packet packet = Eth() / Ipv4{.src = "192.0.2.1"} / Tcp{};
  std::vector<std::string> seen;
  for (int polls = 0; polls < 4800 && (seen.empty() || seen.back() != "drop expired"); ++polls) {
    const std::string now = run(harness, packet);
    if (seen.empty() || seen.back() != now) seen.push_back(now);
    sleep_ms(50);
  }
  CHECK(seen ==
        std::vector<std::string>{"pass listed", "drop excepted", "pass listed", "drop expired"});
}

TEST_CASE("rows 20 to 22: of entries of one prefix a live except decides, then a live allow",
          "[root]") {
  const Timestamp past = kNow - 1h, soon = kNow + 1h, late = kNow + 2h;
  const auto from = [](std::vector<Range> ranges, const char* source = "192.0.2.1") {
    std::string said;
    for (int turn = 0; turn < 2; ++turn) {
      Harness harness(policy_of({endpoint(6443)}, ranges));
      const std::string now = run(harness, Eth() / Ipv4{.src = source} / Tcp{});
      if (turn == 1) CHECK(now == said);  // in the other order, too
      said = now;
      std::reverse(ranges.begin(), ranges.end());
    }
    return said;
  };
  const char* const one = "192.0.2.0/24";
  CHECK(from({allow(one), except(one, soon)}) == "drop excepted");
  CHECK(from({allow(one), except(one, past)}) == "pass listed");
  CHECK(from({allow(one, soon), except(one, past)}) == "pass listed");
  CHECK(from({allow(one, soon), except(one, late)}) == "drop excepted");
  CHECK(from({allow(one, past), except(one, soon)}) == "drop excepted");
  CHECK(from({allow(one, past), except(one, past - 1ns)}) == "drop expired");
  CHECK(from({allow(one, past), except(one)}) == "drop excepted");
  CHECK(from({cluster(one), except(one, past)}) == "pass listed");
  // Several of a kind: the one that ends last speaks for it.
  CHECK(from({except(one, past), except(one, soon), allow(one)}) == "drop excepted");
  CHECK(from({except(one, past), except(one, past - 1ns), allow(one, past), allow(one, soon)}) ==
        "pass listed");
  // What covers a prefix whose entries have all ended decides, whatever their kinds.
  const std::vector<Range> ended{except("192.0.2.1/32", past), allow("192.0.2.1/32", past - 1ns)};
  const auto inside = [&](std::vector<Range> around) {
    around.insert(around.end(), ended.begin(), ended.end());
    return from(around);
  };
  CHECK(inside({allow(one)}) == "pass listed");
  CHECK(inside({allow(one), except(one, soon)}) == "drop excepted");
  CHECK(inside({allow(one, soon), except(one, past)}) == "pass listed");
  CHECK(inside({allow(one, past), except(one, past), allow("0.0.0.0/0")}) == "pass listed");
  CHECK(inside({allow(one, past), except(one, past)}) == "drop expired");
}

TEST_CASE("row 22: an allow decides again when the except of its prefix ends, in the kernel alone",
          "[root]") {
  const std::chrono::nanoseconds step = 3s;
  // An unlisted address, a listed one, and one that an allow lists inside an except.
  Harness harness(policy_of(
      {endpoint(6443)},
      {allow("0.0.0.0/0", kNow + 2 * step), except("0.0.0.0/0", kNow + step), allow("192.0.2.7/32"),
       except("192.0.2.7/32", kNow + step), except("192.0.2.7/32", kNow + step / 2), allow("::/0"),
       except("::/0", kNow + step)}));
  const std::vector<Packet> packets{Eth() / Ipv4{.src = "203.0.113.9"} / Tcp{},
                                    Eth() / Ipv4{.src = "192.0.2.7"} / Tcp{},
                                    Eth() / Ipv6{.src = "2001:db8::1"} / Tcp{}};
  std::vector<std::vector<std::string>> seen(packets.size());
  for (int polls = 0; polls < 1200 && (seen[0].empty() || seen[0].back() != "drop expired");
       ++polls) {
    for (std::size_t i = 0; i < packets.size(); ++i) {
      const std::string now = run(harness, packets[i]);
      if (seen[i].empty() || seen[i].back() != now) seen[i].push_back(now);
    }
    sleep_ms(50);
  }
  using Texts = std::vector<std::string>;
  CHECK(seen[0] == Texts{"drop excepted", "pass listed", "drop expired"});
  CHECK(seen[1] == Texts{"drop excepted", "pass listed"});
  CHECK(seen[2] == Texts{"drop excepted", "pass listed"});
}

TEST_CASE("row 22: the deepest nesting of ends that compile takes is followed to its end",
          "[root]") {
  std::vector<Range> ranges;
  for (int i = 0; i < APIGUARD_MAX_EXPIRY_STEPS - 1; ++i) {
    const auto length = static_cast<std::uint8_t>(32 - i);
    ranges.push_back(allow("192.0.2.0/" + std::to_string(length), kNow - 1h + i * 1ns));
  }
  ranges.push_back(allow("192.0.0.0/16"));
  Harness harness(policy_of({endpoint(6443)}, ranges));
  CHECK(run(harness, Eth() / Ipv4{.src = "192.0.2.0"} / Tcp{}) == "pass listed");
  ranges.back() = except("192.0.0.0/16");
  Harness excepting(policy_of({endpoint(6443)}, ranges));
  CHECK(run(excepting, Eth() / Ipv4{.src = "192.0.2.0"} / Tcp{}) == "drop excepted");
  ranges.back() = allow("192.0.0.0/16", kNow - 1ns);
  Harness ended(policy_of({endpoint(6443)}, ranges));
  CHECK(run(ended, Eth() / Ipv4{.src = "192.0.2.0"} / Tcp{}) == "drop expired");
  // Two ends a prefix are no more steps.
  const std::size_t count = ranges.size();
  for (std::size_t i = 0; i + 1 < count; ++i) {
    ranges.push_back(ranges[i]);
    ranges.back().kind = Kind::kExcept;
  }
  ranges[count - 1] = allow("192.0.0.0/16");
  Harness paired(policy_of({endpoint(6443)}, ranges));
  CHECK(run(paired, Eth() / Ipv4{.src = "192.0.2.0"} / Tcp{}) == "pass listed");
}

TEST_CASE("row 23: no source is implied", "[root]") {
  Harness harness(table_policy(Mode::kEnforce));
  for (const char* source : {"127.0.0.1", "0.0.0.0", "255.255.255.255", "169.254.0.1", "224.0.0.1",
                             "198.51.100.1", "10.0.0.1", "192.168.0.1"}) {
    INFO(source);
    CHECK(run(harness, Eth() / Ipv4{.src = source} / Tcp{}) == "drop unlisted");
  }
  for (const char* source :
       {"::1", "::", "fe80::1", "ff02::1", "fd00::1", "2001:db8:1::1", "::ffff:192.0.2.7",
        "::192.0.2.7", "64:ff9b::c000:207", "c000:207::"}) {
    INFO(source);
    CHECK(run(harness, Eth() / Ipv6{.src = source} / Tcp{}) == "drop unlisted");
  }
}

TEST_CASE("row 23: a range of length 0 lists its own family only", "[root]") {
  Harness v4(policy_of({endpoint(6443)}, {allow("0.0.0.0/0")}));
  CHECK(run(v4, Eth() / Ipv4{.src = "203.0.113.1"} / Tcp{}) == "pass listed");
  CHECK(run(v4, Eth() / Ipv6{} / Tcp{}) == "drop unlisted");
  CHECK(run(v4, Eth() / Ipv6{.src = "::ffff:192.0.2.7"} / Tcp{}) == "drop unlisted");
  Harness v6(policy_of({endpoint(6443)}, {allow("::/0")}));
  CHECK(run(v6, Eth() / Ipv6{.src = "2001:db8::1"} / Tcp{}) == "pass listed");
  CHECK(run(v6, Eth() / Ipv4{} / Tcp{}) == "drop unlisted");
}

TEST_CASE("row 23: a list of one family leaves the other unlisted", "[root]") {
  Harness harness(policy_of({endpoint(6443)}, {allow("192.0.2.7/32")}));
  CHECK(run(harness, Eth() / Ipv4{} / Tcp{}) == "pass listed");
  CHECK(run(harness, Eth() / Ipv4{.src = "192.0.2.6"} / Tcp{}) == "drop unlisted");
  CHECK(run(harness, Eth() / Ipv6{} / Tcp{}) == "drop unlisted");
}

TEST_CASE("row 24: headers beyond the linear part are read, in frames of 9,000 bytes too",
          "[root]") {
  Harness harness(table_policy(Mode::kEnforce));
  if (!kernel_takes_short_linear_part(harness)) {
    test::left_out("test runs take no short linear part");
    return;
  }
  for (const Row& row : rows()) {
    const Bytes frame = frame_of(row, Source::kUnlisted);
    for (const std::uint32_t linear : {1U, 14U, 20U, 34U, 54U, 60U}) {
      INFO(describe(row, Source::kUnlisted, Mode::kEnforce) << " linear " << linear);
      CHECK(test::to_string(harness.run(frame, linear)) ==
            test::to_string(expected(row, Source::kUnlisted, Mode::kEnforce)));
    }
  }
  const Bytes jumbo = Eth() / Ipv4{.src = "203.0.114.1"} / Tcp{} / Raw{Bytes(8900)};
  CHECK(test::to_string(harness.run(jumbo)) == "drop unlisted");
}

TEST_CASE("row 24: a chain that reaches beyond the linear part by its sheer length", "[root]") {
  Harness harness(table_policy(Mode::kEnforce));
  if (!kernel_takes_short_linear_part(harness)) return;
  Packet packet = Eth() / Ipv6{.src = "2001:db8::1"};
  for (int i = 0; i < 8; ++i) packet /= DstOpts{.options = Bytes(1022)};
  CHECK(run(harness, packet / Tcp{}) == "drop unlisted");
  CHECK(run(harness, packet / Tcp{.dport = 22}) == "pass other_traffic");
  CHECK(run(harness, packet / DstOpts{} / Tcp{.dport = 22}) == "drop ext_chain");
}

TEST_CASE("every packet is counted once, under the mode's outcome", "[root]") {
  for (const Mode mode : {Mode::kEnforce, Mode::kAudit}) {
    Harness harness(table_policy(mode));
    const std::uint64_t before = harness.counted_in_kernel();
    for (int i = 0; i < 10; ++i) (void)run(harness, Eth() / Ipv4{.src = "203.0.114.1"} / Tcp{});
    const auto outcome = mode == Mode::kAudit ? APIGUARD_WOULD_DROP : APIGUARD_DROP;
    CHECK(harness.counted({outcome, APIGUARD_UNLISTED}) == 10);
    CHECK(harness.counted_in_kernel() == before + 10);
  }
}
