// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// From the files of a host to a proposed configuration. tests/hosts has hosts as they are found.
#include "loader/propose/proposal.hpp"

#include <linux/if_arp.h>

#include <algorithm>
#include <array>

#include "loader/policy/text.hpp"
#include "loader/propose/words.hpp"
#include "loader/propose/yaml.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/folder.hpp"

using namespace apiguard;
using namespace apiguard::propose;

namespace {

using Words = std::vector<std::string>;

const std::string kHosts = APIGUARD_POLICIES "/../hosts/";

// ---- YAML

constexpr std::array<std::string_view, 3> kWanted = {"a", "list", "z"};

// "a=1 list=x,y" of what was read.
std::string read(std::string_view text) {
  std::string out;
  for (const Entry& entry : read_mapping(text, kWanted).entries) {
    out += (out.empty() ? "" : " ") + entry.key + "=";
    for (std::size_t i = 0; i < entry.values.size(); ++i) {
      out += (i == 0 ? "" : "|") + entry.values[i];
    }
  }
  return out;
}

Words unread(std::string_view text) { return read_mapping(text, kWanted).unread; }

// Nothing is taken, and it is said why.
void refuses(std::string_view text, const std::string& reason) {
  CAPTURE(text);
  CHECK(read(text).empty());
  CHECK(unread(text) == Words{reason});
}

// ---- a machine

Address address(const std::string& text) { return *parse_address(text); }

Interface make_interface(const std::string& name, int ifindex, const std::string& kind = "") {
  Interface interface;
  interface.name = name;
  interface.ifindex = ifindex;
  interface.type = name == "lo" ? ARPHRD_LOOPBACK : ARPHRD_ETHER;
  if (name.starts_with("wg")) interface.type = ARPHRD_NONE;
  interface.kind = kind;
  return interface;
}

InterfaceAddress own(int ifindex, const std::string& text, std::uint8_t length,
                     bool global = true) {
  return {ifindex, address(text), length, global};
}

Connection connected(const std::string& peer, int interface = 2) {
  return {address(peer), address("10.20.0.5"), 6443, 0, interface};
}

// eth0 with the nodes and the default route, eth1, a tunnel, and two pods.
Machine make_machine() {
  Machine machine;
  machine.interfaces = {make_interface("lo", 1),
                        make_interface("eth0", 2),
                        make_interface("eth1", 3),
                        make_interface("wg0", 4),
                        make_interface("veth1", 5, "veth"),
                        make_interface("veth2", 6, "veth"),
                        make_interface("cni0", 7, "bridge")};
  machine.addresses = {own(1, "127.0.0.1", 8, false), own(2, "10.20.0.5", 24),
                       own(2, "fe80::5", 64, false),  own(2, "2001:db8:20::5", 64),
                       own(3, "192.168.7.5", 16),     own(7, "10.244.0.1", 24)};
  machine.default_routes = {2};
  return machine;
}

Facts kubeadm_facts() { return read_facts(kHosts + "kubeadm"); }

Words texts_of(const std::vector<Choice>& choices) {
  Words texts;
  for (const Choice& choice : choices) texts.push_back(choice.text);
  return texts;
}

std::vector<std::uint16_t> numbers_of(const std::vector<Port>& ports) {
  std::vector<std::uint16_t> numbers;
  for (const Port& port : ports) numbers.push_back(port.port);
  return numbers;
}

Words cidrs_of(const std::vector<Network>& networks) {
  Words texts;
  for (const Network& network : networks) texts.push_back(to_string(network.prefix));
  return texts;
}

Words texts_of(const std::vector<Address>& addresses) {
  Words texts;
  for (const Address& each : addresses) texts.push_back(to_string(each));
  return texts;
}

// Without the path in front, which is another on every machine.
Words below(const std::string& root, Words texts) {
  for (std::string& text : texts) {
    for (std::size_t at = text.find(root); at != std::string::npos; at = text.find(root)) {
      text.erase(at, root.size());
    }
  }
  return texts;
}

bool says(const Words& texts, std::string_view part) {
  return std::any_of(texts.begin(), texts.end(),
                     [&](const std::string& text) { return text.find(part) != std::string::npos; });
}

// What our own reader makes of the proposed file: no error and no warning.
Policy policy_of(const Proposal& proposal) {
  const std::string text = to_toml(proposal);
  CAPTURE(text);
  const auto parsed = parse_config({"apiguard.toml", "/apiguard.toml", text, true}, {});
  if (!parsed) FAIL(parsed.error().message);
  CHECK(parsed->warnings == Words{});
  CHECK(parsed->policy.mode == Mode::kAudit);
  return parsed->policy;
}

Words cluster_of(const Policy& policy) {
  Words texts;
  for (const Range& range : policy.ranges) texts.push_back(to_string(range.prefix));
  return texts;
}

}  // namespace

