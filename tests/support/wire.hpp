// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// For the tools of the netns tier: raw frames out of one device and into another, each in a network
// namespace of its own, held by one process. Frames carry a marker at their end, so that what
// arrives is known again whatever the kernel did to its headers.
//
// What a tool cannot do ends it with status 3 and a message: a test that could not measure is no
// test.
#pragma once

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <span>
#include <string>

#include "tests/support/packet.hpp"

namespace apiguard::test {

[[noreturn]] inline void give_up(const std::string& what) {
  std::fprintf(stderr, "%s\n", what.c_str());
  std::exit(3);
}

[[noreturn]] inline void give_up_errno(const std::string& what) {
  give_up(what + ": " + std::strerror(errno));
}

inline bool is_ipv6(const std::string& address) { return address.find(':') != std::string::npos; }

// One CPU for sending and what the kernel does with the frame at once: frames cannot overtake.
inline void stay_on_one_cpu() {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(sched_getcpu(), &set);
  if (sched_setaffinity(0, sizeof set, &set) != 0) give_up_errno("sched_setaffinity");
}

// "NAMESPACE/DEVICE", a namespace of ip-netns(8).
struct Place {
  std::string netns;
  std::string device;

  explicit Place(const std::string& text) {
    const auto slash = text.find('/');
    if (slash == std::string::npos) give_up("'" + text + "' is not NAMESPACE/DEVICE");
    netns = text.substr(0, slash);
    device = text.substr(slash + 1);
  }
};

// A packet socket on one device. Sees what arrives there behind the XDP program, and not what
// leaves.
class Wire {
 public:
  explicit Wire(const Place& place) {
    const int home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
    const std::string path = "/run/netns/" + place.netns;
    const int there = open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (there < 0 || setns(there, CLONE_NEWNET) != 0) give_up_errno(path);
    open_socket(place.device);
    if (setns(home, CLONE_NEWNET) != 0) give_up_errno("setns");
    close(there);
    close(home);
  }
  Wire(const Wire&) = delete;
  Wire& operator=(const Wire&) = delete;
  ~Wire() { close(fd_); }

  // False if the device would not take it now (no buffer).
  bool send(std::span<const std::uint8_t> frame) const {
    const ssize_t sent = ::send(fd_, frame.data(), frame.size(), 0);
    if (sent < 0 && errno == ENOBUFS) return false;
    if (sent < 0) give_up_errno("send");
    return true;
  }

  // The next frame, valid until the next call; none after `milliseconds` without one.
  std::optional<std::span<const std::uint8_t>> receive(int milliseconds) {
    ssize_t size = recv(fd_, buffer_.data(), buffer_.size(), MSG_DONTWAIT);
    if (size < 0 && milliseconds > 0) {
      pollfd waiting{fd_, POLLIN, 0};
      if (poll(&waiting, 1, milliseconds) > 0) {
        size = recv(fd_, buffer_.data(), buffer_.size(), MSG_DONTWAIT);
      }
    }
    if (size < 0) return std::nullopt;
    return std::span<const std::uint8_t>(buffer_.data(), static_cast<std::size_t>(size));
  }

 private:
  void open_socket(const std::string& device) {
    fd_ = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
    if (fd_ < 0) give_up_errno("packet socket");
    const int size = 64 << 20;
    setsockopt(fd_, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size);
    setsockopt(fd_, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof size);
    const int yes = 1;
    if (setsockopt(fd_, SOL_PACKET, PACKET_IGNORE_OUTGOING, &yes, sizeof yes) != 0) {
      give_up_errno("PACKET_IGNORE_OUTGOING");
    }
    sockaddr_ll address{};
    address.sll_family = AF_PACKET;
    address.sll_protocol = htons(ETH_P_ALL);
    address.sll_ifindex = static_cast<int>(if_nametoindex(device.c_str()));
    if (address.sll_ifindex == 0) give_up_errno("device '" + device + "'");
    if (bind(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
      give_up_errno("bind");
    }
  }

  int fd_ = -1;
  std::array<std::uint8_t, 1 << 17> buffer_{};
};

inline constexpr std::array<std::uint8_t, 8> kMarker{'a', 'p', 'i', 'g', 'u', 'a', 'r', 'd'};

// The last 16 bytes of a frame: the marker and a number.
inline Bytes marker(std::uint64_t number) {
  Bytes bytes(kMarker.begin(), kMarker.end());
  for (int shift = 56; shift >= 0; shift -= 8) {
    bytes.push_back(static_cast<std::uint8_t>(number >> shift));
  }
  return bytes;
}

inline std::optional<std::uint64_t> marker_of(std::span<const std::uint8_t> frame) {
  if (frame.size() < 16) return std::nullopt;
  const auto tail = frame.subspan(frame.size() - 16);
  if (std::memcmp(tail.data(), kMarker.data(), kMarker.size()) != 0) return std::nullopt;
  std::uint64_t number = 0;
  for (const std::uint8_t byte : tail.subspan(8)) number = number << 8 | byte;
  return number;
}

// A host without the connection does not answer it, with SYN or without.
inline constexpr std::uint8_t kReset = 0x04;

// What is sent where.
struct Shape {
  std::string source;
  std::string destination4 = "198.51.100.1";
  std::string destination6 = "2001:db8:1::1";
  std::uint16_t port = 6443;
  std::uint16_t source_port = 40'000;
  int tags = 0;                 // 802.1Q with VID 0
  int options = 0;              // IPv6 destination-option headers of 2,040 bytes in front of TCP
  std::size_t padding = 0;      // bytes of data in front of the marker
  std::uint8_t flags = kReset;  // of TCP
};

inline Bytes frame_of(const Shape& shape, std::uint64_t number) {
  Packet packet = Eth();
  for (int tag = 0; tag < shape.tags; ++tag) packet /= Vlan{};
  if (is_ipv6(shape.source)) {
    packet /= Ipv6{.src = shape.source.c_str(), .dst = shape.destination6.c_str()};
    for (int header = 0; header < shape.options; ++header)
      packet /= DstOpts{.options = Bytes(2038)};
  } else {
    packet /= Ipv4{.src = shape.source.c_str(), .dst = shape.destination4.c_str()};
  }
  packet /= Tcp{.sport = shape.source_port, .dport = shape.port, .flags = shape.flags};
  Bytes data(shape.padding);
  const Bytes mark = marker(number);
  data.insert(data.end(), mark.begin(), mark.end());
  return packet / Raw{std::move(data)};
}

}  // namespace apiguard::test
