// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/policy/edit.hpp"
#include "loader/policy/text.hpp"
#include "tests/support/catch.hpp"

using namespace apiguard;

namespace {

SourceFile config(std::string text) { return {"apiguard.toml", "conf", std::move(text), true}; }

std::string error_of(std::string_view text) {
  const auto parsed = parse_config(config(std::string(text)));
  REQUIRE_FALSE(parsed);
  CHECK(parsed.error().exit == Exit::kBadFile);
  return parsed.error().message;
}

struct Case {
  std::string_view text;
  std::string_view out;
};

constexpr std::string_view kDefaults =
    "interfaces = [\"eth0\"]\n"
    "endpoints = [\"6443\"]\n"
    "mode = \"enforce\"\n"
    "xdp_mode = \"auto\"\n"
    "cluster = []\n";

}  // namespace

TEST_CASE("interfaces alone make a configuration; the rest has defaults") {
  const auto parsed = parse_config(config("interfaces = [\"eth0\"]\n"));
  REQUIRE(parsed);
  CHECK(show_config(parsed->policy) == kDefaults);
  CHECK(parsed->policy.mode == Mode::kEnforce);
  CHECK(parsed->policy.endpoints == std::vector<Endpoint>{{std::nullopt, 6443}});
  CHECK(parsed->warnings.empty());
}

TEST_CASE("good configurations are read as they are meant") {
  const Case cases[] = {
      {"interfaces=['eth0']", kDefaults},
      {"# c\ninterfaces = [\n  \"eth0\", # c\n]\nmode = 'enforce'\n", kDefaults},
      {"mode = \"\"\"enforce\"\"\"\ninterfaces = [\"eth\\u0030\"]\n", kDefaults},
      {"interfaces = [\"eth0\"]\nendpoints = [6443]\nxdp_mode = \"auto\"\ncluster = []\n",
       kDefaults},
      {"interfaces = [\"eth0\"]\nendpoints = [0x192b]\n", kDefaults},
      {"\"interfaces\" = [\"en*\", \"eth[0-3]\", \"bond?\", \"a-very-long-interface-*\"]\n"
       "endpoints = [1, \"65535\", \"192.0.2.1:6443\", \"[2001:DB8::1]:6443\"]\n"
       "mode = \"audit\"\nxdp_mode = \"native\"\n"
       "cluster = [\"10.20.0.0/16\", \"192.0.2.7\", \"2001:db8::/32\"]\n",
       "interfaces = [\"en*\", \"eth[0-3]\", \"bond?\", \"a-very-long-interface-*\"]\n"
       "endpoints = [\"1\", \"65535\", \"192.0.2.1:6443\", \"[2001:db8::1]:6443\"]\n"
       "mode = \"audit\"\nxdp_mode = \"native\"\n"
       "cluster = [\"10.20.0.0/16\", \"192.0.2.7/32\", \"2001:db8::/32\"]\n"},
      {"interfaces = [\"a\\\"b\", 'c\\d', \"br-12345678901\", \"eth0.100\"]\nmode = \"off\"\n"
       "xdp_mode = \"generic\"\n",
       "interfaces = [\"a\\\"b\", \"c\\\\d\", \"br-12345678901\", \"eth0.100\"]\n"
       "endpoints = [\"6443\"]\nmode = \"off\"\nxdp_mode = \"generic\"\ncluster = []\n"},
  };
  for (const Case& good : cases) {
    CAPTURE(good.text);
    const auto parsed = parse_config(config(std::string(good.text)));
    REQUIRE(parsed);
    CHECK(show_config(parsed->policy) == good.out);
    const auto again = parse_config(config(show_config(parsed->policy)));
    REQUIRE(again);
    CHECK(again->policy == parsed->policy);
  }
}

