// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/publish/queued.hpp"

#include <utility>

#include "loader/publish/end_option.hpp"

namespace apiguard::publish {
namespace {

std::vector<Range> entries_of(const PutChange& put, std::optional<Timestamp> until) {
  std::vector<Range> entries;
  entries.reserve(put.prefixes.size());
  for (const Prefix& prefix : put.prefixes)
    entries.push_back({prefix, put.kind, put.name, until, {}, put.remark});
  return entries;
}

std::vector<Lasting> lasting_of(const std::vector<Range>& entries, const Now& now) {
  std::vector<Lasting> lasting;
  lasting.reserve(entries.size());
  for (const Range& entry : entries) {
    lasting.push_back(
        {entry.prefix, entry.kind, *entry.until, now.boot + (*entry.until - now.wall)});
  }
  return lasting;
}

// Which time it is was said; where that is not the clock's, so is why.
tl::unexpected<Error> refuse_end(Error error, const Taken& taken) {
  if (taken.is_held()) error.message += ": " + describe(taken);
  return fail(std::move(error));
}

struct EditList {
  const SourceFile& list;
  const Elsewhere& elsewhere;
  Timestamp asked;
  const Taken& taken;

  // Only an entry that would end asks what other files say of its range.
  Result<EditedList> operator()(const PutChange& put) const {
    const auto end = end_of({put.lasts, put.until}, asked, taken.now.wall);
    if (!end) return refuse_end(end.error(), taken);
    const auto entries = entries_of(put, *end);
    auto edited = put_ranges(list, entries, *end ? elsewhere.entries() : std::vector<Range>(),
                             taken.now.wall);
    if (!edited) return fail(edited.error());
    return EditedList{std::move(*edited),
                      put.lasts ? lasting_of(entries, taken.now) : std::vector<Lasting>()};
  }
  Result<EditedList> operator()(const RevokeChange& revoke) const {
    auto edited = remove_ranges(list, revoke.selectors, elsewhere.entries(), taken.now.wall,
                                revoke.unmatched());
    if (!edited) return fail(edited.error());
    return EditedList{std::move(*edited), {}};
  }
  Result<EditedList> operator()(const LeaseChange& /*lease*/) const {
    return EditedList{{list.text, {}, false}, {}};
  }
};

}  // namespace

bool is_addition(const QueuedChange& change) {
  return std::holds_alternative<PutChange>(change.what) || lease_of(change) != nullptr;
}

const LeaseChange* lease_of(const QueuedChange& change) {
  return std::get_if<LeaseChange>(&change.what);
}

Result<EditedList> edit_list(const QueuedChange& change, const SourceFile& list,
                             const Elsewhere& elsewhere, Timestamp asked, const Taken& taken) {
  return std::visit(EditList{list, elsewhere, asked, taken}, change.what);
}

}  // namespace apiguard::publish
