// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/cli/habits.hpp"

#include <algorithm>
#include <sstream>
#include <vector>

#include "loader/cli/options.hpp"
#include "loader/cli/word_order.hpp"
#include "tests/support/catch.hpp"

using namespace apiguard::cli;

namespace {

const CommandTree& tree() {
  static const CommandTree kTree = command_tree();
  return kTree;
}

const VerbInfo* verb_named(const std::string& name) {
  const auto found = std::find_if(tree().verbs.begin(), tree().verbs.end(),
                                  [&](const VerbInfo& verb) { return verb.name == name; });
  return found == tree().verbs.end() ? nullptr : &*found;
}

std::string on_verb(const std::string& word) { return advice_on_verb(word, tree()); }

std::string on_option(const std::string& option, const std::string& verb = "") {
  return advice_on_option(option, verb.empty() ? nullptr : verb_named(verb), tree());
}

// The verbs of the commands in quotes.
Words verbs_in(const std::string& advice) {
  const std::string begin = "'apiguard ";
  Words verbs;
  for (std::size_t at = advice.find(begin); at != std::string::npos; at = advice.find(begin, at)) {
    at += begin.size();
    verbs.push_back(advice.substr(at, advice.find_first_of(" '", at) - at));
  }
  return verbs;
}

bool takes_value(std::string_view option) { return option == "--config"; }

Words moved(const Words& words) { return with_answers_behind(words, takes_value); }

}  // namespace

TEST_CASE("verbs of other tools are answered with ours, which exist") {
  std::istringstream words(
      // ufw, nft, ipset, firewall-cmd, fail2ban
      "add delete deny reject limit enable disable reload reset logging insert remove del flush "
      "show get save restore monitor destroy swap test banned unban state "
      // kubectl, systemctl, tailscale, the clouds
      "describe explain logs top create patch start stop restart is-active mask up down "
      "update whoami-not rm ls whitelist allowlist block ban load undo revert commit config "
      "uninstall on off plan lint usage");
  for (std::string word; words >> word;) {
    const std::string advice = on_verb(word);
    INFO(word << ": " << advice);
    CHECK_FALSE(verbs_in(advice).empty());
    CHECK(advice.find('\n') == std::string::npos);
    for (const std::string& verb : verbs_in(advice)) CHECK(verb_named(verb) != nullptr);
    CHECK(verb_named(word) == nullptr);
  }
  CHECK(on_verb("remove") == "'apiguard revoke NAME|CIDR' removes a range");
  CHECK(on_verb("REMOVE") == on_verb("remove"));
  CHECK(on_verb("reload") == "'apiguard apply' publishes the files");
  CHECK(on_verb("flush").find("'apiguard mode off'") != std::string::npos);
}

TEST_CASE("a misspelt verb, one that is cut short, and one that is an address") {
  const auto meant = [](const std::string& verb) {
    return "did you mean '" + verb + "'? 'apiguard help " + verb + "' explains it";
  };
  CHECK(on_verb("alow") == meant("allow"));
  CHECK(on_verb("statsu") == meant("status"));
  CHECK(on_verb("lits") == meant("list"));
  CHECK(on_verb("Denied") == meant("denied"));
  CHECK(on_verb("hist") == meant("history"));
  CHECK(on_verb("roll") == meant("rollback"));
  CHECK(on_verb("re") == meant("revoke"));
  CHECK(on_verb("reloda") == on_verb("reload"));
  CHECK(on_verb("10.1.0.0/16") ==
        "'apiguard allow 10.1.0.0/16' adds it, 'apiguard list 10.1.0.0/16' shows what is listed");
  CHECK(on_verb("2001:db8::7").find("allow 2001:db8::7/128'") != std::string::npos);
  for (const char* word : {"frobnicate", "", "x", "doctor", "--json", "\x1b[31m"})
    CHECK(on_verb(word) == "'apiguard help' lists the verbs");
}

