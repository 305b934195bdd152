// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <random>

#include "loader/policy/text.hpp"
#include "tests/support/catch.hpp"

using namespace apiguard;

namespace {

SourceFile list(std::string text) { return {"authorized-ranges", "list", std::move(text), true}; }

// The policy in the words of show_ranges.
std::string shown(const std::string& text) {
  const auto parsed = parse_ranges(list(text));
  return parsed ? show_ranges(parsed->policy.ranges) : parsed.error().message;
}

std::string error_of(const std::string& text) {
  const auto parsed = parse_ranges(list(text));
  REQUIRE_FALSE(parsed);
  CHECK(parsed.error().exit == Exit::kBadFile);
  return parsed.error().message;
}

struct Case {
  std::string_view text;
  std::string_view out;
};

std::string repeated(std::string_view line, int count) {
  std::string out;
  for (int i = 0; i < count; ++i) out += line;
  return out;
}

}  // namespace

TEST_CASE("good list files are read as they are meant") {
  const Case cases[] = {
      {"", ""},
      {"\n", ""},
      {"\n\n \t \n", ""},
      {"# only a comment\n", ""},
      {"  \t# an indented comment\n", ""},
      {"#\n", ""},
      {"203.0.113.0/24\n", "203.0.113.0/24\n"},
      {"203.0.113.7\n", "203.0.113.7/32\n"},
      {"2001:db8::1\n", "2001:db8::1/128\n"},
      {"2001:DB8::/32\n", "2001:db8::/32\n"},
      {"\t 203.0.113.0/24 \t\n", "203.0.113.0/24\n"},
      {"203.0.113.0/24 # office\n", "203.0.113.0/24\n"},
      {"203.0.113.0/24\t#office\n", "203.0.113.0/24\n"},
      {"203.0.113.0/24 name=office\n", "203.0.113.0/24 name=office\n"},
      {"203.0.113.0/24\t\tname=office\t# x\n", "203.0.113.0/24 name=office\n"},
      {"203.0.113.0/24 name=0\n", "203.0.113.0/24 name=0\n"},
      {"203.0.113.0/24 name=A.b_c-9\n", "203.0.113.0/24 name=A.b_c-9\n"},
      {"203.0.113.0/24 name=name\n", "203.0.113.0/24 name=name\n"},
      {"203.0.113.0/24 name=1.2.3\n", "203.0.113.0/24 name=1.2.3\n"},
      {"203.0.113.0/24 name=2026.01.02.03\n", "203.0.113.0/24 name=2026.01.02.03\n"},
      {"except 203.0.113.128/25\n", "except 203.0.113.128/25\n"},
      {" except\t203.0.113.128/25\tname=guests\n", "except 203.0.113.128/25 name=guests\n"},
      {"203.0.113.7 until=2026-12-01T08:00:00.500Z\n",
       "203.0.113.7/32 until=2026-12-01T08:00:00.5Z\n"},
      {"203.0.113.7 until=2026-12-01T10:00:00+02:00 name=ci\n",
       "203.0.113.7/32 name=ci until=2026-12-01T08:00:00Z\n"},
      {"except 203.0.113.7 until=1999-12-31T23:59:59Z\n",
       "except 203.0.113.7/32 until=1999-12-31T23:59:59Z\n"},
      {"10.0.0.0/8\n10.0.0.0/8 name=again\n", "10.0.0.0/8\n10.0.0.0/8 name=again\n"},
      {"10.0.0.7/8\n", "10.0.0.0/8\n"},
      {"0.0.0.0/0\n::/0\n", "0.0.0.0/0\n::/0\n"},
      {"203.0.113.7 # Büro, Straße 1 — 事務所\n", "203.0.113.7/32\n"},
      {"203.0.113.7 # name=x until=never\n", "203.0.113.7/32\n"},
  };
  for (const Case& good : cases) {
    CAPTURE(good.text);
    CHECK(shown(std::string(good.text)) == good.out);
  }
}

