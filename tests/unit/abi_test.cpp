// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// judge.h as C++ sees it against the types in the embedded BPF object: sizes, offsets, maps and
// numbers. Opening an object needs no privilege.
#include "apiguard/ledger.h"

#include <bpf/btf.h>
#include <bpf/libbpf.h>

#include <cstddef>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "apiguard.skel.h"
#include "tests/support/catch.hpp"

namespace {

// No hidden padding, so that bytes compare and hash as values do; and safe to copy as bytes.
template <typename... Structs>
inline constexpr bool kPlainBytes = ((std::is_trivially_copyable_v<Structs> &&
                                      std::is_standard_layout_v<Structs> &&
                                      std::has_unique_object_representations_v<Structs>)&&...);

static_assert(kPlainBytes<apiguard_key4, apiguard_key6, apiguard_range, apiguard_endpoint,
                          apiguard_settings, apiguard_confirmation, apiguard_counters,
                          apiguard_used_key, apiguard_used, apiguard_use, apiguard_answer>);

struct Member {
  std::string name;
  std::size_t offset;
  std::size_t size;
};

#define MEMBER(type, name) \
  Member { #name, offsetof(type, name), sizeof(type::name) }

struct CloseObject {
  void operator()(bpf_object* object) const { bpf_object__close(object); }
};

using Object = std::unique_ptr<bpf_object, CloseObject>;

Object open_object() {
  std::size_t size = 0;
  const void* elf = apiguard_bpf__elf_bytes(&size);
  Object object(bpf_object__open_mem(elf, size, nullptr));
  REQUIRE(object != nullptr);
  return object;
}

const btf* types_of(const Object& object) {
  const btf* types = bpf_object__btf(object.get());
  REQUIRE(types != nullptr);
  return types;
}

void check_struct(const std::string& name, std::size_t size, const std::vector<Member>& members) {
  const Object object = open_object();
  const btf* types = types_of(object);
  INFO("struct " << name);
  const __s32 id = btf__find_by_name_kind(types, name.c_str(), BTF_KIND_STRUCT);
  REQUIRE(id > 0);
  const btf_type* type = btf__type_by_id(types, static_cast<__u32>(id));
  CHECK(type->size == size);
  REQUIRE(btf_vlen(type) == members.size());
  for (std::size_t i = 0; i < members.size(); ++i) {
    const btf_member& member = btf_members(type)[i];
    INFO("member " << members[i].name);
    CHECK(btf__name_by_offset(types, member.name_off) == members[i].name);
    CHECK(btf_member_bit_offset(type, static_cast<__u32>(i)) == 8 * members[i].offset);
    CHECK(btf__resolve_size(types, member.type) == static_cast<__s64>(members[i].size));
  }
}

using Enumerators = std::vector<std::pair<std::string, int>>;

// An enum that the program only uses for its numbers leaves no type behind; then there is nothing
// that could differ.
void check_enum(const std::string& name, const Enumerators& enumerators) {
  const Object object = open_object();
  const btf* types = types_of(object);
  INFO("enum " << name);
  const __s32 id = btf__find_by_name_kind(types, name.c_str(), BTF_KIND_ENUM);
  REQUIRE(id > 0);
  const btf_type* type = btf__type_by_id(types, static_cast<__u32>(id));
  REQUIRE(btf_vlen(type) == enumerators.size());
  for (std::size_t i = 0; i < enumerators.size(); ++i) {
    CHECK(btf__name_by_offset(types, btf_enum(type)[i].name_off) == enumerators[i].first);
    CHECK(btf_enum(type)[i].val == enumerators[i].second);
  }
}

void check_map(const bpf_map* map, bpf_map_type type, std::size_t key, std::size_t value) {
  REQUIRE(map != nullptr);
  CHECK(bpf_map__type(map) == type);
  CHECK(bpf_map__key_size(map) == key);
  CHECK(bpf_map__value_size(map) == value);
}

void check_map(const char* name, bpf_map_type type, std::size_t key, std::size_t value) {
  const Object object = open_object();
  INFO("map " << name);
  check_map(bpf_object__find_map_by_name(object.get(), name), type, key, value);
}

// An array of maps, and what each of them is.
void check_tries(const char* name, std::size_t key) {
  const Object object = open_object();
  INFO("map " << name);
  bpf_map* outer = bpf_object__find_map_by_name(object.get(), name);
  check_map(outer, BPF_MAP_TYPE_ARRAY_OF_MAPS, sizeof(__u32), sizeof(__u32));
  const bpf_map* trie = bpf_map__inner_map(outer);
  check_map(trie, BPF_MAP_TYPE_LPM_TRIE, key, sizeof(apiguard_range));
  CHECK(bpf_map__map_flags(trie) == (BPF_F_NO_PREALLOC | BPF_F_RDONLY_PROG));
}

}  // namespace

TEST_CASE("keys of the tries have one layout on both sides") {
  check_struct("apiguard_key4", sizeof(apiguard_key4),
               {MEMBER(apiguard_key4, prefix_len), MEMBER(apiguard_key4, address)});
  check_struct("apiguard_key6", sizeof(apiguard_key6),
               {MEMBER(apiguard_key6, prefix_len), MEMBER(apiguard_key6, address)});
}

TEST_CASE("a range has one layout on both sides") {
  check_struct("apiguard_range", sizeof(apiguard_range),
               {MEMBER(apiguard_range, except_until), MEMBER(apiguard_range, allow_until)});
}

TEST_CASE("settings have one layout on both sides") {
  check_struct("apiguard_endpoint", sizeof(apiguard_endpoint),
               {MEMBER(apiguard_endpoint, address), MEMBER(apiguard_endpoint, port),
                MEMBER(apiguard_endpoint, family), MEMBER(apiguard_endpoint, pad)});
  check_struct("apiguard_settings", sizeof(apiguard_settings),
               {MEMBER(apiguard_settings, generation),  MEMBER(apiguard_settings, build),
                MEMBER(apiguard_settings, instance),    MEMBER(apiguard_settings, abi),
                MEMBER(apiguard_settings, mode),        MEMBER(apiguard_settings, frags),
                MEMBER(apiguard_settings, has_ends),    MEMBER(apiguard_settings, endpoint_count),
                MEMBER(apiguard_settings, endpoints),   MEMBER(apiguard_settings, shared6),
                MEMBER(apiguard_settings, shared6_len), MEMBER(apiguard_settings, outside6),
                MEMBER(apiguard_settings, whole4),      MEMBER(apiguard_settings, whole6),
                MEMBER(apiguard_settings, unconfirmed), MEMBER(apiguard_settings, pad),
                MEMBER(apiguard_settings, before),      MEMBER(apiguard_settings, since),
                MEMBER(apiguard_settings, secret),      MEMBER(apiguard_settings, wall),
                MEMBER(apiguard_settings, edition),     MEMBER(apiguard_settings, before_edition)});
}

TEST_CASE("a confirmation has one layout on both sides") {
  check_struct("apiguard_confirmation", sizeof(apiguard_confirmation),
               {MEMBER(apiguard_confirmation, deadline)});
}

TEST_CASE("the index has one layout on both sides") {
  check_struct("apiguard_top", sizeof(apiguard_top),
               {MEMBER(apiguard_top, cells), MEMBER(apiguard_top, first)});
  check_struct("apiguard_block", sizeof(apiguard_block), {MEMBER(apiguard_block, cells)});
  check_struct(
      "apiguard_rank", sizeof(apiguard_rank),
      {MEMBER(apiguard_rank, first), MEMBER(apiguard_rank, before), MEMBER(apiguard_rank, pad)});
  check_struct("apiguard_node", sizeof(apiguard_node),
               {MEMBER(apiguard_node, keys), MEMBER(apiguard_node, tail)});
}

TEST_CASE("counters have one layout on both sides") {
  check_struct("apiguard_counters", sizeof(apiguard_counters),
               {MEMBER(apiguard_counters, packets), MEMBER(apiguard_counters, denied),
                MEMBER(apiguard_counters, seen), MEMBER(apiguard_counters, events)});
}

TEST_CASE("connections by range have one layout on both sides") {
  check_struct("apiguard_used_key", sizeof(apiguard_used_key),
               {MEMBER(apiguard_used_key, family), MEMBER(apiguard_used_key, prefix_len),
                MEMBER(apiguard_used_key, pad), MEMBER(apiguard_used_key, address)});
  check_struct("apiguard_used", sizeof(apiguard_used),
               {MEMBER(apiguard_used, connections), MEMBER(apiguard_used, first),
                MEMBER(apiguard_used, last)});
  check_struct("apiguard_use", sizeof(apiguard_use),
               {MEMBER(apiguard_use, key), MEMBER(apiguard_use, used)});
}

TEST_CASE("what is kept of traffic has one layout on both sides") {
  check_struct("apiguard_sampler", sizeof(apiguard_sampler),
               {MEMBER(apiguard_sampler, tick), MEMBER(apiguard_sampler, now),
                MEMBER(apiguard_sampler, left), MEMBER(apiguard_sampler, step),
                MEMBER(apiguard_sampler, mean), MEMBER(apiguard_sampler, taken)});
  check_struct("apiguard_budget", sizeof(apiguard_budget),
               {MEMBER(apiguard_budget, tick), MEMBER(apiguard_budget, spent)});
  check_struct("apiguard_denied", sizeof(apiguard_denied),
               {MEMBER(apiguard_denied, source), MEMBER(apiguard_denied, packets),
                MEMBER(apiguard_denied, first), MEMBER(apiguard_denied, last),
                MEMBER(apiguard_denied, since), MEMBER(apiguard_denied, family),
                MEMBER(apiguard_denied, outcome), MEMBER(apiguard_denied, reason),
                MEMBER(apiguard_denied, pad)});
  check_struct(
      "apiguard_denied_bucket", sizeof(apiguard_denied_bucket),
      {MEMBER(apiguard_denied_bucket, lock), MEMBER(apiguard_denied_bucket, next),
       MEMBER(apiguard_denied_bucket, aged), MEMBER(apiguard_denied_bucket, tags),
       MEMBER(apiguard_denied_bucket, strengths), MEMBER(apiguard_denied_bucket, sources)});
  check_struct("apiguard_seen_key", sizeof(apiguard_seen_key),
               {MEMBER(apiguard_seen_key, source), MEMBER(apiguard_seen_key, family),
                MEMBER(apiguard_seen_key, pad)});
  check_struct(
      "apiguard_seen", sizeof(apiguard_seen),
      {MEMBER(apiguard_seen, connections), MEMBER(apiguard_seen, first),
       MEMBER(apiguard_seen, last), MEMBER(apiguard_seen, days), MEMBER(apiguard_seen, day)});
  check_struct("apiguard_unproven", sizeof(apiguard_unproven),
               {MEMBER(apiguard_unproven, packets), MEMBER(apiguard_unproven, first),
                MEMBER(apiguard_unproven, last), MEMBER(apiguard_unproven, payloads),
                MEMBER(apiguard_unproven, opened), MEMBER(apiguard_unproven, since),
                MEMBER(apiguard_unproven, gap), MEMBER(apiguard_unproven, beats),
                MEMBER(apiguard_unproven, pad)});
  check_struct("apiguard_flow", sizeof(apiguard_flow),
               {MEMBER(apiguard_flow, source), MEMBER(apiguard_flow, destination),
                MEMBER(apiguard_flow, sport), MEMBER(apiguard_flow, dport),
                MEMBER(apiguard_flow, family), MEMBER(apiguard_flow, pad)});
  check_struct("apiguard_event", sizeof(apiguard_event),
               {MEMBER(apiguard_event, time), MEMBER(apiguard_event, generation),
                MEMBER(apiguard_event, source), MEMBER(apiguard_event, destination),
                MEMBER(apiguard_event, ifindex), MEMBER(apiguard_event, dport),
                MEMBER(apiguard_event, family), MEMBER(apiguard_event, outcome),
                MEMBER(apiguard_event, reason), MEMBER(apiguard_event, prefix_len),
                MEMBER(apiguard_event, pad)});
  check_struct("apiguard_watch", sizeof(apiguard_watch),
               {MEMBER(apiguard_watch, until), MEMBER(apiguard_watch, lost)});
  check_struct("apiguard_watches", sizeof(apiguard_watches), {MEMBER(apiguard_watches, watch)});
}

TEST_CASE("the answer of check has one layout on both sides") {
  check_struct("apiguard_answer", sizeof(apiguard_answer),
               {MEMBER(apiguard_answer, outcome), MEMBER(apiguard_answer, reason),
                MEMBER(apiguard_answer, prefix), MEMBER(apiguard_answer, has_range)});
}

TEST_CASE("outcomes and reasons have one number on both sides") {
  check_enum("apiguard_outcome", {{"APIGUARD_PASS", 0},
                                  {"APIGUARD_DROP", 1},
                                  {"APIGUARD_WOULD_DROP", 2},
                                  {"APIGUARD_OUTCOME_MAX", 3}});
  check_enum("apiguard_reason", {{"APIGUARD_NOT_IP", 0},
                                 {"APIGUARD_VLAN_DEPTH", 1},
                                 {"APIGUARD_MALFORMED", 2},
                                 {"APIGUARD_LATER_FRAGMENT", 3},
                                 {"APIGUARD_SHORT_TCP", 4},
                                 {"APIGUARD_OTHER_TRAFFIC", 5},
                                 {"APIGUARD_EXT_CHAIN", 6},
                                 {"APIGUARD_LISTED", 7},
                                 {"APIGUARD_EXCEPTED", 8},
                                 {"APIGUARD_EXPIRED", 9},
                                 {"APIGUARD_UNLISTED", 10},
                                 {"APIGUARD_OFF", 11},
                                 {"APIGUARD_REASON_MAX", 12}});
}

// Numbers that counters in the kernel and scripts outside depend on: raising them is an ABI change.
TEST_CASE("reasons and outcomes keep their numbers") {
  CHECK(APIGUARD_PASS == 0);
  CHECK(APIGUARD_DROP == 1);
  CHECK(APIGUARD_WOULD_DROP == 2);
  CHECK(APIGUARD_NOT_IP == 0);
  CHECK(APIGUARD_LISTED == 7);
  CHECK(APIGUARD_UNLISTED == 10);
  CHECK(APIGUARD_OFF == 11);
  CHECK(APIGUARD_REASON_MAX == 12);
}

TEST_CASE("maps have the keys and values of judge.h") {
  check_tries("ranges4", sizeof(apiguard_key4));
  check_tries("ranges6", sizeof(apiguard_key6));
  check_map("blocks4", BPF_MAP_TYPE_ARRAY, sizeof(__u32), sizeof(apiguard_block));
  check_map("ranks4", BPF_MAP_TYPE_ARRAY, sizeof(__u32), sizeof(apiguard_rank));
  check_map("leaves4", BPF_MAP_TYPE_ARRAY, sizeof(__u32), sizeof(__u64));
  check_map("dense4", BPF_MAP_TYPE_ARRAY, sizeof(__u32), sizeof(apiguard_block));
  check_map("nodes6", BPF_MAP_TYPE_ARRAY, sizeof(__u32), sizeof(apiguard_node));
  check_map("counters", BPF_MAP_TYPE_PERCPU_ARRAY, sizeof(__u32), sizeof(apiguard_counters));
  check_map("used", BPF_MAP_TYPE_HASH, sizeof(apiguard_used_key), sizeof(apiguard_used));
}

TEST_CASE("the read-only data of the program is its settings") {
  const Object object = open_object();
  const btf* types = types_of(object);
  const __s32 id = btf__find_by_name_kind(types, "settings", BTF_KIND_VAR);
  REQUIRE(id > 0);
  const btf_type* variable = btf__type_by_id(types, static_cast<__u32>(id));
  CHECK(btf__resolve_size(types, variable->type) == static_cast<__s64>(sizeof(apiguard_settings)));
}
