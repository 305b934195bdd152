// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "tests/bench/report.hpp"

#include <set>

#include <fmt/format.h>

#include "tests/bench/limits.hpp"
#include "tests/bench/numbers.hpp"
#include "tests/bench/table.hpp"

namespace apiguard::bench {
namespace {

std::string ns(double value) { return fmt::format("{:.1f}", value); }

// Median, least and greatest.
std::string spread(const Runs& runs) {
  const auto [least, greatest] = extremes(runs);
  return fmt::format("{:.1f} ({:.1f}..{:.1f})", median(runs), least, greatest);
}

std::string times(double factor) {
  return factor < 100 ? fmt::format("{:.1f}x", factor) : fmt::format("{:.0f}x", factor);
}

// Below half a nanosecond the difference of two programs is noise, and so is what is divided by it.
std::string ratio(double more, double less) { return less < 0.5 ? "-" : times(more / less); }

std::string row_name(const Json& cell) {
  std::string name =
      fmt::format("{} {}", cell["family"].get<std::string>(), cell["sources"].get<std::string>());
  if (cell["list"] == "clustered") name += ", clustered list";
  return name;
}

std::string limit_text(const Json& cell) {
  const std::string family = cell["family"], sources = cell["sources"];
  const auto limit = limit_of(family, sources, cell["ranges"]);
  const auto factor = ratio_limit(family, sources, cell["ranges"]);
  if (!limit || cell["list"] != "random") return "";
  return fmt::format("<= {:g}", *limit) + (factor ? fmt::format(", >= {:g}x", *factor) : "");
}

// Rows of what is done besides have no plain filter to be compared with.
bool is_compared(const Json& cell) { return cell["programs"].contains("plain_lpm"); }

bool has_tags(const Json& cell) { return cell["programs"].contains("apiguard_tagged"); }

Runs runs_of(const Json& cell, const std::string& program) {
  return cell["programs"][program].get<Runs>();
}

// ---- test runs ----

Table micro_table(const Json& cells) {
  Table table{{"ns over an empty program", "ranges", "ratio", "apiguard", "plain LPM", "limit",
               "raw: empty", "apiguard", "plain LPM"}};
  for (const Json& cell : cells) {
    if (cell["sources"] == "unlisted, tag" || !is_compared(cell)) continue;
    const Runs mine = over_empty(cell, "apiguard"), plain = over_empty(cell, "plain_lpm");
    table.push_back({row_name(cell), count_text(cell["ranges"]), ratio(median(plain), median(mine)),
                     spread(mine), spread(plain), limit_text(cell),
                     ns(median(runs_of(cell, "empty"))), ns(median(runs_of(cell, "apiguard"))),
                     ns(median(runs_of(cell, "plain_lpm")))});
  }
  return table;
}

Table tag_table(const Json& cells) {
  Table table{{"one VLAN tag more, ns", "ranges", "apiguard", "limit"}};
  for (const Json& cell : cells) {
    if (!has_tags(cell)) continue;
    const Runs tagged = minus(runs_of(cell, "apiguard_tagged"), runs_of(cell, "empty_tagged"));
    const std::string name = cell["family"].get<std::string>() +
                             (cell["sources"] == "other port" ? " other port" : " unlisted");
    table.push_back({name, count_text(cell["ranges"]),
                     spread(minus(tagged, over_empty(cell, "apiguard"))),
                     fmt::format("<= {:g}", kTagLimit)});
  }
  return table;
}

// What the row without it costs stands in the first table.
Table besides_table(const Json& cells) {
  Table table{{"besides, ns over an empty program", "ranges", "apiguard"}};
  for (const Json& cell : cells) {
    if (is_compared(cell)) continue;
    table.push_back(
        {row_name(cell), count_text(cell["ranges"]), spread(over_empty(cell, "apiguard"))});
  }
  return table;
}

std::set<std::size_t> lengths_of(const Json& cells) {
  std::set<std::size_t> lengths;
  for (const Json& cell : cells) lengths.insert(cell["ranges"].get<std::size_t>());
  return lengths;
}

// One row a kind of source, one column a length of the list.
Table micro_summary(const Json& cells) {
  const auto lengths = lengths_of(cells);
  Table table{{"ns over an empty program: apiguard / plain LPM"}};
  for (const std::size_t length : lengths) table[0].push_back(count_text(length) + " ranges");
  for (const Json& cell : cells) {
    const std::string name = row_name(cell);
    if (cell["sources"] == "one source" || has_tags(cell) || !is_compared(cell)) continue;
    if (table.back()[0] != name) {
      bool known = false;
      for (const auto& row : table) known = known || row[0] == name;
      if (!known) table.push_back({name});
    }
    for (auto& row : table) {
      if (row[0] != name) continue;
      row.resize(1 + static_cast<std::size_t>(
                         std::distance(lengths.begin(), lengths.find(cell["ranges"]))));
      const double mine = median(over_empty(cell, "apiguard"));
      const double plain = median(over_empty(cell, "plain_lpm"));
      row.push_back(fmt::format("{}: {:.0f} / {:.0f}", ratio(plain, mine), mine, plain));
    }
  }
  return table;
}

// ---- live frames ----

// How many times as many frames a second apiguard takes.
Table live_table(const Json& cells) {
  Table table{{"live frames"}};
  for (const Json& cell : cells) table[0].push_back(count_text(cell["ranges"]) + " ranges");
  for (const auto& [name, ignored] : cells[0]["programs"].items()) {
    std::vector<std::string> row{name};
    for (const Json& cell : cells) {
      const double mine = median(runs_of(cell, "apiguard")), other = median(runs_of(cell, name));
      row.push_back(fmt::format("{:.2f}x: {:.0f} ns, {:.2f} M/s", other / mine, other,
                                other > 0 ? 1e3 / other : 0));
    }
    table.push_back(row);
  }
  return table;
}

// ---- loading ----

double value(const Json& row, const std::string& name, const char* what) {
  const Json& runs = row[name][what];
  return runs.is_null() ? 0 : median(runs.get<Runs>());
}

// By the clock, and of that on a CPU: on a busy machine only the latter can be compared.
std::string load_text(const Json& row, const std::string& name) {
  const double mine = value(row, "apiguard", "milliseconds");
  const double other = value(row, name, "milliseconds");
  const double cpu = value(row, name, "user_ms") + value(row, name, "system_ms");
  return fmt::format("{}: {:.0f} ms ({:.0f} CPU)", ratio(other, mine), other, cpu);
}

std::string change_text(const Json& row, const std::string& name) {
  return fmt::format("{:.0f} ms", value(row, name, "one_more_ms"));
}

std::string mebibytes(double bytes) { return fmt::format("{:.1f} MiB", bytes / 1048576); }

using CellText = std::string (*)(const Json& row, const std::string& name);

Table load_table(const Json& lists, const std::string& head, CellText text) {
  Table table{{head, "apiguard", "nftables", "ipset"}};
  for (const Json& row : lists)
    table.push_back({count_text(row["ranges"]), text(row, "apiguard"), text(row, "nftables"),
                     text(row, "ipset")});
  return table;
}

Table memory_table(const Json& lists) {
  Table table{{"memory", "apiguard: index", "tries", "bytes a range", "kernel, measured",
               "nftables", "ipset", "peak RSS: apiguard", "nft", "ipset"}};
  for (const Json& row : lists) {
    double tries = 0, index = 0;
    for (const auto& [name, bytes] : row["apiguard"]["map_bytes"].items())
      (name.starts_with("ranges") ? tries : index) += bytes.get<double>();
    const auto kernel = [&](const char* name) {
      return mebibytes(median(row[name]["kernel_bytes"].get<Runs>()));
    };
    const auto peak = [&](const char* name) {
      return mebibytes(1024 * median(row[name]["peak_kib"].get<Runs>()));
    };
    const auto ranges = row["ranges"].get<double>();
    table.push_back({count_text(row["ranges"]), mebibytes(index), mebibytes(tries),
                     fmt::format("{:.0f} + {:.0f}", index / ranges, tries / ranges),
                     kernel("apiguard"), kernel("nftables"), kernel("ipset"), peak("apiguard"),
                     peak("nftables"), peak("ipset")});
  }
  return table;
}

std::string freeing_text(const Json& freeing) {
  return fmt::format(
      "Replacing {} ranges kept a CPU from user tasks for {:.1f} ms at most; the same CPUs idle: "
      "{:.1f} ms.\n",
      count_text(freeing["ranges"]), freeing["longest_gap_ms"].get<double>(),
      freeing["longest_gap_idle_ms"].get<double>());
}

std::string many_text(const Json& many) {
  return fmt::format(
      "{} changes at once into {} ranges: {:.0f} ms until the last is answered; one after the "
      "other: {:.0f} ms.\n",
      many["changes"].get<int>(), count_text(many["ranges"]), many["milliseconds"].get<double>(),
      many["in_turn_ms"].get<double>());
}

// ---- leases ----

double middle(const Json& row, const char* what) { return median(row[what].get<Runs>()); }

// Whatever else the machine does, both of them were measured side by side.
Table lease_table(const Json& lists) {
  Table table{{"ranges", "lease", "allow", "lease / allow", "leases at once", "allows at once",
               "leases / allows"}};
  for (const Json& row : lists) {
    const double lease = middle(row, "lease_ms");
    const double allow = middle(row, "allow_ms");
    const double leases = middle(row, "leases_at_once_ms");
    const double allows = middle(row, "allows_at_once_ms");
    const auto many = [&](double took) {
      return fmt::format("{}: {:.0f} ms", row["at_once"].get<int>(), took);
    };
    table.push_back({count_text(row["ranges"]), fmt::format("{:.1f} ms", lease),
                     fmt::format("{:.1f} ms", allow), fmt::format("{:.2f}", lease / allow),
                     many(leases), many(allows), fmt::format("{:.2f}", leases / allows)});
  }
  return table;
}

// ---- all of it ----

std::string machine_text(const Json& report) {
  const Json& machine = report["machine"];
  std::string text = fmt::format(
      "{}, kernel {}, {} x {}\n{}, {}, {}\nlists of seed {}, sources of seed {}, {} runs\n",
      machine["date"].get<std::string>(), machine["kernel"].get<std::string>(),
      machine["cpus"].get<unsigned>(), machine["cpu"].get<std::string>(),
      machine["peers"]["nft"].get<std::string>(), machine["peers"]["ipset"].get<std::string>(),
      machine["peers"]["iptables"].get<std::string>(), report["seeds"]["lists"].get<unsigned>(),
      report["seeds"]["sources"].get<unsigned>(), report["runs"].get<int>());
  for (const auto& [name, state] : machine["mitigations"].items())
    text += fmt::format("  {}: {}\n", name, state.get<std::string>());
  return text;
}

}  // namespace

std::string count_text(std::size_t count) {
  if (count >= 1'000'000 && count % 1'000'000 == 0) return fmt::format("{}M", count / 1'000'000);
  if (count >= 1'000 && count % 1'000 == 0) return fmt::format("{}k", count / 1'000);
  return fmt::format("{}", count);
}

Runs over_empty(const Json& cell, const std::string& program) {
  return minus(runs_of(cell, program), runs_of(cell, "empty"));
}

std::string show(const Json& report, Style style) {
  const bool markdown = style == Style::kMarkdown;
  const auto render = [&](const Table& table) {
    return (markdown ? as_markdown(table) : as_text(table)) + "\n";
  };
  std::string text = markdown ? "" : machine_text(report) + "\n";
  if (report.contains("micro")) {
    text += render(micro_summary(report["micro"]));
    if (!markdown)
      text += render(micro_table(report["micro"])) + render(tag_table(report["micro"]));
    text += render(besides_table(report["micro"]));
  }
  if (report.contains("live")) text += render(live_table(report["live"]));
  if (report.contains("load")) {
    const Json& lists = report["load"]["lists"];
    text += render(load_table(lists, "text to enforced, ranges", load_text));
    text += render(load_table(lists, "one range more into", change_text));
    text += render(memory_table(lists)) + freeing_text(report["load"]["freeing"]);
    if (report["load"].contains("many_at_once")) text += many_text(report["load"]["many_at_once"]);
    text += "\n";
  }
  if (report.contains("leases")) text += render(lease_table(report["leases"]["lists"]));
  return markdown ? text + machine_text(report) : text;
}

}  // namespace apiguard::bench
