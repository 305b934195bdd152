#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# A host without a configuration: init proposes one from the files, the interfaces and the connected clients, which
# validates, applies and names who would be cut. A file that exists is never overwritten without a yes.
. "$(dirname -- "$0")/lib.sh"
TOML=$ETC/apiguard.toml
HOST=$WORK/host
MANIFEST=$HOST/etc/kubernetes/manifests/kube-apiserver.yaml
NODE4=10.20.0.6

# A second wire, to the nodes, and a third to a pod of this host.
make_wire() {
  local name=$1 far=$2 near4=$3 far4=$4
  ip link add "$name" netns "$SERVER" type veth peer name "$far" netns "$CLIENT"
  bring_up "$SERVER" "$name" "$near4"
  bring_up "$CLIENT" "$far" "$far4"
}

# hold NAME SOURCE ADDRESS: a client that stays.
hold() {
  local fd
  mkfifo "$WORK/$1.in"
  nsenter --net="/run/netns/$CLIENT" -- "$TOOLS/connect" --hold "$2" "$3" 6443 2000 <"$WORK/$1.in" \
    >"$WORK/$1.out" 2>&1 &
  PIDS+=($!)
  exec {fd}>"$WORK/$1.in"
  wait_for "$1 to be connected" grep -qx answered "$WORK/$1.out"
}

# Every file and folder of the configuration, and what is in it.
tree() { find "$ETC" -printf '%p %m %U %s %T@ %i\n' | sort && find "$ETC" -type f -exec sha256sum {} + | sort; }
stays() {
  local before
  before=$(tree)
  "$@"
  same "$before" "$(tree)" 'the folder of the configuration'
}

rm -r "$ETC"
make_wire nodes0 node0 10.20.0.5/24 "$NODE4/24"
make_wire pod0 eth0 10.244.0.1/24 10.244.0.2/24
on_server ip route add default via "$OFFICE4" dev gate0 onlink
start_listener
hold node "$NODE4" 10.20.0.5
hold office "$OFFICE4" "$SERVER4"
hold office-too "$OFFICE4" "$SERVER4"
hold stranger "$STRANGER4" "$SERVER4"
hold pod 10.244.0.2 10.244.0.1

step 'A host that says nothing: the usual port, no file with --print, and status 0'
mkdir -p "$HOST"
expect 0 guard init --root "$HOST" --print
complains 'no file of kubeadm, k3s or RKE2'
complains '6443 is a guess'
complains '0 in the ranges of .cluster., 2 outside, 1 on nodes0, .* 1 on pod0, which is not guarded'
prints '^  "gate0", +# default route; 198\.51\.100\.1/32, 2001:db8:1::1/128$'
prints '^  "6443", '
[ ! -e "$ETC" ] || die '--print made a folder'
cp "$WORK/out" "$WORK/alone.toml"
expect 0 guard validate "$WORK/alone.toml"
silent_about warning

step 'kubeadm: the proposal is written, in a folder of its own'
mkdir -p "${MANIFEST%/*}"
printf '%s\n' 'spec:' '  containers:' '  - command:' '    - kube-apiserver' '    - --advertise-address=10.20.0.5' \
  "    - '--secure-port=6443'" '    image: x' >"$MANIFEST"
printf '%s\n' 'spec:' '  containers:' '  - command:' '    - kube-controller-manager' \
  '    - --cluster-cidr=10.244.0.0/16' >"${MANIFEST%/*}/kube-controller-manager.yaml"
verb init --root "$HOST"
prints "^  $MANIFEST: kubeadm: port 6443, advertise-address 10\.20\.0\.5\$"
prints '1 in the ranges of .cluster., 2 outside, 1 on pod0'
prints 'load balancers'
prints "^wrote $TOML: mode audit"
silent_about 'warning|not complete yet'
same '755 0 644 0' "$(stat -c '%a %u' "$ETC" "$TOML" | xargs)"
grep -Eq '^#   apiguard allow 203\.0\.113\.7 --name NAME   # 2 connections$' "$TOML" || die "$(cat "$TOML")"
grep -Eq '^#   apiguard allow 192\.0\.2\.7 --name NAME   # 1 connection$' "$TOML" || die "$(cat "$TOML")"

step 'It validates, applies, and in audit nobody is cut'
verb validate
silent_about warning
prints '^OK: 2 ranges \(2 IPv4, 0 IPv6\), 1 endpoint'
verb apply
same '1 audit gate0 nodes0' \
  "$(generation) $(status_of /mode) $(status_of /interfaces/0/name) $(status_of /interfaces/1/name)"
not_enforced
counts would_drop unlisted 1 passes "$STRANGER4"

step 'enforce names who is not in it; the commands of the file list them'
expect 7 guard mode enforce
complains '2 connected clients would be cut:'
pasted=$(sed -n 's/^#   apiguard allow \(203\.0\.113\.7\) --name NAME .*/\1/p' "$TOML")
verb allow "$pasted" --name office
verb mode enforce --accept-risk drop-peers
passes "$OFFICE4"
drops "$STRANGER4"
same answered "$(on_client "$TOOLS/connect" "$NODE4" 10.20.0.5 6443 10000)" 'a node'

step 'A file that exists stays, byte for byte: no terminal, no yes'
stays expect 4 guard init --root "$HOST"
complains "^apiguard: file '$TOML': write: it exists, and nothing was changed"
[ ! -s "$WORK/out" ] || die 'something was printed'
stays expect 0 guard init --root "$HOST" --print
echo 'not even TOML' >"$TOML"
stays expect 4 guard init --root "$HOST"
rm "$TOML"
ln -s /nowhere/apiguard.toml "$TOML"
stays expect 4 guard init --root "$HOST"
rm "$TOML"

step 'What is the same already is left as it is'
verb init --root "$HOST"
stays verb init --root "$HOST"
prints '^unchanged: '

step 'On a terminal: the difference, the question, and what the answer does'
on_terminal() {
  nsenter --net="/run/netns/$SERVER" -- script -qec \
    "$APIGUARD --config $TOML --run-dir $RUN init --root $HOST" /dev/null <<<"$1" >"$WORK/terminal" 2>&1 || true
}
shows() { grep -Eq -- "$1" "$WORK/terminal" || die "no line matches '$1': $(cat "$WORK/terminal")"; }
if command -v script >/dev/null; then
  sed 's/"10\.244\.0\.0\/16",/"10.245.0.0\/16",/' "$TOML" >"$WORK/edited"
  cat "$WORK/edited" >"$TOML"
  chmod 0600 "$TOML"
  stays on_terminal n
  shows '- +"10\.245\.0\.0/16",'
  shows '\+ +"10\.244\.0\.0/16",'
  shows 'nothing was changed'
  stays on_terminal ''
  on_terminal y
  shows 'mode audit'
  grep -q '^  "10\.244\.0\.0/16",' "$TOML" || die "$(cat "$WORK/terminal")"
  same 600 "$(stat -c %a "$TOML")" 'the mode of the file'
else
  left_out 'no script'
fi

step 'A full disk leaves no half of a file'
mount_over "$ETC" -t tmpfs -o size=4k,mode=0755 apiguard-test
head -c 4096 /dev/zero >"$ETC/full" || true
expect 4 guard init --root "$HOST"
complains 'no space left on device'
same full "$(ls -A "$ETC")" 'what is left in the folder'
