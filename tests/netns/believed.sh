#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Nothing is believed that others could have written: folders of state, run and pins that are too open are closed, and
# said; those of another owner stop every verb but the ways out and the boot. And nothing that others name or start us
# with harms: umask, closed descriptors, names with control characters, numbers at their limit.
. "$(dirname -- "$0")/lib.sh"
STRANGER=65534

give_away() { chown -h "$STRANGER" "$@"; }
mended() { chown -hR root "$STATE" "$RUN" "$PINS" && verb status && silent_about 'not trusted'; }
forget() {
  guard detach --all >/dev/null 2>&1 || true # there may be nothing to take off
  rm -rf "$STATE" "$RUN" "$PINS" "$PINS"-*
  plain_config
  office
}

step 'Folders as they are made are believed without a word, under any umask'
for mask in 0000 0077 0177 0277 0777; do
  forget
  (umask "$mask" && verb apply && silent_about 'could write|not trusted')
  verb allow 198.51.100.0/24 && silent_about 'could write|not trusted'
  enforced
  same '700 755 700' "$(stat -c %a "$STATE" "$RUN" "$PINS" | xargs)" "modes under umask $mask"
  ! find "$STATE" "$RUN" "$PINS" -perm /022 ! -type l | grep . || die 'others could write'
done

step 'Too open: closed by the verb that finds it, which says so, and goes on'
for verb in 'status' 'list' 'apply' 'apply --boot' 'mode off' 'history'; do
  chmod 0777 "$STATE" "$STATE/generations" "$RUN" "$PINS" "$PINS/links"
  chmod 0666 "$STATE/in-force" "$RUN/lock"
  # Words by construction.
  # shellcheck disable=SC2086
  verb $verb
  complains "directory '$STATE': others could write it: its mode was 0777 and is 0755"
  complains "file '$STATE/in-force': others could write it: its mode was 0666 and is 0644"
  complains "directory '$PINS/links': others could write it"
  ! find "$STATE" "$RUN" "$PINS" -perm /022 ! -type l | grep . || die 'others can still write'
  verb status
  silent_about 'could write'
done
forget
verb apply

# disbelieved: what each kind of verb does while something is not believed.
disbelieved() {
  local path=$1 why="'$1': check owner: it belongs to uid $STRANGER"
  for verb in 'apply' 'allow 198.51.100.0/24' 'revoke 203.0.113.0/24' 'mode enforce' 'list' 'history' 'check 192.0.2.7' \
    'confirm' 'diff' 'denied'; do
    # Words by construction.
    # shellcheck disable=SC2086
    expect 4 guard $verb
    complains "$why"
    complains "chown -hR root '$path'"
  done
  enforced
  expect 4 guard status
  complains "$why"
}

step 'State of another owner: forged generations are not published, the boot takes the files'
for forged in "$STATE" "$STATE/generations" "$STATE/in-force" "$STATE/generations/1/meta.json" \
  "$STATE/generations/1/files/authorized-ranges"; do
  give_away "$forged"
  disbelieved "$forged"
  chown root "$forged"
  enforced
done
echo 0.0.0.0/0 >"$STATE/generations/1/files/authorized-ranges"
give_away "$STATE/generations/1/files/authorized-ranges"
rm -rf "$PINS"
expect 4 guard apply --boot
complains "check owner: it belongs to uid $STRANGER"
enforced
same 4 "$(guard apply --boot >/dev/null 2>&1 || echo $?)" 'the boot again'
enforced

step 'The mode of the files is taken as well'
give_away "$STATE"
rm -rf "$PINS"
config mode='"audit"'
expect 4 guard apply --boot
passes "$STRANGER4"
counts would_drop unlisted 1 passes "$STRANGER4"
plain_config
rm -rf "$PINS"
expect 4 guard apply --boot
enforced

step 'The ways out go on by the pins'
for verb in rollback 'rollback 1'; do
  # Words by construction.
  # shellcheck disable=SC2086
  expect 4 guard $verb
  complains "directory '$STATE': read the earlier generations: it is not trusted"
  complains "or run 'apiguard mode off'"
  enforced
done
expect 0 guard mode audit
complains 'not trusted'
passes "$STRANGER4"
plain_config
expect 0 guard mode off
complains 'not trusted'
not_enforced
expect 0 guard detach --all
not_enforced
forget
verb apply

step 'The run folder of another owner: its lock, marks and snapshot are not believed'
echo '1 apply' >"$RUN/lock"
echo '*' >"$RUN/detached"
give_away "$RUN" "$RUN/lock" "$RUN/detached"
disbelieved "$RUN"
(
  exec 9<"$RUN/lock"
  flock 9
  expect 0 guard mode off # whoever holds that lock holds up nobody
  complains 'continuing without it'
)
not_enforced
expect 4 guard apply --boot
forget
verb apply
enforced

