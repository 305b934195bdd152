// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/service/log.hpp"

#include <chrono>
#include <cstddef>

#include <fmt/format.h>

namespace apiguard::service {
namespace {

constexpr std::size_t kBurst = 10;
constexpr std::size_t kLinesOfProcess = 40;  // of one level: a verb may explain itself at length
constexpr auto kInterval = std::chrono::seconds(60);

bool may_say(RateLimit& limit, Level level, const std::string& kind) {
  const auto answer = limit.ask(kind, RateLimit::Time::clock::now());
  if (answer.withheld > 0)
    say(level,
        fmt::format("apiguard: {} more messages like the next were not shown", answer.withheld));
  return answer.allowed;
}

}  // namespace

Log::Log() : messages_(kBurst, kInterval), lines_(kLinesOfProcess, kInterval) {}

bool Log::takes(Level level, const std::string& kind) { return may_say(messages_, level, kind); }

void Log::tell(const Message& message) {
  if (takes(message.level, message.kind)) say(message.level, "apiguard: " + message.text);
}

void Log::tell_if(const std::optional<Message>& message) {
  if (message) tell(*message);
}

bool Log::tell_event(const Event& event) {
  if (!takes(event.level, event.kind)) return false;
  say(event.level, event.text, event.fields);
  return true;
}

// An error at the end is not to be lost behind many warnings.
void Log::hear(const std::string& name, const Marked& line) {
  if (may_say(lines_, line.level, fmt::format("{} {}", name, static_cast<int>(line.level))))
    say(line.level, line.text);
}

}  // namespace apiguard::service
