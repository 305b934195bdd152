# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=bash
# A machine of namespaces with a real sshd, sudo and su: network (that of the server), processes and mounts. Its /usr and
# /etc are this host's with sshd, sudo and our files laid over them. Sourced after lib.sh; skips the test where one of
# these is not to be had.

SSH=${APIGUARD_CACHE:-/var/cache/apiguard-test}/ssh
if command -v sshd >/dev/null && command -v sudo >/dev/null && command -v ssh >/dev/null; then SSH=''; fi
[ -z "$SSH" ] || [ -x "$SSH/usr/sbin/sshd" ] || skip 'no sshd (scripts/test unpacks it)'
unshare --mount mount -t overlay overlay -o lowerdir=/etc:/usr /usr 2>/dev/null || skip 'no overlay file system'
for PROGRAM in pgrep setpriv ss systemd-socket-activate; do
  command -v "$PROGRAM" >/dev/null || skip "no $PROGRAM"
done
LAYER=$WORK/layer INIT=''
at_exit() {
  # Of the test's own end.
  # shellcheck disable=SC2154
  [ "$status" -eq 0 ] || sed 's/^/  log: /' "$WORK/sshd.log" "$WORK/daemon.log" >&2
}

# ---- the machine ----

users() {
  mkdir -p "$LAYER"/etc/{ssh,pam.d} "$LAYER/usr/sbin"
  cat >"$LAYER/etc/passwd" <<TEXT
root:x:0:0:root:/:/bin/sh
sshd:x:101:65534::/run/sshd:/usr/sbin/nologin
alice:x:1000:1000::/:/bin/sh
bob:x:1001:1001::/:/bin/sh
TEXT
  printf '%s\n' root:x:0: alice:x:1000: bob:x:1001: nogroup:x:65534: >"$LAYER/etc/group"
  printf '%s:*:19000:0:99999:7:::\n' root sshd alice bob >"$LAYER/etc/shadow"
  chmod 0600 "$LAYER/etc/shadow"
  for PROGRAM in su sudo sshd; do
    printf '%s required pam_permit.so\n' auth account session password >"$LAYER/etc/pam.d/$PROGRAM"
  done
}

# Bob may keep his whole environment (sudo -E). use_pty is the default of sudo since 1.9.14, Debian 13.
sudo_and_sshd() {
  cat >"$LAYER/etc/sudoers" <<TEXT
Defaults use_pty
root ALL=(ALL) ALL
bob ALL=(root) NOPASSWD:SETENV: ALL
@includedir /run/sudoers.d
TEXT
  chmod 0440 "$LAYER/etc/sudoers"
  cat >"$LAYER/etc/ssh/config" <<TEXT
HostKey /etc/ssh/host_key
AuthorizedKeysFile /run/keys/%u
PermitRootLogin prohibit-password
PasswordAuthentication no
KbdInteractiveAuthentication no
UsePAM no
PidFile none
TEXT
}

# over FOLDER: it is /FOLDER with what the layers have.
over() { echo "mount -t overlay overlay -o lowerdir=$LAYER/$1:${SSH:+$SSH/$1:}/$1 /$1"; }

# start_machine [COMMAND]...: lines for its first process, which sets it up.
start_machine() {
  cat >"$WORK/machine" <<TEXT
set -e
$(over usr)
$(over etc)
mount -t tmpfs -o mode=0755 tmpfs /run
mkdir -m 0755 /run/sshd /run/keys /run/sudoers.d
mkdir -m 1777 /run/open
$(printf '%s\n' "$@")
touch "$WORK/up"
while :; do sleep 1000; done
TEXT
  in_background "$SERVER" unshare --mount --pid --fork --mount-proc --kill-child -- bash "$WORK/machine" </dev/null
  wait_for 'the machine' test -e "$WORK/up"
  INIT=$(pgrep -P $!)
}

# What comes in by nsenter has its parent outside; what is started apart is adopted by PID 1 of the machine.
on_machine() { nsenter --target "$INIT" --mount --pid --net -- "$@"; }
# put MODE FILE: stdin, in the /run of the machine.
put() { on_machine install -m "$1" /dev/stdin "$2"; }
apart() {
  local status
  rm -f "$WORK/status"
  # shellcheck disable=SC2016
  on_machine setsid --fork bash -c '
    "$@" >"$0/apart.out" 2>"$0/apart.err" </dev/null
    echo $? >"$0/status.new" && mv "$0/status.new" "$0/status"' "$WORK" "$@"
  wait_for "the end of $1" test -e "$WORK/status"
  cat "$WORK/apart.out"
  cat "$WORK/apart.err" >&2
  read -r status <"$WORK/status"
  return "$status"
}
# daemon COMMAND...: apart, and stays.
daemon() { on_machine setsid --fork "$@" </dev/null >>"$WORK/daemon.log" 2>&1; }
as() { # USER COMMAND...
  local user=$1
  shift
  apart setpriv --reuid="$user" --regid="$user" --clear-groups -- "$@"
}

# The programs of the machine, in the network of the client.
client() { nsenter --target "$INIT" --mount --net="/run/netns/$CLIENT" -- "$@"; }
SSH_OPTIONS=(-F none -o BatchMode=yes -o IdentitiesOnly=yes -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null
  -o LogLevel=ERROR -o ConnectTimeout=20)
ssh_from() { # SOURCE USER@HOST KEY [ARGUMENT]...
  local source=$1 target=$2 key=$3
  shift 3
  client ssh "${SSH_OPTIONS[@]}" -b "$source" -i "$WORK/$key" "$target" "$@" </dev/null
}
