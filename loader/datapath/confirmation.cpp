// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/datapath/confirmation.hpp"

#include <bpf/bpf.h>

#include <cerrno>

#include <fmt/format.h>

#include "loader/datapath/confirmation_deadline.hpp"
#include "loader/datapath/objects.hpp"

namespace apiguard::datapath {
namespace {

constexpr __u32 kKey = 0;

tl::unexpected<Error> failed(std::uint64_t generation, const char* what, int error) {
  return kernel_error(fmt::format("generation {}", generation), what, error);
}

}  // namespace

Result<std::optional<BootTime>> read_deadline(const Pins& pins, const Edition& edition) {
  const auto map = pins.open_confirmation(edition, Pins::Access::kRead);
  if (!map) return fail(map.error());
  apiguard_confirmation value{};
  if (bpf_map_lookup_elem(map->get(), &kKey, &value) != 0)
    return failed(edition.generation, "read its deadline", errno);
  if (value.deadline == 0) return std::optional<BootTime>();
  return boot_time_of(value.deadline);
}

Result<> write_deadline(const Pins& pins, const Edition& edition,
                        std::optional<BootTime> deadline) {
  const auto map = pins.open_confirmation(edition, Pins::Access::kWrite);
  if (!map) return fail(map.error());
  return store_deadline(map->get(), deadline);
}

namespace {

Result<bool> interface_has_joined(const Pins& pins, const Edition& edition, int ifindex) {
  const auto map = pins.open_joined(edition);
  if (!map) return fail(map.error());
  __u8 value = 0;
  if (bpf_map_lookup_elem(map->get(), &ifindex, &value) == 0) return true;
  if (errno == ENOENT) return false;
  return failed(edition.generation, "read which interfaces joined with it", errno);
}

}  // namespace

Result<bool> has_joined(const Pins& pins, const Edition& edition, const AttachPoint& point) {
  switch (point.kind) {
    case AttachKind::kInterface:
      return interface_has_joined(pins, edition, point.ifindex());
  }
  return false;
}

}  // namespace apiguard::datapath
