#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Text, state and kernel agree after every exit: files that cannot be replaced, drop-ins that a change brings in, what
# was undone, and a verb that is killed while a colleague's edit waits in the toml.
. "$(dirname -- "$0")/lib.sh"
OTHER=198.18.5.1
DROP_IN=$ETC/authorized-ranges.d/office.list

digest_of() { find "$ETC" -type f -exec cat {} + | sha256sum; }
at_exit() { chattr -R -i -a "$ETC" 2>/dev/null; }

# untouched STATUS VERB...: and files, generation and verdicts are as they were.
untouched() {
  local status=$1 before text
  shift
  before=$(generation) text=$(digest_of)
  expect "$status" guard "$@"
  same "$before" "$(generation)" "the generation after '$*'"
  same "$text" "$(digest_of)" "the files after '$*'"
  enforced
  silent_about 'was finished|is in force on'
  same '' "$(find "$ETC" -name '*apiguard-new*')" 'leftovers'
}

step 'A file that is immutable or append-only: found out first, named, with the way on'
verb apply
ways=()
# shellcheck disable=SC2015 # a probe
if chattr +i "$ETC/authorized-ranges" 2>"$WORK/err" && chattr -i "$ETC/authorized-ranges"; then ways+=(i a); else
  left_out 'no immutable files' 
fi
for flag in "${ways[@]}"; do
  for what in "$ETC/authorized-ranges" "$ETC"; do
    chattr "+$flag" "$what"
    untouched 4 allow 198.18.5.0/24
    complains "'$what': replace: it is (immutable|append-only); chattr -$flag"
    untouched 4 revoke 203.0.113.0/24 --accept-risk all
    untouched 4 set 203.0.113.0/24 --accept-risk all
    chattr "-$flag" "$what"
  done
  chattr "+$flag" "$ETC/apiguard.toml"
  verb mode audit
  complains 'stays as it is'
  not_enforced
  verb list
  silent_about 'was finished'
  chattr "-$flag" "$ETC/apiguard.toml"
  verb mode audit
  chattr "+$flag" "$ETC/apiguard.toml"
  text=$(cat "$ETC/apiguard.toml")
  expect 4 guard mode enforce --accept-risk all
  same "$text" "$(cat "$ETC/apiguard.toml")"
  same audit "$(status_of /mode)"
  chattr "-$flag" "$ETC/apiguard.toml"
  verb mode enforce --accept-risk all
  enforced
done

step 'A single file bound into its place'
echo 203.0.113.0/24 >"$WORK/single"
cat "$ETC/authorized-ranges" >"$WORK/single"
mount --bind "$WORK/single" "$ETC/authorized-ranges"
MOUNTS+=("$ETC/authorized-ranges")
untouched 4 allow 198.18.5.0/24
complains "a mount of its own.*mount the directory '$ETC'"
verb mode audit
verb mode enforce --accept-risk all
umount "$ETC/authorized-ranges"
mv "$ETC/authorized-ranges" "$ETC/real"
ln -s real "$ETC/authorized-ranges"
mount --bind "$WORK/single" "$ETC/real"
MOUNTS+=("$ETC/real")
untouched 4 allow 198.18.5.0/24
umount "$ETC/real"
rm "$ETC/authorized-ranges"
mv "$ETC/real" "$ETC/authorized-ranges"
changes verb allow 198.18.5.0/24
changes verb revoke 198.18.5.0/24 --accept-risk all

step 'A drop-in as part of a change: refused, it was never there'
echo 198.18.5.0/24 >"$WORK/office"
echo 0.0.0.0/1 >"$WORK/wide"
untouched 7 apply --with office.list="$WORK/wide"
untouched 3 apply --with office.list="$WORK/none"
echo 300.0.0.0/8 >"$WORK/broken"
untouched 3 apply --with office.list="$WORK/broken"
complains "$WORK/broken:1"
for name in office.txt .office.list ../office.list sub/office.list .list; do
  untouched 2 apply --with "$name=$WORK/office"
done
untouched 2 apply --with office.list
untouched 2 apply --with "a.list=$WORK/office" --with "a.list=$WORK/office"
untouched 2 apply --boot --with "a.list=$WORK/office"
[ ! -e "$DROP_IN" ] || die 'a refused drop-in is there'
untouched 0 apply --dry-run --with office.list="$WORK/office"

step 'Put in force with it, and rolled back with it'
verb apply --with office.list="$WORK/office"
same "$(cat "$WORK/office")" "$(cat "$DROP_IN")"
same 644 "$(stat -c %a "$DROP_IN")"
passes "$OTHER"
expect 0 guard diff
verb rollback --accept-risk all
drops "$OTHER"
[ ! -e "$DROP_IN" ] || die 'the drop-in is still there'
expect 0 guard diff

