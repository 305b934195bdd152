// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Preloaded into a program, makes one call of one kind succeed without doing it:
//
//   LIE=KIND:N   KIND is link_create, link_update, pin or rename; N counts from 1
//   LIE_COUNT=FILE   appends "KIND N\n" for every such call
//
// A link that is not created is one that its caller can hold and that is on no interface.
#include <dlfcn.h>
#include <linux/bpf.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

namespace {

constexpr std::array<const char*, 4> kKinds{"link_create", "link_update", "pin", "rename"};
std::array<int, kKinds.size()> counts{};

template <typename Function>
Function real(const char* name) {
  return reinterpret_cast<Function>(dlsym(RTLD_NEXT, name));
}

void note(const char* kind, int number) {
  const char* path = std::getenv("LIE_COUNT");
  FILE* file = path == nullptr ? nullptr : std::fopen(path, "ae");
  if (file == nullptr) return;
  std::fprintf(file, "%s %d\n", kind, number);
  std::fclose(file);
}

// Whether this call is the one.
bool lies(std::size_t kind) {
  const int number = ++counts[kind];
  note(kKinds[kind], number);
  const char* wanted = std::getenv("LIE");
  return wanted != nullptr && std::string(kKinds[kind]) + ":" + std::to_string(number) == wanted;
}

using Syscall = long (*)(long, ...);

long bpf(long command, bpf_attr* attr, long size) {
  static const auto next = real<Syscall>("syscall");
  // An update to no program asks whether something is a link, and changes nothing.
  const bool updates =
      command == BPF_LINK_UPDATE && static_cast<int>(attr->link_update.new_prog_fd) >= 0;
  if (updates && lies(1)) return 0;
  if (command == BPF_OBJ_PIN && lies(2)) return 0;
  if (command != BPF_LINK_CREATE || !lies(0)) return next(SYS_bpf, command, attr, size);
  const long link = next(SYS_bpf, command, attr, size);
  if (link < 0) return link;
  bpf_attr detach{};
  detach.link_detach.link_fd = static_cast<__u32>(link);
  (void)next(SYS_bpf, static_cast<long>(BPF_LINK_DETACH), &detach, sizeof(detach));
  return link;
}

}  // namespace

extern "C" {

long syscall(long number, ...) {
  static const auto next = real<Syscall>("syscall");
  std::va_list arguments;
  va_start(arguments, number);
  std::array<long, 6> a{};
  for (long& each : a) each = va_arg(arguments, long);
  va_end(arguments);
  if (number == SYS_bpf) return bpf(a[0], reinterpret_cast<bpf_attr*>(a[1]), a[2]);
  return next(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}

int rename(const char* from, const char* to) noexcept {
  static const auto next = real<int (*)(const char*, const char*)>("rename");
  return lies(3) ? 0 : next(from, to);
}

int renameat2(int from_folder, const char* from, int to_folder, const char* to,
              unsigned flags) noexcept {
  static const auto next = real<int (*)(int, const char*, int, const char*, unsigned)>("renameat2");
  return lies(3) ? 0 : next(from_folder, from, to_folder, to, flags);
}
}
