// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/publish/publish.hpp"

#include <algorithm>
#include <cerrno>
#include <future>
#include <optional>

#include <fmt/format.h>

#include "loader/datapath/generation.hpp"
#include "loader/datapath/release.hpp"
#include "loader/datapath/used.hpp"
#include "loader/host/clock.hpp"
#include "loader/host/files.hpp"
#include "loader/host/identity.hpp"
#include "loader/host/marks.hpp"
#include "loader/host/progress.hpp"
#include "loader/host/used.hpp"
#include "loader/policy/sha256.hpp"
#include "loader/publish/seen.hpp"
#include "loader/publish/used.hpp"

namespace apiguard::publish {
namespace {

class Publisher {
 public:
  Publisher(const Places& places, const World& world, const Request& request, const Plan& plan)
      : places_(places),
        world_(world),
        request_(request),
        plan_(plan),
        pins_(places.pin_dir),
        state_(places.state_dir),
        attributed_(attributes(places, world)) {}

  Result<Published> run() {
    begin_to_compile();
    if (auto ready = write(); !ready) return fail(ready.error());
    auto done = plan_.attach_only ? attach() : replace();
    if (!done) {
      take_back();
      return fail(done.error());
    }
    enter();
    clean_up();
    keep_use();
    return Published{plan_.generation, deadline_, std::move(warnings_)};
  }

 private:
  // --- before the kernel is touched -------------------------------------------------------------

  // A long list is compiled while its text is written; a short one is not worth a thread.
  void begin_to_compile() {
    if (plan_.attach_only) return;
    constexpr std::size_t kLong = 50'000;
    const bool is_long = request_.policy.ranges.size() > kLong;
    // Deferred as well: without a thread to be had it is compiled when it is needed.
    const auto how = is_long ? std::launch::async | std::launch::deferred : std::launch::deferred;
    image_ = std::async(
        how, [this] { return compile(request_.policy, plan_.generation, clocks(world_)); });
  }

  // A way out goes on without a disk to write to: what it changes in the kernel holds until a
  // reboot. Not one that is to be undone: that takes both.
  Result<> tolerate(Result<> result, const std::string& consequence) {
    if (result || !request_.way_out || request_.confirm_within) return result;
    warnings_.push_back(result.error().message + ": " + consequence);
    return {};
  }

  Result<> write() {
    progress::step("writing the new generation");
    for (const FileEdit& edit : request_.edits) {
      auto prepared = Replacement::prepare(edit.path, edit.after);
      if (prepared) {
        replacements_.push_back(std::move(*prepared));
      } else if (auto go_on = tolerate(fail(prepared.error()), "the file stays as it is"); !go_on) {
        return go_on;
      }
    }
    if (plan_.attach_only || request_.republish) return {};
    auto written = write_state();
    if (written || !request_.boot) {
      return tolerate(std::move(written),
                      "this change is not remembered: a reboot brings back the generation before");
    }
    warn(written);  // a boot enforces all the same
    return {};
  }

  Result<> write_state() {
    if (auto written = state_.write(meta(), request_.sources, files_before()); !written)
      return written;
    stored_ = true;
    auto mark = Replacement::prepare(places_.state_dir + "/in-force",
                                     fmt::format("{}\n", plan_.generation));
    if (!mark) {
      take_back();
      return fail(mark.error());
    }
    mark_ = std::move(*mark);
    return {};
  }

  // What undoing an unconfirmed change puts back.
  [[nodiscard]] std::vector<SourceFile> files_before() const {
    std::vector<SourceFile> files;
    if (!request_.confirm_within) return files;
    for (const FileEdit& edit : request_.edits) {
      if (edit.existed) files.push_back({edit.name, edit.path, edit.before, true});
    }
    return files;
  }

  [[nodiscard]] GenerationMeta meta() const {
    GenerationMeta meta;
    meta.generation = plan_.generation;
    meta.time = clocks(world_).wall;
    meta.by = whoami();
    meta.verb = request_.verb;
    meta.mode = request_.policy.mode;
    meta.fingerprint = fingerprint(request_.policy);
    meta.confirmed = !request_.confirm_within;
    if (request_.confirm_within) meta.fallback = world_.marked.value_or(0);
    meta.program_build = fmt::format("{:016x}", datapath::program_build());
    meta.added = plan_.difference.added.size();
    meta.removed = plan_.difference.removed.size();
    for (const Range* range : deciding_ranges(request_.policy.ranges)) {
      ++(range->prefix.address.family == Family::kIpv4 ? meta.ranges4 : meta.ranges6);
    }
    for (const FileEdit& edit : request_.edits) {
      meta.edits.push_back({edit.name, edit.existed ? sha256_hex(edit.before) : std::string()});
    }
    return meta;
  }

