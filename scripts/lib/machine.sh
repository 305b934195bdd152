# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=bash
# A whole Debian 12 under QEMU: systemd as process 1, a disk that outlives the power, interfaces of virtio on taps of a
# network namespace, and a serial line through which commands are given. Sourced after suite.sh.
#
# make_image once; then start_machine, guest COMMAND..., reboot_machine, cut_power. The disk is a copy.

MACHINE_SUITE=bookworm
# What it is made of, with the libraries the package depends on: the machine has no way to the archive.
MACHINE_PACKAGES=(systemd systemd-sysv udev dbus linux-image-amd64 initramfs-tools zstd iproute2 procps kmod
  libbpf1 libelf1 libfmt9 libmnl0)
MACHINE_DISK=3G
ANSWER_TIMEOUT=${APIGUARD_ANSWER_TIMEOUT:-180}
BOOT_TIMEOUT=${APIGUARD_VM_TIMEOUT:-300}

# ---- the image ----

# image_id: changes with everything the image is made of.
image_id() {
  find "$ROOT/scripts/lib/machine.sh" "$ROOT/tests/vm/machine" -type f -exec cat {} + | sha256sum | cut -c 1-16
}

# make_image: disk, kernel and initramfs in $CACHE/machine. Made under another name and renamed when complete. The folder
# it is made from stays, because the archive is the slow part.
make_image() {
  local target=$CACHE/machine base started=$SECONDS
  [ "$(cat "$target/complete" 2>/dev/null)" = "$(image_id)" ] && return
  base=$CACHE/$MACHINE_SUITE-$(sha256sum <<<"${MACHINE_PACKAGES[*]}" | cut -c 1-16)
  make_machine_root "$base"
  rm -rf "$target" "$target.new"
  mkdir -p "$target.new"
  cp "$base"/boot/vmlinuz-* "$target.new/vmlinuz"
  cp "$base"/boot/initrd.img-* "$target.new/initrd"
  quietly "$target.new/mke2fs.log" mke2fs -q -t ext4 -L machine -d "$base" "$target.new/disk" "$MACHINE_DISK" || return
  image_id >"$target.new/complete"
  mv "$target.new" "$target"
  say "made the machine's disk in $((SECONDS - started)) s"
}

make_machine_root() {
  local base=$1 packages
  packages=$(IFS=, && echo "${MACHINE_PACKAGES[*]}")
  make_suite "$MACHINE_SUITE" "$base" "$packages"
  cp -r "$ROOT"/tests/vm/machine/. "$base/"
  quietly "$base.log" unshare --mount --propagation private -- bash -euo pipefail -c "$(declare -f furnish); furnish \"\$@\"" furnish "$base"
}

# Only the disk's modules are in the initramfs, so that interfaces appear late, as on most hosts: while udev works
# through what it finds, beside everything else that starts then.
furnish() {
  local base=$1
  mount -t proc proc "$base/proc"
  printf '%s\n' virtio_pci virtio_blk ext4 >"$base/etc/initramfs-tools/modules"
  echo MODULES=list >"$base/etc/initramfs-tools/conf.d/modules"
  echo COMPRESS=gzip >"$base/etc/initramfs-tools/conf.d/compress"
  chroot "$base" update-initramfs -u -k all
  chroot "$base" systemctl enable systemd-networkd control.service listener.service
  chroot "$base" systemctl disable apt-daily.timer apt-daily-upgrade.timer e2scrub_all.timer fstrim.timer
  chroot "$base" passwd --delete root
  echo machine >"$base/etc/hostname"
  : >"$base/etc/machine-id"
  rm -rf "$base"/var/cache/apt/archives/*.deb "$base"/usr/share/{doc,locale,man}/*
}

# ---- power ----

# start_machine NAMESPACE [TAP]: with the disk $MACHINE/disk and what lies in $MACHINE/payload as /payload.
start_machine() {
  local netns=$1 tap=${2:-} pipe
  local -a interface=()
  if [ -n "$tap" ]; then
    interface=(-netdev "tap,id=$tap,ifname=$tap,script=no,downscript=no"
      -device "virtio-net-pci,netdev=$tap,mac=02:00:00:00:00:01")
  fi
  for pipe in control monitor; do
    rm -f "$MACHINE/$pipe.in" "$MACHINE/$pipe.out"
    mkfifo "$MACHINE/$pipe.in" "$MACHINE/$pipe.out"
  done
  # -accel tcg on purpose: nested KVM hangs on some hosts and is absent on most CI machines.
  nsenter --net="/run/netns/$netns" -- qemu-system-x86_64 -accel tcg,thread=multi -smp 2 -m 1024 -nodefaults \
    -no-user-config -display none \
    -kernel "$CACHE/machine/vmlinuz" -initrd "$CACHE/machine/initrd" \
    -append 'root=/dev/vda rw console=ttyS0 loglevel=4 panic=-1 systemd.show_status=no' \
    -drive "file=$MACHINE/disk,format=raw,if=virtio,cache=writeback" \
    -drive "file=$MACHINE/payload.img,format=raw,if=virtio,readonly=on" \
    -chardev "file,id=console,path=$MACHINE/console.log,append=on" -serial chardev:console \
    -chardev "pipe,id=control,path=$MACHINE/control" -serial chardev:control \
    -chardev "pipe,id=monitor,path=$MACHINE/monitor" -monitor chardev:monitor \
    "${interface[@]}" \
    </dev/null >>"$MACHINE/qemu.log" 2>&1 &
  QEMU=$!
  # Both ends, so that opening waits for nobody.
  exec {CONTROL_IN}<>"$MACHINE/control.in" {CONTROL_OUT}<>"$MACHINE/control.out" {MONITOR_IN}<>"$MACHINE/monitor.in"
  await_boot
}

# The agent says the id of the boot when it is there.
await_boot() {
  local word id deadline=$((SECONDS + BOOT_TIMEOUT))
  while [ "$SECONDS" -lt "$deadline" ] && kill -0 "$QEMU" 2>/dev/null; do
    read -r -t 5 -u "$CONTROL_OUT" word id || continue
    if [ "$word" = READY ]; then
      BOOT_ID=$id
      return
    fi
  done
  tail -n 40 "$MACHINE/console.log" "$MACHINE/qemu.log" >&2
  die "the machine did not come up within $BOOT_TIMEOUT s"
}

reboot_machine() {
  local before=$BOOT_ID
  guest 'systemctl reboot' || true
  await_boot
  [ "$BOOT_ID" != "$before" ] || die 'the machine did not reboot'
}

# Nothing the guest has not written to its disk survives.
cut_power() {
  kill -KILL "$QEMU"
  wait "$QEMU" 2>/dev/null || true
  exec {CONTROL_IN}>&- {CONTROL_OUT}>&- {MONITOR_IN}>&-
}

monitor() {
  printf '%s\n' "$*" >&"$MONITOR_IN"
}

# ---- commands ----

# guest COMMAND...: run by a shell of the machine; its output and its exit status are this one's.
guest() {
  local line status=''
  printf '%s\n' "$*" | base64 --wrap 0 >&"$CONTROL_IN"
  printf '\n' >&"$CONTROL_IN"
  while IFS= read -r -t "$ANSWER_TIMEOUT" -u "$CONTROL_OUT" line; do
    case $line in
      'END-OF-ANSWER '*) status=${line#* } && break ;;
      *) printf '%s\n' "$line" ;;
    esac
  done
  [ -n "$status" ] || die "no answer of the machine within $ANSWER_TIMEOUT s to: $*"
  return "$status"
}
