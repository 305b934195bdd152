// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// k3s and RKE2: docs.k3s.io and docs.rke2.io, "Configuration File". The file comes first, then its
// drop-ins in name order, then the command line of the unit; the last value of a key counts, and a
// plus behind a key adds to those before it.
#include <algorithm>
#include <array>
#include <cerrno>

#include <fmt/format.h>

#include "loader/base/paths.hpp"
#include "loader/host/files.hpp"
#include "loader/propose/gather.hpp"
#include "loader/propose/yaml.hpp"

namespace apiguard::propose {
namespace {

constexpr std::array<std::string_view, 8> kKeys = {
    "https-listen-port", "advertise-address", "node-ip", "bind-address",
    "cluster-cidr",      "service-cidr",      "tls-san", "server"};

constexpr std::uint16_t kApiPort = 6443;
constexpr std::uint16_t kSupervisorPort = 9345;  // of RKE2; k3s answers on the API's port
constexpr std::string_view kPods = "10.42.0.0/16";
constexpr std::string_view kServices = "10.43.0.0/16";

// Where packages and installers put units, the one that wins first.
constexpr std::array<std::string_view, 4> kUnitFolders = {
    "/etc/systemd/system/", "/usr/local/lib/systemd/system/", "/usr/lib/systemd/system/",
    "/lib/systemd/system/"};

// Whether names of a folder end so, whatever the case.
bool ends_in(std::string name, std::string_view suffix) {
  std::transform(name.begin(), name.end(), name.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return name.ends_with(suffix);
}

// Paths of a drop-in folder in name order; a folder that is not there has none.
std::vector<std::string> list_drop_ins(const std::string& folder,
                                       std::initializer_list<std::string_view> suffixes,
                                       Facts& facts) {
  std::vector<std::string> paths;
  const auto names = list_directory(folder);
  if (!names) {
    const int error = names.error().os_error;
    if (error != ENOENT && error != ENOTDIR) facts.unread.push_back(names.error().message);
    return paths;
  }
  for (const std::string& name : *names) {
    const bool wanted = std::any_of(suffixes.begin(), suffixes.end(),
                                    [&](std::string_view suffix) { return ends_in(name, suffix); });
    if (wanted) paths.push_back(fmt::format("{}/{}", folder, name));
  }
  return paths;
}

// ---- one source of several files

// The files of one distribution, laid over each other.
class Layers {
 public:
  explicit Layers(Facts& facts) : facts_(facts) {}

  // A configuration file and its drop-ins.
  void add_config(const std::string& path) {
    add_file(path);
    for (const std::string& drop_in : list_drop_ins(path + ".d", {".yaml", ".yml"}, facts_)) {
      add_file(drop_in);
    }
  }

  // What stands on the command line replaces what stands in files, lists as well.
  void add_command(const std::string& path, const Options& options) {
    add_path(path);
    for (const auto& [key, values] : options) options_[key] = values;
  }

  [[nodiscard]] bool empty() const { return paths_.empty(); }
  [[nodiscard]] const Options& options() const { return options_; }
  // For messages: the first file, and how many more.
  [[nodiscard]] std::string path() const {
    if (paths_.size() == 1) return paths_.front();
    return fmt::format("{} and {} more", paths_.front(), paths_.size() - 1);
  }

 private:
  void add_path(const std::string& path) { paths_.push_back(path); }

  void add_file(const std::string& path) {
    const auto text = read_optional(path, facts_);
    if (!text) return;
    add_path(path);
    Mapping mapping = read_mapping(*text, kKeys);
    for (const std::string& reason : mapping.unread) {
      facts_.unread.push_back(fmt::format("{}: {}", path, reason));
    }
    for (Entry& entry : mapping.entries) add_entry(entry);
    for (const std::string& key : mapping.unread_keys) forget(key);
  }

  // Has a value that nobody here knows: neither the one of an earlier file nor the default.
  void forget(std::string key) {
    if (key.ends_with('+')) key.pop_back();
    options_[key].clear();
  }

  void add_entry(Entry& entry) {
    const bool adds = entry.key.ends_with('+');
    if (adds) entry.key.pop_back();
    auto& values = options_[entry.key];
    if (!adds) values.clear();
    values.insert(values.end(), entry.values.begin(), entry.values.end());
  }

  Facts& facts_;
  Options options_;
  std::vector<std::string> paths_;
};

// ---- units

struct Unit {
  std::string path;
  // of ExecStart
  std::vector<std::string> words;
};

std::optional<Unit> read_unit(const std::string& root, const std::string& name, Facts& facts) {
  for (const std::string_view folder : kUnitFolders) {
    const std::string path = fmt::format("{}{}{}", root, folder, name);
    auto text = read_optional(path, facts);
    if (!text) continue;
    std::vector<std::string> texts = {*std::move(text)};
    const std::string drop_ins = fmt::format("{}{}{}.d", root, kUnitFolders.front(), name);
    for (const std::string& drop_in : list_drop_ins(drop_ins, {".conf"}, facts)) {
      if (auto more = read_optional(drop_in, facts)) texts.push_back(*std::move(more));
    }
    ExecStart start = read_exec_start(texts);
    for (const std::string& reason : start.unread) {
      facts.unread.push_back(fmt::format("{}: {}", path, reason));
    }
    return Unit{path, std::move(start.words)};
  }
  return std::nullopt;
}

bool runs(const Unit& unit, std::string_view role) {
  return unit.words.size() > 1 && unit.words[1] == role;
}

// The configuration file that a command line names, or the usual one.
std::string config_path(const std::string& root, const Options& options, std::string_view usual) {
  for (const std::string_view option : {"config", "c"}) {
    const auto values = options.find(option);
    if (values != options.end() && !values->second.back().empty()) {
      return root + values->second.back();
    }
  }
  return root + std::string(usual);
}

void take_common(Gatherer& gatherer) {
  gatherer.take_advertised("advertise-address");
  gatherer.take_advertised("node-ip");
  gatherer.take_bound("bind-address");
  gatherer.take_pods("cluster-cidr", kPods);
  gatherer.take_services("service-cidr", kServices);
  gatherer.take_names("tls-san");
  gatherer.take_joined("server");
}

// What the unit, if there is one, and the files that it reads say.
Layers read_layers(const std::string& root, const std::optional<Unit>& unit,
                   std::string_view config, Facts& facts) {
  Layers layers(facts);
  const Options command = unit ? read_options(unit->words) : Options{};
  layers.add_config(config_path(root, command, config));
  if (unit && runs(*unit, "server")) layers.add_command(unit->path, command);
  return layers;
}

bool was_server(const std::string& root, std::string_view name) {
  return is_directory(fmt::format("{}/var/lib/rancher/{}/server", root, name));
}

// Agents read a file of the same name.
void doubt_role(const std::string& root, std::string_view name, const Layers& layers,
                Facts& facts) {
  if (was_server(root, name)) return;
  facts.doubts.push_back(fmt::format(
      "whether this host is a server: {} may be that of an agent, which has no API server",
      layers.path()));
}

}  // namespace

void add_k3s(const std::string& root, Facts& facts) {
  const auto unit = read_unit(root, "k3s.service", facts);
  const Layers layers = read_layers(root, unit, "/etc/rancher/k3s/config.yaml", facts);
  if (layers.empty()) return;
  Gatherer gatherer(layers.path(), layers.options(), facts);
  gatherer.take_port("https-listen-port", kApiPort, "k3s: API server, and where nodes join");
  take_common(gatherer);
  gatherer.finish("k3s");
  if (!unit || !runs(*unit, "server")) doubt_role(root, "k3s", layers, facts);
}

// Its installer leaves the units of servers and agents on every host, so that they say nothing.
void add_rke2(const std::string& root, Facts& facts) {
  Layers layers = read_layers(root, std::nullopt, "/etc/rancher/rke2/config.yaml", facts);
  if (layers.empty()) {
    if (!was_server(root, "rke2")) return;
    layers.add_command(root + "/var/lib/rancher/rke2/server", {});
  }
  const Options none;
  Gatherer(layers.path(), none, facts).take_port("", kApiPort, "RKE2: kube-apiserver");
  Gatherer(layers.path(), none, facts)
      .take_port("", kSupervisorPort, "RKE2: the supervisor, through which nodes join");
  Gatherer gatherer(layers.path(), layers.options(), facts);
  take_common(gatherer);
  gatherer.finish("RKE2");
  doubt_role(root, "rke2", layers, facts);
}

}  // namespace apiguard::propose
