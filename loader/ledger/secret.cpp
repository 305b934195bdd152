// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/ledger/secret.hpp"

#include <linux/bpf.h>
#include <sys/auxv.h>
#include <sys/random.h>

#include <cerrno>
#include <cstring>

#include "loader/base/sha256.hpp"
#include "loader/datapath/ledger_maps.hpp"
#include "loader/datapath/maps.hpp"
#include "loader/datapath/objects.hpp"
#include "loader/datapath/pinned.hpp"

namespace apiguard::ledger {
namespace {

using datapath::kernel_error;
using datapath::look_at_pin;
using datapath::pin_over;
using datapath::Pinned;

// getrandom(2) refused (a seccomp filter) or not ready (early in a boot, which waits for nothing):
// sixteen bytes of the kernel's come with every process.
std::uint64_t from_auxiliary_vector() {
  constexpr std::size_t kBytes = 16;
  // The kernel hands the address out as a number.
  // NOLINTNEXTLINE(performance-no-int-to-ptr)
  const auto* bytes = reinterpret_cast<const char*>(getauxval(AT_RANDOM));
  if (bytes == nullptr) return 0;
  return std::stoull(sha256_hex({bytes, kBytes}).substr(0, 16), nullptr, 16);
}

// 0: not readable.
std::uint64_t read_value(int map_fd) {
  const __u32 key = 0;
  std::uint64_t value = 0;
  return datapath::look_up(map_fd, &key, &value) == 0 ? value : 0;
}

// 0 with a reason: what is there is not believed. 0 without: nothing is there.
std::uint64_t pinned_value(const std::string& pin, std::string& wrong) {
  const Pinned pinned = look_at_pin(pin);
  if (pinned.kind == Pinned::Kind::kNothing) return 0;
  wrong = pinned.why;
  if (pinned.kind != Pinned::Kind::kMap) return 0;
  if (!datapath::is_secret_map(pinned.fd.get())) wrong = "holds another map";
  const std::uint64_t value = wrong.empty() ? read_value(pinned.fd.get()) : 0;
  if (value == 0 && wrong.empty()) wrong = "holds no value";
  return value;
}

}  // namespace

std::uint64_t make_secret() {
  std::uint64_t value = 0;
  if (getrandom(&value, sizeof(value), GRND_NONBLOCK) != sizeof(value))
    value = from_auxiliary_vector();
  return value != 0 ? value : 1;
}

Secret find_secret(const datapath::Pins& pins, std::optional<std::uint64_t> in_force) {
  Secret secret;
  const std::uint64_t pinned = pinned_value(pins.secret_pin(), secret.wrong);
  if (in_force && *in_force != 0) {
    secret.value = *in_force;
  } else if (pinned != 0) {
    secret.value = pinned;
  } else {
    secret.value = make_secret();
    secret.fresh = true;
  }
  return secret;
}

Result<> pin_secret(const datapath::Pins& pins, std::uint64_t value) {
  const std::string pin = pins.secret_pin();
  std::string wrong;
  if (pinned_value(pin, wrong) == value) return {};
  const Fd map =
      datapath::make_map({BPF_MAP_TYPE_ARRAY, "secret", sizeof(__u32), sizeof(value), 1, 0});
  const int made = map ? 0 : errno;
  const __u32 key = 0;
  const int error = map ? datapath::put(map.get(), &key, &value) : made;
  if (error != 0) return kernel_error("pin '" + pin + "'", "create its map", error);
  auto put = pin_over(map.get(), pin);
  return put ? Result<>() : Result<>(fail(put.error()));
}

}  // namespace apiguard::ledger