  // --- the kernel ------------------------------------------------------------------------------

  Result<> replace() {
    progress::step("compiling the ranges");
    auto image = image_.get();
    if (!image) return fail(image.error());
    complete(image->settings);
    const auto kept = pins_.open_kept();
    if (!kept && !request_.way_out) return fail(kept.error());
    if ((!kept || kept->fd(datapath::Kept::kCounters) < 0) && !pins_.foreign_maps().empty()) {
      warnings_.emplace_back(
          "counters: those of another version are not adopted: they start from zero");
    }
    auto used = datapath::UsedHandover::prepare(pins_, request_.policy.ranges.size());
    if (!used && !must_go_on()) return fail(used.error());
    progress::step("filling the maps of the kernel");
    auto fallback = find_fallback();
    if (!fallback) return fail(fallback.error());
    datapath::LoadOptions options;
    options.kind = kind();
    options.kept = kept ? &*kept : nullptr;
    options.used_fd = used ? used->fd() : -1;
    options.adds = used && used->copied();
    options.fallback = *fallback ? &**fallback : nullptr;
    auto generation = datapath::Generation::load(*image, options);
    if (!generation) return fail(generation.error());
    if (audits() && kept && kept->fd(datapath::Kept::kSeen) < 0)
      warn(restore_seen(places_, *generation, clocks(world_)));
    if (auto pinned =
            tolerate(pin(*generation), "the new program is not pinned, the links that run it are");
        !pinned) {
      return pinned;
    }
    if (auto set = set_deadline(*generation); !set) return set;
    if (auto switched = switch_to(generation->filter_fd()); !switched) return switched;
    if (used && pins_writable_) warn(used->finish(pins_, *generation));
    return {};
  }

  // What the program is to know besides its policy.
  void complete(apiguard_settings& settings) const {
    const Now now = clocks(world_);
    settings.instance = pins_.instance();
    settings.secret = std::stoull(sha256_hex(read_boot_id()).substr(0, 16), nullptr, 16);
    settings.wall = static_cast<std::uint64_t>(now.wall) - now.boot;
    settings.since = plan_.generation;
    if (!world_.in_force) return;
    const apiguard_settings& before = world_.in_force->settings;
    if (before.mode == settings.mode && before.since != 0) settings.since = before.since;
  }

  [[nodiscard]] bool audits() const { return request_.policy.mode == Mode::kAudit; }

  [[nodiscard]] bool must_go_on() const { return request_.way_out || request_.boot; }

  // What packets go back to if nobody confirms: the program in force, where it runs today.
  Result<std::optional<datapath::Fallback>> find_fallback() {
    if (!request_.confirm_within) return std::optional<datapath::Fallback>();
    datapath::Fallback fallback;
    if (world_.in_force) {
      auto filter = pins_.open_filter(world_.in_force->generation);
      if (!filter) return fail(filter.error());
      before_ = std::move(*filter);
      fallback.generation = world_.in_force->generation;
      fallback.filter_fd = before_.get();
    }
    for (const datapath::Target& target : plan_.targets) {
      const datapath::LinkState* link = world_.live.link_of(target.ifindex);
      if (link == nullptr || !judges_in_force(world_, *link))
        fallback.joined.push_back(target.ifindex);
    }
    return std::optional(std::move(fallback));
  }

  // As late as possible: the time that loading took is not the operator's.
  Result<> set_deadline(const datapath::Generation& generation) {
    if (!request_.confirm_within) return {};
    deadline_ = read_clocks().boot + static_cast<std::uint64_t>(*request_.confirm_within);
    return generation.set_deadline(deadline_);
  }

  // One kind a boot: the two cannot stand in for each other.
  [[nodiscard]] datapath::ProgramKind kind() const {
    if (!world_.in_force || world_.in_force->settings.abi == 0)
      return datapath::ProgramKind::kProbe;
    return world_.in_force->settings.frags != 0 ? datapath::ProgramKind::kFrags
                                                : datapath::ProgramKind::kPlain;
  }

