// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/publish/publish.hpp"

#include <algorithm>
#include <cerrno>
#include <future>
#include <optional>

#include <fmt/format.h>

#include "loader/base/fence.hpp"
#include "loader/base/sha256.hpp"
#include "loader/compile/compile.hpp"
#include "loader/datapath/confirmation.hpp"
#include "loader/datapath/generation.hpp"
#include "loader/datapath/release.hpp"
#include "loader/host/caller.hpp"
#include "loader/host/clock.hpp"
#include "loader/host/detached.hpp"
#include "loader/host/files.hpp"
#include "loader/host/progress.hpp"
#include "loader/ledger/handover.hpp"
#include "loader/publish/booking.hpp"
#include "loader/publish/confirm.hpp"
#include "loader/publish/lasting.hpp"
#include "loader/publish/remembered.hpp"
#include "loader/publish/targets.hpp"
#include "loader/publish/text_change.hpp"
#include "loader/publish/usage.hpp"

namespace apiguard::publish {
namespace {

class Publisher {
 public:
  Publisher(const Host& host, const World& world, const Request& request, const Plan& plan)
      : host_(host),
        world_(world),
        request_(request),
        plan_(plan),
        pins_(host.pins),
        state_(host.state),
        attributed_(attributes_connections(host, world)) {}

  Result<Published> run() {
    begin_to_compile();
    if (auto ready = write(); !ready) return fail(ready.error());
    auto done = plan_.attach_only ? attach() : replace();
    if (!done) {
      if (!is_running()) take_back();
      return fail(done.error());
    }
    if (auto true_now = make_sure(); !true_now) return fail(true_now.error());
    if (auto ours = fence::check(); !ours) return fail(ours.error());
    if (loaded_) keep_ledger(*loaded_);
    clean_up();
    if (auto ours = fence::check(); !ours) return fail(ours.error());
    keep_use();
    if (auto ours = fence::check(); !ours) return fail(ours.error());
    return Published{plan_.generation, deadline_, std::move(interfaces_), std::move(warnings_),
                     std::move(unconfirmed_)};
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
    image_ = std::async(how, [this] { return compile_now(); });
  }

  [[nodiscard]] Result<Image> compile_now() const {
    return compile(plan_.judged_by(request_), plan_.generation, clocks(world_));
  }

  // A way out goes on without a disk to write to: what it changes in the kernel holds until a
  // reboot. Not one that is to be undone: that takes both.
  Result<> tolerate(Result<> result, const std::string& consequence) {
    if (result || !request_.is_way_out() || request_.confirm_within || !fence::check())
      return result;
    warnings_.push_back(result.error().message + ": " + consequence);
    return {};
  }

  Result<> write() {
    progress::step("writing the new generation");
    for (const FileEdit& edit : request_.edits) {
      auto prepared = tolerate(text_.prepare(edit),
                               "the file stays as it is, and an 'apply' restores its text");
      if (!prepared) return prepared;
    }
    if (auto booked = write_book(); !booked) return booked;
    if (plan_.attach_only || plan_.as_edition || request_.restores) return {};
    auto written = write_state();
    if (written || !request_.is_unattended() || !fence::check()) {
      return tolerate(std::move(written),
                      "this change is not saved: a reboot restores the generation before");
    }
    warn(written);  // a boot enforces all the same
    return {};
  }

  Result<> write_book() {
    if (!plan_.book) return {};
    auto written = publish::write_book(host_, world_, *plan_.book);
    if (written) {
      booked_ = true;
      return {};
    }
    // What is judged does not come of this write: it mends a copy, or holds the time.
    if (request_.book || !keeps_what_it_did() || !fence::check()) return written;
    warn(written);
    return {};
  }

  Result<> put_book_back() {
    if (!booked_) return {};
    booked_ = false;
    return restore_book(host_.state_dir, world_.book.book);
  }

  Result<> write_state() {
    if (auto written = state_.write(meta(), request_.sources, bytes()); !written) {
      take_back();
      return written;
    }
    stored_ = true;
    if (auto read = read_state(); !read) {
      take_back();
      return read;
    }
    if (request_.damage) return {};  // the mark goes on naming what is damaged
    auto mark = state_.prepare_mark(plan_.generation);
    if (!mark) {
      take_back();
      return fail(mark.error());
    }
    mark_ = std::move(*mark);
    return {};
  }

  // It is what a boot and an undo start from.
  Result<> read_state() {
    const auto stored = state_.read(plan_.generation);
    if (!stored) return fail(stored.error());
    if (stored->sources == request_.sources) return {};
    return fail(Exit::kFailed,
                fmt::format("generation {}: read back: it differs from what was written",
                            plan_.generation));
  }

