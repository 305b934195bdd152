// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/cli/habits.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <vector>

#include <fmt/format.h>

#include "loader/policy/prefix.hpp"
#include "loader/policy/spelling.hpp"

namespace apiguard::cli {
namespace {

// Words between blanks, and what to say to each of them.
struct Habit {
  std::string_view words;
  std::string_view advice;
};

// Every command here works once its capitals are filled in (netns.habits).
constexpr std::array kVerbHabits = {
    Habit{"add insert append accept permit grant authorize create new open trust unban unblock "
          "whitelist allowlist pass",
          "'apiguard allow CIDR' adds a range"},
    Habit{"remove delete del rm erase destroy unlist disallow withdraw",
          "'apiguard revoke NAME|CIDR' removes a range"},
    Habit{"deny block ban reject drop blacklist denylist blocklist limit",
          "what is not listed is dropped: 'apiguard revoke NAME|CIDR' removes a range, 'apiguard "
          "except CIDR' excludes a part of one"},
    Habit{"enable on up arm activate enforce enforcing default policy",
          "'apiguard mode enforce' drops what is not listed"},
    Habit{"audit permissive complain observe simulate",
          "'apiguard mode audit' counts what enforce would drop"},
    Habit{"disable off down deactivate disarm",
          "'apiguard mode off' lets every packet pass, 'apiguard detach --all' takes the program "
          "off"},
    Habit{"stop kill mask",
          "the filter needs no running process: 'apiguard mode off' lets every packet pass"},
    Habit{"start restart try-restart condrestart attach boot",
          "'apiguard apply' publishes the files; 'systemctl restart apiguard' restarts the "
          "supervisor"},
    Habit{"reload refresh sync publish push deploy install-rules",
          "'apiguard apply' publishes the files"},
    Habit{"save persist store write runtime-to-permanent",
          "a change is kept at once: 'apiguard history' shows the generations"},
    Habit{"load restore import replace swap syncconf setconf",
          "'apiguard set --file FILE' replaces the list, 'apiguard apply' publishes the files"},
    Habit{"upgrade", "'apiguard apply' publishes the files with the program of this version"},
    Habit{"zero",
          "no verb sets counters to zero: 'apiguard denied --since 1h' shows the last hour"},
    Habit{"search grep find", "'apiguard list NAME|CIDR' shows the ranges that match"},
    Habit{"sudo systemctl ufw firewall-cmd iptables ip6tables nft ipset kubectl apiguard",
          "leave that word out: 'apiguard status' shows what is enforced where"},
    Habit{"update modify patch change rename move vi",
          "'apiguard edit' opens the list, 'apiguard set CIDR,CIDR,...' replaces it"},
    Habit{"flush clear purge reset empty wipe delete-all",
          "no verb empties the list: 'apiguard mode off' lets every packet pass, 'apiguard revoke "
          "NAME|CIDR' removes a range"},
    Habit{"show get ls l rules ranges rule print dump ll cat table ruleset",
          "'apiguard list' shows the ranges in force, 'apiguard status' what is enforced where"},
    Habit{"export backup dump-config",
          "'apiguard list --json' shows the ranges in force as JSON, 'apiguard init --print' a "
          "configuration"},
    Habit{"describe inspect",
          "'apiguard list NAME|CIDR' shows a range, 'apiguard status' what is enforced where"},
    Habit{"info state is-active is-enabled health summary interfaces devices ps",
          "'apiguard status' shows what is enforced where"},
    Habit{"test explain probe ping lookup query match why trace resolve whois is",
          "'apiguard check ADDRESS' asks the kernel"},
    Habit{"log logs logging journal events monitor tail follow tcpdump",
          "'apiguard watch' shows events as they happen, 'apiguard denied' the sources that were "
          "denied"},
    Habit{"top stats counters count banned blocked dropped drops rejected hits",
          "'apiguard denied' shows the sources that were denied, 'apiguard status' the counters"},
    Habit{"undo revert back cancel abort restore-previous checkout reset-failed",
          "'apiguard rollback' publishes the generation before this one"},
    Habit{"commit keep ok yes confirmed", "'apiguard confirm' keeps a pending change"},
    Habit{"versions generations changes blame reflog audit-log",
          "'apiguard history' shows the generations"},
    Habit{"lint verify syntax parse configtest check-config syntax-check",
          "'apiguard validate' parses the files"},
    Habit{"plan preview dry-run dryrun what-if",
          "'apiguard apply --dry-run' shows what would change, 'apiguard diff' the files against "
          "what is in force"},
    Habit{"config configure setup install bootstrap wizard generate propose",
          "'apiguard init' proposes a configuration, 'apiguard init --print' only shows it"},
    Habit{"uninstall unload unattach disconnect",
          "'apiguard detach --all' takes the program off every interface"},
    Habit{"daemon serve supervise service agent", "'apiguard run' is the supervisor"},
    Habit{"expire renew extend ttl timeout grant-temporary temp",
          "'apiguard allow CIDR --for 2h' adds a range that expires"},
    Habit{"recommend propose-ranges learn autodetect discover",
          "'apiguard suggest' shows ranges that cover the sources seen in audit"},
    Habit{"usage man manual commands completion completions",
          "'apiguard help' lists the verbs, 'apiguard help VERB' explains one"},
    Habit{"ver", "'apiguard version'"},
};

// `ours` is the option of ours that is meant; a verb without it is told nothing of it. Empty: it is
// no option.
struct OptionHabit {
  std::string_view ours;
  std::string_view words;
  std::string_view advice;
};

constexpr std::array kOptionHabits = {
    OptionHabit{"--top", "-n --lines --tail --limit --head --max --count -l",
                "'--top NUMBER' shows the first ones, '--top 0' all"},
    OptionHabit{"--since", "--from --after -S --newer --newer-than --age",
                "'--since DURATION' shows those seen within it"},
    OptionHabit{"--if-listed",
                "-! -exist --exist --ignore-not-found --ignore-missing --if-exists --missing-ok",
                "'--if-listed' accepts entries that are not listed"},
    OptionHabit{"--dry-run",
                "-n --dryrun --noop --no-op --check --test --simulate --what-if --whatif --plan "
                "--preview",
                "'--dry-run' shows what would change"},
    OptionHabit{"--file", "-f --filename --from-file --input -i --from --import",
                "'--file FILE' takes the whole list from a file, '--file -' from standard input"},
    OptionHabit{"--with", "-f --file --filename --from-file -i -k --drop-in",
                "'--with NAME.list=FILE' takes FILE as a drop-in; 'apiguard set --file FILE' "
                "replaces the list"},
    OptionHabit{"--accept-risk",
                "-y --yes -f --force --assume-yes --no-confirm --noconfirm --non-interactive "
                "--noninteractive --auto-approve --quiet-yes --allow",
                "'--accept-risk NAME' takes a risk by its name, as the refusal prints it"},
    OptionHabit{"--for",
                "--ttl --timeout --expire --expires --expiry --duration --lasts --time --bantime "
                "--period -t --lifetime",
                "'--for DURATION' sets when an entry expires, as in --for 2h"},
    OptionHabit{"--confirm-within",
                "--confirm --timeout --try --rollback --auto-rollback --commit-confirmed "
                "--revert-after",
                "'--confirm-within DURATION' undoes the change unless it is confirmed"},
    OptionHabit{"--until", "--end --expires-at --not-after --valid-until --expiration-date",
                "'--until TIME' sets when an entry expires, as in --until 2026-12-01T08:00:00Z"},
    OptionHabit{"--why",
                "--comment --reason --ticket --description -m --message --note -c --annotation",
                "'--why TICKET' records why, '--name NAME' names the entries"},
    OptionHabit{"--name", "--label --tag --id --title --hostname -N",
                "'--name NAME' names the entries"},
    OptionHabit{"--to", "--dst --dest --destination -d --port -p --dport --endpoint",
                "'--to ADDRESS:PORT' asks for one destination"},
    OptionHabit{"--unused", "--stale --idle --older-than --not-used",
                "'--unused DURATION' shows ranges unused for this long"},
    OptionHabit{"--json", "-j -J --format --as-json --output-format --jsonpath --yaml",
                "'--json' answers in JSON"},
    OptionHabit{"--print", "-n --dry-run --stdout --show", "'--print' writes no file"},
    OptionHabit{"--all", "-a --every --force -f", "'--all' means every guarded interface"},
    OptionHabit{"--if-listed", "--all -a",
                "no verb empties the list: 'apiguard mode off' lets every packet pass"},
    OptionHabit{"", "--to", "'apiguard rollback N' takes the number alone"},
    OptionHabit{"", "-w --watch -f --follow", "'apiguard watch' shows events"},
    OptionHabit{"", "-v -vv -d --debug --trace --info",
                "'--verbose' shows libbpf's own messages, 'apiguard version' the version"},
    OptionHabit{"", "-q --quiet --silent -s --no-headers",
                "answers go to standard output, messages to standard error"},
    OptionHabit{"", "-i --interface --interfaces --dev --device --nic",
                "'interfaces' in apiguard.toml names them: 'apiguard init --print' proposes it"},
    OptionHabit{"", "-p --port --ports --dport --endpoint --endpoints --proto",
                "'endpoints' in apiguard.toml names them: 'apiguard init --print' proposes it"},
    OptionHabit{"", "-c --conf --config-file --configuration --kubeconfig --context",
                "'--config FILE' names the configuration"},
    OptionHabit{"", "--permanent --save --runtime-to-permanent --persist --now --reload",
                "'apiguard apply' publishes the files, and every change is kept"},
    OptionHabit{"", "-Z --zero",
                "no verb sets counters to zero: 'apiguard denied --since 1h' shows the last hour"},
    OptionHabit{"", "--status --state", "'apiguard status' shows what is enforced where"},
    OptionHabit{"", "-L -l -S --list --list-all --list-sources --list-all-zones --show -a",
                "'apiguard list' shows the ranges in force, 'apiguard status' what is enforced "
                "where"},
    OptionHabit{"",
                "--add --add-source --add-rich-rule --append -A --insert -I --src --source "
                "--allow-from --authorized-ip-ranges --api-server-authorized-ip-ranges",
                "'apiguard allow CIDR' adds a range"},
    OptionHabit{"", "--remove --remove-source --remove-rich-rule --delete -D --del",
                "'apiguard revoke NAME|CIDR' removes a range"},
    OptionHabit{"", "--flush -F -X --clear --panic-off --disable",
                "'apiguard mode off' lets every packet pass"},
    OptionHabit{"", "--zone --table --chain --namespace --set-name --resource-group -g",
                "there is one list: 'apiguard list' shows it"},
};

constexpr std::array kModeHabits = {
    Habit{"on enable enabled enforced enforcing block deny drop active", "enforce"},
    Habit{"permissive complain monitor observe log dry-run count", "audit"},
    Habit{"disable disabled none stop pass open inactive", "off"},
};

std::string lower(std::string_view word) {
  std::string text(word);
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

std::vector<std::string_view> split_words(std::string_view words) {
  std::vector<std::string_view> list;
  while (!words.empty()) {
    const std::size_t end = std::min(words.find(' '), words.size());
    if (end != 0) list.push_back(words.substr(0, end));
    words.remove_prefix(std::min(end + 1, words.size()));
  }
  return list;
}

bool has_word(std::string_view words, std::string_view word) {
  const auto list = split_words(words);
  return std::find(list.begin(), list.end(), word) != list.end();
}

template <typename Habits>
std::string_view advice_in(const Habits& habits, std::string_view word) {
  for (const Habit& habit : habits) {
    if (has_word(habit.words, word)) return habit.advice;
  }
  return {};
}

// The only one that begins so: "stat" is status.
std::string_view only_one_with(std::string_view front, std::span<const std::string_view> names) {
  std::string_view found;
  for (const std::string_view name : names) {
    if (front.size() < 2 || !name.starts_with(front)) continue;
    if (!found.empty()) return {};
    found = name;
  }
  return found;
}

std::string_view near_verb(std::string_view word, std::span<const std::string_view> verbs) {
  const std::string_view abbreviated = only_one_with(word, verbs);
  return abbreviated.empty() ? nearest(word, verbs) : abbreviated;
}

std::string_view near_habit(std::string_view word) {
  std::vector<std::string_view> known;
  for (const Habit& habit : kVerbHabits) {
    for (const std::string_view each : split_words(habit.words)) known.push_back(each);
  }
  const std::string_view meant = nearest(word, known);
  return meant.empty() ? meant : advice_in(kVerbHabits, meant);
}

std::vector<std::string_view> option_names(const VerbInfo* verb, const CommandTree& tree) {
  std::vector<std::string_view> names;
  const auto add = [&names](const std::vector<OptionInfo>& options) {
    for (const OptionInfo& option : options)
      names.insert(names.end(), option.names.begin(), option.names.end());
  };
  if (verb != nullptr) add(verb->options);
  add(tree.options);
  return names;
}

std::string_view habit_of_option(std::string_view option,
                                 const std::vector<std::string_view>& names) {
  for (const OptionHabit& habit : kOptionHabits) {
    const bool has =
        habit.ours.empty() || std::find(names.begin(), names.end(), habit.ours) != names.end();
    if (has && has_word(habit.words, option)) return habit.advice;
  }
  return {};
}

}  // namespace

std::string advice_on_verb(std::string_view word, const CommandTree& tree) {
  const std::string meant = lower(word);
  std::vector<std::string_view> verbs;
  verbs.reserve(tree.verbs.size());
  for (const VerbInfo& verb : tree.verbs) verbs.emplace_back(verb.name);
  if (const auto habit = advice_in(kVerbHabits, meant); !habit.empty()) return std::string(habit);
  if (const auto prefix = parse_prefix(word)) {
    return fmt::format("'apiguard allow {0}' adds it, 'apiguard list {0}' shows what is listed",
                       to_string(prefix->prefix));
  }
  if (const auto verb = near_verb(meant, verbs); !verb.empty())
    return fmt::format("did you mean '{}'? 'apiguard help {}' explains it", verb, verb);
  if (const auto habit = near_habit(meant); !habit.empty()) return std::string(habit);
  return "'apiguard help' lists the verbs";
}

std::string advice_on_option(std::string_view option, const VerbInfo* verb,
                             const CommandTree& tree) {
  const std::string_view name = option.substr(0, option.find('='));
  const auto names = option_names(verb, tree);
  if (const auto habit = habit_of_option(name, names); !habit.empty()) return std::string(habit);
  // "--enable" in place of a verb.
  const std::string_view bare = name.substr(std::min(name.find_first_not_of('-'), name.size()));
  if (verb == nullptr) {
    if (const auto habit = advice_in(kVerbHabits, bare); !habit.empty()) return std::string(habit);
  }
  std::string help = fmt::format("see 'apiguard {}{}--help'", verb == nullptr ? "" : verb->name,
                                 verb == nullptr ? "" : " ");
  const std::string_view near = name.starts_with("--") ? nearest(name, names) : "";
  if (near.empty()) return help;
  return fmt::format("did you mean '{}'? {}", near, help);
}

std::string advice_on_mode(std::string_view word) {
  constexpr std::array<std::string_view, 3> kModes = {"enforce", "audit", "off"};
  const std::string meant = lower(word);
  std::string_view mode = advice_in(kModeHabits, meant);
  if (mode.empty()) mode = only_one_with(meant, kModes);
  if (mode.empty()) mode = nearest(meant, kModes);
  return mode.empty() ? "" : fmt::format(": did you mean '{}'?", mode);
}

}  // namespace apiguard::cli
