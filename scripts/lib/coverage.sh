# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=bash
# Which lines of the loader the tests run, room by room. Sourced after build.sh.

# not_covered: a pattern of tests. Those that count system calls, or take memory and descriptors away, meet what the
# counting itself asks for; those of build/ read a program that is built otherwise.
not_covered() {
  echo '^(build\.|netns\.(failing_|killed_at|faults|overtaken|out_of_memory|lease_killed|liar))'
}

configure_coverage() { # FOLDER
  configure "$1" -DAPIGUARD_COVERAGE=ON -DAPIGUARD_HARDEN=OFF -DCMAKE_BUILD_TYPE=Debug
}

# What an earlier run has counted is no part of this one.
forget_counts() { # FOLDER
  find "$1" -name '*.gcda' -delete
}

# One line a file: its path, its lines, those of them that ran.
count_lines() { # FOLDER
  quietly "$1/gcovr.log" gcovr --root "$ROOT" --object-directory "$1" --filter "$ROOT/loader/" \
    --gcov-ignore-parse-errors -j "$(nproc)" --csv --output "$1/coverage.csv" "$1"
  tail -n +2 "$1/coverage.csv" | cut -d, -f1-3
}

# table_of_rooms: reads those lines.
table_of_rooms() {
  awk -F, '
    {
      room = split($1, parts, "/") == 3 ? parts[2] : "(loader)"
      lines[room] += $2; ran[room] += $3; all += $2; all_ran += $3
      if ($3 < $2 * 0.7 && $2 >= 20) low[++count] = sprintf("%5.1f %%  %s", 100 * $3 / $2, $1)
    }
    END {
      printf "%-12s %7s %7s %8s\n", "ROOM", "LINES", "RAN", ""
      sort = "sort"
      for (room in lines)
        printf "%-12s %7d %7d %6.1f %%\n", room, lines[room], ran[room], 100 * ran[room] / lines[room] | sort
      close(sort)
      printf "%-12s %7d %7d %6.1f %%\n", "all", all, all_ran, all ? 100 * all_ran / all : 0
      if (count) print "\nFiles of 20 lines or more of which less than 70 % ran:"
      sort = "sort -n"
      for (i = 1; i <= count; ++i) print "  " low[i] | sort
      close(sort)
    }'
}
