// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// flood FROM TO ALWAYS4 ALWAYS6 NEVER4 NEVER6 FIRST4 FIRST6 SECOND4 SECOND6 ROUNDS
//
// While somebody publishes lists in turn, sends rounds of eight numbered frames from device FROM
// (NAMESPACE/DEVICE) and records which of them arrive at TO, behind the filter. FIRST is listed by
// one list, SECOND by the other, ALWAYS by both, NEVER by none. The frames of ALWAYS end a round: a
// few rounds are on the way at any time, so that no queue can overflow and no frame can be lost but
// by the filter. Ends with SIGTERM or after ROUNDS.
//
// Prints one "NAME VALUE" a line:
//   rounds            sent
//   always_missing    frames of ALWAYS that did not arrive: a gap, or an empty list
//   never_arrived     frames of NEVER that did: nothing, or a wrong list
//   first second      rounds judged by the one list, and by the other
//   mixed             rounds judged by neither as a whole; a publish in the midst of one makes it
//   so unknown           frames that arrived twice or out of order
#include <csignal>
#include <cstdio>
#include <string>
#include <vector>

#include "tests/support/wire.hpp"

using namespace apiguard::test;

namespace {

volatile std::sig_atomic_t stopped = 0;

constexpr std::size_t kFlows = 8;
// Places in a round; the order of sending.
enum Flow { kFirst4, kFirst6, kNever4, kNever6, kSecond4, kSecond6, kAlways4, kAlways6 };
constexpr std::uint64_t kOnTheWay = 8;  // rounds; a veth queue holds 256 frames

struct Tally {
  std::uint64_t rounds = 0, always_missing = 0, never_arrived = 0, first = 0, second = 0, mixed = 0,
                unknown = 0;
};

bool has(unsigned seen, Flow flow) { return (seen >> flow & 1) != 0; }

void judge(unsigned seen, Tally& tally) {
  ++tally.rounds;
  tally.always_missing += !has(seen, kAlways4) + !has(seen, kAlways6);
  tally.never_arrived += has(seen, kNever4) + has(seen, kNever6);
  const bool first4 = has(seen, kFirst4), first6 = has(seen, kFirst6);
  const bool second4 = has(seen, kSecond4), second6 = has(seen, kSecond6);
  if (first4 && first6 && !second4 && !second6)
    ++tally.first;
  else if (!first4 && !first6 && second4 && second6)
    ++tally.second;
  else
    ++tally.mixed;
}

class Flood {
 public:
  Flood(const Wire& from, Wire& to, const std::vector<std::string>& sources)
      : from_(from), to_(to), seen_(kOnTheWay) {
    for (const std::string& source : sources) {
      Shape shape;
      shape.source = source;
      frames_.push_back(frame_of(shape, 0));
    }
  }

  Tally run(std::uint64_t rounds) {
    while ((sent_ < rounds && stopped == 0) || done_ < sent_) {
      if (sent_ < rounds && stopped == 0 && sent_ - done_ < kOnTheWay) send_round();
      collect();
    }
    return tally_;
  }

 private:
  void send_round() {
    seen_[sent_ % kOnTheWay] = 0;
    for (std::size_t flow = 0; flow < kFlows; ++flow) {
      Bytes& frame = frames_[flow];
      const Bytes mark = marker(sent_ * kFlows + flow);
      std::copy(mark.begin(), mark.end(), frame.end() - 16);
      while (!from_.send(frame)) collect();
    }
    ++sent_;
  }

  // A round is over when its last frame has arrived, or a later one: then the filter took it.
  void collect() {
    constexpr int kLost = 5000;  // milliseconds
    const bool full = sent_ - done_ == kOnTheWay || stopped != 0;
    auto frame = to_.receive(full ? kLost : 0);
    if (!frame && full && done_ < sent_) finish(done_);
    for (; frame; frame = to_.receive(0)) take(*frame);
  }

  void take(std::span<const std::uint8_t> frame) {
    const auto mark = marker_of(frame);
    if (!mark) return;
    const std::uint64_t round = *mark / kFlows;
    const auto flow = static_cast<unsigned>(*mark % kFlows);
    if (round >= sent_ + 1 || round < done_) {
      ++tally_.unknown;
      return;
    }
    while (done_ < round) finish(done_);
    unsigned& seen = seen_[round % kOnTheWay];
    if (seen >> flow != 0) ++tally_.unknown;  // it, or one sent later, was here before
    seen |= 1U << flow;
    if (flow == kAlways6) finish(round);
  }

  void finish(std::uint64_t round) {
    judge(seen_[round % kOnTheWay], tally_);
    done_ = round + 1;
  }

  const Wire& from_;
  Wire& to_;
  std::vector<Bytes> frames_;
  std::vector<unsigned> seen_;
  std::uint64_t sent_ = 0;
  std::uint64_t done_ = 0;
  Tally tally_;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 12)
    give_up(
        "usage: flood FROM TO ALWAYS4 ALWAYS6 NEVER4 NEVER6 FIRST4 FIRST6 "
        "SECOND4 SECOND6 ROUNDS");
  const std::vector<std::string> sources{argv[7], argv[8],  argv[5], argv[6],
                                         argv[9], argv[10], argv[3], argv[4]};
  std::signal(SIGTERM, [](int) { stopped = 1; });
  stay_on_one_cpu();
  const Wire from{Place(argv[1])};
  Wire to{Place(argv[2])};
  const Tally tally = Flood(from, to, sources).run(std::stoull(argv[11]));
  std::printf(
      "rounds %llu\nalways_missing %llu\nnever_arrived %llu\nfirst %llu\nsecond %llu\nmixed %llu\n"
      "unknown %llu\n",
      static_cast<unsigned long long>(tally.rounds),
      static_cast<unsigned long long>(tally.always_missing),
      static_cast<unsigned long long>(tally.never_arrived),
      static_cast<unsigned long long>(tally.first), static_cast<unsigned long long>(tally.second),
      static_cast<unsigned long long>(tally.mixed), static_cast<unsigned long long>(tally.unknown));
  return 0;
}
