// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/cli/complete.hpp"

#include <algorithm>

#include "loader/cli/help.hpp"
#include "loader/cli/options.hpp"
#include "tests/support/catch.hpp"

using namespace apiguard;
using namespace apiguard::cli;

namespace {

using Words = std::vector<std::string>;

class Fake : public Surroundings {
 public:
  std::vector<Candidate> range_names(const Places& places) override {
    config = places.config;
    return {{"office", ""}, {"office-guests", ""}, {"ci", ""}};
  }
  std::vector<Candidate> generations(const Places& places) override {
    state_dir = places.state_dir;
    return {{"17", "2026-12-01T08:00:00Z apply"}, {"16", ""}};
  }
  std::vector<Candidate> guarded_interfaces() override { return {{"eth0", ""}, {"eth1", ""}}; }

  std::string config;
  std::string state_dir;
};

Words completed(const Words& words, Fake& around) {
  Words found;
  for (const auto& candidate : complete(command_tree(), words, {}, around)) {
    found.push_back(candidate.word);
  }
  return found;
}

Words completed(const Words& words) {
  Fake around;
  return completed(words, around);
}

bool offers(const Words& words, const std::string& word) {
  const Words found = completed(words);
  return std::find(found.begin(), found.end(), word) != found.end();
}

}  // namespace

TEST_CASE("the tree has every verb of the help, and every option its names, value and summary") {
  const CommandTree tree = command_tree();
  REQUIRE(tree.verbs.size() == verb_helps().size());
  for (std::size_t i = 0; i < tree.verbs.size(); ++i) {
    CHECK(tree.verbs[i].name == verb_helps()[i].name);
    CHECK(tree.verbs[i].summary == verb_helps()[i].summary);
    for (const OptionInfo& option : tree.verbs[i].options) {
      REQUIRE_FALSE(option.names.empty());
      CHECK_FALSE(option.summary.empty());
    }
  }
  const auto& config = tree.options[2];
  CHECK(config.names == Words{"--config"});
  CHECK(config.type == "FILE");
  CHECK(tree.options[0].names == Words{"--help", "-h"});
  CHECK(tree.options[0].type.empty());
}

TEST_CASE("the first word is a verb, with what it does") {
  CHECK(completed({""}).size() == verb_helps().size());
  CHECK(completed({}).size() == verb_helps().size());
  CHECK(completed({"re"}) == Words{"revoke"});
  CHECK(completed({"ro"}) == Words{"rollback"});
  CHECK(completed({"--verbose", "stat"}) == Words{"status"});
  CHECK(completed({"--config", "list", "stat"}) == Words{"status"});
  CHECK(completed({"--config=list", "stat"}) == Words{"status"});
  CHECK(completed({"zzz"}).empty());
  Fake around;
  CHECK(complete(command_tree(), {"dif"}, {}, around) ==
        std::vector<Candidate>{{"diff", "Compare the files with the generation in force."}});
}

TEST_CASE("options are those of the verb and those of all verbs") {
  CHECK(completed({"--con"}) == Words{"--config"});
  CHECK(completed({"apply", "--con"}) == Words{"--confirm-within", "--config"});
  CHECK(offers({"apply", "-"}, "--boot"));
  CHECK_FALSE(offers({"allow", "-"}, "--boot"));
  CHECK(offers({"allow", "192.0.2.1", "--"}, "--name"));
  CHECK(offers({"detach", "--"}, "--all"));
}

TEST_CASE("the value of an option comes after it or behind the sign") {
  CHECK(completed({"allow", "--name", "off"}) == Words{"office", "office-guests"});
  CHECK(completed({"allow", "--name=off"}) == Words{"--name=office", "--name=office-guests"});
  CHECK(completed({"status", "--config", ""}) == Words{":file"});
  CHECK(completed({"status", "--config=/e"}) == Words{":file"});
  CHECK(completed({"--state-dir", "x"}) == Words{":dir"});
  CHECK(completed({"init", "--root", ""}) == Words{":dir"});
  CHECK(completed({"apply", "--accept-risk", "w"}) == Words{"wide"});
  CHECK(completed({"apply", "--accept-risk", "wide,u"}) == Words{"wide,unapplied", "wide,undone"});
  CHECK(completed({"apply", "--confirm-within", "5"}) == Words{"5m"});
  CHECK(completed({"list", "--unused", ""}) == Words{"7d", "30d", "90d"});
  CHECK(completed({"allow", "--until", ""}).empty());
  CHECK(completed({"apply", "--boot=x"}).empty());
  CHECK(completed({"list", "-o", ""}) == Words{"json", "wide"});
  CHECK(completed({"list", "--output=j"}) == Words{"--output=json"});
  CHECK(completed({"status", "-o", ""}) == Words{"json"});
  CHECK(completed({"run", "-o", ""}).empty());
  CHECK(completed({"apply", "--nope=x"}).empty());
}

TEST_CASE("arguments are what the verb takes") {
  CHECK(completed({"revoke", "c"}) == Words{"ci"});
  CHECK(completed({"revoke", "ci", "o"}) == Words{"office", "office-guests"});
  CHECK(completed({"list", "o"}) == Words{"office", "office-guests"});
  CHECK(completed({"rollback", ""}) == Words{"17", "16"});
  CHECK(completed({"detach", ""}) == Words{"eth0", "eth1"});
  CHECK(completed({"mode", ""}) == Words{"enforce", "audit", "off"});
  CHECK(completed({"mode", "a"}) == Words{"audit"});
  CHECK(completed({"validate", ""}) == Words{":file"});
  CHECK(completed({"help", ""}).size() == verb_helps().size());
  CHECK(completed({"help", "rev"}) == Words{"revoke"});
  CHECK(completed({"allow", ""}).empty());
  CHECK(completed({"check", "1"}).empty());
  CHECK(completed({"status", ""}).empty());
  CHECK(completed({"nonsense", ""}).size() == verb_helps().size());
}

TEST_CASE("behind -- stand arguments alone") {
  CHECK(completed({"detach", "--", "e"}) == Words{"eth0", "eth1"});
  CHECK(completed({"detach", "--", "--"}).empty());
  CHECK(completed({"mode", "--json", "--", "a"}) == Words{"audit"});
  CHECK(completed({"--", "mode", ""}) == Words{"enforce", "audit", "off"});
}

TEST_CASE("names and generations are those of the places on the line") {
  Fake around;
  completed({"--config", "/a/b.toml", "revoke", ""}, around);
  CHECK(around.config == "/a/b.toml");
  completed({"rollback", "--state-dir=/s", ""}, around);
  CHECK(around.state_dir == "/s");
  completed({"revoke", ""}, around);
  CHECK(around.config == Places{}.config);
}

TEST_CASE("the hidden verb is no verb of the command line") {
  for (const VerbInfo& verb : command_tree().verbs) CHECK(verb.name != kCompleteVerb);
  const char* words[] = {"apiguard", kCompleteVerb};
  const auto parsed = parse(2, words);
  REQUIRE(std::holds_alternative<Printed>(parsed));
  CHECK(std::get<Printed>(parsed).exit == Exit::kUsage);
}