  // What rolling forward and undoing go by.
  [[nodiscard]] std::vector<FileBytes> bytes() const {
    std::vector<FileBytes> bytes;
    for (const FileEdit& edit : request_.edits) {
      FileBytes one{edit.name, std::nullopt, edit.after, 0};
      if (edit.existed) one.before = edit.before;
      if (edit.existed && is_text_in_force(edit)) one.before_is_of = world_.in_force->generation;
      bytes.push_back(std::move(one));
    }
    return bytes;
  }

  [[nodiscard]] bool is_text_in_force(const FileEdit& edit) const {
    if (!world_.in_force || !world_.in_force->stored) return false;
    const Sources& sources = world_.in_force->stored->sources;
    return (edit.name == sources.ranges.name && edit.before == sources.ranges.text) ||
           (edit.name == sources.config.name && edit.before == sources.config.text);
  }

  [[nodiscard]] GenerationMeta meta() const {
    GenerationMeta meta;
    meta.generation = plan_.generation;
    note_clocks(meta);
    meta.by = request_.by.empty() ? whoami() : request_.by;
    meta.verb = request_.verb;
    meta.changes = request_.changes;
    meta.mode = request_.policy.mode;
    meta.fingerprint = fingerprint(request_.policy);
    meta.fingerprint_permanent = fingerprint_permanent(request_.policy);
    meta.confirmed = !request_.confirm_within;
    meta.entered = false;
    if (request_.damage) meta.stands_for = request_.damage->generation;
    if (request_.confirm_within) meta.fallback = world_.marked.value_or(0);
    meta.program_build = fmt::format("{:016x}", datapath::program_build());
    meta.added = plan_.difference.added.size();
    meta.removed = plan_.difference.removed.size();
    for (const Range* range : deciding_ranges(request_.policy.ranges)) {
      ++(range->prefix.address.family == Family::kIpv4 ? meta.ranges4 : meta.ranges6);
    }
    for (const FileEdit& edit : request_.edits) {
      meta.edits.push_back({edit.name, edit.existed ? sha256_hex(edit.before) : std::string(),
                            edit.after ? sha256_hex(*edit.after) : std::string()});
    }
    return meta;
  }

  void note_clocks(GenerationMeta& meta) const {
    const Reading reading = read_all_clocks();
    meta.time = believed_time(world_.floor, reading).now.wall;
    meta.stamp = stamp(world_.floor, reading);
    meta.trusts_clock = request_.trust_clock;
    std::vector<Lasting> lasting = world_.lasting;
    lasting.insert(lasting.end(), request_.lasting.begin(), request_.lasting.end());
    meta.lasting = keep_lasting(lasting, request_.policy);
  }

  // --- the kernel ------------------------------------------------------------------------------

  Result<> replace() {
    progress::step("compiling the ranges");
    auto image = image_.get();
    if (!image) return fail(image.error());
    ledger::Handover handover(host_, look_at_ledger(host_, world_, request_),
                              plan_.judged_by(request_).ranges.size());
    complete(image->settings, handover.secret());
    if (!handover.counters_go_on() && !pins_.foreign_maps().empty()) {
      warnings_.emplace_back(
          "counters: those of another version are not adopted: they start from zero");
    }
    progress::step("filling the maps of the kernel");
    auto fallback = find_fallback();
    if (!fallback) return fail(fallback.error());
    datapath::LoadOptions options;
    options.kind = kind();
    options.fallback = *fallback ? &**fallback : nullptr;
    auto generation = handover.load(*image, options, clocks(world_));
    if (!generation) return fail(generation.error());
    if (auto pinned = tolerate(pin(*generation, handover),
                               "the new program is not pinned, the links that run it are");
        !pinned) {
      return pinned;
    }
    if (auto set = set_deadline(*generation); !set) return set;
    loaded_.emplace(Loaded{std::move(*generation), std::move(handover)});
    return switch_to(loaded_->generation.filter_fds());
  }

  // The new program, and what it goes on to remember.
  struct Loaded {
    datapath::Generation generation;
    ledger::Handover handover;
  };

  // The new program is in force by now. What is remembered is no reason to take it back.
  void keep_ledger(Loaded& loaded) {
    if (pins_writable_) loaded.handover.finish(loaded.generation, plan_.which());
    attributed_ = attributed_ && loaded.handover.keeps_usage();
    for (const std::string& text : loaded.handover.warnings()) warn_once(text);
  }

