#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Damage to the state directory never opens, is never silent, loses nothing that was ever in force and locks nobody out.
# Every kind of damage meets every sort of file, newest mode, state of the files in /etc, and verb. That cross is too large
# for every day: of kind x file x mode one in APIGUARD_CROSS is drawn (4; the seed is printed, APIGUARD_SEED repeats it), and
# `all` takes the whole cross.
# A reboot is played by removing the pins, which detaches everything.
. "$(dirname -- "$0")/lib.sh"
start_prober 0
RANDOM=${APIGUARD_SEED:=$(((10#$(date +%N)) % 32768))}
say "APIGUARD_SEED=$APIGUARD_SEED"
LEAVER=198.18.1.1

letters() { ask 0 "$OFFICE4" "$STRANGER4" "$LEAVER"; } # P or D each
# Into PICKED and not by output: in a subshell RANDOM would stand still.
pick() { PICKED=${*:$((1 + RANDOM % $#)):1}; }
unplug() { rm -rf "$PINS"; }
boot() { # -> EXIT, with what it said in $WORK/err
  EXIT=0
  unplug
  guard apply --boot >"$WORK/out" 2>"$WORK/err" || EXIT=$?
}
stored() { find "$STATE/generations" -mindepth 1 -maxdepth 1 -name '[0-9]*' -printf '%f\n' | sort -n | xargs; }
risky() { guard "$@" --accept-risk all; }
# Nothing where it is no file: a FIFO would be waited for.
mark() { [ ! -f "$STATE/in-force" ] || tr -d '\0' <"$STATE/in-force"; }
meta() { echo "$STATE/generations/$1/meta.json"; }
list_of() { echo "$STATE/generations/$1/files/authorized-ranges"; }

# What is kept of each generation, as `sha256sum -c` reads it.
inventory() { (cd "$1/generations" && find . -type f -print0 | sort -z | xargs -0 sha256sum); }

# ---- kinds of damage ----

one_bit() {
  local at byte
  at=$((RANDOM % $(stat -c %s "$1")))
  byte=$(od -An -tu1 -j "$at" -N 1 "$1")
  printf '%b' "\\x$(printf %02x $((byte ^ 1 << RANDOM % 8)))" | dd of="$1" bs=1 seek="$at" conv=notrunc status=none
}
damage() { # KIND FILE
  local size
  size=$(stat -c %s "$2")
  case $1 in
    bit) one_bit "$2" ;;
    empty) : >"$2" ;;
    half) truncate -s $((size / 2)) "$2" ;;
    doubled) cp "$2" "$WORK/once" && cat "$WORK/once" >>"$2" ;;
    zeroed) head -c "$size" /dev/zero >"$2" ;;
    gone) rm "$2" ;;
    fifo) rm "$2" && mkfifo "$2" ;;
    folder) rm "$2" && mkdir "$2" && echo x >"$2/x" ;;
    dangling) ln -sfn "$WORK/nowhere" "$2" ;;
    loop) rm "$2" && ln -s "$2" "$2" ;;
  esac
}
KINDS=(bit empty half doubled zeroed gone fifo folder dangling loop)

# ---- what each case starts from ----

# Generation 1 lists the leaver, 2 is an older `mode off`, 3 enforces, 4 takes the leaver out. 5 is of the mode, if that is
# not enforce.
make_base() { # MODE
  detached
  config mode='"enforce"'
  ranges 203.0.113.0/24 2001:db8:12::/48 '198.18.1.0/24 name=leaver'
  verb apply
  verb mode off
  expect 0 risky mode enforce
  expect 0 risky revoke leaver
  [ "$1" = enforce ] || expect 0 risky mode "$1"
  mkdir -p "$WORK/base"
  cp -a "$STATE" "$WORK/base/$1.state"
  cp -a "$ETC" "$WORK/base/$1.etc"
  inventory "$STATE" >"$WORK/base/$1.sums"
}
detached() {
  unplug
  rm -rf "$STATE" "$RUN"
  mkdir -p "$STATE" "$RUN"
}
restore() { # MODE
  detached
  rm -rf "$STATE" "$ETC"
  cp -a --no-preserve=links "$WORK/base/$1.state" "$STATE" # damage to one name is not damage to another
  cp -a "$WORK/base/$1.etc" "$ETC"
}
files_are() { # same | edited | broken
  case $1 in
    edited) echo '198.18.7.0/24 name=colleague' >>"$ETC/authorized-ranges" ;;
    broken)
      echo 'interfaces = [' >"$ETC/apiguard.toml"
      echo 'no range' >"$ETC/authorized-ranges"
      ;;
  esac
}
newest_of() { if [ "$1" = enforce ]; then echo 4; else echo 5; fi; }