TEST_CASE("bad lines are refused with position, line and caret") {
  const Case cases[] = {
      {"10.0.0.300/24  name=office\n",
       "list:1:8: octet '300' is larger than 255\n"
       "  10.0.0.300/24  name=office\n"
       "         ^"},
      {"# x\n\n  010.0.0.1\n",
       "list:3:3: leading zero in octet '010'\n"
       "    010.0.0.1\n"
       "    ^"},
      {"10.0.0.0/08\n",
       "list:1:10: leading zero in prefix length '08'\n"
       "  10.0.0.0/08\n"
       "           ^"},
      {"10.0.0.0/33\n",
       "list:1:10: prefix length '33' is larger than 32\n"
       "  10.0.0.0/33\n"
       "           ^"},
      {"fe80::1%eth0\n",
       "list:1:8: zone id '%eth0': write the address without it\n"
       "  fe80::1%eth0\n"
       "         ^"},
      {"::ffff:10.0.0.1\n",
       "list:1:1: IPv4-mapped IPv6 address '::ffff:10.0.0.1': write '10.0.0.1'\n"
       "  ::ffff:10.0.0.1\n"
       "  ^"},
      {"office\n",
       "list:1:1: 'office' is not an address\n"
       "  office\n"
       "  ^"},
      {"allow 10.0.0.0/8\n",
       "list:1:1: leave out 'allow': a line without 'except' allows\n"
       "  allow 10.0.0.0/8\n"
       "  ^"},
      {"Except 10.0.0.0/8\n",
       "list:1:1: 'Except' is not an address\n"
       "  Except 10.0.0.0/8\n"
       "  ^"},
      {"except\n",
       "list:1:7: an address is missing after 'except'\n"
       "  except\n"
       "        ^"},
      {"except # x\n",
       "list:1:7: an address is missing after 'except'\n"
       "  except # x\n"
       "        ^"},
      {"except except 10.0.0.0/8\n",
       "list:1:8: 'except' is not an address\n"
       "  except except 10.0.0.0/8\n"
       "         ^"},
      {"except10.0.0.0/8\n",
       "list:1:1: 'except10.0.0.0' is not an address\n"
       "  except10.0.0.0/8\n"
       "  ^"},
      {"name=office 10.0.0.0/8\n",
       "list:1:1: 'name=office' is not an address\n"
       "  name=office 10.0.0.0/8\n"
       "  ^"},
      {"10.0.0.1 10.0.0.2\n",
       "list:1:10: unexpected '10.0.0.2': an entry is [except] CIDR [name=NAME] [until=TIME] "
       "[why=TICKET] [review=DATE]\n"
       "  10.0.0.1 10.0.0.2\n"
       "           ^"},
      {"10.0.0.1,10.0.0.2\n",
       "list:1:9: unexpected character ',': write one entry per line\n"
       "  10.0.0.1,10.0.0.2\n"
       "          ^"},
      {"10.0.0.0 /8\n",
       "list:1:10: unexpected '/8': an entry is [except] CIDR [name=NAME] [until=TIME] "
       "[why=TICKET] [review=DATE]\n"
       "  10.0.0.0 /8\n"
       "           ^"},
      {"10.0.0.0/1#6\n",
       "list:1:11: a comment needs a space before its '#'\n"
       "  10.0.0.0/1#6\n"
       "            ^"},
      {"10.0.0.0/8 name=a#b\n",
       "list:1:18: a comment needs a space before its '#'\n"
       "  10.0.0.0/8 name=a#b\n"
       "                   ^"},
      {"10.0.0.0/8 nmae=office\n",
       "list:1:12: unknown key 'nmae': did you mean 'name'?\n"
       "  10.0.0.0/8 nmae=office\n"
       "             ^"},
      {"10.0.0.0/8 Until=2026-12-01T08:00:00Z\n",
       "list:1:12: unknown key 'Until': did you mean 'until'?\n"
       "  10.0.0.0/8 Until=2026-12-01T08:00:00Z\n"
       "             ^"},
      {"10.0.0.0/8 comment=x\n",
       "list:1:12: unknown key 'comment': write why=TICKET, or a comment behind ' # '\n"
       "  10.0.0.0/8 comment=x\n"
       "             ^"},
      {"10.0.0.0/8 =x\n",
       "list:1:12: unknown key ''\n"
       "  10.0.0.0/8 =x\n"
       "             ^"},
      {"10.0.0.0/8 name\n",
       "list:1:12: key 'name' has no value: write name=VALUE\n"
       "  10.0.0.0/8 name\n"
       "             ^"},
      {"10.0.0.0/8 name = office\n",
       "list:1:12: key 'name' has no value: write name=VALUE\n"
       "  10.0.0.0/8 name = office\n"
       "             ^"},
      {"10.0.0.0/8 until=\n",
       "list:1:18: key 'until' has no value: write until=VALUE\n"
       "  10.0.0.0/8 until=\n"
       "                   ^"},
      {"10.0.0.0/8 name=a name=b\n",
       "list:1:19: key 'name' is given twice\n"
       "  10.0.0.0/8 name=a name=b\n"
       "                    ^"},
      {"10.0.0.0/8 until=2026-12-01T08:00:00Z until=2026-12-01T08:00:00Z\n",
       "list:1:39: key 'until' is given twice\n"
       "  10.0.0.0/8 until=2026-12-01T08:00:00Z until=2026-12-01T08:00:00Z\n"
       "                                        ^"},
      {"10.0.0.0/8 name=-a\n",
       "list:1:17: name '-a' must begin with a letter or a digit\n"
       "  10.0.0.0/8 name=-a\n"
       "                  ^"},
      {"10.0.0.0/8 name=a/b\n",
       "list:1:18: unexpected character '/' in name 'a/b': letters, digits, '.', '_' and '-' are "
       "allowed\n"
       "  10.0.0.0/8 name=a/b\n"
       "                   ^"},
      {"10.0.0.0/8 name=\"a\"\n",
       "list:1:17: unexpected character '\"' in name '\"a\"': letters, digits, '.', '_' and '-' "
       "are "
       "allowed\n"
       "  10.0.0.0/8 name=\"a\"\n"
       "                  ^"},
      {"10.0.0.0/8 name=10.0.0.1\n",
       "list:1:17: name '10.0.0.1' reads as an address\n"
       "  10.0.0.0/8 name=10.0.0.1\n"
       "                  ^"},
      {"10.0.0.0/8 name=010.0.0.300\n",
       "list:1:17: name '010.0.0.300' reads as an address\n"
       "  10.0.0.0/8 name=010.0.0.300\n"
       "                  ^"},
      {"10.0.0.0/8 until=tomorrow\n",
       "list:1:18: time 'tomorrow': not RFC 3339, as in 2026-12-01T08:00:00Z\n"
       "  10.0.0.0/8 until=tomorrow\n"
       "                   ^"},
      {"10.0.0.0/8 until=2026-12-01 08:00:00Z\n",
       "list:1:18: time '2026-12-01': not RFC 3339, as in 2026-12-01T08:00:00Z\n"
       "  10.0.0.0/8 until=2026-12-01 08:00:00Z\n"
       "                   ^"},
      {"10.0.0.0/8",
       "list:1:11: the last line has no newline: it may be cut off, and a cut '128.0.0.0/16' could "
       "read '128.0.0.0/1'\n"
       "  10.0.0.0/8\n"
       "            ^"},
      {"10.0.0.0/8\n# end",
       "list:2:6: the last line has no newline: it may be cut off, and a cut '128.0.0.0/16' could "
       "read '128.0.0.0/1'\n"
       "  # end\n"
       "       ^"},
      {"10.0.0.0/8\r\n10.0.0.0/9\r\n",
       "list:1:11: carriage return (CR): lines end in LF only; 'sed -i \"s/\\r//\" FILE' removes "
       "it\n"
       "  10.0.0.0/8?\n"
       "            ^"},
      {"\xEF\xBB\xBF"
       "10.0.0.0/8\n",
       "list:1:1: byte order mark (BOM): save the file as UTF-8 without it\n"
       "  ?10.0.0.0/8\n"
       "  ^"},
      {"10.0.0.0/8 # \xE9t\xE9\n",
       "list:1:14: not UTF-8\n"
       "  10.0.0.0/8 # ?t?\n"
       "               ^"},
      {"10.0.0.0/8\n\xC0\xAF\n",
       "list:2:1: not UTF-8\n"
       "  ??\n"
       "  ^"},
      {"10.0.0.0/8\x0B\n",
       "list:1:11: unexpected character U+000B in prefix length '8?'\n"
       "  10.0.0.0/8?\n"
       "            ^"},
      {"10.0.0.0/8 \x1B[31mname=a\n",
       "list:1:12: unknown key '?[31mname'\n"
       "  10.0.0.0/8 ?[31mname=a\n"
       "             ^"},
      {"10.0.0.0\xC2\xA0/8\n",
       "list:1:9: unexpected character U+00A0 in octet '0\xC2\xA0'\n"
       "  10.0.0.0\xC2\xA0/8\n"
       "          ^"},
  };
  for (const Case& bad : cases) {
    CAPTURE(bad.text);
    CHECK(error_of(std::string(bad.text)) == bad.out);
  }
}