TEST_CASE("keys that are missing, unknown or of the wrong type are refused by name") {
  const Case cases[] = {
      {"",
       "conf: key 'interfaces' is missing: name the interfaces to guard, as in interfaces = "
       "[\"eth0\"]"},
      {"mode = \"off\"\n",
       "conf: key 'interfaces' is missing: name the interfaces to guard, as in interfaces = "
       "[\"eth0\"]"},
      {"interfaces = [\"eth0\"]\nmodus = \"off\"\n",
       "conf:2:1: unknown key 'modus'\n  modus = \"off\"\n  ^"},
      {"interfaces = [\"eth0\"]\n  moed = \"off\"\n",
       "conf:2:3: unknown key 'moed': did you mean 'mode'?\n    moed = \"off\"\n    ^"},
      {"interfaces = [\"eth0\"]\nxdpmode = \"auto\"\n",
       "conf:2:1: unknown key 'xdpmode': did you mean 'xdp_mode'?\n  xdpmode = \"auto\"\n  ^"},
      {"interface = [\"eth0\"]\n",
       "conf:1:1: unknown key 'interface': did you mean 'interfaces'?\n"
       "  interface = [\"eth0\"]\n  ^\n"
       "conf: key 'interfaces' is missing: name the interfaces to guard, as in interfaces = "
       "[\"eth0\"]"},
      {"interfaces = [\"eth0\"]\n[server]\nport = 1\n",
       "conf:2:2: unknown key 'server'\n  [server]\n   ^"},
      {"interfaces = [\"eth0\"]\n\"\" = 1\n", "conf:2:1: unknown key ''\n  \"\" = 1\n  ^"},
      {"zzz = 1\nyyy = 2\ninterfaces = [\"eth0\"]\naaa = 3\n",
       "conf:1:1: unknown key 'zzz'\n  zzz = 1\n  ^\n"
       "conf:2:1: unknown key 'yyy'\n  yyy = 2\n  ^\n"
       "conf:4:1: unknown key 'aaa'\n  aaa = 3\n  ^"},
      {"interfaces = \"eth0\"\n",
       "conf:1:14: key 'interfaces': expected an array of strings, not a string\n"
       "  interfaces = \"eth0\"\n               ^"},
      {"interfaces = 1\n",
       "conf:1:14: key 'interfaces': expected an array of strings, not an integer\n"
       "  interfaces = 1\n               ^"},
      {"interfaces = [\"eth0\", true]\n",
       "conf:1:23: key 'interfaces': expected strings, not a boolean\n"
       "  interfaces = [\"eth0\", true]\n                        ^"},
      {"interfaces = [[\"eth0\"]]\n",
       "conf:1:15: key 'interfaces': expected strings, not an array\n"
       "  interfaces = [[\"eth0\"]]\n                ^"},
      {"[[interfaces]]\nname = \"eth0\"\n",
       "conf:1:1: key 'interfaces': expected an array of strings, not an array of tables\n"
       "  [[interfaces]]\n  ^"},
      {"interfaces.eth0 = true\n",
       "conf:1:1: key 'interfaces': expected an array of strings, not a table\n"
       "  interfaces.eth0 = true\n  ^"},
      {"interfaces = [\"eth0\"]\nendpoints = 6443\n",
       "conf:2:13: key 'endpoints': expected an array of ports or strings, not an integer\n"
       "  endpoints = 6443\n              ^"},
      {"interfaces = [\"eth0\"]\nendpoints = [6443.0]\n",
       "conf:2:14: key 'endpoints': expected ports or strings, not a floating-point number\n"
       "  endpoints = [6443.0]\n               ^"},
      {"interfaces = [\"eth0\"]\ncluster = \"10.0.0.0/8\"\n",
       "conf:2:11: key 'cluster': expected an array of strings, not a string\n"
       "  cluster = \"10.0.0.0/8\"\n            ^"},
      {"interfaces = [\"eth0\"]\ncluster = [2026-12-01]\n",
       "conf:2:12: key 'cluster': expected strings, not a date\n"
       "  cluster = [2026-12-01]\n             ^"},
      {"interfaces = [\"eth0\"]\nmode = false\n",
       "conf:2:8: key 'mode': expected a string, not a boolean\n  mode = false\n         ^"},
      {"interfaces = [\"eth0\"]\nmode = {}\n",
       "conf:2:8: key 'mode': expected a string, not a table\n  mode = {}\n         ^"},
      {"interfaces = [\"eth0\"]\nxdp_mode = 07:32:00\n",
       "conf:2:12: key 'xdp_mode': expected a string, not a time\n"
       "  xdp_mode = 07:32:00\n             ^"},
      {"interfaces = [\"eth0\"]\nxdp_mode = 2026-12-01T07:32:00Z\n",
       "conf:2:12: key 'xdp_mode': expected a string, not a date-time\n"
       "  xdp_mode = 2026-12-01T07:32:00Z\n             ^"},
  };
  for (const Case& bad : cases) {
    CAPTURE(bad.text);
    CHECK(error_of(bad.text) == bad.out);
  }
}

