// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <algorithm>
#include <random>

#include "loader/policy/text.hpp"
#include "tests/support/catch.hpp"

using namespace apiguard;

namespace {

using Texts = std::vector<std::string>;

Texts warnings_of(const std::string& text) {
  const auto parsed = parse_ranges({"authorized-ranges", "list", text, true});
  REQUIRE(parsed);
  return parsed->warnings;
}

bool mentions(const Texts& texts, const std::string& text) {
  return std::any_of(texts.begin(), texts.end(), [&](const std::string& warning) {
    return warning.find(text) != std::string::npos;
  });
}

// The kind of the narrowest range around an address, by reading all of them but `left_out`.
int slow_verdict(const std::vector<Range>& ranges, const Address& address, std::size_t left_out) {
  int verdict = 0;
  int longest = -1;
  for (std::size_t i = 0; i < ranges.size(); ++i) {
    if (i == left_out || !covers(ranges[i].prefix, address)) continue;
    if (ranges[i].prefix.length <= longest) continue;
    longest = ranges[i].prefix.length;
    verdict = static_cast<int>(ranges[i].kind);
  }
  return verdict;
}

}  // namespace

TEST_CASE("an ordinary list raises no warning") {
  CHECK(warnings_of("203.0.113.0/24 name=office\n"
                    "except 203.0.113.128/25\n"
                    "203.0.113.200 name=printer\n"
                    "10.0.0.0/8\n"
                    "172.16.0.0/12\n"
                    "192.168.0.0/16\n"
                    "100.64.0.0/10\n"
                    "2001:db8::/32\n"
                    "fd00::/8\n")
            .empty());
}

TEST_CASE("what lies beside private space is asked about") {
  const auto outside = [](const std::string& cidr, const std::string& meant) {
    return Texts{"list:1:1: " + cidr + " lies outside of the private range " + meant +
                 ": is that what you meant?"};
  };
  const auto wider = [](const std::string& cidr, const std::string& meant) {
    return Texts{"list:1:1: " + cidr + " is wider than the private range " + meant +
                 ": is that what you meant?"};
  };
  CHECK(warnings_of("172.0.0.0/16\n") == outside("172.0.0.0/16", "172.16.0.0/12"));
  CHECK(warnings_of("172.15.0.0/16\n") == outside("172.15.0.0/16", "172.16.0.0/12"));
  CHECK(warnings_of("172.32.0.0/11\n") == outside("172.32.0.0/11", "172.16.0.0/12"));
  CHECK(warnings_of("172.0.0.0/11\n") == wider("172.0.0.0/11", "172.16.0.0/12"));
  CHECK(warnings_of("172.0.0.0/8\n") == wider("172.0.0.0/8", "172.16.0.0/12"));
  CHECK(warnings_of("192.186.0.0/16\n") == outside("192.186.0.0/16", "192.168.0.0/16"));
  CHECK(warnings_of("192.186.1.0/24\n") == outside("192.186.1.0/24", "192.168.0.0/16"));
  CHECK(warnings_of("192.0.0.0/8\n") == wider("192.0.0.0/8", "192.168.0.0/16"));
  CHECK(warnings_of("192.168.0.0/15\n") == wider("192.168.0.0/15", "192.168.0.0/16"));
  CHECK(warnings_of("10.0.0.0/7\n") == wider("10.0.0.0/7", "10.0.0.0/8"));
  CHECK(warnings_of("8.0.0.0/5\n") == wider("8.0.0.0/5", "10.0.0.0/8"));
  CHECK(warnings_of("100.0.0.0/8\n") == wider("100.0.0.0/8", "100.64.0.0/10"));
}

TEST_CASE("what is near private space and plain is not asked about") {
  for (const char* line : {"172.16.0.0/16\n", "172.31.0.0/16\n", "172.32.7.0/24\n", "172.67.1.1\n",
                           "192.186.1.7\n", "192.0.2.0/24\n", "192.169.0.0/16\n", "11.0.0.0/8\n",
                           "100.0.0.0/10\n", "128.0.0.0/2\n", "173.0.0.0/16\n"}) {
    CAPTURE(line);
    CHECK(warnings_of(line).empty());
  }
}

TEST_CASE("a range that lists a whole family says so") {
  CHECK(warnings_of("0.0.0.0/0\n") ==
        Texts{"list:1:1: 0.0.0.0/0 allows every IPv4 address: only an 'except' drops one"});
  CHECK(warnings_of("::/0\n") ==
        Texts{"list:1:1: ::/0 allows every IPv6 address: only an 'except' drops one"});
  CHECK(warnings_of("except 0.0.0.0/0\n").empty());
}