# ---- what has to hold ----

# The mode of the newest generation says what may pass: an unlisted source never where it was enforce, the office always.
judged_for() { # MODE
  local now
  now=$(letters)
  case $1 in
    enforce) case $now in PD?) ;; *) die "$CASE: judged as $now: $(cat "$WORK/err")" ;; esac ;;
    # Nothing says the mode any more: what enforces is the safe choice.
    *)
      case $now:$FILES:$(mark) in
        PP?:* | PD?:broken:[6-9]) ;;
        *) die "$CASE: mode was $1 and packets are judged as $now: $(cat "$WORK/err")" ;;
      esac
      ;;
  esac
}
# All that was stored but the damaged file ($1, below the generations).
nothing_lost() {
  grep -vF "  ./$1" "$WORK/base/$MODE.sums" >"$WORK/sums" || true
  (cd "$STATE/generations" && sha256sum --quiet -c "$WORK/sums") >"$WORK/lost" 2>&1 || die "$CASE: lost: $(cat "$WORK/lost")"
}
said() { # by the boot, status and the metric
  local number
  same 4 "$EXIT" "$CASE: $(cat "$WORK/err"): boot:"
  grep -E 'state: damaged: .*apiguard apply' "$WORK/err" >/dev/null || die "$CASE: the boot says '$(cat "$WORK/err")'"
  guard status --json >"$WORK/json" 2>/dev/null || true
  number=$("$TOOLS/json" /damaged/generation <"$WORK/json")
  # A mark that names what is not stored may be all that is left of a generation that was.
  [ "$number" = "$(mark)" ] || same "$(newest_of "$MODE")" "$number" "$CASE: status names"
  same "$("$TOOLS/json" /generation <"$WORK/json")" "$("$TOOLS/json" /damaged/published <"$WORK/json")" "$CASE: status"
  same true "$("$TOOLS/json" /guarded <"$WORK/json")" "$CASE: guarded:"
  guard metrics | grep '^apiguard_state_damaged 1$' >/dev/null || die "$CASE: the metric"
}
# A mark that names an older generation looks as if its change had been killed before the mark.
told() { # FILE
  case $1 in
    in-force)
      if [ "$EXIT" -eq 0 ]; then
        same "$(newest_of "$MODE")" "$(mark)" "$CASE: nothing is said, and the mark:"
      else
        said
      fi
      ;;
    generations/"$(newest_of "$MODE")"/*) said ;;
    *)
      same 0 "$EXIT" "$CASE: $(cat "$WORK/err"): boot:"
      guard history 2>&1 >/dev/null | grep -F "generation '$(cut -d/ -f2 <<<"$1")'" >/dev/null || die "$CASE: history is silent"
      ;;
  esac
}

mends() { # `apply` ends the damage
  [ "$FILES" != broken ] || return 0
  same 0 "$EXIT" "$CASE: apply: $(cat "$WORK/err"):"
  same null "$(status_of /damaged)" "$CASE: after apply: damaged"
  boot
  same 0 "$EXIT" "$CASE: the boot after apply: $(cat "$WORK/err"):"
}

one_case() { # KIND FILE VERB, with MODE and FILES
  local kind=$1 file=$2 verb=$3
  CASE="$kind $file, newest mode $MODE, files $FILES, then $verb"
  restore "$MODE"
  files_are "$FILES"
  damage "$kind" "$STATE/$file"
  boot
  judged_for "$MODE"
  told "$file"
  nothing_lost "${file#generations/}"
  # Damage to one file is made good by what is left: the leaver stays out wherever the list is whole or in the files.
  if [ "$MODE" = enforce ] && [[ $FILES = same || $file != */authorized-ranges ]] && [[ $FILES = same || $file != */apiguard.toml ]]; then
    same PDD "$(letters)" "$CASE: the text of generation 4"
  fi
  if [ $((RANDOM % 4)) -eq 0 ] && [ "$EXIT" -eq 4 ]; then
    boot
    judged_for "$MODE"
    told "$file"
  fi
  EXIT=0
  # shellcheck disable=SC2086 # a verb and its arguments
  case $verb in
    status | 'detach --all') guard $verb >"$WORK/out" 2>"$WORK/err" || EXIT=$? ;;
    *) risky $verb >"$WORK/out" 2>"$WORK/err" || EXIT=$? ;;
  esac
  nothing_lost "${file#generations/}"
  # The files say the mode, too, where they were not broken.
  case $verb in apply | allow* | status) judged_for "$MODE" ;; esac
  [ "$verb" != apply ] || mends
}

