// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// usurp update PIN: another tool's program, which passes everything, in place of the one that the
// pinned link runs. usurp detach PIN: takes the pinned link off its interface and leaves the pin.
// usurp attach INTERFACE: that program on a hook that is free, until it is killed; says "attached".
#include <bpf/bpf.h>
#include <linux/bpf.h>
#include <net/if.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstring>
#include <string_view>

namespace {

int load_pass() {
  const std::array<bpf_insn, 2> code = {
      {{BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_0, 0, 0, XDP_PASS}, {BPF_JMP | BPF_EXIT, 0, 0, 0, 0}}};
  LIBBPF_OPTS(bpf_prog_load_opts, options, .expected_attach_type = BPF_XDP);
  return bpf_prog_load(BPF_PROG_TYPE_XDP, "usurper", "GPL", code.data(), code.size(), &options);
}

int failed(const char* what) {
  std::perror(what);
  return 1;
}

int attach(const char* interface) {
  const int program = load_pass();
  if (program < 0) return failed("usurp: load");
  const int ifindex = static_cast<int>(if_nametoindex(interface));
  if (bpf_link_create(program, ifindex, BPF_XDP, nullptr) < 0) return failed("usurp: attach");
  std::puts("attached");
  std::fflush(stdout);
  while (true) pause();
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  const std::string_view what = argv[1];
  if (what == "attach") return attach(argv[2]);
  const int link = bpf_obj_get(argv[2]);
  if (link < 0) return failed("usurp: open the link");
  if (what == "detach") return bpf_link_detach(link) == 0 ? 0 : failed("usurp: detach");
  const int program = load_pass();
  if (program < 0) return failed("usurp: load");
  return bpf_link_update(link, program, nullptr) == 0 ? 0 : failed("usurp: update");
}
