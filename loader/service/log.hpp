// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// What the supervisor and its processes say, in the journal. Of too many messages of one kind the
// rest is counted.
#pragma once

#include <optional>
#include <string>

#include "loader/host/journal.hpp"
#include "loader/service/rate.hpp"

namespace apiguard::service {

struct Message {
  Level level;
  // for the rate limit
  std::string kind;
  std::string text;
};

// What the kernel told (events.hpp).
struct Event {
  Level level;
  // for the rate limit
  std::string kind;
  std::string text;
  Fields fields;
};

class Log {
 public:
  Log();

  void tell(const Message& message);
  void tell_if(const std::optional<Message>& message);
  // Whether it was taken: of too many it is not.
  bool tell_event(const Event& event);
  // A line that the process of this name said.
  void hear(const std::string& name, const Marked& line);
  // Whether one more message of this kind is to be said.
  [[nodiscard]] bool takes(Level level, const std::string& kind);

 private:
  RateLimit messages_;
  // of processes
  RateLimit lines_;
};

}  // namespace apiguard::service
