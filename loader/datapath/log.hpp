// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// libbpf's own messages: kept quiet, shown only on failure or with --verbose.
#pragma once

#include <functional>
#include <string>

namespace apiguard::datapath {

// Takes over libbpf's printing. Called by whatever may make libbpf speak; once is enough, more is
// harmless.
void bridge_library_messages();

// Where they go as they come, masked, each with its newline; nowhere by default. Who writes them
// decides how long it waits for a reader.
using MessageSink = std::function<void(const std::string&)>;
void show_library_messages(MessageSink show);

// Messages since the last take, at most the last 4 KiB: what the verifier said last is what
// matters.
[[nodiscard]] std::string take_library_messages();

// "libbpf v1.1"
[[nodiscard]] std::string library_version();

}  // namespace apiguard::datapath
