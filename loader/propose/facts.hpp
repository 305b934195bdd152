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
  std::uint16_t port = 0;  // host byte order
  std::string why;         // "kube-apiserver of kubeadm"
};

struct Network {
  Prefix prefix;
  std::string why;  // "pods by default"
};

struct Facts {
  std::vector<Port> ports;          // each once
  std::vector<Address> advertised;  // by which nodes reach this API server, in order of precedence
  std::vector<Address> bound;       // to which the API server listens alone
  std::vector<Network> pods;        // pod subnets
  std::vector<Network> services;    // service subnets: never the source of a packet
  std::vector<Network> joined;      // single addresses of other servers
  std::vector<std::string> names;   // of the API server, beside its addresses: load balancers
  std::vector<std::string> took;    // "PATH: port 6443, pods 10.42.0.0/16", one a source
  std::vector<std::string> unread;  // "PATH: line 7: key 'tls-san': reason"
  std::vector<std::string> doubts;  // what these files leave open, for people
};

// Reads below `root` ("" for this host). What is not there is no error; what cannot be read or
// understood stands in `unread`.
[[nodiscard]] Facts read_facts(const std::string& root);

}  // namespace apiguard::propose