// ---- YAML

TEST_CASE("scalars: plain and quoted, with comments") {
  CHECK(read("a: 6443") == "a=6443");
  CHECK(read("a:   x y  # comment\n") == "a=x y");
  CHECK(read("a: x#y\n") == "a=x#y");
  CHECK(read("a: \"x # y\" # z\n") == "a=x # y");
  CHECK(read("a: 'it''s'\n") == "a=it's");
  CHECK(read("\"a\": 1\n'z': 2\n") == "a=1 z=2");
  CHECK(read("a: https://10.0.0.1:6443\n") == "a=https://10.0.0.1:6443");
  CHECK(read("a: fd00::1\r\nz: 2\r\n") == "a=fd00::1 z=2");
  CHECK(read("a:\nz: ''\n") == "a= z=");
  CHECK(read("a: # nothing\n").substr(0, 2) == "a=");
  CHECK(read("\xef\xbb\xbf%YAML 1.2\n---\n# c\n\na: 1\n...\nz: 2\n") == "a=1");
  CHECK(read("a: 1\na+: 2\na: 3\n") == "a=1 a+=2 a=3");
  CHECK(read("") == "");
}

TEST_CASE("lists: indented or not, or in brackets") {
  CHECK(read("list:\n  - x # c\n\n  # c\n  - \"y z\"\na: 1\n") == "list=x|y z a=1");
  CHECK(read("list:\n- x\n- 'y'\nz: 1\n") == "list=x|y z=1");
  CHECK(read("list: [x, 'y, z', \"w\"]  # c\n") == "list=x|y, z|w");
  CHECK(read("list: []\n") == "list=");
  CHECK(read("list: [fd00::/112,10.0.0.0/8,]\n") == "list=fd00::/112|10.0.0.0/8");
}

TEST_CASE("what is not wanted is skipped, however it looks") {
  CHECK(read("b: |\n  a: 1\n  list: [\n\na: 2\n") == "a=2");
  CHECK(read("b:\n  a: 1\n\t- x\nb2:\n- a: 1\n  z: 2\nz: 3\n") == "z=3");
  CHECK(read("b: &x *y !z {\nb3: \"open\na: 1\n") == "a=1");
  CHECK(unread("b: |\n  a: 1\nc: {a: 1,\n  z: 2}\n").empty());
}

TEST_CASE("what is wanted and cannot be read is told with its line") {
  refuses("\na: |\n  x\n", "line 2: key 'a': a value of several lines");
  refuses("a: |\n", "line 1: key 'a': a text of several lines");
  refuses("a: x\n  y\n", "line 1: key 'a': a value of several lines");
  refuses("a: *x\n", "line 1: key 'a': an anchor or alias");
  refuses("a: !!str x\n", "line 1: key 'a': a tag");
  refuses("a: \"x\n", "line 1: key 'a': a quote that does not end on its line");
  refuses("a: \"x\" y\n", "line 1: key 'a': text after the closing quote");
  refuses("a: \"x\\ty\"\n", "line 1: key 'a': an escape with a backslash");
  refuses("a: {x: y}\n", "line 1: key 'a': '{x: y}': not a plain value");
  refuses("a: x: y\n", "line 1: key 'a': a mapping inside");
  refuses("list: [x,\n  y]\n", "line 1: key 'list': a value of several lines");
  refuses("list: [x\n", "line 1: key 'list': a list that does not end on its line");
  refuses("list: [x, [y]]\n", "line 1: key 'list': a list inside");
  refuses("list: [x,,y]\n", "line 1: key 'list': an empty element");
  refuses("list:\n  - x\n  - y: z\n", "line 1: key 'list': line 3: a mapping inside");
  refuses("list:\n  - x\n    - y\n", "line 1: key 'list': line 3 is not an item of a plain list");
  refuses("list:\n  x: y\n", "line 1: key 'list': line 2 is not an item of a plain list");
  refuses("x\n", "line 1: no 'key: value'");
  refuses("{\"a\": 1}\n", "line 1: no 'key: value'");
  refuses("  a: 1\n", "line 1: indented, but below nothing");
  refuses("\ta: 1\n", "line 1: indented, but below nothing");
  refuses("- a: 1\n", "line 1: no 'key: value'");
  CHECK(read("a: 1\n---\na: 2\n") == "a=1");
  CHECK(unread("a: 1\n---\na: 2\n") == Words{"line 2: a second document"});
}

