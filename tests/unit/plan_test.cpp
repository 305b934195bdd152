// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// What a change would do, planned in a world that is written down here: links, interfaces and texts
// are plain values, and nothing of it is in any kernel. No privilege is needed.
#include "loader/publish/make_plan.hpp"

#include <linux/if_arp.h>
#include <linux/if_link.h>

#include <algorithm>
#include <string>
#include <vector>

#include "loader/datapath/generation.hpp"
#include "loader/host/files.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/folder.hpp"

using namespace apiguard;
using namespace apiguard::publish;

namespace {

constexpr const char* kOffice = "203.0.113.0/24 name=office\n";
constexpr std::uint32_t kProgram = 71;
constexpr int kFirst = 1'000'000'000;

std::string config_of(const std::string& mode, const std::string& interfaces) {
  return "interfaces = [" + interfaces + "]\nmode = \"" + mode + "\"\n";
}

// Nobody on the host that runs this test is asked about: in audit no client can be cut.
std::string audit(const std::string& interfaces = "\"gate0\"") {
  return config_of("audit", interfaces);
}

Sources text(const std::string& config, const std::string& list) {
  Sources sources;
  sources.config = {"apiguard.toml", "apiguard.toml", config, true};
  sources.ranges = {"authorized-ranges", "authorized-ranges", list, true};
  return sources;
}

Policy policy_of(const Sources& sources) {
  auto parsed = parse_policy(sources, {.lint = false});
  REQUIRE(parsed);
  return std::move(parsed->policy);
}

Interface interface(const std::string& name, int ifindex) {
  Interface interface;
  interface.name = name;
  interface.ifindex = ifindex;
  interface.type = ARPHRD_ETHER;
  interface.kind = "dummy";
  return interface;
}

Request request_of(const Sources& sources) {
  Request request;
  request.verb = "apply";
  request.sources = sources;
  request.policy = policy_of(sources);
  return request;
}

class Stage {
 public:
  Stage() : host_(Places{"", folder_ / "state", folder_ / "run", folder_ / "pins"}) {}

  World world;

  // No interface of the host that runs this has such a number.
  void has(const std::string& name, int number) {
    world.interfaces.push_back(interface(name, kFirst + number));
  }
  // Generation 4 of this text is in force on these interfaces, and the state has it.
  void enforces(const Sources& sources, const std::vector<std::string>& guarded) {
    InForce in_force;
    in_force.generation = 4;
    in_force.settings.build = datapath::program_build();
    in_force.stored = StoredGeneration{{}, sources};
    in_force.stored->meta.generation = 4;
    in_force.config = policy_of(sources);
    world.in_force = std::move(in_force);
    world.live.generation = 4;
    world.stored = {3, 4};
    world.marked = 4;
    for (Interface& one : world.interfaces) {
      if (std::find(guarded.begin(), guarded.end(), one.name) == guarded.end()) continue;
      link(one);
    }
    note_guarded(world);
  }
  // A link whose device is not, or no more, in this network namespace.
  void has_link_of_none() {
    world.live.links.push_back({"pin", datapath::interface_point(0), 99, kProgram, 4, 0});
  }

  // Generation `number` brought this in, and was undone.
  void undid(std::uint64_t number, const Sources& sources, const Sources& before) {
    REQUIRE(make_directory(host_.state_dir, 0700));
    REQUIRE(add_undone(host_.state_dir, number, sources, before));
  }

  [[nodiscard]] Plan plan(const Request& request) const {
    auto plan = make_plan(host_, world, request);
    INFO((plan ? std::string() : plan.error().message));
    REQUIRE(plan);
    return std::move(*plan);
  }
  [[nodiscard]] Error refusal(const Request& request) const {
    const auto plan = make_plan(host_, world, request);
    REQUIRE_FALSE(plan);
    return plan.error();
  }

 private:
  void link(Interface& one) {
    one.xdp_prog_id = kProgram;
    world.live.links.push_back({"pin-" + one.name, datapath::interface_point(one.ifindex),
                                static_cast<std::uint32_t>(one.ifindex), kProgram, 4, 0});
  }

  test::Folder folder_;
  Host host_;
};

std::vector<std::string> names_of(const std::vector<Risk>& risks) {
  std::vector<std::string> names;
  for (const Risk& risk : risks) names.push_back(risk.name);
  return names;
}

std::vector<std::string> names_of(const std::vector<datapath::Target>& targets) {
  std::vector<std::string> names;
  for (const datapath::Target& target : targets) names.push_back(target.name);
  return names;
}

bool holds(const std::vector<std::string>& texts, const std::string& part) {
  return std::any_of(texts.begin(), texts.end(),
                     [&](const std::string& text) { return text.find(part) != std::string::npos; });
}

using Names = std::vector<std::string>;

}  // namespace

