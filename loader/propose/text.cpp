// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// A proposal as text: the file, and what is said about it.
#include <algorithm>

#include <fmt/format.h>

#include "loader/policy/text.hpp"
#include "loader/propose/proposal.hpp"

namespace apiguard::propose {
namespace {

constexpr std::size_t kShown = 20;  // of interfaces that are left out, and of peers

// What comes from files goes into comments: on one line, and without anything that TOML forbids.
std::string printable(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    out += byte < ' ' || byte >= 0x7f ? '?' : c;
  }
  return out;
}

std::string comment(std::string_view text) { return fmt::format("# {}\n", printable(text)); }

std::size_t widest(const std::vector<Choice>& choices) {
  std::size_t width = 0;
  for (const Choice& choice : choices) width = std::max(width, toml_string(choice.text).size());
  return width;
}

// `  "10.0.0.0/24",    # why`, one a line.
std::string element(const Choice& choice, std::size_t width, std::string_view front) {
  return fmt::format("{}{:<{}}  # {}\n", front, toml_string(choice.text) + ",", width + 1,
                     printable(choice.why));
}

std::string array(std::string_view key, const std::vector<Choice>& choices,
                  const std::vector<Choice>& doubtful = {}) {
  const std::size_t width = std::max(widest(choices), widest(doubtful));
  std::string text = fmt::format("{} = [\n", key);
  for (const Choice& choice : choices) text += element(choice, width, "  ");
  for (const Choice& choice : doubtful) text += element(choice, width, "# ");
  return text + "]\n";
}

std::string interfaces_toml(const Proposal& proposal) {
  std::string text = comment("The interfaces to guard: names, or globs such as \"en*\".");
  text += array("interfaces", proposal.interfaces);
  if (proposal.left_out.empty()) return text;
  text += comment("Not proposed; add any that clients use:");
  for (std::size_t i = 0; i < std::min(proposal.left_out.size(), kShown); ++i) {
    const Choice& choice = proposal.left_out[i];
    text += comment(fmt::format("  {}: {}", choice.text, choice.why));
  }
  if (proposal.left_out.size() > kShown) {
    text += comment(fmt::format("  ... and {} more", proposal.left_out.size() - kShown));
  }
  return text;
}

std::string endpoints_toml(const Proposal& proposal) {
  std::string text = comment("What is protected: these TCP ports, on every address of this host.");
  for (const std::string& note : proposal.notes) text += comment("Note: " + note);
  std::vector<Choice> choices;
  for (const Port& port : proposal.ports) choices.push_back({std::to_string(port.port), port.why});
  return text + array("endpoints", choices);
}

std::string mode_toml() {
  return "# audit drops nothing and counts what enforce would drop. When would_drop of 'apiguard "
         "status' no\n# longer grows while your clients work: 'apiguard mode enforce'.\n"
         "mode = \"audit\"\n";
}

std::string cluster_toml(const Proposal& proposal) {
  std::string text =
      comment("Nodes, control-plane peers, load balancers: always listed, no verb removes them.");
  if (!proposal.doubtful.empty()) {
    text += comment("Lines with a # are public addresses: uncomment those that nobody else uses.");
  }
  return text + array("cluster", proposal.cluster, proposal.doubtful);
}

std::string peers_toml(const Proposal& proposal) {
  if (proposal.unlisted.empty()) return "";
  std::string text =
      "\n" +
      comment(
          "Connected when this was proposed, but outside these ranges. Add those that are yours:");
  for (std::size_t i = 0; i < std::min(proposal.unlisted.size(), kShown); ++i) {
    const Peer& peer = proposal.unlisted[i];
    text += comment(fmt::format("  apiguard allow {} --name NAME   # {} connection{}",
                                to_string(peer.address), peer.connections,
                                peer.connections == 1 ? "" : "s"));
  }
  if (proposal.unlisted.size() <= kShown) return text;
  return text + comment(fmt::format("  ... and {} more", proposal.unlisted.size() - kShown));
}

std::string section(std::string_view head, const std::vector<std::string>& lines) {
  if (lines.empty()) return "";
  std::string text = fmt::format("{}:\n", head);
  for (const std::string& line : lines) text += fmt::format("  {}\n", printable(line));
  return text;
}

std::size_t rows_of(std::string_view line, std::size_t columns) {
  return columns == 0 ? 1 : std::max<std::size_t>(1, (line.size() + columns - 1) / columns);
}

// What has room in `left` rows, which it takes: its head, lines, and the count of the rest.
std::string section_in(std::string_view head, const std::vector<std::string>& lines,
                       std::size_t columns, std::size_t& left) {
  if (lines.empty()) return "";
  std::string text = fmt::format("{}:\n", head);
  std::size_t used = 1;
  std::size_t shown = 0;
  for (; shown < lines.size(); ++shown) {
    const std::string line = fmt::format("  {}", printable(lines[shown]));
    const std::size_t rows = rows_of(line, columns);
    const std::size_t of_count = shown + 1 == lines.size() ? 0 : 1;
    if (used + rows + of_count > left) break;
    used += rows;
    text += line + "\n";
  }
  if (shown < lines.size()) {
    text += fmt::format("  and {} more: 'apiguard init --print' shows all\n", lines.size() - shown);
    ++used;
  }
  left -= std::min(left, used);
  return text;
}

}  // namespace

std::string to_toml(const Proposal& proposal) {
  return comment(
             "Proposed by 'apiguard init' from this host, and yours to edit: see apiguard(8).") +
         "\n" + interfaces_toml(proposal) + "\n" + endpoints_toml(proposal) + "\n" + mode_toml() +
         "\n" + cluster_toml(proposal) + peers_toml(proposal);
}

std::string to_screen(const Proposal& proposal, const Screen& screen) {
  constexpr std::size_t kLeast = 2;  // a head and a count
  const std::size_t reserved =
      kLeast * ((proposal.unread.empty() ? 0U : 1U) + (proposal.took.empty() ? 0U : 1U));
  std::size_t left = screen.rows - std::min(screen.rows, reserved);
  const std::string unknown = section_in("could not know", proposal.unknown, screen.columns, left);
  left += proposal.unread.empty() ? 0 : kLeast;
  const std::string unread = section_in("could not read", proposal.unread, screen.columns, left);
  left += proposal.took.empty() ? 0 : kLeast;
  return section_in("read", proposal.took, screen.columns, left) + unread + unknown;
}

std::string to_text(const Proposal& proposal) {
  return section("read", proposal.took) + section("could not read", proposal.unread) +
         section("could not know", proposal.unknown);
}

}  // namespace apiguard::propose