step 'Edited since: a rollback leaves it, and says so'
verb apply --with office.list="$WORK/office"
echo '# by hand' >>"$DROP_IN"
verb rollback --accept-risk all
complains 'was edited since'
drops "$OTHER"
expect 1 guard diff
rm "$DROP_IN"

step 'Undone, it goes back to what it was'
verb apply
echo 198.18.6.0/24 >"$WORK/first"
verb apply --with office.list="$WORK/first"
verb apply --with office.list="$WORK/office" --confirm-within 1s --accept-risk all
passes "$OTHER"
sleep 1.2
expect 0 guard status
same 198.18.6.0/24 "$(cat "$DROP_IN")"
drops "$OTHER"
expect 0 guard diff

step 'What was undone stays undone: every way to bring it back raises the risk'
refused_undone() {
  untouched 7 "$@"
  complains "risk 'undone'.*authorized-ranges.d/office.list' as generation [0-9]+"
}
refused_undone apply --with office.list="$WORK/office"
cp "$WORK/office" "$DROP_IN" # a tool writes it once more
refused_undone apply
refused_undone apply --dry-run
expect 0 guard apply --confirm-within 1s --accept-risk all
complains 'an undone change would take effect again'
sleep 1.2
expect 0 guard status
cp "$WORK/office" "$DROP_IN"
verb mode audit
verb mode enforce --accept-risk all
verb apply --accept-risk undone
passes "$OTHER"
rm "$DROP_IN"
verb apply --accept-risk all
cp "$WORK/office" "$DROP_IN"
verb apply # a person took it: it is not undone any more
passes "$OTHER"
rm "$DROP_IN"
verb apply --accept-risk all

step 'An undone edit of the list: the same'
verb allow "$OTHER" --confirm-within 1s
sleep 1.2
expect 0 guard status
untouched 7 allow "$OTHER"
complains "risk 'undone'.*authorized-ranges' as generation"
verb allow "$OTHER" --accept-risk undone
verb revoke "$OTHER" --accept-risk all

step 'A damaged list of what was undone is said, and stops nobody'
echo garbage >"$STATE/undone"
verb allow 198.18.9.0/24
complains "undone': read: line 1 is damaged"
rm "$STATE/undone"
verb revoke 198.18.9.0/24 --accept-risk all

step 'Edits in other files are unapplied to --with'
echo 'endpoints = ["6443", "8443"]' >>"$ETC/apiguard.toml"
untouched 7 apply --with office.list="$WORK/office"
complains "risk 'unapplied'"
plain_config
echo 198.18.77.0/24 >"$ETC/authorized-ranges.d/more.list"
untouched 7 apply --with office.list="$WORK/office"
complains "risk 'unapplied'"
rm "$ETC/authorized-ranges.d/more.list"

# A kill at each call that changes what outlives the verb; the edit of a colleague waits in the toml.
step "Killed at each step of 'mode': a colleague's edit is kept"
kill_verb() {
  local at=$1
  shift
  on_server "$TOOLS/kill_at" "$at" "$APIGUARD" --config "$ETC/apiguard.toml" --state-dir "$STATE" --run-dir "$RUN" \
    --pin-dir "$PINS" "$@" </dev/null >"$WORK/out" 2>"$WORK/err"
}
for mode in audit off; do
  for ((at = 1; ; ++at)); do
    plain_config
    echo 'mode = "enforce"' >>"$ETC/apiguard.toml"
    guard apply --accept-risk all >/dev/null 2>&1
    echo 'endpoints = ["6443", "8443"] # a colleague, not yet applied' >>"$ETC/apiguard.toml"
    status=0
    kill_verb "$at" mode "$mode" || status=$?
    guard mode "$mode" >"$WORK/out" 2>"$WORK/err" || die "mode $mode after a kill at $at: $(cat "$WORK/err")"
    grep -q "a colleague, not yet applied" "$ETC/apiguard.toml" ||
      die "mode $mode, killed at $at: the edit is lost: $(cat "$ETC/apiguard.toml")"
    grep -q "mode = \"$mode\"" "$ETC/apiguard.toml" || die "mode $mode, killed at $at: $(cat "$ETC/apiguard.toml")"
    [ "$status" -ne 0 ] || break
  done
  say "  mode $mode: killed at $((at - 1)) places"
  [ "$at" -gt 5 ] || die 'it was not killed'
done
