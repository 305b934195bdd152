// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/cli/options.hpp"
#include "loader/base/time.hpp"

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <initializer_list>
#include <iterator>
#include <sstream>

#include "loader/cli/help.hpp"
#include "tests/support/catch.hpp"

using namespace apiguard;
using namespace apiguard::cli;

namespace {

using Words = std::vector<std::string>;
using Parsing = std::variant<CommandLine, Printed>;

Parsing parse_words(const Words& words) {
  std::vector<const char*> argv = {"apiguard"};
  for (const std::string& word : words) argv.push_back(word.c_str());
  return parse(static_cast<int>(argv.size()), argv.data());
}

CommandLine line_of(const Words& words) {
  const auto parsed = parse_words(words);
  if (const auto* printed = std::get_if<Printed>(&parsed)) FAIL(printed->text);
  return std::get<CommandLine>(parsed);
}

template <typename Options>
Options options_of(const Words& words) {
  return std::get<Options>(line_of(words).verb);
}

Printed printed_of(const Words& words) {
  const auto parsed = parse_words(words);
  if (std::holds_alternative<CommandLine>(parsed)) FAIL("parsed, but must not");
  return std::get<Printed>(parsed);
}

// The text without "apiguard: " and the newline; it is always a usage error.
std::string error_of(const Words& words) {
  const Printed printed = printed_of(words);
  CHECK(printed.exit == Exit::kUsage);
  const std::string prefix = "apiguard: ";
  REQUIRE(printed.text.substr(0, prefix.size()) == prefix);
  REQUIRE(printed.text.back() == '\n');
  return printed.text.substr(prefix.size(), printed.text.size() - prefix.size() - 1);
}

std::string help_of(const Words& words) {
  const Printed printed = printed_of(words);
  CHECK(printed.exit == Exit::kDone);
  return printed.text;
}

std::vector<std::string> texts_of(const std::vector<ParsedPrefix>& prefixes) {
  std::vector<std::string> texts;
  for (const ParsedPrefix& parsed : prefixes) texts.push_back(to_string(parsed.prefix));
  return texts;
}

std::size_t lines_in(const std::string& text) {
  return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
}

std::vector<std::string> verb_names() {
  std::vector<std::string> names;
  for (const VerbHelp& verb : verb_helps()) names.emplace_back(verb.name);
  return names;
}

// An environment variable for the length of a test.
class Variable {
 public:
  Variable(const char* name, const char* value) : name_(name) { setenv(name, value, 1); }
  ~Variable() { unsetenv(name_); }
  Variable(const Variable&) = delete;
  Variable& operator=(const Variable&) = delete;

