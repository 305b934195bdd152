// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The code of fmt, compiled here once. Debian has it as a shared library, which the privileged
// binary is not to depend on, and as headers, which as "header only" would be compiled again into
// each of a hundred files: most of the time of a build. What is instantiated is what fmt's headers
// declare and leave to its library, for char alone.
#include <fmt/format-inl.h>

FMT_BEGIN_NAMESPACE
namespace detail {
template FMT_API auto dragonbox::to_decimal(float) noexcept -> dragonbox::decimal_fp<float>;
template FMT_API auto dragonbox::to_decimal(double) noexcept -> dragonbox::decimal_fp<double>;
template FMT_API auto thousands_sep_impl(locale_ref) -> thousands_sep_result<char>;
template FMT_API auto decimal_point_impl(locale_ref) -> char;
template FMT_API void vformat_to(buffer<char>&, basic_string_view<char>,
                                 basic_format_args<format_context>, locale_ref);
}  // namespace detail
FMT_END_NAMESPACE