TEST_CASE("where nothing is in force, all of the text is new") {
  Stage stage;
  stage.has("lo", 1);
  stage.has("gate0", 2);
  const Plan plan = stage.plan(request_of(text(audit(), kOffice)));
  CHECK(plan.generation == 1);
  CHECK_FALSE(plan.unchanged);
  CHECK_FALSE(plan.attach_only);
  CHECK_FALSE(plan.as_edition);
  CHECK_FALSE(plan.all_detached);
  CHECK(names_of(plan.targets) == Names{"gate0"});
  CHECK(plan.targets.front().link_id == 0);
  REQUIRE(plan.difference.added.size() == 1);
  CHECK(to_string(plan.difference.added.front().prefix) == "203.0.113.0/24");
  CHECK(plan.difference.removed.empty());
  CHECK(plan.risks.empty());
  CHECK(plan.cut.empty());
  CHECK_FALSE(plan.book);
}

TEST_CASE("a number is given once, also where a generation was never in force") {
  Stage stage;
  stage.has("gate0", 2);
  stage.world.stored = {1, 8};
  CHECK(stage.plan(request_of(text(audit(), kOffice))).generation == 9);
  stage.world.marked = 11;
  CHECK(stage.plan(request_of(text(audit(), kOffice))).generation == 12);
}

TEST_CASE("the text in force on every interface is unchanged") {
  Stage stage;
  stage.has("gate0", 2);
  const Sources same = text(audit(), kOffice);
  stage.enforces(same, {"gate0"});
  const Plan plan = stage.plan(request_of(same));
  CHECK(plan.unchanged);
  CHECK_FALSE(plan.attach_only);
  CHECK(plan.generation == 4);
  CHECK(plan.difference.empty());
  CHECK(plan.risks.empty());

  // A comment more is another text, though nothing is judged otherwise.
  const Plan comment = stage.plan(request_of(text(audit(), std::string("# office\n") + kOffice)));
  CHECK_FALSE(comment.unchanged);
  CHECK(comment.generation == 5);
  CHECK(comment.difference.empty());
}

TEST_CASE("another program, or a text that is lost, is published anew") {
  Stage stage;
  stage.has("gate0", 2);
  const Sources same = text(audit(), kOffice);
  stage.enforces(same, {"gate0"});
  stage.world.in_force->settings.build ^= 1U;
  CHECK_FALSE(stage.plan(request_of(same)).unchanged);
  stage.world.in_force->settings.build ^= 1U;
  CHECK(stage.plan(request_of(same)).unchanged);
  stage.world.in_force->stored.reset();
  stage.world.in_force->config.reset();
  CHECK(stage.plan(request_of(same)).generation == 5);
}

TEST_CASE("an interface without its link is attached, and keeps the generation") {
  Stage stage;
  stage.has("gate0", 2);
  stage.has("gate1", 3);
  const Sources same = text(audit(R"("gate0", "gate1")"), kOffice);
  stage.enforces(same, {"gate0"});
  const Plan plan = stage.plan(request_of(same));
  CHECK(plan.attach_only);
  CHECK_FALSE(plan.unchanged);
  CHECK(plan.generation == 4);
  CHECK(names_of(plan.targets) == Names{"gate0", "gate1"});
  // What must be confirmed needs a number of its own to be undone.
  Request waits = request_of(same);
  waits.confirm_within = 60s;
  const Plan confirmed = stage.plan(waits);
  CHECK_FALSE(confirmed.attach_only);
  CHECK(confirmed.generation == 5);
}

TEST_CASE("one of two interfaces is gone: the other is guarded, and that is said") {
  Stage stage;
  stage.has("gate0", 2);
  const Sources same = text(audit(R"("gate0", "gate1")"), kOffice);
  stage.enforces(same, {"gate0"});
  const Plan plan = stage.plan(request_of(same));
  CHECK(plan.unchanged);
  CHECK(names_of(plan.targets) == Names{"gate0"});
  CHECK(holds(plan.warnings, "interface 'gate1': does not exist: guarded when it appears"));

  // The link of the device that went is left over: somebody has to take it away.
  stage.has_link_of_none();
  const Plan left_over = stage.plan(request_of(same));
  CHECK_FALSE(left_over.unchanged);
  CHECK(left_over.attach_only);
}

