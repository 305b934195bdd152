// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Where a program of ours is attached, by one link each. What differs from kind to kind is a switch
// over AttachKind without a default: the compiler names all of them to whoever adds a kind.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

namespace apiguard::datapath {

enum class AttachKind {
  // the XDP hook of an interface
  kInterface
};
inline constexpr std::array kAttachKinds{AttachKind::kInterface};

// One value for each kind.
template <typename T>
class PerKind {
 public:
  PerKind() = default;
  explicit PerKind(const T& each) { values_.fill(each); }

  [[nodiscard]] T& operator[](AttachKind kind) { return values_[static_cast<std::size_t>(kind)]; }
  [[nodiscard]] const T& operator[](AttachKind kind) const {
    return values_[static_cast<std::size_t>(kind)];
  }

 private:
  std::array<T, kAttachKinds.size()> values_{};
};

struct AttachPoint {
  AttachKind kind = AttachKind::kInterface;
  // the kernel's: of an interface its ifindex. 0: it is gone
  std::uint64_t id = 0;

  [[nodiscard]] bool gone() const { return id == 0; }
  // Of an interface.
  [[nodiscard]] int ifindex() const { return static_cast<int>(id); }
  friend bool operator==(const AttachPoint&, const AttachPoint&) = default;
};

[[nodiscard]] AttachPoint interface_point(int ifindex);
// None: it is no interface. Pure, as all of these.
[[nodiscard]] std::optional<int> ifindex_of(const AttachPoint& point);

// "interface 3"
[[nodiscard]] std::string describe(const AttachPoint& point);
// "interface 'eth0'"
[[nodiscard]] std::string describe(AttachKind kind, const std::string& name);

}  // namespace apiguard::datapath