TEST_CASE("values that mean nothing are refused with what to write") {
  const Case cases[] = {
      {"mode = \"Enforce\"\n",
       "conf:1:8: key 'mode': 'Enforce' is not enforce, audit or off: did you mean 'enforce'?\n"
       "  mode = \"Enforce\"\n         ^"},
      {"mode = \"on\"\n",
       "conf:1:8: key 'mode': 'on' is not enforce, audit or off\n"
       "  mode = \"on\"\n         ^"},
      {"mode = \"\"\n",
       "conf:1:8: key 'mode': '' is not enforce, audit or off\n  mode = \"\"\n         ^"},
      {"xdp_mode = \"skb\"\n",
       "conf:1:12: key 'xdp_mode': 'skb' is not auto, native or generic\n"
       "  xdp_mode = \"skb\"\n             ^"},
      {"xdp_mode = \"generik\"\n",
       "conf:1:12: key 'xdp_mode': 'generik' is not auto, native or generic: did you mean "
       "'generic'?\n"
       "  xdp_mode = \"generik\"\n             ^"},
      {"cluster = [\"10.20.0.0/33\"]\n",
       "conf:1:23: key 'cluster': prefix length '33' is larger than 32\n"
       "  cluster = [\"10.20.0.0/33\"]\n                        ^"},
      {"cluster = [\"\"]\n",
       "conf:1:13: key 'cluster': address is missing\n  cluster = [\"\"]\n              ^"},
      {"cluster = [\n  \"10.20.0.0/16\",\n  'node-1',\n]\n",
       "conf:3:4: key 'cluster': 'node-1' is not an address\n    'node-1',\n     ^"},
      {"cluster = [\"10.\\u0032.0.300\"]\n",
       "conf:1:12: key 'cluster': octet '300' is larger than 255\n"
       "  cluster = [\"10.\\u0032.0.300\"]\n             ^"},
  };
  for (const Case& bad : cases) {
    CAPTURE(bad.text);
    CHECK(error_of(std::string(bad.text) + "interfaces = [\"eth0\"]\n") == bad.out);
  }
}

TEST_CASE("what cannot be the name of an interface is refused") {
  const Case cases[] = {
      {"[]",
       "conf:1:14: key 'interfaces': empty, so nothing would be guarded\n"
       "  interfaces = []\n               ^"},
      {"[\"\"]", "conf:1:15: interface name is empty\n  interfaces = [\"\"]\n                ^"},
      {"[\"..\"]",
       "conf:1:15: interface '..': not a name\n  interfaces = [\"..\"]\n                ^"},
      {"[\"net/eth0\"]",
       "conf:1:15: interface 'net/eth0': unexpected character '/'\n"
       "  interfaces = [\"net/eth0\"]\n                ^"},
      {"[\"eth0 \"]",
       "conf:1:15: interface 'eth0 ': unexpected character U+0020\n"
       "  interfaces = [\"eth0 \"]\n                ^"},
      {"[\"eth0\\n\"]",
       "conf:1:15: interface 'eth0?': unexpected character U+000A\n"
       "  interfaces = [\"eth0\\n\"]\n                ^"},
      {"[\"eth0:1\"]",
       "conf:1:15: interface 'eth0:1': unexpected character ':'\n"
       "  interfaces = [\"eth0:1\"]\n                ^"},
  };
  for (const Case& bad : cases) {
    CAPTURE(bad.text);
    CHECK(error_of("interfaces = " + std::string(bad.text) + "\n") == bad.out);
  }
}

TEST_CASE("another name of an interface may be longer than the kernel's") {
  const std::string longest(127, 'x');
  const auto config = [](const std::string& name) {
    return parse_config({"apiguard.toml", "conf", "interfaces = [\"" + name + "\"]\n", true});
  };
  REQUIRE(config(longest));
  CHECK(config(longest)->policy.interfaces.front() == longest);
  REQUIRE_FALSE(config(longest + "x"));
  CHECK(config(longest + "x").error().message.find("longer than 127 characters") !=
        std::string::npos);
  CHECK(config(longest + "*"));  // what a glob matches is another matter
}