VERBS=(apply 'allow 198.18.9.0/24' 'mode off' rollback 'detach --all' status)
files_of() { # MODE: what can be damaged
  local newest
  newest=$(newest_of "$1")
  echo in-force
  for part in meta.json text.json files/apiguard.toml files/authorized-ranges; do
    echo "generations/$newest/$part"
  done
  echo "generations/$((newest - 1))/meta.json"
  echo "generations/$((newest - 1))/files/authorized-ranges"
}

step 'States to start from'
for MODE in enforce audit off; do make_base "$MODE"; done

step 'Damage x file x mode x files x verb'
CASES=0
for MODE in enforce audit off; do
  while read -r file; do
    for kind in "${KINDS[@]}"; do
      if [ "${APIGUARD_CROSS:-}" = all ]; then
        for FILES in same edited broken; do
          for verb in "${VERBS[@]}"; do
            one_case "$kind" "$file" "$verb"
            CASES=$((CASES + 1))
          done
        done
      elif [ $((RANDOM % ${APIGUARD_CROSS:-4})) -eq 0 ]; then
        pick same edited broken
        FILES=$PICKED
        pick "${VERBS[@]}"
        one_case "$kind" "$file" "$PICKED"
        CASES=$((CASES + 1))
      fi
    done
  done < <(files_of "$MODE")
done
say "$CASES cases"

# ---- what the cross does not show ----

fresh() { # MODE
  MODE=$1 FILES=same
  CASE="newest mode $MODE"
  restore "$MODE"
}
# The record as a version before this one wrote it: no word on whether it was in force, no digest of itself.
as_older_version() { # GENERATION...
  local number
  for number in "$@"; do
    sed -i '/"files": \[/,/^  \],/d; /"record_digest"/d; /"entered"/d; /"stands_for"/d' "$(meta "$number")"
    rm "$STATE/generations/$number/text.json"
  done
}

step 'The whole folder of the newest generation is gone: an older one that enforces, never the mode off before it'
fresh enforce
rm -r "$STATE/generations/4"
boot
same 4 "$EXIT" 'boot'
same PDP "$(letters)"
same 3 "$(status_of /damaged/published)"
same 4 "$(mark)"
boot
same '4 PDP' "$EXIT $(letters)" 'the boot after it'

step 'The list of the newest is damaged, the files were edited: the newest older one that enforces'
fresh enforce
files_are edited
one_bit "$(list_of 4)"
boot
same '4 PDP' "$EXIT $(letters)"
complains 'generation 3, the newest one before it that enforces'
expect 7 guard mode enforce
same '1 2 3 4' "$(stored)" 'a refused verb deletes nothing'

step 'An older mode off is all that is left besides the files: the files, and if these do not parse its list enforced'
fresh enforce
rm -r "$STATE"/generations/[13]
one_bit "$(list_of 4)"
files_are edited
boot
same '4 PDD' "$EXIT $(letters)"
same '2 4 5' "$(stored)"
boot
same '4 PDD' "$EXIT $(letters)" 'the boot after it'
same '2 4 5' "$(stored)" 'a boot that does the same stores nothing again'
files_are broken
boot
case "$EXIT $(letters)" in '4 PD'?) ;; *) die "$EXIT $(letters)" ;; esac

step 'Nothing can be published: the boot says so, and nothing is lost'
fresh enforce
files_are broken
for number in 1 2 3 4; do damage empty "$(list_of "$number")"; done
boot
same 4 "$EXIT"
complains "no other generation can be published"
same '1 2 3 4' "$(stored)"
expect 1 guard status

