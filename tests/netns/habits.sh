#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# An operator who knows ufw, nft, kubectl and systemctl types what the hands know. Each answer is one line with a command
# of ours, and that command works.
. "$(dirname -- "$0")/lib.sh"
printf '%s\n' '203.0.113.0/24 name=office' '2001:db8:12::/48 name=office' '198.51.100.7' >"$WORK/list"

# The same list in force each time, with a generation before it, and nobody in between.
begin() {
  plain_config
  cp "$WORK/list" "$ETC/authorized-ranges"
  guard apply --accept-risk all >/dev/null 2>&1
  guard mode audit >/dev/null 2>&1
  guard mode enforce --accept-risk all >/dev/null 2>&1
}

# works COMMAND: what an answer names, its capitals filled in, does what it says.
works() {
  local words allowed=0 status=0
  words=$1
  words=${words//NAME|CIDR/office}
  words=${words//CIDR,CIDR,.../203.0.113.0\/24,198.18.0.0\/24}
  words=${words//CIDR/198.18.0.0\/24}
  words=${words//ADDRESS/$OFFICE4}
  words=${words//FILE/$WORK/list}
  words=${words//VERB/allow}
  case $words in
    watch) words='watch --for 1s' ;;
    except*) words='except 203.0.113.0/25' ;;
    run) return ;; # netns.supervisor
    diff) allowed=1 ;;
    init) allowed=4 ;; # it exists, and differs
  esac
  begin
  # shellcheck disable=SC2086
  EDITOR=true guard $words >"$WORK/out2" 2>"$WORK/err2" || status=$?
  [ "$status" -le "$allowed" ] || die "'apiguard $words' ends with $status: $(cat "$WORK/err2")"
}

# leads WORDS...: a usage error in one line, whose commands work.
leads() {
  local command found=''
  expect 2 guard "$@"
  same 1 "$(wc -l <"$WORK/err")" 'lines of the answer'
  sed 's/^/  /' "$WORK/err"
  while read -r command; do
    [ -n "$command" ] || continue
    works "$command"
    found=yes
  done < <(grep -oE "'apiguard [^']+'" "$WORK/err" | sed "s/^'apiguard //; s/'\$//")
  [ -n "$found" ] || die "the answer to '$*' names no command"
}

step 'ufw'
leads enable
leads disable
leads delete allow 203.0.113.0/24
leads deny 192.0.2.1
leads reload
leads logging on
leads reset

step 'nft, ipset, firewall-cmd, fail2ban'
leads add rule inet filter input
leads del office
leads flush ruleset
leads show
leads save
leads restore
leads test 192.0.2.1
leads banned
leads --list-all
leads --add-source=192.0.2.1

step 'kubectl and the clouds'
leads get ranges
leads describe office
leads explain 192.0.2.1
leads logs -f
leads top
leads delete -f office.yaml
leads create 192.0.2.1
leads update --authorized-ip-ranges 192.0.2.1

step 'Options in place of verbs, and words in front of them'
leads -A INPUT -s 192.0.2.1
leads -D INPUT 1
leads -F
leads -Z
leads --enable
leads --status
leads sudo status
leads systemctl status
leads default deny
leads audit
leads install
leads cancel
leads grep office
leads zero

step 'systemctl'
leads start
leads stop
leads restart
leads is-active
leads daemon
leads undo

step 'What is misspelt, cut short or no verb at all'
leads statsu
leads alow 192.0.2.1
leads hist
leads 192.0.2.0/24
leads frobnicate
leads list --lng
leads status eth0

step 'Arguments that are none: what to write instead'
# says WORDS ANSWER: the answer to the usage error holds this.
says() {
  local answer=${*: -1}
  expect 2 guard "${@:1:$#-1}"
  complains "$answer"
}
begin
says allow 203.0.113.10-203.0.113.20 '203\.0\.113\.10/31 203\.0\.113\.12/30 203\.0\.113\.16/30 203\.0\.113\.20/32$'
verb allow 203.0.113.10/31 203.0.113.12/30 203.0.113.16/30 203.0.113.20/32
says allow office.example.com 'getent ahosts office\.example\.com'
says allow 192.0.2.0/24,198.51.100.0/24 'spaces between ranges.*: 192\.0\.2\.0/24 198\.51\.100\.0/24$'
says allow 192.0.2.0/24 office 'name office$'
says allow 192.0.2.0/24 comment office 'argument .comment.: write --why TICKET, or --name NAME'
says allow 192.0.2.0/24 for 2h 'write --for DURATION'
says allow 192.0.2.0/24 until 2027-01-01 'write --until TIME'
says allow localhost 'the loopback is not filtered'
says allow 6443/tcp "ports go into 'endpoints'"
says allow 10.0.0.0/255.255.0.0 'write /16$'
says allow 192.0.2.1 --timeout 3600 "'--for DURATION'"
says set -f "$WORK/list" "'--file FILE'"
says apply -f x.list "'--with NAME.list=FILE'"
says apply --dry-run=client "option '--dry-run': takes no value"
says revoke --all 'no verb empties the list'
says rollback --to 1 "'apiguard rollback N'"
says rollback undo "'apiguard rollback' restores the previous one"
says allow 203.0.113.7:6443 'no port .*endpoints.*: write 203\.0\.113\.7$'
says allow https://203.0.113.7:6443 'not a source'
says allow ::ffff:10.0.0.0/104 "write '10\.0\.0\.0/8'"
says allow '10.0.*.*' 'write 10\.0\.0\.0/16$'
says allow any '0\.0\.0\.0/0 and ::/0'
says allow from 192.0.2.1 "'apiguard allow CIDR'"
says allow 192.0.2.1 --for 2hours 'write 2h$'
says allow 192.0.2.1 --for 100ms 'write 1s$'
says allow 192.0.2.1 --for 1w 'write 7d$'
says allow 192.0.2.1 --name 'ci runner' "'ci-runner' is one"
says check 198.51.100.0/24 "'apiguard list 198\.51\.100\.0/24'"
says check 192.0.2.1 --to :6443 'as in 10\.0\.0\.1:6443'
says mode enforcing "did you mean 'enforce'"
EDITOR=no-such-editor expect 4 guard edit
complains 'not found: .*EDITOR=vi'
keeps expect 7 guard allow 10.0.0.0/7
complains 'narrower'
complains 'apiguard .*allow 10\.0\.0\.0/7 --accept-risk wide'
chmod 0755 "$WORK"
expect 4 on_server setpriv --reuid=65534 --regid=65534 --clear-groups "$APIGUARD" --config "$ETC/apiguard.toml" \
  --state-dir "$STATE" --run-dir "$RUN" --pin-dir "$PINS" allow 192.0.2.1
complains "needs root: .*sudo apiguard allow 192\.0\.2\.1"
echo 'deny 192.0.2.0/24' >>"$ETC/authorized-ranges"
expect 3 guard validate
complains "'except'"
begin
printf '%s\n' 'ranges = ["192.0.2.1"]' 'port = 6443' >>"$ETC/apiguard.toml"
expect 3 guard validate
complains 'authorized-ranges, one per line'
complains "'endpoints'"
begin
echo 'policy = "deny"' >>"$ETC/apiguard.toml"
expect 3 guard validate
complains "unknown key 'policy': the key is 'mode'"
begin
printf '%s\n' '!192.0.2.0/24' '192.0.2.0/24 comment=office' '192.0.2.0/24 for=2h' '"192.0.2.0/24"' >>"$ETC/authorized-ranges"
expect 3 guard validate
complains "unexpected '!': 'except CIDR' excludes"
complains "unknown key 'comment': write why=TICKET"
complains "unknown key 'for': write until=TIME"
complains 'unexpected quotes around'

step 'A dry run stays one, and says what it would do'
begin
expect 7 guard allow 10.0.0.0/7 --dry-run
complains 'dry run: the change would be refused; to make it for real: apiguard .*--accept-risk wide'
guard mode off >/dev/null
expect 0 guard detach --all --dry-run
prints 'the mode drops nothing: every source gets in already'

step 'What people type works'
begin
expect 0 guard help
prints 'Usage: apiguard'
expect 0 guard help allow
prints 'Usage: apiguard allow'
expect 0 guard -V
prints '^apiguard [0-9]'
for words in '--json status' 'status -o json' '-o json status' 'status --output=json'; do
  # shellcheck disable=SC2086
  expect 0 guard $words
  same enforce "$("$TOOLS/json" /mode <"$WORK/out")" "$words"
done
keeps expect 2 guard allow 192.0.2.1/40 --json
same 'false 2' "$("$TOOLS/json" /changed /error/exit <"$WORK/out" | xargs)" 'the answer in JSON'

step 'list shows what is meant'
# meant CIDRS WORDS...: what list shows of these.
meant() { verb list "${@:2}" --json && same "$1" "$(grep -oE '"cidr": "[^"]+' "$WORK/out" | cut -d'"' -f4 | xargs)" "list ${*:2}"; }
meant '203.0.113.0/24 2001:db8:12::/48' office
meant '203.0.113.0/24' 203.0.113.64/26
meant '198.51.100.7/32 203.0.113.0/24' 192.0.0.0/4
meant '2001:db8:12::/48' "$OFFICE6"
meant '' nobody
complains '^no entry in force matches'
verb list nobody
same '' "$(cat "$WORK/out")" 'a table of nothing'

step 'An answer in words is no error'
begin
for words in denied 'denied --since 1h' suggest; do
  # shellcheck disable=SC2086
  verb $words
  complains '^no source was'
  silent_about '^apiguard: '
done

command -v script >/dev/null || {
  left_out 'no script'
  exit 0
}
PLACES="--config $ETC/apiguard.toml --state-dir $STATE --run-dir $RUN --pin-dir $PINS"
# on_terminal WORDS: on one of 24 rows and 80 columns; what it shows is in $WORK/terminal.
on_terminal() {
  nsenter --net="/run/netns/$SERVER" -- env TERM=dumb script -qec "stty rows 24 cols 80; $APIGUARD $PLACES $*" /dev/null \
    </dev/null 2>&1 | tr -d '\r' >"$WORK/terminal" || true
}
# fits WORDS: no line is wider than the terminal.
fits() {
  on_terminal "$@"
  if grep -E '^.{81,}' "$WORK/terminal"; then die "'$*' does not fit 80 columns"; fi
  [ -s "$WORK/terminal" ] || die "'$*' shows nothing"
}
shows() { grep -Eq -- "$1" "$WORK/terminal" || die "no line matches '$1': $(cat "$WORK/terminal")"; }

step 'Tables fit 80 columns, with how far away a time is; elsewhere, and with --wide, they are whole'
begin
drops "$STRANGER4" "$STRANGER6"
verb allow 198.51.100.128/25 --for 2h --name ci-runner-12345
verb allow 2001:db8:1234:5678:9abc:def0:1234:5678 --name a-name
fits list
shows '^198\.51\.100\.128/25 +allow +ci-runner-12345 +in (1|2) h'
fits denied
shows "^$STRANGER6 .*[0-9] s ago +not listed\$"
fits check 192.0.2.1
shows '^192\.0\.2\.1 +drop +unlisted$'
fits history
shows '^[0-9]+ +[0-9]+ (s|min) ago'
on_terminal list --wide
shows 'ORIGIN'
shows 'T[0-9:]+Z \(in (1 h 59 min|2 h)\)'
verb list
prints 'ORIGIN'

step 'What was said of older lines is a count'
ranges 203.0.113.0/24 2001:db8:12::/48 10.0.0.0/7 203.0.113.0/24
verb apply --accept-risk all
complains 'authorized-ranges:3:1: '
verb allow 192.0.2.0/24
complains "2 older warnings: 'apiguard validate' shows them"
silent_about 'authorized-ranges:3:1'
verb allow 192.0.2.9 --json
[ "$("$TOOLS/json" /warnings# <"$WORK/out")" -ge 2 ] || die 'the JSON has no older warnings'
verb validate
complains 'authorized-ranges:3:1: '

step 'init fits a screen'
rm "$ETC/apiguard.toml" "$ETC/authorized-ranges"
on_terminal init --root "$(dirname -- "$0")/../hosts/kubeadm"
shows 'apiguard mode enforce --confirm-within'
[ "$(fold -w 80 "$WORK/terminal" | wc -l)" -le 23 ] || die "init does not fit: $(cat "$WORK/terminal")"

# interrupted WORDS...: Ctrl-C once $QUESTION is asked.
interrupted() {
  local asking
  rm -f "$WORK/keys" "$WORK/terminal"
  mkfifo "$WORK/keys"
  nsenter --net="/run/netns/$SERVER" -- env --default-signal=INT \
    script -qec "$APIGUARD $PLACES $*" /dev/null <"$WORK/keys" >"$WORK/terminal" 2>&1 &
  asking=$!
  PIDS+=("$asking")
  exec {KEYS}>"$WORK/keys"
  wait_for 'the question' grep -q "$QUESTION" "$WORK/terminal"
  printf '\003' >&"$KEYS"
  STATUS=0
  wait "$asking" || STATUS=$?
  exec {KEYS}>&-
  same 130 "$STATUS" "$(cat "$WORK/terminal")"
}

step 'Ctrl-C at a question says what goes on'
begin
QUESTION='Go on' keeps interrupted allow 10.0.0.0/7
shows 'nothing was changed: the generation in force stays'
QUESTION='Keep generation' changes interrupted allow 192.0.2.0/24 --confirm-within 1m
shows "generation [0-9]+: is in force and not kept: undone in .*'apiguard confirm' keeps it"
same false "$(status_of /confirmed)"
verb confirm