TEST_CASE("what is not an endpoint is refused with what to write") {
  // The message, and the column of the caret in: endpoints = [...]
  struct BadEndpoint {
    std::string_view text;
    int column;
    std::string_view message;
  };
  const BadEndpoint cases[] = {
      {"0", 14, "endpoint '0': port 0 is not a port"},
      {"65536", 14, "endpoint '65536': port '65536' is larger than 65535"},
      {"-1", 14, "endpoint '-1': unexpected character '-' in port '-1'"},
      {"\"\"", 14, "endpoint is empty"},
      {"\"06443\"", 15, "endpoint '06443': leading zero in port '06443'"},
      {"\"https\"", 15, "endpoint 'https': unexpected character 'h' in port 'https'"},
      {"\" 6443\"", 15, "endpoint ' 6443': unexpected character U+0020 in port ' 6443'"},
      {"\"6443/tcp\"", 19, "endpoint '6443/tcp': unexpected character '/' in port '6443/tcp'"},
      {"\":6443\"", 15, "endpoint ':6443': address is missing"},
      {"\"192.0.2.1\"", 24, "endpoint '192.0.2.1': the port is missing: write ADDRESS:PORT"},
      {"\"192.0.2.1:\"", 25, "endpoint '192.0.2.1:': port is missing"},
      {"\"192.0.2.1:0\"", 25, "endpoint '192.0.2.1:0': port 0 is not a port"},
      {"\"192.0.2.300:6443\"", 23, "endpoint '192.0.2.300:6443': octet '300' is larger than 255"},
      {"\"192.0.2.0/24:6443\"", 24,
       "endpoint '192.0.2.0/24:6443': unexpected character '/' in octet '0/24'"},
      {"\"api.example.com:6443\"", 15,
       "endpoint 'api.example.com:6443': 'api.example.com' is not an address"},
      {"\"2001:db8::1\"", 15,
       "endpoint '2001:db8::1': an IPv6 address needs brackets: write [ADDRESS]:PORT"},
      {"\"[2001:db8::1]\"", 28,
       "endpoint '[2001:db8::1]': the port is missing: write [ADDRESS]:PORT"},
      {"\"[2001:db8::1]6443\"", 28,
       "endpoint '[2001:db8::1]6443': the port is missing: write [ADDRESS]:PORT"},
      {"\"[2001:db8::1:6443\"", 15, "endpoint '[2001:db8::1:6443': ']' is missing"},
      {"\"[fe80::1%eth0]:6443\"", 23,
       "endpoint '[fe80::1%eth0]:6443': zone id '%eth0': write the address without it"},
      {"\"[::ffff:192.0.2.1]:6443\"", 16,
       "endpoint '[::ffff:192.0.2.1]:6443': IPv4-mapped IPv6 address '::ffff:192.0.2.1': write "
       "'192.0.2.1'"},
      {"\"[192.0.2.1]:6443\"", 15,
       "endpoint '[192.0.2.1]:6443': brackets are for IPv6: write ADDRESS:PORT"},
      {"\"[]:6443\"", 16, "endpoint '[]:6443': address is missing"},
      {"\"0.0.0.0:6443\"", 15,
       "endpoint '0.0.0.0:6443': 0.0.0.0 means every address: write just the port, \"6443\""},
      {"\"[::]:8443\"", 15,
       "endpoint '[::]:8443': :: means every address: write just the port, \"8443\""},
  };
  for (const BadEndpoint& bad : cases) {
    CAPTURE(bad.text);
    const std::string line = "endpoints = [" + std::string(bad.text) + "]";
    CHECK(error_of(line + "\ninterfaces = [\"eth0\"]\n") ==
          "conf:1:" + std::to_string(bad.column) + ": " + std::string(bad.message) + "\n  " + line +
              "\n" + std::string(static_cast<std::size_t>(bad.column) + 1, ' ') + "^");
  }
  CHECK(error_of("interfaces = [\"eth0\"]\nendpoints = []\n") ==
        "conf:2:13: key 'endpoints': empty, so nothing would be protected\n"
        "  endpoints = []\n              ^");
}

TEST_CASE("an endpoint given alone is refused with its text") {
  REQUIRE(parse_endpoint("[2001:db8::1]:6443"));
  CHECK(to_string(*parse_endpoint("[2001:db8::1]:6443")) == "[2001:db8::1]:6443");
  CHECK(parse_endpoint("x").error().message ==
        "endpoint 'x': unexpected character 'x' in port 'x'");
}

TEST_CASE("32 endpoints fit, one more is refused") {
  std::string text = "interfaces = [\"eth0\"]\nendpoints = [\n";
  for (int port = 1; port <= 32; ++port) text += "  " + std::to_string(port) + ",\n";
  const auto parsed = parse_config(config(text + "  1,\n]\n"));
  REQUIRE(parsed);
  CHECK(parsed->policy.endpoints.size() == 32);
  CHECK(error_of(text + "  33,\n]\n") ==
        "conf:35:3: endpoint '33': more than 32 endpoints\n    33,\n    ^");
}

