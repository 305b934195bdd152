// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/datapath/maps.hpp"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include <cerrno>

#include "loader/datapath/objects.hpp"

namespace apiguard::datapath {
namespace {

int error_of(int result) { return result == 0 ? 0 : errno; }

}  // namespace

int look_up(int map_fd, const void* key, void* value, std::uint64_t flags) {
  return error_of(bpf_map_lookup_elem_flags(map_fd, key, value, flags));
}

int put(int map_fd, const void* key, const void* value) {
  return error_of(bpf_map_update_elem(map_fd, key, value, BPF_ANY));
}

int take_out(int map_fd, const void* key) { return error_of(bpf_map_delete_elem(map_fd, key)); }

int next_key(int map_fd, const void* key, void* next) {
  return error_of(bpf_map_get_next_key(map_fd, key, next));
}

int look_up_batch(int map_fd, void* at, void* next, void* keys, void* values,
                  std::uint32_t* count) {
  return error_of(bpf_map_lookup_batch(map_fd, at, next, keys, values, count, nullptr));
}

Fd make_map(const MapShape& shape) {
  LIBBPF_OPTS(bpf_map_create_opts, options, .map_flags = shape.flags);
  return Fd(bpf_map_create(static_cast<bpf_map_type>(shape.type), shape.name, shape.key_size,
                           shape.value_size, shape.entries, &options));
}

Result<std::uint32_t> entries_of(int map_fd) {
  bpf_map_info info{};
  __u32 size = sizeof(info);
  if (bpf_obj_get_info_by_fd(map_fd, &info, &size) != 0)
    return kernel_error("map", "read its info", errno);
  return info.max_entries;
}

int run_once(int program_fd, void* frame, std::size_t size, std::uint32_t& answer) {
  LIBBPF_OPTS(bpf_test_run_opts, options);
  options.data_in = frame;
  options.data_size_in = static_cast<__u32>(size);
  options.repeat = 1;
  const int error = error_of(bpf_prog_test_run_opts(program_fd, &options));
  answer = options.retval;
  return error;
}

int count_cpus() { return libbpf_num_possible_cpus(); }

}  // namespace apiguard::datapath
