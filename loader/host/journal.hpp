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

// "<4>" in front of every line if `journal`, and a newline at the end. Pure.
[[nodiscard]] std::string marked(Level level, std::string_view text, bool journal);

// One message, in one write.
void say(Level level, std::string_view text);

using Fields = std::vector<std::pair<std::string, std::string>>;

// The same with fields of its own, by the native protocol of the journal where stderr is one
// (systemd.journal-fields(7)): names in capitals, values on one line. Elsewhere the text alone.
void say(Level level, std::string_view text, const Fields& fields);
// What is sent for it. Pure.
[[nodiscard]] std::string datagram(Level level, std::string_view text, const Fields& fields);

}  // namespace apiguard
