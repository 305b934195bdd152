// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Messages on stderr, with the priority in front that a journal understands (sd-daemon(3)) where
// stderr is one.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace apiguard {

// Numbers of syslog(3).
enum class Level { kError = 3, kWarning = 4, kNotice = 5, kInfo = 6 };

// Whether stderr is the stream that JOURNAL_STREAM ("DEVICE:INODE") names: a redirected stderr is
// none.
[[nodiscard]] bool on_journal();
// "DEVICE:INODE" of a descriptor; empty if it is closed.
[[nodiscard]] std::string stream_name(int fd);
// The variable by which a process of the supervisor knows the pipe to it: priorities go there as to
// a journal.
inline constexpr const char* kMarkedStream = "APIGUARD_MARKED_STREAM";

// "<4>" in front of every line if `journal`, and a newline at the end. Pure.
[[nodiscard]] std::string marked(Level level, std::string_view text, bool journal);

struct Marked {
  Level level;
  std::string text;
};
// The way back, of one line; one without a mark is an information. Pure.
[[nodiscard]] Marked read_mark(std::string_view line);

// One message, which may be dropped where nobody reads (outlet.hpp).
void say(Level level, std::string_view text);

using Fields = std::vector<std::pair<std::string, std::string>>;

// The same with fields of its own, by the native protocol of the journal where stderr is one
// (systemd.journal-fields(7)): names in capitals, values on one line. Elsewhere the text alone.
void say(Level level, std::string_view text, const Fields& fields);
// What is sent for it. Pure.
[[nodiscard]] std::string datagram(Level level, std::string_view text, const Fields& fields);

// An entry of the machine's log, wherever stderr goes: by the native protocol of the journal, and
// where there is none as one line of syslog. Never waits: what has no room is lost.
enum class Delivery {
  kDelivered,
  // neither a journal nor a syslog is there
  kNobody,
  // there is one, which took no more
  kLost
};
Delivery write_log(Level level, std::string_view text, const Fields& fields);

// What is sent for it, pure. To the journal: a value of several lines in the binary form of the
// protocol (systemd's "Native Journal Protocol"), so that it forges no field.
[[nodiscard]] std::string log_entry(Level level, std::string_view text, const Fields& fields);
// To syslog, as syslog(3) writes it: the facility is LOG_AUTHPRIV, `time` as "Nov 29 10:58:57".
[[nodiscard]] std::string syslog_line(Level level, std::string_view text, std::string_view time,
                                      int pid);

}  // namespace apiguard
