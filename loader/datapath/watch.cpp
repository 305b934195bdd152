// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/datapath/watch.hpp"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/bpf.h>
#include <net/if.h>
#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstring>

#include "loader/datapath/objects.hpp"

namespace apiguard::datapath {
namespace {

constexpr unsigned kAtOnce = 4096;

struct Free {
  void operator()(ring_buffer* reader) const { ring_buffer__free(reader); }
};

tl::unexpected<Error> failed(std::string_view what, int error) {
  return kernel_error("watch", std::string(what), error);
}

// The value of the map `watches`, which program and readers share.
class Shared {
 public:
  [[nodiscard]] static Result<Shared> map(const Fd& watches) {
    const auto size = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
    void* memory = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, watches.get(), 0);
    if (memory == MAP_FAILED) return failed("map the watchers", errno);
    return Shared(static_cast<apiguard_watches*>(memory), size);
  }
  Shared(Shared&& other) noexcept
      : value_(std::exchange(other.value_, nullptr)), size_(other.size_) {}
  Shared& operator=(Shared&&) = delete;
  ~Shared() {
    if (value_ != nullptr) munmap(value_, size_);
  }

  [[nodiscard]] apiguard_watch& at(unsigned number) const { return value_->watch[number]; }

 private:
  Shared(apiguard_watches* value, std::size_t size) : value_(value), size_(size) {}
  apiguard_watches* value_;
  std::size_t size_;
};

}  // namespace

std::string interface_of(const apiguard_event& event) {
  std::array<char, IF_NAMESIZE> name{};
  return if_indextoname(event.ifindex, name.data()) != nullptr ? name.data() : "";
}

struct Watch::State {
  unsigned number;
  Fd rings;
  Shared shared;
  std::uint64_t lost_before = 0;
  std::function<void(const apiguard_event&)> take{};
  std::unique_ptr<ring_buffer, Free> reader{};
  unsigned taken = 0;

  [[nodiscard]] std::uint64_t lost() const {
    return std::atomic_ref<__u64>(shared.at(number).lost).load(std::memory_order_relaxed);
  }
  void keep_until(BootTime until) const {
    std::atomic_ref<__u64>(shared.at(number).until)
        .store(nanoseconds_of(until), std::memory_order_release);
  }

  static int on_event(void* context, void* data, size_t size) {
    apiguard_event event{};
    if (size < sizeof(event)) return 0;
    std::memcpy(&event, data, sizeof(event));
    auto* state = static_cast<State*>(context);
    state->take(event);
    return ++state->taken < kAtOnce ? 0 : -E2BIG;
  }

  // A ring of its own, in place of one that a reader left behind who was killed.
  Result<> begin() {
    const Fd ring(bpf_map_create(BPF_MAP_TYPE_RINGBUF, "ring", 0, 0, APIGUARD_RING_BYTES, nullptr));
    if (!ring) return failed("make a ring buffer", errno);
    reader.reset(ring_buffer__new(ring.get(), on_event, this, nullptr));
    if (!reader) return failed("read a ring buffer", errno);
    const int fd = ring.get();
    if (bpf_map_update_elem(rings.get(), &number, &fd, BPF_ANY) != 0)
      return failed("hand over a ring buffer", errno);
    lost_before = lost();
    return {};
  }
};

Result<Watch> Watch::open(const Pins& pins, unsigned number) {
  auto rings = pins.open_ledger_map_for_writing(LedgerMap::kRings);
  if (!rings) return fail(rings.error());
  const auto watches = pins.open_ledger_map_for_writing(LedgerMap::kWatches);
  if (!watches) return fail(watches.error());
  return open(std::move(*rings), *watches, number);
}

Result<Watch> Watch::open(Fd rings, const Fd& watches, unsigned number) {
  auto shared = Shared::map(watches);
  if (!shared) return fail(shared.error());
  std::unique_ptr<State> state(new State{number, std::move(rings), std::move(*shared)});
  if (auto begun = state->begin(); !begun) return fail(begun.error());
  return Watch(std::move(state));
}

Watch::Watch(std::unique_ptr<State> state) : state_(std::move(state)) {}
Watch::Watch(Watch&&) noexcept = default;
Watch& Watch::operator=(Watch&&) noexcept = default;

Watch::~Watch() {
  if (!state_) return;
  keep_until(BootTime());
  bpf_map_delete_elem(state_->rings.get(), &state_->number);
}

void Watch::keep_until(BootTime until) { state_->keep_until(until); }

Result<> Watch::read(const std::function<void(const apiguard_event&)>& take) {
  state_->take = take;
  state_->taken = 0;
  const int read = ring_buffer__consume(state_->reader.get());
  if (read < 0 && read != -E2BIG) return failed("read the ring buffer", -read);
  return {};
}

std::uint64_t Watch::lost_connections() const { return state_->lost() - state_->lost_before; }

}  // namespace apiguard::datapath
