// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/datapath/generation.hpp"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "apiguard.skel.h"
#include "loader/base/sha256.hpp"
#include "loader/datapath/confirmation_deadline.hpp"
#include "loader/datapath/fill.hpp"
#include "loader/datapath/log.hpp"
#include "loader/datapath/privilege.hpp"
#include "loader/datapath/usage_size.hpp"

namespace apiguard::datapath {
namespace {

struct Destroy {
  void operator()(apiguard_bpf* skeleton) const { apiguard_bpf::destroy(skeleton); }
};
using Skeleton = std::unique_ptr<apiguard_bpf, Destroy>;

// Without CAP_PERFMON the verifier refuses packet pointers with words that lead nowhere near the
// cause.
tl::unexpected<Error> failed(std::string_view what, int error) {
  const std::string messages = take_library_messages();
  if ((error == EACCES || error == EINVAL) && lacks_privilege()) error = EPERM;
  std::string text =
      fmt::format("program 'apiguard': {}: {}{}", what, std::strerror(error), hint_for(error));
  if (error == EACCES || error == EINVAL) text += "\n" + messages;
  const bool cannot = error == EACCES || error == EINVAL || error == ENOTSUP;
  return fail(cannot ? Exit::kUnsupported : Exit::kFailed, std::move(text), error);
}

// A map that was handed on has its size and is written by others already.
Result<> prepare_used(apiguard_bpf& skeleton, const LoadOptions& options) {
  bpf_program__set_autoload(skeleton.progs.apiguard_add, options.adds);
  if (options.used_fd >= 0) {
    const int reused = bpf_map__reuse_fd(skeleton.maps.used, options.used_fd);
    return reused == 0 ? Result<>() : failed("adopt the map of connections", -reused);
  }
  const std::uint32_t entries = options.lean ? 1 : usage_capacity(0);
  if (bpf_map__set_max_entries(skeleton.maps.used, entries) != 0)
    return failed("size map 'used'", errno);
  return {};
}

bpf_map* kept_map(const apiguard_bpf& skeleton, LedgerMap kept) {
  return bpf_object__find_map_by_name(skeleton.obj, std::string(name_of(kept)).c_str());
}

// 0: as the object has it.
unsigned fresh_entries(LedgerMap kept, const LoadOptions& options, bool audit) {
  if (options.lean) return kept == LedgerMap::kDenied ? 1 : 0;
  const bool begins = audit || options.begun[static_cast<std::size_t>(kept)];
  return begins ? audit_entries(kept) : 0;
}

// Those that there are go on; the others begin.
Result<> prepare_kept(const apiguard_bpf& skeleton, const LoadOptions& options, bool audit) {
  for (const LedgerMap kept : kLedgerMaps) {
    bpf_map* map = kept_map(skeleton, kept);
    const int old = options.kept != nullptr ? options.kept->fd(kept) : -1;
    if (old >= 0) {
      const int reused = bpf_map__reuse_fd(map, old);
      if (reused != 0) return failed(fmt::format("adopt map '{}'", name_of(kept)), -reused);
    } else if (const unsigned entries = fresh_entries(kept, options, audit);
               entries != 0 && bpf_map__set_max_entries(map, entries) != 0) {
      return failed(fmt::format("size map '{}'", name_of(kept)), errno);
    }
  }
  return {};
}

// No map can be empty.
Result<> size_maps(apiguard_bpf& skeleton, const Image& image, const Fallback* fallback) {
  const auto& maps = skeleton.maps;
  const std::array<std::pair<bpf_map*, std::size_t>, 8> sizes{{
      {maps.ranges4, image.ranges4.size()},
      {maps.ranges6, image.ranges6.size()},
      {maps.blocks4, image.index4.blocks.size()},
      {maps.ranks4, image.index4.ranks.size()},
      {maps.leaves4, image.index4.leaves.size()},
      {maps.dense4, image.index4.dense.size()},
      {maps.nodes6, image.index6.nodes.size()},
      {maps.joined, fallback != nullptr ? fallback->joined.size() : 0},
  }};
  for (const auto& [map, size] : sizes) {
    if (bpf_map__set_max_entries(map, static_cast<__u32>(std::max<std::size_t>(1, size))) != 0)
      return failed(fmt::format("size map '{}'", bpf_map__name(map)), errno);
  }
  return {};
}

struct Tries {
  std::vector<Fd> ipv4;
  std::vector<Fd> ipv6;
};

template <typename Key>
Result<> fill_tries(bpf_map* outer, const Shards<Key>& shards, std::vector<Fd>& tries) {
  auto filled = fill(bpf_map__fd(outer), shards);
  if (!filled) return fail(filled.error());
  tries = std::move(*filled);
  return {};
}

Result<> fill_maps(apiguard_bpf& skeleton, const Image& image, Tries& tries) {
  const auto fd = [](bpf_map* map) { return bpf_map__fd(map); };
  const auto& maps = skeleton.maps;
  return fill(fd(maps.blocks4), image.index4.blocks)
      .and_then([&] { return fill(fd(maps.ranks4), image.index4.ranks); })
      .and_then([&] { return fill(fd(maps.leaves4), image.index4.leaves); })
      .and_then([&] { return fill(fd(maps.dense4), image.index4.dense); })
      .and_then([&] { return fill(fd(maps.nodes6), image.index6.nodes); })
      .and_then([&] { return fill_tries(maps.ranges4, image.ranges4, tries.ipv4); })
      .and_then([&] { return fill_tries(maps.ranges6, image.ranges6, tries.ipv6); });
}

// The array that holds the program before, and is called with it past the deadline.
int before_map(const apiguard_bpf& skeleton, AttachKind kind) {
  switch (kind) {
    case AttachKind::kInterface:
      return bpf_map__fd(skeleton.maps.before);
  }
  return -1;
}

Result<> note_joined(const apiguard_bpf& skeleton, const AttachPoint& point) {
  const __u8 yes = 1;
  switch (point.kind) {
    case AttachKind::kInterface: {
      const int ifindex = point.ifindex();
      if (bpf_map_update_elem(bpf_map__fd(skeleton.maps.joined), &ifindex, &yes, BPF_ANY) != 0)
        return failed("record a new interface", errno);
      return {};
    }
  }
  return {};
}

// The program that takes over past the deadline, and the interfaces where none does.
Result<> fill_fallback(const apiguard_bpf& skeleton, const Fallback& fallback) {
  const __u32 key = 0;
  for (const AttachKind kind : kAttachKinds) {
    const int filter_fd = fallback.filter_fds[kind];
    if (filter_fd >= 0 &&
        bpf_map_update_elem(before_map(skeleton, kind), &key, &filter_fd, BPF_ANY) != 0)
      return failed("keep the previous program as a fallback", errno);
  }
  for (const AttachPoint& point : fallback.joined) {
    if (auto noted = note_joined(skeleton, point); !noted) return noted;
  }
  return {};
}

// One of the four ways into the filter.
void choose_filter(apiguard_bpf& skeleton, bool frags, bool unconfirmed) {
  const auto& programs = skeleton.progs;
  bpf_program__set_autoload(programs.apiguard_frags, frags && !unconfirmed);
  bpf_program__set_autoload(programs.apiguard, !frags && !unconfirmed);
  bpf_program__set_autoload(programs.apiguard_frags_unconfirmed, frags && unconfirmed);
  bpf_program__set_autoload(programs.apiguard_unconfirmed, !frags && unconfirmed);
}

bpf_program* interface_filter(const apiguard_bpf& skeleton, bool frags, bool unconfirmed) {
  const auto& programs = skeleton.progs;
  if (unconfirmed)
    return frags ? programs.apiguard_frags_unconfirmed : programs.apiguard_unconfirmed;
  return frags ? programs.apiguard_frags : programs.apiguard;
}

Result<> prepare(apiguard_bpf& skeleton, const Image& image, const LoadOptions& options,
                 bool frags) {
  skeleton.rodata->settings = image.settings;
  skeleton.rodata->settings.frags = frags ? 1 : 0;
  skeleton.rodata->settings.build = program_build();
  skeleton.rodata_shards4->shards4 = shard_starts(image.ranges4);
  skeleton.rodata_shards6->shards6 = shard_starts(image.ranges6);
  skeleton.rodata_top4->top4 = image.index4.top;
  skeleton.rodata_top6->top6 = image.index6.top;
  if (options.fallback != nullptr) {
    skeleton.rodata->settings.unconfirmed = 1;
    skeleton.rodata->settings.before = options.fallback->which.generation;
    skeleton.rodata->settings.before_edition = options.fallback->which.edition;
  }
  choose_filter(skeleton, frags, options.fallback != nullptr);
  if (auto sized = size_maps(skeleton, image, options.fallback); !sized) return sized;
  if (auto ready = prepare_used(skeleton, options); !ready) return ready;
  return prepare_kept(skeleton, options, image.settings.mode == APIGUARD_MODE_AUDIT);
}

Result<Skeleton> load_kind(const Image& image, const LoadOptions& options, bool frags) {
  Skeleton skeleton(apiguard_bpf::open(nullptr));
  if (!skeleton) return failed("open", errno);
  if (auto ready = prepare(*skeleton, image, options, frags); !ready) return fail(ready.error());
  const int loaded = apiguard_bpf::load(skeleton.get());
  if (loaded != 0) return failed("load", -loaded);
  return skeleton;
}

// A program that waits for its confirmation calls functions of its own and, past its deadline, the
// program before it. Kernels of some processors take only one of the two (arm64 before 6.0): those
// load the same program where it does not wait.
bool only_waiting_fails(const Image& image, LoadOptions options, bool frags, const Error& error) {
  if (options.fallback == nullptr || error.os_error != EINVAL) return false;
  options.fallback = nullptr;
  return load_kind(image, options, frags).has_value();
}

tl::unexpected<Error> cannot_wait() {
  return fail(Exit::kUnsupported,
              "kernel: cannot undo a change by itself (on arm64 that needs Linux 6.0): make the "
              "change without --confirm-within; 'apiguard rollback' undoes it",
              EINVAL);
}

}  // namespace

struct Generation::State {
  Skeleton skeleton;
  Tries tries;
  bool frags = false;
  bool unconfirmed = false;
};

// Only EINVAL means that this kernel does not know the frags flag (before 5.18). Anything else,
// lack of memory above all, says nothing about the kernel and must not decide the kind for the rest
// of the boot.
Result<Generation> Generation::load(const Image& image, const LoadOptions& options) {
  bridge_library_messages();
  auto state = std::make_unique<State>();
  state->frags = options.kind != ProgramKind::kPlain;
  state->unconfirmed = options.fallback != nullptr;
  auto skeleton = load_kind(image, options, state->frags);
  if (!skeleton && options.kind == ProgramKind::kProbe && skeleton.error().os_error == EINVAL) {
    state->frags = false;
    skeleton = load_kind(image, options, false);
  }
  if (!skeleton && only_waiting_fails(image, options, state->frags, skeleton.error()))
    return cannot_wait();
  if (!skeleton) return fail(skeleton.error());
  state->skeleton = std::move(*skeleton);
  Generation generation(std::move(state));
  State& made = *generation.state_;
  if (auto filled = fill_maps(*made.skeleton, image, made.tries); !filled)
    return fail(filled.error());
  // Without this entry, connections that find no room are not counted. That is no reason to fail.
  if (options.used_fd < 0) (void)begin_usage(generation.used_fd());
  if (options.fallback == nullptr) return generation;
  if (auto anchored = fill_fallback(*generation.state_->skeleton, *options.fallback); !anchored)
    return fail(anchored.error());
  return generation;
}

Generation::Generation(std::unique_ptr<State> state) : state_(std::move(state)) {}
Generation::Generation(Generation&&) noexcept = default;
Generation& Generation::operator=(Generation&&) noexcept = default;
Generation::~Generation() = default;

int Generation::filter_fd(AttachKind kind) const {
  switch (kind) {
    case AttachKind::kInterface:
      return bpf_program__fd(
          interface_filter(*state_->skeleton, state_->frags, state_->unconfirmed));
  }
  return -1;
}
FilterFds Generation::filter_fds() const {
  FilterFds fds;
  for (const AttachKind kind : kAttachKinds) fds[kind] = filter_fd(kind);
  return fds;
}
int Generation::check_fd() const { return bpf_program__fd(state_->skeleton->progs.apiguard_check); }
int Generation::kept_fd(LedgerMap kept) const {
  return bpf_map__fd(kept_map(*state_->skeleton, kept));
}
int Generation::used_fd() const { return bpf_map__fd(state_->skeleton->maps.used); }
int Generation::add_fd() const { return bpf_program__fd(state_->skeleton->progs.apiguard_add); }
int Generation::settings_fd() const { return bpf_map__fd(state_->skeleton->maps.rodata); }
int Generation::ranges4_fd() const { return bpf_map__fd(state_->skeleton->maps.ranges4); }
int Generation::ranges6_fd() const { return bpf_map__fd(state_->skeleton->maps.ranges6); }
const std::vector<Fd>& Generation::tries4() const { return state_->tries.ipv4; }
const std::vector<Fd>& Generation::tries6() const { return state_->tries.ipv6; }
bool Generation::frags() const { return state_->frags; }
bool Generation::unconfirmed() const { return state_->unconfirmed; }
int Generation::confirmation_fd() const { return bpf_map__fd(state_->skeleton->maps.confirmation); }
int Generation::before_fd() const { return bpf_map__fd(state_->skeleton->maps.before); }
int Generation::joined_fd() const { return bpf_map__fd(state_->skeleton->maps.joined); }

Result<> Generation::set_deadline(BootTime deadline) const {
  return store_deadline(confirmation_fd(), deadline);
}

std::uint64_t program_build() {
  std::size_t size = 0;
  const void* object = apiguard_bpf::elf_bytes(&size);
  return std::stoull(sha256_hex({static_cast<const char*>(object), size}).substr(0, 16), nullptr,
                     16);
}

}  // namespace apiguard::datapath
