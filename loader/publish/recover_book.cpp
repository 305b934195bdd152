// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/publish/recover_book.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <map>

#include "loader/datapath/read_tries.hpp"

namespace apiguard::publish {
namespace {

using std::chrono::nanoseconds;

constexpr const char* kRecovered = "recovered";
constexpr const char* kBy = "apiguard, from the kernel";

bool comes(__u64 end) { return end != 0 && end < APIGUARD_WITHOUT_END; }

// The text may have been loaded by a clock that was set a little since.
bool says(std::uint64_t text, __u64 kernel) {
  constexpr std::uint64_t kTolerance = nanoseconds(2s).count();
  return text != 0 && text + kTolerance >= kernel;
}

// What the text alone comes to.
class Said {
 public:
  Said(const std::vector<Range>& ranges, const Now& now) : now_(now) {
    for (const Range& range : ranges) {
      datapath::TrieEnds& ends = ends_[range.prefix];
      __u64& end = range.kind == Kind::kExcept ? ends.except_until : ends.allow_until;
      end = std::max(end, end_of(range));
    }
  }
  [[nodiscard]] datapath::TrieEnds of(const Prefix& prefix) const {
    const auto found = ends_.find(prefix);
    return found == ends_.end() ? datapath::TrieEnds{} : found->second;
  }

 private:
  [[nodiscard]] __u64 end_of(const Range& range) const {
    if (!range.until) return APIGUARD_WITHOUT_END;
    const nanoseconds left = *range.until - now_.wall;
    const std::uint64_t boot = nanoseconds_of(now_.boot);
    if (left <= 0s && static_cast<std::uint64_t>(-left.count()) >= boot) return 1;
    return boot + static_cast<std::uint64_t>(left.count());
  }

  const Now& now_;
  std::map<Prefix, datapath::TrieEnds> ends_;
};

Term term_until(__u64 end, const Moment& moment) {
  return term_of(nanoseconds(end - nanoseconds_of(moment.now.boot)), moment);
}

Lease known_lease(const Book& old, const Prefix& prefix, const Term& term) {
  const auto found = std::find_if(old.leases.begin(), old.leases.end(),
                                  [&](const Lease& lease) { return lease.prefix == prefix; });
  Lease lease =
      found == old.leases.end() ? Lease{prefix, kRecovered, kBy, false, {}} : Lease(*found);
  lease.term = term;
  return lease;
}

}  // namespace

Result<Book> recover_book(const Host& host, const datapath::Edition& which, const Policy& text,
                          const Now& loaded, const Moment& moment, const Book& old) {
  const auto ends = datapath::read_ending(host.pins, which);
  if (!ends) return fail(ends.error());
  const Said said(text.ranges, loaded);
  const auto is_missing = [&](std::uint64_t own, __u64 kernel) {
    return comes(kernel) && kernel > nanoseconds_of(moment.now.boot) && !says(own, kernel);
  };
  Book book;
  book.edition = which.edition;
  book.bars = old.bars;
  for (const auto& [prefix, kernel] : *ends) {
    const datapath::TrieEnds own = said.of(prefix);
    if (is_missing(own.allow_until, kernel.allow_until))
      book.leases.push_back(known_lease(old, prefix, term_until(kernel.allow_until, moment)));
    if (is_missing(own.except_until, kernel.except_until))
      book.lapsing.push_back(
          {prefix, Kind::kExcept, kRecovered, kRecovered, term_until(kernel.except_until, moment)});
  }
  return book;
}

}  // namespace apiguard::publish
