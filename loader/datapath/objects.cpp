// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/datapath/objects.hpp"

#include <bpf/bpf.h>
#include <linux/bpf.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <fstream>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "loader/base/capabilities.hpp"
#include "loader/base/disbelief.hpp"

namespace apiguard::datapath {
namespace {

constexpr std::string_view kProgramName = "apiguard";
constexpr std::size_t kMapsOfProgram = 64;

Result<Fd> open_at(const std::string& path, __u32 flags) {
  if (auto believed = disbelief::check(path); !believed) return fail(believed.error());
  LIBBPF_OPTS(bpf_obj_get_opts, options, .file_flags = flags);
  Fd fd(bpf_obj_get_opts(path.c_str(), &options));
  if (!fd) return kernel_error("pin '" + path + "'", "open", errno);
  return fd;
}

std::optional<bpf_map_info> info_of(const Fd& map) {
  bpf_map_info info{};
  __u32 size = sizeof(info);
  if (!map || bpf_obj_get_info_by_fd(map.get(), &info, &size) != 0) return std::nullopt;
  return info;
}

int open_map(std::uint32_t id) {
  const capabilities::Raised raised(capabilities::kSysAdmin);
  return bpf_map_get_fd_by_id(id);
}

// libbpf calls the map of read-only data "OBJECT.rodata".
bool is_settings(const bpf_map_info& info) {
  const std::string_view name(info.name, strnlen(info.name, sizeof(info.name)));
  return info.type == BPF_MAP_TYPE_ARRAY && name.ends_with(".rodata") &&
         info.value_size >= offsetof(apiguard_settings, endpoints);
}

std::optional<AttachPoint> point_of(const bpf_link_info& info) {
  if (info.type == BPF_LINK_TYPE_XDP) return interface_point(static_cast<int>(info.xdp.ifindex));
  return std::nullopt;
}

}  // namespace

tl::unexpected<Error> kernel_error(const std::string& subject, const std::string& what, int error) {
  return fail(Exit::kFailed, fmt::format("{}: {}: {}", subject, what, std::strerror(error)), error);
}

Result<Fd> open_pinned(const std::string& path) { return open_at(path, BPF_F_RDONLY); }

Result<Fd> open_pinned_for_writing(const std::string& path) { return open_at(path, 0); }

Result<> pin_object(int fd, const std::string& path) {
  if (auto believed = disbelief::check(path); !believed) return believed;
  if (bpf_obj_pin(fd, path.c_str()) != 0)
    return kernel_error("pin '" + path + "'", "create", errno);
  return {};
}

Result<LinkInfo> link_info(int link_fd) {
  bpf_link_info info{};
  __u32 size = sizeof(info);
  if (bpf_obj_get_info_by_fd(link_fd, &info, &size) != 0)
    return kernel_error("link", "read its info", errno);
  return LinkInfo{info.id, info.prog_id, point_of(info)};
}

Result<std::uint32_t> program_id(int program_fd) {
  bpf_prog_info info{};
  __u32 size = sizeof(info);
  if (bpf_obj_get_info_by_fd(program_fd, &info, &size) != 0) {
    return kernel_error("program", "read its info", errno);
  }
  return info.id;
}

Result<std::string> program_tag(int program_fd) {
  bpf_prog_info info{};
  __u32 size = sizeof(info);
  if (bpf_obj_get_info_by_fd(program_fd, &info, &size) != 0)
    return kernel_error("program", "read its info", errno);
  std::string tag;
  for (const __u8 byte : info.tag) tag += fmt::format("{:02x}", byte);
  return tag;
}

Result<std::string> tag_behind_link(int link_fd) {
  constexpr std::string_view kKey = "prog_tag:";
  std::ifstream lines(fmt::format("/proc/self/fdinfo/{}", link_fd));
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with(kKey)) continue;
    const std::size_t at = line.find_first_not_of(" \t", kKey.size());
    if (at != std::string::npos) return line.substr(at);
  }
  return kernel_error("link", "read the tag of its program", ENOENT);
}

Result<std::uint32_t> map_id(int map_fd) {
  bpf_map_info info{};
  __u32 size = sizeof(info);
  if (bpf_obj_get_info_by_fd(map_fd, &info, &size) != 0)
    return kernel_error("map", "read its info", errno);
  return info.id;
}

Result<Fd> open_program(std::uint32_t id) {
  const capabilities::Raised raised(capabilities::kSysAdmin);
  Fd fd(bpf_prog_get_fd_by_id(id));
  if (!fd) return kernel_error(fmt::format("program {}", id), "open by id", errno);
  return fd;
}

Result<Fd> open_link(std::uint32_t id) {
  const capabilities::Raised raised(capabilities::kSysAdmin);
  Fd fd(bpf_link_get_fd_by_id(id));
  if (!fd) return kernel_error(fmt::format("link {}", id), "open by id", errno);
  return fd;
}

std::vector<std::uint32_t> link_ids() {
  const capabilities::Raised raised(capabilities::kSysAdmin);
  std::vector<std::uint32_t> ids;
  __u32 id = 0;
  while (bpf_link_get_next_id(id, &id) == 0) ids.push_back(id);
  return ids;
}

bool can_list_links() {
  const capabilities::Raised raised(capabilities::kSysAdmin);
  __u32 id = 0;
  return bpf_link_get_next_id(id, &id) == 0 || errno == ENOENT;
}

std::string program_name(std::uint32_t id) {
  const auto program = open_program(id);
  if (!program) return {};
  bpf_prog_info info{};
  __u32 size = sizeof(info);
  if (bpf_obj_get_info_by_fd(program->get(), &info, &size) != 0) return {};
  return {info.name, strnlen(info.name, sizeof(info.name))};
}

Result<apiguard_settings> read_settings(const Fd& map) {
  const auto info = info_of(map);
  if (!info || !is_settings(*info)) return kernel_error("settings", "read", EINVAL);
  std::vector<char> value(info->value_size);
  const __u32 key = 0;
  if (bpf_map_lookup_elem(map.get(), &key, value.data()) != 0)
    return kernel_error("settings", "read", errno);
  apiguard_settings settings{};
  std::memcpy(&settings, value.data(), std::min(value.size(), sizeof(settings)));
  return settings;
}

std::optional<apiguard_settings> settings_of(std::uint32_t id) {
  const auto program = open_program(id);
  if (!program) return std::nullopt;
  std::array<__u32, kMapsOfProgram> maps{};
  bpf_prog_info info{};
  info.nr_map_ids = kMapsOfProgram;
  info.map_ids = reinterpret_cast<__u64>(maps.data());
  __u32 size = sizeof(info);
  if (bpf_obj_get_info_by_fd(program->get(), &info, &size) != 0) return std::nullopt;
  if (std::string_view(info.name).substr(0, kProgramName.size()) != kProgramName)
    return std::nullopt;
  for (std::size_t i = 0; i < info.nr_map_ids && i < maps.size(); ++i) {
    const Fd map(open_map(maps[i]));
    const auto of_map = info_of(map);
    if (!of_map || !is_settings(*of_map)) continue;
    if (auto settings = read_settings(map)) return *settings;
  }
  return std::nullopt;
}

}  // namespace apiguard::datapath
