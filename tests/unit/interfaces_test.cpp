// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/host/interfaces.hpp"

#include <linux/if_arp.h>

#include <algorithm>

#include "tests/support/catch.hpp"

using namespace apiguard;

namespace {

using Names = std::vector<std::string>;

Interface make(const std::string& name, int ifindex, int master = 0, const std::string& kind = "") {
  Interface interface;
  interface.name = name;
  interface.ifindex = ifindex;
  interface.type = name == "lo" ? ARPHRD_LOOPBACK : ARPHRD_ETHER;
  interface.master = master;
  interface.kind = kind;
  return interface;
}

// A bond of two ports in a bridge, a bridge with a container, a VRF, and one alone.
std::vector<Interface> host() {
  return {make("lo", 1),
          make("en0", 2, 10),
          make("en1", 3, 10),
          make("en2", 4),
          make("bond0", 10, 20, "bond"),
          make("br0", 20, 0, "bridge"),
          make("br1", 21, 0, "bridge"),
          make("veth0", 30, 21, "veth"),
          make("en3", 5, 40),
          make("vrf0", 40, 0, "vrf")};
}

Names names_of(const Selection& selection) {
  Names names;
  for (const Interface& interface : selection.interfaces) names.push_back(interface.name);
  return names;
}

Names selected(const Names& wanted) { return names_of(select_interfaces(host(), wanted)); }

Names absent(const Names& wanted) { return select_interfaces(host(), wanted).absent; }

}  // namespace

TEST_CASE("names match exactly, in the order wanted, each once") {
  CHECK(selected({"en2", "en0"}) == Names{"en2", "en0"});
  CHECK(selected({"en2", "en2", "en*"}) == Names{"en2", "en0", "en1", "en3"});
  CHECK(selected({"en"}).empty());
  CHECK(selected({"EN2"}).empty());
  CHECK(selected({}).empty());
}

TEST_CASE("globs are those of the shell") {
  CHECK(selected({"en?"}) == Names{"en0", "en1", "en2", "en3"});
  CHECK(selected({"en[12]"}) == Names{"en1", "en2"});
  CHECK(selected({"en[!12]"}) == Names{"en0", "en3"});
  CHECK(selected({"br*"}) == Names{"br0", "br1"});
}

TEST_CASE("lo is guarded by name, never by a glob") {
  CHECK(selected({"lo"}) == Names{"lo"});
  CHECK(selected({"l*"}).empty());
  CHECK(absent({"l*"}) == Names{"l*"});
  CHECK(selected({"?o", "lo"}) == Names{"lo"});
}

TEST_CASE("a glob skips the ports of a bridge that is itself matched") {
  CHECK(selected({"en*", "br0"}) == Names{"en0", "en1", "en2", "en3", "br0"});
  CHECK(selected({"b*"}) == Names{"br0", "br1"});
  CHECK(selected({"*"}) == Names{"en2", "br0", "br1", "en3", "vrf0"});
  CHECK(selected({"veth*"}) == Names{"veth0"});
  CHECK(selected({"veth*", "br?"}) == Names{"br0", "br1"});
  CHECK(selected({"br1", "veth0"}) == Names{"br1", "veth0"});  // but not one that is named
}

TEST_CASE("a bond is guarded itself, or at its ports if one of them is wanted") {
  CHECK(selected({"bond0"}) == Names{"bond0"});
  CHECK(selected({"bond*", "en2"}) == Names{"bond0", "en2"});
  CHECK(selected({"en*", "bond0"}) == Names{"en2", "en3", "en0", "en1"});
  CHECK(selected({"bond0", "en0"}) == Names{"en0", "en1"});  // also one that is not
  CHECK(select_interfaces(host(), {"bond0", "en0"}).at_ports == Names{"bond0"});
  CHECK(select_interfaces(host(), {"bond0"}).at_ports.empty());
}

TEST_CASE("what of a bond and its ports is guarded already stays so") {
  auto present = host();
  present[1].guarded = true;  // a port that joined with its program
  CHECK(names_of(select_interfaces(present, {"bond0"})) == Names{"en0", "en1"});
  present[4].guarded = true;
  CHECK(names_of(select_interfaces(present, {"bond0"})) == Names{"bond0"});
  CHECK(names_of(select_interfaces(present, {"bond0", "en0"})) == Names{"bond0"});
}

TEST_CASE("a bond without ports waits for one if it may be something else that is wanted") {
  const auto waits = [](const Names& wanted) {
    const Selection selection =
        select_interfaces({make("en0", 2), make("bond0", 10, 0, "bond"),
                           make("bond1", 11, 0, "bond"), make("bond0.7", 12, 0, "vlan")},
                          wanted);
    return selection.at_ports == Names{"bond0"};
  };
  CHECK_FALSE(waits({"bond0"}));
  CHECK_FALSE(waits({"bond0", "bond1"}));
  CHECK_FALSE(waits({"bond0", "bond0.7"}));
  CHECK(waits({"bond0", "en0"}));
  CHECK(waits({"en*", "bond0"}));
  CHECK(waits({"bond0", "eth*"}));  // none is there yet
  CHECK(waits({"?ond0"}));          // and this may be anything
  auto present = std::vector<Interface>{make("en0", 2), make("bond0", 10, 0, "bond")};
  present[1].guarded = true;
  CHECK(names_of(select_interfaces(present, {"en*", "bond0"})) == Names{"en0", "bond0"});
}

TEST_CASE("masters of other kinds do not stand for their ports") {
  CHECK(selected({"en3", "vrf0"}) == Names{"en3", "vrf0"});
  CHECK(selected({"en3*", "vrf*"}) == Names{"en3", "vrf0"});
}