TEST_CASE("ranges that no packet can come from say why") {
  const std::string loopback =
      " matches nothing: loopback never passes a guarded interface; remove the entry";
  const std::string multicast =
      " matches nothing: a multicast address is never a source; remove the entry";
  for (const std::string cidr : {"127.0.0.0/8", "127.0.0.1/32", "::1/128"}) {
    CHECK(warnings_of(cidr + "\n") == Texts{"list:1:1: " + cidr + loopback});
  }
  for (const std::string cidr : {"224.0.0.0/4", "239.1.2.3/32", "ff00::/8", "ff02::1/128"}) {
    CHECK(warnings_of(cidr + "\n") == Texts{"list:1:1: " + cidr + multicast});
  }
  CHECK(warnings_of("0.0.0.0/32\n") ==
        Texts{"list:1:1: 0.0.0.0/32 matches nothing: it is not a usable address; AKS reads it as "
              "the cluster's own egress: here, put that under 'cluster'"});
  CHECK(warnings_of("::\n") ==
        Texts{"list:1:1: ::/128 matches nothing: it is not a usable address; remove the entry"});
  CHECK(warnings_of("except 127.0.0.0/8\n").empty());
}

TEST_CASE("allow and except of one prefix: the except wins, and the allow is told") {
  CHECK(warnings_of("# x\n10.0.0.0/8\nexcept 10.0.0.0/8\n") ==
        Texts{"list:2:1: allow and except of 10.0.0.0/8: the except (authorized-ranges:3) wins; "
              "remove one of the two"});
  CHECK(warnings_of("except 10.0.0.0/8\n10.0.0.0/8\n") ==
        Texts{"list:2:1: allow and except of 10.0.0.0/8: the except (authorized-ranges:1) wins; "
              "remove one of the two"});
}

TEST_CASE("allow beside an except that ends: what happens at the end is told") {
  const std::string except = "except 10.0.0.0/8 until=2030-01-01T00:00:00Z\n";
  const std::string says =
      "list:2:1: allow and except of 10.0.0.0/8: the except (authorized-ranges:1) wins until "
      "2030-01-01T00:00:00Z";
  CHECK(warnings_of(except + "10.0.0.0/8\n") == Texts{says + "; from then on the allow decides"});
  CHECK(warnings_of(except + "10.0.0.0/8 until=2031-01-01T00:00:00Z\n") ==
        Texts{says + "; from then on the allow decides until 2031-01-01T00:00:00Z"});
  for (const char* until : {"2029-01-01T00:00:00Z", "2030-01-01T00:00:00Z"}) {
    CHECK(warnings_of(except + "10.0.0.0/8 until=" + until + "\n") ==
          Texts{says + ", and the allow has expired by then; remove one of the two"});
  }
  // Two of each kind: the one of each that ends last speaks.
  CHECK(warnings_of(except + "10.0.0.0/8\nexcept 10.0.0.0/8 until=2029-01-01T00:00:00Z\n" +
                    "10.0.0.0/8 name=b\n") ==
        Texts{says + "; from then on the allow decides",
              "list:3:8: 10.0.0.0/8 never decides here: authorized-ranges:1 has the same range; "
              "remove one of the two",
              "list:4:1: 10.0.0.0/8 never decides here: authorized-ranges:2 has the same range; "
              "remove one of the two"});
}

TEST_CASE("an except that ends, beside its allow, takes nothing else for needless") {
  const std::string pair = "10.0.0.0/8\nexcept 10.0.0.0/8 until=2030-01-01T00:00:00Z\n";
  CHECK(warnings_of(pair + "10.1.0.0/16\nexcept 10.2.0.0/16\n").size() == 1);
  CHECK(warnings_of("10.0.0.0/7\n" + pair).size() == 2);  // 10.0.0.0/7 misses a private range
}

TEST_CASE("of entries with one prefix those that never decide are told") {
  CHECK(warnings_of("10.0.0.0/8 name=a\n10.0.0.0/8 name=b\n") ==
        Texts{"list:2:1: 10.0.0.0/8 never decides here: authorized-ranges:1 has the same range; "
              "remove one of the two"});
  CHECK(warnings_of("10.0.0.0/8 until=2030-01-01T00:00:00Z\n10.0.0.0/8\n") ==
        Texts{"list:1:1: 10.0.0.0/8 never decides here: authorized-ranges:2 has the same range; "
              "remove one of the two"});
  CHECK(warnings_of("except 10.0.0.0/8\nexcept 10.0.0.0/8\n") ==
        Texts{"list:2:8: 10.0.0.0/8 never decides here: authorized-ranges:1 has the same range; "
              "remove one of the two"});
}

TEST_CASE("a range that narrower ones fill never decides") {
  const Texts filled{
      "list:1:1: 10.0.0.0/8 never decides: narrower entries fill it; remove it or them"};
  CHECK(warnings_of("10.0.0.0/8\n10.0.0.0/9\n10.128.0.0/9\n") == filled);
  CHECK(warnings_of("10.0.0.0/8\n10.0.0.0/9\nexcept 10.128.0.0/10\n10.192.0.0/10\n") == filled);
  // A temporary half is as good as what lies permanently inside it.
  CHECK(warnings_of("10.0.0.0/8\n"
                    "10.0.0.0/9 until=2030-01-01T00:00:00Z\n"
                    "except 10.0.0.0/10\nexcept 10.64.0.0/10\n10.128.0.0/9\n") ==
        Texts{"list:1:1: 10.0.0.0/8 never decides: narrower entries fill it; remove it or them",
              "list:2:1: 10.0.0.0/9 never decides: narrower entries fill it; remove it or them"});
  // The last pair of addresses of a family.
  CHECK(warnings_of("255.255.255.254/31\n255.255.255.254\n255.255.255.255\n").size() == 1);
  CHECK(warnings_of("2001:db8::fffe/127\n2001:db8::fffe\n2001:db8::ffff\n").size() == 1);
  CHECK(mentions(warnings_of("::/0\n::/1\n8000::/1\n"), "::/0 never decides"));
}

