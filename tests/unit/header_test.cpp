// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/base/time.hpp"
#include "loader/policy/text.hpp"
#include "tests/support/catch.hpp"

using namespace apiguard;

namespace {

constexpr const char* kNodes = "authorized-ranges.d/nodes.list";

Result<Parsed> parse(const std::string& text, const std::string& name = kNodes, bool lint = true) {
  return parse_ranges({name, "nodes", text, true}, {.lint = lint});
}

std::string error_of(const std::string& text, const std::string& name = kNodes) {
  const auto parsed = parse(text, name);
  REQUIRE_FALSE(parsed);
  CHECK(parsed.error().exit == Exit::kBadFile);
  return parsed.error().message;
}

// Nothing: no header. Warnings are none.
std::optional<std::chrono::nanoseconds> lapse_of(const std::string& text) {
  const auto parsed = parse(text);
  REQUIRE(parsed);
  CHECK(parsed->warnings.empty());
  const auto& lapses = parsed->policy.lapses;
  CHECK(lapses.size() <= 1);
  const auto found = lapses.find(kNodes);
  return found == lapses.end() ? std::nullopt : std::optional(found->second);
}

}  // namespace

TEST_CASE("#lapse heads a drop-in") {
  CHECK(lapse_of("#lapse 24h\n192.0.2.1\n") == 24h);
  CHECK(lapse_of("#lapse 1m\n") == 1min);
  CHECK(lapse_of("#lapse 30d\n192.0.2.1\n") == 720h);
  CHECK(lapse_of("#lapse \t 1d12h \t \n192.0.2.1\n") == 36h);
  CHECK(lapse_of("# nodes\n\n#\n \t\n#lapse\t2h\n192.0.2.1\n") == 2h);
  CHECK(lapse_of("192.0.2.1\n") == std::nullopt);
}

TEST_CASE("what is no header is a comment") {
  for (const char* comment : {"# nodes of the cluster",
                              "#",
                              "##",
                              "#!/bin/sh",
                              "#!lapse 24h",
                              "#nodes",
                              "#nodes  ",
                              "#-- nodes",
                              "#----- x",
                              "#203.0.113.0/24 name=office",
                              "#203.0.113.7",
                              "#2001:db8::/32 name=office",
                              "#fe80::1 name=x",
                              "#key=value x",
                              "#http://example.com x",
                              "# managed by hand",
                              "#\tlapse later",
                              "#(c) 2026",
                              "#Gr\xC3\xBC\xC3\x9F x",
                              "#_a b",
                              "#-a b",
                              "#a.b c",
                              "#lapsed",
                              "#lapse2"}) {
    CAPTURE(comment);
    CHECK(lapse_of(std::string(comment) + "\n192.0.2.1\n") == std::nullopt);
  }
}

TEST_CASE("behind the first entry all comments are comments") {
  CHECK(lapse_of("192.0.2.1\n#nodes of ours\n#lapse\n#signature AAAA\n192.0.2.2\n#lapse never\n") ==
        std::nullopt);
  CHECK(lapse_of("#lapse 2h\nexcept 192.0.2.1\n#nodes of ours\n") == 2h);
}

TEST_CASE("unknown and wrong headers are refused by their place") {
  struct Bad {
    std::string_view text;
    std::string_view out;  // behind "nodes:"
  };
  const Bad cases[] = {
      {"#nodes of ours",
       "1:2: unknown key 'nodes' (before the first entry a comment begins with '# ')\n  #nodes of "
       "ours\n   ^"},
      {"# c\n\n#lapze 24h",
       "3:2: unknown key 'lapze' (before the first entry a comment begins with '# '): did you mean "
       "'lapse'?\n  #lapze 24h\n   ^"},
      {"#Lapse 24h",
       "1:2: unknown key 'Lapse' (before the first entry a comment begins with '# '): did you mean "
       "'lapse'?\n  #Lapse 24h\n   ^"},
      {"#except 192.0.2.9",
       "1:2: unknown key 'except' (before the first entry a comment begins with '# ')\n  #except "
       "192.0.2.9\n   ^"},
      {"#lapse", "1:2: key 'lapse' has no value: write it as in '#lapse 24h'\n  #lapse\n   ^"},
      {"#lapse  ", "1:2: key 'lapse' has no value: write it as in '#lapse 24h'\n  #lapse  \n   ^"},
      {"#lapse=24h",
       "1:2: key 'lapse' has no value: write it as in '#lapse 24h'\n  #lapse=24h\n   ^"},
      {"#lapse: 24h",
       "1:2: key 'lapse' has no value: write it as in '#lapse 24h'\n  #lapse: 24h\n   ^"},
      {"#lapse 24",
       "1:8: key 'lapse': duration '24': its unit is missing: s, m, h or d, as in 1h30m\n  #lapse "
       "24\n         ^"},
      {"#lapse  59s",
       "1:9: key 'lapse': duration '59s': not within 1m and 30d\n  #lapse  59s\n          ^"},
      {"#lapse 31d",
       "1:8: key 'lapse': duration '31d': not within 1m and 30d\n  #lapse 31d\n         ^"},
      {"#lapse 0h", "1:8: key 'lapse': duration '0h': it is zero\n  #lapse 0h\n         ^"},
      {"#lapse 24h # a day",
       "1:8: key 'lapse': duration '24h # a day': a number is missing before ' # a day'\n  #lapse "
       "24h # a day\n         ^"},
      {"#lapse 24h\n#lapse 24h", "2:2: key 'lapse' is given twice\n  #lapse 24h\n   ^"},
      {"#lapse 24h\n# c\n#lapse 1h", "3:2: key 'lapse' is given twice\n  #lapse 1h\n   ^"},
  };
  for (const Bad& bad : cases) {
    CAPTURE(bad.text);
    CHECK(error_of(std::string(bad.text) + "\n192.0.2.1\n") == "nodes:" + std::string(bad.out));
  }
}