TEST_CASE("a NUL byte is refused") {
  CHECK(error_of(std::string("10.0.0.0/8\n\0\n", 13)) ==
        "list:2:1: NUL byte: this is not a text file\n"
        "  ?\n"
        "  ^");
}

TEST_CASE("columns count code points, and tabs keep the caret in place") {
  CHECK(error_of("10.0.0.0/8 name=\xC3\xA9\xE4\xBA\x8B!\n") ==
        "list:1:17: unexpected character U+00E9 in name '\xC3\xA9\xE4\xBA\x8B!': letters, digits, "
        "'.', '_' and '-' are allowed\n"
        "  10.0.0.0/8 name=\xC3\xA9\xE4\xBA\x8B!\n"
        "                  ^");
  CHECK(error_of("\xC3\xA9\xE4\xBA\x8B 10.0.0.0/8\n10.0.0.0/8 x\xC3\xA9 y\n") ==
        "list:1:1: '\xC3\xA9\xE4\xBA\x8B' is not an address\n"
        "  \xC3\xA9\xE4\xBA\x8B 10.0.0.0/8\n"
        "  ^\n"
        "list:2:12: unexpected 'x\xC3\xA9': an entry is [except] CIDR [name=NAME] [until=TIME] "
        "[why=TICKET] [review=DATE]\n"
        "  10.0.0.0/8 x\xC3\xA9 y\n"
        "             ^");
  CHECK(error_of("\t10.0.0.0/8\tx\n") ==
        "list:1:13: unexpected 'x': an entry is [except] CIDR [name=NAME] [until=TIME] "
        "[why=TICKET] [review=DATE]\n"
        "  \t10.0.0.0/8\tx\n"
        "  \t          \t^");
}

