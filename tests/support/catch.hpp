// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Catch2 2 and 3 under one include.
#pragma once

#if __has_include(<catch2/catch_all.hpp>)
#include <catch2/catch_all.hpp>
#else
#include <catch2/catch.hpp>
#endif