step 'The mark is gone and the files are broken: nothing is deleted by any verb, and the boot enforces'
for verb in 'apply --boot' apply 'allow 198.18.9.0/24' 'mode off' rollback 'detach --all' 'mode enforce'; do
  fresh enforce
  files_are broken
  rm "$STATE/in-force"
  unplug
  # shellcheck disable=SC2086 # a verb and its arguments
  guard $verb >"$WORK/out" 2>"$WORK/err" || true
  (cd "$STATE/generations" && sha256sum --quiet -c "$WORK/base/enforce.sums") || die "$verb: lost"
done
fresh enforce
files_are broken
rm "$STATE/in-force"
boot
same '4 PDD' "$EXIT $(letters)"
silent_about 'write the number|remove it'

step 'Records of an older version: what is newer than the mark does not count'
fresh enforce
as_older_version 1 2 3 4
echo 3 >"$STATE/in-force"
boot
same '0 PDP' "$EXIT $(letters)"
same '1 2 3 4' "$(stored)"
step 'Without a mark: the newest whose text is that of the files, else the newest'
fresh enforce
as_older_version 1 2 3 4
rm "$STATE/in-force"
cp "$STATE/generations/3/files/"* "$ETC/"
boot
same '4 PDP' "$EXIT $(letters)"
fresh enforce
as_older_version 1 2 3 4
rm "$STATE/in-force"
files_are edited
boot
same '4 PDD' "$EXIT $(letters)"

step 'One digit of a record: each line of it counts'
fresh enforce
cp "$(meta 4)" "$WORK/record"
while read -r line; do
  cp "$WORK/record" "$(meta 4)"
  sed -i "${line}s/[0-9a-z]\([^0-9a-z]*\)\$/~\1/" "$(meta 4)"
  cmp -s "$WORK/record" "$(meta 4)" && continue
  boot
  same '4 PDD' "$EXIT $(letters)" "line $line of the record:"
done < <(grep -n '[0-9a-z]' "$WORK/record" | cut -d: -f1)

step 'Damage is found while the generation is in force: a package upgrade keeps what judges'
fresh enforce
boot
same 0 "$EXIT"
files_are edited
rm "$(list_of 4)"
expect 4 guard apply --boot
complains 'state: damaged: .*generation 4 stays in force'
same PDD "$(letters)"

step 'A change of the list that is killed anywhere: a reboot publishes it only if packets have met it'
KILLS=0
for ((at = 1; ; at += 1 + RANDOM % ${APIGUARD_STRIDE:-14})); do
  fresh enforce
  boot
  killed=$(on_server "$TOOLS/kill_at" "$at" "$APIGUARD" --config "$ETC/apiguard.toml" --state-dir "$STATE" \
    --run-dir "$RUN" --pin-dir "$PINS" allow 0.0.0.0/0 --accept-risk all </dev/null 2>/dev/null | tail -n 1) || true
  case $killed in killed*) ;; *) break ;; esac
  CASE="killed at system call $at (${killed##* })"
  before=$(letters)
  boot
  same 0 "$EXIT" "$CASE: boot: $(cat "$WORK/err"):"
  [ "$before" = PPP ] || same PDD "$(letters)" "$CASE: never in force, and after the reboot judged as"
  guard history >"$WORK/out"
  [ "$before" = PPP ] || silent_about 'allow 0\.0\.0\.0/0'
  KILLS=$((KILLS + 1))
done
say "$KILLS kills"

step 'A change that died between its links and its record: the next verb finishes it, a reboot goes back'
for next in verb reboot; do
  fresh enforce
  boot
  expect 0 risky allow 0.0.0.0/0
  sed -i 's/"entered": true/"entered": false/' "$(meta 5)"
  reseal "$(meta 5)"
  echo 4 >"$STATE/in-force"
  if [ $next = verb ]; then
    verb apply
    complains 'generation 5: an interrupted change was finished'
    same '5 PPP' "$(mark) $(letters)"
    grep -q '"entered": true' "$(meta 5)" || die 'the record'
  else
    boot
    same '0 PDD' "$EXIT $(letters)"
    same '1 2 3 4' "$(stored)"
  fi
done
