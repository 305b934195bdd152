// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// What of the stack the program uses, read off the object: functions that call one another share
// 512 bytes, kernels before 6.8 round each one's part up to 32, and compilers differ in what they
// need. Only a kernel says so otherwise, and the one at hand may be the one that does not.
#include "apiguard/judge.h"

#include <bpf/libbpf.h>
#include <gelf.h>
#include <libelf.h>
#include <linux/bpf.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "apiguard.skel.h"
#include "tests/support/catch.hpp"

namespace {

constexpr int kLimit = 512;
constexpr int kSpare = 64;  // for the next compiler

struct Function {
  std::string name;
  int section = 0;
  std::size_t start = 0;  // bytes in the section
  std::size_t size = 0;
  int stack = 0;
  std::set<const Function*> calls;
};

class Object {
 public:
  Object() {
    elf_version(EV_CURRENT);
    std::size_t size = 0;
    const void* bytes = apiguard_bpf__elf_bytes(&size);
    bytes_.assign(static_cast<const char*>(bytes), static_cast<const char*>(bytes) + size);
    elf_.reset(elf_memory(bytes_.data(), bytes_.size()));
    REQUIRE(elf_);
    for (Elf_Scn* section = nullptr; (section = elf_nextscn(elf_.get(), section)) != nullptr;) {
      GElf_Shdr header;
      REQUIRE(gelf_getshdr(section, &header) != nullptr);
      if (header.sh_type == SHT_SYMTAB) read_symbols(section, header);
      if (header.sh_type == SHT_REL) relocations_.emplace_back(header.sh_info, section);
    }
    for (Function& function : functions_) read_code(function);
  }

  [[nodiscard]] std::vector<const Function*> programs() const {
    std::vector<const Function*> found;
    for (const Function& function : functions_) {
      if (section_name(function.section).starts_with("xdp")) found.push_back(&function);
    }
    return found;
  }

 private:
  [[nodiscard]] std::string section_name(int index) const {
    GElf_Shdr header;
    std::size_t names = 0;
    if (elf_getshdrstrndx(elf_.get(), &names) != 0) return "";
    gelf_getshdr(elf_getscn(elf_.get(), static_cast<std::size_t>(index)), &header);
    return elf_strptr(elf_.get(), names, header.sh_name);
  }

  void read_symbols(Elf_Scn* section, const GElf_Shdr& header) {
    Elf_Data* data = elf_getdata(section, nullptr);
    for (std::size_t i = 0; i < header.sh_size / header.sh_entsize; ++i) {
      GElf_Sym symbol;
      gelf_getsym(data, static_cast<int>(i), &symbol);
      symbols_.push_back(symbol);
      if (GELF_ST_TYPE(symbol.st_info) != STT_FUNC) continue;
      functions_.push_back({elf_strptr(elf_.get(), header.sh_link, symbol.st_name),
                            symbol.st_shndx,
                            symbol.st_value,
                            symbol.st_size,
                            0,
                            {}});
    }
  }

  [[nodiscard]] const Function* at(int section, std::size_t offset) const {
    const auto found = std::find_if(functions_.begin(), functions_.end(), [&](const Function& one) {
      return one.section == section && one.start <= offset && offset < one.start + one.size;
    });
    REQUIRE(found != functions_.end());
    return &*found;
  }

  // A call to a function of the same section may need no relocation.
  [[nodiscard]] const Function* callee(int section, std::size_t offset,
                                       const bpf_insn& code) const {
    for (const auto& [of, relocations] : relocations_) {
      if (of != static_cast<std::size_t>(section)) continue;
      Elf_Data* data = elf_getdata(relocations, nullptr);
      GElf_Rel entry;
      for (int i = 0; gelf_getrel(data, i, &entry) != nullptr; ++i) {
        if (entry.r_offset != offset) continue;
        const GElf_Sym& symbol = symbols_.at(GELF_R_SYM(entry.r_info));
        const bool whole = GELF_ST_TYPE(symbol.st_info) == STT_SECTION;
        return at(symbol.st_shndx,
                  symbol.st_value + (whole ? static_cast<std::size_t>(code.imm + 1) * 8 : 0));
      }
    }
    return at(section, offset + 8 + static_cast<std::size_t>(code.imm) * 8);
  }

  // Stores, loads and addresses below the frame pointer.
  void read_code(Function& function) {
    Elf_Data* data =
        elf_getdata(elf_getscn(elf_.get(), static_cast<std::size_t>(function.section)), nullptr);
    std::set<unsigned> pointers;  // registers that hold the frame pointer
    for (std::size_t at = function.start; at < function.start + function.size; at += 8) {
      bpf_insn code;
      std::memcpy(&code, static_cast<const char*>(data->d_buf) + at, sizeof(code));
      const unsigned kind = BPF_CLASS(code.code);
      int reach = 0;
      if ((kind == BPF_STX || kind == BPF_ST) && code.dst_reg == BPF_REG_10) reach = -code.off;
      if (kind == BPF_LDX && code.src_reg == BPF_REG_10) reach = -code.off;
      if (code.code == (BPF_ALU64 | BPF_ADD | BPF_K) && pointers.contains(code.dst_reg))
        reach = -code.imm;
      function.stack = std::max(function.stack, reach);
      if (kind == BPF_ALU64 || kind == BPF_ALU || kind == BPF_LDX || kind == BPF_LD)
        pointers.erase(code.dst_reg);
      if (code.code == (BPF_ALU64 | BPF_MOV | BPF_X) && code.src_reg == BPF_REG_10)
        pointers.insert(code.dst_reg);
      if (code.code == (BPF_JMP | BPF_CALL) && code.src_reg == BPF_PSEUDO_CALL)
        function.calls.insert(callee(function.section, at, code));
      if (code.code == (BPF_LD | BPF_DW | BPF_IMM)) at += 8;
    }
  }

  struct End {
    void operator()(Elf* elf) const { elf_end(elf); }
  };

  std::vector<char> bytes_;
  std::unique_ptr<Elf, End> elf_;
  std::vector<GElf_Sym> symbols_;
  std::vector<std::pair<std::size_t, Elf_Scn*>> relocations_;
  std::vector<Function> functions_;
};

// Of the chain of calls that takes most.
int most(const Function& function) {
  int below = 0;
  for (const Function* called : function.calls) below = std::max(below, most(*called));
  return std::max(1, (function.stack + 31) / 32 * 32) + below;
}

}  // namespace

TEST_CASE("every chain of calls leaves room on the stack") {
  const Object object;
  const auto programs = object.programs();
  REQUIRE(programs.size() >= 4);
  int largest = 0;
  for (const Function* program : programs) {
    INFO(program->name);
    CHECK(most(*program) <= kLimit - kSpare);
    largest = std::max(largest, most(*program));
  }
  CHECK(largest > 128);  // it did see the calls
}
