// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// SHA-256 (FIPS 180-4). The privileged binary links no crypto library; it needs one digest.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace apiguard {

class Sha256 {
 public:
  void add(std::string_view bytes);
  // 64 lower-case digits; ends the computation
  [[nodiscard]] std::string hex();

 private:
  void block(const std::uint8_t* bytes);

  std::array<std::uint32_t, 8> state_{0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                      0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
  std::array<std::uint8_t, 64> buffer_{};
  // bytes
  std::uint64_t length_ = 0;
};

[[nodiscard]] std::string sha256_hex(std::string_view bytes);

}  // namespace apiguard