  // What the program is to know besides its policy.
  void complete(apiguard_settings& settings, std::uint64_t secret) const {
    const Now now = clocks(world_);
    settings.instance = pins_.instance();
    settings.secret = secret;
    settings.edition = plan_.edition;
    settings.wall = static_cast<std::uint64_t>(nanoseconds_of(now.wall)) - nanoseconds_of(now.boot);
    settings.since = plan_.generation;
    if (!world_.in_force) return;
    const apiguard_settings& before = world_.in_force->settings;
    if (before.mode == settings.mode && before.since != 0) settings.since = before.since;
  }

  // What packets go back to if nobody confirms: the program in force, where it runs today.
  Result<std::optional<datapath::Fallback>> find_fallback() {
    if (keeps_window()) return fallback_of_window();
    if (!request_.confirm_within) return std::optional<datapath::Fallback>();
    datapath::Fallback fallback;
    if (world_.in_force) {
      auto filters = pins_.open_filters(world_.in_force->which());
      if (!filters) return fail(filters.error());
      before_ = std::move(*filters);
      fallback.which = world_.in_force->which();
      fallback.filter_fds = borrow(before_);
    }
    for (const datapath::Target& target : plan_.targets) {
      const datapath::LinkState* link = world_.live.link_with(target.link_id);
      if (link == nullptr || !judges_in_force(world_, *link))
        fallback.joined.push_back(target.point);
    }
    return std::optional(std::move(fallback));
  }

  // Another edition of what waits for its confirmation goes on waiting, with the same to fall back
  // to at the same time.
  [[nodiscard]] bool keeps_window() const {
    return plan_.as_edition && world_.window && world_.window->open();
  }

  Result<std::optional<datapath::Fallback>> fallback_of_window() {
    const PendingConfirmation& window = *world_.window;
    datapath::Fallback fallback;
    fallback.which = window.fallback();
    if (window.before != 0) {
      auto filters = pins_.open_filters(window.fallback());
      if (!filters) return fail(filters.error());
      before_ = std::move(*filters);
      fallback.filter_fds = borrow(before_);
    }
    for (const datapath::Target& target : plan_.targets) {
      const auto joined = datapath::has_joined(pins_, window.which(), target.point);
      if (!joined) return fail(joined.error());
      if (*joined) fallback.joined.push_back(target.point);
    }
    return std::optional(std::move(fallback));
  }

  // As late as possible: the time that loading took is not the operator's.
  Result<> set_deadline(const datapath::Generation& generation) {
    if (keeps_window()) {
      deadline_ = world_.window->deadline;
    } else if (request_.confirm_within) {
      deadline_ = read_clocks().boot + *request_.confirm_within;
    }
    return deadline_ ? generation.set_deadline(*deadline_) : Result<>();
  }

  // One kind a boot: the two cannot stand in for each other.
  [[nodiscard]] datapath::ProgramKind kind() const {
    if (!world_.in_force || world_.in_force->settings.abi == 0)
      return datapath::ProgramKind::kProbe;
    return world_.in_force->settings.frags != 0 ? datapath::ProgramKind::kFrags
                                                : datapath::ProgramKind::kPlain;
  }

  Result<> pin(const datapath::Generation& generation, const ledger::Handover& handover) {
    pins_writable_ = false;
    if (auto created = pins_.create(); !created) return created;
    if (auto pinned = pins_.pin(generation, plan_.which()); !pinned) return pinned;
    handover.pin_missing(generation, plan_.which());
    pins_writable_ = true;
    return {};
  }

  Result<> attach() {
    const auto filters = pins_.open_filters(plan_.which());
    if (!filters) return fail(filters.error());
    return switch_to(borrow(*filters));
  }

  Result<> switch_to(const datapath::FilterFds& filters) {
    datapath::SwitchOptions options;
    options.xdp_mode = request_.policy.xdp_mode;
    options.accept_generic =
        request_.is_unattended() || request_.accepted.contains(risk::kGenericXdp);
    options.pins_writable = pins_writable_;
    options.keep_going = keeps_what_it_did();
    if (request_.last_look) {
      if (auto wanted = request_.last_look(); !wanted) return wanted;
    }
    auto switched = datapath::switch_links(pins_, world_.live, filters, plan_.targets, options);
    if (!switched) return fail(switched.error());
    // From here on a failure takes the links back as well: see make_sure().
    switched_ = std::move(*switched);
    warnings_.insert(warnings_.end(), switched_.warnings.begin(), switched_.warnings.end());
    return {};
  }

  // --- what packets see is asked for, not assumed -----------------------------------------------

  // A boot and a way out keep what they could do, unless that is to be undone: that takes all.
  [[nodiscard]] bool keeps_what_it_did() const { return request_.goes_on(); }