 private:
  const char* name_;
};

std::string manual() {
  std::ifstream file(APIGUARD_POLICIES "/../../loader/man/apiguard.8");
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

const Words kAllRisks = {"detached", "drop-peers", "generic-xdp", "link-reset", "off",
                         "shrink",   "unapplied",  "undone",      "wide"};

}  // namespace

TEST_CASE("allow and except take CIDRs, a name and the flags of changing verbs") {
  const auto allow = options_of<PutOptions>({"allow", "203.0.113.0/24", "2001:db8::/32", "--name",
                                             "office", "--dry-run", "--strict", "--json",
                                             "--accept-risk", "wide,unapplied"});
  CHECK(allow.kind == Kind::kAllow);
  CHECK(texts_of(allow.prefixes) == Words{"203.0.113.0/24", "2001:db8::/32"});
  CHECK(allow.texts == Words{"203.0.113.0/24", "2001:db8::/32"});
  CHECK(allow.name == "office");
  CHECK(allow.flags.dry_run);
  CHECK(allow.flags.strict);
  CHECK(allow.flags.json);
  CHECK(allow.flags.accepted == std::set<std::string>{"unapplied", "wide"});

  const auto except = options_of<PutOptions>({"except", "203.0.113.9"});
  CHECK(except.kind == Kind::kExcept);
  CHECK(texts_of(except.prefixes) == Words{"203.0.113.9/32"});
  CHECK(except.name.empty());
  CHECK_FALSE(except.flags.dry_run);
  CHECK_FALSE(except.flags.strict);
  CHECK_FALSE(except.flags.json);
  CHECK(except.flags.accepted.empty());
}

TEST_CASE("allow and except take a duration or an end") {
  const auto allow = options_of<PutOptions>({"allow", "203.0.113.7", "--for", "1h30m"});
  CHECK(allow.lasts == 90min);
  CHECK_FALSE(allow.until);
  const auto except =
      options_of<PutOptions>({"except", "--until", "2026-12-01T10:00:00.5+02:00", "203.0.113.9"});
  CHECK(except.until == Timestamp(1'796'112'000s + 500ms));
  CHECK_FALSE(except.lasts);
  const auto permanent = options_of<PutOptions>({"allow", "203.0.113.7"});
  CHECK_FALSE(permanent.lasts);
  CHECK_FALSE(permanent.until);
}

TEST_CASE("init takes a root and prints") {
  CHECK(options_of<InitOptions>({"init"}).root.empty());
  CHECK_FALSE(options_of<InitOptions>({"init"}).print);
  const auto init = options_of<InitOptions>({"init", "--print", "--root", "/mnt/image//"});
  CHECK(init.print);
  CHECK(init.root == "/mnt/image");
  CHECK(options_of<InitOptions>({"init", "--root", "/"}).root.empty());
  CHECK(error_of({"init", "--root", ""}) == "option '--root': an empty path");
  CHECK(error_of({"init", "--root", "a", "--root", "b"}) ==
        "option '--root': given more than once");
  CHECK(error_of({"init", "x"}) == "argument 'x': not expected here: see 'apiguard init --help'");
}

TEST_CASE("host bits are kept for the verb's warning") {
  const auto allow = options_of<PutOptions>({"allow", "172.0.0.10/16", "10.0.0.0/8"});
  CHECK(texts_of(allow.prefixes) == Words{"172.0.0.0/16", "10.0.0.0/8"});
  CHECK(allow.prefixes[0].host_bits);
  CHECK_FALSE(allow.prefixes[1].host_bits);
  CHECK(allow.texts == Words{"172.0.0.10/16", "10.0.0.0/8"});
}

TEST_CASE("an option takes one word and leaves the next to the verb") {
  const auto allow = options_of<PutOptions>(
      {"allow", "--accept-risk", "wide", "0.0.0.0/1", "--name", "half", "128.0.0.0/1"});
  CHECK(allow.flags.accepted == std::set<std::string>{"wide"});
  CHECK(texts_of(allow.prefixes) == Words{"0.0.0.0/1", "128.0.0.0/1"});
  CHECK(allow.name == "half");
}

TEST_CASE("accepted risks add up, and all stands for each") {
  const auto twice = options_of<ApplyOptions>(
      {"apply", "--accept-risk", "wide", "--accept-risk=generic-xdp , drop-peers"});
  CHECK(twice.flags.accepted == std::set<std::string>{"drop-peers", "generic-xdp", "wide"});
  const auto all = options_of<ApplyOptions>({"apply", "--accept-risk", "all"});
  CHECK(all.flags.accepted == std::set<std::string>(kAllRisks.begin(), kAllRisks.end()));
}

TEST_CASE("set takes the list of AKS as one argument") {
  const auto set = options_of<SetOptions>({"set", "172.0.0.10/16,168.10.0.10/18"});
  CHECK_FALSE(set.off);
  CHECK(texts_of(set.prefixes) == Words{"172.0.0.0/16", "168.10.0.0/18"});
  CHECK(set.texts == Words{"172.0.0.10/16", "168.10.0.10/18"});

  const auto spaced = options_of<SetOptions>({"set", " 10.0.0.0/8 ,\t192.0.2.1 , 2001:db8::1"});
  CHECK(texts_of(spaced.prefixes) == Words{"10.0.0.0/8", "192.0.2.1/32", "2001:db8::1/128"});
  CHECK(spaced.texts == Words{"10.0.0.0/8", "192.0.2.1", "2001:db8::1"});

  const auto off = options_of<SetOptions>({"set", ""});
  CHECK(off.off);
  CHECK(off.prefixes.empty());
}

TEST_CASE("revoke takes CIDRs and names") {
  const auto revoke =
      options_of<RevokeOptions>({"revoke", "203.0.113.0/24", "ci-run-123", "2001:db8::1", "7"});
  REQUIRE(revoke.selectors.size() == 4);
  CHECK(to_string(*revoke.selectors[0].prefix) == "203.0.113.0/24");
  CHECK_FALSE(revoke.selectors[1].prefix);
  CHECK(revoke.selectors[1].name == "ci-run-123");
  CHECK(to_string(*revoke.selectors[2].prefix) == "2001:db8::1/128");
  CHECK(revoke.selectors[3].name == "7");
  CHECK_FALSE(revoke.if_listed);
  CHECK(options_of<RevokeOptions>({"revoke", "ci", "--if-listed"}).if_listed);
  CHECK(options_of<RevokeOptions>({"revoke", "--if-listed", "ci"}).if_listed);
}

TEST_CASE("lease takes addresses from one place") {
  const auto plain =
      options_of<LeaseOptions>({"lease", "192.0.2.7", "2001:db8::7", "--for", "24h"});
  CHECK(plain.addresses.size() == 2);
  CHECK(plain.lasts == 24h);
  CHECK(plain.name.empty());
  CHECK(plain.prefix6 == 128);
  const auto sync = options_of<LeaseOptions>({"lease", "--sync", "nodes", "--for", "1h"});
  CHECK(sync.sync);
  CHECK(sync.name == "nodes");
  const auto ssh =
      options_of<LeaseOptions>({"lease", "--from-ssh", "--for", "1h", "--name", "ci", "--within",
                                "192.0.2.0/24,2001:db8::/32", "--prefix6", "64"});
  CHECK(ssh.from_ssh);
  CHECK(ssh.within.size() == 2);
  CHECK(ssh.prefix6 == 64);
  const auto key = options_of<LeaseOptions>(
      {"lease", "--authorized-key", "k.pub", "--for", "1h", "--user", "knock"});
  CHECK(key.authorized_key == "k.pub");
  CHECK(key.lasts_text == "1h");
  CHECK(key.user == "knock");
  CHECK(options_of<LeaseOptions>({"lease", "--unbar", "ci"}).unbar->name == "ci");
  CHECK(options_of<LeaseOptions>({"lease", "--unbar", "192.0.2.7"}).unbar->prefix);
}

TEST_CASE("a name may be that of a verb") {
  CHECK(options_of<RevokeOptions>({"revoke", "status"}).selectors[0].name == "status");
  CHECK(options_of<PutOptions>({"allow", "10.0.0.0/8", "--name", "list"}).name == "list");
}

TEST_CASE("set takes a list, nothing, or a file") {
  CHECK(options_of<SetOptions>({"set", "--file", "-"}).file == "-");
  CHECK(options_of<SetOptions>({"set", "--file=a b"}).file == "a b");
  CHECK_FALSE(options_of<SetOptions>({"set", "--file", "-"}).off);
  CHECK(options_of<SetOptions>({"set", ""}).off);
  CHECK(options_of<SetOptions>({"set", "203.0.113.0/24"}).file.empty());
  CHECK(options_of<ApplyOptions>({"apply", "--accept-risk", "shrink,off"}).flags.accepted.size() ==
        2);
}

TEST_CASE("mode, rollback, detach, edit and apply") {
  CHECK(options_of<ModeOptions>({"mode", "enforce"}).mode == Mode::kEnforce);
  CHECK(options_of<ModeOptions>({"mode", "audit"}).mode == Mode::kAudit);
  CHECK(options_of<ModeOptions>({"mode", "off"}).mode == Mode::kOff);
  CHECK_FALSE(options_of<RollbackOptions>({"rollback"}).generation);
  CHECK(options_of<RollbackOptions>({"rollback", "17"}).generation == 17U);
  CHECK(options_of<RollbackOptions>({"rollback", "18446744073709551615"}).generation ==
        18446744073709551615U);
  CHECK(options_of<DetachOptions>({"detach", "--all"}).all);
  CHECK(options_of<DetachOptions>({"detach", "eth1", "eth2"}).interfaces == Words{"eth1", "eth2"});
  CHECK(options_of<EditOptions>({"edit", "--strict"}).flags.strict);
  CHECK(options_of<ApplyOptions>({"apply", "--boot"}).boot);
  CHECK_FALSE(options_of<ApplyOptions>({"apply"}).boot);
  CHECK_FALSE(options_of<ApplyOptions>({"apply"}).trust_clock);
  CHECK(options_of<ApplyOptions>({"apply", "--trust-clock"}).trust_clock);
  CHECK_FALSE(options_of<ApplyOptions>({"apply", "--trust-clock"}).boot);
}

TEST_CASE("reading verbs") {
  CHECK(options_of<StatusOptions>({"status", "--json"}).json);
  CHECK_FALSE(options_of<StatusOptions>({"status"}).json);
  CHECK(options_of<ListOptions>({"list", "--json"}).json);
  CHECK_FALSE(options_of<ListOptions>({"list"}).unused);
  CHECK(options_of<ListOptions>({"list"}).only.empty());
  const auto only = options_of<ListOptions>({"list", "office", "10.0.0.0/8", "192.0.2.7"}).only;
  REQUIRE(only.size() == 3);
  CHECK(only[0].name == "office");
  CHECK(to_string(*only[1].prefix) == "10.0.0.0/8");
  CHECK(to_string(*only[2].prefix) == "192.0.2.7/32");
  CHECK(options_of<ListOptions>({"list", "--unused", "30d"}).unused == 30 * 24h);
  CHECK(options_of<DeniedOptions>({"denied", "--json"}).json);
  CHECK_FALSE(options_of<DeniedOptions>({"denied"}).top);
  CHECK(options_of<DeniedOptions>({"denied", "--top", "0"}).top == 0U);
  CHECK(options_of<DeniedOptions>({"denied", "--since", "1h"}).since == 1h);
  CHECK(options_of<WatchOptions>({"watch", "--json"}).json);
  CHECK_FALSE(options_of<WatchOptions>({"watch"}).lasts);
  CHECK(options_of<WatchOptions>({"watch", "--for", "30s"}).lasts == 30s);
  CHECK(options_of<SuggestOptions>({"suggest"}).how.max_ranges == 0);
  CHECK(options_of<SuggestOptions>({"suggest"}).how.min_length4 == 24);
  CHECK(options_of<SuggestOptions>({"suggest"}).how.min_length6 == 64);
  const auto suggest = options_of<SuggestOptions>(
      {"suggest", "--max-ranges", "7", "--min-prefix4=20", "--min-prefix6", "48", "--json"});
  CHECK(suggest.how.max_ranges == 7);
  CHECK(suggest.how.min_length4 == 20);
  CHECK(suggest.how.min_length6 == 48);
  CHECK(suggest.json);
  CHECK(options_of<HistoryOptions>({"history", "--json"}).json);
  CHECK(options_of<DiffOptions>({"diff", "--json"}).json);
  CHECK(options_of<ValidateOptions>({"validate"}).files.empty());
  const auto validate = options_of<ValidateOptions>({"validate", "a.toml", "--strict", "b"});
  CHECK(validate.files == Words{"a.toml", "b"});
  CHECK(validate.strict);
  using FileKind = ValidateOptions::Kind;
  CHECK(validate.kind == FileKind::kByName);
  CHECK(options_of<ValidateOptions>({"validate", "--kind", "toml", "-"}).kind == FileKind::kToml);
  CHECK(options_of<ValidateOptions>({"validate", "--kind=ranges", "-", "b"}).files ==
        Words{"-", "b"});
  CHECK_FALSE(options_of<VersionOptions>({"version"}).verbose);
  CHECK(options_of<VersionOptions>({"version", "--verbose"}).verbose);
  CHECK_FALSE(options_of<VersionOptions>({"--version"}).verbose);
  CHECK(options_of<VersionOptions>({"--version", "--verbose"}).verbose);
}

TEST_CASE("metrics go to a file if there is one") {
  CHECK(options_of<MetricsOptions>({"metrics"}).textfile.empty());
  CHECK(options_of<MetricsOptions>({"metrics", "--textfile", "/a/b.prom"}).textfile == "/a/b.prom");
  CHECK(error_of({"metrics", "--textfile", ""}) == "option '--textfile': an empty path");
  CHECK(error_of({"metrics", "x"}) ==
        "argument 'x': not expected here: see 'apiguard metrics --help'");
}

TEST_CASE("check takes addresses and a destination of their family") {
  const auto all = options_of<CheckOptions>({"check", "203.0.113.7", "2001:db8::7", "--json"});
  REQUIRE(all.sources.size() == 2);
  CHECK(to_string(all.sources[0]) == "203.0.113.7");
  CHECK(to_string(all.sources[1]) == "2001:db8::7");
  CHECK(all.json);
  CHECK_FALSE(all.to);

  const auto v4 = options_of<CheckOptions>({"check", "203.0.113.7", "--to", "10.0.0.1:6443"});
  CHECK(to_string(*v4.to) == "10.0.0.1:6443");
  const auto v6 = options_of<CheckOptions>({"check", "--to", "[2001:db8::1]:6443", "2001:db8::7"});
  CHECK(to_string(*v6.to) == "[2001:db8::1]:6443");
  CHECK(to_string(v6.sources[0]) == "2001:db8::7");
}

TEST_CASE("options of every verb stand before or after it") {
  for (const Words& words : {Words{"--config", "/a", "--state-dir=/b", "--run-dir", "/c",
                                   "--pin-dir", "/d", "--verbose", "status", "--json"},
                             Words{"status", "--json", "--config", "/a", "--state-dir", "/b",
                                   "--run-dir=/c", "--pin-dir=/d", "--verbose"}}) {
    const CommandLine line = line_of(words);
    CHECK(line.host.config == "/a");
    CHECK(line.host.state_dir == "/b");
    CHECK(line.host.run_dir == "/c");
    CHECK(line.host.pin_dir == "/d");
    CHECK(line.verbose);
    CHECK(line.command == "status --json");
  }
}

TEST_CASE("places: options win over the environment, which wins over the defaults") {
  CHECK(line_of({"status"}).host.config == "/etc/apiguard/apiguard.toml");
  CHECK(line_of({"status"}).host.state_dir == "/var/lib/apiguard");
  CHECK(line_of({"status"}).host.run_dir == "/run/apiguard");
  CHECK(line_of({"status"}).host.pin_dir == "/sys/fs/bpf/apiguard");

  const Variable config("APIGUARD_CONFIG", "/env/a");
  const Variable state("APIGUARD_STATE_DIR", "/env/b");
  const Variable run("APIGUARD_RUN_DIR", "/env/c");
  const Variable pins("APIGUARD_PIN_DIR", "/env/d");
  const Places places = line_of({"status", "--config", "/a"}).host;
  CHECK(places.config == "/a");
  CHECK(places.state_dir == "/env/b");
  CHECK(places.run_dir == "/env/c");
  CHECK(places.pin_dir == "/env/d");
}

TEST_CASE("an empty variable is none") {
  const Variable config("APIGUARD_CONFIG", "");
  CHECK(line_of({"status"}).host.config == "/etc/apiguard/apiguard.toml");
}

TEST_CASE("the command for history is as typed, places left out, and can be typed again") {
  CHECK(line_of({"allow", "10.0.0.0/8", "--name", "x"}).command == "allow 10.0.0.0/8 --name x");
  CHECK(line_of({"set", ""}).command == "set \"\"");
  CHECK(line_of({"set", "10.0.0.0/8, 192.0.2.1"}).command == "set \"10.0.0.0/8, 192.0.2.1\"");
  CHECK(line_of({"--config", "list", "list"}).command == "list");
}

TEST_CASE("-- ends the options of every verb, before it and behind it") {
  CHECK(options_of<PutOptions>({"allow", "--", "10.0.0.0/8"}).texts == Words{"10.0.0.0/8"});
  CHECK(options_of<PutOptions>({"--", "allow", "10.0.0.0/8"}).texts == Words{"10.0.0.0/8"});
  CHECK(options_of<PutOptions>({"allow", "10.0.0.0/8", "--", "10.1.0.0/16"}).texts.size() == 2);
  CHECK(options_of<PutOptions>({"allow", "--name", "x", "--", "10.0.0.0/8"}).name == "x");
  CHECK(options_of<SetOptions>({"set", "--", ""}).off);
  CHECK(options_of<SetOptions>({"set", "--", "10.0.0.0/8,192.0.2.1"}).texts.size() == 2);
  CHECK(options_of<DetachOptions>({"detach", "--", "--all"}).interfaces == Words{"--all"});
  CHECK_FALSE(options_of<DetachOptions>({"detach", "--", "--all"}).all);
  CHECK(options_of<DetachOptions>({"detach", "--", "--"}).interfaces == Words{"--"});
  CHECK(options_of<ValidateOptions>({"validate", "--", "-", "--strict"}).files ==
        Words{"-", "--strict"});
  CHECK_FALSE(options_of<ValidateOptions>({"validate", "--", "-", "--strict"}).strict);
  CHECK(options_of<ModeOptions>({"mode", "--", "off"}).mode == Mode::kOff);
  CHECK(options_of<RollbackOptions>({"rollback", "--", "7"}).generation == 7);
  CHECK(options_of<RevokeOptions>({"revoke", "--", "office"}).selectors.size() == 1);
  CHECK(options_of<CheckOptions>({"check", "--json", "--", "192.0.2.1"}).json);
  CHECK(options_of<StatusOptions>({"--config", "/x", "--", "status"}).json == false);
  CHECK(line_of({"--config", "allow", "--", "status"}).host.config == "allow");
  CHECK(line_of({"status", "--"}).command == "status");
}

TEST_CASE("behind -- stand arguments alone, and as many as the verb takes") {
  CHECK(error_of({"allow", "--", "--json"}).starts_with("argument '--json': "));
  CHECK(error_of({"allow", "--", ""}).starts_with("argument '': "));
  CHECK(error_of({"allow", "--"}).starts_with("verb 'allow': give CIDR"));
  CHECK(error_of({"status", "--", "x"}) ==
        "argument 'x': not expected here: see 'apiguard status --help'");
  CHECK(error_of({"allow", "--name", "--", "10.0.0.0/8"}) == "option '--name': a value is missing");
  CHECK(error_of({"--", "--version"}) == "a verb is missing: see 'apiguard --help'");
  CHECK(error_of({"--"}) == "a verb is missing: see 'apiguard --help'");
}

TEST_CASE("a repeated command takes options behind it") {
  CHECK(line_of({"allow", "--", "10.0.0.0/8"}).command == "allow 10.0.0.0/8");
  CHECK(line_of({"detach", "--", "-all"}).command == "detach -- -all");
}

TEST_CASE("a word with a line break is none") {
  for (const char* word : {"10.0.0.0/8\n", "a\rb", "\x0b", "x\x0cy"}) {
    CHECK(error_of({"allow", word}).ends_with("': no line breaks"));
    CHECK(error_of({"--config", word, "status"}).ends_with("': no line breaks"));
    CHECK(error_of({word}).find('\n') == std::string::npos);
  }
  const Variable config("APIGUARD_CONFIG", "/x\n/y");
  CHECK(error_of({"status"}).ends_with("': no line breaks"));
}

TEST_CASE("usage errors say what and where") {
  const std::pair<Words, std::string> cases[] = {
      // verbs
      {{"alow", "10.0.0.0/8"},
       "verb 'alow': unknown: did you mean 'allow'? 'apiguard help allow' explains it"},
      {{"--verbose"}, "a verb is missing: see 'apiguard --help'"},
      {{"status", "list"}, "argument 'list': not expected here: see 'apiguard status --help'"},
      {{"--nope", "status"}, "option '--nope': unknown: see 'apiguard status --help'"},
      {{"--nope"}, "option '--nope': unknown: see 'apiguard --help'"},
      {{"status", "--nope"}, "option '--nope': unknown: see 'apiguard status --help'"},
      {{"denied", "--top", "-1"}, "option '--top': '-1': not a whole number from 0 to 1000000"},
      {{"denied", "--top", "ten"}, "option '--top': 'ten': not a whole number from 0 to 1000000"},
      {{"suggest", "--max-ranges", "0"}, "option '--max-ranges': '0': at least 1"},
      {{"suggest", "--min-prefix4", "33"},
       "option '--min-prefix4': '33': not a whole number from 0 to 32"},
      {{"suggest", "--min-prefix6", "129"},
       "option '--min-prefix6': '129': not a whole number from 0 to 128"},
      {{"list", "-x"}, "option '-x': unknown: see 'apiguard list --help'"},
      // options
      {{"allow", "10.0.0.0/8", "--name"}, "option '--name': a value is missing"},
      {{"allow", "--name=", "10.0.0.0/8"}, "option '--name': a value is missing"},
      {{"status", "--config"}, "option '--config': a value is missing"},
      {{"status", "--config", ""}, "option '--config': an empty path"},
      {{"status", "--config", "a", "--config", "b"}, "option '--config': given more than once"},
      {{"allow", "10.0.0.0/8", "--name", "a", "--name", "b"},
       "option '--name': given more than once"},
      {{"check", "192.0.2.1", "--to", "10.0.0.1:1", "--to", "10.0.0.1:2"},
       "option '--to': given more than once"},
      // allow, except
      {{"allow"}, "verb 'allow': give CIDR: see 'apiguard allow --help'"},
      {{"except"}, "verb 'except': give CIDR: see 'apiguard except --help'"},
      {{"allow", "10.0.0.0/8", "--name", "a b"},
       "argument 'a b': unexpected character U+0020 in name 'a b': letters, digits, '.', '_' and "
       "'-' "
       "are allowed: 'a-b' is one"},
      {{"allow", "10.0.0.0/8", "--name", ""}, "argument '': name is empty"},
      {{"allow", "10.0.0.0/8", "--name", "10.0.0.1"},
       "argument '10.0.0.1': name '10.0.0.1' reads as an address"},
      {{"allow", "[10.0.0.0/8,192.0.2.1]"},
       "argument '[10.0.0.0/8,192.0.2.1]': brackets belong to [V6ADDRESS]:PORT"},
      {{"allow", "10.0.0.0/8", "--for", "2h", "--until", "2026-12-01T08:00:00Z"},
       "verb 'allow': either --for or --until, not both: see 'apiguard allow --help'"},
      {{"except", "10.0.0.0/8", "--for", "2h", "--until", "2026-12-01T08:00:00Z"},
       "verb 'except': either --for or --until, not both: see 'apiguard except --help'"},
      {{"allow", "10.0.0.0/8", "--for", "1h", "--for", "2h"},
       "option '--for': given more than once"},
      {{"allow", "10.0.0.0/8", "--until", "x", "--until", "y"},
       "option '--until': given more than once"},
      {{"allow", "10.0.0.0/8", "--for"}, "option '--for': a value is missing"},
      {{"allow", "10.0.0.0/8", "--for", "0s"}, "duration '0s': it is zero"},
      {{"allow", "10.0.0.0/8", "--for", "-2h"}, "duration '-2h': negative"},
      {{"allow", "10.0.0.0/8", "--for=-2h"}, "duration '-2h': negative"},
      {{"allow", "10.0.0.0/8", "--for", "2w"}, "duration '2w': write 14d"},
      {{"allow", "10.0.0.0/8", "--until", "2026-12-01T08:00:00"},
       "time '2026-12-01T08:00:00': the zone is missing: end it with Z or an offset such as "
       "+02:00"},
      {{"allow", "10.0.0.0/8", "--until", "tomorrow"},
       "time 'tomorrow': not RFC 3339, as in 2026-12-01T08:00:00Z"},
      // lease
      {{"lease", "--for", "1h"},
       "verb 'lease': give ADDRESS, --from-ssh or --sync NAME: see 'apiguard lease --help'"},
      {{"lease", "192.0.2.7"}, "verb 'lease': give --for DURATION: see 'apiguard lease --help'"},
      {{"lease", "192.0.2.7", "--from-ssh", "--for", "1h"},
       "verb 'lease': ADDRESS, --from-ssh, --sync, --unbar and --authorized-key exclude each "
       "other: see 'apiguard lease --help'"},
      {{"lease", "--sync", "a", "--name", "b", "--for", "1h"},
       "verb 'lease': --sync NAME names them: leave out --name"},
      {{"lease", "192.0.2.0/24", "--for", "1h"},
       "argument '192.0.2.0/24': a lease is for one address: 'apiguard allow' adds ranges"},
      {{"lease", "192.0.2.7", "--for", "1h", "--prefix6", "56"},
       "option '--prefix6': '56': 128 or 64"},
      {{"lease", "192.0.2.7", "--for", "1h", "--within", "192.0.2.1/24"},
       "option '--within': '192.0.2.1/24': host bits are set: 192.0.2.0/24 is meant?"},
      {{"lease", "192.0.2.7", "--for", "1h", "--user", "a"},
       "option '--user': it belongs to --authorized-key: see 'apiguard lease --help'"},
      // revoke
      {{"revoke"}, "verb 'revoke': give CIDR or NAME: see 'apiguard revoke --help'"},
      {{"revoke", "-office"}, "option '-office': unknown: see 'apiguard revoke --help'"},
      {{"revoke", ".office"},
       "argument '.office': name '.office' must begin with a letter or a digit"},
      // set
      {{"set"}, "verb 'set': give the list: see 'apiguard set --help'"},
      {{"set", "10.0.0.0/8", "192.0.2.1"},
       "argument '192.0.2.1': not expected here: see 'apiguard set --help'"},
      {{"set", "10.0.0.0/8,,192.0.2.1"}, "argument '10.0.0.0/8,,192.0.2.1': empty element"},
      {{"set", "10.0.0.0/8,"}, "argument '10.0.0.0/8,': empty element"},
      {{"set", ","}, "argument ',': empty element"},
      {{"set", " "}, "argument ' ': empty element"},
      // mode, rollback, detach
      {{"mode"}, "verb 'mode': give enforce, audit or off: see 'apiguard mode --help'"},
      {{"mode", "on"},
       "argument 'on': no such mode: enforce, audit or off: did you mean 'enforce'?"},
      {{"mode", "OFF"}, "argument 'OFF': no such mode: enforce, audit or off: did you mean 'off'?"},
      {{"mode", "off", "audit"}, "argument 'audit': not expected here: see 'apiguard mode --help'"},
      {{"rollback", "0"},
       "argument '0': not the number of a generation: 'apiguard history' shows them; without a "
       "number, 'apiguard rollback' restores the previous one"},
      {{"rollback", "-1"},
       "argument '-1': not the number of a generation: 'apiguard history' shows them; without a "
       "number, 'apiguard rollback' restores the previous one"},
      {{"rollback", "1x"},
       "argument '1x': not the number of a generation: 'apiguard history' shows them; without a "
       "number, 'apiguard rollback' restores the previous one"},
      {{"rollback", ""},
       "argument '': not the number of a generation: 'apiguard history' shows them; without a "
       "number, 'apiguard rollback' restores the previous one"},
      {{"rollback", "18446744073709551616"},
       "argument '18446744073709551616': not the number of a generation: 'apiguard history' shows "
       "them; without a number, 'apiguard rollback' restores the previous one"},
      {{"rollback", "1", "2"}, "argument '2': not expected here: see 'apiguard rollback --help'"},
      {{"detach"}, "verb 'detach': give INTERFACE or --all: see 'apiguard detach --help'"},
      {{"detach", "eth1", "--all"},
       "verb 'detach': either INTERFACE or --all, not both: see 'apiguard detach --help'"},
      {{"detach", ""}, "argument '': no interface name"},
      // validate and set
      {{"validate", "--kind", "list", "a"}, "option '--kind': 'list': toml or ranges"},
      {{"validate", "--kind", "toml"}, "option '--kind': FILE is missing, or - for standard input"},
      {{"validate", "-", "a", "-"}, "argument '-': standard input can be read once"},
      {{"set"}, "verb 'set': give the list: see 'apiguard set --help'"},
      {{"set", "--file"}, "option '--file': a value is missing"},
      {{"set", "--file", "a", "--file", "b"}, "option '--file': given more than once"},
      {{"set", "203.0.113.0/24", "--file", "a"},
       "verb 'set': either a list or --file, not both: see 'apiguard set --help'"},
      {{"set", "", "--file", "a"},
       "verb 'set': either a list or --file, not both: see 'apiguard set --help'"},
      {{"set", "--file", ""}, "option '--file': a value is missing"},
      // risks
      {{"apply", "--accept-risk", "everything"},
       "argument 'everything': no such risk: drop-peers, wide, unapplied, shrink, undone, "
       "detached, off, link-reset, generic-xdp or all"},
      {{"apply", "--accept-risk", "wide,,all"}, "argument 'wide,,all': empty element"},
      {{"apply", "--accept-risk", ""}, "argument '': empty element"},
      {{"apply", "--boot", "--trust-clock"},
       "verb 'apply': --trust-clock is a person's word: leave out --boot"},
      {{"apply", "--accept-risk"}, "option '--accept-risk': a value is missing"},
      // check
      {{"check", "203.0.113.7", "--to", ":6443"},
       "argument ':6443': the address is missing: write ADDRESS:PORT, as in 10.0.0.1:6443"},
      {{"check"}, "verb 'check': give ADDRESS: see 'apiguard check --help'"},
      {{"check", "203.0.113.7", "--to", "6443"},
       "argument '6443': the address is missing: write ADDRESS:PORT"},
      {{"check", "2001:db8::7", "--to", "10.0.0.1:6443"},
       "argument '2001:db8::7': its family is not that of --to '10.0.0.1:6443'"},
      {{"check", "2001:db8::7", "192.0.2.1", "--to", "[2001:db8::1]:6443"},
       "argument '192.0.2.1': its family is not that of --to '[2001:db8::1]:6443'"},
  };
  for (const auto& [words, text] : cases) CHECK(error_of(words) == text);
}

TEST_CASE("a bad CIDR is told with the reason that files get, too") {
  for (const char* text : {"10.0.0.300/24", "10.0.0.0/33", "10.0.0/24", "010.0.0.0/8", "::1%eth0",
                           "::ffff:192.0.2.1", "2001:db8::/129", "-x-", "", "10.0.0.0/"}) {
    const std::string reason = parse_prefix(text).error().message;
    const std::string expected = "argument '" + std::string(text) + "': " + reason;
    CHECK(error_of({"allow", "192.0.2.1", "--", text}) == expected);
  }
  const std::string reason = parse_prefix("10.0.0.300/24").error().message;
  CHECK(error_of({"set", "10.0.0.0/8, 10.0.0.300/24"}) == "argument '10.0.0.300/24': " + reason);
  CHECK(error_of({"revoke", "10.0.0.300/24"}) == "argument '10.0.0.300/24': " + reason);
  CHECK(error_of({"revoke", "10.0.0.300"}) ==
        "argument '10.0.0.300': " + parse_prefix("10.0.0.300").error().message);
  CHECK(error_of({"check", "10.0.0.1/8"}) ==
        "argument '10.0.0.1/8': only addresses; 'apiguard list 10.0.0.0/8' shows the ranges that "
        "overlap it");
  CHECK(error_of({"allow", "10.0.0.0/8", "office"}) ==
        "argument 'office': not an address: 'apiguard list office' shows the ranges of that name; "
        "to name a new range, add --name office");
}

TEST_CASE("a bad destination is told with the reason that endpoints get, too") {
  for (const char* text : {"10.0.0.1", "2001:db8::1:6443", "10.0.0.1:0", "10.0.0.1:65536",
                           "10.0.0.1:", "[10.0.0.1]:6443", "0.0.0.0:6443", "x:6443", ""}) {
    CHECK(error_of({"check", "192.0.2.1", "--to", text}) == parse_endpoint(text).error().message);
  }
}

TEST_CASE("every changing verb takes a time to confirm it, from a second to a day") {
  const auto within = [](const Words& words) {
    return options_of<ApplyOptions>(words).flags.confirm_within;
  };
  CHECK_FALSE(within({"apply"}));
  CHECK(within({"apply", "--confirm-within", "1s"}) == 1s);
  CHECK(within({"apply", "--confirm-within=24h"}) == 24h);
  CHECK(options_of<ModeOptions>({"mode", "audit", "--confirm-within", "5m"}).flags.confirm_within ==
        300s);
  CHECK(error_of({"apply", "--confirm-within", "24h1s"}) ==
        "option '--confirm-within': '24h1s': at most 24h");
  CHECK(error_of({"apply", "--confirm-within", "0s"}).find("duration '0s'") == 0);
  CHECK(error_of({"apply", "--confirm-within", "1m", "--confirm-within", "2m"}) ==
        "option '--confirm-within': given more than once");
  CHECK(error_of({"apply", "--boot", "--confirm-within", "1m"}) ==
        "verb 'apply': --boot publishes what is confirmed: leave out --confirm-within");
}

TEST_CASE("JSON is asked for in front of the verb, behind it, and as other tools do") {
  for (const Words& words :
       {Words{"--json", "status"}, Words{"status", "-o", "json"}, Words{"-o", "json", "status"},
        Words{"--output=json", "status"}, Words{"-ojson", "status"},
        Words{"--config", "/a", "--json", "--verbose", "status"}}) {
    CHECK(options_of<StatusOptions>(words).json);
  }
  CHECK(line_of({"--json", "allow", "192.0.2.1"}).command == "allow --json 192.0.2.1");
  CHECK_FALSE(options_of<RevokeOptions>({"revoke", "json"}).flags.json);
  CHECK(options_of<RevokeOptions>({"revoke", "--", "json"}).selectors[0].name == "json");
  CHECK(error_of({"list", "-o", "yaml"}) == "option '-o': 'yaml': json or wide, or leave it out");
  CHECK(error_of({"status", "-o", "wide"}) == "option '-o': 'wide': json alone, or leave it out");
  CHECK(options_of<ListOptions>({"list", "-o", "wide"}).wide);
  CHECK_FALSE(options_of<ListOptions>({"list", "-o", "wide"}).json);
  CHECK(options_of<HistoryOptions>({"--wide", "history"}).wide);
  CHECK(options_of<DeniedOptions>({"denied", "--wide"}).wide);
  CHECK(options_of<CheckOptions>({"check", "192.0.2.1", "--wide"}).wide);
  CHECK_FALSE(options_of<ListOptions>({"list"}).wide);
  CHECK(error_of({"list", "-o"}) == "option '--output': a value is missing");
  CHECK(error_of({"list", "-o", "json", "-o", "json"}) == "option '-o': given more than once");
  CHECK(error_of({"--json", "run"}) == "option '--json': unknown: see 'apiguard run --help'");
  CHECK(error_of({"--json"}) == "a verb is missing: see 'apiguard --help'");
  CHECK(error_of({"run", "-o", "json"}) == "option '--output': unknown: see 'apiguard run --help'");
}

TEST_CASE("a refused command line is answered in JSON where a change was meant") {
  for (const Words& words :
       {Words{"allow", "192.0.2.1/40", "--json"}, Words{"--json", "remove", "x"},
        Words{"-o", "json", "detach"}, Words{"--json"}, Words{"lease", "--json", "--nope"}}) {
    const Printed printed = printed_of(words);
    CHECK(printed.text == "apiguard: " + printed.refused + "\n");
  }
  for (const Words& words : {Words{"allow", "192.0.2.1/40"}, Words{"allow", "--", "--json"},
                             Words{"check", "x", "--json"}, Words{"allow", "x", "-o", "yaml"},
                             Words{}, Words{"--help", "--json"}}) {
    CHECK(printed_of(words).refused.empty());
  }
}

TEST_CASE("help is asked for as a verb, too") {
  CHECK(help_of({"help"}) == help_of({"--help"}));
  CHECK(help_of({"--", "help"}) == help_of({"--help"}));
  CHECK(help_of({"--config", "help", "help"}) == help_of({"--help"}));
  for (const std::string& name : verb_names())
    CHECK(help_of({"help", name}) == help_of({name, "--help"}));
  CHECK(error_of({"help", "remove"}) == error_of({"remove"}));
  CHECK(options_of<RevokeOptions>({"revoke", "help"}).selectors[0].name == "help");
  CHECK_FALSE(options_of<VersionOptions>({"-V"}).verbose);
}

TEST_CASE("verbs and options that are not built are unknown") {
  for (const char* verb : {"doctor", "frobnicate"}) {
    CHECK(error_of({verb}) ==
          "verb '" + std::string(verb) + "': unknown: 'apiguard help' lists the verbs");
    CHECK(help_of({"--help"}).find(" " + std::string(verb) + " ") == std::string::npos);
  }
  CHECK(error_of({"detach", "--all", "--confirm-within=1m"}) ==
        "option '--confirm-within=1m': unknown: see 'apiguard detach --help'");
  CHECK(error_of({"revoke", "10.0.0.0/8", "--for=2h"}) ==
        "option '--for=2h': unknown: see 'apiguard revoke --help'");
  CHECK(error_of({"set", "10.0.0.0/8", "--until=x"}) ==
        "option '--until=x': unknown: see 'apiguard set --help'");
  CHECK(error_of({"check", "10.0.0.1", "--unused=30d"}) ==
        "option '--unused=30d': unknown: see 'apiguard check --help'");
}

TEST_CASE("run: no arguments, no options") {
  CHECK(std::holds_alternative<RunOptions>(line_of({"run"}).verb));
  CHECK(error_of({"run", "x"}) == "argument 'x': not expected here: see 'apiguard run --help'");
  CHECK(error_of({"run", "--json"}) == "option '--json': unknown: see 'apiguard run --help'");
}

TEST_CASE("no words at all: the help, as an error") {
  const Printed printed = printed_of({});
  CHECK(printed.exit == Exit::kUsage);
  CHECK(printed.text == help_of({"--help"}));
}

TEST_CASE("the main help groups the verbs and tells the exit statuses") {
  const std::string help = help_of({"--help"});
  CHECK(help == help_of({"-h"}));
  const auto change = help.find("\nChange what is in force:\n");
  const auto look = help.find("\nLook:\n");
  const auto exits = help.find("\nExit status:\n");
  REQUIRE(change != std::string::npos);
  REQUIRE(look != std::string::npos);
  REQUIRE(exits != std::string::npos);
  CHECK(change < look);
  CHECK(look < exits);
  for (const std::string& name : verb_names()) {
    CHECK(help.find("\n  " + name + " ") != std::string::npos);
  }
  CHECK(lines_in(help) <= 60);
}

TEST_CASE("the help of a verb is one screen with two or three examples") {
  for (const VerbHelp& verb : verb_helps()) {
    const std::string name(verb.name);
    const std::string help = help_of({name, "--help"});
    INFO(help);
    CHECK(help == help_of({"--help", name}));
    CHECK(help.find("Usage: apiguard " + name) != std::string::npos);
    CHECK(lines_in(help) <= 24);
    std::istringstream lines(help);
    int examples = 0;
    for (std::string line; std::getline(lines, line);) {
      CHECK(line.size() <= 90);
      if (line.find("  ") == 0 && line.find("apiguard " + name) != std::string::npos) ++examples;
    }
    CHECK(examples >= 2);
    CHECK(examples <= 3);
  }
}

TEST_CASE("the manual page has exactly the verbs of the help") {
  std::istringstream lines(manual());
  std::vector<std::string> names;
  for (std::string line; std::getline(lines, line);) {
    const std::string macro = ".It Ic ";
    if (line.find(macro) != 0) continue;
    names.push_back(line.substr(macro.size(), line.find(' ', macro.size()) - macro.size()));
  }
  CHECK(names == verb_names());
}

TEST_CASE("the manual page knows every option of the help, and no other") {
  const std::string text = manual();
  for (const char* option :
       {"config",  "state-dir", "run-dir",    "pin-dir",     "verbose",        "version", "help",
        "dry-run", "strict",    "json",       "accept-risk", "confirm-within", "boot",    "name",
        "for",     "until",     "all",        "to",          "print",          "root",    "unused",
        "top",     "since",     "max-ranges", "min-prefix4", "min-prefix6",    "textfile"}) {
    CHECK(text.find("Fl -" + std::string(option)) != std::string::npos);
  }
}

TEST_CASE("the manual page says of each verb what the help says") {
  const std::string text = manual();
  for (const VerbHelp& verb : verb_helps()) {
    if (verb.name == "edit") continue;  // names a variable in a macro
    CHECK(text.find("\n" + std::string(verb.summary) + "\n") != std::string::npos);
  }
}
