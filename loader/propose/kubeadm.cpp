// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// kubeadm: the static pod manifests that it writes,
// kubernetes.io/docs/reference/setup-tools/kubeadm.
#include <fmt/format.h>

#include "loader/propose/gather.hpp"
#include "loader/propose/yaml.hpp"

namespace apiguard::propose {
namespace {

constexpr std::uint16_t kPort = 6443;  // of kube-apiserver's --secure-port

// The options of a program in its manifest, if that is there.
std::optional<Options> read_program(const std::string& path, std::string_view program,
                                    Facts& facts) {
  const auto text = read_optional(path, facts);
  if (!text) return std::nullopt;
  const Command command = read_manifest(*text, program);
  for (const std::string& reason : command.unread) {
    facts.unread.push_back(fmt::format("{}: {}", path, reason));
  }
  if (command.words.empty()) return std::nullopt;
  return read_options(command.words);
}

}  // namespace

void add_kubeadm(const std::string& root, Facts& facts) {
  const std::string folder = root + "/etc/kubernetes/manifests/";
  const std::string server = folder + "kube-apiserver.yaml";
  const auto options = read_program(server, "kube-apiserver", facts);
  if (!options) return;
  Gatherer gatherer(server, *options, facts);
  gatherer.take_port("secure-port", kPort, "kube-apiserver, " + server);
  gatherer.take_advertised("advertise-address");
  gatherer.take_bound("bind-address");
  gatherer.take_services("service-cluster-ip-range");
  gatherer.finish("kubeadm");

  const std::string manager = folder + "kube-controller-manager.yaml";
  const auto managed = read_program(manager, "kube-controller-manager", facts);
  if (managed) {
    Gatherer pods(manager, *managed, facts);
    pods.take_pods("cluster-cidr");
    pods.finish("kubeadm");
  }
  if (!managed || !managed->contains("cluster-cidr")) {
    facts.doubts.emplace_back(
        "the pod subnet: kubeadm was given none; the network add-on has one of its own");
  }
}

}  // namespace apiguard::propose
