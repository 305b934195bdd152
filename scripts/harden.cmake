# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# The program runs as root and reads what strangers shape. So every build of it is hardened, not only the package, whose
# flags come from dpkg. tests/build/hardened.sh reads the flags back from the binary.
include(CheckCXXCompilerFlag)
include(CheckCXXSourceCompiles)
include(CheckLinkerFlag)

set(APIGUARD_HARDEN_COMPILE -fPIE)
set(APIGUARD_HARDEN_LINK -pie)
# What a static program would have to look up in shared libraries of its host (names of users, of hosts, of locales), the
# linker warns of.
if(APIGUARD_STATIC)
  set(APIGUARD_HARDEN_LINK -static-pie -Wl,--fatal-warnings)
endif()
list(APPEND APIGUARD_HARDEN_LINK -Wl,-z,relro,-z,now,-z,noexecstack)

function(apiguard_harden_with flag)
  string(MAKE_C_IDENTIFIER "APIGUARD_HAS${flag}" supported)
  check_cxx_compiler_flag(${flag} ${supported})
  if(${supported})
    set(APIGUARD_HARDEN_COMPILE ${APIGUARD_HARDEN_COMPILE} ${flag} PARENT_SCOPE)
  endif()
endfunction()

apiguard_harden_with(-fstack-protector-strong)
apiguard_harden_with(-fstack-clash-protection)
# Of the processors that know them: indirect jumps land only where one is expected, returns only where they came from.
if(CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|amd64|AMD64)$")
  apiguard_harden_with(-fcf-protection=full)
  check_linker_flag(CXX -Wl,-z,ibt,-z,shstk APIGUARD_HAS_LINKER_CET)
  # Not of a static program: the C library inside, as Debian builds it, has no landing pads.
  if(APIGUARD_HAS_fcf_protection_full AND APIGUARD_HAS_LINKER_CET AND NOT APIGUARD_STATIC)
    # The mark is otherwise lost to start files of the C library that lack it; loader/entry.cpp makes it true.
    list(APPEND APIGUARD_HARDEN_LINK
      -Wl,-z,ibt,-z,shstk,-e,apiguard_start,-init,apiguard_nothing,-fini,apiguard_nothing)
  endif()
elseif(CMAKE_SYSTEM_PROCESSOR MATCHES "^(aarch64|arm64)$")
  apiguard_harden_with(-mbranch-protection=standard)
endif()

# glibc warns of _FORTIFY_SOURCE without optimisation. Whether there is one, the compiler knows: build types and
# CXXFLAGS both ask for it.
string(TOUPPER "${CMAKE_BUILD_TYPE}" type)
string(MAKE_C_IDENTIFIER "APIGUARD_OPTIMISES_${CMAKE_CXX_FLAGS}_${CMAKE_CXX_FLAGS_${type}}" APIGUARD_OPTIMISES)
set(CMAKE_REQUIRED_FLAGS "${CMAKE_CXX_FLAGS_${type}}")
check_cxx_source_compiles("#ifndef __OPTIMIZE__\n#error\n#endif\nint main() {}" ${APIGUARD_OPTIMISES})
unset(CMAKE_REQUIRED_FLAGS)

# Sanitizers bring checks of their own, which would see no plain copy any more.
set(APIGUARD_FORTIFIED OFF)
if(${APIGUARD_OPTIMISES} AND NOT APIGUARD_SANITIZE)
  set(APIGUARD_FORTIFIED ON)
  # Level 3 came with GCC 12; clang has had its builtin since 9.
  set(level 3)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 12)
    set(level 2)
  endif()
  # Compilers and dpkg define it as well; a second definition would be a warning.
  list(APPEND APIGUARD_HARDEN_COMPILE -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=${level})
endif()

function(apiguard_harden target)
  if(NOT APIGUARD_HARDEN)
    return()
  endif()
  target_compile_options(${target} PRIVATE ${APIGUARD_HARDEN_COMPILE})
  get_target_property(kind ${target} TYPE)
  if(kind STREQUAL "EXECUTABLE")
    target_link_options(${target} PRIVATE ${APIGUARD_HARDEN_LINK})
  endif()
endfunction()
