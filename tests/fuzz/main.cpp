// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// libFuzzer's door to run(), of every fuzzer.
#include <cstddef>
#include <cstdint>

#include "tests/fuzz/fuzz.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  apiguard::fuzz::run({reinterpret_cast<const char*>(data), size});
  return 0;
}
