// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Rich frames cut to every length: whatever arrives, the program and the reference judge agree; and
// how much of it lies in the linear part changes nothing.
#include "tests/support/catch.hpp"
#include "tests/support/left_out.hpp"
#include "tests/support/packet.hpp"
#include "tests/support/rows.hpp"
#include "tests/support/run.hpp"

using namespace apiguard;
using namespace apiguard::test;

namespace {

std::vector<Packet> rich_frames() {
  const Packet tagged = Eth() / Vlan{.vid = 7, .tpid = 0x88a8} / Vlan{} / Vlan{} / Vlan{};
  const Tcp segment{.options = {2, 4, 5, 0xb4}};
  Packet eight = Eth() / Ipv6{};
  for (int i = 0; i < 8; ++i) eight /= HopByHop{};
  return {
      Eth() / Ipv4{} / segment,
      Eth() / Ipv4{.options = Bytes(40, 1)} / segment,
      Eth() / Ipv4{.mf = true} / segment,
      Eth() / Ipv4{.offset = 7} / segment,
      Eth() / Ipv4{} / Udp{},
      Eth() / Ipv4{} / Tcp{.dport = 22},
      Eth() / Ipv6{} / segment,
      Eth() / Ipv6{} / Udp{},
      Eth() / Ipv6{} / Esp{} / Raw{Bytes(8)},
      Eth() / Ipv6{} / HopByHop{} / DstOpts{.options = Bytes(10)} / Routing{.data = Bytes(12)} /
          Ah{} / segment,
      Eth() / Ipv6{} / Frag{} / DstOpts{} / segment,
      Eth() / Ipv6{} / Frag{.more = true} / DstOpts{} / segment,
      Eth() / Ipv6{.payload_length = 8 + 8 + 2} / Frag{.more = true} / DstOpts{} / segment,
      Eth() / Ipv6{.payload_length = 8 + 4} / Frag{.more = true} / DstOpts{} / Udp{},
      Eth() / Ipv6{} / HopByHop{} / Frag{.offset = 1} / segment,
      Eth() / Ipv6{} / Frag{} / DstOpts{} / Frag{} / segment,
      Eth() / Ipv6{} / Frag{} / Frag{.offset = 1} / segment,
      eight / segment,
      eight / Ah{} / segment,
      eight / Frag{} / segment,
      Eth() / Ipv6{} / DstOpts{.options = Bytes(206)} / Ah{} / Frag{} / segment,
      Eth() / Ipv6{} / DstOpts{.options = Bytes(214)} / Ah{} / Frag{} / segment,
      Eth() / Ipv6{} / Frag{.more = true} / DstOpts{.options = Bytes(214)} / DstOpts{} / Frag{} /
          segment,
      tagged / Ipv4{.options = Bytes(4)} / segment,
      tagged / Ipv6{} / Routing{} / segment,
      tagged / Vlan{} / Ipv6{} / segment,
      Eth() / Llc{} / Ipv4{} / segment,
      Eth() / Arp{},
  };
}

// Every length of the frame, from three kinds of source.
std::vector<Bytes> cuts(const Packet& packet) {
  std::vector<Bytes> frames;
  for (const auto& [src4, src6] :
       {std::pair{"203.0.114.1", "2001:db8::1"}, std::pair{"192.0.2.7", "2001:db8:a::7"},
        std::pair{"192.0.2.200", "2001:db8:a:8000::7"}}) {
    const Bytes whole = with_source(packet, src4, src6);
    for (std::size_t length = 14; length <= whole.size(); ++length)
      frames.push_back(cut(whole, length));
  }
  return frames;
}

}  // namespace

TEST_CASE("frames cut to every length get the table's verdict", "[root]") {
  for (const Mode mode : {Mode::kEnforce, Mode::kAudit, Mode::kOff}) {
    const Policy policy = table_policy(mode);
    Harness probed(policy);
    Harness plain(policy, test_clocks(), datapath::ProgramKind::kPlain);
    for (const Packet& packet : rich_frames()) {
      for (const Bytes& frame : cuts(packet)) {
        INFO(frame.size() << " bytes: " << hex(frame));
        const std::string wanted = test::to_string(judge(policy, kNow, frame));
        CHECK(test::to_string(probed.run(frame)) == wanted);
        CHECK(test::to_string(plain.run(frame)) == wanted);
      }
    }
  }
}

TEST_CASE("how much of a frame lies in the linear part changes nothing", "[root]") {
  const Policy policy = table_policy(Mode::kEnforce);
  Harness harness(policy);
  if (!kernel_takes_short_linear_part(harness)) {
    test::left_out("test runs take no short linear part");
    return;
  }
  for (const Packet& packet : rich_frames()) {
    const Bytes whole = with_source(packet, "203.0.114.1", "2001:db8::1");
    for (std::size_t length = 14; length <= whole.size(); ++length) {
      const Bytes frame = cut(whole, length);
      const Verdict wanted = judge(policy, kNow, frame);
      for (std::uint32_t linear = 1; linear < frame.size(); ++linear) {
        if (harness.run(frame, linear) == wanted) continue;
        INFO(linear << " of " << frame.size() << " bytes linear: " << hex(frame));
        CHECK(test::to_string(harness.run(frame, linear)) == test::to_string(wanted));
      }
    }
  }
}
