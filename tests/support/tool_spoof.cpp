// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// spoof NAMESPACE/DEVICE COUNT STUBBORN EVERY: sends COUNT SYNs to port 6443 of 198.51.100.1 from
// random addresses of 128.0.0.0/1, and behind every EVERY of them one from STUBBORN. Prints how
// many were sent. Nothing answers: they are to be dropped.
#include <cstdio>
#include <random>
#include <string>

#include "tests/support/wire.hpp"

using namespace apiguard::test;

namespace {

constexpr std::uint8_t kSyn = 0x02;
constexpr std::size_t kSource = 26;  // offset of the source in a frame of IPv4

void set_source(Bytes& frame, std::uint32_t source) {
  for (std::size_t i = 0; i < 4; ++i)
    frame[kSource + i] = static_cast<std::uint8_t>(source >> (24 - 8 * i));
}

void send(const Wire& wire, const Bytes& frame) {
  while (!wire.send(frame)) usleep(100);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 5) give_up("usage: spoof NAMESPACE/DEVICE COUNT STUBBORN EVERY");
  const Wire wire{Place(argv[1])};
  const auto count = std::stoull(argv[2]);
  const auto every = std::stoull(argv[4]);
  Shape shape;
  shape.source = argv[3];
  shape.flags = kSyn;
  const Bytes stubborn = frame_of(shape, 0);
  shape.source = "192.0.2.1";
  Bytes frame = frame_of(shape, 0);
  std::mt19937 random{std::random_device{}()};
  std::uint64_t sent = 0;
  for (std::uint64_t i = 1; i <= count; ++i, ++sent) {
    set_source(frame, static_cast<std::uint32_t>(random()) | 0x80000000U);
    send(wire, frame);
    if (i % every != 0) continue;
    send(wire, stubborn);
    ++sent;
  }
  std::printf("%llu\n", static_cast<unsigned long long>(sent));
}
