# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=bash
# What a release is checked for, and what is made of its artefacts. Sourced after version.sh.

# What a signature is for is part of it: one of this namespace is good for nothing else.
NAMESPACE=apiguard-release

# ---- before anything is built ----

need_version() { # VERSION
  [ "$(tree_version)" = "$1" ] || die "version '$1': CMakeLists.txt says '$(tree_version)'"
  grep -m 1 '^apiguard (' "$CHANGELOG" | grep -qF "apiguard ($1) " ||
    die "version '$1': the newest entry of ${CHANGELOG#"$ROOT"/} has another version"
}

# What is released is a commit, and nothing that lies beside it.
need_commit() {
  local changed
  git -C "$ROOT" rev-parse --verify --quiet HEAD >/dev/null || die "folder '$ROOT': no commit here: release from a clone"
  changed=$(git -C "$ROOT" status --porcelain)
  [ -z "$changed" ] || die "folder '$ROOT': has changes that are not committed:
$changed"
}

# Hours of building are not to end with a key that does not sign.
need_key() { # FILE
  local probe
  probe=$(mktemp)
  echo probe >"$probe"
  ssh-keygen -q -Y sign -f "$1" -n "$NAMESPACE" "$probe" 2>"$probe.why" ||
    die "key '$1': does not sign: $(tail -n 1 "$probe.why")"
  rm -f "$probe" "$probe".*
}

# ---- the artefacts ----

# compare_rounds FIRST SECOND: both have the same files with the same bytes.
compare_rounds() {
  local first=$1 second=$2 file differs=0
  diff <(cd "$first" && find . -type f | sort) <(cd "$second" && find . -type f | sort) ||
    die 'the two builds made different files'
  while read -r file; do
    cmp "$first/$file" "$second/$file" || differs=1
  done < <(cd "$first" && find . -type f | sort)
  [ "$differs" -eq 0 ] || die "the two builds differ: diffoscope says where, for the files in '$first' and '$second'"
}

# changes: what the newest entry of the changelog says.
changes() {
  sed -n '1d; /^ -- /q; p' "$CHANGELOG" | sed -e '/./,$!d' -e 's/^  //'
}

# write_sums FOLDER KEY: SHA256SUMS of everything there, its signature, and a look whether that is good.
write_sums() {
  local folder=$1 key=$2 signers
  (cd "$folder" && find . -type f ! -name 'SHA256SUMS*' -printf '%P\n' | LC_ALL=C sort | xargs -d '\n' sha256sum >SHA256SUMS)
  rm -f "$folder/SHA256SUMS.sig"
  ssh-keygen -q -Y sign -f "$key" -n "$NAMESPACE" "$folder/SHA256SUMS"
  signers=$(mktemp)
  signer_of "$key" >"$signers"
  verify_sums "$folder" "$signers"
  rm -f "$signers"
}

# A line of allowed_signers(5) for the key. FILE is a private key with its public half beside it, or a public one.
signer_of() { # FILE
  local public=$1
  case $public in *.pub) ;; *) public=$1.pub ;; esac
  printf 'apiguard namespaces="%s" %s\n' "$NAMESPACE" "$(cut -d ' ' -f 1,2 "$public")"
}

verify_sums() { # FOLDER SIGNERS
  ssh-keygen -q -Y verify -f "$2" -I apiguard -n "$NAMESPACE" -s "$1/SHA256SUMS.sig" <"$1/SHA256SUMS" >/dev/null ||
    die "file '$1/SHA256SUMS': the signature is not good"
  (cd "$1" && sha256sum --quiet --check SHA256SUMS) || die "folder '$1': a file is not as SHA256SUMS says"
}
