// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// stray KIND PIN [INTERFACE]: pins something that is none of apiguard's: a `program` (XDP, which
// passes everything), a `map`, a `link` of another kind (sk_lookup, of the network namespace it
// runs in), or the `xdp` link of another tool on INTERFACE.
#include <bpf/bpf.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <net/if.h>

#include <array>
#include <cstdio>
#include <string_view>

namespace {

int load(bpf_prog_type type, bpf_attach_type attach, int answer) {
  const std::array<bpf_insn, 2> code = {
      {{BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_0, 0, 0, answer}, {BPF_JMP | BPF_EXIT, 0, 0, 0, 0}}};
  LIBBPF_OPTS(bpf_prog_load_opts, options, .expected_attach_type = attach);
  return bpf_prog_load(type, "stray", "GPL", code.data(), code.size(), &options);
}

int make(std::string_view kind, const char* interface) {
  if (kind == "map") return bpf_map_create(BPF_MAP_TYPE_ARRAY, "stray", 4, 4, 1, nullptr);
  if (kind == "program") return load(BPF_PROG_TYPE_XDP, BPF_XDP, XDP_PASS);
  if (kind == "xdp") {
    const int program = load(BPF_PROG_TYPE_XDP, BPF_XDP, XDP_PASS);
    return bpf_link_create(program, static_cast<int>(if_nametoindex(interface)), BPF_XDP, nullptr);
  }
  const int program = load(BPF_PROG_TYPE_SK_LOOKUP, BPF_SK_LOOKUP, SK_PASS);
  return bpf_link_create(program, open("/proc/self/ns/net", O_RDONLY), BPF_SK_LOOKUP, nullptr);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) return 2;
  const int object = make(argv[1], argc > 3 ? argv[3] : "");
  if (object < 0 || bpf_obj_pin(object, argv[2]) != 0) {
    std::perror("stray");
    return 1;
  }
  return 0;
}
