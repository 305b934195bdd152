// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Where the loader of the C library jumps to, as scripts/harden.cmake links it. The start files of
// Debian 12 lack the landing pads (endbr64) of Intel's indirect branch tracking, so the program
// would carry the mark and not keep it. These stand in front; what `_init` and `_fini` of those
// files do is for profilers alone.
#if defined(__x86_64__) && defined(__CET__)

asm(R"(
  .text
  .globl apiguard_start
  .type apiguard_start, @function
apiguard_start:
  .cfi_startproc
  .cfi_undefined rip
  endbr64
  jmp _start
  .cfi_endproc
  .size apiguard_start, .-apiguard_start
)");

extern "C" void apiguard_nothing() {}

#endif
