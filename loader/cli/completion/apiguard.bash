# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=bash
# Completion of apiguard for bash. The program itself knows its verbs, options, names, interfaces and generations.

_apiguard() {
  local line=${COMP_LINE:0:COMP_POINT} answer current break
  local -a words
  read -ra words <<<"$line"
  case $line in *[[:space:]]) words+=('') ;; esac
  current=${words[-1]}
  COMPREPLY=()
  while IFS=$'\t' read -r answer _; do
    case $answer in
      :file | :dir) _apiguard_paths "${answer:1:1}" "${current#--*=}" ;;
      *) COMPREPLY+=("$answer") ;;
    esac
  done < <(PATH=$PATH:/usr/local/sbin:/usr/sbin apiguard __complete "${words[@]:1}" 2>/dev/null)
  # What stands before a character that breaks words is not replaced by the shell.
  for break in = :; do
    case $COMP_WORDBREAKS in
      *"$break"*) COMPREPLY=("${COMPREPLY[@]#"${current%"${current##*"$break"}"}"}") ;;
    esac
  done
}

# _apiguard_paths f|d WRITTEN
_apiguard_paths() {
  compopt -o filenames 2>/dev/null
  mapfile -t COMPREPLY < <(compgen "-$1" -- "$2")
}

complete -F _apiguard apiguard
