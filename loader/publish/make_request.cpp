// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/publish/make_request.hpp"

#include <algorithm>
#include <future>
#include <map>

#include <fmt/format.h>

#include "loader/base/disbelief.hpp"
#include "loader/base/paths.hpp"
#include "loader/base/sha256.hpp"
#include "loader/compile/compile.hpp"
#include "loader/host/clock.hpp"
#include "loader/host/files.hpp"
#include "loader/publish/boot_text.hpp"
#include "loader/publish/operator_files.hpp"
#include "loader/publish/records.hpp"
#include "loader/publish/text_change.hpp"

namespace apiguard::publish {
namespace {

// The files before the edit as a policy, to tell this change from edits that wait in the files.
// They may not parse by themselves (an empty list that this change fills): then everything of the
// edited file counts as this change.
Difference unapplied_edits(const World& world, const Sources& before, const Policy& after,
                           Which which) {
  if (!world.in_force || !world.in_force->config) return {};
  if (world.in_force->stored->sources == before) return {};
  const Policy* in_force = world.in_force->policy();
  if (in_force == nullptr) return {};
  auto parsed = parse_policy(before, {.lint = false});
  if (parsed) return difference(*in_force, parsed->policy);
  Policy rest = after;
  if (which == Which::kRanges) {
    const FileName edited = before.ranges.name;
    rest.ranges = in_force->ranges;
    std::erase_if(rest.ranges, [&](const Range& range) { return range.origin.file != edited; });
    for (const Range& range : after.ranges) {
      if (range.origin.file != edited) rest.ranges.push_back(range);
    }
  }
  return difference(*in_force, rest);
}

FileEdit edit_of(const SourceFile& file, std::string after) {
  return {file.name, file.path, file.text, file.present, std::move(after)};
}

Result<Request> request_sources(const Sources& sources, const ParseOptions& options) {
  auto parsed = parse_policy(sources, options);
  if (!parsed) return fail(parsed.error());
  Request request;
  request.sources = sources;
  request.policy = std::move(parsed->policy);
  request.warnings = std::move(parsed->warnings);
  return request;
}

bool has_ended(const Range& range, FileName file, Timestamp now) {
  return range.until && *range.until <= now && range.origin.file == file;
}

// What has ended by a clock that is wrong has not ended.
bool is_certain(const Taken& taken, std::vector<std::string>& notes) {
  if (taken.jumped) {
    notes.emplace_back(
        "clock: is more than a day ahead of its last known time, and nothing confirms it: expired "
        "lines stay in the files; if it is right: apiguard apply --trust-clock");
  }
  return !taken.jumped && !taken.is_held();  // that it is held, the plan says
}

// Lines of the edited list that have ended go with the change. They count as lines: without them
// the list may be empty, which is refused, and then they stay.
void clean(Sources& sources, bool strict, const Taken& taken, Request& request,
           std::vector<std::string>& notes) {
  const Timestamp now = taken.now.wall;
  const auto& ranges = request.policy.ranges;
  const FileName edited = sources.ranges.name;
  if (std::none_of(ranges.begin(), ranges.end(),
                   [&](const Range& range) { return has_ended(range, edited, now); })) {
    return;
  }
  if (!is_certain(taken, notes)) return;
  auto cleaned = remove_ended(sources.ranges, now);
  if (!cleaned) return;
  Sources without = sources;
  without.ranges.text = std::move(cleaned->text);
  auto again = request_sources(without, {strict});
  if (!again) {
    notes.push_back(fmt::format(
        "file '{}': its ranges have expired and stay: without them the list would be empty",
        sources.ranges.path));
    return;
  }
  notes.insert(notes.end(), cleaned->notes.begin(), cleaned->notes.end());
  request = std::move(*again);
  sources = std::move(without);
}

// The mode in the operator's toml, as far as that can be edited.
void edit_config_mode(const Host& host, Mode mode, Request& request) {
  auto file = read_source(host.config, true);
  auto edited = file ? replace_mode(*file, mode) : Result<Edited>(fail(file.error()));
  if (!edited) {
    request.notes.push_back(fmt::format("file '{}': stays as it is, its mode is not changed: {}",
                                        host.config, edited.error().message));
    return;
  }
  file->name = request.sources.config.name;
  if (edited->changed) request.edits.push_back(edit_of(*file, edited->text));
}

// What of a generation whose text is lost can still be said: its interfaces by its links, its
// endpoints by its settings.
Result<Sources> sources_from_kernel(const Host& host, const World& world) {
  Policy policy;
  policy.mode = Mode::kOff;
  for (const Interface& interface : world.interfaces) {
    if (world.live.link_of(datapath::interface_point(interface.ifindex)) != nullptr)
      policy.interfaces.push_back(interface.name);
  }
  if (policy.interfaces.empty()) return fail(Exit::kFailed, world.in_force->missing);
  policy.endpoints = apiguard::endpoints_of(world.in_force->settings);
  if (policy.endpoints.empty())
    policy.endpoints = {Endpoint{std::nullopt, 6443}};  // its pins are gone as well
  Sources sources;
  sources.config = {std::string(kConfigName), host.config, show_config(policy), true};
  sources.ranges = {std::string(kRangesName), "", "", false};
  return sources;
}

// The same text under another number: published again by a new version, or with its ends computed
// anew. There is nothing to go back to.
bool is_in_force(const World& world, const Sources& sources) {
  return world.in_force && world.in_force->stored && world.in_force->stored->sources == sources;
}

// Of a state directory that is not trusted nothing is read, and the world then knows no generation.
Result<> can_go_back(const Host& host) {
  if (disbelief::find(host.state_dir) == nullptr) return {};
  return fail(
      Exit::kFailed,
      fmt::format("directory '{}': read the earlier generations: it is not trusted: run the "
                  "chown command above, then this again; or run 'apiguard mode off'",
                  host.state_dir));
}

// One that cannot be read is passed over, and said.
Result<StoredGeneration> generation_before(const Host& host, const World& world,
                                           std::vector<std::string>& notes) {
  const StateDir& state = host.state;
  if (Result<> known = can_go_back(host); !known) return fail(known.error());
  const std::uint64_t current =
      world.in_force ? world.in_force->generation : world.marked.value_or(0);
  for (auto kept = world.records.rbegin(); kept != world.records.rend(); ++kept) {
    if (kept->generation >= current || (kept->meta && !counts(world, *kept))) continue;
    auto stored = state.read(kept->generation);
    if (!stored) {
      notes.push_back(stored.error().message + ": skipped");
    } else if (auto parsed = parse_policy(stored->sources, {.lint = false}); !parsed) {
      notes.push_back(
          fmt::format("generation {}: {}: skipped", kept->generation, parsed.error().message));
    } else if (!is_in_force(world, stored->sources)) {
      return std::move(*stored);
    }
  }
  return fail(
      Exit::kFailed,
      fmt::format(
          "generation {}: no earlier generation is kept: 'apiguard history' shows what is kept",
          current));
}

Result<StoredGeneration> generation_numbered(const Host& host, const World& world,
                                             std::uint64_t number) {
  if (Result<> known = can_go_back(host); !known) return fail(known.error());
  const StoredRecord* kept = find_record(world, number);
  if (kept == nullptr || !was_in_force(world, *kept)) {
    return fail(
        Exit::kFailed,
        fmt::format("generation {}: not kept: 'apiguard history' shows those that are", number));
  }
  return host.state.read(number);
}

// Edits of one file that were never in force would be overwritten: they are kept beside it.
void keep_aside(const SourceFile& current, const SourceFile* in_force, Request& request) {
  if (!current.present || current.text.empty()) return;
  if (in_force != nullptr && in_force->text == current.text) return;
  const std::string path = current.path + std::string(kAside);
  const auto older = read_if_there(path).value_or(std::nullopt);
  request.edits.push_back({current.name + std::string(kAside), path, older.value_or(""),
                           older.has_value(), current.text});
  request.notes.push_back(fmt::format("file '{}': held edits that were not in force: kept as '{}'",
                                      current.path, path));
}

void restore(const std::string& path, const SourceFile& wanted, const SourceFile* in_force,
             Request& request) {
  auto current = read_source(path, true);
  if (!current && current.error().os_error != ENOENT) {
    request.notes.push_back(
        fmt::format("file '{}': stays as it is: {}", path, current.error().message));
    return;
  }
  SourceFile file = current ? *current : SourceFile{wanted.name, path, "", false};
  file.name = wanted.name;
  if (file.text == wanted.text) return;
  keep_aside(file, in_force, request);
  request.edits.push_back(edit_of(file, wanted.text));
}

// Drop-ins that the generations between the two brought in, with what the newest of them wrote: its
// digest, "" if it took the file away.
std::map<std::string, std::string> brought_in(const Host& host, const World& world,
                                              std::uint64_t target, std::uint64_t current) {
  std::map<std::string, std::string> files;
  const StateDir& state = host.state;
  for (const std::uint64_t number : world.stored) {
    if (number <= target || number > current) continue;
    const auto meta = state.read_meta(number);
    if (!meta || meta->undone) continue;
    for (const auto& edit : meta->edits) {
      if (drop_in_file(edit.name) && edit.after) files[edit.name] = *edit.after;
    }
  }
  return files;
}

const SourceFile* drop_in_named(const Sources& sources, const std::string& name) {
  const auto found = std::find_if(sources.drop_ins.begin(), sources.drop_ins.end(),
                                  [&](const SourceFile& file) { return file.name == name; });
  return found == sources.drop_ins.end() ? nullptr : &*found;
}

// Back to what the generation held of it; only what still is, byte for byte, what a change wrote.
void restore_drop_in(const Host& host, const std::string& name, const std::string& written,
                     Request& request) {
  const std::string path = path_of(host, name);
  const auto current = read_if_there(path);
  const std::string digest = current && *current ? sha256_hex(**current) : std::string();
  if (!current || digest != written) {
    request.notes.push_back(
        fmt::format("file '{}': was edited since it was brought in: left as it is", path));
    return;
  }
  FileEdit edit{name, path, current->value_or(""), current->has_value(), std::nullopt};
  if (const SourceFile* wanted = drop_in_named(request.sources, name)) edit.after = wanted->text;
  if (edit.existed ? edit.after != edit.before : edit.after.has_value())
    request.edits.push_back(std::move(edit));
}

// Of generations that several people's changes are part of, each of them.
void name_changes(const World& world, std::uint64_t target, std::uint64_t current,
                  Request& request) {
  constexpr std::size_t kNamed = 10;
  for (const StoredRecord& kept : world.records) {
    if (kept.generation <= target || kept.generation > current || !kept.meta) continue;
    const auto& changes = kept.meta->changes;
    if (changes.size() < 2) continue;
    std::string text = fmt::format("generation {}: undoes {} changes that were published together:",
                                   kept.generation, changes.size());
    for (std::size_t i = 0; i < std::min(changes.size(), kNamed); ++i)
      text += fmt::format("\n    {} ({})", changes[i].verb, changes[i].by);
    if (changes.size() > kNamed)
      text += fmt::format("\n    ... and {} more", changes.size() - kNamed);
    request.notes.push_back(std::move(text));
  }
}

// A toml that does not parse is somebody's work in progress: the way out leaves it alone.
bool config_is_broken(const Host& host, Request& request) {
  auto file = read_source(host.config, true);
  if (!file) return false;
  if (parse_config(*file)) return false;
  request.notes.push_back(fmt::format(
      "file '{}': is broken and stays as it is: 'apiguard validate' shows why", host.config));
  return true;
}

// Entries in force where an edit put one of the same prefix and kind: with the name and end that
// they have there.
std::vector<Range> as_in_force(const World& world, const SourceFile& list, const Difference& put) {
  std::vector<Range> entries;
  for (const Range& range : world.in_force->policy()->ranges) {
    const auto is_put = [&](const Range& one) {
      return one.prefix == range.prefix && one.kind == range.kind;
    };
    if (range.origin.file == FileName(list.name) &&
        std::any_of(put.added.begin(), put.added.end(), is_put))
      entries.push_back(range);
  }
  return entries;
}

// Nothing is published: the list is brought up to what is in force, and its other edits wait on.
Request keep_in_force(const World& world, const Sources& before, Request request) {
  Sources after = before;
  for (FileEdit& edit : request.edits) {
    const auto put = edited_entries(before.ranges, edit.after.value_or(""));
    if (!put) continue;
    auto again =
        put_ranges(before.ranges, as_in_force(world, before.ranges, *put), {}, clocks(world).wall);
    if (again) edit.after = std::move(again->text);
    after.ranges.text = edit.after.value_or("");
  }
  const Policy& in_force = *world.in_force->policy();
  const auto parsed = parse_policy(after, {.lint = false});
  const Difference waiting = parsed ? difference(in_force, parsed->policy) : Difference();
  request.sources = world.in_force->stored->sources;
  request.policy = in_force;
  if (!waiting.empty()) {
    request.notes.push_back(fmt::format(
        "file '{}': holds edits that stay unapplied, 'apiguard apply' publishes them:{}",
        request.sources.ranges.name, show_edits(waiting)));
  }
  return request;
}

// A plan compares the new text with the one in force. With long lists that takes as long to parse
// as the new one, so that both are parsed at once; short ones are not worth a thread, and without
// one to be had the policy is parsed when it is asked for. Nobody asks before this has ended.
std::future<void> parse_beside(const World& world, const Sources& sources) {
  constexpr std::size_t kLong = std::size_t{1} << 20;  // bytes
  if (!world.in_force || sources.ranges.text.size() < kLong) return {};
  return std::async(std::launch::async | std::launch::deferred,
                    [&world] { (void)world.in_force->policy(); });
}

}  // namespace

Result<Request> request_files(const Host& host, const World& world, bool strict) {
  const auto sources = read_sources(host.config);
  if (!sources) return fail(sources.error());
  const auto in_force = parse_beside(world, *sources);
  return request_sources(*sources, {strict});
}

Result<Request> request_edited(const World& world, const Sources& before, Edited edited,
                               Which which, bool strict) {
  auto in_force = parse_beside(world, before);
  Sources after = before;
  SourceFile& file = which == Which::kConfig ? after.config : after.ranges;
  const SourceFile original = file;
  file.text = std::move(edited.text);
  auto request = request_sources(after, {strict});
  if (!request) return request;
  if (in_force.valid()) in_force.get();
  if (which == Which::kRanges && edited.changed && !edited.as_it_is)
    clean(after, strict, believed_time(world.floor), *request, edited.notes);
  request->notes = std::move(edited.notes);
  if (edited.changed) request->edits.push_back(edit_of(original, file.text));
  return request;
}

Result<Request> request_edit(const Host& host, const World& world, Which which, bool strict,
                             const Editor& editor) {
  const auto before = read_sources(host.config);
  if (!before) return fail(before.error());
  auto edited = editor(*before);
  if (!edited) return fail(edited.error());
  const bool changed = edited->changed;
  auto request = request_edited(world, *before, std::move(*edited), which, strict);
  if (!request) return request;
  request->unapplied = unapplied_edits(world, *before, request->policy, which);
  // All of it is in force already, by what the files say: whether it is, the plan finds out.
  if (!changed && world.in_force && world.in_force->config && request->unapplied.empty())
    request->sources = world.in_force->stored->sources;
  return request;
}

std::optional<Sources> text_in_force(const Host& host, const World& world) {
  if (!world.in_force || !world.in_force->stored || !world.in_force->damaged.empty() ||
      world.in_force->policy() == nullptr)
    return std::nullopt;
  Sources sources = world.in_force->stored->sources;
  sources.config.path = path_of(host, sources.config.name);
  sources.ranges.path = path_of(host, sources.ranges.name);
  for (SourceFile& file : sources.drop_ins) file.path = path_of(host, file.name);
  return sources;
}

Waiting look_at_waiting(const Host& host, const World& world, const Sources& in_force) {
  auto files = read_sources(host.config);
  if (!files) return {false, {files.error().message + ": its text stays unapplied"}};
  files->ranges = in_force.ranges;
  if (*files == in_force) return {true, {}};
  const auto parsed = parse_policy(*files, {.lint = false});
  if (!parsed) {
    return {false,
            {"the toml or a drop-in holds invalid edits, which stay unapplied: 'apiguard validate' "
             "shows where"}};
  }
  const Difference edits = difference(*world.in_force->policy(), parsed->policy);
  if (edits.empty()) return {};
  return {false,
          {"the toml and drop-ins hold edits that stay unapplied, 'apiguard apply' publishes "
           "them:" +
           show_edits(edits)}};
}

namespace {

// Edits of the list beyond what the verb asks for: what it would come to without them is the same
// edit of the text in force.
struct Beyond {
  // all that the verb asks for
  bool is_in_force = false;
  Difference unapplied;
};
Beyond look_beyond(const World& world, const Sources& in_force, const Policy& after,
                   const Editor& editor) {
  const Policy& before = *world.in_force->policy();
  const auto alone = editor(in_force);
  if (alone && !alone->changed) return {true, {}};
  Sources sources = in_force;
  if (alone) sources.ranges.text = alone->text;
  const auto parsed = parse_policy(sources, {.lint = false});
  return {false, difference(alone && parsed ? parsed->policy : before, after)};
}

}  // namespace

Result<Request> request_addition(const Host& host, const World& world, bool strict,
                                 const Editor& editor) {
  const auto in_force = text_in_force(host, world);
  if (!in_force) return request_edit(host, world, Which::kRanges, strict, editor);
  auto list = read_list(host.config);
  if (!list) return fail(list.error());
  Sources before = *in_force;
  before.ranges = std::move(*list);
  auto edited = editor(before);
  if (!edited) return fail(edited.error());
  auto request = request_edited(world, before, std::move(*edited), Which::kRanges, strict);
  if (!request) return request;
  const Waiting waiting = look_at_waiting(host, world, *in_force);
  request->notes.insert(request->notes.end(), waiting.notes.begin(), waiting.notes.end());
  if (before == *in_force) return request;
  Beyond beyond = look_beyond(world, *in_force, request->policy, editor);
  // Whether it is in force, the plan finds out.
  if (beyond.is_in_force) return keep_in_force(world, before, std::move(*request));
  request->unapplied = std::move(beyond.unapplied);
  return request;
}

namespace {

// In the place of one of the same name, else where its name puts it.
void put_drop_in(Sources& sources, const WithFile& file) {
  auto at = std::lower_bound(
      sources.drop_ins.begin(), sources.drop_ins.end(), file.name,
      [](const SourceFile& each, const std::string& name) { return each.name < name; });
  if (at == sources.drop_ins.end() || at->name != file.name)
    at = sources.drop_ins.insert(at, SourceFile{file.name, "", "", false});
  at->path = file.from;
  at->text = file.text;
  at->present = true;
}

FileEdit edit_of_drop_in(const Host& host, const Sources& before, const WithFile& file) {
  const SourceFile* current = drop_in_named(before, file.name);
  return {file.name, path_of(host, file.name), current != nullptr ? current->text : "",
          current != nullptr, file.text};
}

// What the other files say that is not in force.
Difference others_unapplied(const World& world, const Policy& after,
                            const std::vector<WithFile>& files) {
  const Policy* in_force = world.in_force ? world.in_force->policy() : nullptr;
  if (in_force == nullptr) return {};
  const auto without = [&](Policy policy) {
    std::erase_if(policy.ranges, [&](const Range& range) {
      return std::any_of(files.begin(), files.end(),
                         [&](const WithFile& file) { return range.origin.file == file.name; });
    });
    return policy;
  };
  return difference(without(*in_force), without(after));
}

}  // namespace

Result<Request> request_with(const Host& host, const World& world,
                             const std::vector<WithFile>& files, bool strict) {
  const auto before = read_sources(host.config);
  if (!before) return fail(before.error());
  Sources after = *before;
  for (const WithFile& file : files) put_drop_in(after, file);
  auto request = request_sources(after, {strict});
  if (!request) return request;
  for (const WithFile& file : files) {
    FileEdit edit = edit_of_drop_in(host, *before, file);
    if (!edit.existed || edit.before != file.text) request->edits.push_back(std::move(edit));
  }
  request->unapplied = others_unapplied(world, request->policy, files);
  return request;
}

namespace {

// The text in force does not parse, as that of another version may not: off needs no list, and for
// audit the files have one.
Result<Request> request_mode_without_text(const Host& host, const World& world, Mode mode) {
  auto sources = mode == Mode::kOff ? sources_from_kernel(host, world) : read_sources(host.config);
  if (!sources) return fail(sources.error());
  auto config = replace_mode(sources->config, mode);
  if (!config) return fail(config.error());
  sources->config.text = config->text;
  return request_sources(*sources, {});
}

}  // namespace

Result<Request> request_mode(const Host& host, const World& world, Mode mode) {
  if (!world.in_force || (!world.in_force->stored && mode != Mode::kOff)) {
    auto request = request_edit(host, world, Which::kConfig, false, [mode](const Sources& sources) {
      return replace_mode(sources.config, mode);
    });
    // Its text is out of reach, which is no reason to keep dropping.
    if (request && world.in_force) request->kind = Request::Kind::kWayOut;
    return request;
  }
  auto sources = world.in_force->stored ? Result<Sources>(world.in_force->stored->sources)
                                        : sources_from_kernel(host, world);
  if (!sources) return fail(sources.error());
  auto config = replace_mode(sources->config, mode);
  if (!config) return fail(config.error());
  sources->config.text = config->text;
  auto request = request_sources(*sources, {.lint = false});
  if (!request) request = request_mode_without_text(host, world, mode);
  if (!request) return request;
  request->warnings.clear();  // of a list that was linted when it was published
  request->kind = Request::Kind::kWayOut;
  edit_config_mode(host, mode, *request);
  return request;
}

Result<Request> request_rollback(const Host& host, const World& world,
                                 std::optional<std::uint64_t> generation) {
  std::vector<std::string> notes;
  auto stored = generation ? generation_numbered(host, world, *generation)
                           : generation_before(host, world, notes);
  if (!stored) return fail(stored.error());
  auto request = request_sources(stored->sources, {.lint = false});
  if (!request) return request;
  request->warnings.clear();
  request->notes = std::move(notes);
  request->kind = Request::Kind::kWayOut;
  const bool known = world.in_force && world.in_force->stored;
  const Sources* now = known ? &world.in_force->stored->sources : nullptr;
  if (!config_is_broken(host, *request)) {
    restore(host.config, stored->sources.config, now != nullptr ? &now->config : nullptr, *request);
  }
  restore(beside(host.config, kRangesName), stored->sources.ranges,
          now != nullptr ? &now->ranges : nullptr, *request);
  const std::uint64_t current =
      world.in_force ? world.in_force->generation : world.marked.value_or(0);
  for (const auto& [name, written] : brought_in(host, world, stored->meta.generation, current))
    restore_drop_in(host, name, written, *request);
  name_changes(world, stored->meta.generation, current, *request);
  request->brings_back_undone = stored->meta.undone;
  if (world.window && world.window->open()) request->undoes = world.window->generation;
  return request;
}

namespace {

// The kernel runs what a boot has to publish, and its text is lost: nothing is nearer to it than
// what is in force.
bool runs_what_is_lost(const World& world) {
  return world.in_force && !world.in_force->stored &&
         world.to_publish.value_or(0) <= world.in_force->generation;
}

// What is new in a file is refused by a change. It is no reason to guard nothing.
Result<Request> request_boot_text(const BootText& text) {
  auto request = request_sources(text.sources, {.lint = text.from_files});
  if (request && !text.from_files) request->warnings.clear();
  if (request || !text.from_files) return request;
  auto lenient = request_sources(text.sources, {.lint = false});
  if (!lenient) return request;
  lenient->warnings.push_back(request.error().message);
  return lenient;
}

Error stays(const World& world) {
  return {fmt::format("state: damaged: {}: generation {} stays in force: 'apiguard apply' "
                      "publishes the files and repairs the state",
                      world.in_force->missing, world.in_force->generation),
          Exit::kFailed, 0};
}

}  // namespace

Result<Request> request_boot(const Host& host, const World& world) {
  if (runs_what_is_lost(world)) return fail(stays(world));
  auto text = boot_text(host, world);
  if (!text) return fail(text.error());
  auto request = request_boot_text(*text);
  if (!request) return request;
  request->kind = Request::Kind::kBoot;
  if (text->damage) request->notes.push_back(describe(*text));
  request->damage = std::move(text->damage);
  if (text->generation != 0 && !world.live.generation) request->restores = text->generation;
  return request;
}

}  // namespace apiguard::publish
