// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "tests/bench/micro.hpp"

#include <algorithm>
#include <cstdio>

#include "tests/bench/lists.hpp"
#include "tests/bench/measure.hpp"
#include "tests/bench/sources.hpp"

namespace apiguard::bench {
namespace {

constexpr Verdict kUnlisted{APIGUARD_DROP, APIGUARD_UNLISTED};
constexpr Verdict kListed{APIGUARD_PASS, APIGUARD_LISTED};
constexpr Verdict kOther{APIGUARD_PASS, APIGUARD_OTHER_TRAFFIC};

// One pair of lists in the kernel, in both filters: a host has both families.
class Bout {
 public:
  Bout(const Options& options, const List& ipv4, const List& ipv6)
      : options_(options),
        lists_{&ipv4, &ipv6},
        apiguard_(load_apiguard(lists_)),
        plain_(lists_, apiguard_.frags()),
        count_(ipv4.networks.size()) {}

  // The rows of one family's list: a flood, clients, an attacker's choice, and the trap.
  void sources(const List& list, const std::string& lengths, Json& cells) {
    const Holdings holdings(list);
    Vary harness({list.family, false}, apiguard_.frags());
    const Sources unlisted = unlisted_sources(list, holdings);
    cell(list, lengths, harness, unlisted, cells);
    cell(list, lengths, harness, listed_sources(list), cells);
    if (auto worst = dearest(harness, chosen_sources(list, holdings)))
      cell(list, lengths, harness, *worst, cells, "chosen");
    cell(list, lengths, harness, one_source(unlisted), cells);
  }

  // What is done besides: the same filter while its events are read, and in audit, where it notes
  // who has connections.
  void besides(const List& list, Json& cells) {
    const datapath::Generation audit = load_apiguard(lists_, Mode::kAudit);
    datapath::Watch reader = watch(apiguard_);
    const Holdings holdings(list);
    Vary harness({list.family, false}, apiguard_.frags());
    watched(list, harness, unlisted_sources(list, holdings), reader, cells);
    watched(list, harness, listed_sources(list), reader, cells);
    const auto frame = segment({list.family, false}, BENCH_PORT);
    harness.use(listed_sources(list));
    add(cells, list, "random", "listed, audit", "",
        measure({{"empty", &harness, harness.empty_pass(), &frame},
                 {"apiguard", &harness, program_of(audit), &frame}},
                kListed, options_.runs, options_.packets));
  }

  // What is none of the filter's business, and what a tag costs.
  void other_port(const List& list, Json& cells) {
    const Sources unlisted = unlisted_sources(list, Holdings(list));
    Vary harness({list.family, false}, apiguard_.frags());
    Vary tagged({list.family, true}, apiguard_.frags());
    harness.use(unlisted);
    tagged.use(unlisted);
    compare_tags(list, harness, tagged, BENCH_OTHER_PORT, kOther, "other port", cells);
    compare_tags(list, harness, tagged, BENCH_PORT, kUnlisted, "unlisted, tag", cells);
  }

 private:
  void cell(const List& list, const std::string& lengths, Vary& harness, const Sources& sources,
            Json& cells, const std::string& row = {}) {
    const Layout layout{list.family, false};
    const auto frame = segment(layout, BENCH_PORT);
    const Program empty = sources.listed ? harness.empty_pass() : harness.empty_drop();
    harness.use(sources);
    add(cells, list, lengths, row.empty() ? sources.name : row, row.empty() ? "" : sources.name,
        measure({{"empty", &harness, empty, &frame},
                 {"apiguard", &harness, program_of(apiguard_), &frame},
                 {"plain_lpm", &harness, plain_.program(), &frame}},
                sources.listed ? kListed : kUnlisted, options_.runs, options_.packets));
  }

  void watched(const List& list, Vary& harness, const Sources& sources, datapath::Watch& reader,
               Json& cells) {
    const auto frame = segment({list.family, false}, BENCH_PORT);
    const Program empty = sources.listed ? harness.empty_pass() : harness.empty_drop();
    harness.use(sources);
    std::uint64_t events = 0;
    add(cells, list, "random", sources.name + ", watched", "",
        measure({{"empty", &harness, empty, &frame},
                 {"apiguard", &harness, program_of(apiguard_), &frame}},
                sources.listed ? kListed : kUnlisted, options_.runs, options_.packets));
    if (auto read = reader.read([&](const apiguard_event&) { ++events; }); !read)
      broken(read.error().message);
    if (!sources.listed && events == 0) broken("a flood made no event");
  }

  // What an attacker would find out by trying: the kind that costs apiguard most.
  std::optional<Sources> dearest(Vary& harness, std::vector<Sources> kinds) {
    const auto frame = segment(harness.layout(), BENCH_PORT);
    const Sources* worst = nullptr;
    double most = 0;
    for (const Sources& kind : kinds) {
      harness.use(kind);
      const auto measured = measure({{"apiguard", &harness, program_of(apiguard_), &frame}},
                                    kUnlisted, 3, options_.packets / 4);
      if (median(measured[0].runs) <= most) continue;
      most = median(measured[0].runs);
      worst = &kind;
    }
    if (worst == nullptr) return std::nullopt;
    return *worst;
  }

  void compare_tags(const List& list, Vary& harness, Vary& tagged, std::uint16_t port,
                    const Verdict& verdict, const std::string& row, Json& cells) {
    const auto frame = segment({list.family, false}, port);
    const auto with_tag = segment({list.family, true}, port);
    const bool drop = verdict.outcome == APIGUARD_DROP;
    const Program filter = program_of(apiguard_);
    add(cells, list, "random", row, "",
        measure(
            {{"empty", &harness, drop ? harness.empty_drop() : harness.empty_pass(), &frame},
             {"apiguard", &harness, filter, &frame},
             {"plain_lpm", &harness, plain_.program(), &frame},
             {"empty_tagged", &tagged, drop ? tagged.empty_drop() : tagged.empty_pass(), &with_tag},
             {"apiguard_tagged", &tagged, filter, &with_tag}},
            verdict, options_.runs, options_.packets));
  }

  void add(Json& cells, const List& list, const std::string& lengths, const std::string& row,
           const std::string& kind, const std::vector<Measured>& measured) const {
    Json cell{{"family", list.family == Family::kIpv4 ? "IPv4" : "IPv6"},
              {"list", lengths},
              {"ranges", count_},
              {"sources", row}};
    if (!kind.empty()) cell["kind"] = kind;
    cell["programs"] = to_json(measured);
    cells.push_back(std::move(cell));
  }

  const Options& options_;
  std::vector<const List*> lists_;
  datapath::Generation apiguard_;
  PlainLpm plain_;
  std::size_t count_;
};

}  // namespace

Json measure_micro(const Options& options) {
  stay_on_one_cpu();
  constexpr std::size_t kListOfOtherPorts = 1000;
  Json cells = Json::array();
  for (const std::size_t count : options.lists) {
    std::fprintf(stderr, "micro: %zu ranges\n", count);
    const List ipv4 = random_list4(count), ipv6 = random_list6(count);
    const List clustered = clustered_list6(count);
    Bout bout(options, ipv4, ipv6);
    bout.sources(ipv4, "random", cells);
    bout.sources(ipv6, "random", cells);
    if (count == kListOfOtherPorts) {
      bout.other_port(ipv4, cells);
      bout.other_port(ipv6, cells);
      bout.besides(ipv4, cells);
      bout.besides(ipv6, cells);
    }
    Bout(options, ipv4, clustered).sources(clustered, "clustered", cells);
  }
  return cells;
}

}  // namespace apiguard::bench