TEST_CASE("where none of the interfaces exists there is nothing to plan") {
  Stage stage;
  stage.has("other", 2);
  const Error error = stage.refusal(request_of(text(audit(), kOffice)));
  CHECK(error.exit == Exit::kFailed);
  CHECK(error.message.find("none of the configured ones exists (gate0)") != std::string::npos);
}

TEST_CASE("the mode in which a program is attached is not changed under it") {
  Stage stage;
  stage.has("gate0", 2);
  stage.enforces(text(audit(), kOffice), {"gate0"});
  stage.world.interfaces.front().xdp_attached = XDP_ATTACHED_DRV;
  const std::string generic = audit() + "xdp_mode = \"generic\"\n";
  const Error error = stage.refusal(request_of(text(generic, kOffice)));
  CHECK(error.exit == Exit::kFailed);
  CHECK(error.message ==
        "interface 'gate0': attached in native mode, xdp_mode is \"generic\": to change it, run "
        "'apiguard detach gate0', then 'apiguard apply'");
  CHECK(stage.plan(request_of(text(audit() + "xdp_mode = \"native\"\n", kOffice))).generation == 5);
  // A boot guards what it can and says so when it tries.
  Request boot = request_of(text(generic, kOffice));
  boot.kind = Request::Kind::kBoot;
  CHECK(names_of(stage.plan(boot).targets) == Names{"gate0"});
}

TEST_CASE("a wide range is a risk when it is new, and only then") {
  Stage stage;
  stage.has("gate0", 2);
  const std::string wide = "10.0.0.0/7\n";
  const Plan plan = stage.plan(request_of(text(audit(), wide)));
  REQUIRE(names_of(plan.risks) == Names{"wide"});
  CHECK(plan.risks.front().message.find("allow 10.0.0.0/7") != std::string::npos);

  Request accepted = request_of(text(audit(), wide));
  accepted.accepted = {"wide"};
  CHECK(stage.plan(accepted).risks.empty());
  Request boot = request_of(text(audit(), wide));
  boot.kind = Request::Kind::kBoot;
  CHECK(stage.plan(boot).risks.empty());

  stage.enforces(text(audit(), wide), {"gate0"});
  CHECK(stage.plan(request_of(text(audit(), wide + kOffice))).risks.empty());
}

TEST_CASE("where a range begins to be wide") {
  const auto is_wide_range = [](const char* cidr) {
    return is_wide({parse_prefix(cidr)->prefix, Kind::kAllow, "", std::nullopt, {}});
  };
  CHECK(is_wide_range("10.0.0.0/7"));
  CHECK_FALSE(is_wide_range("10.0.0.0/8"));
  CHECK(is_wide_range("2000::/15"));
  CHECK_FALSE(is_wide_range("2001::/16"));
}

TEST_CASE("edits beyond the change are a risk that shows them") {
  Stage stage;
  stage.has("gate0", 2);
  stage.enforces(text(audit(), kOffice), {"gate0"});
  Request request = request_of(text(audit(), std::string(kOffice) + "192.0.2.7\n"));
  request.unapplied.settings = {"mode: audit -> enforce"};
  request.unapplied.added = {
      {parse_prefix("198.51.100.0/24")->prefix, Kind::kAllow, "", std::nullopt, {}}};
  const Plan plan = stage.plan(request);
  REQUIRE(names_of(plan.risks) == Names{"unapplied"});
  CHECK(plan.risks.front().message.find("mode: audit -> enforce") != std::string::npos);
  CHECK(plan.risks.front().message.find("+ 198.51.100.0/24") != std::string::npos);
  request.accepted = {"unapplied"};
  CHECK(stage.plan(request).risks.empty());
}

TEST_CASE("a file that an undone change brought in comes back only when it is asked for") {
  Stage stage;
  stage.has("gate0", 2);
  const Sources before = text(audit(), kOffice);
  stage.enforces(before, {"gate0"});
  const Sources undone = text(audit(), "192.0.2.0/24\n");
  stage.undid(7, undone, before);
  Request request = request_of(undone);
  const Plan plan = stage.plan(request);
  REQUIRE(names_of(plan.risks) == Names{"undone"});
  CHECK(plan.risks.front().message.find("'authorized-ranges' as generation 7 brought it in") !=
        std::string::npos);
  CHECK(plan.undone.size() == 1);

  // To be confirmed, it is a warning; another text is neither.
  request.confirm_within = 60s;
  CHECK(stage.plan(request).risks.empty());
  CHECK(holds(stage.plan(request).warnings, "an undone change would take effect again"));
  CHECK(stage.plan(request_of(text(audit(), "192.0.2.0/25\n"))).risks.empty());
  // A way out is never refused for it.
  Request out = request_of(undone);
  out.kind = Request::Kind::kWayOut;
  CHECK(stage.plan(out).undone.empty());
}

