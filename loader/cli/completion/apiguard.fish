# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Completion of apiguard for fish. The program itself knows its verbs, options, names, interfaces and generations.

function __apiguard_complete
    set -l words (commandline --tokenize --current-process --cut-at-cursor)
    set -l current (commandline --current-token --cut-at-cursor)
    set -l front (string match --regex '^--[^=]*=' -- "$current")
    set -l path (string sub --start (math (string length -- "$front") + 1) -- "$current")
    set -lx PATH $PATH /usr/local/sbin /usr/sbin
    for line in (apiguard __complete $words[2..-1] "$current" 2>/dev/null)
        switch $line
            case ':file*'
                printf "$front%s\n" (__fish_complete_path "$path")
            case ':dir*'
                printf "$front%s\n" (__fish_complete_directories "$path")
            case '*'
                printf '%s\n' $line
        end
    end
end

complete --command apiguard --no-files --arguments '(__apiguard_complete)'