  Result<> pin(const datapath::Generation& generation) {
    pins_writable_ = false;
    if (auto created = pins_.create(); !created) return created;
    if (auto pinned = pins_.pin(generation, plan_.generation, audits()); !pinned) return pinned;
    pins_writable_ = true;
    return {};
  }

  Result<> attach() {
    auto filter = pins_.open_filter(plan_.generation);
    if (!filter) return fail(filter.error());
    return switch_to(filter->get());
  }

  Result<> switch_to(int filter_fd) {
    datapath::SwitchOptions options;
    options.xdp_mode = request_.policy.xdp_mode;
    options.accept_generic = request_.boot || request_.accepted.contains("generic-xdp");
    options.pins_writable = pins_writable_;
    options.keep_going = request_.boot || !pins_writable_;
    auto switched = datapath::switch_links(pins_, world_.live, filter_fd, plan_.targets, options);
    if (!switched) return fail(switched.error());
    warnings_.insert(warnings_.end(), switched->warnings.begin(), switched->warnings.end());
    return {};
  }

  // --- after it --------------------------------------------------------------------------------

  // Nothing here may turn back what packets see already. The mark follows only if all text is in
  // place: without it the next verb finishes both, as after a kill.
  void enter() {
    progress::step("writing the files");
    bool entered = true;
    for (Replacement& replacement : replacements_) {
      const auto committed = replacement.commit();
      warn(committed);
      entered = entered && committed.has_value();
    }
    if (!entered) return;
    if (mark_) {
      warn(mark_->commit());
    } else if (request_.republish) {
      warn(state_.mark_in_force(plan_.generation));
    }
  }

  // Nothing that a change which waits for its confirmation falls back to is dropped.
  void clean_up() {
    if (!request_.confirm_within) {
      for (const auto& link : leftover_links(world_, plan_.targets))
        warn(datapath::detach_link(link));
    }
    if (pins_writable_) {
      for (const auto& pinned : world_.live.generations) {
        if (pinned.number != plan_.generation && !is_fallback(pinned.number))
          warn(datapath::drop_generation(pins_, pinned.number));
      }
      // What a change may fall back to may be of another version, with maps of its own.
      if (!request_.confirm_within) pins_.remove_foreign_maps();
    }
    if (stored_) warn(state_.prune());
    if (request_.left_alone.empty()) clear_detached(places_.run_dir);
  }

  [[nodiscard]] bool is_fallback(std::uint64_t number) const {
    return request_.confirm_within && world_.in_force && world_.in_force->generation == number;
  }

  // Connections that are not kept across a boot are no reason to take back a change.
  void keep_use() {
    warn(save_seen(places_, clocks(world_)));
    const auto kept = save_used(places_, world_, request_, plan_, attributed_);
    if (kept) {
      warnings_.insert(warnings_.end(), kept->begin(), kept->end());
    } else {
      warnings_.push_back(kept.error().message +
                          ": connections by range may be lost with a reboot");
    }
  }

  void take_back() {
    if (!plan_.attach_only && pinned_by_us())
      (void)datapath::drop_generation(pins_, plan_.generation);
    if (stored_) (void)state_.remove(plan_.generation);
    stored_ = false;
  }

  // A republish after a boot may find pins of its own number in use; those are not ours to remove.
  [[nodiscard]] bool pinned_by_us() const { return world_.live.generation != plan_.generation; }

  void warn(const Result<>& result) {
    if (!result) warnings_.push_back(result.error().message);
  }

  const Places& places_;
  const World& world_;
  const Request& request_;
  const Plan& plan_;
  datapath::Pins pins_;
  StateDir state_;
  std::future<Result<Image>> image_;
  std::vector<Replacement> replacements_;
  std::optional<Replacement> mark_;
  std::vector<std::string> warnings_;
  Fd before_;                   // filter that an unconfirmed generation falls back to
  std::uint64_t deadline_ = 0;  // as in Published
  bool attributed_;             // before this change
  bool stored_ = false;
  bool pins_writable_ = true;
};

}  // namespace

Result<Published> carry_out(const Places& places, const World& world, const Request& request,
                            const Plan& plan) {
  return Publisher(places, world, request, plan).run();
}

}  // namespace apiguard::publish
