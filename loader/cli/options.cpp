// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// CLI11 sorts the words of the command line, nothing more: what they mean is decided in typed.cpp,
// so that the texts of errors are ours and the same with every CLI11.
#include "loader/cli/options.hpp"

#include <algorithm>
#include <memory>
#include <string_view>
#include <utility>

#include <fmt/format.h>
#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include "loader/base/masked.hpp"
#include "loader/cli/habits.hpp"
#include "loader/cli/help.hpp"
#include "loader/cli/tree.hpp"
#include "loader/cli/typed.hpp"
#include "loader/cli/word_order.hpp"

namespace apiguard::cli {
namespace {

tl::unexpected<Error> usage(std::string message) { return fail(Exit::kUsage, std::move(message)); }

// --- registration

// The usage line of the manual; no defaults or environment behind the options.
class HelpFormatter : public CLI::Formatter {
 public:
  std::string make_usage(const CLI::App* app, std::string) const override {
    if (app->get_parent() == nullptr) {
      return "\nUsage: apiguard [OPTION]... VERB [OPTION]... [ARGUMENT]...\n";
    }
    for (const VerbHelp& verb : verb_helps()) {
      if (verb.name != app->get_name()) continue;
      return fmt::format("\nUsage: apiguard {} [OPTION]...{}{}\n", verb.name,
                         verb.arguments.empty() ? "" : " ", verb.arguments);
    }
    return "";
  }
  // The group without a name is hidden, and leaves an empty line.
  std::string make_help(const CLI::App* app, std::string name,
                        CLI::AppFormatMode mode) const override {
    std::string text = CLI::Formatter::make_help(app, std::move(name), mode);
    for (std::size_t at = 0; (at = text.find("\n\n\n")) != std::string::npos;) text.erase(at, 1);
    return text;
  }
  std::string make_positionals(const CLI::App*) const override { return ""; }
  std::string make_option_opts(const CLI::Option* option) const override {
    const std::string type = option->get_type_name();
    return type.empty() ? "" : " " + type;
  }
};

// Takes exactly one word each time it is given; how often is judged later.
void add_text(CLI::App& app, const char* name, Words& target, const char* type, const char* what,
              const char* environment = "") {
  app.add_option(name, target, what)
      ->type_name(type)
      ->allow_extra_args(false)
      ->envname(environment);
}

void add_places(CLI::App& app, Typed& typed) {
  add_text(app, "--config", typed.config, "FILE", "configuration; the list files are beside it",
           "APIGUARD_CONFIG");
  add_text(app, "--state-dir", typed.state_dir, "DIR", "generations", "APIGUARD_STATE_DIR");
  add_text(app, "--run-dir", typed.run_dir, "DIR", "lock and marks", "APIGUARD_RUN_DIR");
  add_text(app, "--pin-dir", typed.pin_dir, "DIR", "pins in bpffs", "APIGUARD_PIN_DIR");
  app.add_flag("--verbose", typed.verbose, "show libbpf's own messages");
}

constexpr const char* kOutput = "--output";

// --output is not shown: it is how people of other tools say it, and most of them say -o, which
// with_answers_behind() makes of it.
void add_json(CLI::App& verb, Typed& typed, const char* formats = "json") {
  verb.add_flag("--json", typed.json, "print JSON; the same as -o json");
  add_text(verb, kOutput, typed.output, formats, "answer in this format");
  verb.get_option(kOutput)->group("");
}

void add_change_options(CLI::App& verb, Typed& typed) {
  verb.add_flag("--dry-run", typed.dry_run, "preview and preflight only; nothing changes");
  verb.add_flag("--strict", typed.strict, "host bits after the prefix are an error");
  add_json(verb, typed);
  add_text(verb, "--accept-risk", typed.accepted, "NAME,...",
           "accept these risks, or all: see apiguard(8)");
  add_text(verb, "--confirm-within", typed.confirm_within, "DURATION",
           "undo unless confirmed in time: 1s to 24h");
}

bool is_one_of(std::string_view name, std::initializer_list<std::string_view> names) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

void add_lease_options(CLI::App& verb, Typed& typed) {
  add_text(verb, "--for", typed.lasts, "DURATION", "expire after this long: 24h");
  add_text(verb, "--name", typed.name, "NAME", "owner of the addresses");
  verb.add_flag("--from-ssh", typed.from_ssh, "use the source of this SSH session");
  add_text(verb, "--sync", typed.sync, "NAME", "read all addresses of NAME from standard input");
  add_text(verb, "--within", typed.within, "CIDR,...", "refuse addresses outside of these");
  add_text(verb, "--prefix6", typed.prefix6, "LENGTH", "IPv6 prefix to lease: 128 (default) or 64");
  add_text(verb, "--unbar", typed.unbar, "NAME|ADDRESS", "lift a bar that 'revoke' set");
  add_text(verb, "--authorized-key", typed.authorized_key, "FILE",
           "print the line that lets this SSH key lease");
  add_text(verb, "--user", typed.user, "USER",
           "with --authorized-key: for this user, who uses sudo");
  add_json(verb, typed);
}

void add_changing_options(CLI::App& verb, std::string_view name, Typed& typed) {
  if (name == "apply") {
    verb.add_flag("--boot", typed.boot, "restore the last confirmed generation, ignore the files");
    add_text(verb, "--with", typed.with, "NAME.list=FILE",
             "write FILE as this drop-in within the change");
    verb.add_flag("--trust-clock", typed.trust_clock, "trust the clock over older generations");
  }
  if (is_one_of(name, {"allow", "except"})) {
    add_text(verb, "--name", typed.name, "NAME", "name of the entries");
    add_text(verb, "--why", typed.why, "TICKET", "reason for the entries; kept and shown");
    add_text(verb, "--review", typed.review, "DATE", "date of their next review: 2027-01-31");
    add_text(verb, "--for", typed.lasts, "DURATION", "expire after this long: 2h, 1h30m, 7d");
    add_text(verb, "--until", typed.until, "TIME", "expire at this time: 2026-12-01T08:00:00Z");
  }
  if (name == "revoke")
    verb.add_flag("--if-listed", typed.if_listed, "no match is no error: exit status 0");
  if (is_one_of(name, {"apply", "allow", "except", "revoke", "set", "edit", "mode", "rollback"})) {
    add_change_options(verb, typed);
  }
  if (name == "set")
    add_text(verb, "--file", typed.file, "FILE", "read the list from FILE (-: standard input)");
  if (name == "lease") add_lease_options(verb, typed);
  if (name == "detach") {
    verb.add_flag("--all", typed.all, "every interface of apiguard");
    verb.add_flag("--dry-run", typed.dry_run,
                  "show what would be detached and which sources get in");
    add_json(verb, typed);
  }
}

void add_looking_options(CLI::App& verb, std::string_view name, Typed& typed) {
  if (name == "list") {
    add_text(verb, "--unused", typed.unused, "DURATION", "only ranges unused for this long: 30d");
    verb.add_flag("--review", typed.by_review, "sort by next review, overdue first");
  }
  if (name == "denied") {
    add_text(verb, "--top", typed.top, "NUMBER", "show the first N (0: all)");
    add_text(verb, "--since", typed.since, "DURATION",
             "only sources seen within this time: 1h, 7d");
  }
  if (name == "watch") {
    add_text(verb, "--for", typed.lasts, "DURATION", "stop after this long: 30s, 5m");
  }
  if (name == "suggest") {
    add_text(verb, "--max-ranges", typed.max_ranges, "NUMBER",
             "merge until at most N ranges remain");
    add_text(verb, "--min-prefix4", typed.min_prefix4, "LENGTH", "no IPv4 range wider: 24");
    add_text(verb, "--min-prefix6", typed.min_prefix6, "LENGTH", "no IPv6 range wider: 64");
  }
  if (name == "check") {
    add_text(verb, "--to", typed.to, "ADDRESS:PORT", "only this destination, not all endpoints");
  }
  if (is_one_of(name, {"list", "check", "denied", "history"})) {
    verb.add_flag("--wide", typed.wide, "all columns and full times, at any width");
    add_json(verb, typed, "json|wide");
  }
  if (is_one_of(name, {"status", "watch", "suggest", "diff"})) add_json(verb, typed);
}

void add_other_options(CLI::App& verb, std::string_view name, Typed& typed) {
  if (name == "validate") {
    add_text(verb, "--kind", typed.kind, "toml|ranges", "kind of the files, whatever their names");
    verb.add_flag("--strict", typed.strict, "host bits after the prefix are an error");
  }
  if (name == "init") {
    verb.add_flag("--print", typed.print, "print to standard output, change no file");
    add_text(verb, "--root", typed.root, "DIR", "read the host's files below DIR");
  }
  if (name == "run") {
    add_text(verb, "--textfile", typed.textfile, "FILE", "keep the metrics in this file");
  }
  if (name == "metrics") {
    add_text(verb, "--textfile", typed.textfile, "FILE", "write to this file, replaced as a whole");
  }
}

// CLI11 hands surplus words up, so only verbs that take arguments get the positional.
void add_verb(CLI::App& app, const VerbHelp& help, Typed& typed) {
  CLI::App& verb = *app.add_subcommand(std::string(help.name), std::string(help.summary));
  verb.group(std::string(help.group));
  verb.footer(std::string(help.details));
  if (!help.arguments.empty()) verb.add_option("ARGUMENT", typed.arguments)->expected(0, 1 << 20);
  add_changing_options(verb, help.name, typed);
  add_looking_options(verb, help.name, typed);
  add_other_options(verb, help.name, typed);
}

std::unique_ptr<CLI::App> make_app(Typed& typed) {
  auto app = std::make_unique<CLI::App>(
      "apiguard: an allowlist of source ranges in front of the Kubernetes API server port",
      "apiguard");
  auto formatter = std::make_shared<HelpFormatter>();
  formatter->column_width(28);
  app->formatter(formatter);
  app->set_help_flag("-h,--help", "show this text");
  app->add_flag("-V,--version", typed.version, "same as 'apiguard version'");
  app->fallthrough();
  app->require_subcommand(0, 1);
  app->footer(std::string(main_footer()));
  add_places(*app, typed);
  for (const VerbHelp& help : verb_helps()) add_verb(*app, help, typed);
  return app;
}

// --- the tree, for completion

std::vector<OptionInfo> options_of(const CLI::App& app) {
  std::vector<OptionInfo> options;
  for (const CLI::Option* option : app.get_options()) {
    if (option->get_positional()) continue;
    OptionInfo info;
    for (const std::string& name : option->get_lnames()) info.names.push_back("--" + name);
    for (const std::string& name : option->get_snames()) info.names.push_back("-" + name);
    if (info.names.front() == kOutput) info.names.emplace_back("-o");
    if (option->get_items_expected_max() > 0) info.type = option->get_type_name();
    info.summary = option->get_description();
    options.push_back(std::move(info));
  }
  return options;
}

// --- the whole

// The verb and its arguments without the options that stand for every verb.
std::string make_command(const Words& words) {
  std::string command;
  for (std::size_t i = 0; i < words.size(); ++i) {
    const std::string_view word = words[i];
    const std::string_view option = word.substr(0, word.find('='));
    const bool is_place = option == "--config" || option == "--state-dir" ||
                          option == "--run-dir" || option == "--pin-dir";
    if (is_place && option == word) ++i;
    if (is_place || word == "--verbose") continue;
    const bool plain = !word.empty() && word.find(' ') == std::string_view::npos;
    command += fmt::format("{}{}", command.empty() ? "" : " ",
                           plain ? std::string(word) : fmt::format("\"{}\"", word));
  }
  return command;
}

// A mark in front of what no one takes for an option says nothing, and options may be put behind
// what is repeated.
Words without_idle_mark(const Words& words) {
  const auto mark = std::find(words.begin(), words.end(), "--");
  const auto is_plain = [](const std::string& word) { return !word.starts_with('-'); };
  if (mark == words.end() || !std::all_of(mark + 1, words.end(), is_plain)) return words;
  Words plain(words.begin(), mark);
  plain.insert(plain.end(), mark + 1, words.end());
  return plain;
}

// CLI11 reads "[a,b]" as a list and "--name=" as "--name" with the next word.
Result<> refuse_odd_words(const Words& words) {
  for (const std::string& word : words) {
    if (word.starts_with('[') && word.ends_with(']')) {
      return usage(fmt::format("argument '{}': brackets belong to [V6ADDRESS]:PORT", word));
    }
    if (word.starts_with("--") && word.ends_with('=')) {
      return usage(fmt::format("option '{}': a value is missing", word.substr(0, word.size() - 1)));
    }
  }
  return {};
}

// Behind "--" stand arguments alone, whatever they begin with; CLI11 never sees them. Where no verb
// stands in front, the first of them is the verb.
struct SplitWords {
  Words front;
  Words behind;
  bool marked = false;
};

SplitWords split_at_mark(const Words& words) {
  const auto mark = std::find(words.begin(), words.end(), "--");
  if (mark == words.end()) return {words, {}, false};
  return {Words(words.begin(), mark), Words(mark + 1, words.end()), true};
}

// The words were taken for the verb's: the first that it has no place for.
Error describe_extra(const CLI::App& app) {
  const auto verbs = app.get_subcommands();
  const auto extras = app.remaining(true);
  const std::string extra = extras.empty() ? "" : extras.front();
  const std::string verb = verbs.empty() ? "" : verbs.front()->get_name();
  if (!extra.starts_with('-')) {
    return {fmt::format("argument '{}': not expected here: see 'apiguard {} --help'", extra, verb),
            Exit::kUsage};
  }
  const CommandTree tree = command_tree();
  const auto typed = std::find_if(tree.verbs.begin(), tree.verbs.end(),
                                  [&](const VerbInfo& each) { return each.name == verb; });
  return {fmt::format("option '{}': unknown: {}", extra,
                      advice_on_option(extra, typed == tree.verbs.end() ? nullptr : &*typed, tree)),
          Exit::kUsage};
}

bool takes_arguments(std::string_view name) {
  for (const VerbHelp& verb : verb_helps()) {
    if (verb.name == name) return !verb.arguments.empty();
  }
  return false;
}

Result<> add_behind(std::string_view verb, const Words& behind, Typed& typed) {
  if (!behind.empty() && !takes_arguments(verb)) {
    return usage(fmt::format("argument '{}': not expected here: see 'apiguard {} --help'",
                             behind.front(), verb));
  }
  typed.arguments.insert(typed.arguments.end(), behind.begin(), behind.end());
  return {};
}

// "--dry-run=client"
Error describe_value_of_flag(const Words& words) {
  const auto word = std::find_if(words.begin(), words.end(), [](const std::string& each) {
    return each.starts_with("--") && each.find('=') != std::string::npos;
  });
  const std::string option = word == words.end() ? "" : word->substr(0, word->find('='));
  return {fmt::format("option '{}': takes no value", option), Exit::kUsage};
}

Result<Verb> sort_words(CLI::App& app, const SplitWords& split, Typed& typed) {
  const Words& words = split.front;
  try {
    app.parse(Words(words.rbegin(), words.rend()));
  } catch (const CLI::ExtrasError&) {
    return fail(describe_extra(app));
  } catch (const CLI::ConversionError&) {
    return fail(describe_value_of_flag(words));
  } catch (const CLI::ArgumentMismatch&) {
    // Every option that takes a value takes one word, so only the last word can lack it.
    return usage(fmt::format("option '{}': a value is missing", words.back()));
  }
  const auto verbs = app.get_subcommands();
  if (typed.version) return VersionOptions{typed.verbose};
  if (verbs.empty()) return usage("a verb is missing: see 'apiguard --help'");
  const std::string name = verbs.front()->get_name();
  if (auto added = add_behind(name, split.behind, typed); !added) return fail(added.error());
  return make_verb(name, typed);
}

TakesValue takes_value(const CLI::App& app) {
  return [&app](std::string_view word) {
    const auto* option = app.get_option_no_throw(std::string(word));
    return option != nullptr && option->get_items_expected_max() > 0;
  };
}

// `apiguard -- VERB ARGUMENT` names its verb behind the mark.
SplitWords split(const Words& words, const TakesValue& takes_value) {
  SplitWords result = split_at_mark(words);
  const bool may_be_verb = !result.behind.empty() && !result.behind.front().starts_with('-');
  if (may_be_verb && find_verb(result.front, takes_value) == result.front.size()) {
    result.front.push_back(result.behind.front());
    result.behind.erase(result.behind.begin());
  }
  return result;
}

bool is_verb(std::string_view word) {
  const auto verbs = verb_helps();
  return std::any_of(verbs.begin(), verbs.end(),
                     [word](const VerbHelp& verb) { return verb.name == word; });
}

bool is_option(std::string_view word, const CommandTree& tree) {
  const std::string name(word.substr(0, word.find('=')));
  return std::any_of(tree.options.begin(), tree.options.end(), [&](const OptionInfo& option) {
    return std::find(option.names.begin(), option.names.end(), name) != option.names.end();
  });
}

// CLI11 would take a verb of ours that comes later for the verb: "delete allow CIDR". What follows
// an unknown option may be its value: "-A INPUT".
Result<> refuse_unknown_verb(const Words& words, std::size_t verb) {
  if (verb >= words.size() || is_verb(words[verb])) return {};
  const CommandTree tree = command_tree();
  const auto end = words.begin() + static_cast<std::ptrdiff_t>(verb);
  const auto option = std::find_if(words.begin(), end, [&](const std::string& word) {
    return word.starts_with('-') && word != "--" && !is_option(word, tree);
  });
  if (option != end) {
    return usage(
        fmt::format("option '{}': unknown: {}", *option, advice_on_option(*option, nullptr, tree)));
  }
  return usage(
      fmt::format("verb '{}': unknown: {}", words[verb], advice_on_verb(words[verb], tree)));
}

// One message is one line, and one entry of the history.
Result<> refuse_line_breaks(const Words& words) {
  for (const std::string& word : words) {
    if (word.find_first_of("\n\r\v\f") != std::string::npos)
      return usage(fmt::format("argument '{}': no line breaks", masked_line(word)));
  }
  return {};
}

Result<CommandLine> make_command_line(CLI::App& app, const Words& words, Typed& typed) {
  if (auto sane = refuse_line_breaks(words); !sane) return fail(sane.error());
  SplitWords sorted = split(words, takes_value(app));
  if (auto sane = refuse_odd_words(sorted.front); !sane) return fail(sane.error());
  sorted.front = with_help_as_option(sorted.front, find_verb(sorted.front, takes_value(app)));
  const std::size_t verb_at = find_verb(sorted.front, takes_value(app));
  if (auto known = refuse_unknown_verb(sorted.front, verb_at); !known) return fail(known.error());
  auto verb = sort_words(app, sorted, typed);
  if (!verb) return fail(verb.error());
  auto places = make_places(typed);
  if (!places) return fail(places.error());
  return CommandLine{Host(std::move(*places)), make_command(without_idle_mark(words)),
                     typed.verbose, *verb};
}

// A changing verb, or whatever was meant for one, answers in JSON that nothing was changed. Readers
// have no such answer.
bool wants_answer(const CLI::App& app, const Words& words) {
  if (!asks_for_json(words)) return false;
  const std::size_t at = find_verb(words, takes_value(app));
  if (at == words.size() || !is_verb(words[at])) return true;
  return is_one_of(words[at], {"apply", "allow", "except", "lease", "revoke", "set", "edit", "mode",
                               "rollback", "detach"});
}

Printed refusal(const std::string& message, bool answered) {
  return {fmt::format("apiguard: {}\n", message), Exit::kUsage, answered ? message : ""};
}

}  // namespace

CommandTree command_tree() {
  Typed typed;
  const auto app = make_app(typed);
  CommandTree tree{options_of(*app), {}};
  for (const VerbHelp& help : verb_helps()) {
    const CLI::App* verb = app->get_subcommand(std::string(help.name));
    tree.verbs.push_back({verb->get_name(), verb->get_description(), std::string(help.arguments),
                          options_of(*verb)});
  }
  return tree;
}

std::variant<CommandLine, Printed> parse(int argc, const char* const* argv) {
  Typed typed;
  const auto app = make_app(typed);
  const Words as_typed(argc > 0 ? argv + 1 : argv, argv + argc);
  const Words words = with_answers_behind(as_typed, takes_value(*app));
  try {
    auto line = make_command_line(*app, words, typed);
    if (line) return *line;
    if (argc <= 1) return Printed{app->help(), Exit::kUsage, ""};
    return refusal(line.error().message, wants_answer(*app, as_typed));
  } catch (const CLI::CallForHelp&) {
    return Printed{app->help(), Exit::kDone, ""};
  } catch (const CLI::Error& error) {
    return refusal(error.what(), wants_answer(*app, as_typed));
  }
}

}  // namespace apiguard::cli