  Result<> make_sure() {
    Result<> done = read_back();
    if (done) done = enter();
    if (done || keeps_what_it_did()) {
      warn(done);
      return {};
    }
    return undo_all(done.error());
  }

  Result<> read_back() {
    progress::step("asking the kernel what it runs");
    datapath::ReadBack read = datapath::read_back(switched_.placed);
    for (const datapath::Placed& placed : read.confirmed) interfaces_.push_back(placed.target.name);
    for (const datapath::Target& target : read.gone) {
      warnings_.push_back(
          fmt::format("{}: disappeared during the change: guarded when it appears if 'apiguard "
                      "run' runs, otherwise by the next 'apiguard apply'",
                      describe(target)));
    }
    for (const datapath::Finding& one : switched_.failed) unconfirmed_.push_back(one.what);
    for (const datapath::Finding& one : read.findings) {
      unconfirmed_.push_back(fmt::format("{}: generation {} is not in force there: {}", one.subject,
                                         plan_.generation, one.what));
    }
    if (interfaces_.empty() && unconfirmed_.empty() && !plan_.targets.empty())
      unconfirmed_.emplace_back("interfaces: all of them went away");
    if (unconfirmed_.empty() || keeps_what_it_did()) return {};
    return fail(Exit::kFailed, fmt::format("{}", fmt::join(unconfirmed_, "; ")));
  }

  // The mark follows the text. Of a way out that cannot write the text the mark follows all the
  // same: a boot is to bring back what a person chose, not what the file still says.
  Result<> enter() {
    progress::step("writing the files");
    Result<> text = text_.commit();
    if (text) text = text_.verify();
    if (!text && !keeps_what_it_did()) return text;
    warn(text);
    if (Result<> noted = note_entered(); !noted) return noted;
    return mark();
  }

  // The record says it before the mark does: a boot publishes nothing that never got so far. That
  // of a damaged generation cannot.
  Result<> note_entered() {
    const bool damaged = request_.damage && request_.damage->generation == plan_.generation;
    if (damaged || (!stored_ && !request_.restores)) return {};
    return state_.enter(plan_.generation);
  }

  Result<> mark() {
    if (mark_) {
      if (auto committed = mark_->commit(); !committed) return committed;
    } else if (request_.restores && !request_.damage && world_.marked != plan_.generation) {
      if (auto marked = state_.mark_in_force(plan_.generation); !marked) return marked;
    } else {
      return {};
    }
    const auto marked = state_.in_force();
    if (!marked) return fail(marked.error());
    if (*marked == plan_.generation) return {};
    return fail(Exit::kFailed, fmt::format("file '{}/in-force': read again: it does not name "
                                           "generation {}",
                                           host_.state_dir, plan_.generation));
  }

  // Text before links: whoever is killed in between is settled by the generation that links run.
  // A verb that was overtaken has nothing to undo any more.
  tl::unexpected<Error> undo_all(Error why) {
    if (auto ours = fence::check(); !ours) return fail(ours.error());
    std::vector<std::string> left = text_.put_back();
    if (stored_) put_mark_back(left);
    if (auto put = put_book_back(); !put) left.push_back(put.error().message);
    for (const datapath::Finding& one : switched_.undo.put_back())
      left.push_back(fmt::format("{}: {}", one.subject, one.what));
    if (!is_running()) take_back();
    why.exit = Exit::kFailed;
    why.message += left.empty() ? fmt::format(": undone: {}", what_was())
                                : fmt::format(": could not be undone: {}", fmt::join(left, "; "));
    return fail(std::move(why));
  }

  void put_mark_back(std::vector<std::string>& left) {
    const auto marked = state_.in_force();
    if (marked && *marked == world_.marked) return;
    if (auto put = state_.mark_in_force(world_.marked.value_or(0)); !put)
      left.push_back(put.error().message);
  }

  [[nodiscard]] std::string what_was() const {
    if (!world_.in_force) return "nothing is in force, as before";
    return fmt::format("generation {} stays in force", world_.in_force->generation);
  }

  // --- after it --------------------------------------------------------------------------------

  // Nothing that a change which waits for its confirmation falls back to is dropped.
  void clean_up() {
    if (!waits()) {
      for (const auto& link : leftover_links(world_, plan_.targets))
        warn(datapath::detach_link(link));
    }
    if (pins_writable_) {
      for (const auto& pinned : world_.live.generations) {
        if (pinned.which != plan_.which() && !is_fallback(pinned.which))
          warn(datapath::drop_generation(pins_, pinned.which));
      }
      // What a change may fall back to may be of another version, with maps of its own.
      if (!waits()) pins_.remove_foreign_maps();
    }
    if (stored_ && !request_.confirm_within && !request_.is_unattended())
      warn(forget_undone(host_.state_dir, request_.sources));
    if (request_.undoes != 0) warn(mark_undone(host_, request_.undoes));
    if (stored_) warn(state_.prune(plan_.generation));
    if (!waits() && request_.attaches && request_.accepted.contains(risk::kDetached))
      forget_marks();
  }