TEST_CASE("what is given twice is merged with a warning") {
  const auto parsed = parse_config(
      config("interfaces = [\"eth0\", \"eth1\", \"eth0\"]\n"
             "endpoints = [6443, \"6443\", \"[2001:db8::1]:1\", \"[2001:DB8:0::1]:1\"]\n"));
  REQUIRE(parsed);
  CHECK(parsed->policy.interfaces == std::vector<std::string>{"eth0", "eth1"});
  CHECK(parsed->policy.endpoints.size() == 2);
  CHECK(parsed->warnings ==
        std::vector<std::string>{"conf:1:31: interface 'eth0' is given twice",
                                 "conf:2:20: endpoint '6443' is given twice",
                                 "conf:2:47: endpoint '[2001:db8::1]:1' is given twice"});
}

TEST_CASE("cluster ranges are masked with a warning, and know their line") {
  const std::string text = "interfaces = [\"eth0\"]\ncluster = [\n  \"10.20.0.7/16\"\n]\n";
  const auto parsed = parse_config(config(text));
  REQUIRE(parsed);
  REQUIRE(parsed->policy.ranges.size() == 1);
  CHECK(parsed->policy.ranges[0].kind == Kind::kCluster);
  CHECK(parsed->policy.ranges[0].origin.file.text() == "apiguard.toml");
  CHECK(parsed->policy.ranges[0].origin.line == 3);
  CHECK(parsed->warnings ==
        std::vector<std::string>{"conf:3:3: host bits are set: 10.20.0.7/16 is 10.20.0.0/16"});
  CHECK(parse_config(config(text), {true}).error().message ==
        "conf:3:3: host bits are set: 10.20.0.7/16 is 10.20.0.0/16\n    \"10.20.0.7/16\"\n    ^");
}

namespace {

constexpr std::string_view kGuarded = "interfaces = [\"eth0\"]\n";

LeaseLimits limits_of(std::string_view text) {
  const auto parsed = parse_config(config(std::string(kGuarded) + std::string(text)));
  REQUIRE(parsed);
  CHECK(parsed->warnings.empty());
  const auto again = parse_config(config(show_config(parsed->policy)));
  REQUIRE(again);
  CHECK(again->policy == parsed->policy);
  return parsed->policy.leases;
}

}  // namespace

TEST_CASE("[leases] has defaults, and each key a value of its own") {
  CHECK(limits_of("") == LeaseLimits());
  CHECK(limits_of("[leases]\n") == LeaseLimits());
  CHECK(limits_of("leases = {}\n") == LeaseLimits());
  CHECK(limits_of("[leases]\nmax = 500\nper_name = 4\nwithin = [\"0.0.0.0/0\", \"::/0\"]\n"
                  "longest = \"48h\"\n") == LeaseLimits());

  const LeaseLimits all = limits_of(
      "[leases]\nlongest = '30d' # a month\nwithin = [\n  \"10.0.0.0/8\",\n  '2001:DB8::/32',\n]\n"
      "per_name = 0x10\nmax = 10_000\n");
  CHECK(all.max == 10000);
  CHECK(all.per_name == 16);
  CHECK(all.within == std::vector<Prefix>{parse_prefix("10.0.0.0/8")->prefix,
                                          parse_prefix("2001:db8::/32")->prefix});
  CHECK(all.longest == 30 * 24h);

  CHECK(limits_of("leases.longest = \"1m\"\n").longest == 1min);
  CHECK(limits_of("leases = { max = 1, per_name = 1 }\n").per_name == 1);
}

TEST_CASE("one name may have four leases, or all where there are fewer") {
  CHECK(limits_of("[leases]\nmax = 3\n").per_name == 3);
  CHECK(limits_of("[leases]\nmax = 1\n").per_name == 1);
  CHECK(limits_of("[leases]\nmax = 4\n").per_name == 4);
  CHECK(limits_of("[leases]\nmax = 10000\n").per_name == 4);
  CHECK(limits_of("[leases]\nper_name = 500\n").per_name == 500);
  CHECK(limits_of("[leases]\nper_name = 7\nmax = 7\n").per_name == 7);
}

TEST_CASE("no range within which leases lie is no leases, not any") {
  CHECK(limits_of("[leases]\nwithin = []\n").within.empty());
}

