# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=bash
# A guarded host between network namespaces, with a TLS server on port 6443, an office and a stranger. Sourced after
# common.sh by scripts that set APIGUARD to a binary. No interface of this host is touched, and nothing is left.

SERVER_SIDE=apiguard-stage-server-$$
CLIENT_SIDE=apiguard-stage-client-$$
PINS=/sys/fs/bpf/apiguard-stage-$$
# Addresses reserved for documentation, alive only inside the stage.
SERVER4=192.0.2.1 SERVER6=2001:db8::1
OFFICE4=203.0.113.7 OFFICE6=2001:db8:12::7
STRANGER4=198.51.100.66 STRANGER6=2001:db8:bad::66
WORK='' SERVER_PID=''

# nsenter changes the network alone: `ip netns exec` would mount a /sys without bpffs, and neither it nor `ip -n` runs
# where / is no mount point, as in a chroot.
in_netns() {
  local netns=$1
  shift
  nsenter --net="/run/netns/$netns" -- "$@"
}
on_server() { in_netns "$SERVER_SIDE" "$@"; }
on_client() { in_netns "$CLIENT_SIDE" "$@"; }

guard() {
  on_server "$APIGUARD" --config "$WORK/etc/apiguard.toml" --state-dir "$WORK/state" --run-dir "$WORK/run" \
    --pin-dir "$PINS" "$@"
}

mount_bpffs() {
  mountpoint -q /sys/fs/bpf && return
  # Left mounted at the end: by then others may have pins in it, which unmounting would drop.
  mount -t bpf bpf /sys/fs/bpf || die "cannot mount bpffs on /sys/fs/bpf: is this a container without privilege?"
}

# A folder for everything, and an end to all of it however the script ends.
begin_stage() {
  trap cleanup EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM
  WORK=$(mktemp -d)
}

# A guarded host with a TLS server on port 6443, and the rest of the world.
make_stage() {
  mount_bpffs
  mkdir -m 0755 "$WORK/etc"
  echo 'interfaces = ["gate0"]' >"$WORK/etc/apiguard.toml"
  make_namespaces
  start_server
}

# Both ends are born inside the namespaces, so that the host never sees them.
make_namespaces() {
  ip netns add "$SERVER_SIDE"
  ip netns add "$CLIENT_SIDE"
  ip link add gate0 netns "$SERVER_SIDE" type veth peer name world0 netns "$CLIENT_SIDE"
  bring_up "$SERVER_SIDE" gate0 "$SERVER4/32" "$SERVER6/128"
  bring_up "$CLIENT_SIDE" world0 "$OFFICE4/32" "$OFFICE6/128" "$STRANGER4/32" "$STRANGER6/128"
  connect "$SERVER_SIDE" gate0 "$OFFICE4" "$OFFICE6" "$STRANGER4" "$STRANGER6"
  connect "$CLIENT_SIDE" world0 "$SERVER4" "$SERVER6"
}

# nodad: an address that is still being probed for duplicates cannot be used, and we do not wait.
bring_up() {
  local side=$1 device=$2 address
  shift 2
  in_netns "$side" ip link set lo up
  in_netns "$side" ip link set "$device" up
  for address in "$@"; do
    case $address in
      *:*) in_netns "$side" ip address add "$address" dev "$device" nodad ;;
      *) in_netns "$side" ip address add "$address" dev "$device" ;;
    esac
  done
}

connect() {
  local side=$1 device=$2 address
  shift 2
  for address in "$@"; do in_netns "$side" ip route add "$address" dev "$device"; done
}

start_server() {
  mkdir "$WORK/www"
  echo ok >"$WORK/www/livez"
  quietly "$WORK/openssl.log" openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 1 \
    -subj /CN=kubernetes -keyout "$WORK/key.pem" -out "$WORK/certificate.pem"
  (cd "$WORK/www" && exec nsenter --net="/run/netns/$SERVER_SIDE" -- openssl s_server -quiet -WWW \
    -accept 6443 -cert "$WORK/certificate.pem" -key "$WORK/key.pem") >"$WORK/server.log" 2>&1 </dev/null &
  SERVER_PID=$!
  wait_for_server
}

wait_for_server() {
  local attempt
  for attempt in {1..50}; do
    if ask "$OFFICE4" "$SERVER4" >/dev/null 2>&1; then return; fi
    sleep 0.1
  done
  cat "$WORK/server.log" >&2
  die "the TLS server of the stage does not answer after $attempt attempts"
}

# Everything is looked for, whatever of it was made, and one failure does not stop the rest.
cleanup() {
  local status=$? side
  trap - EXIT INT TERM
  set +e
  if [ -d "$PINS" ] && [ -x "$APIGUARD" ]; then guard detach --all >/dev/null 2>&1; fi
  rm -rf "$PINS"
  if [ -n "$SERVER_PID" ]; then kill "$SERVER_PID" 2>/dev/null && wait "$SERVER_PID" 2>/dev/null; fi
  for side in "$SERVER_SIDE" "$CLIENT_SIDE"; do
    if [ -e "/run/netns/$side" ]; then ip netns delete "$side"; fi
  done
  if [ -n "$WORK" ]; then rm -rf "$WORK"; fi
  exit "$status"
}

# ask SOURCE SERVER: what a client does with `kubectl get --raw /livez`.
ask() {
  local server=$2
  case $server in *:*) server="[$server]" ;; esac
  on_client curl --insecure --silent --show-error --noproxy '*' --max-time 2 --interface "$1" "https://$server:6443/livez"
}