TEST_CASE("the command of one container of a manifest") {
  const auto words = [](std::string_view text) { return read_manifest(text, "apiserver").words; };
  CHECK(words("containers:\n- command:\n  - apiserver\n  - --x=1\n  args: [--y, \"2\"]\n") ==
        Words{"apiserver", "--x=1", "--y", "2"});
  CHECK(words("spec:\n  initContainers:\n  - command: [apiserver]\n  containers:\n"
              "  # c\n  -   args:\n      - --y\n      command:\n        - /bin/apiserver\n") ==
        Words{"/bin/apiserver", "--y"});
  CHECK(words("spec:\n  containers:\n    - name: x\n      command: [x]\n"
              "    - name: y\n      env:\n      - name: z\n        value: |\n          args:\n"
              "      command: [\"apiserver\", '-v', 2]\n  volumes:\n  - command: [apiserver]\n") ==
        Words{"apiserver", "-v", "2"});
  for (const char* text : {"", "containers:\n", "containers: []\n", "containers:\n  x: y\n",
                           "containers:\n- command: [other]\n", "{\"containers\": []}\n"}) {
    CAPTURE(text);
    CHECK(words(text).empty());
    CHECK(read_manifest(text, "apiserver").unread ==
          Words{"no container that runs 'apiserver' in a list of 'containers:'"});
  }
  const Command broken =
      read_manifest("containers:\n- args:\n  - --y\n  command: *x\n", "apiserver");
  CHECK(broken.unread.front() == "line 4: key 'command': an anchor or alias");
}

// ---- command lines

TEST_CASE("what a unit starts") {
  const auto words = [](const Words& texts) { return read_exec_start(texts).words; };
  CHECK(words({"[Service]\nExecStart=/bin/k3s server\n"}) == Words{"/bin/k3s", "server"});
  CHECK(words({"[Service]\nExecStart = -@/bin/k3s \\\n  'a b' \\\n# c\n;c\n\t\"c\" d\\ e\n"}) ==
        Words{"/bin/k3s", "a b", "c", "d e"});
  CHECK(words({"[Service]\nExecStart=/bin/k3s 'it'\\''s' x=\"y z\" \\\n\n[Install]\n"}) ==
        Words{"/bin/k3s", "it's", "x=y z"});
  CHECK(words({"[Service]\nExecStart=/bin/a\nExecStart=/bin/b x\n"}) == Words{"/bin/b", "x"});
  CHECK(words({"[Service]\nExecStart=/bin/a\n", "[Service]\nExecStart=\nExecStart=/bin/b\n"}) ==
        Words{"/bin/b"});
  CHECK(words({"[Service]\nExecStart=/bin/a\n", "[Service]\nExecStart=\n"}).empty());
  CHECK(words({"[Unit]\nExecStart=/bin/a\n[Service]\nExecStartPre=/bin/b\nExecStart\n"}).empty());
  const ExecStart open = read_exec_start(Words{"[Service]\n\nExecStart=/bin/a 'x\n"});
  CHECK(open.words.empty());
  CHECK(open.unread == Words{"line 3: ExecStart: a quote that does not end"});
}

TEST_CASE("options of a command line") {
  const Options options = read_options(
      Words{"k3s", "server", "--a=1", "--b", "2", "--c", "--a", "3", "-d", "x", "--e="});
  CHECK(options ==
        Options{{"a", {"1", "3"}}, {"b", {"2"}}, {"c", {""}}, {"d", {"x"}}, {"e", {""}}});
  CHECK(read_options(Words{"-", "--"}).empty());
}

// ---- the files of a host