TEST_CASE("what a person detached stays so, and asks whoever would attach it again") {
  Stage stage;
  stage.has("gate0", 2);
  stage.has("gate1", 3);
  const Sources same = text(audit(R"("gate0", "gate1")"), kOffice);
  stage.enforces(same, {"gate0"});
  Request request = request_of(text(audit(R"("gate0", "gate1")"), "192.0.2.0/24\n"));
  request.detached = Detached({{"gate1", std::nullopt, "alice", kFirst + 3}});
  const Plan plan = stage.plan(request);
  CHECK(names_of(plan.targets) == Names{"gate0"});
  CHECK(holds(plan.notes, "interface 'gate1': not attached: detached by alice"));
  CHECK(plan.risks.empty());
  CHECK_FALSE(plan.all_detached);

  request.attaches = true;
  const Plan again = stage.plan(request);
  CHECK(names_of(again.targets) == Names{"gate0", "gate1"});
  CHECK(names_of(again.risks) == Names{"detached"});
  request.accepted = {"all", "detached"};
  CHECK(stage.plan(request).risks.empty());
}

TEST_CASE("a mark on an interface that has a link of ours is void") {
  Stage stage;
  stage.has("gate0", 2);
  const Sources same = text(audit(), kOffice);
  stage.enforces(same, {"gate0"});
  Request request = request_of(same);
  request.detached = Detached({{"gate0", std::nullopt, "alice", kFirst + 2}});
  const Plan plan = stage.plan(request);
  CHECK(plan.unchanged);
  CHECK(names_of(plan.targets) == Names{"gate0"});
  CHECK(plan.notes.empty());
}

TEST_CASE("where everything is detached only the text changes") {
  Stage stage;
  stage.has("gate0", 2);
  Request request = request_of(text(audit(), std::string(kOffice) + "192.0.2.0/24\n"));
  request.detached = Detached({{kDetachedAll, std::nullopt, "alice", 0}});
  request.edits = {{"authorized-ranges", "authorized-ranges", kOffice, true,
                    std::string(kOffice) + "192.0.2.0/24\n"}};
  const Plan plan = stage.plan(request);
  CHECK(plan.all_detached);
  CHECK(plan.targets.empty());
  CHECK_FALSE(plan.unchanged);
  REQUIRE(plan.difference.added.size() == 1);
  CHECK(to_string(plan.difference.added.front().prefix) == "192.0.2.0/24");

  request.edits.clear();
  CHECK(stage.plan(request).unchanged);
}

TEST_CASE("an empty list that turns the filter off is asked about, once") {
  Stage stage;
  stage.has("gate0", 2);
  stage.enforces(text(audit(), kOffice), {"gate0"});
  Request request = request_of(text(config_of("off", "\"gate0\""), kOffice));
  CHECK(stage.plan(request).risks.empty());
  request.asks_off = true;
  CHECK(names_of(stage.plan(request).risks) == Names{"off"});
  request.accepted = {"off"};
  CHECK(stage.plan(request).risks.empty());
  Stage off;
  off.has("gate0", 2);
  off.enforces(text(config_of("off", "\"gate0\""), kOffice), {"gate0"});
  request.accepted.clear();
  CHECK(off.plan(request).risks.empty());
}

TEST_CASE("nothing is published over what waits for its confirmation, but a way out") {
  Stage stage;
  stage.has("gate0", 2);
  stage.enforces(text(audit(), kOffice), {"gate0"});
  PendingConfirmation window;
  window.generation = 4;
  window.before = 3;
  window.deadline = BootTime(1ns);
  stage.world.window = window;
  Request request = request_of(text(audit(), "192.0.2.0/24\n"));
  CHECK(stage.refusal(request).message == "generation 4: not confirmed yet");
  request.kind = Request::Kind::kWayOut;
  CHECK(stage.plan(request).generation == 5);
}

TEST_CASE("numbers end, and what must go on goes on") {
  Stage stage;
  stage.has("gate0", 2);
  constexpr std::uint64_t kLast = (std::uint64_t{1} << 63) - 1;
  stage.world.stored = {6, kLast};
  Request request = request_of(text(audit(), kOffice));
  CHECK(stage.refusal(request).exit == Exit::kFailed);
  request.kind = Request::Kind::kBoot;
  CHECK(stage.plan(request).generation == 7);
}