TEST_CASE("a range with a gap between the narrower ones still decides") {
  CHECK_FALSE(mentions(warnings_of("10.0.0.0/8\n10.0.0.0/9\n10.128.0.0/10\n"), "never decides"));
  CHECK_FALSE(mentions(warnings_of("10.0.0.0/8\n10.64.0.0/10\n10.128.0.0/9\n"), "never decides"));
  CHECK_FALSE(
      mentions(warnings_of("10.0.0.0/8\n10.0.0.0/9\n10.128.0.0/9 until=2030-01-01T00:00:00Z\n"),
               "never decides"));
  CHECK_FALSE(mentions(warnings_of("0.0.0.0/0\n::/1\n8000::/1\n"), "never decides"));
}

TEST_CASE("a range inside a permanent one of its kind is already covered") {
  CHECK(warnings_of("10.0.0.0/8\n10.1.0.0/16\n") ==
        Texts{"list:2:1: 10.1.0.0/16 is already covered by 10.0.0.0/8 (authorized-ranges:1); "
              "remove one of the two"});
  CHECK(warnings_of("10.1.0.0/16 until=2030-01-01T00:00:00Z\n10.0.0.0/8\n") ==
        Texts{"list:1:1: 10.1.0.0/16 is already covered by 10.0.0.0/8 (authorized-ranges:2); "
              "remove one of the two"});
  // The one between is temporary: what covers both is the widest.
  CHECK(mentions(warnings_of("10.0.0.0/8\n10.1.0.0/16 until=2030-01-01T00:00:00Z\n10.1.1.0/24\n"),
                 "10.1.1.0/24 is already covered by 10.0.0.0/8"));
  CHECK(mentions(warnings_of("except 10.0.0.0/8\nexcept 10.1.0.0/16\n"),
                 "10.1.0.0/16 is already covered by 10.0.0.0/8"));
}

TEST_CASE("a range that an except separates from a wider one, or that outlives it, is needed") {
  CHECK(warnings_of("10.0.0.0/8\nexcept 10.1.0.0/16\n10.1.1.0/24\n").empty());
  CHECK(warnings_of("10.0.0.0/8 until=2030-01-01T00:00:00Z\n10.1.0.0/16\n").empty());
}

TEST_CASE("the count of warnings stands behind the tenth of its kind") {
  std::string text = "20.0.0.0/8\n127.0.0.1\n";
  for (int i = 0; i < 12; ++i) text += "20.0.0." + std::to_string(i) + "\n";
  const Texts warnings = warnings_of(text);
  REQUIRE(warnings.size() == 12);
  CHECK(warnings[0] ==
        "list:3:1: 20.0.0.0/32 is already covered by 20.0.0.0/8 (authorized-ranges:1); remove one "
        "of the two");
  CHECK(warnings[10] == "... and 2 more: entries that are already covered");
  CHECK(warnings[11].find("127.0.0.1/32 matches nothing") != std::string::npos);
}

TEST_CASE("to follow any one warning changes no verdict") {
  std::mt19937 random(42);
  for (int round = 0; round < 400; ++round) {
    // Permanent ranges of /24../32 inside 198.51.100.0/24: every address can be asked.
    std::string text;
    for (int i = 0; i < 14; ++i) {
      const auto length = static_cast<unsigned>(24 + random() % 9);
      const auto host = static_cast<unsigned>(random() % 256) & ~(0xffu >> (length - 24));
      text += (random() % 3 == 0 ? "except 198.51.100." : "198.51.100.") + std::to_string(host) +
              '/' + std::to_string(length) + '\n';
    }
    const auto parsed = parse_ranges({"l", "l", text, true});
    REQUIRE(parsed);
    const auto ranges = effective_ranges(parsed->policy.ranges);
    for (std::size_t i = 0; i < ranges.size(); ++i) {
      const std::string cidr = ": " + to_string(ranges[i].prefix);
      const bool needless = mentions(parsed->warnings, cidr + " never decides:") ||
                            mentions(parsed->warnings, cidr + " is already covered");
      if (!needless) continue;
      for (int host = 0; host < 256; ++host) {
        const Address address{Family::kIpv4, {198, 51, 100, static_cast<std::uint8_t>(host)}};
        CAPTURE(text, cidr, host);
        REQUIRE(slow_verdict(ranges, address, i) == slow_verdict(ranges, address, ranges.size()));
      }
    }
  }
}
