#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# The right door is guarded: apply, mode, validate and status say where a listener answers beside the endpoints. The
# unfiltered kernel is the judge: what is said to be open is answered, and what is not is not.
. "$(dirname -- "$0")/lib.sh"

LISTENER=''
listen() { # [-4|-6] PORT|ADDRESS:PORT
  in_background "$SERVER" "$TOOLS/listener" "$@" >"$WORK/listener"
  LISTENER=$!
  wait_for "a listener at $*" grep -x ready "$WORK/listener"
}
hang_up() {
  kill "$LISTENER"
  wait "$LISTENER" 2>/dev/null || true
}
says_nothing() { silent_about 'also answers|no interface has|nothing listens'; }
# Every verb that looks says it, and those that change the list do not.
all_say() {
  local json
  verb validate && complains "$1"
  verb apply && complains "$1"
  guard status >"$WORK/out" 2>"$WORK/err" && complains "$1"
  json=$(guard status --json 2>/dev/null | "$TOOLS/json" /warnings/0)
  grep -Eq -- "$1" <<<"$json" || die "status --json has '$json'"
  verb mode audit && verb mode enforce --accept-risk all && complains "$1"
  verb allow 198.18.9.0/24 && says_nothing
  verb revoke 198.18.9.0/24 && says_nothing
  verb apply --boot && says_nothing
}

step 'One listener for all, and an endpoint that covers it: nothing to say'
listen 6443
verb apply
says_nothing
verb validate
says_nothing
verb status
says_nothing
same 0 "$(guard status --json | "$TOOLS/json" '/warnings#')"

step 'Bound to one address of IPv4: the IPv6 side and a floating address are open'
on_server ip address add 198.51.100.100/32 dev gate0
on_client ip route add 198.51.100.100/32 via "$SERVER4" dev world0 onlink
config "endpoints=[\"$SERVER4:6443\"]"
all_say "also answers at .*$SERVER6.*198\\.51\\.100\\.100, which no endpoint covers"
unanswered "$STRANGER4"
answered "$STRANGER6"
answered "$STRANGER4" 6443 198.51.100.100

step 'The address of another interface counts as well: it is reached through any interface'
on_server ip link add aside0 type veth peer name aside1
on_server ip address add 198.18.200.1/24 dev aside0
on_server ip link set aside0 up
verb validate
complains '198\.18\.200\.1'
on_server ip link delete aside0

step 'All of them named one by one: nothing to say but of link-local ones'
config "endpoints=[\"$SERVER4:6443\", \"[$SERVER6]:6443\", \"198.51.100.100:6443\"]"
verb apply
silent_about "at .*($SERVER6|198\\.51\\.100\\.100)"
unanswered "$STRANGER6"
unanswered "$STRANGER4" 6443 198.51.100.100
hang_up

step 'A listener of one family, and of one address'
listen -6 6443
config "endpoints=[\"[$SERVER6]:6443\"]"
verb apply
silent_about "answers at .*198\\.51\\.100\\."
hang_up
listen 198.51.100.100:6443
config "endpoints=[\"$SERVER4:6443\"]"
verb validate
complains 'also answers at 198\.51\.100\.100, which'
complains "endpoints $SERVER4:6443: nothing listens there"
config "endpoints=[\"198.51.100.100:6443\"]"
verb apply
says_nothing
hang_up

step 'An address that no interface has, yet'
listen -4 6443
config 'endpoints=["6443", "198.51.100.200:6443"]'
all_say "endpoint '198\\.51\\.100\\.200:6443': no interface has this address"
on_server ip route add local 198.51.100.200/32 dev lo
verb validate
says_nothing
on_server ip route delete local 198.51.100.200/32 dev lo
hang_up

step 'The API server listens elsewhere'
listen 7443
plain_config
all_say 'endpoints 6443: nothing listens there'
answered "$STRANGER4" 7443
verb mode audit
silent_about 'nothing listens'
verb mode off
says_nothing
hang_up

step 'Whoever is not root gets it with the snapshot'
verb mode enforce --accept-risk all
in_background "$SERVER" "$APIGUARD" --config "$ETC/apiguard.toml" --state-dir "$STATE" --run-dir "$RUN" --pin-dir "$PINS" run </dev/null
wait_for 'a snapshot' test -s "$RUN/status.json"
chmod 0755 "$WORK" "$RUN"
status=0
on_server setpriv --reuid=65534 --regid=65534 --clear-groups "$APIGUARD" --config "$ETC/apiguard.toml" --state-dir "$STATE" \
  --run-dir "$RUN" --pin-dir "$PINS" status >"$WORK/out" 2>"$WORK/err" || status=$?
same 0 "$status" "$(cat "$WORK/err")"
complains 'endpoints 6443: nothing listens there'
