// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Values of options -> facts. Private to this room.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "loader/propose/facts.hpp"
#include "loader/propose/words.hpp"

namespace apiguard::propose {

// The text of a file below a root; nothing if it is not there, or cannot be read, which then stands
// in facts.unread.
[[nodiscard]] std::optional<std::string> read_optional(const std::string& path, Facts& facts);

// Understands the options of one source and notes what was taken from it. A value that cannot be
// understood stands in facts.unread and counts as absent.
class Gatherer {
 public:
  // `path` is what messages call the source.
  Gatherer(std::string path, const Options& options, Facts& facts)
      : path_(std::move(path)), options_(options), facts_(facts) {}

  // The last value counts, `otherwise` where there is none; where that cannot be understood,
  // facts.doubts says that the default is a guess. `why`: see Port.
  void take_port(std::string_view option, std::uint16_t otherwise, const std::string& why);
  // Lists: several values, each may have several parts with commas between. `otherwise` is what an
  // absent option means.
  void take_advertised(std::string_view option);
  void take_bound(std::string_view option);
  void take_pods(std::string_view option, std::string_view otherwise = "");
  void take_services(std::string_view option, std::string_view otherwise = "");
  void take_names(std::string_view option);
  // https://ADDRESS:PORT
  void take_joined(std::string_view option);

  // Says what was taken; the last call.
  void finish(const std::string& what);

 private:
  [[nodiscard]] std::vector<std::string> parts(std::string_view option) const;
  [[nodiscard]] std::vector<Address> addresses(std::string_view option);
  void take_networks(std::string_view option, std::string_view otherwise, std::string_view what,
                     std::vector<Network>& to);
  void unread(std::string_view option, std::string_view value, std::string_view reason);
  void took(std::string_view what, std::string_view value);

  std::string path_;
  const Options& options_;
  Facts& facts_;
  std::vector<std::string> took_;
};

void add_kubeadm(const std::string& root, Facts& facts);
void add_k3s(const std::string& root, Facts& facts);
void add_rke2(const std::string& root, Facts& facts);

}  // namespace apiguard::propose