TEST_CASE("a long line is shown around its caret, a long word is cut") {
  const std::string spaces(300, ' ');
  CHECK(error_of("10.0.0.0/8" + spaces + "x" + spaces + "\n") ==
        "list:1:311: unexpected 'x': an entry is [except] CIDR [name=NAME] [until=TIME] "
        "[why=TICKET] [review=DATE]\n"
        "  ..." +
            std::string(60, ' ') + "x" + std::string(59, ' ') +
            "...\n"
            "     " +
            std::string(60, ' ') + "^");
  CHECK(error_of(std::string(500, 'x') + "\n") == "list:1:1: '" + std::string(64, 'x') +
                                                      "...' is not an address\n"
                                                      "  " +
                                                      std::string(120, 'x') +
                                                      "...\n"
                                                      "  ^");
}

TEST_CASE("a name has at most 63 characters") {
  const std::string name(63, 'n');
  CHECK(shown("10.0.0.0/8 name=" + name + "\n") == "10.0.0.0/8 name=" + name + "\n");
  CHECK(error_of("10.0.0.0/8 name=" + name + "n\n").substr(0, 48) ==
        "list:1:17: name is longer than 63 characters\n  1");
  CHECK(valid_name("ci-run-123"));
  CHECK(valid_name(name));
  for (const char* bad : {"", "-a", ".a", "_a", "a b", "a=b", "a#b", "a:b", "\xC3\xA9", "10.0.0.1",
                          "255.255.255.255", "a/b", "a,b"}) {
    CAPTURE(bad);
    CHECK_FALSE(valid_name(bad));
  }
  CHECK_FALSE(valid_name(name + "n"));
}

TEST_CASE("the first ten errors are told in full, the rest is counted") {
  const auto with_errors = [](int count) { return error_of(repeated("x\n", count)); };
  std::string ten;
  for (int line = 1; line <= 10; ++line) {
    ten += "list:" + std::to_string(line) + ":1: 'x' is not an address\n  x\n  ^";
    if (line < 10) ten += '\n';
  }
  CHECK(with_errors(10) == ten);
  CHECK(with_errors(11) == ten + "\n... and 1 more error");
  CHECK(with_errors(1000) == ten + "\n... and 990 more errors");
}

TEST_CASE("one bad line refuses the whole file") {
  CHECK(error_of("10.0.0.0/8\nx\n10.1.0.0/16\n") == "list:2:1: 'x' is not an address\n  x\n  ^");
}