TEST_CASE("kubeadm: the manifests") {
  const Facts facts = kubeadm_facts();
  CHECK(numbers_of(facts.ports) == std::vector<std::uint16_t>{8443});
  CHECK(texts_of(facts.advertised) == Words{"10.20.0.5"});
  CHECK(cidrs_of(facts.pods) == Words{"10.244.0.0/16"});
  CHECK(cidrs_of(facts.services) == Words{"10.96.0.0/12", "fd00:96::/108"});
  CHECK(facts.bound.empty());
  CHECK(facts.unread.empty());
  CHECK(facts.doubts.empty());
  CHECK(below(kHosts, facts.took) ==
        Words{"kubeadm/etc/kubernetes/manifests/kube-apiserver.yaml: kubeadm: port 8443, "
              "advertise-address 10.20.0.5, services 10.96.0.0/12, services fd00:96::/108",
              "kubeadm/etc/kubernetes/manifests/kube-controller-manager.yaml: kubeadm: pods "
              "10.244.0.0/16"});
}

TEST_CASE("k3s: drop-ins in name order, then the command line of the unit") {
  const Facts facts = read_facts(kHosts + "k3s");
  CHECK(numbers_of(facts.ports) == std::vector<std::uint16_t>{6445});
  CHECK(texts_of(facts.advertised) == Words{"10.20.0.7", "10.20.0.6"});
  CHECK(cidrs_of(facts.pods) == Words{"10.62.0.0/16"});
  CHECK(cidrs_of(facts.services) == Words{"10.53.0.0/16", "fd00:53::/112"});
  CHECK(facts.names == Words{"k3s.example.com", "10.20.0.100", "api.example.com"});
  CHECK(cidrs_of(facts.joined) == Words{"10.20.0.5/32"});
  CHECK(facts.unread == Words{});
  CHECK(facts.doubts == Words{});
}

TEST_CASE("k3s: what is not said has its default, and an agent is none") {
  test::Folder folder;
  std::filesystem::create_directories(folder / "etc/systemd/system");
  const std::string unit = folder / "etc/systemd/system/k3s.service";
  test::put(unit, "[Service]\nExecStart=/usr/local/bin/k3s server\n");
  const Facts facts = read_facts(folder.path());
  CHECK(numbers_of(facts.ports) == std::vector<std::uint16_t>{6443});
  CHECK(cidrs_of(facts.pods) == Words{"10.42.0.0/16"});
  CHECK(says(facts.took, "pods by default 10.42.0.0/16"));
  CHECK(facts.doubts == Words{});
  test::put(unit, "[Service]\nExecStart=/usr/local/bin/k3s agent --server https://10.0.0.1:6443\n");
  CHECK(read_facts(folder.path()).took == Words{});
}

TEST_CASE("k3s: a configuration file elsewhere, a changed command line, only drop-ins") {
  test::Folder folder;
  const std::string drop_ins = folder / "etc/systemd/system/k3s.service.d";
  std::filesystem::create_directories(drop_ins);
  std::filesystem::create_directories(folder / "usr/lib/systemd/system");
  std::filesystem::create_directories(folder / "srv/k3s.yaml.d");
  test::put(folder / "usr/lib/systemd/system/k3s.service",
            "[Service]\nExecStart=/bin/k3s server\n");
  test::put(drop_ins + "/10.conf",
            "[Service]\nExecStart=\nExecStart=/bin/k3s server --config /srv/k3s.yaml\n");
  test::put(folder / "srv/k3s.yaml.d/1.yaml", "https-listen-port: 7443\n");
  CHECK(numbers_of(read_facts(folder.path()).ports) == std::vector<std::uint16_t>{7443});
}

TEST_CASE("RKE2: the supervisor is an endpoint as well") {
  const Facts facts = read_facts(kHosts + "rke2");
  CHECK(numbers_of(facts.ports) == std::vector<std::uint16_t>{6443, 9345});
  CHECK(texts_of(facts.advertised) == Words{"10.20.0.8"});
  CHECK(texts_of(facts.bound) == Words{"10.20.0.8"});
  CHECK(cidrs_of(facts.pods) == Words{"10.42.0.0/16"});
  CHECK(cidrs_of(facts.services) == Words{"10.143.0.0/16"});
  CHECK(facts.joined.empty());  // a name, which is not resolved
  CHECK(facts.names == Words{"rke2.example.com"});
  CHECK(says(facts.doubts, "may be that of an agent"));
}

