#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# What scripts/release checks and makes, on artefacts of a few bytes: it refuses what must not be released, sees a byte
# that two builds do not share, and signs what anybody can verify with ssh-keygen and sha256sum alone.
set -euo pipefail
export LC_ALL=C
TREE=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/../.." && pwd -P)
. "$TREE/scripts/lib/common.sh"
. "$TREE/scripts/lib/version.sh"
. "$TREE/scripts/lib/release.sh"
WORK=$(mktemp -d)
trap 'rm -rf "$WORK"' EXIT

# refuses PATTERN COMMAND...: it ends the program, and says so.
refuses() {
  local pattern=$1
  shift
  if ("$@") >"$WORK/said" 2>&1; then die "was not refused: $*"; fi
  grep -E -- "$pattern" "$WORK/said" >/dev/null || die "'$*' did not say '$pattern': $(cat "$WORK/said")"
}

# A tree of its own, because what is refused depends on what is committed.
make_tree() {
  ROOT=$WORK/tree
  CHANGELOG=$ROOT/changelog
  mkdir -p "$ROOT"
  echo 'project(apiguard VERSION 1.2.3 LANGUAGES CXX)' >"$ROOT/CMakeLists.txt"
  cat >"$CHANGELOG" <<'TEXT'
apiguard (1.2.3) unstable; urgency=medium

  The first words.

  * New: this.

 -- somebody <somebody@example.invalid>  Sun, 29 Nov 2026 19:00:00 +0000

apiguard (1.2.2) unstable; urgency=medium

  * Old: that.

 -- somebody <somebody@example.invalid>  Fri, 27 Nov 2026 02:15:28 +0000
TEXT
  git -C "$ROOT" init --quiet
  commit
}

commit() {
  git -C "$ROOT" add .
  git -C "$ROOT" -c user.name=somebody -c user.email=somebody@example.invalid commit --quiet --message=some
}

step 'Only the version of the tree and of its changelog is released'
make_tree
need_version 1.2.3
refuses "version '1.2.4': CMakeLists.txt says '1.2.3'" need_version 1.2.4
refuses "version '1.2': CMakeLists.txt" need_version 1.2
sed -i 's/1\.2\.3/1.2.4/' "$ROOT/CMakeLists.txt"
refuses "version '1.2.4': the newest entry" need_version 1.2.4
refuses "has changes that are not committed" need_commit
git -C "$ROOT" checkout --quiet CMakeLists.txt
need_commit
touch "$ROOT/beside"
refuses 'beside' need_commit
rm "$ROOT/beside"
mv "$ROOT/.git" "$WORK/hidden"
GIT_CEILING_DIRECTORIES=$WORK refuses 'release from a clone' need_commit
mv "$WORK/hidden" "$ROOT/.git"

step 'The changelog gives its newest entry and its date'
[ "$(changes)" = $'The first words.\n\n* New: this.' ] || die "the changes are: $(changes)"
[ "$(date_of_tree)" = 1795978800 ] || die "the time is $(date_of_tree)"

step 'A key that does not sign is refused before anything is built'
ssh-keygen -q -t ed25519 -N '' -C '' -f "$WORK/key"
ssh-keygen -q -t ed25519 -N '' -C '' -f "$WORK/other"
need_key "$WORK/key"
refuses "key '$WORK/none': does not sign" need_key "$WORK/none"
echo garbage >"$WORK/broken"
chmod 0600 "$WORK/broken"
refuses "key '$WORK/broken': does not sign" need_key "$WORK/broken"
cp "$WORK/other.pub" "$WORK/alone.pub"
SSH_AUTH_SOCK='' refuses 'does not sign' need_key "$WORK/alone.pub" # no agent has it

step 'Two builds that differ in a byte, or in a file, are refused'
mkdir -p "$WORK"/{first,second}
for round in first second; do
  printf 'the program' >"$WORK/$round/a.tar.gz"
  printf 'a package' >"$WORK/$round/b.deb"
