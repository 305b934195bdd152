// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/policy/rows.hpp"

#include <algorithm>

#include "loader/policy/draft.hpp"

namespace apiguard {

Result<std::vector<Row>> read_rows(const SourceFile& file) {
  Diagnostics diagnostics;
  std::vector<Row> rows;
  read_entries(
      file, diagnostics, [&](const Entry& entry, std::uint32_t number, std::string_view line) {
        rows.push_back({entry.parsed.prefix, entry.kind, number, entry.until, entry.name, line});
      });
  if (diagnostics.failed()) return fail(diagnostics.to_error());
  return rows;
}

Range range_of(const Row& row, const SourceFile& file) {
  return {row.prefix, row.kind, std::string(row.name), row.until, Origin{file.name, row.number}};
}

Edited patched(const std::string& text, std::vector<Patch> patches, const std::string& appended) {
  std::sort(patches.begin(), patches.end(),
            [](const Patch& a, const Patch& b) { return a.line.data() < b.line.data(); });
  Edited edited;
  std::size_t at = 0;
  for (const Patch& patch : patches) {
    const auto begin = static_cast<std::size_t>(patch.line.data() - text.data());
    edited.text.append(text, at, begin - at);
    if (patch.replace) edited.text += *patch.replace + '\n';
    at = begin + patch.line.size() + 1;
  }
  edited.text.append(text, at);
  edited.text += appended;
  edited.changed = edited.text != text;
  return edited;
}

}  // namespace apiguard
