// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// One function a verb, one file a function: verb_NAME.cpp. Each prints its result on stdout, its
// messages on stderr, and returns the exit status; an Error is printed by main.
#pragma once

#include "loader/base/result.hpp"
#include "loader/cli/command_line.hpp"

namespace apiguard::cli {

[[nodiscard]] Result<Exit> run(const CommandLine& line, const ApplyOptions& options);
[[nodiscard]] Result<Exit> run(const CommandLine& line, const PutOptions& options);
[[nodiscard]] Result<Exit> run(const CommandLine& line, const RevokeOptions& options);
[[nodiscard]] Result<Exit> run(const CommandLine& line, const LeaseOptions& options);
[[nodiscard]] Result<Exit> run(const CommandLine& line, const SetOptions& options);
[[nodiscard]] Result<Exit> run(const CommandLine& line, const EditOptions& options);
[[nodiscard]] Result<Exit> run(const CommandLine& line, const ModeOptions& options);
[[nodiscard]] Result<Exit> run(const CommandLine& line, const RollbackOptions& options);
[[nodiscard]] Result<Exit> run(const CommandLine& line, const ConfirmOptions& options);
[[nodiscard]] Result<Exit> run(const CommandLine& line, const DetachOptions& options);
[[nodiscard]] Result<Exit> run(const CommandLine& line, const HistoryOptions& options);
[[nodiscard]] Result<Exit> run(const CommandLine& line, const ListOptions& options);
[[nodiscard]] Result<Exit> run(const CommandLine& line, const StatusOptions& options);
[[nodiscard]] Result<Exit> run(const CommandLine& line, const CheckOptions& options);
[[nodiscard]] Result<Exit> run(const CommandLine& line, const DeniedOptions& options);
[[nodiscard]] Result<Exit> run(const CommandLine& line, const WatchOptions& options);
[[nodiscard]] Result<Exit> run(const CommandLine& line, const SuggestOptions& options);
[[nodiscard]] Result<Exit> run(const CommandLine& line, const ValidateOptions& options);
[[nodiscard]] Result<Exit> run(const CommandLine& line, const DiffOptions& options);
[[nodiscard]] Result<Exit> run(const CommandLine& line, const InitOptions& options);
[[nodiscard]] Result<Exit> run(const CommandLine& line, const RunOptions& options);
[[nodiscard]] Result<Exit> run(const CommandLine& line, const MetricsOptions& options);
[[nodiscard]] Result<Exit> run(const CommandLine& line, const VersionOptions& options);

}  // namespace apiguard::cli
