// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// What the files of this host say of its control plane: kubeadm's manifests, and the configuration
// and units of k3s and RKE2. Each is optional.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "loader/policy/prefix.hpp"

namespace apiguard::propose {

struct Port {
  // host byte order
  std::uint16_t port = 0;
  // "kube-apiserver of kubeadm"
  std::string why;
};

struct Network {
  Prefix prefix;
  // "pods by default"
  std::string why;
};

struct Facts {
  // each once
  std::vector<Port> ports;
  // by which nodes reach this API server, in order of precedence
  std::vector<Address> advertised;
  // to which the API server listens alone
  std::vector<Address> bound;
  // pod subnets
  std::vector<Network> pods;
  // service subnets: never the source of a packet
  std::vector<Network> services;
  // single addresses of other servers
  std::vector<Network> joined;
  // of the API server, beside its addresses: load balancers
  std::vector<std::string> names;
  // "PATH: port 6443, pods 10.42.0.0/16", one a source
  std::vector<std::string> took;
  // "PATH: line 7: key 'tls-san': reason"
  std::vector<std::string> unread;
  // what these files leave open, for people
  std::vector<std::string> doubts;
};

// Reads below `root` ("" for this host). What is not there is no error; what cannot be read or
// understood stands in `unread`.
[[nodiscard]] Facts read_facts(const std::string& root);

}  // namespace apiguard::propose