TEST_CASE("RKE2: a server without a configuration file") {
  test::Folder folder;
  std::filesystem::create_directories(folder / "var/lib/rancher/rke2/server");
  const Facts facts = read_facts(folder.path());
  CHECK(numbers_of(facts.ports) == std::vector<std::uint16_t>{6443, 9345});
  CHECK(cidrs_of(facts.pods) == Words{"10.42.0.0/16"});
  CHECK(facts.doubts == Words{});
}

TEST_CASE(
    "files that cannot be understood are told, line by line, and nothing is guessed of them") {
  const Facts facts = read_facts(kHosts + "broken");
  const std::string k3s = "broken/etc/rancher/k3s/config.yaml: ";
  CHECK(below(kHosts, facts.unread) ==
        Words{"broken/etc/kubernetes/manifests/kube-apiserver.yaml: no container that runs "
              "'kube-apiserver' in a list of 'containers:'",
              "broken/etc/systemd/system/k3s.service: line 2: ExecStart: a quote that does not end",
              k3s + "line 3: key 'tls-san': a value of several lines",
              k3s + "line 5: key 'cluster-cidr': an anchor or alias",
              k3s + "line 6: key 'service-cidr': line 8: a mapping inside",
              k3s + "line 9: key 'advertise-address': a quote that does not end on its line",
              k3s + "line 10: no 'key: value'", k3s + "https-listen-port '64,430': no port",
              k3s + "node-ip 'eth0': " + parse_address("eth0").error().message});
  CHECK(numbers_of(facts.ports) == std::vector<std::uint16_t>{6443});
  CHECK(facts.advertised.empty());
  CHECK(facts.pods.empty());
  CHECK(facts.services.empty());
  CHECK(says(facts.doubts, "so 6443 is a guess"));
  CHECK(says(facts.doubts, "the subnet of the pods"));
}

TEST_CASE("k3s: a value that cannot be read hides those of earlier files, and is not the default") {
  test::Folder folder;
  std::filesystem::create_directories(folder / "etc/rancher/k3s/config.yaml.d");
  test::put(folder / "etc/rancher/k3s/config.yaml",
            "https-listen-port: 7443\ncluster-cidr: 10.52.0.0/16\n");
  test::put(folder / "etc/rancher/k3s/config.yaml.d/1.yaml",
            "https-listen-port: *port\ncluster-cidr: *pods\n");
  const Facts facts = read_facts(folder.path());
  CHECK(numbers_of(facts.ports) == std::vector<std::uint16_t>{6443});
  CHECK(facts.pods.empty());
  CHECK(says(facts.doubts, "so 6443 is a guess"));
  test::put(folder / "etc/rancher/k3s/config.yaml.d/2.yaml",
            "https-listen-port: 8443\ncluster-cidr: 10.62.0.0/16\n");
  const Facts later = read_facts(folder.path());
  CHECK(numbers_of(later.ports) == std::vector<std::uint16_t>{8443});
  CHECK(cidrs_of(later.pods) == Words{"10.62.0.0/16"});
  CHECK_FALSE(says(later.doubts, "guess"));
}

TEST_CASE("a file that may not be read is told, a folder without files is nothing") {
  test::Folder folder;
  CHECK(read_facts(folder.path()).took.empty());
  CHECK(read_facts(folder.path()).unread.empty());
  std::filesystem::create_directories(folder / "etc/kubernetes/manifests/kube-apiserver.yaml");
  CHECK(says(read_facts(folder.path()).unread,
             "kube-apiserver.yaml': open: it is not a regular file"));
}

// ---- proposals