TEST_CASE("options of other tools, where the verb has ours") {
  CHECK(on_option("--force", "revoke").find("--accept-risk") == 1);
  CHECK(on_option("--force", "status") == "see 'apiguard status --help'");
  CHECK(on_option("--comment=x", "allow").find("--why") == 1);
  CHECK(on_option("--comment", "revoke") == "see 'apiguard revoke --help'");
  CHECK(on_option("--ttl", "allow").find("--for") == 1);
  CHECK(on_option("-n", "denied").find("--top") == 1);
  CHECK(on_option("-n", "apply").find("--dry-run") == 1);
  CHECK(on_option("--filename", "set").find("--file FILE") == 1);
  CHECK(on_option("--filename", "apply").find("--with") == 1);
  CHECK(on_option("-j", "list").find("--json") == 1);
  CHECK(on_option("--list-all").find("'apiguard list'") == 0);
  CHECK(on_option("--add-source=192.0.2.1").find("'apiguard allow CIDR'") == 0);
}

TEST_CASE("a misspelt option") {
  CHECK(on_option("--confim-within=2m", "allow") ==
        "did you mean '--confirm-within'? see 'apiguard allow --help'");
  CHECK(on_option("--dry_run", "apply") == "did you mean '--dry-run'? see 'apiguard apply --help'");
  CHECK(on_option("--jsno", "status") == "did you mean '--json'? see 'apiguard status --help'");
  CHECK(on_option("--state_dir") == "did you mean '--state-dir'? see 'apiguard --help'");
  CHECK(on_option("-x", "list") == "see 'apiguard list --help'");
  CHECK(on_option("--nope") == "see 'apiguard --help'");
}

TEST_CASE("modes of other tools") {
  CHECK(advice_on_mode("on") == ": did you mean 'enforce'?");
  CHECK(advice_on_mode("Enforcing") == ": did you mean 'enforce'?");
  CHECK(advice_on_mode("permissive") == ": did you mean 'audit'?");
  CHECK(advice_on_mode("aduit") == ": did you mean 'audit'?");
  CHECK(advice_on_mode("disabled") == ": did you mean 'off'?");
  CHECK(advice_on_mode("OFF") == ": did you mean 'off'?");
  for (const char* word : {"", "sometimes", "x"}) CHECK(advice_on_mode(word).empty());
}

TEST_CASE("how an answer is wanted goes behind the verb, with its arguments in their order") {
  CHECK(moved({"--json", "list", "a"}) == Words{"list", "--json", "a"});
  CHECK(moved({"-o", "json", "--config", "c", "list"}) ==
        Words{"--config", "c", "list", "--output", "json"});
  CHECK(moved({"--config", "--json", "list"}) == Words{"--config", "--json", "list"});
  CHECK(moved({"--config", "list", "--json", "list"}) ==
        Words{"--config", "list", "list", "--json"});
  CHECK(moved({"--output=json", "--wide", "list"}) == Words{"list", "--output=json", "--wide"});
  CHECK(moved({"--json", "--", "list"}) == Words{"--", "list"});
  CHECK(moved({"list", "--json"}) == Words{"list", "--json"});
  CHECK(moved({"-o"}).empty());
  CHECK(moved({"list", "-ojson", "-o=x", "--", "-o"}) ==
        Words{"list", "--output=json", "--output=x", "--", "-o"});
  CHECK(moved({"revoke", "-office"}) == Words{"revoke", "-office"});
  CHECK(moved({"-office", "list"}) == Words{"-office", "list"});
  CHECK(moved({}).empty());
}

TEST_CASE("help as an option") {
  CHECK(with_help_as_option({"help"}, 0) == Words{"--help"});
  CHECK(with_help_as_option({"--config", "c", "help", "allow"}, 2) ==
        Words{"--config", "c", "allow", "--help"});
  CHECK(with_help_as_option({"help", "-h"}, 0) == Words{"help", "-h"});
  CHECK(with_help_as_option({"revoke", "help"}, 0) == Words{"revoke", "help"});
  CHECK(with_help_as_option({}, 0).empty());
}

TEST_CASE("whether JSON is asked for") {
  for (const Words& words : {Words{"a", "--json"}, Words{"-o", "json"}, Words{"-ojson"},
                             Words{"x", "--output", "json"}, Words{"--output=json"}})
    CHECK(asks_for_json(words));
  for (const Words& words :
       {Words{}, Words{"json"}, Words{"-o"}, Words{"-o", "--", "json"}, Words{"--", "--json"}})
    CHECK_FALSE(asks_for_json(words));
}