TEST_CASE("what matches nothing is absent, what is skipped for its master is not") {
  CHECK(absent({"eth0", "en0", "wl*"}) == Names{"eth0", "wl*"});
  CHECK(absent({"en[01]", "bond0"}).empty());
  CHECK(selected({"en[01]", "bond0"}) == Names{"en0", "en1"});
  CHECK(select_interfaces({}, {"eth0", "*"}).absent == Names{"eth0", "*"});
}

TEST_CASE("a name with glob characters matches itself") {
  const std::vector<Interface> present{make("a[1]", 1), make("a1", 2)};
  const Selection selection = select_interfaces(present, {"a[1]"});
  REQUIRE(selection.interfaces.size() == 2);
  CHECK(selection.interfaces[0].name == "a[1]");
  CHECK(select_interfaces({make("a1", 2)}, {"["}).absent == Names{"["});
}

TEST_CASE("how many devices lie below one") {
  auto present = host();
  present.push_back(make("bond0.7", 50, 0, "vlan"));
  present.back().lower = 10;
  const auto layers = [&](std::size_t at) { return layers_below(present, present[at]); };
  CHECK(layers(1) == 0);   // en0
  CHECK(layers(4) == 1);   // bond0
  CHECK(layers(5) == 2);   // br0
  CHECK(layers(6) == 1);   // br1
  CHECK(layers(10) == 2);  // bond0.7
  present[1].lower = 50;   // as no kernel would
  CHECK(layers(10) == 8);
}

TEST_CASE("Ethernet and the loopback have an Ethernet header") {
  Interface interface = make("en0", 2);
  CHECK(has_ethernet_header(interface));
  CHECK(has_ethernet_header(make("lo", 1)));
  for (const int type : {ARPHRD_NONE, ARPHRD_TUNNEL, ARPHRD_PPP, ARPHRD_INFINIBAND, ARPHRD_RAWIP}) {
    interface.type = static_cast<std::uint16_t>(type);
    CHECK_FALSE(has_ethernet_header(interface));
  }
}

TEST_CASE("packets of a device arrive on its bond, the bridge above that, and on VLANs") {
  std::vector<Interface> present = host();
  present.push_back(make("bond0.7", 50, 0, "vlan"));
  present.back().lower = 10;
  present.push_back(make("bond0.7.8", 51, 0, "vlan"));
  present.back().lower = 50;
  CHECK(interfaces_above(present, {2}) == std::set<int>{2, 10, 20, 50, 51});
  CHECK(interfaces_above(present, {50}) == std::set<int>{50, 51});
  CHECK(interfaces_above(present, {4}) == std::set<int>{4});
  CHECK(interfaces_above(present, {5}) == std::set<int>{5});  // a port of a VRF
  CHECK(interfaces_above(present, {99}) == std::set<int>{99});
  CHECK(interfaces_above(present, {}).empty());
}

TEST_CASE("the links of this host are listed, the loopback among them") {
  const Result<std::vector<Interface>> links = list_interfaces();
  REQUIRE(links);
  const auto loopback = std::find_if(links->begin(), links->end(), [](const Interface& link) {
    return link.type == ARPHRD_LOOPBACK;
  });
  REQUIRE(loopback != links->end());
  CHECK(loopback->name == "lo");
  CHECK(loopback->ifindex == 1);
  CHECK(loopback->master == 0);
  CHECK(loopback->kind.empty());
  for (const Interface& link : *links) {
    CHECK_FALSE(link.name.empty());
    CHECK(link.ifindex > 0);
  }
}

TEST_CASE("an interface is meant by any of its names, and is one whatever it is called") {
  auto present = host();
  present[3].altnames = {"enp0s31f6", "wan"};
  present[1].altnames = {"port-of-the-bridge"};
  present[0].altnames = {"loop"};
  const auto by = [&](const Names& wanted) { return names_of(select_interfaces(present, wanted)); };
  CHECK(by({"wan"}) == Names{"en2"});
  CHECK(by({"wan", "en2", "enp0s31f6", "en2*"}) == Names{"en2"});
  CHECK(by({"enp*"}) == Names{"en2"});
  CHECK(by({"w?n", "br1"}) == Names{"en2", "br1"});
  CHECK(by({"WAN"}).empty());
  CHECK(by({"loop"}) == Names{"lo"});  // by name
  CHECK(by({"loo*"}).empty());
  const Selection both = select_interfaces(present, {"wan", "gone"});
  CHECK(both.absent == Names{"gone"});
  // A port that is named, by whatever name, is guarded although its bridge is.
  present[7].altnames = {"container"};
  CHECK(by({"br1", "container"}) == Names{"br1", "veth0"});
  CHECK(by({"br1", "contain*"}) == Names{"br1"});
  // And a bond is guarded at its ports.
  CHECK(by({"bond0", "port-of-the-bridge"}) == Names{"en0", "en1"});
}

TEST_CASE("who bears a name, and what is wanted of one with several") {
  auto present = host();
  present[3].altnames = {"wan"};
  CHECK(find_bearer(present, "wan") == &present[3]);
  CHECK(find_bearer(present, "en2") == &present[3]);
  CHECK(find_bearer(present, "wa") == nullptr);
  CHECK(names_of(present[3]) == Names{"en2", "wan"});
  CHECK(is_wanted({"wan"}, {"en2", "wan"}));
  CHECK(is_wanted({"w*"}, {"en2", "wan"}));
  CHECK(is_wanted({"en2"}, {"en2"}));
  CHECK_FALSE(is_wanted({"wan"}, {"en2"}));
  CHECK_FALSE(is_wanted({"*"}, {"lo", "loop"}));
  CHECK_FALSE(is_wanted({"*"}, {}));
}