TEST_CASE("host bits are masked with a warning, and refused if strict") {
  const SourceFile file = list("172.16.0.10/16\nexcept 2001:db8::1/32 name=x\n");
  const auto parsed = parse_ranges(file);
  REQUIRE(parsed);
  CHECK(show_ranges(parsed->policy.ranges) == "172.16.0.0/16\nexcept 2001:db8::/32 name=x\n");
  CHECK(parsed->warnings ==
        std::vector<std::string>{"list:1:1: host bits are set: 172.16.0.10/16 is 172.16.0.0/16",
                                 "list:2:8: host bits are set: 2001:db8::1/32 is 2001:db8::/32"});
  const auto strict = parse_ranges(file, {true});
  REQUIRE_FALSE(strict);
  CHECK(strict.error().message ==
        "list:1:1: host bits are set: 172.16.0.10/16 is 172.16.0.0/16\n"
        "  172.16.0.10/16\n"
        "  ^\n"
        "list:2:8: host bits are set: 2001:db8::1/32 is 2001:db8::/32\n"
        "  except 2001:db8::1/32 name=x\n"
        "         ^");
}

TEST_CASE("the first ten warnings of a kind are told, the rest is counted") {
  std::string text;
  for (int i = 0; i < 25; ++i) text += "203.0." + std::to_string(i) + ".1/24\n";
  const auto parsed = parse_ranges(list(text));
  REQUIRE(parsed);
  REQUIRE(parsed->warnings.size() == 11);
  CHECK(parsed->warnings[9] == "list:10:1: host bits are set: 203.0.9.1/24 is 203.0.9.0/24");
  CHECK(parsed->warnings[10] == "... and 15 more: entries with host bits");
}

TEST_CASE("a range knows the line it was written in") {
  const auto parsed = parse_ranges(list("# head\n10.0.0.0/8\n\nexcept 10.1.0.0/16\n"));
  REQUIRE(parsed);
  REQUIRE(parsed->policy.ranges.size() == 2);
  CHECK(parsed->policy.ranges[0].origin.file.text() == "authorized-ranges");
  CHECK(parsed->policy.ranges[0].origin.line == 2);
  CHECK(parsed->policy.ranges[1].origin.line == 4);
}

TEST_CASE("a file cut at any byte is refused or loses whole lines") {
  const std::string text =
      "# the office\n"
      "203.0.113.0/24           name=office\n"
      "except 203.0.113.128/25  name=office-guests\n"
      "\n"
      "128.0.0.0/16 # wide when cut\n"
      "2001:db8:12::/48\tname=office\n"
      "198.51.100.7             name=ci-run-123 until=2026-12-01T08:00:00.500Z   # comment\n"
      "10.0.0.0/8\n";
  const auto whole = parse_ranges(list(text));
  REQUIRE(whole);
  for (std::size_t cut = 0; cut < text.size(); ++cut) {
    CAPTURE(cut);
    const auto parsed = parse_ranges(list(text.substr(0, cut)));
    const bool at_line_end = cut == 0 || text[cut - 1] == '\n';
    REQUIRE(parsed.has_value() == at_line_end);
    if (!parsed) continue;
    const auto& all = whole->policy.ranges;
    for (const Range& range : parsed->policy.ranges)
      REQUIRE(std::find(all.begin(), all.end(), range) != all.end());
  }
}

TEST_CASE("random bytes are refused or read, never more") {
  constexpr std::string_view kAlphabet = "0123456789.:/abcdefxept nmuil=#\t\n\n\r-_TZ%\xC3\xA9";
  std::mt19937_64 random(5);
  for (int i = 0; i < 20000; ++i) {
    std::string text(random() % 80, ' ');
    for (char& c : text) c = kAlphabet[random() % kAlphabet.size()];
    const auto parsed = parse_ranges(list(text));
    if (!parsed) continue;
    CAPTURE(text);
    const auto again = parse_ranges(list(show_ranges(parsed->policy.ranges)));
    REQUIRE(again);
    REQUIRE(again->policy == parsed->policy);
  }
}

TEST_CASE("a million lines are read") {
  std::string text;
  for (int i = 0; i < 1000000; ++i) {
    text += std::to_string(1 + i / 65536) + '.' + std::to_string(i / 256 % 256) + '.' +
            std::to_string(i % 256) + ".0/24 name=country\n";
  }
  const auto parsed = parse_ranges(list(text));
  REQUIRE(parsed);
  CHECK(parsed->policy.ranges.size() == 1000000);
  CHECK(parsed->policy.ranges.back().origin.line == 1000000);
}
