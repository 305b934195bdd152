// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Thin wrappers of the bpf(2) calls the room needs: results instead of errno, descriptors with
// owners.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "apiguard/judge.h"
#include "loader/base/fd.hpp"
#include "loader/base/result.hpp"
#include "loader/datapath/attach_point.hpp"

namespace apiguard::datapath {

// "kind 'name': what: reason of `error`".
[[nodiscard]] tl::unexpected<Error> kernel_error(const std::string& subject,
                                                 const std::string& what, int error);

// Opens a pinned program or map without asking for write permission: a read-only bpffs allows that.
[[nodiscard]] Result<Fd> open_pinned(const std::string& path);
// For writing: a map, or a link, which the kernel gives out in no other way (EROFS on a read-only
// bpffs).
[[nodiscard]] Result<Fd> open_pinned_for_writing(const std::string& path);
[[nodiscard]] Result<> pin_object(int fd, const std::string& path);

struct LinkInfo {
  std::uint32_t link_id = 0;
  std::uint32_t prog_id = 0;
  // none: a link of a kind that none of ours is
  std::optional<AttachPoint> point;

  // Whether a link of one of our kinds is on what is there, and is on what is gone.
  [[nodiscard]] bool attached() const { return point && !point->gone(); }
  [[nodiscard]] bool detached() const { return point && point->gone(); }
};
[[nodiscard]] Result<LinkInfo> link_info(int link_fd);
[[nodiscard]] Result<std::uint32_t> program_id(int program_fd);
// The digest of the instructions, as hex digits: equal for programs of one build and kind, whatever
// their maps hold.
[[nodiscard]] Result<std::string> program_tag(int program_fd);
// That of the program behind a link, which no id and no privilege is needed for.
[[nodiscard]] Result<std::string> tag_behind_link(int link_fd);

[[nodiscard]] Result<std::uint32_t> map_id(int map_fd);

// By id: needs CAP_SYS_ADMIN.
[[nodiscard]] Result<Fd> open_program(std::uint32_t id);
[[nodiscard]] Result<Fd> open_link(std::uint32_t id);
[[nodiscard]] std::vector<std::uint32_t> link_ids();
// Whether link_ids() shows them all: without privilege it shows none.
[[nodiscard]] bool can_list_links();
// Name of a program, empty where privilege or the program is missing.
[[nodiscard]] std::string program_name(std::uint32_t id);
// The settings that a program of ours was loaded with. One of another version may have fewer or
// more of them: what it does not have is 0, what is not known here is left out.
[[nodiscard]] Result<apiguard_settings> read_settings(const Fd& map);
// The settings of a program of ours, found through its own maps; none if it is not ours or
// privilege is missing.
[[nodiscard]] std::optional<apiguard_settings> settings_of(std::uint32_t program_id);

}  // namespace apiguard::datapath
