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
leads frobnicate
leads list --lng
leads status eth0

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