TEST_CASE("what [leases] does not know is refused with what to write") {
  struct Bad {
    std::string_view text;  // behind the line [leases]
    std::string_view out;   // behind "conf:"
  };
  const Bad cases[] = {
      {"maximum = 5", "3:1: unknown key 'maximum' of [leases]\n  maximum = 5\n  ^"},
      {"pername = 5",
       "3:1: unknown key 'pername' of [leases]: did you mean 'per_name'?\n  pername = 5\n  ^"},
      {"Max = 5", "3:1: unknown key 'Max' of [leases]: did you mean 'max'?\n  Max = 5\n  ^"},
      {"mode = \"off\"",
       "3:1: unknown key 'mode' of [leases]: write it before the line [leases]\n"
       "  mode = \"off\"\n"
       "  ^"},
      {"[leases.office]", "3:9: unknown key 'office' of [leases]\n  [leases.office]\n          ^"},
      {"max = 0", "3:7: key 'leases.max': 0 is not between 1 and 10000\n  max = 0\n        ^"},
      {"max = 10001",
       "3:7: key 'leases.max': 10001 is not between 1 and 10000\n  max = 10001\n        ^"},
      {"max = -9223372036854775808",
       "3:7: key 'leases.max': -9223372036854775808 is not between 1 and 10000\n"
       "  max = -9223372036854775808\n"
       "        ^"},
      {"max = \"5\"",
       "3:7: key 'leases.max': expected an integer, not a string\n  max = \"5\"\n        ^"},
      {"max = 5.0",
       "3:7: key 'leases.max': expected an integer, not a floating-point number\n"
       "  max = 5.0\n        ^"},
      {"per_name = 0",
       "3:12: key 'leases.per_name': 0 is not between 1 and 10000\n  per_name = 0\n             ^"},
      {"per_name = 501",
       "3:12: key 'leases.per_name': 501 is more than 'max', which is 500\n"
       "  per_name = 501\n             ^"},
      {"per_name = 3\nmax = 2",
       "3:12: key 'leases.per_name': 3 is more than 'max', which is 2\n"
       "  per_name = 3\n             ^"},
      {"per_name = 501\nmax = 0",
       "4:7: key 'leases.max': 0 is not between 1 and 10000\n  max = 0\n        ^"},
      {"within = \"10.0.0.0/8\"",
       "3:10: key 'leases.within': expected an array of strings, not a string\n"
       "  within = \"10.0.0.0/8\"\n           ^"},
      {"within = [10]",
       "3:11: key 'leases.within': expected strings, not an integer\n"
       "  within = [10]\n            ^"},
      {"within = [\"10.0.0.0/33\"]",
       "3:21: key 'leases.within': prefix length '33' is larger than 32\n"
       "  within = [\"10.0.0.0/33\"]\n                      ^"},
      {"within = [\"office\"]",
       "3:12: key 'leases.within': 'office' is not an address\n"
       "  within = [\"office\"]\n             ^"},
      {"longest = 48",
       "3:11: key 'leases.longest': expected a duration as in \"48h\", not an integer\n"
       "  longest = 48\n            ^"},
      {"longest = \"\"",
       "3:11: key 'leases.longest': duration '': it is empty; write it as in 2h or 1h30m\n"
       "  longest = \"\"\n            ^"},
      {"longest = \"2 days\"",
       "3:11: key 'leases.longest': duration '2 days': no unit in ' days': s, m, h or d, as in "
       "1h30m\n"
       "  longest = \"2 days\"\n            ^"},
      {"longest = \"59s\"",
       "3:11: key 'leases.longest': duration '59s': not within 1m and 30d\n"
       "  longest = \"59s\"\n            ^"},
      {"longest = \"721h\"",
       "3:11: key 'leases.longest': duration '721h': not within 1m and 30d\n"
       "  longest = \"721h\"\n            ^"},
  };
  for (const Bad& bad : cases) {
    CAPTURE(bad.text);
    CHECK(error_of(std::string(kGuarded) + "[leases]\n" + std::string(bad.text) + "\n") ==
          "conf:" + std::string(bad.out));
  }
}

TEST_CASE("[leases] is one table") {
  CHECK(error_of(std::string(kGuarded) + "leases = 5\n") ==
        "conf:2:10: key 'leases': expected a table, not an integer\n  leases = 5\n           ^");
  CHECK(error_of(std::string(kGuarded) + "[[leases]]\nmax = 5\n") ==
        "conf:2:1: key 'leases': expected a table, not an array of tables\n  [[leases]]\n  ^");
  CHECK(error_of(std::string(kGuarded) + "[lease]\n") ==
        "conf:2:2: unknown key 'lease': did you mean 'leases'?\n  [lease]\n   ^");
}

