#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# What the README says: its commands are run as they stand there, and its table of ways is tried.
. "$(dirname -- "$0")/lib.sh"
README=$(dirname -- "$0")/../../README.md

# commands_under HEADING: the commands of the code blocks under it, without their comments.
commands_under() {
  awk -v heading="## $1" '
    $0 == heading { on = 1; next }
    on && /^## / { exit }
    on && /^```/ { code = !code; next }
    on && code { sub(/ +#.*/, ""); print }' "$README"
}

# row CLIENTS RESULT: the table has this row.
row() {
  step "$1: $2"
  grep -qxF "| $1 | $2 |" "$README" || die "the README has no row '| $1 | $2 |'"
}

probe_on() { "$TOOLS/probe" "$CLIENT/world$1" "$SERVER/gate$1" "$2"; }

step 'The first hour'
on_server ip route add default via "$OFFICE4" dev gate0 onlink
start_listener
rm -r "$ETC"
mkdir "$WORK/host"
mapfile -t HOUR < <(commands_under 'The first hour' | grep '^apiguard ')
same 5 "${#HOUR[@]}" 'commands of the first hour'
for COMMAND in "${HOUR[@]}"; do
  read -ra WORDS <<<"${COMMAND#apiguard }"
  case ${WORDS[0]} in
    init) verb "${WORDS[@]}" --root "$WORK/host" ;;
    mode)
      # On a terminal this is a question.
      expect 7 guard "${WORDS[@]}"
      complains "$STRANGER4"
      verb "${WORDS[@]}" --accept-risk drop-peers
      drops "$STRANGER4"
      verb confirm
      ;;
    *) verb "${WORDS[@]}" ;;
  esac
  case ${WORDS[0]} in
    allow)
      same audit "$(status_of /mode)"
      answered "$OFFICE4"
      answered "$STRANGER4"
      ;;
    suggest) prints "$STRANGER4" ;;
    denied) prints "^$STRANGER4 " ;;
  esac
done
unanswered "$STRANGER4"
answered "$OFFICE4"

step 'Locked out: a second rollback returns to what the first one left'
verb rollback
passes "$STRANGER4"
# On a terminal this is a question.
expect 7 guard rollback
verb rollback --accept-risk all
drops "$STRANGER4"

step 'Locked out: each command is enough'
mapfile -t WAYS < <(commands_under 'Locked out')
same 4 "${#WAYS[@]}" 'recovery commands'
for WAY in "${WAYS[@]}"; do
  drops "$STRANGER4"
  case $WAY in
    'apiguard '*)
      read -ra WORDS <<<"${WAY#apiguard }"
      verb "${WORDS[@]}"
      ;;
    'systemctl stop apiguard; rm -r /sys/fs/bpf/apiguard') rm -r "$PINS" ;;
    *) die "'$WAY' is not known here" ;;
  esac
  wait_for 'the stranger to pass' passes "$STRANGER4"
  # A list verb does not attach what a person took off.
  verb apply --accept-risk all
  verb mode enforce --accept-risk all
done
drops "$STRANGER4"

row "the host's own address" works
plain_config
office
verb apply --accept-risk all
enforced

row 'a VIP of keepalived or kube-vip' "works; use bare ports in \`endpoints\`, and the same list on every host (kube-vip with IPVS: see apiguard(7))"
bring_up "$SERVER" gate0 198.51.100.9/32
know "$CLIENT" world0 02:00:00:00:00:01 198.51.100.9
unanswered "$STRANGER4" 6443 198.51.100.9
answered "$OFFICE4" 6443 198.51.100.9

row 'haproxy on the host' \
  "works with haproxy's port in \`endpoints\` and the control-plane hosts in \`cluster\`; without the port, everybody gets in"
answered "$STRANGER4" 8443
config endpoints='[6443, 8443]'
verb apply
unanswered "$STRANGER4" 8443
answered "$OFFICE4" 8443
plain_config
verb apply

row 'a load balancer that keeps sources' 'works if the sources of its health checks are listed'
drops 198.18.5.1
verb allow 198.18.5.0/24 --name health-checks
passes 198.18.5.1
drops "$STRANGER4"

row 'a load balancer that replaces sources' \
  'cannot tell clients apart: filter at the load balancer, and list only its addresses here'
# Nothing to try: the balancer's address is one source, whoever is behind it.

row 'a private NIC' "filtered only if \`interfaces\` has that NIC"
make_pair 1
same "$STRANGER4 pass" "$(probe_on 1 "$STRANGER4")"
config interfaces='["gate0", "gate1"]'
verb apply
same "$STRANGER4 drop" "$(probe_on 1 "$STRANGER4")"

row "a NIC with Cilium's XDP acceleration" 'cannot be guarded: a NIC holds one XDP program; apiguard exits with status 5'
ip link add gate9 netns "$SERVER" type veth peer name world9 netns "$CLIENT"
on_server bpftool net attach xdpgeneric pinned "$PINS/generations/$(generation)/filter" dev gate9
config interfaces='["gate9"]'
expect 5 guard apply