TEST_CASE("kubeadm: a whole proposal, which our own reader takes") {
  Machine machine = make_machine();
  machine.connections = {connected("10.20.0.6"),    connected("10.20.0.6"),
                         connected("203.0.113.7"),  connected("198.51.100.9"),
                         connected("198.51.100.9"), connected("10.20.0.5", 1),
                         connected("127.0.0.1", 1), connected("10.244.0.9", 7)};
  const Proposal proposal = propose::propose(kubeadm_facts(), machine, address("192.0.2.7"));
  CHECK(texts_of(proposal.interfaces) == Words{"eth0"});
  CHECK(texts_of(proposal.left_out) == Words{"eth1", "wg0", "cni0", "2 veth"});
  CHECK(texts_of(proposal.cluster) == Words{"10.20.0.0/24", "10.244.0.0/16"});
  CHECK(proposal.doubtful.empty());
  REQUIRE(proposal.unlisted.size() == 2);
  CHECK(to_string(proposal.unlisted[0].address) == "198.51.100.9");
  CHECK(proposal.unlisted[0].connections == 2);
  CHECK(says(
      proposal.took,
      "connected now: 1 in the ranges of 'cluster', 2 outside, 1 on cni0, which is not guarded"));
  CHECK(says(proposal.unknown, "'apiguard allow 192.0.2.7 --name admin'"));
  CHECK(says(proposal.unknown, "load balancers"));

  const Policy policy = policy_of(proposal);
  CHECK(policy.interfaces == Words{"eth0"});
  CHECK(policy.endpoints == std::vector<Endpoint>{{std::nullopt, 8443}});
  CHECK(cluster_of(policy) == Words{"10.20.0.0/24", "10.244.0.0/16"});
  const std::string text = to_toml(proposal);
  CHECK(text.find("#   apiguard allow 198.51.100.9 --name NAME   # 2 connections\n") !=
        std::string::npos);
  CHECK(text.find("mode = \"audit\"\n") != std::string::npos);
  CHECK(to_toml(propose::propose(kubeadm_facts(), machine, address("192.0.2.7"))) == text);
}

TEST_CASE("nothing on the host says anything: the usual port, and the words for it") {
  const Facts facts;
  const Proposal proposal = propose::propose(facts, Machine{}, std::nullopt);
  const Policy policy = policy_of(proposal);
  CHECK(policy.interfaces == Words{"en*", "eth*"});
  CHECK(policy.endpoints == std::vector<Endpoint>{{std::nullopt, 6443}});
  CHECK(policy.ranges.empty());
  CHECK(says(proposal.took, "no file of kubeadm, k3s or RKE2"));
  CHECK(says(proposal.unknown, "6443 is a guess"));
  CHECK(says(proposal.unknown, "the interfaces: "));
  CHECK(says(proposal.unknown, "the subnet of the nodes"));
}

TEST_CASE("an advertised address on another interface: both are guarded") {
  Facts facts;
  facts.advertised = {address("192.168.7.5")};
  const Proposal proposal = propose::propose(facts, make_machine(), std::nullopt);
  CHECK(texts_of(proposal.interfaces) == Words{"eth0", "eth1"});
  CHECK(texts_of(proposal.cluster) == Words{"192.168.0.0/16"});
  CHECK(cluster_of(policy_of(proposal)) == Words{"192.168.0.0/16"});
}

TEST_CASE("an advertised address that is not here is said") {
  Facts facts;
  facts.advertised = {address("10.99.0.1")};
  const Proposal proposal = propose::propose(facts, make_machine(), std::nullopt);
  CHECK(texts_of(proposal.interfaces) == Words{"eth0"});
  CHECK(texts_of(proposal.cluster) == Words{"10.20.0.0/24"});
  CHECK(says(proposal.unknown, "the advertised address 10.99.0.1"));
}

TEST_CASE("a public subnet is left to a person, and its machines are named") {
  Machine machine = make_machine();
  machine.addresses = {own(2, "203.0.113.5", 24), own(2, "2001:db8:20::5", 64)};
  machine.connections = {connected("203.0.113.9")};
  const Proposal proposal = propose::propose({}, machine, address("203.0.113.5"));
  CHECK(proposal.cluster.empty());
  CHECK(texts_of(proposal.doubtful) == Words{"203.0.113.0/24"});
  CHECK(proposal.unlisted.size() == 1);
  CHECK(policy_of(proposal).ranges.empty());
  CHECK(to_toml(proposal).find("# \"203.0.113.0/24\",  # nodes, a guess") != std::string::npos);
  CHECK_FALSE(says(proposal.unknown, "--name admin"));  // an own address
}

TEST_CASE("ranges inside of others, and own addresses, are left out") {
  Machine machine = make_machine();
  machine.addresses = {own(2, "10.20.0.5", 8)};
  Facts facts = kubeadm_facts();
  facts.joined = {{{address("10.20.0.6"), 32}, "joined"},
                  {{address("192.0.2.6"), 32}, "joined"},
                  {{address("10.20.0.5"), 32}, "joined"}};
  const Proposal proposal = propose::propose(facts, machine, std::nullopt);
  CHECK(texts_of(proposal.cluster) == Words{"10.0.0.0/8", "192.0.2.6/32"});
  CHECK(cluster_of(policy_of(proposal)) == Words{"10.0.0.0/8", "192.0.2.6/32"});
}