TEST_CASE("all that is wrong with [leases] is told in the order of the file") {
  CHECK(error_of("[leases]\nlongest = \"1s\"\nmax = 0\nx = 1\n") ==
        "conf:2:11: key 'leases.longest': duration '1s': not within 1m and 30d\n"
        "  longest = \"1s\"\n"
        "            ^\n"
        "conf:3:7: key 'leases.max': 0 is not between 1 and 10000\n"
        "  max = 0\n"
        "        ^\n"
        "conf:4:1: unknown key 'x' of [leases]\n"
        "  x = 1\n"
        "  ^\n"
        "conf: key 'interfaces' is missing: name the interfaces to guard, as in interfaces = "
        "[\"eth0\"]");
}

TEST_CASE("where leases lie is masked and merged with a warning") {
  const std::string text =
      std::string(kGuarded) + "[leases]\nwithin = [\"10.1.0.0/8\", \"10.0.0.0/8\", \"::1\"]\n";
  const auto parsed = parse_config(config(text));
  REQUIRE(parsed);
  CHECK(parsed->policy.leases.within ==
        std::vector<Prefix>{parse_prefix("10.0.0.0/8")->prefix, parse_prefix("::1")->prefix});
  CHECK(parsed->policy.ranges.empty());
  CHECK(parsed->warnings ==
        std::vector<std::string>{"conf:3:11: host bits are set: 10.1.0.0/8 is 10.0.0.0/8",
                                 "conf:3:25: key 'leases.within': '10.0.0.0/8' is given twice"});
  CHECK(parse_config(config(text), {true}).error().message ==
        "conf:3:11: host bits are set: 10.1.0.0/8 is 10.0.0.0/8\n"
        "  within = [\"10.1.0.0/8\", \"10.0.0.0/8\", \"::1\"]\n            ^");
}

TEST_CASE("a mode is put in front of [leases], never into it") {
  const auto edited = replace_mode(config("# c\n[leases]\nmax = 5\n"), Mode::kAudit);
  REQUIRE(edited);
  CHECK(edited->text == "# c\nmode = \"audit\"\n[leases]\nmax = 5\n");
  const auto behind = replace_mode(config("interfaces = ['a']\n[leases]\nmax = 5\n"), Mode::kOff);
  REQUIRE(behind);
  CHECK(behind->text == "mode = \"off\"\ninterfaces = ['a']\n[leases]\nmax = 5\n");
}

TEST_CASE("what is not TOML is refused in our form") {
  const Case cases[] = {
      {"mode = off\n",
       "conf:1:8: not valid TOML: value: could not determine value type (text needs quotes)\n"
       "  mode = off\n"
       "         ^"},
      {"mode = \"off\n",
       "conf:1:12: not valid TOML: string: unescaped control characters other than TAB (U+0009) "
       "are explicitly prohibited\n"
       "  mode = \"off\n             ^"},
      {"mode = \"off\"\nmode = \"audit\"\n",
       "conf:2:8: not valid TOML: key-value pair: cannot redefine existing string 'mode'\n"
       "  mode = \"audit\"\n         ^"},
      {"endpoints = [6443\n",
       "conf:1:18: not valid TOML: array: encountered end-of-file\n"
       "  endpoints = [6443\n                   ^"},
      {"endpoints = [06443]\n",
       "conf:1:19: not valid TOML: decimal integer: leading zeroes are prohibited\n"
       "  endpoints = [06443]\n                    ^"},
      {"endpoints = [99999999999999999999]\n",
       "conf:1:34: not valid TOML: decimal integer: '99999999999999999999' is not representable in "
       "64 bits\n"
       "  endpoints = [99999999999999999999]\n                                   ^"},
      {"interfaces\n",
       "conf:1:11: not valid TOML: key-value pair: expected '=', saw '\\n'\n"
       "  interfaces\n            ^"},
      {"mode = \"off\" xdp_mode = \"auto\"\n",
       "conf:1:14: not valid TOML: key-value pair: expected a comment or whitespace, saw 'x'\n"
       "  mode = \"off\" xdp_mode = \"auto\"\n               ^"},
      {"# \xC3\xA9\n\"\xC3\xA9\" = \"\\q\"\n",
       "conf:2:9: not valid TOML: string: unknown escape sequence '\\q'\n"
       "  \"\xC3\xA9\" = \"\\q\"\n          ^"},
      {"mode = \"off\"\r\n",
       "conf:1:13: carriage return (CR): lines end in LF only; 'sed -i \"s/\\r//\" FILE' removes "
       "it\n"
       "  mode = \"off\"?\n"
       "              ^"},
      {"\xEF\xBB\xBFmode = \"off\"\n",
       "conf:1:1: byte order mark (BOM): save the file as UTF-8 without it\n"
       "  ?mode = \"off\"\n  ^"},
      {"# \xFF\n", "conf:1:3: not UTF-8\n  # ?\n    ^"},
  };
  for (const Case& bad : cases) {
    CAPTURE(bad.text);
    CHECK(error_of(bad.text) == bad.out);
  }
  CHECK(error_of(std::string_view("#\0\n", 3)) ==
        "conf:1:2: NUL byte: this is not a text file\n  #?\n   ^");
}

