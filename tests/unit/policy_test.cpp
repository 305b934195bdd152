// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/policy/policy.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <utility>

#include "loader/policy/text.hpp"
#include "tests/support/catch.hpp"

using namespace apiguard;
namespace fs = std::filesystem;

namespace {

using Texts = std::vector<std::string>;

std::string read(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

// A file of a sample; its messages carry the path inside the sample.
SourceFile source(const fs::path& folder, const std::string& name) {
  const fs::path path = folder / name;
  return {name, name, read(path), fs::exists(path)};
}

Sources sources(const fs::path& folder) {
  Sources out{source(folder, "apiguard.toml"), source(folder, "authorized-ranges"), {}};
  std::vector<std::string> names;
  if (fs::exists(folder / "authorized-ranges.d")) {
    for (const auto& entry : fs::directory_iterator(folder / "authorized-ranges.d")) {
      names.push_back("authorized-ranges.d/" + entry.path().filename().string());
    }
  }
  std::sort(names.begin(), names.end());
  for (const std::string& name : names) out.drop_ins.push_back(source(folder, name));
  return out;
}

std::vector<fs::path> samples(const std::string& kind) {
  std::vector<fs::path> out;
  for (const auto& entry : fs::directory_iterator(fs::path(APIGUARD_POLICIES) / kind)) {
    out.push_back(entry.path());
  }
  std::sort(out.begin(), out.end());
  return out;
}

Sources texts(std::string config, std::string ranges, std::string drop_in = "") {
  return {{"apiguard.toml", "apiguard.toml", std::move(config), true},
          {"authorized-ranges", "authorized-ranges", std::move(ranges), true},
          {{"authorized-ranges.d/a.list", "a.list", std::move(drop_in), true}}};
}

std::vector<Range> ranges(const std::string& text) {
  const auto parsed = parse_ranges({"authorized-ranges", "list", text, true});
  REQUIRE(parsed);
  return parsed->policy.ranges;
}

std::string effective(const std::string& text) {
  return show_ranges(effective_ranges(ranges(text)));
}

Policy policy(const std::string& config, const std::string& list) {
  const auto parsed = parse_policy(texts("interfaces = [\"eth0\"]\n" + config, list));
  REQUIRE(parsed);
  return parsed->policy;
}

Prefix random_prefix(std::mt19937_64& random) {
  std::string text;
  if (random() % 2 == 0) {
    for (int i = 0; i < 4; ++i) text += (i == 0 ? "" : ".") + std::to_string(random() % 256);
    return parse_prefix(text + "/" + std::to_string(random() % 33))->prefix;
  }
  constexpr std::string_view kHex = "0123456789abcdef";
  for (int i = 0; i < 8; ++i) {
    if (i > 0) text += ':';
    text += i == 0 ? "2001" : std::string(1, kHex[random() % 3 == 0 ? random() % 16 : 0]);
  }
  return parse_prefix(text + "/" + std::to_string(random() % 129))->prefix;
}

Range random_range(std::mt19937_64& random) {
  Range range{random_prefix(random), random() % 3 == 0 ? Kind::kExcept : Kind::kAllow, "", {}, {}};
  if (random() % 2 == 0) range.name = "name-" + std::to_string(random() % 5);
  if (random() % 3 == 0) range.until = timestamp_of(static_cast<std::int64_t>(random() >> 2));
  return range;
}

Policy random_policy(std::mt19937_64& random) {
  Policy out;
  out.mode = static_cast<Mode>(random() % 3);
  out.xdp_mode = static_cast<XdpMode>(random() % 3);
  out.interfaces = {"eth" + std::to_string(random() % 9), "en*",
                    "q\"\\" + std::to_string(random() % 9)};
  for (std::uint16_t port = 1; port < 1 + random() % 9; ++port) {
    std::optional<Address> address;
    if (random() % 2 == 0)
      address = parse_address(random() % 2 == 0 ? "192.0.2.1" : "2001:db8::1").value();
    out.endpoints.push_back({address, port});
  }
  if (out.endpoints.empty()) out.endpoints.push_back({std::nullopt, 6443});
  for (std::size_t i = random() % 4; i > 0; --i) {
    out.ranges.push_back({random_prefix(random), Kind::kCluster, "", {}, {}});
  }
  for (std::size_t i = random() % 20; i > 0; --i) out.ranges.push_back(random_range(random));
  return out;
}

// The policy that its two texts make, read apart so that no rule between files matters.
void sort_by_prefix(std::vector<Range>& ranges) {
  std::stable_sort(ranges.begin(), ranges.end(),
                   [](const Range& a, const Range& b) { return a.prefix < b.prefix; });
}

Policy through_text(const Policy& policy) {
  auto config = parse_config({"c", "c", show_config(policy), true});
  REQUIRE(config);
  const auto list = parse_ranges({"l", "l", show_ranges(policy.ranges), true});
  REQUIRE(list);
  auto& all = config->policy.ranges;
  all.insert(all.end(), list->policy.ranges.begin(), list->policy.ranges.end());
  sort_by_prefix(all);
  return config->policy;
}

}  // namespace

TEST_CASE("every valid sample parses and reads back as it was shown") {
  const auto folders = samples("valid");
  CHECK(folders.size() >= 9);
  for (const fs::path& folder : folders) {
    CAPTURE(folder.string());
    const auto parsed = parse_policy(sources(folder));
    if (!parsed) FAIL(parsed.error().message);
    CHECK(through_text(parsed->policy) == parsed->policy);
  }
}

TEST_CASE("every invalid sample is refused with exactly the text beside it") {
  const auto folders = samples("invalid");
  CHECK(folders.size() >= 9);
  for (const fs::path& folder : folders) {
    CAPTURE(folder.string());
    const auto parsed = parse_policy(sources(folder));
    REQUIRE_FALSE(parsed);
    CHECK(parsed.error().exit == Exit::kBadFile);
    CHECK(parsed.error().message + "\n" == read(folder / "expected"));
  }
}

TEST_CASE("random policies read back as they were shown") {
  std::mt19937_64 random(1);
  for (int i = 0; i < 2000; ++i) {
    Policy policy = random_policy(random);
    sort_by_prefix(policy.ranges);
    CAPTURE(show_config(policy), show_ranges(policy.ranges));
    REQUIRE(through_text(policy) == policy);
    REQUIRE(fingerprint(through_text(policy)) == fingerprint(policy));
    REQUIRE(difference(policy, through_text(policy)).empty());
  }
}

TEST_CASE("ranges stand by prefix, then in the order cluster, the verbs' file, drop-ins") {
  const auto parsed =
      parse_policy(texts("interfaces = [\"eth0\"]\ncluster = [\"10.8.0.0/16\"]\n",
                         "10.9.0.0/16\n10.8.0.0/16\n", "10.7.0.0/16\n10.8.0.0/16\n"));
  REQUIRE(parsed);
  Texts seen;
  for (const Range& range : parsed->policy.ranges) {
    seen.push_back(to_string(range.prefix) + " " + range.origin.file.text());
  }
  CHECK(seen == Texts{"10.7.0.0/16 authorized-ranges.d/a.list", "10.8.0.0/16 apiguard.toml",
                      "10.8.0.0/16 authorized-ranges", "10.8.0.0/16 authorized-ranges.d/a.list",
                      "10.9.0.0/16 authorized-ranges"});
}

TEST_CASE("an empty list is refused in enforce and audit, whatever is expired or excepted") {
  const std::string head = "interfaces = [\"eth0\"]\n";
  const std::string ways =
      " with an empty list: no client would be listed; add a range ('apiguard allow CIDR') or turn "
      "the filter off ('apiguard mode off')";
  const auto error = [](const std::string& config, const std::string& list) {
    const auto parsed = parse_policy(texts(config, list));
    return parsed ? "" : parsed.error().message;
  };
  CHECK(error(head, "") == "apiguard.toml: mode 'enforce'" + ways);
  CHECK(error(head + "mode = \"audit\"\n", "# x\n") ==
        "apiguard.toml:2:1: mode 'audit'" + ways + "\n  mode = \"audit\"\n  ^");
  CHECK(error(head, "except 10.0.0.0/8\n") == "apiguard.toml: mode 'enforce'" + ways);
  CHECK(error(head + "mode = \"off\"\n", "").empty());
  CHECK(error(head + "cluster = [\"10.0.0.0/8\"]\n", "").empty());
  CHECK(error(head, "10.0.0.0/8 until=1999-01-01T00:00:00Z\n").empty());
}

TEST_CASE("an except equal to or inside a cluster range is refused at its own line") {
  const std::string config =
      "interfaces = [\"eth0\"]\ncluster = [\"10.20.1.0/24\", \"10.20.0.0/16\"]\n";
  const auto parsed =
      parse_policy(texts(config, "\nexcept 10.20.1.7\nexcept 10.0.0.0/8\nexcept 11.0.0.0/8\n",
                         "except 10.20.0.0/16\n"));
  REQUIRE_FALSE(parsed);
  CHECK(parsed.error().message ==
        "authorized-ranges:2:8: except of 10.20.1.7/32 inside the cluster range 10.20.0.0/16 "
        "(apiguard.toml:2), which is always listed\n"
        "  except 10.20.1.7\n"
        "         ^\n"
        "a.list:1:8: except of 10.20.0.0/16 inside the cluster range 10.20.0.0/16 "
        "(apiguard.toml:2), which is always listed\n"
        "  except 10.20.0.0/16\n"
        "         ^");
}

TEST_CASE("an except that ends, or has ended, may not stand beside a cluster range either") {
  const std::string config = "interfaces = [\"eth0\"]\ncluster = [\"10.20.0.0/16\"]\n";
  for (const char* until : {"2001-01-01T00:00:00Z", "2100-01-01T00:00:00Z"}) {
    const auto parsed = parse_policy(
        texts(config, "10.0.0.0/8\n", "except 10.20.0.0/16 until=" + std::string(until) + "\n"));
    REQUIRE_FALSE(parsed);
    CHECK(parsed.error().message.find("a.list:1:8: except of 10.20.0.0/16") == 0);
  }
}

TEST_CASE("warnings about ranges name other files") {
  const auto parsed =
      parse_policy(texts("interfaces = [\"eth0\"]\n", "10.0.0.0/8\n", "except 10.0.0.0/8\n"));
  REQUIRE(parsed);
  CHECK(parsed->warnings ==
        Texts{"authorized-ranges:1:1: allow and except of 10.0.0.0/8: the except "
              "(authorized-ranges.d/a.list:1) wins; remove one of the two"});
}

TEST_CASE("one entry a prefix decides") {
  const std::string sooner = " until=2029-01-01T00:00:00Z";
  const std::string later = " until=2030-01-01T00:00:00Z";
  CHECK(effective("").empty());
  CHECK(effective("10.0.0.0/8\nexcept 10.0.0.0/8\n") == "except 10.0.0.0/8\n");
  // An allow that outlasts the except decides from its end on.
  CHECK(effective("10.0.0.0/8\nexcept 10.0.0.0/8" + sooner + "\n") ==
        "except 10.0.0.0/8" + sooner + "\n10.0.0.0/8\n");
  CHECK(effective("10.0.0.0/8" + later + "\nexcept 10.0.0.0/8" + sooner + "\n") ==
        "except 10.0.0.0/8" + sooner + "\n10.0.0.0/8" + later + "\n");
  CHECK(effective("except 10.0.0.0/8" + later + "\n10.0.0.0/8" + sooner + "\n") ==
        "except 10.0.0.0/8" + later + "\n");
  CHECK(effective("except 10.0.0.0/8" + sooner + "\n10.0.0.0/8" + sooner + "\n") ==
        "except 10.0.0.0/8" + sooner + "\n");
  CHECK(effective("except 10.0.0.0/8" + sooner + "\nexcept 10.0.0.0/8" + later +
                  "\n10.0.0.0/8 name=a\n10.0.0.0/8 name=b" + later + "\n") ==
        "except 10.0.0.0/8" + later + "\n10.0.0.0/8 name=a\n");
  CHECK(effective("10.0.0.0/8" + later + "\n10.0.0.0/8\n") == "10.0.0.0/8\n");
  CHECK(effective("10.0.0.0/8" + sooner + "\n10.0.0.0/8" + later + "\n") ==
        "10.0.0.0/8" + later + "\n");
  CHECK(effective("except 10.0.0.0/8" + later + "\nexcept 10.0.0.0/8\n") == "except 10.0.0.0/8\n");
  CHECK(effective("10.0.0.0/8 name=first\n10.0.0.0/8 name=second\n") == "10.0.0.0/8 name=first\n");

  std::vector<Range> both = ranges("10.0.0.0/8 name=allow\n10.0.0.0/8\n");
  both[1].kind = Kind::kCluster;
  REQUIRE(effective_ranges(both).size() == 1);
  CHECK(effective_ranges(both)[0].kind == Kind::kCluster);
}

TEST_CASE("effective ranges are sorted by family, address, length") {
  CHECK(effective("::/0\n2001:db8::/32\n10.0.0.0/8\n9.0.0.0/8\n10.0.0.0/16\n255.0.0.0/8\n"
                  "except ::1\n0.0.0.0/0\n2001:db8::8000:0:0:0/65\n") ==
        "0.0.0.0/0\n9.0.0.0/8\n10.0.0.0/8\n10.0.0.0/16\n255.0.0.0/8\n"
        "::/0\nexcept ::1/128\n2001:db8::/32\n2001:db8:0:0:8000::/65\n");
}

TEST_CASE("the order of ranges means nothing") {
  std::mt19937_64 random(9);
  for (int i = 0; i < 300; ++i) {
    Policy policy = random_policy(random);
    for (Range& range : policy.ranges) range.name.clear();
    Policy shuffled = policy;
    std::shuffle(shuffled.ranges.begin(), shuffled.ranges.end(), random);
    std::shuffle(shuffled.endpoints.begin(), shuffled.endpoints.end(), random);
    REQUIRE(effective_ranges(shuffled.ranges) == effective_ranges(policy.ranges));
    REQUIRE(fingerprint(shuffled) == fingerprint(policy));
    REQUIRE(difference(shuffled, policy).empty());
  }
}

TEST_CASE("the fingerprint is of what is judged, and of nothing else") {
  const Policy base = policy("endpoints = [1, 2]\n", "10.0.0.0/8 name=a\nexcept 10.1.0.0/16\n");
  const std::string digest = fingerprint(base);
  // printf 'mode enforce\nendpoint 1\nendpoint 2\n\1\4\10\0\12\0\0\0\2\4\20\0\12\1\0\0' | sha256sum
  CHECK(digest == "f71634655a35b2e78c450ed09bbbe01837c8b5a6d2c83712588adbfcdf3de1f5");

  Policy same = policy("endpoints = [2, 1]\nxdp_mode = \"generic\"\n",
                       "except 10.1.0.0/16 name=z # comment\n10.0.0.0/8\n10.0.0.0/8\n");
  same.interfaces = {"other"};
  CHECK(fingerprint(same) == digest);

  const std::string list = "10.0.0.0/8\nexcept 10.1.0.0/16\n";
  CHECK(fingerprint(policy("endpoints = [1, 2]\nmode = \"audit\"\n", list)) != digest);
  CHECK(fingerprint(policy("endpoints = [1]\n", list)) != digest);
  CHECK(fingerprint(policy("endpoints = [1, 2]\n", "10.0.0.0/8\n10.1.0.0/16\n")) != digest);
  CHECK(fingerprint(policy("endpoints = [1, 2]\n", list + "11.0.0.0/8\n")) != digest);
  CHECK(fingerprint(policy("endpoints = [1, 2]\n",
                           "10.0.0.0/8\nexcept 10.1.0.0/16 until=2030-01-01T00:00:00Z\n")) !=
        digest);
}

TEST_CASE("the permanent fingerprint is of what does not end, and of nothing else") {
  const std::string list = "10.0.0.0/8 name=a\nexcept 10.1.0.0/16\n2001:db8::/32\n";
  const Policy base = policy("endpoints = [1, 2]\n", list);
  const std::string digest = fingerprint_permanent(base);
  CHECK(digest == fingerprint(base));  // as nothing of it ends

  const std::string end = " until=2030-01-01T00:00:00Z\n";
  const std::string ended = " until=2001-01-01T00:00:00Z\n";
  for (const std::string& more :
       {"10.0.0.0/8" + end, "except 10.0.0.0/8" + end, "10.1.0.0/16" + end,
        "except 10.1.0.0/16" + end, "0.0.0.0/0" + end, "except 10.1.2.3" + ended,
        "192.0.2.1" + ended, "except ::/0" + end, "2001:db8::/32" + ended + "::1" + end}) {
    INFO(more);
    for (const auto& [first, second] : {std::pair(list, more), std::pair(more, list)})
      CHECK(fingerprint_permanent(policy("endpoints = [1, 2]\n", first + second)) == digest);
  }

  Policy same = policy("endpoints = [2, 1]\nxdp_mode = \"generic\"\n",
                       "2001:db8::/32\nexcept 10.1.0.0/16 name=z # comment\n10.0.0.0/8\n");
  same.interfaces = {"other"};
  same.leases = {1, 1, {}, 1ns};
  same.lapses = {{"authorized-ranges.d/n.list", 1ns}};
  std::reverse(same.ranges.begin(), same.ranges.end());
  CHECK(fingerprint_permanent(same) == digest);
  CHECK(fingerprint(same) == digest);

  CHECK(fingerprint_permanent(policy("endpoints = [1]\n", list)) != digest);
  CHECK(fingerprint_permanent(policy("endpoints = [1, 2]\nmode = \"audit\"\n", list)) != digest);
  CHECK(fingerprint_permanent(policy("endpoints = [1, 2]\n", list + "192.0.2.1\n")) != digest);
  CHECK(fingerprint_permanent(policy("endpoints = [1, 2]\n", "10.0.0.0/8\n2001:db8::/32\n")) !=
        digest);
  // A line that is made to end is no longer of it.
  CHECK(fingerprint_permanent(policy("endpoints = [1, 2]\n",
                                     "10.0.0.0/8\nexcept 10.1.0.0/16\n2001:db8::/32" + end)) ==
        fingerprint(policy("endpoints = [1, 2]\n", "10.0.0.0/8\nexcept 10.1.0.0/16\n")));
}

TEST_CASE("a difference names added and removed entries, sorted") {
  const Policy before = policy("", "10.0.0.0/8 name=a\n9.0.0.0/8\n2001:db8::/32\n7.0.0.0/8\n");
  const Policy after =
      policy("",
             "7.0.0.0/8\n10.0.0.0/8 name=b\n2001:db8::/32 until=2030-01-01T00:00:00Z\n"
             "except 9.0.0.0/8\n7.0.0.0/8\n");
  const Difference change = difference(before, after);
  CHECK(show_ranges(change.added) ==
        "except 9.0.0.0/8\n10.0.0.0/8 name=b\n2001:db8::/32 until=2030-01-01T00:00:00Z\n");
  CHECK(show_ranges(change.removed) == "9.0.0.0/8\n10.0.0.0/8 name=a\n2001:db8::/32\n");
  CHECK(change.settings.empty());
  CHECK(difference(before, before).empty());
}

TEST_CASE("a difference names changed settings, one line each") {
  const Policy before = policy("", "10.0.0.0/8\n");
  Policy after =
      policy("mode = \"audit\"\nxdp_mode = \"generic\"\nendpoints = [6443, \"192.0.2.1:1\"]\n",
             "10.0.0.0/8\n");
  after.interfaces = {"eth1", "en*"};
  CHECK(difference(before, after).settings ==
        Texts{"mode: enforce -> audit", "xdp_mode: auto -> generic",
              "interfaces: eth0 -> eth1, en*", "endpoints: 6443 -> 6443, 192.0.2.1:1"});
  Policy reordered = after;
  std::reverse(reordered.interfaces.begin(), reordered.interfaces.end());
  std::reverse(reordered.endpoints.begin(), reordered.endpoints.end());
  CHECK(difference(after, reordered).empty());
}

TEST_CASE("modes and kinds have one word each") {
  for (const Mode mode : {Mode::kOff, Mode::kAudit, Mode::kEnforce}) {
    CHECK(parse_mode(to_string(mode)) == mode);
  }
  CHECK_FALSE(parse_mode("Off"));
  CHECK_FALSE(parse_mode(""));
  CHECK(to_string(XdpMode::kNative) == "native");
  CHECK(to_string(Kind::kCluster) == "cluster");
}
