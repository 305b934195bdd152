// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/cli/typed.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <optional>
#include <tuple>

#include <fmt/format.h>

#include "loader/base/number.hpp"
#include "loader/base/time.hpp"
#include "loader/host/files.hpp"

#include "loader/base/duration.hpp"
#include "loader/base/masked.hpp"
#include "loader/cli/arguments.hpp"
#include "loader/policy/scan.hpp"
#include "loader/policy/text.hpp"

namespace apiguard::cli {
namespace {

using std::chrono::nanoseconds;

tl::unexpected<Error> usage(std::string message) { return fail(Exit::kUsage, std::move(message)); }

Result<std::optional<std::string>> at_most_one(const char* option, const Words& words) {
  if (words.size() > 1) return usage(fmt::format("option '{}': given more than once", option));
  if (words.empty()) return std::optional<std::string>();
  return std::optional<std::string>(words.front());
}

Result<> count_arguments(std::string_view verb, const Words& words, std::size_t least,
                         std::size_t most, std::string_view what) {
  const std::string help = fmt::format("see 'apiguard {} --help'", verb);
  if (words.size() < least) return usage(fmt::format("verb '{}': give {}: {}", verb, what, help));
  if (words.size() > most)
    return usage(fmt::format("argument '{}': not expected here: {}", words[most], help));
  return {};
}

// A whole number, in words that say what it is.
Result<std::optional<unsigned>> at_most_one_number(const char* option, const Words& words,
                                                   unsigned most) {
  const auto word = at_most_one(option, words);
  if (!word) return fail(word.error());
  if (!*word) return std::optional<unsigned>();
  const auto number = parse_whole<unsigned>(**word);
  if (number && *number <= most) return number;
  return usage(
      fmt::format("option '{}': '{}': not a whole number from 0 to {}", option, **word, most));
}

Result<std::optional<nanoseconds>> at_most_one_duration(const char* option, const Words& words) {
  const auto word = at_most_one(option, words);
  if (!word) return fail(word.error());
  if (!*word) return std::optional<nanoseconds>();
  const auto duration = parse_duration_argument(**word);
  if (!duration) return fail(duration.error());
  return std::optional(*duration);
}

constexpr std::size_t kAnyNumber = static_cast<std::size_t>(-1);

// Long enough to look at a terminal, short enough that nobody forgets.
Result<std::optional<nanoseconds>> confirm_within(const Typed& typed) {
  const auto word = at_most_one("--confirm-within", typed.confirm_within);
  if (!word) return fail(word.error());
  if (!*word) return std::optional<nanoseconds>();
  const auto duration = parse_duration_argument(**word);
  if (!duration) return fail(duration.error());
  if (*duration > 24h)
    return usage(fmt::format("option '--confirm-within': '{}': at most 24h", **word));
  return std::optional(*duration);
}

Result<ChangeFlags> change_flags(const Typed& typed) {
  auto accepted = parse_risk_arguments(typed.accepted);
  if (!accepted) return fail(accepted.error());
  auto within = confirm_within(typed);
  if (!within) return fail(within.error());
  return ChangeFlags{typed.dry_run, typed.strict, typed.json, *accepted, *within};
}

// --for or --until.
Result<> set_end(const Typed& typed, std::string_view verb, PutOptions& options) {
  const auto lasts = at_most_one("--for", typed.lasts);
  if (!lasts) return fail(lasts.error());
  const auto until = at_most_one("--until", typed.until);
  if (!until) return fail(until.error());
  if (*lasts && *until) {
    return usage(fmt::format(
        "verb '{}': either --for or --until, not both: see 'apiguard {} --help'", verb, verb));
  }
  if (*lasts) {
    auto duration = parse_duration_argument(**lasts);
    if (!duration) return fail(duration.error());
    options.lasts = *duration;
  }
  if (*until) {
    auto time = parse_timestamp(**until);
    if (!time) return fail(time.error());
    options.until = *time;
  }
  return {};
}

Result<Remark> make_remark(const Typed& typed) {
  const auto why = at_most_one("--why", typed.why);
  if (!why) return fail(why.error());
  const auto review = at_most_one("--review", typed.review);
  if (!review) return fail(review.error());
  if (*why) {
    if (const auto valid = scan_why(**why); !valid)
      return usage(fmt::format("option '--why': {}", valid.error().message));
  }
  if (!*review) return Remark(why->value_or(""), std::nullopt);
  const auto day = scan_date(**review);
  if (!day) return usage(fmt::format("option '--review': {}", day.error().message));
  return Remark(why->value_or(""), *day);
}

Result<Verb> make_put(const Typed& typed, const ChangeFlags& flags, Kind kind) {
  const std::string_view verb = to_string(kind);
  if (auto enough = count_arguments(verb, typed.arguments, 1, kAnyNumber, "CIDR"); !enough) {
    return fail(enough.error());
  }
  auto prefixes = parse_cidr_arguments(typed.arguments);
  if (!prefixes) return fail(prefixes.error());
  auto name = at_most_one("--name", typed.name);
  if (!name) return fail(name.error());
  PutOptions options{flags, kind, *prefixes, typed.arguments, "", {}, {}};
  if (auto end = set_end(typed, verb, options); !end) return fail(end.error());
  auto remark = make_remark(typed);
  if (!remark) return fail(remark.error());
  options.remark = std::move(*remark);
  if (!*name) return options;
  auto valid = parse_name_argument(**name);
  if (!valid) return fail(valid.error());
  options.name = *valid;
  return options;
}

Result<std::vector<Selector>> parse_selectors(const Words& texts) {
  std::vector<Selector> selectors;
  selectors.reserve(texts.size());
  for (const std::string& text : texts) {
    auto selector = parse_selector_argument(text);
    if (!selector) return fail(selector.error());
    selectors.push_back(std::move(*selector));
  }
  return selectors;
}

Result<Verb> make_revoke(const Typed& typed, const ChangeFlags& flags) {
  if (auto enough = count_arguments("revoke", typed.arguments, 1, kAnyNumber, "CIDR or NAME");
      !enough) {
    return fail(enough.error());
  }
  auto selectors = parse_selectors(typed.arguments);
  if (!selectors) return fail(selectors.error());
  return RevokeOptions{flags, typed.if_listed, std::move(*selectors)};
}

// What is leased comes from one place.
Result<> check_lease_sources(const Typed& typed) {
  const std::string help = "see 'apiguard lease --help'";
  const int sources = static_cast<int>(!typed.arguments.empty()) +
                      static_cast<int>(typed.from_ssh) + static_cast<int>(!typed.sync.empty()) +
                      static_cast<int>(!typed.unbar.empty()) +
                      static_cast<int>(!typed.authorized_key.empty());
  if (sources == 0) return usage("verb 'lease': give ADDRESS, --from-ssh or --sync NAME: " + help);
  if (sources > 1) {
    return usage(
        "verb 'lease': ADDRESS, --from-ssh, --sync, --unbar and --authorized-key exclude each "
        "other: " +
        help);
  }
  if (!typed.sync.empty() && !typed.name.empty())
    return usage("verb 'lease': --sync NAME names them: leave out --name");
  if (!typed.user.empty() && typed.authorized_key.empty())
    return usage("option '--user': it belongs to --authorized-key: " + help);
  return {};
}

Result<Address> parse_leased(const std::string& text) {
  auto address = parse_address_argument(text);
  if (address || text.find('/') == std::string::npos) return address;
  return usage(
      fmt::format("argument '{}': a lease is for one address: 'apiguard allow' adds ranges", text));
}

Result<> set_lease_name(const Typed& typed, LeaseOptions& options) {
  options.sync = !typed.sync.empty();
  const auto name =
      options.sync ? at_most_one("--sync", typed.sync) : at_most_one("--name", typed.name);
  if (!name) return fail(name.error());
  if (!*name) return {};
  auto valid = parse_name_argument(**name);
  if (!valid) return fail(valid.error());
  options.name = *valid;
  return {};
}

Result<> set_lease_time(const Typed& typed, LeaseOptions& options) {
  const auto lasts = at_most_one_duration("--for", typed.lasts);
  if (!lasts) return fail(lasts.error());
  if (!*lasts) return usage("verb 'lease': give --for DURATION: see 'apiguard lease --help'");
  options.lasts = **lasts;
  options.lasts_text = typed.lasts.front();
  return {};
}

Result<> set_lease_roof(const Typed& typed, LeaseOptions& options) {
  for (const std::string& text : typed.within) {
    const auto elements = split_list(text);
    if (!elements) return fail(elements.error());
    const auto prefixes = parse_cidr_arguments(*elements);
    if (!prefixes) return fail(prefixes.error());
    for (std::size_t i = 0; i < prefixes->size(); ++i) {
      if ((*prefixes)[i].host_bits)
        return usage(fmt::format("option '--within': '{}': host bits are set: {} is meant?",
                                 (*elements)[i], to_string((*prefixes)[i].prefix)));
      options.within.push_back((*prefixes)[i].prefix);
    }
  }
  const auto length = at_most_one_number("--prefix6", typed.prefix6, 128);
  if (!length) return fail(length.error());
  options.prefix6 = static_cast<std::uint8_t>(length->value_or(128));
  if (options.prefix6 == 128 || options.prefix6 == 64) return {};
  return usage(fmt::format("option '--prefix6': '{}': 128 or 64", typed.prefix6.front()));
}

Result<Verb> make_unbar(const Typed& typed) {
  const auto text = at_most_one("--unbar", typed.unbar);
  if (!text) return fail(text.error());
  auto selector = parse_selector_argument(**text);
  if (!selector) return fail(selector.error());
  LeaseOptions options;
  options.json = typed.json;
  options.unbar = std::move(*selector);
  return options;
}

Result<Verb> make_lease(const Typed& typed) {
  if (auto sources = check_lease_sources(typed); !sources) return fail(sources.error());
  if (!typed.unbar.empty()) return make_unbar(typed);
  LeaseOptions options;
  options.json = typed.json;
  options.from_ssh = typed.from_ssh;
  for (const std::string& text : typed.arguments) {
    auto address = parse_leased(text);
    if (!address) return fail(address.error());
    options.addresses.push_back(*address);
  }
  if (auto named = set_lease_name(typed, options); !named) return fail(named.error());
  if (auto timed = set_lease_time(typed, options); !timed) return fail(timed.error());
  if (auto roofed = set_lease_roof(typed, options); !roofed) return fail(roofed.error());
  const auto key = at_most_one("--authorized-key", typed.authorized_key);
  if (!key) return fail(key.error());
  const auto user = at_most_one("--user", typed.user);
  if (!user) return fail(user.error());
  options.authorized_key = key->value_or("");
  options.user = user->value_or("");
  return options;
}

Result<Verb> make_set(const Typed& typed, const ChangeFlags& flags) {
  const auto file = at_most_one("--file", typed.file);
  if (!file) return fail(file.error());
  if (*file && !typed.arguments.empty())
    return usage("verb 'set': either a list or --file, not both: see 'apiguard set --help'");
  if (*file && (*file)->empty()) return usage("option '--file': a value is missing");
  if (*file) return SetOptions{flags, false, **file, {}, {}};
  if (auto one = count_arguments("set", typed.arguments, 1, 1, "the list"); !one) {
    return fail(one.error());
  }
  SetOptions options{flags, typed.arguments.front().empty(), "", {}, {}};
  if (options.off) return options;
  auto texts = split_list(typed.arguments.front());
  if (!texts) return fail(texts.error());
  auto prefixes = parse_cidr_arguments(*texts);
  if (!prefixes) return fail(prefixes.error());
  options.prefixes = *prefixes;
  options.texts = *texts;
  return options;
}

Result<ApplyOptions::With> parse_with(const std::string& text) {
  const std::size_t at = text.find('=');
  ApplyOptions::With with{text.substr(0, at), at == std::string::npos ? "" : text.substr(at + 1)};
  if (with.name.empty() || with.file.empty())
    return usage(fmt::format("option '--with': '{}': it takes NAME.list=FILE", text));
  if (!is_drop_in(with.name))
    return usage(
        fmt::format("option '--with': '{}': not a drop-in name: NAME.list, without a leading dot "
                    "and without '/'",
                    with.name));
  return with;
}

Result<Verb> make_apply(const Typed& typed, const ChangeFlags& flags) {
  if (typed.boot && flags.confirm_within)
    return usage("verb 'apply': --boot publishes what is confirmed: leave out --confirm-within");
  if (typed.boot && !typed.with.empty())
    return usage("verb 'apply': --boot publishes what was in force: leave out --with");
  if (typed.boot && typed.trust_clock)
    return usage("verb 'apply': --trust-clock is a person's word: leave out --boot");
  ApplyOptions options{flags, typed.boot, typed.trust_clock, {}};
  for (const std::string& text : typed.with) {
    auto with = parse_with(text);
    if (!with) return fail(with.error());
    for (const auto& other : options.with) {
      if (other.name == with->name)
        return usage(fmt::format("option '--with': '{}': given twice", with->name));
    }
    options.with.push_back(std::move(*with));
  }
  return options;
}

Result<Verb> make_mode(const Typed& typed, const ChangeFlags& flags) {
  if (auto one = count_arguments("mode", typed.arguments, 1, 1, "enforce, audit or off"); !one) {
    return fail(one.error());
  }
  auto mode = parse_mode_argument(typed.arguments.front());
  if (!mode) return fail(mode.error());
  return ModeOptions{flags, *mode, false};
}

Result<Verb> make_rollback(const Typed& typed, const ChangeFlags& flags) {
  if (auto one = count_arguments("rollback", typed.arguments, 0, 1, "GENERATION"); !one) {
    return fail(one.error());
  }
  if (typed.arguments.empty()) return RollbackOptions{flags, std::nullopt};
  auto generation = parse_generation_argument(typed.arguments.front());
  if (!generation) return fail(generation.error());
  return RollbackOptions{flags, *generation};
}

Result<Verb> make_detach(const Typed& typed) {
  if (typed.all && !typed.arguments.empty()) {
    return usage(
        "verb 'detach': either INTERFACE or --all, not both: see 'apiguard detach --help'");
  }
  if (!typed.all && typed.arguments.empty()) {
    return usage("verb 'detach': give INTERFACE or --all: see 'apiguard detach --help'");
  }
  const auto empty = [](const std::string& name) { return name.empty(); };
  if (std::any_of(typed.arguments.begin(), typed.arguments.end(), empty)) {
    return usage("argument '': no interface name");
  }
  return DetachOptions{typed.all, typed.arguments, typed.dry_run, typed.json};
}

Result<Verb> make_list(const Typed& typed) {
  const auto unused = at_most_one_duration("--unused", typed.unused);
  if (!unused) return fail(unused.error());
  auto only = parse_selectors(typed.arguments);
  if (!only) return fail(only.error());
  return ListOptions{typed.json, *unused, typed.by_review, typed.wide, std::move(*only)};
}

Result<Verb> make_denied(const Typed& typed) {
  const auto top = at_most_one_number("--top", typed.top, 1'000'000);
  if (!top) return fail(top.error());
  const auto since = at_most_one_duration("--since", typed.since);
  if (!since) return fail(since.error());
  return DeniedOptions{typed.json, *top, *since, typed.wide};
}

Result<Verb> make_watch(const Typed& typed) {
  const auto lasts = at_most_one_duration("--for", typed.lasts);
  if (!lasts) return fail(lasts.error());
  return WatchOptions{typed.json, *lasts};
}

Result<Verb> make_suggest(const Typed& typed) {
  const auto most = at_most_one_number("--max-ranges", typed.max_ranges, 1'000'000);
  if (!most) return fail(most.error());
  if (*most && **most == 0) return usage("option '--max-ranges': '0': at least 1");
  const auto least4 = at_most_one_number("--min-prefix4", typed.min_prefix4, 32);
  if (!least4) return fail(least4.error());
  const auto least6 = at_most_one_number("--min-prefix6", typed.min_prefix6, 128);
  if (!least6) return fail(least6.error());
  SuggestOptions options{typed.json, {}};
  options.how.max_ranges = most->value_or(0);
  options.how.min_length4 = static_cast<std::uint8_t>(least4->value_or(options.how.min_length4));
  options.how.min_length6 = static_cast<std::uint8_t>(least6->value_or(options.how.min_length6));
  return options;
}

Result<ValidateOptions::Kind> parse_kind(const Typed& typed) {
  const auto kind = at_most_one("--kind", typed.kind);
  if (!kind) return fail(kind.error());
  if (!*kind) return ValidateOptions::Kind::kByName;
  if (**kind == "toml") return ValidateOptions::Kind::kToml;
  if (**kind == "ranges") return ValidateOptions::Kind::kRanges;
  return usage(fmt::format("option '--kind': '{}': toml or ranges", **kind));
}

Result<Verb> make_validate(const Typed& typed) {
  const auto kind = parse_kind(typed);
  if (!kind) return fail(kind.error());
  const auto& files = typed.arguments;
  if (files.empty() && *kind != ValidateOptions::Kind::kByName)
    return usage("option '--kind': FILE is missing, or - for standard input");
  if (std::count(files.begin(), files.end(), "-") > 1)
    return usage("argument '-': standard input can be read once");
  return ValidateOptions{typed.strict, *kind, files};
}

Result<Verb> make_check(const Typed& typed) {
  if (auto enough = count_arguments("check", typed.arguments, 1, kAnyNumber, "ADDRESS"); !enough) {
    return fail(enough.error());
  }
  CheckOptions options{typed.json, {}, {}, typed.wide};
  auto to = at_most_one("--to", typed.to);
  if (!to) return fail(to.error());
  if (*to) {
    auto destination = parse_destination_argument(**to);
    if (!destination) return fail(destination.error());
    options.to = *destination;
  }
  for (const std::string& text : typed.arguments) {
    auto address = parse_address_argument(text);
    if (!address) return fail(address.error());
    if (options.to && options.to->address->family != address->family) {
      return usage(fmt::format("argument '{}': its family is not that of --to '{}'", text, **to));
    }
    options.sources.push_back(*address);
  }
  return options;
}

Result<Verb> make_init(const Typed& typed) {
  auto root = at_most_one("--root", typed.root);
  if (!root) return fail(root.error());
  InitOptions options{root->value_or(""), typed.print};
  if (*root && options.root.empty()) return usage("option '--root': an empty path");
  while (options.root.ends_with('/')) options.root.pop_back();
  return options;
}

// RunOptions or MetricsOptions.
template <typename Options>
Result<Verb> make_with_textfile(const Typed& typed) {
  auto textfile = at_most_one("--textfile", typed.textfile);
  if (!textfile) return fail(textfile.error());
  if (*textfile && (*textfile)->empty()) return usage("option '--textfile': an empty path");
  return Options{textfile->value_or("")};
}

Result<Verb> make_changing_verb(std::string_view name, const Typed& typed) {
  const auto flags = change_flags(typed);
  if (!flags) return fail(flags.error());
  if (name == "apply") return make_apply(typed, *flags);
  if (name == "allow") return make_put(typed, *flags, Kind::kAllow);
  if (name == "except") return make_put(typed, *flags, Kind::kExcept);
  if (name == "revoke") return make_revoke(typed, *flags);
  if (name == "set") return make_set(typed, *flags);
  if (name == "edit") return EditOptions{*flags};
  if (name == "mode") return make_mode(typed, *flags);
  return make_rollback(typed, *flags);
}

// -o FORMAT is a flag of ours in other words.
Result<Typed> with_output(std::string_view verb, const Typed& typed) {
  const auto format = at_most_one("-o", typed.output);
  if (!format) return fail(format.error());
  Typed plain = typed;
  plain.output.clear();
  if (!*format) return plain;
  constexpr std::array<std::string_view, 4> kTables = {"list", "check", "denied", "history"};
  const bool has_wide = std::find(kTables.begin(), kTables.end(), verb) != kTables.end();
  plain.json = plain.json || **format == "json";
  plain.wide = plain.wide || (has_wide && **format == "wide");
  if (**format == "json" || (has_wide && **format == "wide")) return plain;
  return usage(fmt::format("option '-o': '{}': {}, or leave it out", **format,
                           has_wide ? "json or wide" : "json alone"));
}

}  // namespace

Result<Verb> make_verb(std::string_view name, const Typed& typed) {
  if (!typed.output.empty()) {
    const auto plain = with_output(name, typed);
    if (!plain) return fail(plain.error());
    return make_verb(name, *plain);
  }
  if (name == "confirm") return ConfirmOptions{};
  if (name == "detach") return make_detach(typed);
  if (name == "status") return StatusOptions{typed.json};
  if (name == "list") return make_list(typed);
  if (name == "lease") return make_lease(typed);
  if (name == "check") return make_check(typed);
  if (name == "denied") return make_denied(typed);
  if (name == "watch") return make_watch(typed);
  if (name == "suggest") return make_suggest(typed);
  if (name == "validate") return make_validate(typed);
  if (name == "diff") return DiffOptions{typed.json};
  if (name == "history") return HistoryOptions{typed.json, typed.wide};
  if (name == "init") return make_init(typed);
  if (name == "run") return make_with_textfile<RunOptions>(typed);
  if (name == "metrics") return make_with_textfile<MetricsOptions>(typed);
  if (name == "version") return VersionOptions{typed.verbose};
  return make_changing_verb(name, typed);
}

Result<Places> make_places(const Typed& typed) {
  Places places;
  using Option = std::tuple<const char*, const Words&, std::string&>;
  const std::array<Option, 4> options{Option{"--config", typed.config, places.config},
                                      Option{"--state-dir", typed.state_dir, places.state_dir},
                                      Option{"--run-dir", typed.run_dir, places.run_dir},
                                      Option{"--pin-dir", typed.pin_dir, places.pin_dir}};
  for (const auto& [name, words, place] : options) {
    const auto word = at_most_one(name, words);
    if (!word) return fail(word.error());
    if (!*word) continue;
    if ((*word)->empty()) return usage(fmt::format("option '{}': an empty path", name));
    if ((*word)->find('\n') != std::string::npos)
      return usage(fmt::format("option '{}': '{}': no line breaks", name, masked_line(**word)));
    place = **word;
  }
  strip_slashes(places);
  return places;
}

}  // namespace apiguard::cli