step 'A planted file alone is enough, and is named'
echo '{}' >"$RUN/status.json"
give_away "$RUN/status.json"
disbelieved "$RUN/status.json"
rm "$RUN/status.json"

step 'Pins of another owner: ways out go by the links, a boot without links moves the folder aside'
give_away "$PINS"
disbelieved "$PINS"
expect 0 guard mode off
not_enforced
expect 4 guard apply
chown root "$PINS"
forget
mkdir "$PINS" && mkdir "$PINS/links" && give_away "$PINS"
expect 4 guard apply --boot
complains "moved to '$PINS-not-trusted'"
enforced
forget

step 'A folder above that others can write: named, not touched'
mkdir -m 0777 "$WORK/open"
chmod 0777 "$WORK/open"
for place in STATE RUN; do
  (
    declare "$place=$WORK/open/ours"
    expect 4 guard apply
    complains "directory '$WORK/open': check mode: 0777 lets others write it: not trusted; chmod go-w '$WORK/open'"
  )
done
chmod 1777 "$WORK/open"
STATE=$WORK/open/ours expect 0 guard apply
forget

step 'Nothing in the run folder is written through a link'
verb apply
echo whole >"$WORK/victim"
for name in status.json detached counted.json; do ln -sf "$WORK/victim" "$RUN/$name"; done
verb detach gate0
same whole "$(cat "$WORK/victim")" 'what the link led to'
[ ! -L "$RUN/detached" ] || die 'detached is still a link'
guard metrics --textfile "$RUN/counted.json"
same whole "$(cat "$WORK/victim")" 'what the link led to'
rm -f "$RUN/status.json"
forget
verb apply

step 'Closed descriptors take no file in'
for closed in '<&-' '>&-' '2>&-' '<&- >&-' '<&- >&- 2>&-'; do
  status=0
  eval "guard_raw() { on_server \"\$APIGUARD\" --config '$ETC/apiguard.toml' --state-dir '$STATE' --run-dir '$RUN' --pin-dir '$PINS' \"\$@\" $closed; }"
  guard_raw allow "198.51.100.$((RANDOM % 250))" 2>/dev/null || status=$?
  same 0 "$status" "allow $closed"
  grep -qE '^[0-9]+ allow ' "$RUN/lock" || die "the lock holds '$(cat "$RUN/lock")'"
  same 2 "$(wc -l <"$RUN/lock")" 'lines of the lock'
done
enforced
status=0
on_server "$APIGUARD" --config "$ETC/apiguard.toml" --state-dir "$STATE" --run-dir "$RUN" --pin-dir "$PINS" status >&- \
  2>"$WORK/err" || status=$?
same 4 "$status" 'status with nowhere to write'
complains 'standard output: write'

step 'A limit of file size is an error and no end'
before=$(generation)
status=0
(
  ulimit -f 0
  guard allow 198.51.100.0/24 >/dev/null 2>&1
) || status=$?
same 4 "$status" 'allow under RLIMIT_FSIZE'
same "$before" "$(generation)" 'the generation'
enforced

step 'Control characters of others reach no terminal, no metrics, no JSON'
plain() { # FILE...: no control character but newline and tab, no C1, valid UTF-8
  ! LC_ALL=C grep -nP '[\x00-\x08\x0b-\x1f\x7f]' "$@" >&2 || die 'a control character'
  ! LC_ALL=C grep -nP '\xc2[\x80-\x9f]|\xe2\x80[\xaa-\xae]|\xe2\x81[\xa6-\xa9]' "$@" >&2 || die 'a C1 or bidi character'
  iconv -f UTF-8 -t UTF-8 "$@" >/dev/null || die 'no UTF-8'
}
ODD=($'\x1b[31mred' $'a\xffb' $'\x07bell' $'\x9b31m' $'\xe2\x80\xaertl' $'\xc2\x9bc1' $'\x7fdel' 'q"uote' 'back\slash' '-all')
for name in "${ODD[@]}"; do
  on_server ip link add name "$name" type veth peer name "p$RANDOM" || die "the kernel takes no '$name'"
done
config interfaces='["*"]'
verb apply --accept-risk all
plain "$WORK/out" "$WORK/err"
for verb in 'status' 'status --json' 'metrics' 'diff' 'history' 'list'; do
  # Words by construction.
  # shellcheck disable=SC2086
  expect 0 guard $verb
  plain "$WORK/out" "$WORK/err"
