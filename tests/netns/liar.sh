#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# A kernel that answers "done" and has done nothing, for one call at a time: creating or updating a link, pinning,
# renaming. No verb then says "in force" unless it is true, and a change that could not be confirmed leaves what was.
. "$(dirname -- "$0")/lib.sh"
make_pair 1
config interfaces='["gate0", "gate1"]'
start_prober 0
start_prober 1
LIAR=$TOOLS/liar.so
[ -e "$LIAR" ] || die "no $LIAR"
NEW=198.18.5.9 # listed by the change

# lied KIND:N VERB...: its status in STATUS, what it said in out and err.
lied() {
  local lie=$1
  shift
  STATUS=0
  on_server env LD_PRELOAD="$LIAR" LIE="$lie" LIE_COUNT="$WORK/calls" "$APIGUARD" --config "$ETC/apiguard.toml" \
    --state-dir "$STATE" --run-dir "$RUN" --pin-dir "$PINS" "$@" </dev/null >"$WORK/out" 2>"$WORK/err" || STATUS=$?
}

# Verdicts on office, stranger and the new range, on both interfaces.
verdicts_now() { echo "$(ask 0 "$OFFICE4" "$STRANGER4" "$NEW") $(ask 1 "$OFFICE4" "$STRANGER4" "$NEW")"; }

# What is in force by all that a later verb or a boot goes by.
is_true() {
  local wanted=$1 number
  same "$wanted" "$(verdicts_now)" "$CASE: it says in force"
  expect 0 guard status
  number=$(generation)
  same "$number" "$(cat "$STATE/in-force")" "$CASE: the mark"
  [ -e "$STATE/generations/$number/meta.json" ] || die "$CASE: generation $number is not in the state directory"
  expect 0 guard diff
  same 2 "$(find "$PINS/links" -type f ! -name '*-new' | wc -l)" "$CASE: pins of links"
  [ -e "$PINS/generations/$number/filter" ] || die "$CASE: its filter is not pinned"
}

# try BEFORE AFTER PREPARE VERB...: once for each call of each kind that the verb makes.
try() {
  local before=$1 after=$2 prepare=$3 kind number total
  shift 3
  "$prepare"
  rm -f "$WORK/calls"
  lied none:0 "$@"
  same 0 "$STATUS" "$*: without a lie"
  same "$after" "$(verdicts_now)" "$*: without a lie"
  cp "$WORK/calls" "$WORK/all"
  for kind in link_create link_update pin rename; do
    total=$(grep -c "^$kind " "$WORK/all" || true)
    for ((number = 1; number <= total; ++number)); do
      CASE="$* with a lie about $kind $number of $total"
      "$prepare"
      lied "$kind:$number" "$@"
      ((++TRIED))
      if grep -q 'in force on' "$WORK/out"; then
        is_true "$after"
        same 0 "$STATUS" "$CASE: it says in force"
        ((++BELIEVED))
      else
        [ "$STATUS" -ne 0 ] || die "$CASE: exit status 0, and it does not say what is in force: $(cat "$WORK/out")"
        case $(verdicts_now) in
          "$before") ;;
          *) die "$CASE: refused with $STATUS, and judged is $(verdicts_now): $(cat "$WORK/err")" ;;
        esac
      fi
    done
  done
  say "  $*: $(wc -l <"$WORK/all") calls"
}

from_nothing() {
  guard detach --all >/dev/null 2>&1 || true
  rm -rf "$PINS" "$STATE" "$RUN"
  config interfaces='["gate0", "gate1"]'
  ranges 203.0.113.0/24
}
from_office() {
  from_nothing
  guard apply >/dev/null 2>&1
}
from_audit() {
  from_office
  guard mode audit >/dev/null 2>&1
}
from_two() {
  from_nothing
  config interfaces='["gate0"]'
  guard apply >/dev/null 2>&1
  config interfaces='["gate0", "gate1"]'
}
from_hand_edit() {
  from_office
  ranges 203.0.113.0/24 198.18.5.0/24
}
TRIED=0 BELIEVED=0

step 'The first publish'
try 'PPP PPP' 'PDD PDD' from_nothing apply
step 'An interface joins'
try 'PDD PPP' 'PDD PDD' from_two apply
step 'A change of the list'
try 'PDD PDD' 'PDP PDP' from_office allow 198.18.5.0/24
step 'A list that was edited by hand'
try 'PDD PDD' 'PDP PDP' from_hand_edit apply
step 'A change that is to be confirmed'
try 'PDD PDD' 'PDP PDP' from_office allow 198.18.5.0/24 --confirm-within 1h
step 'From audit to enforce'
try 'PPP PPP' 'PDD PDD' from_audit mode enforce

# A way out keeps what it could do, and does not say more than that.
step 'Ways out'
for kind in link_update pin rename; do
  for ((number = 1; number <= 12; ++number)); do
    from_office
    CASE="mode off with a lie about $kind $number"
    lied "$kind:$number" mode off
    if [ "$STATUS" -eq 0 ]; then same 'PPP PPP' "$(verdicts_now)" "$CASE"; else
      [ "$(verdicts_now)" = 'PPP PPP' ] || grep -q 'generation' "$WORK/err" || die "$CASE: $(cat "$WORK/err")"
    fi
  done
done
[ "$TRIED" -gt 60 ] || die "only $TRIED calls were lied about"
say "$TRIED lies, $BELIEVED of them without harm"
