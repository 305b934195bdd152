// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/datapath/aside.hpp"

#include <bpf/bpf.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <system_error>
#include <vector>

#include "loader/base/disbelief.hpp"
#include "loader/base/fence.hpp"
#include "loader/datapath/objects.hpp"

namespace apiguard::datapath {
namespace {

namespace fs = std::filesystem;

constexpr const char* kAside = "verb-";  // bpffs takes no dots
constexpr const char* kLink = "link";

void detach_link_at(const std::string& pin) {
  if (const auto link = open_pinned_for_writing(pin)) (void)bpf_link_detach(link->get());
}

void remove_all(const std::string& folder) {
  std::error_code ignored;
  fs::remove_all(folder, ignored);
}

Result<> rename_fenced(const std::string& from, const std::string& to) {
  if (auto ours = fence::check(); !ours) return ours;
  if (std::rename(from.c_str(), to.c_str()) == 0) return {};
  return fence::explain(kernel_error("pin '" + from + "'", "rename to '" + to + "'", errno));
}

}  // namespace

Result<Aside> Aside::make(const std::string& pin_dir) {
  if (auto believed = disbelief::check(pin_dir); !believed) return fail(believed.error());
  if (auto ours = fence::check(); !ours) return fail(ours.error());
  const std::string folder = pin_dir + "/" + kAside + fence::token();
  if (mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST)
    return kernel_error("pin '" + folder + "'", "create the directory", errno);
  return Aside(folder);
}

Aside::~Aside() {
  if (!folder_.empty()) remove_all(folder_);
}

Result<> Aside::put(const std::string& name, const std::string& pin) const {
  return rename_fenced(path(name), pin);
}

Result<bool> Aside::take(const std::string& pin, const std::string& name) const {
  auto taken = rename_fenced(pin, path(name));
  if (taken) return true;
  if (taken.error().os_error == ENOENT) return false;
  return fail(taken.error());
}

void remove_asides(const std::string& pin_dir) {
  std::vector<std::string> folders;
  std::error_code code;
  for (fs::directory_iterator it(pin_dir, code), end; !code && it != end; it.increment(code)) {
    if (it->path().filename().string().starts_with(kAside)) folders.push_back(it->path().string());
  }
  for (const std::string& folder : folders) {
    detach_link_at(folder + "/" + kLink);
    remove_all(folder);
  }
}

}  // namespace apiguard::datapath
