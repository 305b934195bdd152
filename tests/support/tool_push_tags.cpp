// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// push_tags NAMESPACE/DEVICE COUNT: from now on whatever leaves the device carries COUNT VLAN tags
// with VID 0, 802.1Q and 802.1ad in turn. As with a VLAN device the outermost tag is handed to the
// driver beside the frame, and ethtool(8) says whether that keeps it there (txvlan,
// tx-vlan-stag-hw-insert). A kernel without VLAN devices can do it too.
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/bpf.h>

#include <cstdio>
#include <cstdlib>
#include <vector>

#include "tests/support/wire.hpp"

using namespace apiguard::test;

namespace {

bpf_insn move(std::uint8_t to, std::uint8_t from) {
  bpf_insn code{};
  code.code = BPF_ALU64 | BPF_MOV | BPF_X;
  code.dst_reg = to & 0xf;
  code.src_reg = from & 0xf;
  return code;
}

bpf_insn set(std::uint8_t to, std::int32_t value) {
  bpf_insn code{};
  code.code = BPF_ALU64 | BPF_MOV | BPF_K;
  code.dst_reg = to & 0xf;
  code.imm = value;
  return code;
}

bpf_insn jump(std::uint8_t kind, std::int32_t value) {
  bpf_insn code{};
  code.code = static_cast<__u8>(BPF_JMP | kind);
  code.imm = value;
  return code;
}

std::vector<bpf_insn> program(int count) {
  std::vector<bpf_insn> code{move(BPF_REG_6, BPF_REG_1)};
  for (int tag = 0; tag < count; ++tag) {
    code.push_back(move(BPF_REG_1, BPF_REG_6));
    code.push_back(set(BPF_REG_2, htons(tag % 2 == 0 ? ETH_P_8021Q : ETH_P_8021AD)));
    code.push_back(set(BPF_REG_3, 0));
    code.push_back(jump(BPF_CALL, BPF_FUNC_skb_vlan_push));
  }
  code.push_back(set(BPF_REG_0, 0));  // TC_ACT_OK
  code.push_back(jump(BPF_EXIT, 0));
  return code;
}

void enter(const std::string& netns) {
  const std::string path = "/run/netns/" + netns;
  const int there = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (there < 0 || setns(there, CLONE_NEWNET) != 0) give_up_errno(path);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) give_up("usage: push_tags NAMESPACE/DEVICE COUNT");
  const Place place(argv[1]);
  enter(place.netns);
  const auto code = program(std::atoi(argv[2]));
  const int fd =
      bpf_prog_load(BPF_PROG_TYPE_SCHED_CLS, "push_tags", "GPL", code.data(), code.size(), nullptr);
  if (fd < 0) give_up_errno("load");
  LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = static_cast<int>(if_nametoindex(place.device.c_str())),
              .attach_point = BPF_TC_EGRESS);
  libbpf_set_print(nullptr);
  bpf_tc_hook_create(&hook);  // it may be there already
  LIBBPF_OPTS(bpf_tc_opts, options, .prog_fd = fd, .flags = BPF_TC_F_REPLACE, .handle = 1,
              .priority = 1);
  if (const int error = bpf_tc_attach(&hook, &options); error != 0) {
    errno = -error;
    give_up_errno("attach to '" + place.device + "'");
  }
  return 0;
}
