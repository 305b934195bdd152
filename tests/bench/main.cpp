// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// bench run [--quick] [--only micro|live|load|leases] [--ranges N] --apiguard FILE --folder DIR
// --out FILE bench show FILE [--markdown] bench plot FILE SVG
//
// scripts/bench knows the arguments. `run` writes FILE (JSON), the others read it.
#include <cstdio>
#include <fstream>
#include <iostream>
#include <vector>

#include "tests/bench/leases.hpp"
#include "tests/bench/lists.hpp"
#include "tests/bench/live.hpp"
#include "tests/bench/load.hpp"
#include "tests/bench/micro.hpp"
#include "tests/bench/report.hpp"
#include "tests/bench/sources.hpp"
#include "tests/bench/stage.hpp"

namespace apiguard::bench {
namespace {

using Words = std::vector<std::string>;

[[noreturn]] void usage() {
  broken("usage: run, show or plot; see the head of tests/bench/main.cpp");
}

// Takes "NAME VALUE" out of the words; empty if it is not there.
std::string take(Words& words, const std::string& name) {
  for (std::size_t i = 0; i + 1 < words.size(); ++i) {
    if (words[i] != name) continue;
    std::string value = words[i + 1];
    words.erase(words.begin() + static_cast<std::ptrdiff_t>(i),
                words.begin() + static_cast<std::ptrdiff_t>(i) + 2);
    return value;
  }
  return {};
}

bool take_flag(Words& words, const std::string& name) { return std::erase(words, name) > 0; }

// A file that cannot be written is found out before an hour of measuring, not after.
void write(const std::string& path, const std::string& text) {
  std::ofstream file(path);
  file << text;
  file.close();
  if (!file) broken("file '" + path + "': cannot be written");
}

Json read(const std::string& path) {
  std::ifstream file(path);
  if (!file) broken("file '" + path + "': cannot be read");
  return Json::parse(file);
}

void run(Words words) {
  Options options;
  if (take_flag(words, "--quick")) options = quick(options);
  const std::string only = take(words, "--only"), out = take(words, "--out");
  const std::string folder = take(words, "--folder");
  options.apiguard = take(words, "--apiguard");
  if (const std::string ranges = take(words, "--ranges"); !ranges.empty())
    options.lists = options.live_lists = options.load_lists =
        options.lease_lists = {std::stoul(ranges)};
  if (!words.empty() || out.empty() || folder.empty() || options.apiguard.empty()) usage();
  const auto wanted = [&](const char* part) { return only.empty() || only == part; };
  // Before the stage: in a network namespace of its own a process does not see all settings.
  need_quiet_kernel();
  write(out, "");
  Json report{{"machine", describe_machine()},
              {"seeds", {{"lists", kListSeed}, {"sources", kSourceSeed}}},
              {"quick", options.quick},
              {"runs", options.runs}};
  // After every part: what is there stays if a later one ends early.
  const auto add = [&](const char* part, Json measured) {
    report[part] = std::move(measured);
    write(out, report.dump(1) + "\n");
  };
  if (wanted("micro")) add("micro", measure_micro(options));
  if (wanted("live") || wanted("load") || wanted("leases")) enter_stage(folder);
  if (wanted("live")) add("live", measure_live(options, folder));
  if (wanted("load")) add("load", measure_load(options, folder));
  if (wanted("leases")) add("leases", measure_leases(options, folder));
}

void dispatch(Words words) {
  if (words.empty()) usage();
  const std::string verb = words.front();
  words.erase(words.begin());
  if (verb == "run") return run(std::move(words));
  const bool markdown = take_flag(words, "--markdown");
  if (verb == "show" && words.size() == 1) {
    std::cout << show(read(words[0]), markdown ? Style::kMarkdown : Style::kText);
  } else if (verb == "plot" && words.size() == 2) {
    write(words[1], plot(read(words[0])));
  } else {
    usage();
  }
}

}  // namespace
}  // namespace apiguard::bench

int main(int argc, char** argv) {
  try {
    apiguard::bench::dispatch({argv + 1, argv + argc});
  } catch (const std::exception& error) {
    std::fprintf(stderr, "bench: %s\n", error.what());
    return 1;
  }
}
