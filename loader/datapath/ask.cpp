// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <netinet/in.h>

#include <array>
#include <cerrno>
#include <cstring>

#include <fmt/format.h>

#include "loader/datapath/pins.hpp"

namespace apiguard::datapath {
namespace {

// The shortest frame the check program answers for: Ethernet, IP, and the ports of a TCP header.
struct Frame {
  std::array<unsigned char, 128> bytes{};
  std::size_t size = sizeof(ethhdr);

  template <typename Header>
  void add(const Header& header) {
    std::memcpy(bytes.data() + size, &header, sizeof(header));
    size += sizeof(header);
  }
};

Frame ethernet(std::uint16_t ethertype) {
  Frame frame;
  ethhdr header{};
  header.h_proto = htons(ethertype);
  std::memcpy(frame.bytes.data(), &header, sizeof(header));
  return frame;
}

Frame frame_of(const Address& source, const Address& destination, std::uint16_t port) {
  constexpr std::uint16_t kTcpHeader = 20;
  std::array<std::uint16_t, kTcpHeader / 2> tcp{htons(49152), htons(port)};
  if (source.family == Family::kIpv4) {
    Frame frame = ethernet(ETH_P_IP);
    iphdr header{};
    header.version = 4;
    header.ihl = 5;
    header.tot_len = htons(sizeof(header) + kTcpHeader);
    header.ttl = 64;
    header.protocol = IPPROTO_TCP;
    std::memcpy(&header.saddr, source.bytes.data(), 4);
    std::memcpy(&header.daddr, destination.bytes.data(), 4);
    frame.add(header);
    frame.add(tcp);
    return frame;
  }
  Frame frame = ethernet(ETH_P_IPV6);
  ipv6hdr header{};
  header.version = 6;
  header.payload_len = htons(kTcpHeader);
  header.nexthdr = IPPROTO_TCP;
  header.hop_limit = 64;
  std::memcpy(&header.saddr, source.bytes.data(), 16);
  std::memcpy(&header.daddr, destination.bytes.data(), 16);
  frame.add(header);
  frame.add(tcp);
  return frame;
}

}  // namespace

Result<apiguard_answer> ask(int check_fd, const Address& source, const Address& destination,
                            std::uint16_t port) {
  Frame frame = frame_of(source, destination, port);
  std::array<unsigned char, 256> out{};
  LIBBPF_OPTS(bpf_test_run_opts, options);
  options.data_in = frame.bytes.data();
  options.data_size_in = static_cast<__u32>(frame.size);
  options.data_out = out.data();
  options.data_size_out = out.size();
  options.repeat = 1;
  if (bpf_prog_test_run_opts(check_fd, &options) != 0) {
    const int error = errno;
    return fail(Exit::kFailed,
                fmt::format("program 'apiguard_check': run: {}", std::strerror(error)), error);
  }
  apiguard_answer answer{};
  if (options.retval != XDP_PASS) {
    return fail(Exit::kFailed, "program 'apiguard_check': run: gave no answer");
  }
  std::memcpy(&answer, out.data(), sizeof(answer));
  return answer;
}

}  // namespace apiguard::datapath