TEST_CASE("a header that came torn is none, and the file is refused") {
  CHECK(error_of("#lapse 2").starts_with("nodes:1:9: the last line has no newline"));
  CHECK(error_of("#lapse 24h\r\n192.0.2.1\r\n").starts_with("nodes:1:11: carriage return (CR)"));
}

TEST_CASE("errors of header and entries are told in the order of the file") {
  CHECK(error_of("#lapse 1s\nx\n#nodes x\n") ==
        "nodes:1:8: key 'lapse': duration '1s': not within 1m and 30d\n  #lapse 1s\n         "
        "^\nnodes:2:1: 'x' is not an address\n  x\n  ^");
}

TEST_CASE("only drop-ins lapse") {
  CHECK(error_of("#lapse 24h\n192.0.2.1\n", "authorized-ranges") ==
        "nodes:1:2: key 'lapse': only files in authorized-ranges.d lapse\n  #lapse 24h\n   ^");
  const auto parsed = parse("#nodes of ours\n192.0.2.1\n#lapse 2h\n", "authorized-ranges");
  REQUIRE(parsed);
  CHECK(parsed->policy.lapses.empty());
  CHECK(parsed->warnings.empty());
}

TEST_CASE("a comment that reads like the header is asked about") {
  for (const char* text :
       {"# lapse 24h\n192.0.2.1\n", "  #lapse 24h\n192.0.2.1\n", "#\tlapse\t1d\n192.0.2.1\n"}) {
    CAPTURE(text);
    const auto parsed = parse(text);
    REQUIRE(parsed);
    CHECK(parsed->policy.lapses.empty());
    CHECK(parsed->warnings ==
          std::vector<std::string>{"nodes:1:1: this is a comment: the header '#lapse' belongs "
                                   "before the first entry, without a space around its '#'"});
  }
  const auto behind = parse("192.0.2.1\n#lapse 24h\n");
  REQUIRE(behind);
  CHECK(behind->warnings.size() == 1);
  CHECK(parse("192.0.2.1\n#lapse 24h\n", kNodes, false)->warnings.empty());
}

TEST_CASE("of a text that was published before no header is refused") {
  for (const char* text : {"#nodes of ours\n192.0.2.1\n", "#lapse\n192.0.2.1\n",
                           "#lapse 99d\n192.0.2.1\n", "#Lapse 24h\n192.0.2.1\n"}) {
    CAPTURE(text);
    const auto parsed = parse(text, kNodes, false);
    REQUIRE(parsed);
    CHECK(parsed->policy.lapses.empty());
    CHECK(parsed->policy.ranges.size() == 1);
  }
  const auto own = parse("#lapse 24h\n192.0.2.1\n", "authorized-ranges", false);
  REQUIRE(own);
  CHECK(own->policy.lapses.empty());
  const auto twice = parse("#lapse 24h\n#signed by nobody\n#lapse 1h\n192.0.2.1\n", kNodes, false);
  REQUIRE(twice);
  CHECK(twice->policy.lapses.at(kNodes) == 24h);
}

TEST_CASE("each drop-in has a header of its own, and a change of it is shown") {
  const auto policy = [](const std::string& nodes, const std::string& other) {
    Sources sources;
    sources.config = {"apiguard.toml", "conf", "interfaces = [\"eth0\"]\n", true};
    sources.ranges = {"authorized-ranges", "list", "203.0.113.0/24\n", true};
    sources.drop_ins = {{kNodes, "nodes", nodes, true},
                        {"authorized-ranges.d/other.list", "other", other, true}};
    auto parsed = parse_policy(sources);
    REQUIRE(parsed);
    return parsed->policy;
  };
  const Policy before = policy("#lapse 24h\n192.0.2.1\n", "192.0.2.2\n");
  CHECK(before.lapses == std::map<std::string, std::chrono::nanoseconds>{{kNodes, 24h}});
  const Policy after = policy("#lapse 1h\n192.0.2.1\n", "#lapse 3d\n192.0.2.2\n");
  CHECK(after.lapses.size() == 2);
  CHECK(fingerprint(before) == fingerprint(after));
  CHECK(difference(before, after).settings ==
        std::vector<std::string>{"lapse of authorized-ranges.d/nodes.list: 24h -> 1h",
                                 "lapse of authorized-ranges.d/other.list: none -> 3d"});
}