done
compare_rounds "$WORK/first" "$WORK/second"
printf 'the proGram' >"$WORK/second/a.tar.gz"
refuses 'the two builds differ' compare_rounds "$WORK/first" "$WORK/second"
printf 'the program' >"$WORK/second/a.tar.gz"
touch "$WORK/second/c"
refuses 'made different files' compare_rounds "$WORK/first" "$WORK/second"
rm "$WORK/second/c" "$WORK/second/b.deb"
refuses 'made different files' compare_rounds "$WORK/first" "$WORK/second"

step 'What is signed is verified, and nothing else'
write_sums "$WORK/first" "$WORK/key"
[ "$(wc -l <"$WORK/first/SHA256SUMS")" = 2 ] || die "SHA256SUMS: $(cat "$WORK/first/SHA256SUMS")"
signer_of "$WORK/key" >"$WORK/signers"
signer_of "$WORK/other.pub" >"$WORK/others"
verify_sums "$WORK/first" "$WORK/signers"
refuses 'the signature is not good' verify_sums "$WORK/first" "$WORK/others"
sed 's/apiguard-release/file/' "$WORK/signers" >"$WORK/for_files"
refuses 'the signature is not good' verify_sums "$WORK/first" "$WORK/for_files"
printf 'another program' >"$WORK/first/a.tar.gz"
refuses 'a file is not as SHA256SUMS says' verify_sums "$WORK/first" "$WORK/signers"
(cd "$WORK/first" && sha256sum -- *.deb *.gz >SHA256SUMS)
refuses 'the signature is not good' verify_sums "$WORK/first" "$WORK/signers"

step 'The bill of materials names what is linked into an archive, and fails if it cannot'
bill() { python3 "$TREE/scripts/lib/bill_of_materials.py" --version 1.2.3 --time 0 --commit abc --records "$WORK" "$WORK/bill"; }
mkdir -p "$WORK/bill" "$WORK/apiguard-1.2.3-linux-amd64"
printf 'source' >"$WORK/bill/apiguard-1.2.3.tar.gz"
printf 'Text.\n\n  libelf-dev 0.188-2.1 (source: elfutils 0.188-2.1)\n  libbpf-dev 1:1.1.0-1 (source: libbpf 1.1.0-1)\n' \
  >"$WORK/apiguard-1.2.3-linux-amd64/LICENCES"
archive() { tar -C "$WORK" -czf "$WORK/bill/apiguard-1.2.3-linux-amd64.tar.gz" apiguard-1.2.3-linux-amd64; }
archive
bill >"$WORK/bill.json"
[ "$(jq -r '[.packages[] | select(.supplier == "Organization: Debian") | .name + "@" + .versionInfo] | sort | join(" ")' "$WORK/bill.json")" = \
  'libbpf-dev@1:1.1.0-1 libelf-dev@0.188-2.1' ] || die "$(cat "$WORK/bill.json")"
jq -e '[.packages[].SPDXID] as $ids | [.relationships[] | .spdxElementId, .relatedSpdxElement]
  | all(. == "SPDXRef-DOCUMENT" or IN($ids[]))' "$WORK/bill.json" >/dev/null || die 'a relationship names nothing'
[ "$(jq -r '.packages[] | select(.packageFileName | strings | endswith("amd64.tar.gz")) | .checksums[0].checksumValue' "$WORK/bill.json")" = \
  "$(sha256sum <"$WORK/bill/apiguard-1.2.3-linux-amd64.tar.gz" | cut -d ' ' -f 1)" ] || die 'the checksum is another'
: >"$WORK/apiguard-1.2.3-linux-amd64/LICENCES"
archive
refuses 'names no package' bill
rm "$WORK/apiguard-1.2.3-linux-amd64/LICENCES"
archive
refuses 'has no LICENCES' bill
rm "$WORK/bill/apiguard-1.2.3-linux-amd64.tar.gz"
touch "$WORK/bill/apiguard_1.2.3~deb12_amd64.deb"
refuses 'what .* was built with is not known' bill
say 'release: ok'
