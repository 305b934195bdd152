#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# The examples of scripts/members keep what a cluster or an inventory names listed. What kubectl prints has the shape of
# tests/members/*.json; whatever becomes of the source, nobody who is listed is cut.
. "$(dirname -- "$0")/lib.sh"
MEMBERS=$(cd "$(dirname -- "$0")/../../scripts/members" && pwd)
SAMPLES=$(cd "$(dirname -- "$0")/../members" && pwd)
command -v jq >/dev/null || skip 'no jq'

mkdir "$WORK/bin"
cat >"$WORK/bin/apiguard" <<TEXT
#!/bin/sh
exec "$APIGUARD" --config "$ETC/apiguard.toml" --state-dir "$STATE" --run-dir "$RUN" --pin-dir "$PINS" "\$@"
TEXT
cat >"$WORK/bin/kubectl" <<TEXT
#!/bin/sh
echo "\$*" >"$WORK/asked"
cat "$WORK/answer"
[ "\$(cat "$WORK/status")" = 0 ] || echo 'The connection to the server was refused' >&2
exit "\$(cat "$WORK/status")"
TEXT
chmod +x "$WORK"/bin/*
# answers FILE [STATUS]: what kubectl prints, and how it ends.
answers() {
  cp "$1" "$WORK/answer"
  echo "${2:-0}" >"$WORK/status"
}
member() { on_server env PATH="$WORK/bin:$PATH" "$MEMBERS/$1" "${@:2}" </dev/null; }
leases() { of '/leases/in_force' status; }
unmoved() { # COMMAND...: fails, or says why it does nothing
  local before
  before=$(edition)
  "$@" >"$WORK/out" 2>"$WORK/err" || true
  [ -s "$WORK/err" ] || die "nothing is said: $*"
  same "$before" "$(edition)" "the edition after: $*"
}
plain_config
office
verb apply

step 'Nodes of kubeadm, of both families'
answers "$SAMPLES/kubeadm-dual-stack.json"
expect 0 member kubernetes-nodes
prints '^4 leases added'
grep -q -- '--server=https://127.0.0.1:6443 ' "$WORK/asked" || die "kubectl was asked: $(cat "$WORK/asked")"
passes 192.0.2.10 192.0.2.11 2001:db8:a::10 2001:db8:a::11
expect 0 member kubernetes-nodes
prints '^4 leases unchanged'

step 'Nodes of a cloud: both of their addresses, or one of them; names are none'
answers "$SAMPLES/cloud.json"
expect 0 member kubernetes-nodes cloud 1h ExternalIP
passes 198.51.100.21 198.51.100.22
drops 10.0.0.4
expect 0 member kubernetes-nodes cloud 1h
passes 10.0.0.4 10.0.0.5 198.51.100.21
passes 192.0.2.11 # of another name, and not named any more

step 'A node that has no address yet'
answers "$SAMPLES/joining.json"
expect 0 member kubernetes-nodes
prints '^1 lease added'
passes 192.0.2.30

step 'The source dies, is refused, comes empty, is cut off, lies: nothing changes'
for status in 1 137; do
  answers /dev/null "$status"
  unmoved member kubernetes-nodes
done
answers "$SAMPLES/cloud.json" 1 # printed, and failed at the end
unmoved member kubernetes-nodes new
for sample in forbidden empty; do
  answers "$SAMPLES/$sample.json"
  unmoved member kubernetes-nodes
done
answers /dev/null
unmoved member kubernetes-nodes
for bytes in 1 100 900 1500; do
  head -c "$bytes" "$SAMPLES/kubeadm-dual-stack.json" >"$WORK/cut"
  answers "$WORK/cut"
  unmoved member kubernetes-nodes other
done
sed 's/192\.0\.2\.10/192.0.2.10\/8/' "$SAMPLES/kubeadm-dual-stack.json" >"$WORK/lie"
answers "$WORK/lie"
unmoved member kubernetes-nodes other
complains "standard input:[0-9]+: '192\.0\.2\.10/8': no address"
passes 192.0.2.10 192.0.2.11 2001:db8:a::10 10.0.0.4 192.0.2.30

step 'Any inventory'
expect 0 member inventory ci 1h printf '192.0.2.40\n2001:db8:a::40\n'
passes 192.0.2.40 2001:db8:a::40
unmoved member inventory ci 1h true
unmoved member inventory ci 1h sh -c 'echo broken >&2; exit 1'
unmoved member inventory ci 1h sh -c 'echo 192.0.2.41; echo broken >&2; exit 3'
unmoved member inventory ci 1h echo node-7
unmoved member inventory ci
drops 192.0.2.41

step 'Two hundred members are replaced, and nobody who lives is cut'
{
  echo 'interfaces = ["gate0"]'
  printf '%s\n' '[leases]' 'max = 1000'
} >"$ETC/apiguard.toml"
verb apply
before=$(generation)
alive() { for ((i = $1; i < $1 + 20; ++i)); do echo "10.9.$((i / 250)).$((i % 250 + 1))"; done; }
for ((first = 0; first <= 180; first += 10)); do
  alive "$first" >"$WORK/alive"
  expect 0 member inventory pool 1h cat "$WORK/alive" >/dev/null
  mapfile -t now <"$WORK/alive"
  passes "${now[@]}"
  case $first in
    50) verb allow 198.18.1.0/24 >/dev/null ;;
    60) verb revoke 198.18.1.0/24 >/dev/null ;;
    70) verb allow 198.18.2.0/24 --confirm-within 1h >/dev/null ;;
    90) verb confirm >/dev/null ;;
    100) verb rollback >/dev/null ;;
  esac
done
same $((before + 4)) "$(generation)" 'generations: those of people alone'
