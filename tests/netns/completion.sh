#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Shells complete verbs, options and what there is on the host: real bash, zsh and fish with the scripts that are installed.
. "$(dirname -- "$0")/lib.sh"

SCRIPTS=$(cd -- "$(dirname -- "$0")/../../loader/cli/completion" && pwd -P)
for PROGRAM in zsh fish; do
  command -v "$PROGRAM" >/dev/null || skip "no $PROGRAM (scripts/test installs it)"
done
mkdir "$WORK/bin" "$WORK/home"
ln -s "$APIGUARD" "$WORK/bin/apiguard"
export APIGUARD_CONFIG=$ETC/apiguard.toml APIGUARD_STATE_DIR=$STATE APIGUARD_RUN_DIR=$RUN APIGUARD_PIN_DIR=$PINS

# A shell as a user has it, of this test alone.
shell() { on_server env PATH="$WORK/bin:$PATH" HOME="$WORK/home" TERM=dumb "$@"; }

# in_bash LINE: what bash puts in the place of the last word (from its last = or : on).
in_bash() {
  # shellcheck disable=SC2016
  shell bash --norc -c '
    . "$0/apiguard.bash" || exit
    COMP_LINE=$1 COMP_POINT=${#1}
    read -ra COMP_WORDS <<<"$1"
    COMP_CWORD=$((${#COMP_WORDS[@]} - 1)) COMPREPLY=()
    _apiguard
    printf "%s\n" "${COMPREPLY[@]}"' "$SCRIPTS" "$1" 2>"$WORK/err" | LC_ALL=C sort | xargs # a folder's order is its file system's
}
# in_zsh LINE: what a real zsh, on a terminal of its own, lists in the same place.
in_zsh() {
  shell zsh --no-rcs "$WORK/ask.zsh" "$SCRIPTS" "$1" 2>"$WORK/err" | grep -oE '<X>[^ <]+' | cut -c4- | grep -vx -- -- | xargs
}
cat >"$WORK/ask.zsh" <<'ZSH'
zmodload zsh/zpty
zpty shell "zsh --no-rcs -i"
tell() { zpty -w shell "$1" }
until_said() { while zpty -r shell line; do print -r -- "$line"; [[ $line == *$1* ]] && break; done }
tell 'PS1= PS2= PROMPT_EOL_MARK= LISTMAX=10000 COLUMNS=200'
tell "fpath=($1 \$fpath); autoload -Uz compinit; compinit -u -D"
tell 'zstyle ":completion:*:default" list-colors "no=<X>" "lc=" "rc=" "ec=</X>"'
tell 'bindkey -rp "^X"; bindkey "^X" list-choices; say-end() { print END-OF-LIST }; zle -N say-end; bindkey "^Y" say-end'
tell "print R''EADY"
until_said READY >/dev/null
zpty -w -n shell "$2"$'\x18\x19'
until_said END-OF-LIST
zpty -d shell
ZSH
in_fish() { shell fish --no-config -c "source $SCRIPTS/apiguard.fish; complete --do-complete '$1'" | cut -f1 | xargs; }

ranges '203.0.113.0/24 name=office' '2001:db8:12::/48 name=office-guests' '192.0.2.9 # name=comment' '192.0.2.8 name=ci'
verb apply
verb mode audit
touch "$WORK/home/list"
mkdir "$WORK/home/lists"

# completes LINE WORDS: in every shell.
completes() {
  local name
  for name in bash zsh fish; do
    same "$2" "$("in_$name" "$1" | tr ' ' '\n' | LC_ALL=C sort | xargs)" "completed by $name: '$1'"
  done
}

step 'What the program knows'
completes 'apiguard rev' revoke
completes 'apiguard --verbose stat' status
completes 'apiguard mode ' 'audit enforce off'
completes 'apiguard list --unus' --unused
completes 'apiguard apply --accept-risk wide,u' 'wide,unapplied wide,undone'
completes 'apiguard nonsense --xyz' ''

step 'What there is on the host'
completes 'apiguard revoke ' 'ci office office-guests'
completes 'apiguard revoke of' 'office office-guests'
completes 'apiguard rollback ' '1 2'
completes 'apiguard detach ' gate0
completes "apiguard --config $WORK/none revoke " ''
completes "apiguard --state-dir $WORK/none rollback " ''

step 'Paths, and values behind a sign'
same "$WORK/home/list $WORK/home/lists" "$(in_bash "apiguard validate $WORK/home/li")" bash
same "$WORK/home/list $WORK/home/lists/" "$(in_fish "apiguard validate $WORK/home/li")" fish
same "$WORK/home/lists" "$(in_bash "apiguard --state-dir $WORK/home/li")" bash
same "--state-dir=$WORK/home/lists/" "$(in_fish "apiguard --state-dir=$WORK/home/li")" fish
same 'office office-guests' "$(in_bash 'apiguard allow 192.0.2.1 --name=of')" bash
same '--name=office --name=office-guests' "$(in_fish 'apiguard allow 192.0.2.1 --name=of')" fish

step 'Who may not look gets what may be seen, without a word'
expect 0 on_server setpriv --reuid=65534 --regid=65534 --clear-groups "$APIGUARD" __complete rollback ''
same '' "$(cat "$WORK/out" "$WORK/err")" 'what was said'
chmod 0755 "$WORK"
expect 0 on_server setpriv --reuid=65534 --regid=65534 --clear-groups "$APIGUARD" __complete revoke of
prints '^office-guests'
same '' "$(cat "$WORK/err")" 'what was said'