TEST_CASE("addresses without a subnet say nothing of nodes; IPv6 alone is as good as IPv4") {
  Machine machine = make_machine();
  machine.addresses = {own(2, "10.20.0.5", 32)};
  CHECK(propose::propose({}, machine, std::nullopt).cluster.empty());
  machine.addresses = {own(2, "fd00:20::5", 64), own(2, "fe80::5", 64, false)};
  CHECK(texts_of(propose::propose({}, machine, std::nullopt).cluster) == Words{"fd00:20::/64"});
}

TEST_CASE("a default route by an interface that cannot be guarded is said") {
  Machine machine = make_machine();
  machine.default_routes = {2, 4};
  const Proposal proposal = propose::propose({}, machine, std::nullopt);
  CHECK(texts_of(proposal.interfaces) == Words{"eth0"});
  CHECK(says(proposal.unknown, "clients that arrive on wg0 (default route)"));
}

TEST_CASE("notes on endpoints: bound to an address, inside the ports of this host") {
  Facts facts;
  facts.ports = {{40000, "kube-apiserver"}};
  facts.bound = {address("10.20.0.5")};
  const std::string text = to_toml(propose::propose(facts, make_machine(), std::nullopt));
  CHECK(text.find("# Note: the API server listens on 10.20.0.5 alone: \"10.20.0.5:40000\"") !=
        std::string::npos);
  CHECK(text.find("net.ipv4.ip_local_reserved_ports=40000") != std::string::npos);
}

TEST_CASE("who is connected may stay unknown") {
  Machine machine = make_machine();
  machine.no_connections = "netlink 'sock_diag': open: no such file or directory";
  const Proposal proposal = propose::propose({}, machine, std::nullopt);
  CHECK(says(proposal.unknown, "clients connected now: netlink 'sock_diag'"));
  CHECK(policy_of(proposal).interfaces == Words{"eth0"});
}

TEST_CASE("nothing of a file or a name gets out of its comment or string") {
  Machine machine = make_machine();
  machine.interfaces[1].name = "e\"\\x";
  Facts facts;
  facts.ports = {{6443, "x\nmode = \"off\"\x01\xff"}};
  const Policy policy = policy_of(propose::propose(facts, machine, std::nullopt));
  CHECK(policy.interfaces == Words{"e\"\\x"});
}

TEST_CASE("many peers and interfaces: the first are shown, the rest counted") {
  Machine machine = make_machine();
  for (int i = 0; i < 30; ++i) {
    machine.interfaces.push_back(make_interface("x" + std::to_string(i), 100 + i));
    machine.connections.push_back(connected("203.0.113." + std::to_string(i + 1)));
  }
  const std::string text = to_toml(propose::propose({}, machine, std::nullopt));
  CHECK(text.find("#   ... and 10 more\n") != std::string::npos);
  CHECK(text.find("#   ... and 14 more\n") != std::string::npos);
}

TEST_CASE("what is said of a proposal fits a screen, what a person has to know first") {
  propose::Proposal proposal;
  for (int i = 0; i < 10; ++i) proposal.took.push_back("file " + std::to_string(i));
  proposal.unread = {"one", "two"};
  proposal.unknown = {"who you are", std::string(100, 'x'), "what you want"};
  const auto rows = [](const std::string& text, std::size_t columns) {
    std::size_t count = 0, begin = 0;
    for (std::size_t end; (end = text.find('\n', begin)) != std::string::npos; begin = end + 1)
      count += std::max<std::size_t>(1, (end - begin + columns - 1) / columns);
    return count;
  };
  for (std::size_t size = 8; size <= 24; ++size) {
    const std::string text = to_screen(proposal, {size, 80});
    INFO(size << "\n" << text);
    CHECK(rows(text, 80) <= size);
  }
  CHECK(to_screen(proposal, {100, 80}) == to_text(proposal));
  const std::string some = to_screen(proposal, {14, 80});
  CHECK(some.find("what you want") != std::string::npos);
  CHECK(some.find("file 0") != std::string::npos);
  CHECK(some.find("file 9") == std::string::npos);
  CHECK(some.find("more: 'apiguard init --print' shows all") != std::string::npos);
  CHECK(to_screen({}, {24, 80}).empty());
  CHECK(to_screen(proposal, {0, 0}).find("could not know:") != std::string::npos);
}