TEST_CASE("what the parser of TOML gives up at is an error in its line") {
  const auto line_of = [](const std::string& text) {
    const std::string error = error_of(text);
    return error.substr(0, error.find('\n'));
  };
  const std::string reason = ":1: not valid TOML: this line cannot be read";
  CHECK(line_of("interfaces = [}\n") == "conf:1" + reason);
  CHECK(line_of("interfaces = [}") == "conf:1" + reason);
  CHECK(line_of("mode = \"off\"\ninterfaces = [\"a\", # b\n }]\nmore = 1\n\n") ==
        "conf:3" + reason);
  CHECK(line_of("mode = \"off\"\n\n[ # leases\n") == "conf:3" + reason);
  const auto edited = replace_mode({"apiguard.toml", "conf", "a = [}\n", true}, Mode::kOff);
  REQUIRE_FALSE(edited);
  CHECK(edited.error().exit == Exit::kBadFile);
}

TEST_CASE("outside of strings and comments everything is ASCII") {
  const auto line_of = [](const std::string& text) {
    const std::string error = error_of(text);
    return error.substr(0, error.find('\n'));
  };
  const std::string reason = "not valid TOML: unexpected character ";
  CHECK(line_of("interf\xc3\xa4"
                "ces = [\"a\"]\n") == "conf:1:7: " + reason + "U+00E4");
  CHECK(line_of("interfaces = [\"a\"]\n\xc5\xa2 = 1\n") == "conf:2:1: " + reason + "U+0162");
  CHECK(line_of("interfaces = [\xe2\x80\xa8]\n") == "conf:1:15: " + reason + "U+2028");
  CHECK(line_of("interfaces = [\"\"\"a\"\"\"\"\", \xc3\xa9]\n") ==
        "conf:1:26: " + reason + "U+00E9");
  // The string that does not end is what is wrong.
  CHECK(line_of("interfaces = [\"a]\n\xc3\xa9\n").starts_with("conf:1:"));
  for (const char* good : {"[\"\xc3\xa9\"] # \xc3\xa9", "['\xc3\xa9\"', \"a\\\"\xc3\xa9\"]",
                           "[ # \"\xc3\xa9\n\"a\"]", "[\"\"\"a\"\xc3\xa9\"\"\"]",
                           "[\'\'\'\xc3\xa9\'\'\'\'\'] # \xc3\xa9", "[\"\"\"\xc3\xa9\"\"\"\"\"]"}) {
    INFO(good);
    CHECK(
        parse_config({"apiguard.toml", "conf", std::string("interfaces = ") + good + "\n", true}));
  }
}

TEST_CASE("no key, however deep, ends the process") {
  std::string key = "a";
  for (int i = 0; i < 100000; ++i) key += ".a";
  CHECK(error_of(key + " = 1\n").substr(0, 33) == "conf:1:130: key nested too deeply");
  CHECK(error_of("[" + key + "]\n").substr(0, 33) == "conf:1:131: key nested too deeply");
  CHECK(error_of("a = " + std::string(100000, '[') + "\n").substr(0, 30) ==
        "conf:1:261: not valid TOML: va");
  const std::string dotted(200, '.');
  CHECK(parse_config(
      config("#" + key + dotted + "\n" + "interfaces = [\"eth0\"] # " + dotted + "\n")));
}

TEST_CASE("a missing configuration file is refused with what it needs") {
  const auto parsed = parse_config(SourceFile{"apiguard.toml", "conf", "", false});
  REQUIRE_FALSE(parsed);
  CHECK(parsed.error().message ==
        "conf: no such file: it names the interfaces to guard, as in interfaces = [\"eth0\"]");
}

TEST_CASE("a large cluster on one line is read in one walk") {
  std::string text = "interfaces = [\"eth0\"]\ncluster = [";
  for (int i = 0; i < 50000; ++i) {
    text += "\"10." + std::to_string(i / 256) + '.' + std::to_string(i % 256) + ".0/24\", ";
  }
  const auto parsed = parse_config(config(text + "]\n"));
  REQUIRE(parsed);
  CHECK(parsed->policy.ranges.size() == 50000);
}
