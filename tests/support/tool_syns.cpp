// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// syns [--to4 A] [--to6 A] [--host N] NAMESPACE/DEVICE MILLISECONDS SOURCE...: to the host with the
// Ethernet address 02:00:00:00:00:0N (default 1), until SIGTERM, a SYN to port
// 6443 from every source, each with a port of its own, and a pause of so many milliseconds. Then
// prints "SOURCE SENT ANSWERED" for each: the segments that went out, and those that came back from
// port 6443 to that source, SYN-ACK or RST. Either says that a SYN has reached the stack.
//
// The device may lose its other end and get it back; what it does not take counts as not sent.
#include <array>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <map>
#include <string>
#include <vector>

#include "tests/support/wire.hpp"

using namespace apiguard::test;

namespace {

volatile std::sig_atomic_t stopped = 0;

constexpr std::uint16_t kServerPort = 6443;
constexpr std::uint8_t kSyn = 0x02;
constexpr std::uint16_t kFirstPort = 20'000;
constexpr std::uint16_t kPorts = 40'000;

struct Tally {
  std::uint64_t sent = 0;
  std::uint64_t answered = 0;
};

struct Task {
  Shape shape;
  int pause = 0;          // milliseconds
  std::uint8_t host = 1;  // last byte of the Ethernet address the segments go to
  std::string place;
  std::vector<std::string> sources;
};

Task parse(int argc, char** argv) {
  Task task;
  int at = 1;
  for (; at + 1 < argc && std::strncmp(argv[at], "--", 2) == 0; at += 2) {
    const std::string option = argv[at];
    if (option == "--to4")
      task.shape.destination4 = argv[at + 1];
    else if (option == "--to6")
      task.shape.destination6 = argv[at + 1];
    else if (option == "--host")
      task.host = static_cast<std::uint8_t>(std::stoi(argv[at + 1]));
    else
      give_up("unknown option '" + option + "'");
  }
  if (argc - at < 3) give_up("usage: syns NAMESPACE/DEVICE MILLISECONDS SOURCE...");
  task.place = argv[at];
  task.pause = std::stoi(argv[at + 1]);
  task.sources.assign(argv + at + 2, argv + argc);
  task.shape.port = kServerPort;
  task.shape.flags = kSyn;
  return task;
}

// Addresses as the frames have them, to text; empty for anything but TCP from the server's port.
std::string answered_source(std::span<const std::uint8_t> frame) {
  constexpr std::size_t kEthernet = 14, kIpv4 = 20, kIpv6 = 40, kTcp = 6;
  const auto from_server = [&](std::size_t tcp) {
    return (frame[tcp] << 8 | frame[tcp + 1]) == kServerPort;
  };
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (frame.size() >= kEthernet + kIpv4 + 2 && frame[12] == 0x08 && frame[13] == 0x00 &&
      frame[kEthernet + 9] == kTcp && from_server(kEthernet + kIpv4)) {
    inet_ntop(AF_INET, &frame[kEthernet + 16], text.data(), text.size());
  } else if (frame.size() >= kEthernet + kIpv6 + 2 && frame[12] == 0x86 && frame[13] == 0xdd &&
             frame[kEthernet + 6] == kTcp && from_server(kEthernet + kIpv6)) {
    inet_ntop(AF_INET6, &frame[kEthernet + 24], text.data(), text.size());
  }
  return text.data();
}

class Stream {
 public:
  explicit Stream(const Task& task) : task_(task), wire_{Place(task.place)} {}

  void run() {
    for (std::uint64_t round = 0; stopped == 0; ++round) {
      send_all(round);
      collect();
    }
    print();
  }

 private:
  void send_all(std::uint64_t round) {
    Shape shape = task_.shape;
    for (const std::string& source : task_.sources) {
      shape.source = source;
      shape.source_port = static_cast<std::uint16_t>(kFirstPort + round % kPorts);
      Bytes frame = frame_of(shape, round);
      frame[5] = task_.host;
      if (wire_.send(frame)) ++tallies_[source].sent;
    }
  }

  void collect() {
    usleep(static_cast<useconds_t>(task_.pause) * 1000);
    for (auto frame = wire_.receive(0); frame; frame = wire_.receive(0)) {
      const auto tally = tallies_.find(answered_source(*frame));
      if (tally != tallies_.end()) ++tally->second.answered;
    }
  }

  void print() const {
    for (const auto& [source, tally] : tallies_) {
      std::printf("%s %llu %llu\n", source.c_str(), static_cast<unsigned long long>(tally.sent),
                  static_cast<unsigned long long>(tally.answered));
    }
  }

  const Task& task_;
  Wire wire_;
  std::map<std::string, Tally> tallies_;
};

}  // namespace

int main(int argc, char** argv) {
  const Task task = parse(argc, argv);
  std::signal(SIGTERM, [](int) { stopped = 1; });
  Stream(task).run();
  return 0;
}
