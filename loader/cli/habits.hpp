// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// What to type instead: the words of other tools (ufw, nft, ipset, firewall-cmd, fail2ban, kubectl,
// systemctl, the clouds), and misspellings of our own. Pure.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "loader/cli/tree.hpp"

namespace apiguard::cli {

// For a word in the place of a verb that is none: "'apiguard revoke NAME|CIDR' takes a range out".
// Never empty: where nothing is known it names the help.
[[nodiscard]] std::string advice_on_verb(std::string_view word, const CommandTree& tree);

// For an option that neither `verb` (null: none was typed) nor every verb has; what stands behind
// its "=" does not count. Never empty.
[[nodiscard]] std::string advice_on_option(std::string_view option, const VerbInfo* verb,
                                           const CommandTree& tree);

// For what is no mode: ": did you mean 'enforce'?"; empty: nothing is near.
[[nodiscard]] std::string advice_on_mode(std::string_view word);

}  // namespace apiguard::cli