  // Of what is attached again; a person at the terminal means all of it.
  void forget_marks() {
    warn(forget_detached(host_.run_dir, [&](const DetachMark& mark) {
      return request_.forgets_marks || mark.name == kDetachedAll ||
             std::any_of(plan_.targets.begin(), plan_.targets.end(),
                         [&](const auto& target) { return is_of(mark, target); });
    }));
  }

  [[nodiscard]] bool waits() const { return request_.confirm_within || keeps_window(); }

  [[nodiscard]] bool is_fallback(const datapath::Edition& which) const {
    if (keeps_window()) return world_.window->fallback() == which;
    return request_.confirm_within && world_.in_force && world_.in_force->which() == which;
  }

  // Connections that are not kept across a boot are no reason to take back a change.
  void keep_use() {
    const auto texts = save_remembered(host_, world_, request_, plan_, attributed_);
    for (const std::string& text : texts) warn_once(text);
  }

  // Of a verb that was overtaken the other one has done it, and may use the number itself.
  void take_back() {
    if (!fence::check()) return;
    (void)put_book_back();
    if (!plan_.attach_only && pinned_by_us()) (void)datapath::drop_generation(pins_, plan_.which());
    if (stored_) (void)state_.remove(plan_.generation);
    stored_ = false;
  }

  // What some link runs all the same is not to lose its record and its pins.
  [[nodiscard]] bool is_running() const {
    const auto live = pins_.read();
    return !live || std::any_of(live->links.begin(), live->links.end(), [&](const auto& link) {
      return !link.point.gone() && link.runs() == plan_.which();
    });
  }

  // A republish after a boot may find pins of its own number in use; those are not ours to remove.
  [[nodiscard]] bool pinned_by_us() const { return world_.live.newest() != plan_.which(); }

  void warn(const Result<>& result) {
    if (!result) warnings_.push_back(result.error().message);
  }

  // Unless the plan said so already.
  void warn_once(const std::string& text) {
    if (std::find(plan_.ledger.begin(), plan_.ledger.end(), text) == plan_.ledger.end())
      warnings_.push_back(text);
  }

  const Host& host_;
  const World& world_;
  const Request& request_;
  const Plan& plan_;
  datapath::Pins pins_;
  StateDir state_;
  std::future<Result<Image>> image_;
  TextChange text_;
  std::optional<Replacement> mark_;
  std::optional<Loaded> loaded_;
  datapath::SwitchReport switched_;
  std::vector<std::string> interfaces_;
  std::vector<std::string> warnings_;
  std::vector<std::string> unconfirmed_;
  // that an unconfirmed generation falls back to
  datapath::Filters before_;
  // as in Published
  std::optional<BootTime> deadline_;
  // all connections so far were attributed, and are handed over
  bool attributed_;
  bool stored_ = false;
  // the book is written, and stands unless this fails
  bool booked_ = false;
  bool pins_writable_ = true;
};

}  // namespace

Result<> check_mark(const Host& host, std::uint64_t generation) {
  const auto marked = host.state.in_force();
  if (!marked) return fail(marked.error());
  if (*marked == generation) return {};
  return fail(Exit::kFailed,
              fmt::format("file '{}/in-force': does not name generation {}, which is "
                          "in force",
                          host.state_dir, generation));
}

Result<> check_unchanged(const World& world, const Plan& plan) {
  for (const datapath::Target& target : plan.targets) {
    const datapath::LinkState* link = world.live.link_with(target.link_id);
    const std::string pin = link != nullptr ? link->pin : "";
    const std::uint32_t prog_id = link != nullptr ? link->prog_id : 0;
    const auto read = datapath::read_back({{target, pin, target.link_id, prog_id}});
    if (read.findings.empty()) continue;
    return fail(Exit::kFailed,
                fmt::format("{}: generation {} is not in force there: {}; 'apiguard apply' puts it "
                            "back",
                            describe(target), plan.generation, read.findings.front().what));
  }
  return {};
}

Result<Published> carry_out(const Host& host, const World& world, const Request& request,
                            const Plan& plan) {
  return Publisher(host, world, request, plan).run();
}

}  // namespace apiguard::publish
