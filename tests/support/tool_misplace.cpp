// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Puts at a pin what is not ours.
//   misplace map TYPE KEY VALUE ENTRIES FLAGS PIN   another map; TYPE as a number of bpf(2), sizes
//   in bytes misplace like PIN FLAGS ENTRIES                 a map like the one there, with other
//   flags and entries (0: the same) misplace maps ENTRIES PIN                       an array of
//   maps whose maps are hash maps misplace program PIN                            another tool's
//   program misplace link FROM PIN                          the BPF link that is pinned at FROM,
//   once more misplace freeze PIN                             leaves the map there and makes it
//   read-only misplace set PIN VALUE                          entry 0 of the array of 8-byte values
//   there misplace get PIN                                prints that
// A map that stood at PIN goes; anything else there is an error.
#include <bpf/bpf.h>
#include <linux/bpf.h>
#include <unistd.h>

#include <array>
#include <cinttypes>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

namespace {

int failed(const char* what) {
  std::perror(what);
  return 1;
}

std::uint32_t number(const char* text) {
  return static_cast<std::uint32_t>(std::strtoul(text, nullptr, 0));
}

int put(int fd, const char* pin) {
  if (fd < 0) return failed("misplace: make");
  unlink(pin);
  return bpf_obj_pin(fd, pin) == 0 ? 0 : failed("misplace: pin");
}

int make_map(const std::vector<const char*>& of) {
  LIBBPF_OPTS(bpf_map_create_opts, options, .map_flags = number(of[4]));
  const int fd = bpf_map_create(static_cast<bpf_map_type>(number(of[0])), "other", number(of[1]),
                                number(of[2]), number(of[3]), &options);
  return put(fd, of[5]);
}

int make_maps(const char* entries, const char* pin) {
  const int inner = bpf_map_create(BPF_MAP_TYPE_HASH, "inner", 4, 4, 1, nullptr);
  if (inner < 0) return failed("misplace: make");
  LIBBPF_OPTS(bpf_map_create_opts, options, .inner_map_fd = static_cast<__u32>(inner));
  return put(bpf_map_create(BPF_MAP_TYPE_ARRAY_OF_MAPS, "other", 4, 4, number(entries), &options),
             pin);
}

int make_like(const char* pin, const char* flags, const char* entries) {
  bpf_map_info info{};
  __u32 size = sizeof(info);
  if (bpf_obj_get_info_by_fd(bpf_obj_get(pin), &info, &size) != 0) return failed("misplace: look");
  LIBBPF_OPTS(bpf_map_create_opts, options, .map_flags = number(flags));
  const __u32 most = number(entries) != 0 ? number(entries) : info.max_entries;
  return put(bpf_map_create(static_cast<bpf_map_type>(info.type), "other", info.key_size,
                            info.value_size, most, &options),
             pin);
}

int load_pass() {
  const std::array<bpf_insn, 2> code = {
      {{BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_0, 0, 0, XDP_PASS}, {BPF_JMP | BPF_EXIT, 0, 0, 0, 0}}};
  return bpf_prog_load(BPF_PROG_TYPE_XDP, "misplaced", "GPL", code.data(), code.size(), nullptr);
}

int get(const char* pin) {
  const std::uint32_t key = 0;
  std::uint64_t value = 0;
  if (bpf_map_lookup_elem(bpf_obj_get(pin), &key, &value) != 0) return failed("misplace: read");
  std::printf("%" PRIu64 "\n", value);
  return 0;
}

int set(const char* pin, const char* text) {
  const std::uint32_t key = 0;
  const std::uint64_t value = std::strtoull(text, nullptr, 0);
  const int fd = bpf_obj_get(pin);
  return bpf_map_update_elem(fd, &key, &value, BPF_ANY) == 0 ? 0 : failed("misplace: write");
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<const char*> words(argv + 1, argv + argc);
  const std::string_view what = words.empty() ? "" : words[0];
  if (what == "map" && words.size() == 7) return make_map({words.begin() + 1, words.end()});
  if (what == "like" && words.size() == 4) return make_like(words[1], words[2], words[3]);
  if (what == "maps" && words.size() == 3) return make_maps(words[1], words[2]);
  if (what == "program" && words.size() == 2) return put(load_pass(), words[1]);
  if (what == "link" && words.size() == 3) return put(bpf_obj_get(words[1]), words[2]);
  if (what == "freeze" && words.size() == 2)
    return bpf_map_freeze(bpf_obj_get(words[1])) == 0 ? 0 : failed("misplace: freeze");
  if (what == "set" && words.size() == 3) return set(words[1], words[2]);
  if (what == "get" && words.size() == 2) return get(words[1]);
  return 2;
}