done
verb metrics
same $((${#ODD[@]} + 1)) "$(grep -c '^apiguard_interface_attached{.*gate0\|^apiguard_interface_attached{.*\(red\|b"\|bell\|31m"\|rtl\|c1\|del\|uote\|slash\|-all\)' "$WORK/out")" 'interfaces in the metrics'
same '' "$(grep -v '^#' "$WORK/out" | sed 's/ [^ ]*$//' | sort | uniq -d)" 'samples that are there twice'
verb detach -- '-all' $'\x1b[31mred'
plain "$WORK/out" "$WORK/err"
for word in $'\x1b[31mx' $'\x9b7m' $'\xff' $'\xe2\x80\xaex' $'a\nb'; do
  for arguments in verb "allow" "check" "rollback" "mode" "detach --" "apply --accept-risk" "allow 10.0.0.1 --name"; do
    status=0
    # Words by construction.
    # shellcheck disable=SC2086
    guard $arguments "$word" >"$WORK/out" 2>"$WORK/err" || status=$?
    [ "$status" -ne 0 ] || die "'$arguments' took $(printf %q "$word")"
    plain "$WORK/out" "$WORK/err"
  done
  expect 3 on_server "$APIGUARD" --config "/nowhere/${word//$'\n'/}x/y" validate
  plain "$WORK/err"
done
# On a terminal our own colours are the only ones.
if command -v script >/dev/null; then
  config 'interfaces=["gate0", "\u001b[31mgone", "\u009b31mgone"]' 'mode="audit"'
  for verb in diff 'apply --accept-risk all' status detach\ --all status; do
    nsenter --net="/run/netns/$SERVER" -- env -u NO_COLOR TERM=xterm script -qec "$APIGUARD --config $ETC/apiguard.toml \
      --state-dir $STATE --run-dir $RUN --pin-dir $PINS $verb" /dev/null </dev/null >"$WORK/terminal" 2>&1 || true # diff says 1
    sed -E $'s/\x1b\\[(31|32|1;31|0)?m//g; s/\x1b\\[K//g; s/\r//g' "$WORK/terminal" >"$WORK/out"
    plain "$WORK/out"
    [ -s "$WORK/out" ] || die "'$verb' says nothing on a terminal"
    ! grep -q $'\x1b\\[31mgone' "$WORK/terminal" || die "'$verb' shows the colour of a name"
  done
else
  left_out 'no script'
fi
plain_config
verb apply --accept-risk detached

step 'A snapshot is that of root'
if setpriv --reuid=$STRANGER --regid=$STRANGER --clear-groups true 2>/dev/null; then
  chmod 0755 "$WORK"
  install -m 0755 "$APIGUARD" "$WORK/apiguard"
  as_stranger() {
    on_server setpriv --reuid=$STRANGER --regid=$STRANGER --clear-groups "$WORK/apiguard" --config "$ETC/apiguard.toml" \
      --state-dir "$STATE" --run-dir "$RUN" --pin-dir "$PINS" "$@"
  }
  expect 4 as_stranger status
  complains 'there is no snapshot'
  echo '{}' >"$RUN/status.json"
  give_away "$RUN/status.json"
  expect 4 as_stranger status # its own file, in a folder that was root's: the walk of root names it
  expect 4 guard status
  complains "file '$RUN/status.json': check owner"
  rm "$RUN/status.json"
else
  left_out 'setpriv gives no user away'
fi

step '-- ends the options of every verb'
verb allow -- 198.18.0.0/24
verb revoke --strict -- 198.18.0.0/24
expect 2 guard allow -- --help
expect 0 guard check -- "$OFFICE4"
verb validate -- "$ETC/authorized-ranges"
verb mode -- audit
verb mode -- enforce
verb -- history

step 'Numbers of generations end: a change is refused, ways out go on, nothing begins at 0'
for last in 9223372036854775807 9223372036854775808 18446744073709551615; do
  forget
  verb apply
  cp -a "$STATE/generations/1" "$STATE/generations/$last"
  for record in meta.json text.json; do
    sed -i "s/\"generation\": 1\b/\"generation\": $last/" "$STATE/generations/$last/$record"
    reseal "$STATE/generations/$last/$record"
  done
  echo "$last" >"$STATE/in-force"
  rm -rf "$PINS"
  verb apply --boot
  same "$last" "$(generation)" 'the generation after the boot'
  enforced
  expect 4 guard allow 198.18.0.0/24
  complains "generation '$last': count on: the last number is 9223372036854775807"
  same "$last" "$(generation)" 'the generation after a change that was refused'
  enforced
  verb mode off
  same 2 "$(generation)" 'the generation of the way out'
  not_enforced
  rm -rf "$STATE/generations/$last"
  verb mode enforce
  enforced
done
forget
