// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// probe [OPTION...] NAMESPACE/DEVICE NAMESPACE/DEVICE SOURCE...: one frame a source out of the
// first device; prints "SOURCE pass" or "SOURCE drop" for what came of it at the second. Behind
// every frame follows one to a port that nobody protects: once that one is there, what has not
// arrived never will, so nothing here waits for a time to pass.
//
//   --port N        destination port, default 6443
//   --to4/--to6 A   destination address
//   --tags N        VLAN tags
//   --options N     IPv6 destination-option headers of 2,040 bytes in front of TCP
//   --padding N     bytes of data
//   --flags N       of TCP, default 4 (RST); 6 opens a connection that no host answers
//   --count N       frames a source, default 1; "SOURCE pass" only if all arrived, "mixed" if some
//
// With - for the sources it reads them from its input instead, any number of them a line, and
// prints a line of letters for each: P or D, one a source, ? for mixed.
#include <cstdio>
#include <iostream>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/wire.hpp"

using namespace apiguard::test;

namespace {

struct Task {
  Shape shape;
  int count = 1;
  std::vector<std::string> words;
};

Task parse(int argc, char** argv) {
  Task task;
  for (int at = 1; at < argc; ++at) {
    const std::string word = argv[at];
    if (word.rfind("--", 0) != 0) {
      task.words.push_back(word);
      continue;
    }
    if (++at == argc) give_up("option '" + word + "' needs a value");
    const std::string value = argv[at];
    if (word == "--port")
      task.shape.port = static_cast<std::uint16_t>(std::stoul(value));
    else if (word == "--to4")
      task.shape.destination4 = value;
    else if (word == "--to6")
      task.shape.destination6 = value;
    else if (word == "--tags")
      task.shape.tags = std::stoi(value);
    else if (word == "--options")
      task.shape.options = std::stoi(value);
    else if (word == "--padding")
      task.shape.padding = std::stoul(value);
    else if (word == "--flags")
      task.shape.flags = static_cast<std::uint8_t>(std::stoul(value));
    else if (word == "--count")
      task.count = std::stoi(value);
    else
      give_up("unknown option '" + word + "'");
  }
  if (task.words.size() < 3) give_up("usage: probe FROM TO SOURCE...");
  return task;
}

// Frames with even numbers ask, those with odd numbers close the question.
int arrived(const Wire& from, Wire& to, const Task& task, std::uint64_t& number) {
  constexpr int kLost = 10'000;  // milliseconds until the closing frame counts as lost
  Shape closing = task.shape;
  closing.port = 8443;
  closing.tags = closing.options = 0;
  closing.padding = 0;
  const std::uint64_t first = number;
  for (int sent = 0; sent < task.count; ++sent, number += 2)
    from.send(frame_of(task.shape, number));
  const std::uint64_t last = number + 1;
  number += 2;
  from.send(frame_of(closing, last));
  int count = 0;
  while (const auto frame = to.receive(kLost)) {
    const auto mark = marker_of(*frame);
    if (!mark) continue;
    if (*mark == last) return count;
    if (*mark >= first && *mark % 2 == 0) ++count;
  }
  give_up("the frame to a port that nobody protects did not arrive");
}

class Prober {
 public:
  explicit Prober(Task task)
      : task_(std::move(task)), from_{Place(task_.words[0])}, to_{Place(task_.words[1])} {}

  // "pass", "drop" or "mixed".
  const char* ask(const std::string& source) {
    task_.shape.source = source;
    const int count = arrived(from_, to_, task_, number_);
    return count == 0 ? "drop" : count == task_.count ? "pass" : "mixed";
  }

  void answer_lines() {
    for (std::string line; std::getline(std::cin, line);) {
      std::istringstream sources(line);
      std::string letters;
      for (std::string source; sources >> source;) {
        const std::string verdict = ask(source);
        letters += verdict == "pass" ? 'P' : verdict == "drop" ? 'D' : '?';
      }
      std::cout << letters << std::endl;
    }
  }

 private:
  Task task_;
  Wire from_;
  Wire to_;
  std::uint64_t number_ = static_cast<std::uint64_t>(getpid()) << 32;
};

}  // namespace

int main(int argc, char** argv) {
  const Task task = parse(argc, argv);
  stay_on_one_cpu();
  Prober prober(task);
  if (task.words[2] == "-") {
    prober.answer_lines();
    return 0;
  }
  for (std::size_t at = 2; at < task.words.size(); ++at) {
    std::printf("%s %s\n", task.words[at].c_str(), prober.ask(task.words[at]));
  }
  return 0;
}
